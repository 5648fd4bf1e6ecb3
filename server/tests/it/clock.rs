//! A clock that is set: nothing gets lost or comes twice, and what was never attempted waits for no time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Callback, Receiver, Reply, Server, Setup, binary, eventually, id_of};

/// A webhook, an ordered one, and one whose only delivery has failed once and waits for its retry.
struct Webhooks {
    server: Server,
    api: Api,
    plain: Receiver,
    ordered: Receiver,
    failing: Receiver,
    /// In the order of publishing.
    to_plain: Vec<String>,
    to_ordered: Vec<String>,
    to_failing: String,
    retry_at: DateTime<Utc>,
}

impl Webhooks {
    async fn register() -> Webhooks {
        let server = Setup::dev().manual_clock().start().await;
        let (plain, ordered, failing) = (server.receiver().await, server.receiver().await, server.receiver().await);
        let api = server.api();
        api.register(&json!({ "targetURL": plain.url(), "eventTypes": ["plain"] })).await;
        api.register(&json!({ "targetURL": ordered.url(), "eventTypes": ["ordered"], "ordered": true })).await;
        api.register(&json!({ "targetURL": failing.url(), "eventTypes": ["failing"] })).await;
        failing.then([Reply::Status(500)]);
        let refused = api.publish_type("failing").await;
        let waiting = api.after_attempts(&refused, 1).await;
        let retry_at = waiting["nextAttemptAt"].as_str().expect("it waits").parse().expect("a time");
        let (to_plain, to_ordered, to_failing) = (Vec::new(), Vec::new(), id_of(&refused));
        Webhooks { server, api, plain, ordered, failing, to_plain, to_ordered, to_failing, retry_at }
    }

    async fn publish(&mut self, count: usize) {
        for _ in 0..count {
            self.to_plain.push(id_of(&self.api.publish_type("plain").await));
            self.to_ordered.push(id_of(&self.api.publish_type("ordered").await));
        }
    }

    /// What was never attempted arrives while the clock stands still, the retry at its time at the latest, and each once.
    async fn end_well(mut self) {
        assert_eq!(ids(self.ordered.next_of(self.to_ordered.len()).await), self.to_ordered);
        let mut received = ids(self.plain.next_of(self.to_plain.len()).await);
        received.sort();
        self.to_plain.sort();
        assert_eq!(received, self.to_plain);
        self.server.advance((self.retry_at - self.server.now()).max(TimeDelta::zero()));
        assert_eq!(ids(self.failing.next_of(2).await), [self.to_failing.clone(), self.to_failing.clone()]);
        let count = self.to_plain.len() + self.to_ordered.len() + 1;
        let succeeded = async || Some(self.api.list("/deliveries?status=succeeded").await).filter(|listed| listed.len() == count);
        let succeeded = eventually("all of them to be recorded", succeeded).await;
        let attempts = |delivery: &Value| delivery["attemptCount"].as_u64().expect("a number");
        assert_eq!(succeeded.iter().map(attempts).sum::<u64>(), count as u64 + 1);
        let counts = [self.plain.count(), self.ordered.count(), self.failing.count()];
        assert_eq!(counts, [self.to_plain.len(), self.to_ordered.len(), 2]);
        assert_eq!(self.api.list("/deliveries").await.len(), count);
    }
}

fn ids(callbacks: Vec<Callback>) -> Vec<String> {
    callbacks.iter().map(|callback| callback.id().to_owned()).collect()
}

/// The clock is set by so much while one delivery of each webhook is in flight and others wait behind it.
async fn set_under_way(by: TimeDelta) {
    let mut webhooks = Webhooks::register().await;
    let gate = Arc::new(Semaphore::new(0));
    webhooks.plain.always(Reply::Gate(gate.clone()));
    webhooks.ordered.always(Reply::Gate(gate.clone()));
    webhooks.publish(5).await;
    webhooks.server.advance(by);
    webhooks.publish(1).await;
    gate.add_permits(12);
    webhooks.end_well().await;
}

/// The clock is set by so much while deliveries are paused, and before the server starts anew.
async fn set_while_away(by: TimeDelta) {
    let mut webhooks = Webhooks::register().await;
    let flags = webhooks.server.database().flags(&[]);
    let delivery = async |command: &str| {
        let arguments: Vec<&str> = ["delivery", command, "--all"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        assert!(binary(&arguments).await.status.success());
    };
    delivery("pause").await;
    webhooks.publish(5).await;
    webhooks.server.stop().await;
    webhooks.server.advance(by);
    webhooks.server.start_again().await;
    webhooks.publish(1).await;
    delivery("resume").await;
    webhooks.end_well().await;
}

#[tokio::test]
async fn a_clock_that_is_set_forward_loses_and_repeats_nothing() {
    for by in [TimeDelta::hours(1), TimeDelta::days(8)] {
        set_under_way(by).await;
        set_while_away(by).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_closes_no_webhook_for_as_long() {
    let server = Setup::dev().manual_clock().start().await;
    let (mut limited, mut failing) = (server.receiver().await, server.receiver().await);
    let api = server.api();
    api.register(&json!({ "targetURL": limited.url(), "eventTypes": ["limited"], "maxPerSecond": 1 })).await;
    api.register(&json!({ "targetURL": failing.url(), "eventTypes": ["failing"] })).await;
    api.publish_type("limited").await;
    limited.next().await;
    failing.then((0..5).map(|_| Reply::Status(500)));
    for _ in 0..5 {
        api.after_attempts(&api.publish_type("failing").await, 1).await;
    }
    failing.next_of(5).await;
    server.advance(TimeDelta::hours(-1));
    let (to_limited, to_failing) = (api.publish_type("limited").await, api.publish_type("failing").await);
    assert_eq!((limited.next().await.id(), failing.next().await.id()), (&*id_of(&to_limited), &*id_of(&to_failing)));
}

#[tokio::test]
async fn a_clock_that_is_set_back_loses_and_repeats_nothing_and_holds_up_nothing_new() {
    set_under_way(TimeDelta::hours(-1)).await;
    set_while_away(TimeDelta::hours(-1)).await;
}
