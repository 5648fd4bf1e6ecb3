//! SQLite commits without the service. They have the same durability as the commits of the service.

use std::path::PathBuf;

use rusqlite::{Connection, Statement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Work;
use crate::rig::publication;

/// The SQLite transactions to measure. Each transaction writes a group of rows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Commits {
    pub(crate) directory: PathBuf,
    /// The total number of webhooks or deliveries to write.
    pub(crate) count: u32,
    /// The number of webhooks or deliveries in each commit.
    pub(crate) group: u32,
    pub(crate) transactions: Transactions,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Transactions {
    /// Inserts a row for each webhook.
    Registered,
    /// One commit stores notifications, and `webhooks` deliveries of each notification. A second commit records the
    /// attempts.
    StoredAndFinished { webhooks: u32 },
    /// One commit leases waiting deliveries. A second commit records the attempts.
    LeasedAndFinished,
}

/// Minimal tables for webhooks, notifications, deliveries and attempts.
const SCHEMA: &str = "
    CREATE TABLE webhooks (id BLOB PRIMARY KEY, account TEXT, settings TEXT, created_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE TABLE notifications (id BLOB PRIMARY KEY, account TEXT, type TEXT, data TEXT, created_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (id BLOB PRIMARY KEY, notification_id BLOB, webhook_id BLOB, status INTEGER, due_at INTEGER)
        STRICT, WITHOUT ROWID;
    CREATE INDEX due ON deliveries (webhook_id, due_at) WHERE status = 0;
    CREATE TABLE attempts (delivery_id BLOB PRIMARY KEY, started_at INTEGER, status_code INTEGER) STRICT, WITHOUT ROWID;";

impl Commits {
    pub(super) fn measure(&self) -> anyhow::Result<Work> {
        let path = self.directory.join("floor.db");
        // Remove the files that an interrupted run left.
        for ending in ["", "-wal", "-shm"] {
            let left = self.directory.join(format!("floor.db{ending}"));
            if left.exists() {
                std::fs::remove_file(left)?;
            }
        }
        let database = Connection::open(&path)?;
        database.pragma_update(None, "journal_mode", "wal")?;
        database.pragma_update(None, "synchronous", "full")?;
        database.execute_batch(SCHEMA)?;
        let work = match self.transactions {
            Transactions::Registered => self.register(&database),
            Transactions::StoredAndFinished { webhooks } => self.store_and_finish(&database, webhooks),
            Transactions::LeasedAndFinished => self.lease_and_finish(&database),
        }?;
        drop(database);
        std::fs::remove_file(path)?;
        Ok(work)
    }

    fn register(&self, database: &Connection) -> anyhow::Result<Work> {
        Work::measure(self.count, || {
            let mut insert = database.prepare("INSERT INTO webhooks VALUES (?1, 'floor', ?2, 1)")?;
            for group in groups(self.count, self.group) {
                database.execute_batch("BEGIN IMMEDIATE")?;
                for _ in 0..group {
                    insert.execute((Uuid::now_v7().as_bytes(), r#"{"targetURL":"http://127.0.0.1/ok/1"}"#))?;
                }
                database.execute_batch("COMMIT")?;
            }
            Ok(())
        })
    }

    fn store_and_finish(&self, database: &Connection, webhooks: u32) -> anyhow::Result<Work> {
        Work::measure(self.count, || {
            let (mut publish, mut finish) = (Publish::prepare(database)?, Finish::prepare(database)?);
            for group in groups(self.count, self.group) {
                database.execute_batch("BEGIN IMMEDIATE")?;
                let deliveries = publish.execute(group, webhooks)?;
                database.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
                finish.execute(&deliveries)?;
                database.execute_batch("COMMIT")?;
            }
            Ok(())
        })
    }

    fn lease_and_finish(&self, database: &Connection) -> anyhow::Result<Work> {
        let mut publish = Publish::prepare(database)?;
        database.execute_batch("BEGIN IMMEDIATE")?;
        publish.execute(self.count, 1)?;
        database.execute_batch("COMMIT")?;
        Work::measure(self.count, || {
            let mut due = database.prepare(
                "SELECT delivery.id, notification.data FROM deliveries delivery
                 JOIN notifications notification ON notification.id = delivery.notification_id
                 WHERE delivery.webhook_id = ?1 AND delivery.status = 0 ORDER BY delivery.due_at LIMIT ?2",
            )?;
            let mut lease = database.prepare("UPDATE deliveries SET status = 2 WHERE id = ?1")?;
            let mut finish = Finish::prepare(database)?;
            for group in groups(self.count, self.group) {
                database.execute_batch("BEGIN IMMEDIATE")?;
                let rows = due.query_map((publish.webhook.as_bytes(), group), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
                let leased: Vec<([u8; 16], String)> = rows.collect::<Result<_, _>>()?;
                let deliveries: Vec<Uuid> = leased.into_iter().map(|(id, _)| Uuid::from_bytes(id)).collect();
                for delivery in &deliveries {
                    lease.execute([delivery.as_bytes()])?;
                }
                database.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
                finish.execute(&deliveries)?;
                database.execute_batch("COMMIT")?;
            }
            Ok(())
        })
    }
}

/// Returns the number of webhooks or deliveries of each commit. This is `group`, but the last commit may have fewer.
pub(super) fn groups(count: u32, group: u32) -> impl Iterator<Item = u32> {
    (0..count).step_by(group as usize).map(move |first| group.min(count - first))
}

struct Publish<'a> {
    notification: Statement<'a>,
    delivery: Statement<'a>,
    data: String,
    webhook: Uuid,
}

impl<'a> Publish<'a> {
    fn prepare(database: &'a Connection) -> anyhow::Result<Publish<'a>> {
        let (before, after) = publication("floor", "bench.floor");
        Ok(Publish {
            notification: database.prepare("INSERT INTO notifications VALUES (?1, 'floor', 'bench.floor', ?2, 1)")?,
            delivery: database.prepare("INSERT INTO deliveries VALUES (?1, ?2, ?3, 0, 1)")?,
            data: format!("{before}1{after}"),
            webhook: Uuid::now_v7(),
        })
    }

    /// Inserts this number of deliveries. Inserts one notification for every `webhooks` deliveries.
    fn execute(&mut self, deliveries: u32, webhooks: u32) -> anyhow::Result<Vec<Uuid>> {
        let deliveries: Vec<Uuid> = (0..deliveries).map(|_| Uuid::now_v7()).collect();
        for fan in deliveries.chunks(webhooks as usize) {
            let notification = Uuid::now_v7();
            self.notification.execute((notification.as_bytes(), &self.data))?;
            for delivery in fan {
                self.delivery.execute((delivery.as_bytes(), notification.as_bytes(), self.webhook.as_bytes()))?;
            }
        }
        Ok(deliveries)
    }
}

struct Finish<'a> {
    delivery: Statement<'a>,
    attempt: Statement<'a>,
}

impl<'a> Finish<'a> {
    fn prepare(database: &'a Connection) -> anyhow::Result<Finish<'a>> {
        Ok(Finish {
            delivery: database.prepare("UPDATE deliveries SET status = 1 WHERE id = ?1")?,
            attempt: database.prepare("INSERT INTO attempts VALUES (?1, 1, 204)")?,
        })
    }

    fn execute(&mut self, deliveries: &[Uuid]) -> anyhow::Result<()> {
        for delivery in deliveries {
            self.delivery.execute([delivery.as_bytes()])?;
            self.attempt.execute([delivery.as_bytes()])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_transaction_writes_its_rows() {
        let kinds = [Transactions::Registered, Transactions::StoredAndFinished { webhooks: 4 }, Transactions::LeasedAndFinished];
        for (transactions, expected) in kinds.into_iter().zip([[10, 0, 0, 0], [0, 3, 10, 10], [0, 10, 10, 10]]) {
            let database = Connection::open_in_memory().expect("a database");
            database.execute_batch(SCHEMA).expect("tables");
            let commits = Commits { directory: PathBuf::new(), count: 10, group: 8, transactions };
            assert_eq!(groups(commits.count, commits.group).collect::<Vec<_>>(), [8, 2]);
            let work = match transactions {
                Transactions::Registered => commits.register(&database),
                Transactions::StoredAndFinished { webhooks } => commits.store_and_finish(&database, webhooks),
                Transactions::LeasedAndFinished => commits.lease_and_finish(&database),
            };
            assert_eq!(work.expect("work").count, 10);
            let count = |rows: &str| database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0));
            let rows = ["webhooks", "notifications", "deliveries WHERE status = 1", "attempts"].map(count);
            assert_eq!(rows, expected.map(Ok::<i64, _>));
        }
    }
}
