//! A node is killed, suspended or stopped. Other nodes take over its deliveries, and no delivery is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;

use super::{outcomes, publish, raise_in_flight_limit, receive_all, sorted_ids, without_repeats};
use crate::harness::{Fleet, Reply, eventually, id_of};

/// The maximum duration of a takeover according to the README.
const MAX_TAKEOVER: Duration = Duration::from_secs(15);

const TAKEOVER_MESSAGE: &str = "node is dead; its leases are void";

#[tokio::test]
async fn other_nodes_deliver_everything_a_killed_node_had_leased_within_15_seconds() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &["--max-in-flight-per-webhook", "6"]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register_url(&receiver.url()).await;
    raise_in_flight_limit(&apis, &mut receiver).await;
    fleet.wait_for_heartbeats().await;

    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let published = publish(&apis[..1], 30).await;
    // The node that accepts a notification leases its deliveries. Several attempts are in flight, so any of them can arrive first.
    let in_flight = receiver.next().await;
    let killed_at = Instant::now();
    fleet.kill(0).await;
    gate.add_permits(published.len());
    receiver.always_reply(Reply::Status(204));
    let mut received = vec![in_flight.id().to_owned()];
    received.extend(receive_all(&mut receiver, &published).await);
    let elapsed = killed_at.elapsed();
    assert!(elapsed < MAX_TAKEOVER, "{elapsed:?}");
    eventually("every outcome", async || apis[1].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    let takers = || [1, 2].iter().filter(|node| fleet.log(**node).contains(TAKEOVER_MESSAGE)).count();
    eventually("the line about the takeover", async || (takers() > 0).then_some(())).await;
    assert_eq!(takers(), 1, "exactly one node takes over");
    assert!(apis[2].list("/deliveries").await.iter().all(|delivery| delivery["status"] == "succeeded"));
    assert_eq!(received.iter().filter(|id| *id == in_flight.id()).count(), 2, "the attempt in flight of the killed node is repeated");
}

#[tokio::test]
async fn late_outcomes_of_a_node_declared_dead_count_only_if_accepted() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    // At level `info`, the lines of repeated failures would be left out.
    fleet.start_many(2, &["--retry-schedule", "1h", "--log-level", "debug"]).await;
    let [suspended, other] = [0, 1].map(|node| fleet.api(node));
    let (mut receiver, mut holding) = (fleet.receiver().await, fleet.receiver().await);
    suspended.register(&json!({ "targetURL": receiver.url(), "eventTypes": ["a.b"] })).await;
    suspended.register(&json!({ "targetURL": holding.url(), "eventTypes": ["a.c"] })).await;
    raise_in_flight_limit(std::slice::from_ref(&suspended), &mut receiver).await;
    let (accept, reset) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let in_flight =
        [Reply::OkWhenReleased(accept.clone()), Reply::ResetWhenReleased(reset.clone()), Reply::ResetWhenReleased(reset.clone())];
    let mut notifications = Vec::new();
    for reply in in_flight {
        receiver.reply_to_next([reply]);
        notifications.push(suspended.publish_type("a.b").await);
        receiver.next().await;
    }
    let held = Arc::new(Semaphore::new(0));
    holding.reply_to_next([Reply::ResetWhenReleased(reset.clone()), Reply::OkWhenReleased(held.clone())]);
    let in_flight_elsewhere = suspended.publish_type("a.c").await;
    holding.next().await;
    let [accepted, failed, accepted_elsewhere] = &notifications[..] else { unreachable!("there are three") };
    // The first node also leases one more delivery. The test suspends this node before the node learns that the
    // transaction is committed.
    let lock = fleet.lock("notifications").await;
    let publishing = tokio::spawn({
        let suspended = suspended.clone();
        async move { suspended.publish_type("a.b").await }
    });
    fleet.wait_for_blocked_statement("WITH stale AS").await;
    let old_incarnation = fleet.incarnation(0).await;
    fleet.pause(0).await;
    lock.release().await;

    receiver.reply_to_next([Reply::Status(500), Reply::Status(500)]);
    for notification in [accepted, failed, accepted_elsewhere] {
        other.after_attempts(notification, 1).await;
    }
    let taken_over = receiver.next_callbacks(4).await;
    holding.next().await;
    fleet.logged(1, TAKEOVER_MESSAGE).await;
    accept.add_permits(1);
    reset.add_permits(3);
    fleet.resume(0);

    let accepted_late = eventually("the late success", async || {
        Some(other.delivery_of(accepted).await).filter(|delivery| delivery["status"] == "succeeded")
    })
    .await;
    assert_eq!(outcomes(&accepted_late), [(1, "rejected".to_owned()), (2, "accepted".to_owned())]);
    // The test publishes the next notification only after the first node has logged its three failed attempts.
    eventually("the failures", async || (fleet.log(0).matches("event: attempt.failed").count() == 3).then_some(())).await;
    assert_eq!(id_of(&publishing.await.expect("the task does not panic")), taken_over[3].id());
    let later = suspended.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&later), "no delivery leased by the old incarnation is attempted");
    assert_eq!(suspended.after_attempts(&later, 1).await["status"], "succeeded");
    let failed = other.delivery_of(failed).await;
    assert_eq!((&failed["status"], outcomes(&failed)), (&json!("pending"), vec![(1, "rejected".to_owned())]));
    let accepted_elsewhere = other.delivery_of(accepted_elsewhere).await;
    assert_eq!((&accepted_elsewhere["status"], outcomes(&accepted_elsewhere)), (&json!("succeeded"), vec![(1, "accepted".to_owned())]));
    assert_eq!(other.delivery_of(&in_flight_elsewhere).await["attemptCount"], 0);
    held.add_permits(1);
    let ended_elsewhere = other.after_attempts(&in_flight_elsewhere, 1).await;
    assert_eq!((&ended_elsewhere["status"], outcomes(&ended_elsewhere)), (&json!("succeeded"), vec![(1, "accepted".to_owned())]));
    let new_incarnation = fleet.incarnation(0).await;
    assert!(!new_incarnation.is_empty() && new_incarnation != old_incarnation, "{new_incarnation}");
    fleet.logged(0, "this node sent no heartbeat for ten seconds").await;
}

#[tokio::test]
async fn a_stopping_node_hands_over_waiting_deliveries_at_once_and_aborted_ones_at_its_exit() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    let stopping = fleet.start(&["--drain-timeout-seconds", "4"]).await;
    let other = fleet.start(&[]).await;
    let api = fleet.api(stopping);
    let mut receiver = fleet.receiver().await;
    api.register_url(&receiver.url()).await;
    receiver.reply_to_next([Reply::Hang]);
    // A new webhook has at most one attempt in flight, so nine of ten deliveries wait.
    let published = publish(std::slice::from_ref(&api), 10).await;
    assert_eq!(receiver.next().await.id(), published[0]);
    fleet.request_stop(stopping);
    let waiting = sorted_ids(receiver.next_callbacks(9).await);
    assert_eq!(waiting, published[1..], "the other node delivers them while the stopping node waits for its attempt");
    assert_eq!(receiver.next().await.id(), published[0], "the aborted attempt is repeated");
    assert!(fleet.wait_for_exit(stopping).await.success());
    let api = fleet.api(other);
    eventually("every outcome", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    assert!(!fleet.log(other).contains(TAKEOVER_MESSAGE), "no takeover was necessary");
}

#[tokio::test]
async fn the_order_survives_the_death_of_the_node_that_attempts_the_head() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &[]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let mut published = publish(&apis, 30).await;
    let mut received = receive_all(&mut receiver, &published).await;
    eventually("every outcome", async || apis[0].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    receiver.reply_to_next([Reply::Hang]);
    published.extend(publish(&apis[1..2], 1).await);
    received.push(receiver.next().await.id().to_owned());
    published.extend(publish(&apis, 9).await);
    fleet.kill(1).await;
    published.extend(publish(&[apis[0].clone(), apis[2].clone()], 20).await);
    received.extend(receive_all(&mut receiver, &published[31..]).await);
    assert_eq!(without_repeats(received), published);
}
