//! Several nodes on one PostgreSQL database: they divide deliveries, and tolerate failures of a node or the database.

mod changes; // how changes on one node affect other nodes
mod connections; // connections to PostgreSQL: TLS, passwords and a pooler
mod database; // PostgreSQL is killed, hangs or fails over
mod death; // a node is killed, suspended or stopped, and other nodes take over its deliveries
mod limits; // limits that apply to all nodes together
mod roles; // nodes with the role `api` or `delivery`
mod start; // requirements for the database and the master key
mod upgrade; // rolling restarts
mod waiting; // why a delivery waits

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{Api, Callback, Receiver, Reply, id_of, with_timeout};

/// Publishes `count` notifications one after another. The nodes get the requests in turn. Returns the ids of the notifications.
async fn publish(apis: &[Api], count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for api in apis.iter().cycle().take(count) {
        ids.push(id_of(&api.publish_type("a.b").await));
    }
    ids
}

/// Delivers notifications through each node. After these successes, each node allows the webhook several attempts in flight.
async fn raise_in_flight_limit(apis: &[Api], receiver: &mut Receiver) {
    receiver.always_reply(Reply::Status(204));
    for api in apis {
        for _ in 0..4 {
            let notification = api.publish_type("a.b").await;
            receiver.next().await;
            api.after_attempts(&notification, 1).await;
        }
    }
}

/// Receives callbacks until each notification in `awaited` has arrived. Returns the ids of all callbacks in order of arrival.
async fn receive_all(receiver: &mut Receiver, awaited: &[String]) -> Vec<String> {
    let mut missing: HashSet<&str> = awaited.iter().map(String::as_str).collect();
    let mut received = Vec::new();
    while !missing.is_empty() {
        let callback = receiver.next().await;
        missing.remove(callback.id());
        received.push(callback.id().to_owned());
    }
    received
}

fn without_repeats(received: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    received.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

/// Returns the notification ids of callbacks, sorted in the order of publishing.
fn sorted_ids(callbacks: Vec<Callback>) -> Vec<String> {
    let mut ids: Vec<String> = callbacks.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// Returns the number and outcome of each attempt of a delivery.
fn outcomes(delivery: &Value) -> Vec<(u64, String)> {
    let attempts = delivery["attempts"].as_array().expect("attempts");
    attempts
        .iter()
        .map(|attempt| (attempt["number"].as_u64().expect("a number"), attempt["outcome"].as_str().expect("an outcome").to_owned()))
        .collect()
}

/// Clients that publish until they are stopped. Each notification has its own idempotency key. A client sends a
/// notification to one node after another until a node accepts the notification.
struct Load {
    callers: JoinSet<Vec<String>>,
    stopping: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Load {
    fn start(apis: Vec<Api>) -> Load {
        let mut load = Load { callers: JoinSet::new(), stopping: Arc::default(), refused: Arc::default() };
        for first in 0..4 {
            load.callers.spawn(publish_until(load.stopping.clone(), apis.clone(), first, load.refused.clone()));
        }
        load
    }

    /// The number of requests that were refused with a 503.
    fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Stops the clients. Returns the ids of all accepted notifications.
    async fn stop(&mut self) -> Vec<String> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        while let Some(accepted_by_caller) = with_timeout("the last publication", self.callers.join_next()).await {
            accepted.extend(accepted_by_caller.expect("no caller panics"));
        }
        accepted
    }
}

async fn publish_until(stopping: Arc<AtomicBool>, apis: Vec<Api>, first: usize, refused: Arc<AtomicUsize>) -> Vec<String> {
    let publication = json!({ "type": "a.b", "data": {} });
    let mut round_robin = apis.iter().cycle().skip(first);
    let mut accepted = Vec::new();
    while !stopping.load(Ordering::Relaxed) {
        let key = Uuid::now_v7().to_string();
        for api in round_robin.by_ref() {
            let response = api.try_publish(&publication, &key).await;
            // Limits the request rate.
            tokio::time::sleep(Duration::from_millis(10)).await;
            match response {
                Some(response) if response.status == 202 => {
                    accepted.push(id_of(&response.json()));
                    break;
                }
                Some(response) => {
                    assert_eq!(response.problem(), (503, "overloaded".to_owned()));
                    assert_eq!(response.headers["content-type"], "application/problem+json");
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                // The node does not respond.
                None => {}
            }
        }
    }
    accepted
}
