//! Tests with nodes that die, living nodes that count as dead, and nodes that leave.

use super::*;

/// Leases a delivery on the node `one`, lets this node count as dead, and leases the delivery on the node `other`.
/// Returns both leases.
async fn one_delivery(one: &Bench, other: &Bench) -> (Leased, Leased) {
    let webhook = one.proven_webhook(other, |_| {}).await;
    let leased = one.publish_to(&webhook).await.remove(0);
    expire_node(&one.database, 0);
    other.keep_alive().await;
    (leased, other.leased_at(1).await.remove(0))
}

#[tokio::test]
async fn leased_and_waiting_deliveries_of_a_dead_node_are_due_for_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    let limited = Bench { slots: Slots::new(Caps::new(100, 1)), ..one };
    limited.prove(&webhook);
    let retried = limited.publish_to(&webhook).await;
    limited.finish(&retried[0], Next::RetryAt(seconds(3600))).await;
    drop(retried);
    let held = limited.publish_to(&webhook).await;
    assert_eq!(held.len(), 1);
    assert!(limited.publish_to(&webhook).await.is_empty(), "the delivery waits in the node's memory");
    assert!(other.leased_at(1).await.is_empty() && other.keep_alive().await.taken_over_from.is_empty(), "the node lives");
    expire_node(&other.database, 0);
    let fleet = other.keep_alive().await;
    assert_eq!((fleet.taken_over_from, fleet.delivering, fleet.was_given_up), (vec![name(0)], 1, false));
    let taken = other.leased_at(1).await;
    assert!(taken.len() == 2 && taken.iter().any(|leased| leased.delivery_id == held[0].delivery_id), "{taken:?}");
    assert!(other.keep_alive().await.taken_over_from.is_empty(), "a node is taken over once");
    assert_eq!(other.leased_at(3600).await.len(), 1, "the retry is due later");
}

#[tokio::test]
async fn all_nodes_together_attempt_one_suspect_at_a_time() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    let published = [one.publish_to(&webhook).await.remove(0).delivery_id, one.publish_to(&webhook).await.remove(0).delivery_id];
    let [mut dying, mut living] = [&one, &other];
    for round in 0..3 {
        let number = round % 2;
        expire_node(&one.database, number);
        assert_eq!(living.keep_alive().await.taken_over_from, [name(number)]);
        assert_eq!(living.leased_at(1).await.len(), if round < 2 { 2 } else { 0 });
        assert!(dying.keep_alive().await.was_given_up, "the node joins again");
        (dying, living) = (living, dying);
    }
    let suspect = async |bench: &Bench| bench.store.lease_suspect(seconds(1), bench.slots.clone(), Vec::new()).await.expect("leased").next;
    let first = suspect(&one).await.expect("a suspect").leased;
    assert_eq!((first.delivery_id, first.deaths), (published[0], 3));
    assert!(suspect(&other).await.is_none(), "the other node has a suspect in flight");
    expire_node(&one.database, 0);
    other.keep_alive().await;
    let again = suspect(&other).await.expect("the suspect of the dead node").leased;
    assert_eq!((again.delivery_id, again.deaths), (published[0], 4));
    other.finish(&again, Next::Succeeded).await;
    assert_eq!(suspect(&other).await.expect("the other suspect").leased.delivery_id, published[1]);
}

#[tokio::test]
async fn the_order_is_kept_after_a_takeover() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |webhook| webhook.ordered = true).await;
    let head = one.publish_to(&webhook).await.remove(0);
    assert!(other.publish_to(&webhook).await.is_empty());
    expire_node(&one.database, 0);
    other.keep_alive().await;
    let again = other.leased_at(1).await.remove(0);
    assert_eq!(again.delivery_id, head.delivery_id);
    assert!(other.leased_at(1).await.is_empty(), "one delivery at a time");
    assert!(other.finish(&again, Next::Succeeded).await.next.is_some() || !other.leased_at(1).await.is_empty());
}

#[tokio::test]
async fn a_success_reported_by_a_dead_node_is_recorded_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (old_lease, new_lease) = one_delivery(&one, &other).await;
    assert_eq!((new_lease.delivery_id, new_lease.attempt), (old_lease.delivery_id, 1));
    for _ in 0..2 {
        one.finish(&old_lease, Next::Succeeded).await;
        let (delivery, attempts) = other.delivery(old_lease.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count, attempts.len()), (DeliveryStatus::Succeeded, 1, 1));
    }
    other.finish(&new_lease, Next::Failed).await;
    assert_eq!(other.status(&new_lease).await, DeliveryStatus::Succeeded, "a succeeded delivery keeps its status");
}

#[tokio::test]
async fn only_the_node_with_the_valid_lease_reports_that_a_callback_is_gone() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (old_lease, new_lease) = one_delivery(&one, &other).await;
    assert!(
        one.finish(&old_lease, Next::Gone).await.deactivated.is_none(),
        "the attempt may have been made before the callback was available again"
    );
    assert_eq!(other.status(&new_lease).await, DeliveryStatus::Pending);
    assert!(other.finish(&new_lease, Next::Gone).await.deactivated.is_some());
}

#[tokio::test]
async fn two_successes_of_one_delivery_are_each_logged_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (old_lease, new_lease) = one_delivery(&one, &other).await;
    other.finish(&new_lease, Next::Succeeded).await;
    let late = Attempt { started_at: milliseconds(1), ..one.attempt(old_lease.attempt, Next::Succeeded) };
    for _ in 0..2 {
        one.end(&old_lease, late.clone(), Next::Succeeded, None, seconds(1)).await;
        let (delivery, attempts) = one.delivery(old_lease.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count), (DeliveryStatus::Succeeded, 2));
        assert_eq!(attempts.iter().map(|attempt| attempt.started_at).collect::<Vec<_>>(), [T0, milliseconds(1)]);
    }
}

#[tokio::test]
async fn a_late_response_for_a_deleted_notification_is_not_stored() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (old_lease, new_lease) = one_delivery(&one, &other).await;
    other.finish(&new_lease, Next::Succeeded).await;
    assert!(other.store.delete_notification(None, old_lease.notification.id, seconds(2), event()).await.expect("stored").is_some());
    while other.store.erase_responses(old_lease.notification.id).await.expect("stored") {}
    let response_body = Some("an echo of the payload".to_owned());
    let late = Attempt { started_at: milliseconds(1), response_body, ..one.attempt(old_lease.attempt, Next::Succeeded) };
    one.end(&old_lease, late, Next::Succeeded, None, seconds(3)).await;
    let (_, attempts) = other.delivery(old_lease.delivery_id).await;
    assert_eq!(attempts.iter().map(|attempt| attempt.response_body.as_deref()).collect::<Vec<_>>(), [None, None]);
}

#[tokio::test]
async fn a_failure_reported_by_a_dead_node_changes_nothing() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for next in [Next::Failed, Next::RetryAt(seconds(60))] {
        let [one, other] = nodes().await;
        let (old_lease, new_lease) = one_delivery(&one, &other).await;
        let policy = Some(DeactivationPolicy { time: TimeDelta::zero(), attempts: 1 });
        let attempt = one.attempt(1, next);
        assert_eq!(one.end(&old_lease, attempt, next, policy, seconds(1)).await.deactivated, None, "{next:?}");
        let (delivery, attempts) = other.delivery(old_lease.delivery_id).await;
        assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Pending, 0), "{next:?}");
        assert!(one.leased_at(100).await.is_empty(), "{next:?}: another node leases the delivery");
        other.finish(&new_lease, Next::Succeeded).await;
        let (delivery, attempts) = other.delivery(old_lease.delivery_id).await;
        assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Succeeded, 1), "{next:?}");
    }
}

#[tokio::test]
async fn a_node_that_counted_as_dead_rejoins_with_a_new_incarnation_and_no_leases() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    let before = one.publish_to(&webhook).await.remove(0);
    assert!(one.store.holds(before.lease) && !other.store.holds(before.lease));
    assert!(!one.keep_alive().await.was_given_up && one.store.holds(before.lease));
    expire_node(&one.database, 0);
    let taken_over_from = other.keep_alive().await.taken_over_from;
    assert_eq!(taken_over_from, [name(0)]);
    assert!(one.keep_alive().await.was_given_up && !one.store.holds(before.lease));
    // A release of the old lease changes nothing, because the delivery belongs to the other node.
    let new_lease = other.leased_at(1).await.remove(0);
    one.store.release_delivery(before.delivery_id, before.lease).await.expect("stored");
    assert!(one.leased_at(1).await.is_empty());
    other.finish(&new_lease, Next::Succeeded).await;
    let after = one.publish_to(&webhook).await.remove(0);
    assert!(one.store.holds(after.lease) && after.lease != before.lease);
    assert_eq!(other.keep_alive().await.delivering, 2);
}

#[tokio::test]
async fn a_node_with_an_overdue_heartbeat_loses_its_leases_even_without_a_takeover() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one] = nodes().await;
    let webhook = one.webhook("acme").await;
    let leased = one.publish_to(&webhook).await.remove(0);
    expire_node(&one.database, 0);
    assert!(one.keep_alive().await.was_given_up && !one.store.holds(leased.lease));
    one.keep_alive().await;
    assert_eq!(deliveries(&one.leased_at(1).await), [leased.delivery_id], "the delivery is due again");
    assert_eq!(one.database.rows("nodes"), 1);
}

#[tokio::test]
async fn a_node_that_leaves_hands_over_its_deliveries_at_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, ordered) = (one.proven_webhook(&other, |_| {}).await, one.proven_webhook(&other, |webhook| webhook.ordered = true).await);
    let mut held = [one.publish_to(&webhook).await.remove(0).delivery_id, one.publish_to(&ordered).await.remove(0).delivery_id];
    held.sort_unstable();
    assert!(other.leased_at(1).await.is_empty());
    one.store.release_leases().await.expect("left");
    assert_eq!(deliveries(&other.leased_at(1).await), held);
    assert_eq!(other.keep_alive().await.delivering, 1);
}

#[tokio::test]
async fn a_delivery_stored_by_a_dead_node_after_the_takeover_is_found_later() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let database = Arc::new(TestDatabase::database());
    let one = node(&database, &name(0), true).await;
    let other = Arc::new(open(&database, |options| options.node_name(&name(1))).await.expect("opened"));
    other.join(Vec::new()).await.expect("joined");
    let other_node = other.node.clone();
    let other = Bench { store: other, slots: Slots::new(Caps::new(100, 100)), database };
    let webhook = one.proven_webhook(&other, |_| {}).await;
    expire_node(&one.database, 0);
    other.keep_alive().await;
    // This publish is like a late statement: the node does not know yet that it counts as dead.
    let late = one.publish_to(&webhook).await.remove(0);
    other.keep_alive().await;
    assert!(other.leased_at(1).await.is_empty());
    other_node.schedule_rescan(Instant::now());
    other.keep_alive().await;
    assert_eq!(deliveries(&other.leased_at(1).await), [late.delivery_id]);
}

#[tokio::test]
async fn one_of_the_other_nodes_takes_over_from_a_dead_node() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [_one, second, third] = nodes().await;
    expire_node(&second.database, 0);
    let (ours, theirs) = tokio::join!(second.keep_alive(), third.keep_alive());
    assert_eq!([ours.taken_over_from, theirs.taken_over_from].concat(), [name(0)]);
}
