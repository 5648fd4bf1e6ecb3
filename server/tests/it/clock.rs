//! Changes of the system clock. No delivery is lost or repeated. A change of the clock never delays a first attempt.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Callback, Receiver, Reply, Server, Setup, eventually, id_of, run_binary};

/// Three webhooks. The first is unordered, and the second is ordered. The third webhook has one delivery, which failed
/// once and waits for its retry.
struct Webhooks {
    server: Server,
    api: Api,
    plain: Receiver,
    ordered: Receiver,
    failing: Receiver,
    /// Notification ids in the order of publishing.
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
        failing.reply_to_next([Reply::Status(500)]);
        let refused = api.publish_type("failing").await;
        let waiting = api.after_attempts(&refused, 1).await;
        let retry_at = waiting["nextAttemptAt"].as_str().expect("a waiting delivery").parse().expect("a time");
        let (to_plain, to_ordered, to_failing) = (Vec::new(), Vec::new(), id_of(&refused));
        Webhooks { server, api, plain, ordered, failing, to_plain, to_ordered, to_failing, retry_at }
    }

    async fn publish(&mut self, count: usize) {
        for _ in 0..count {
            self.to_plain.push(id_of(&self.api.publish_type("plain").await));
            self.to_ordered.push(id_of(&self.api.publish_type("ordered").await));
        }
    }

    /// Checks that each delivery succeeds exactly once. First attempts must be made although the test does not advance
    /// the clock. The retry must be made when the clock shows its due time.
    async fn expect_all_delivered_once(mut self) {
        assert_eq!(ids(self.ordered.next_callbacks(self.to_ordered.len()).await), self.to_ordered);
        let mut received = ids(self.plain.next_callbacks(self.to_plain.len()).await);
        received.sort();
        self.to_plain.sort();
        assert_eq!(received, self.to_plain);
        self.server.advance((self.retry_at - self.server.now()).max(TimeDelta::zero()));
        assert_eq!(ids(self.failing.next_callbacks(2).await), [self.to_failing.clone(), self.to_failing.clone()]);
        let count = self.to_plain.len() + self.to_ordered.len() + 1;
        let succeeded = async || Some(self.api.list("/deliveries?status=succeeded").await).filter(|listed| listed.len() == count);
        let succeeded = eventually("all outcomes to be recorded", succeeded).await;
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

/// Moves the clock by `by`. At that time, the unordered and the ordered webhook each have one delivery in flight and
/// several waiting deliveries.
async fn set_while_in_flight(by: TimeDelta) {
    let mut webhooks = Webhooks::register().await;
    let gate = Arc::new(Semaphore::new(0));
    webhooks.plain.always_reply(Reply::OkWhenReleased(gate.clone()));
    webhooks.ordered.always_reply(Reply::OkWhenReleased(gate.clone()));
    webhooks.publish(5).await;
    webhooks.server.advance(by);
    webhooks.publish(1).await;
    gate.add_permits(12);
    webhooks.expect_all_delivered_once().await;
}

/// Moves the clock by `by` while deliveries are paused and the server is stopped.
async fn set_while_stopped(by: TimeDelta) {
    let mut webhooks = Webhooks::register().await;
    let flags = webhooks.server.database().flags(&[]);
    let delivery = async |command: &str| {
        let arguments: Vec<&str> = ["delivery", command, "--all"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        assert!(run_binary(&arguments).await.status.success());
    };
    delivery("pause").await;
    webhooks.publish(5).await;
    webhooks.server.stop().await;
    webhooks.server.advance(by);
    webhooks.server.start_again().await;
    webhooks.publish(1).await;
    delivery("resume").await;
    webhooks.expect_all_delivered_once().await;
}

#[tokio::test]
async fn setting_the_clock_forward_loses_and_repeats_nothing() {
    for by in [TimeDelta::hours(1), TimeDelta::days(8)] {
        set_while_in_flight(by).await;
        set_while_stopped(by).await;
    }
}

#[tokio::test]
async fn setting_the_clock_back_does_not_prolong_limits_and_pauses() {
    let server = Setup::dev().manual_clock().start().await;
    let (mut limited, mut failing) = (server.receiver().await, server.receiver().await);
    let api = server.api();
    api.register(&json!({ "targetURL": limited.url(), "eventTypes": ["limited"], "maxPerSecond": 1 })).await;
    api.register(&json!({ "targetURL": failing.url(), "eventTypes": ["failing"] })).await;
    api.publish_type("limited").await;
    limited.next().await;
    failing.reply_to_next((0..5).map(|_| Reply::Status(500)));
    for _ in 0..5 {
        api.after_attempts(&api.publish_type("failing").await, 1).await;
    }
    failing.next_callbacks(5).await;
    server.advance(TimeDelta::hours(-1));
    let (to_limited, to_failing) = (api.publish_type("limited").await, api.publish_type("failing").await);
    assert_eq!((limited.next().await.id(), failing.next().await.id()), (&*id_of(&to_limited), &*id_of(&to_failing)));
}

#[tokio::test]
async fn setting_the_clock_back_loses_repeats_and_delays_nothing() {
    set_while_in_flight(TimeDelta::hours(-1)).await;
    set_while_stopped(TimeDelta::hours(-1)).await;
}
