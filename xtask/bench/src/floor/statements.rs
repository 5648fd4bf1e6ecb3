//! PostgreSQL statements without the service. One client writes the same rows as the SQLite transactions in `commits`.
//! It uses as few statements as possible.

use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use super::commits::groups;
use super::{Transactions, Work};
use crate::rig::publication;

#[derive(Serialize, Deserialize)]
pub(crate) struct Statements {
    pub(crate) url: String,
    /// The total number of webhooks or deliveries to write.
    pub(crate) count: u32,
    /// The number of webhooks or deliveries in each statement.
    pub(crate) group: u32,
    pub(crate) transactions: Transactions,
}

/// The same tables as for SQLite. With these planner settings, PostgreSQL makes the same plans for empty tables as for
/// large tables. The service uses these settings, too.
const SCHEMA: &str = "
    DROP TABLE IF EXISTS webhooks, notifications, deliveries, attempts;
    CREATE TABLE webhooks (id uuid PRIMARY KEY, account text, settings text, created_at bigint);
    CREATE TABLE notifications (id uuid PRIMARY KEY, account text, type text, data text, created_at bigint);
    CREATE TABLE deliveries (id uuid PRIMARY KEY, notification_id uuid, webhook_id uuid, status smallint, due_at bigint);
    CREATE INDEX due ON deliveries (webhook_id, due_at) WHERE status = 0;
    CREATE TABLE attempts (delivery_id uuid PRIMARY KEY, started_at bigint, status_code smallint);
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET enable_material = off; SET jit = off;";

const REGISTER: &str = "INSERT INTO webhooks SELECT id, 'floor', settings, 1 FROM UNNEST($1::uuid[], $2::text[]) AS new (id, settings)";

const PUBLISH: &str = "WITH published AS (
        INSERT INTO notifications SELECT id, 'floor', 'bench.floor', data, 1 FROM UNNEST($1::uuid[], $2::text[]) AS new (id, data))
    INSERT INTO deliveries SELECT id, notification_id, $5, 0, 1 FROM UNNEST($3::uuid[], $4::uuid[]) AS new (id, notification_id)";

const LEASE: &str = "UPDATE deliveries d SET status = 2 FROM notifications n
    WHERE n.id = d.notification_id AND d.id = ANY (ARRAY(
        SELECT id FROM deliveries WHERE webhook_id = $1 AND status = 0 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING d.id, n.data";

const FINISH: &str = "WITH finished AS (UPDATE deliveries SET status = 1 WHERE id = ANY ($1))
    INSERT INTO attempts SELECT id, 1, 204 FROM UNNEST($1::uuid[]) AS id";

/// Prepared statements and tables.
pub(super) struct Prepared {
    settings: Statements,
    runtime: Runtime,
    client: Client,
    register: Statement,
    publish: Statement,
    lease: Statement,
    finish: Statement,
    data: String,
    webhook: Uuid,
}

impl Statements {
    pub(super) fn prepare(self) -> anyhow::Result<Prepared> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (client, statements) = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute(SCHEMA).await?;
            let mut statements = Vec::new();
            for text in [REGISTER, PUBLISH, LEASE, FINISH] {
                statements.push(client.prepare(text).await?);
            }
            Ok::<_, tokio_postgres::Error>((client, statements))
        })?;
        let [register, publish, lease, finish] = statements.try_into().map_err(|_| anyhow::anyhow!("not four statements"))?;
        let (before, after) = publication("floor", "bench.floor");
        let (data, webhook) = (format!("{before}1{after}"), Uuid::now_v7());
        let prepared = Prepared { settings: self, runtime, client, register, publish, lease, finish, data, webhook };
        if matches!(prepared.settings.transactions, Transactions::LeasedAndFinished) {
            prepared.runtime.block_on(async {
                prepared.publish(prepared.settings.count, 1).await?;
                prepared.client.batch_execute("ANALYZE").await
            })?;
        }
        Ok(prepared)
    }
}

impl Prepared {
    pub(super) fn measure(&self) -> anyhow::Result<Work> {
        Work::measure(self.settings.count, || Ok(self.runtime.block_on(self.run())?))
    }

    async fn run(&self) -> Result<(), tokio_postgres::Error> {
        for group in groups(self.settings.count, self.settings.group) {
            match self.settings.transactions {
                Transactions::Registered => {
                    let ids: Vec<Uuid> = (0..group).map(|_| Uuid::now_v7()).collect();
                    let settings = vec![r#"{"targetURL":"http://127.0.0.1/ok/1"}"#; ids.len()];
                    self.client.execute(&self.register, &[&ids, &settings]).await?;
                }
                Transactions::StoredAndFinished { webhooks } => {
                    let deliveries = self.publish(group, webhooks).await?;
                    self.client.execute(&self.finish, &[&deliveries]).await?;
                }
                Transactions::LeasedAndFinished => {
                    let rows = self.client.query(&self.lease, &[&self.webhook, &i64::from(group)]).await?;
                    let leased = rows.iter().map(|row| row.try_get::<_, &str>(1).and_then(|_| row.try_get(0)));
                    let deliveries: Vec<Uuid> = leased.collect::<Result<_, _>>()?;
                    self.client.execute(&self.finish, &[&deliveries]).await?;
                }
            }
        }
        Ok(())
    }

    /// Inserts this number of deliveries. Inserts one notification for every `webhooks` deliveries.
    async fn publish(&self, deliveries: u32, webhooks: u32) -> Result<Vec<Uuid>, tokio_postgres::Error> {
        let deliveries: Vec<Uuid> = (0..deliveries).map(|_| Uuid::now_v7()).collect();
        let notifications: Vec<Uuid> = deliveries.chunks(webhooks as usize).map(|_| Uuid::now_v7()).collect();
        let data = vec![&*self.data; notifications.len()];
        let of_delivery: Vec<Uuid> = (0..deliveries.len()).map(|index| notifications[index / webhooks as usize]).collect();
        self.client.execute(&self.publish, &[&notifications, &data, &deliveries, &of_delivery, &self.webhook]).await?;
        Ok(deliveries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_statement_writes_its_rows() {
        if webhooks_postgres::skip_without(&["postgres"]) {
            return;
        }
        let cluster = webhooks_postgres::shared();
        let database = cluster.create_database().expect("a database");
        let kinds = [Transactions::Registered, Transactions::StoredAndFinished { webhooks: 4 }, Transactions::LeasedAndFinished];
        for (transactions, expected) in kinds.into_iter().zip(["10|0|0|0", "0|3|10|10", "0|10|10|10"]) {
            let statements = Statements { url: cluster.url(&database), count: 10, group: 8, transactions };
            let work = statements.prepare().and_then(|prepared| prepared.measure()).expect("work");
            assert_eq!(work.count, 10);
            let counts = "SELECT (SELECT count(*) FROM webhooks), (SELECT count(*) FROM notifications),
                          (SELECT count(*) FROM deliveries WHERE status = 1), (SELECT count(*) FROM attempts)";
            assert_eq!(cluster.execute(&database, counts).expect("counts"), expected);
        }
        cluster.drop_database(&database).expect("the database exists");
    }
}
