//! Nodes that die, that are believed dead, and that leave.

use super::*;

/// As a node leased it that was given up then, and as the other one took it over.
async fn one_delivery(given_up: &Bench, other: &Bench) -> (Leased, Leased) {
    let webhook = given_up.webhook_beside(other, |_| {}).await;
    let leased = given_up.publish_to(&webhook).await.remove(0);
    overdue(&given_up.place, 0);
    other.keep_alive().await;
    (leased, other.leased_at(1).await.remove(0))
}

#[tokio::test]
async fn what_a_dead_node_held_or_had_in_mind_is_due_to_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |_| {}).await;
    let limited = Bench { slots: Slots::new(Caps::new(100, 1)), ..one };
    limited.prove(&webhook);
    let retried = limited.publish_to(&webhook).await;
    limited.finish(&retried[0], Next::RetryAt(seconds(3600))).await;
    drop(retried);
    let held = limited.publish_to(&webhook).await;
    assert_eq!(held.len(), 1);
    assert!(limited.publish_to(&webhook).await.is_empty(), "it waits in the node's mind");
    assert!(other.leased_at(1).await.is_empty() && other.keep_alive().await.taken_over_from.is_empty(), "the node lives");
    overdue(&other.place, 0);
    let fleet = other.keep_alive().await;
    assert_eq!((fleet.taken_over_from, fleet.delivering, fleet.was_given_up), (vec![name(0)], 1, false));
    let taken = other.leased_at(1).await;
    assert!(taken.len() == 2 && taken.iter().any(|leased| leased.delivery_id == held[0].delivery_id), "{taken:?}");
    assert!(other.keep_alive().await.taken_over_from.is_empty(), "that is done once");
    assert_eq!(other.leased_at(3600).await.len(), 1, "its retry waits for its time");
}

#[tokio::test]
async fn what_stands_in_order_behind_what_a_dead_node_held_waits_for_that() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |webhook| webhook.ordered = true).await;
    let head = one.publish_to(&webhook).await.remove(0);
    assert!(other.publish_to(&webhook).await.is_empty());
    overdue(&one.place, 0);
    other.keep_alive().await;
    let again = other.leased_at(1).await.remove(0);
    assert_eq!(again.delivery_id, head.delivery_id);
    assert!(other.leased_at(1).await.is_empty(), "one at a time");
    assert!(other.finish(&again, Next::Succeeded).await.next.is_some() || !other.leased_at(1).await.is_empty());
}

#[tokio::test]
async fn a_success_told_by_a_node_that_was_given_up_is_recorded_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (given_up, taken_over) = one_delivery(&one, &other).await;
    assert_eq!((taken_over.delivery_id, taken_over.attempt), (given_up.delivery_id, 1));
    for _ in 0..2 {
        one.finish(&given_up, Next::Succeeded).await;
        let (delivery, attempts) = other.delivery(given_up.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count, attempts.len()), (DeliveryStatus::Succeeded, 1, 1));
    }
    other.finish(&taken_over, Next::Failed).await;
    assert_eq!(other.status(&taken_over).await, DeliveryStatus::Succeeded, "what was delivered is never called anything else");
}

#[tokio::test]
async fn a_callback_that_is_gone_is_told_of_by_whoever_holds_the_delivery() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (given_up, taken_over) = one_delivery(&one, &other).await;
    assert!(one.finish(&given_up, Next::Gone).await.deactivated.is_none(), "it may have been asked before the callback came back");
    assert_eq!(other.status(&taken_over).await, DeliveryStatus::Pending);
    assert!(other.finish(&taken_over, Next::Gone).await.deactivated.is_some());
}

#[tokio::test]
async fn two_successes_of_one_delivery_stand_in_its_log_each_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (given_up, taken_over) = one_delivery(&one, &other).await;
    other.finish(&taken_over, Next::Succeeded).await;
    let late = Attempt { started_at: milliseconds(1), ..one.attempt(given_up.attempt, Next::Succeeded) };
    for _ in 0..2 {
        one.end(&given_up, late.clone(), Next::Succeeded, None, seconds(1)).await;
        let (delivery, attempts) = one.delivery(given_up.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count), (DeliveryStatus::Succeeded, 2));
        assert_eq!(attempts.iter().map(|attempt| attempt.started_at).collect::<Vec<_>>(), [T0, milliseconds(1)]);
    }
}

#[tokio::test]
async fn what_a_node_that_was_given_up_was_answered_about_a_deleted_notification_is_not_kept() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (given_up, taken_over) = one_delivery(&one, &other).await;
    other.finish(&taken_over, Next::Succeeded).await;
    assert!(other.store.delete_notification(None, given_up.notification.id, seconds(2)).await.expect("stored"));
    while other.store.erase_answers(given_up.notification.id).await.expect("stored") {}
    let answered = Some("an echo of the payload".to_owned());
    let late = Attempt { started_at: milliseconds(1), response_body: answered, ..one.attempt(given_up.attempt, Next::Succeeded) };
    one.end(&given_up, late, Next::Succeeded, None, seconds(3)).await;
    let (_, attempts) = other.delivery(given_up.delivery_id).await;
    assert_eq!(attempts.iter().map(|attempt| attempt.response_body.as_deref()).collect::<Vec<_>>(), [None, None]);
}

#[tokio::test]
async fn a_failure_told_by_a_node_that_was_given_up_changes_nothing() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for next in [Next::Failed, Next::RetryAt(seconds(60))] {
        let [one, other] = nodes().await;
        let (given_up, taken_over) = one_delivery(&one, &other).await;
        let patience = Some(Patience { time: TimeDelta::zero(), attempts: 1 });
        let attempt = one.attempt(1, next);
        assert_eq!(one.end(&given_up, attempt, next, patience, seconds(1)).await.deactivated, None, "{next:?}");
        let (delivery, attempts) = other.delivery(given_up.delivery_id).await;
        assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Pending, 0), "{next:?}");
        assert!(one.leased_at(100).await.is_empty(), "{next:?}: another is on it");
        other.finish(&taken_over, Next::Succeeded).await;
        let (delivery, attempts) = other.delivery(given_up.delivery_id).await;
        assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Succeeded, 1), "{next:?}");
    }
}

#[tokio::test]
async fn a_node_that_was_given_up_holds_nothing_any_more_and_comes_back_under_another_name() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |_| {}).await;
    let before = one.publish_to(&webhook).await.remove(0);
    assert!(one.store.holds(before.lease) && !other.store.holds(before.lease));
    assert!(!one.keep_alive().await.was_given_up && one.store.holds(before.lease));
    overdue(&one.place, 0);
    let taken_over_from = other.keep_alive().await.taken_over_from;
    assert_eq!(taken_over_from, [name(0)]);
    assert!(one.keep_alive().await.was_given_up && !one.store.holds(before.lease));
    // What it gives back of that is another's.
    let taken_over = other.leased_at(1).await.remove(0);
    one.store.release_delivery(before.delivery_id, before.lease).await.expect("stored");
    assert!(one.leased_at(1).await.is_empty());
    other.finish(&taken_over, Next::Succeeded).await;
    let after = one.publish_to(&webhook).await.remove(0);
    assert!(one.store.holds(after.lease) && after.lease != before.lease);
    assert_eq!(other.keep_alive().await.delivering, 2);
}

#[tokio::test]
async fn a_node_that_comes_back_before_anybody_took_over_is_given_up_all_the_same() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one] = nodes().await;
    let webhook = one.webhook("acme").await;
    let held = one.publish_to(&webhook).await.remove(0);
    overdue(&one.place, 0);
    assert!(one.keep_alive().await.was_given_up && !one.store.holds(held.lease));
    one.keep_alive().await;
    assert_eq!(deliveries(&one.leased_at(1).await), [held.delivery_id], "it is due again");
    assert_eq!(one.place.rows("nodes"), 1);
}

#[tokio::test]
async fn a_node_that_leaves_hands_over_at_once_what_it_held() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, ordered) = (one.webhook_beside(&other, |_| {}).await, one.webhook_beside(&other, |webhook| webhook.ordered = true).await);
    let mut held = [one.publish_to(&webhook).await.remove(0).delivery_id, one.publish_to(&ordered).await.remove(0).delivery_id];
    held.sort_unstable();
    assert!(other.leased_at(1).await.is_empty());
    one.store.leave().await.expect("it leaves");
    assert_eq!(deliveries(&other.leased_at(1).await), held);
    assert_eq!(other.keep_alive().await.delivering, 1);
}

#[tokio::test]
async fn what_is_stored_for_a_node_only_after_it_was_taken_over_from_is_found_a_minute_later() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let place = Arc::new(Place::database());
    let one = node(&place, &name(0), true).await;
    let other = Arc::new(open(&place, |options| options.node_name(&name(1))).await.expect("opened"));
    other.join().await.expect("it is one of the nodes");
    let other_node = other.node.clone();
    let other = Bench { store: other, slots: Slots::new(Caps::new(100, 100)), place };
    let webhook = one.webhook_beside(&other, |_| {}).await;
    overdue(&one.place, 0);
    other.keep_alive().await;
    // It does not know yet that it was given up, as a server does not that goes on with the statement of a client who is gone.
    let late = one.publish_to(&webhook).await.remove(0);
    other.keep_alive().await;
    assert!(other.leased_at(1).await.is_empty());
    other_node.look_again_at(Instant::now());
    other.keep_alive().await;
    assert_eq!(deliveries(&other.leased_at(1).await), [late.delivery_id]);
}

#[tokio::test]
async fn the_dead_are_taken_over_from_by_one_of_the_others() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [_one, second, third] = nodes().await;
    overdue(&second.place, 0);
    let (ours, theirs) = tokio::join!(second.keep_alive(), third.keep_alive());
    assert_eq!([ours.taken_over_from, theirs.taken_over_from].concat(), [name(0)]);
}
