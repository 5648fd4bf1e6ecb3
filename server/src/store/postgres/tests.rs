//! What only many nodes on one database can do, or fail at.
//!
//! Nobody keeps these nodes alive but the tests themselves, none of which takes as long as a node is believed.

use super::*;
use crate::api::types::DeliveryStatus;
use crate::slots::Caps;
use crate::store::suite::database::Place;
use crate::store::suite::{Bench, T0, milliseconds, seconds, webhook_of};

mod changes;
mod deaths;
mod opening;
mod sharing;

/// Nodes on a new database, which deliver.
async fn nodes<const N: usize>() -> [Bench; N] {
    let place = Arc::new(Place::database());
    let mut nodes = Vec::new();
    for number in 0..N {
        nodes.push(node(&place, &name(number), true).await);
    }
    nodes.try_into().ok().expect("as many as were started")
}

async fn node(place: &Arc<Place>, name: &str, delivers: bool) -> Bench {
    let store = Arc::new(open(place, |options| options.node_name(name).delivers(delivers)).await.expect("opened"));
    store.join().await.expect("it is one of the nodes");
    Bench { store, slots: Slots::new(Caps::new(100, 100)), place: place.clone() }
}

fn name(number: usize) -> String {
    format!("node-{number}")
}

async fn open(place: &Place, change: impl FnOnce(Options) -> Options) -> std::result::Result<Postgres, OpenError> {
    Postgres::open(change(place.options()), Arc::default()).await
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
    /// A webhook that has accepted before, on both nodes.
    async fn webhook_beside(&self, other: &Bench, change: impl FnOnce(&mut Webhook)) -> Webhook {
        let webhook = self.webhook_with("acme", change).await;
        other.prove(&webhook);
        webhook
    }

    /// To the account of all webhooks here; answers the deliveries that this node has taken of it.
    async fn publish_to_all(&self) -> Vec<Leased> {
        match self.publish(Audience::Account(Account::parse("acme").expect("an account")), None).await {
            Published::New { leased, .. } => leased,
            other => panic!("{other:?}"),
        }
    }

    async fn keep_alive(&self) -> Fleet {
        self.store.keep_alive().await.expect("the database answers")
    }
}

/// Time has passed in which that node did not say that it lives.
fn overdue(place: &Place, number: usize) {
    place.ask(&format!("UPDATE nodes SET alive_until = clock_timestamp() - interval '1 second' WHERE name = '{}'", name(number)));
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
