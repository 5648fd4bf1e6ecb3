//! A node that is gone, for good or for a while: the others go on with what it had, and nothing of it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;

use super::{arrivals, first_arrivals, outcomes, prove, publish, sorted_ids};
use crate::harness::{Fleet, Reply, eventually, id_of};

/// What the README says of a node that is killed.
const TAKEOVER: Duration = Duration::from_secs(15);

const DIED: &str = "a node has died";

#[tokio::test]
async fn what_a_killed_node_was_on_and_had_in_mind_is_delivered_by_the_others_within_15_seconds() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &["--max-in-flight-per-webhook", "6"]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register_url(&receiver.url()).await;
    prove(&apis, &mut receiver).await;
    fleet.heartbeats().await;

    let gate = Arc::new(Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    let published = publish(&apis[..1], 30).await;
    // The one who publishes it takes it.
    let in_flight = receiver.next().await;
    assert_eq!(in_flight.id(), published[0]);
    let killed_at = Instant::now();
    fleet.kill(0).await;
    gate.add_permits(published.len());
    receiver.always(Reply::Status(204));
    let mut arrived = vec![in_flight.id().to_owned()];
    arrived.extend(arrivals(&mut receiver, &published).await);
    let took = killed_at.elapsed();
    assert!(took < TAKEOVER, "{took:?}");
    eventually("every outcome", async || apis[1].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    assert!(fleet.log(1).contains(DIED) != fleet.log(2).contains(DIED), "one of them takes over");
    assert!(apis[2].list("/deliveries").await.iter().all(|delivery| delivery["status"] == "succeeded"));
    assert_eq!(arrived.iter().filter(|id| **id == published[0]).count(), 2, "its attempt in flight is made again");
}

#[tokio::test]
async fn what_a_node_tells_after_it_was_given_up_counts_only_where_it_was_accepted() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &["--retry-schedule", "1h"]).await;
    let [sleeper, other] = [0, 1].map(|node| fleet.api(node));
    let (mut receiver, mut holding) = (fleet.receiver().await, fleet.receiver().await);
    sleeper.register(&json!({ "targetURL": receiver.url(), "eventTypes": ["a.b"] })).await;
    sleeper.register(&json!({ "targetURL": holding.url(), "eventTypes": ["a.c"] })).await;
    prove(std::slice::from_ref(&sleeper), &mut receiver).await;
    let (accept, reset) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let in_flight = [Reply::Gate(accept.clone()), Reply::ResetLater(reset.clone()), Reply::ResetLater(reset.clone())];
    let mut notifications = Vec::new();
    for reply in in_flight {
        receiver.then([reply]);
        notifications.push(sleeper.publish_type("a.b").await);
        receiver.next().await;
    }
    let held = Arc::new(Semaphore::new(0));
    holding.then([Reply::ResetLater(reset.clone()), Reply::Gate(held.clone())]);
    let under_way_elsewhere = sleeper.publish_type("a.c").await;
    holding.next().await;
    let [accepted, failed, accepted_elsewhere] = &notifications[..] else { unreachable!("there are three") };
    // One more is leased by the sleeper without its knowledge: it falls asleep before it hears of the commit.
    let lock = fleet.lock("notifications").await;
    let asked = tokio::spawn({
        let sleeper = sleeper.clone();
        async move { sleeper.publish_type("a.b").await }
    });
    fleet.waits_for_a_lock("WITH stale AS").await;
    let old_name = fleet.incarnation(0).await;
    fleet.pause(0).await;
    lock.release().await;

    receiver.then([Reply::Status(500), Reply::Status(500)]);
    for notification in [accepted, failed, accepted_elsewhere] {
        other.after_attempts(notification, 1).await;
    }
    let unheard = receiver.next_of(4).await;
    holding.next().await;
    assert!(fleet.log(1).contains(DIED));
    accept.add_permits(1);
    reset.add_permits(3);
    fleet.resume(0);

    let accepted_late = eventually("the success that is told late", async || {
        Some(other.delivery_of(accepted).await).filter(|delivery| delivery["status"] == "succeeded")
    })
    .await;
    assert_eq!(outcomes(&accepted_late), [(1, "rejected".to_owned()), (2, "accepted".to_owned())]);
    // The failures are told before this is.
    eventually("the failures", async || (fleet.log(0).matches("attempt ended").count() == 3).then_some(())).await;
    assert_eq!(id_of(&asked.await.expect("it does not panic")), unheard[3].id());
    let later = sleeper.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&later), "nothing goes out that it had leased under its old name");
    assert_eq!(sleeper.after_attempts(&later, 1).await["status"], "succeeded");
    let failed = other.delivery_of(failed).await;
    assert_eq!((&failed["status"], outcomes(&failed)), (&json!("pending"), vec![(1, "rejected".to_owned())]));
    let accepted_elsewhere = other.delivery_of(accepted_elsewhere).await;
    assert_eq!((&accepted_elsewhere["status"], outcomes(&accepted_elsewhere)), (&json!("succeeded"), vec![(1, "accepted".to_owned())]));
    assert_eq!(other.delivery_of(&under_way_elsewhere).await["attemptCount"], 0);
    held.add_permits(1);
    let ended_elsewhere = other.after_attempts(&under_way_elsewhere, 1).await;
    assert_eq!((&ended_elsewhere["status"], outcomes(&ended_elsewhere)), (&json!("succeeded"), vec![(1, "accepted".to_owned())]));
    let new_name = fleet.incarnation(0).await;
    assert!(!new_name.is_empty() && new_name != old_name, "{new_name}");
    assert!(fleet.log(0).contains("this node had not been heard of for ten seconds"));
}

#[tokio::test]
async fn what_a_stopping_node_has_in_mind_goes_on_at_once_and_what_it_cuts_off_when_it_ends() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    let stopping = fleet.start(&["--drain-timeout-seconds", "4"]).await;
    let other = fleet.start(&[]).await;
    let api = fleet.api(stopping);
    let mut receiver = fleet.receiver().await;
    api.register_url(&receiver.url()).await;
    receiver.then([Reply::Hang]);
    // A webhook that is new gets one at a time.
    let published = publish(std::slice::from_ref(&api), 10).await;
    assert_eq!(receiver.next().await.id(), published[0]);
    fleet.ask_to_stop(stopping);
    let waited = sorted_ids(receiver.next_of(9).await);
    assert_eq!(waited, published[1..], "while the stopping node still waits for what is in flight");
    assert_eq!(receiver.next().await.id(), published[0], "which is cut off in the end");
    assert!(fleet.end(stopping).await.success());
    let api = fleet.api(other);
    eventually("every outcome", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    assert!(!fleet.log(other).contains(DIED), "nobody waits for its lease to end");
}

#[tokio::test]
async fn an_order_survives_the_death_of_the_node_that_is_on_its_first() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &[]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let mut published = publish(&apis, 30).await;
    let mut arrived = arrivals(&mut receiver, &published).await;
    eventually("every outcome", async || apis[0].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    receiver.then([Reply::Hang]);
    published.extend(publish(&apis[1..2], 1).await);
    arrived.push(receiver.next().await.id().to_owned());
    published.extend(publish(&apis, 9).await);
    fleet.kill(1).await;
    published.extend(publish(&[apis[0].clone(), apis[2].clone()], 20).await);
    arrived.extend(arrivals(&mut receiver, &published[31..]).await);
    assert_eq!(first_arrivals(arrived), published);
}
