use super::*;

pub(super) fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
}

pub(super) fn work(webhook: u128, lane: Lane) -> WorkItem {
    WorkItem { webhook_id: Uuid::from_u128(webhook), lane }
}

fn take(slots: &Arc<Slots>, account: &str, webhook: u128, lane: Lane) -> Option<Slot> {
    slots.try_take(&account.into(), &Hosts::default(), work(webhook, lane), 10, at(0))
}

fn accept(slots: &Arc<Slots>, account: &str, webhook: u128, accepted: usize) {
    for _ in 0..accepted {
        take(slots, account, webhook, Lane::Fresh).expect("a free slot").end(true, at(0));
    }
}

#[test]
fn each_cap_leaves_slots_for_others() {
    let slots = Slots::new(Caps::new(8, 1));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "the webhook's cap is one");
    let second = take(&slots, "a", 2, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none(), "the account's cap is a quarter");
    assert!(take(&slots, "b", 4, Lane::Fresh).is_some());
    assert!(slots.take_ready(at(0), 10).is_empty());
    first.end(true, at(0));
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh), work(3, Lane::Fresh)], "both webhooks may continue");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some(), "the freed slot can be taken again");
    drop(second);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn a_webhook_gets_more_slots_as_it_accepts() {
    let slots = Slots::new(Caps::new(100, 4));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "a new webhook gets one slot");
    first.end(true, at(0));
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
    accept(&slots, "a", 1, 10);
    let held: Vec<Slot> = std::iter::from_fn(|| take(&slots, "a", 1, Lane::Fresh)).collect();
    assert_eq!(held.len(), 4, "a webhook gets no more slots than its cap");
}

#[test]
fn a_webhook_loses_allowance_when_its_connections_are_closed() {
    let slots = Slots::new(Caps::new(100, 20));
    accept(&slots, "a", 1, 100);
    let held_at = |now| {
        let held: Vec<Slot> =
            std::iter::from_fn(|| slots.try_take(&"a".into(), &Hosts::default(), work(1, Lane::Fresh), 10, now)).collect();
        let count = held.len();
        held.into_iter().for_each(|slot| drop(slot.end(true, now)));
        let _ = slots.take_ready(now, 10);
        count
    };
    assert_eq!(held_at(at(4000)), 14, "the allowance after 100 successes");
    assert_eq!(held_at(at(8001)), 4);
    assert_eq!(held_at(at(8001)), 5);
}

#[test]
fn a_quarter_is_reserved_for_fresh_deliveries_of_webhooks_that_accept() {
    let slots = Slots::new(Caps::new(8, 2));
    accept(&slots, "good", 99, 1);
    let held: Vec<Slot> = (0..8).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 6);
    assert!(take(&slots, "good", 99, Lane::Retry).is_none());
    let proven = take(&slots, "good", 99, Lane::Fresh);
    assert!(proven.is_some());
    drop(held);
    assert_eq!(slots.take_ready(at(0), 10), [work(6, Lane::Fresh), work(7, Lane::Fresh), work(99, Lane::Retry)], "retries come last");
}

#[test]
fn a_hanging_attempt_frees_its_normal_slot_after_a_second() {
    let slots = Slots::new(Caps::new(4, 1));
    let mut held: Vec<Slot> = (0..3).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 3);
    assert!(take(&slots, "new", 9, Lane::Fresh).is_none());
    assert_eq!(slots.next_check(), Some(at(1000)));
    assert!(slots.take_ready(at(999), 10).is_empty());
    assert_eq!(slots.take_ready(at(1000), 10), [work(9, Lane::Fresh)]);
    held.extend(take(&slots, "new", 9, Lane::Fresh));
    assert_eq!(held.len(), 4);
    assert!(take(&slots, "0", 0, Lane::Fresh).is_none(), "the hanging webhook gets no more slots");
    for slot in held {
        slot.end(false, at(2000));
    }
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn a_hanging_account_gets_its_cap_of_normal_and_of_slow_attempts() {
    let slots = Slots::new(Caps::new(8, 1));
    let slow: Vec<Slot> = (0..2).filter_map(|n| take(&slots, "a", n, Lane::Fresh)).collect();
    assert!(slots.take_ready(at(1000), 10).is_empty());
    let normal: Vec<Slot> = (2..9).filter_map(|n| take(&slots, "a", n, Lane::Fresh)).collect();
    assert_eq!((slow.len(), normal.len()), (2, 2));
    assert!(slots.take_ready(at(9000), 10).is_empty(), "the account has no more slots for slow attempts");
}

#[test]
fn after_failures_in_a_row_a_webhook_gets_only_probes() {
    let slots = Slots::new(Caps::new(100, 10));
    for _ in 0..5 {
        take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(false, at(0));
    }
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    assert!(take(&slots, "a", 1, Lane::Retry).is_none());
    assert_eq!(slots.next_check(), Some(at(250)));
    assert_eq!(slots.take_ready(at(250), 10), [work(1, Lane::Fresh), work(1, Lane::Retry)]);
    let now = at(250);
    let probe = slots.try_take(&"a".into(), &Hosts::default(), work(1, Lane::Fresh), 10, now).expect("one probe is sent");
    assert!(slots.try_take(&"a".into(), &Hosts::default(), work(1, Lane::Retry), 10, now).is_none(), "only one probe is sent");
    probe.end(false, now);
    assert!(slots.take_ready(now, 10).is_empty());
    assert_eq!(slots.take_ready(at(750), 10), [work(1, Lane::Retry)], "the next probe is sent after twice the time");
}

#[test]
fn a_changed_webhook_does_not_wait() {
    let slots = Slots::new(Caps::new(100, 10));
    for _ in 0..5 {
        take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(false, at(0));
    }
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    slots.reset_health(Uuid::from_u128(1));
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some());
}

#[test]
fn payload_bytes_are_limited_but_the_first_payload_of_an_account_fits() {
    let slots = Slots::new(Caps::new(100, 100));
    let take_huge = |webhook: u128| {
        slots.try_take(&webhook.to_string().as_str().into(), &Hosts::default(), work(webhook, Lane::Fresh), MAX_PAYLOAD_BYTES * 2, at(0))
    };
    let mut held: Vec<Slot> = (0..4).filter_map(take_huge).collect();
    assert_eq!(held.len(), 3);
    assert!(slots.take_ready(at(0), 10).is_empty());
    held.pop();
    assert_eq!(slots.take_ready(at(0), 10), [work(3, Lane::Fresh)]);
    assert!(take_huge(3).is_some());
}

#[test]
fn small_payloads_wait_behind_a_refused_large_payload_of_their_account() {
    let slots = Slots::new(Caps::new(400, 100));
    accept(&slots, "a", 1, 100);
    let small = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    let other = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    let take_large = || slots.try_take(&"a".into(), &Hosts::default(), work(2, Lane::Fresh), MAX_ACCOUNT_PAYLOAD_BYTES, at(0));
    assert!(take_large().is_none());
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(small);
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none(), "other work waits until the refused work was checked again");
    assert_eq!(slots.take_ready(at(0), 10), [work(2, Lane::Fresh)], "only the refused work is ready");
    assert!(take_large().is_none(), "one attempt is still in flight");
    drop(other);
    assert!(slots.take_ready(at(0), 10).contains(&work(2, Lane::Fresh)));
    assert!(take_large().is_some());
}

#[test]
fn an_account_gets_a_quarter_of_the_payload_bytes() {
    let slots = Slots::new(Caps::new(400, 100));
    let large = MAX_ACCOUNT_PAYLOAD_BYTES / 4;
    accept(&slots, "a", 1, 100);
    let take_large = |account: &str, webhook| slots.try_take(&account.into(), &Hosts::default(), work(webhook, Lane::Fresh), large, at(0));
    let mut held: Vec<Slot> = (0..8).filter_map(|_| take_large("a", 1)).collect();
    assert_eq!(held.len(), 4);
    assert!(slots.take_ready(at(0), 10).is_empty());
    assert!(take_large("b", 2).is_some(), "another account does not wait");
    held.pop();
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
    held.extend(take_large("a", 1));
    assert!(take_large("a", 1).is_none());
    assert_eq!(slots.take_ready(at(1000), 10), [work(1, Lane::Fresh)], "slow attempts are counted separately");
    held.extend(take_large("a", 1));
    assert_eq!(held.len(), 5);
    drop(held);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn payloads_of_unproven_webhooks_leave_a_quarter_to_webhooks_that_accept() {
    let slots = Slots::new(Caps::new(400, 100));
    accept(&slots, "good", 99, 1);
    let half = MAX_ACCOUNT_PAYLOAD_BYTES / 2;
    let held: Vec<Slot> = (0..20)
        .filter_map(|n| slots.try_take(&n.to_string().as_str().into(), &Hosts::default(), work(n, Lane::Fresh), half, at(0)))
        .collect();
    assert_eq!(held.len() * half, MAX_PAYLOAD_BYTES / 4 * 3);
    assert!(slots.try_take(&"good".into(), &Hosts::default(), work(99, Lane::Fresh), half, at(0)).is_some());
}

#[test]
fn webhooks_that_accept_leave_an_eighth_to_retries() {
    let slots = Slots::new(Caps::new(16, 4));
    for webhook in 0..4 {
        accept(&slots, &webhook.to_string(), webhook, 10);
    }
    let held: Vec<Slot> =
        (0..4).flat_map(|n| (0..4).map(move |_| n)).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 14);
    let retries: Vec<Slot> = (10..20).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Retry)).collect();
    assert_eq!(retries.len(), 2);
}

#[test]
fn a_refused_payload_blocks_its_account_only_while_normal_attempts_are_in_flight() {
    let slots = Slots::new(Caps::new(400, 100));
    let held = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(slots.try_take(&"a".into(), &Hosts::default(), work(2, Lane::Fresh), MAX_ACCOUNT_PAYLOAD_BYTES, at(0)).is_none());
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none());
    // The webhook of the large payload has been deleted, so its work never takes a slot.
    assert_eq!(slots.take_ready(at(1000), 10), [work(2, Lane::Fresh), work(3, Lane::Fresh)]);
    assert!(take(&slots, "a", 3, Lane::Fresh).is_some());
    drop(held);
}

#[test]
fn payloads_of_webhooks_that_accept_leave_an_eighth_to_retries() {
    let slots = Slots::new(Caps::new(400, 100));
    let part = MAX_ACCOUNT_PAYLOAD_BYTES / 4;
    let accounts: Vec<Arc<str>> = (0..5).map(|number: u128| number.to_string().into()).collect();
    for (number, account) in accounts.iter().enumerate() {
        accept(&slots, account, number as u128, 100);
    }
    let take_all = |(number, account): (usize, &Arc<str>)| {
        std::iter::from_fn(|| slots.try_take(account, &Hosts::default(), work(number as u128, Lane::Fresh), part, at(0)))
            .collect::<Vec<Slot>>()
    };
    let held: Vec<Slot> = accounts.iter().enumerate().flat_map(take_all).collect();
    assert_eq!(held.len() * part, MAX_PAYLOAD_BYTES / 8 * 7);
    assert!(slots.try_take(&"9".into(), &Hosts::default(), work(9, Lane::Retry), part, at(0)).is_some());
}

#[test]
fn a_free_slot_does_not_wake_deferred_work() {
    let slots = Slots::new(Caps::new(8, 8));
    let held = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    slots.defer(Uuid::from_u128(1), at(5000));
    drop(held);
    slots.wake([work(1, Lane::Fresh)]);
    assert!(slots.take_ready(at(4999), 10).is_empty());
    assert_eq!(slots.take_ready(at(5000), 10).first(), Some(&work(1, Lane::Fresh)));
}

#[test]
fn retries_go_before_fresh_deliveries_every_fourth_turn() {
    let slots = Slots::new(Caps::new(16, 4));
    accept(&slots, "a", 1, 1);
    let turns: Vec<bool> = (0..8).map(|_| slots.retries_go_first(Uuid::from_u128(1))).collect();
    assert_eq!(turns, [false, false, false, true, false, false, false, true]);
    assert!(!slots.retries_go_first(Uuid::from_u128(2)), "an unknown webhook has no waiting retries");
}

#[test]
fn an_overdue_attempt_counts_as_slow_once_the_slow_caps_allow() {
    let slots = Slots::new(Caps::new(4, 1));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(slots.take_ready(at(1000), 10).is_empty());
    let second = take(&slots, "a", 2, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none());
    assert!(slots.take_ready(at(9000), 10).is_empty(), "an account may have one slow attempt");
    assert_eq!(slots.next_check(), None, "nothing can change until an attempt ends");
    first.end(true, at(9000));
    assert_eq!(slots.take_ready(at(9000), 10), [work(3, Lane::Fresh)]);
    drop(second);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn no_attempt_starts_while_too_many_are_unrecorded() {
    let slots = Slots::new(Caps::new(8, 8));
    let mut unrecorded: Vec<Unrecorded> =
        (0..MAX_UNRECORDED).map(|_| take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(true, at(0)).0).collect();
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    assert!(slots.take_ready(at(0), 10).is_empty());
    unrecorded.pop();
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
}

#[test]
fn remaining_ready_work_is_checked_at_once() {
    let slots = Slots::new(Caps::new(8, 8));
    slots.wake([work(1, Lane::Fresh), work(2, Lane::Fresh)]);
    assert_eq!(slots.take_ready(at(0), 1), [work(1, Lane::Fresh)]);
    assert!(slots.next_check().is_some_and(|check| check < at(0)));
}

#[test]
fn waiting_work_goes_before_new_work() {
    let slots = Slots::new(Caps::new(100, 1));
    let held = take(&slots, "a", 1, Lane::Fresh);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(held);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "new work waits until the waiting work was checked");
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some());
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_wait() {
    let slots = Slots::new(Caps::new(100, 1));
    slots.wait_until(work(1, Lane::Fresh), at(100_000_000));
    assert_eq!(slots.take_ready(at(0), 10), [work(1, Lane::Fresh)]);
}

#[tokio::test]
async fn a_refused_caller_is_woken_when_a_slot_is_free() {
    let slots = Slots::new(Caps::new(8, 1));
    let held = take(&slots, "a", 1, Lane::Fresh);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(held);
    slots.woken().await;
}
