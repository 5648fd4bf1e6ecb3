//! Several nodes on one PostgreSQL database: what each does for the others, and what follows when one of them, the database
//! or the way to it fails.

mod changes; // what is changed on one node, on the others
mod connections; // the way to PostgreSQL: TLS, passwords, a pooler
mod database; // PostgreSQL that dies, hangs or is taken over
mod death; // nodes that are killed, asleep or asked to stop, and who goes on with what they had
mod limits; // caps and rates of all nodes together
mod roles; // nodes that serve the API, and nodes that deliver
mod start; // what a node wants of its database and its key before it starts
mod upgrade; // nodes that are replaced one after another

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{Api, Callback, Receiver, Reply, id_of, patiently};

/// Publishes so many notifications, one after another, each at the next of these nodes; answers their identifiers.
async fn publish(apis: &[Api], count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for api in apis.iter().cycle().take(count) {
        ids.push(id_of(&api.publish_type("a.b").await));
    }
    ids
}

/// Has each node bring something to the account's webhook, so that it may have several attempts in flight to it.
async fn prove(apis: &[Api], receiver: &mut Receiver) {
    receiver.always(Reply::Status(204));
    for api in apis {
        for _ in 0..4 {
            let notification = api.publish_type("a.b").await;
            receiver.next().await;
            api.after_attempts(&notification, 1).await;
        }
    }
}

/// The identifiers of callbacks in the order in which they came, until each of these has come.
async fn arrivals(receiver: &mut Receiver, awaited: &[String]) -> Vec<String> {
    let mut missing: HashSet<&str> = awaited.iter().map(String::as_str).collect();
    let mut arrived = Vec::new();
    while !missing.is_empty() {
        let callback = receiver.next().await;
        missing.remove(callback.id());
        arrived.push(callback.id().to_owned());
    }
    arrived
}

/// Each once, where it came first.
fn first_arrivals(arrived: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    arrived.into_iter().filter(|id| seen.insert(id.clone())).collect()
}

/// The identifiers of callbacks that went out beside one another, as they were published.
fn sorted_ids(callbacks: Vec<Callback>) -> Vec<String> {
    let mut ids: Vec<String> = callbacks.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// What is told of a delivery's attempts.
fn outcomes(delivery: &Value) -> Vec<(u64, String)> {
    let attempts = delivery["attempts"].as_array().expect("attempts");
    attempts
        .iter()
        .map(|attempt| (attempt["number"].as_u64().expect("a number"), attempt["outcome"].as_str().expect("an outcome").to_owned()))
        .collect()
}

/// Callers who publish until they are stopped: each notification under a key of its own, at one node after another until it
/// is accepted.
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

    /// How many requests were answered that the server cannot do it now.
    fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// What was accepted in all.
    async fn stop(&mut self) -> Vec<String> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        while let Some(of_caller) = patiently("the last publication", self.callers.join_next()).await {
            accepted.extend(of_caller.expect("no caller panics"));
        }
        accepted
    }
}

async fn publish_until(stopping: Arc<AtomicBool>, apis: Vec<Api>, first: usize, refused: Arc<AtomicUsize>) -> Vec<String> {
    let publication = json!({ "type": "a.b", "data": {} });
    let mut turns = apis.iter().cycle().skip(first);
    let mut accepted = Vec::new();
    while !stopping.load(Ordering::Relaxed) {
        let key = Uuid::now_v7().to_string();
        for api in turns.by_ref() {
            let answer = api.try_publish(&publication, &key).await;
            // So fast and no faster.
            tokio::time::sleep(Duration::from_millis(10)).await;
            match answer {
                Some(answer) if answer.status == 202 => {
                    accepted.push(id_of(&answer.json()));
                    break;
                }
                Some(answer) => {
                    assert_eq!(answer.problem(), (503, "overloaded".to_owned()));
                    assert_eq!(answer.headers["content-type"], "application/problem+json");
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                // The node is gone.
                None => {}
            }
        }
    }
    accepted
}
