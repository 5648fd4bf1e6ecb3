//! Several nodes on one PostgreSQL database: what each does for the others, and what follows when one of them, the database
//! or the way to it fails.

mod death; // nodes that are killed, asleep or asked to stop, and who goes on with what they had

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Api, Receiver, Reply, id_of};

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

fn ids(callbacks: &[crate::harness::Callback]) -> Vec<String> {
    callbacks.iter().map(|callback| callback.id().to_owned()).collect()
}

/// What is told of a delivery's attempts.
fn outcomes(delivery: &Value) -> Vec<(u64, String)> {
    let attempts = delivery["attempts"].as_array().expect("attempts");
    attempts
        .iter()
        .map(|attempt| (attempt["number"].as_u64().expect("a number"), attempt["outcome"].as_str().expect("an outcome").to_owned()))
        .collect()
}
