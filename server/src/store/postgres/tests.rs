//! Tests with several nodes on one database.
//!
//! These nodes send heartbeats only when a test calls `keep_alive`. So each test must end before its nodes count as
//! dead.

use super::*;
use crate::api::types::DeliveryStatus;
use crate::slots::Caps;
use crate::store::suite::database::TestDatabase;
use crate::store::suite::{Bench, T0, event, milliseconds, seconds, webhook_of};

mod changes;
mod deaths;
mod opening;
mod registrations;
mod sharing;
mod statistics;

/// Starts `N` nodes that deliver, all on one new database.
async fn nodes<const N: usize>() -> [Bench; N] {
    let database = Arc::new(TestDatabase::database());
    let mut nodes = Vec::new();
    for number in 0..N {
        nodes.push(node(&database, &name(number), true).await);
    }
    nodes.try_into().ok().expect("the number of started nodes")
}

async fn node(database: &Arc<TestDatabase>, name: &str, delivers: bool) -> Bench {
    let store = Arc::new(open(database, |options| options.node_name(name).delivers(delivers)).await.expect("opened"));
    store.join(Vec::new()).await.expect("joined");
    Bench { store, slots: Slots::new(Caps::new(100, 100)), database: database.clone() }
}

fn name(number: usize) -> String {
    format!("node-{number}")
}

async fn open(database: &TestDatabase, change: impl FnOnce(Options) -> Options) -> std::result::Result<Postgres, OpenError> {
    Postgres::open(change(database.options()), Arc::default()).await
}

impl Options {
    fn node_name(self, name: &str) -> Options {
        Options { node_name: name.to_owned(), ..self }
    }

    fn delivers(self, delivers: bool) -> Options {
        Options { delivers, ..self }
    }
}

impl Bench {
    /// Registers a webhook that has had successful attempts on both nodes.
    async fn proven_webhook(&self, other: &Bench, change: impl FnOnce(&mut Webhook)) -> Webhook {
        let webhook = self.webhook_with("acme", change).await;
        other.prove(&webhook);
        webhook
    }

    /// Publishes to the account `acme`, which owns all webhooks. Returns the deliveries that this node has leased.
    async fn publish_to_all(&self) -> Vec<Leased> {
        match self.publish(Audience::Account(Account::parse("acme").expect("an account")), None).await {
            Published::New { leased, .. } => leased,
            other => panic!("{other:?}"),
        }
    }

    async fn keep_alive(&self) -> Fleet {
        self.store.keep_alive().await.expect("the heartbeat is stored")
    }
}

/// Makes a node's heartbeat overdue.
fn expire_node(database: &TestDatabase, number: usize) {
    database.ask(&format!("UPDATE nodes SET alive_until = clock_timestamp() - interval '1 second' WHERE name = '{}'", name(number)));
}

fn deliveries(leased: &[Leased]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = leased.iter().map(|leased| leased.delivery_id).collect();
    ids.sort_unstable();
    ids
}

fn webhooks_of(leased: &[Leased]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = leased.iter().map(|leased| leased.destination.webhook_id).collect();
    ids.sort_unstable();
    ids
}
