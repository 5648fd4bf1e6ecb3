use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::api::types::{Account, DeliveryStatus, EventType};
use crate::model::{AttemptFacts, Lane};
use crate::slots::Recovery;
use crate::store::Attempt;

const NONE: ObservedWait = ObservedWait { recovery: None, limit: None };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// Returns a delivery that was created at second 10, and never attempted.
fn new_delivery() -> Delivery {
    Delivery {
        id: Uuid::from_u128(1),
        account: Account::stored("acme".to_owned()),
        notification_id: Uuid::from_u128(2),
        event_type: EventType::stored("a.b".to_owned()),
        webhook_id: Uuid::from_u128(3),
        status: DeliveryStatus::Pending,
        attempt_count: 0,
        created_at: at(10),
        due_at: Some(at(10)),
        stored_wait: Some(StoredWait {
            lane: Lane::Fresh,
            is_first: true,
            is_suspect: false,
            preceding: None,
            hold: None,
            max_per_second: None,
            theoretical_arrival_time: None,
            paused_since: None,
        }),
        last_attempt: None,
    }
}

/// Returns a delivery whose attempt ended at second 20, and whose retry is due at second 50.
fn retry() -> Delivery {
    let mut delivery = new_delivery();
    delivery.last_attempt = Some(Attempt {
        number: 1,
        started_at: at(18),
        duration_ms: 2000,
        outcome: "rejected".to_owned(),
        status_code: Some(500),
        error: None,
        response_body: None,
        truncated: false,
        facts: AttemptFacts::default(),
        exchange: None,
    });
    (delivery.attempt_count, delivery.due_at) = (1, Some(at(50)));
    let wait = delivery.stored_wait.as_mut().expect("a wait");
    (wait.lane, wait.is_first) = (Lane::Retry, false);
    delivery
}

/// Returns the reason at second `now`, with the seconds of its start and end.
fn reason(delivery: &Delivery, observed: ObservedWait, now: i64) -> (String, i64, Option<i64>) {
    let waiting = waiting_for(delivery, observed, at(now)).expect("a reason");
    (waiting.reason, waiting.since.timestamp(), waiting.until.map(|until| until.timestamp()))
}

fn expect(delivery: &Delivery, observed: ObservedWait, now: i64, expected: (&str, i64, Option<i64>)) {
    assert_eq!(reason(delivery, observed, now), (expected.0.to_owned(), expected.1, expected.2));
}

fn with(mut delivery: Delivery, change: impl FnOnce(&mut StoredWait)) -> Delivery {
    change(delivery.stored_wait.as_mut().expect("a wait"));
    delivery
}

#[test]
fn the_due_time_is_the_reason_if_nothing_else_is_known() {
    expect(&new_delivery(), NONE, 30, ("first_attempt", 10, None));
    expect(&retry(), NONE, 30, ("retry", 20, Some(50)));
    expect(&retry(), NONE, 60, ("retry", 20, None));
    let requested_during_the_attempt = Delivery { due_at: Some(at(15)), ..with(retry(), |wait| wait.is_first = true) };
    expect(&requested_during_the_attempt, NONE, 30, ("first_attempt", 20, None));
    let redelivered_later = Delivery { due_at: Some(at(25)), ..requested_during_the_attempt };
    expect(&redelivered_later, NONE, 30, ("first_attempt", 25, None));
    let ended = Delivery { stored_wait: None, ..new_delivery() };
    assert_eq!(waiting_for(&ended, NONE, at(30)), None);
}

#[test]
fn no_wait_begins_in_the_future_if_the_clock_was_set_back() {
    expect(&new_delivery(), NONE, 5, ("first_attempt", 5, None));
    expect(&retry(), NONE, 5, ("retry", 5, Some(50)));
    let limit = ObservedWait { limit: Some(ReachedLimit::Capacity), ..NONE };
    expect(&new_delivery(), limit, 5, ("capacity", 5, None));
}

#[test]
fn a_pause_comes_before_the_order_which_comes_before_all_other_reasons() {
    let all = |delivery| {
        with(delivery, |wait| {
            wait.hold = Some((at(15), at(90)));
            wait.preceding = Some(Uuid::from_u128(9));
            wait.is_suspect = true;
            wait.paused_since = Some(at(25));
        })
    };
    let observed = ObservedWait { recovery: Some(Recovery { since: at(1), until: Some(at(80)) }), limit: Some(ReachedLimit::Host) };
    expect(&all(retry()), observed, 60, ("pause", 25, None));
    expect(&with(all(retry()), |wait| wait.paused_since = Some(at(5))), observed, 60, ("pause", 20, None));
    let ordered = with(all(retry()), |wait| wait.paused_since = None);
    expect(&ordered, observed, 60, ("preceding_delivery", 20, None));
    let preceding = waiting_for(&ordered, observed, at(60)).and_then(|waiting| waiting.preceding_delivery);
    assert_eq!(preceding, Some(PrecedingDelivery { id: Uuid::from_u128(9) }));
    let suspect = with(ordered, |wait| wait.preceding = None);
    expect(&suspect, observed, 60, ("quarantine", 20, None));
    let held = with(suspect, |wait| wait.is_suspect = false);
    expect(&held, observed, 60, ("retry_after", 20, Some(90)));
    let recovering = with(held, |wait| wait.hold = Some((at(15), at(60))));
    expect(&recovering, observed, 60, ("recovering", 20, Some(80)));
    expect(&recovering, ObservedWait { recovery: None, ..observed }, 60, ("host_limit", 50, None));
}

#[test]
fn a_wait_of_the_webhook_that_ends_before_the_retry_is_due_is_not_the_reason() {
    for (until, expected) in [(49, ("retry", 20, Some(50))), (50, ("retry_after", 25, Some(50)))] {
        expect(&with(retry(), |wait| wait.hold = Some((at(25), at(until)))), NONE, 30, expected);
    }
    for (until, expected) in
        [(Some(49), ("retry", 20, Some(50))), (Some(50), ("recovering", 25, Some(50))), (None, ("retry", 20, Some(50)))]
    {
        let recovery = Recovery { since: at(25), until: until.map(at) };
        expect(&retry(), ObservedWait { recovery: Some(recovery), limit: None }, 30, expected);
    }
    let probing = ObservedWait { recovery: Some(Recovery { since: at(25), until: None }), limit: Some(ReachedLimit::Capacity) };
    expect(&retry(), probing, 60, ("recovering", 25, None));
}

#[test]
fn the_limits_apply_only_to_deliveries_that_are_due() {
    let limited = |delivery| with(delivery, |wait| (wait.max_per_second, wait.theoretical_arrival_time) = (Some(1), Some(at(31))));
    let full = ObservedWait { limit: Some(ReachedLimit::Capacity), ..NONE };
    expect(&limited(retry()), full, 30, ("retry", 20, Some(50)));
    expect(&limited(new_delivery()), full, 30, ("rate_limit", 10, Some(31)));
    expect(&limited(new_delivery()), full, 31, ("capacity", 10, None));
    expect(&retry(), full, 60, ("capacity", 50, None));
}
