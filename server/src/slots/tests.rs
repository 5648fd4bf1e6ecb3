use super::*;

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
}

fn work(webhook: u128, lane: Lane) -> Work {
    Work { webhook_id: Uuid::from_u128(webhook), lane }
}

fn take(slots: &Arc<Slots>, account: &str, webhook: u128, lane: Lane) -> Option<Slot> {
    slots.try_take(&account.into(), work(webhook, lane), 10, at(0))
}

/// A webhook that has accepted so many deliveries.
fn proven(slots: &Arc<Slots>, account: &str, webhook: u128, accepted: usize) {
    for _ in 0..accepted {
        take(slots, account, webhook, Lane::Fresh).expect("a free slot").end(true, at(0));
    }
}

#[test]
fn each_cap_leaves_room_for_the_others() {
    let slots = Slots::new(Caps::new(8, 1));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "the webhook's cap is one");
    let second = take(&slots, "a", 2, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none(), "the account's cap is a quarter");
    assert!(take(&slots, "b", 4, Lane::Fresh).is_some());
    assert!(slots.awake(at(0), 10).is_empty());
    first.end(true, at(0));
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh), work(3, Lane::Fresh)], "both may go on");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some(), "a slot that came free is free again");
    drop(second);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn a_webhook_earns_its_slots() {
    let slots = Slots::new(Caps::new(100, 4));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "a new one gets one");
    first.end(true, at(0));
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
    proven(&slots, "a", 1, 10);
    let held: Vec<Slot> = std::iter::from_fn(|| take(&slots, "a", 1, Lane::Fresh)).collect();
    assert_eq!(held.len(), 4, "and no more than its cap");
}

#[test]
fn what_is_not_used_for_as_long_as_connections_are_kept_is_earned_anew() {
    let slots = Slots::new(Caps::new(100, 20));
    proven(&slots, "a", 1, 100);
    let held_at = |now| {
        let held: Vec<Slot> = std::iter::from_fn(|| slots.try_take(&"a".into(), work(1, Lane::Fresh), 10, now)).collect();
        let count = held.len();
        held.into_iter().for_each(|slot| drop(slot.end(true, now)));
        let _ = slots.awake(now, 10);
        count
    };
    assert_eq!(held_at(at(4000)), 14, "for 100 that it accepted");
    assert_eq!(held_at(at(8001)), 4);
    assert_eq!(held_at(at(8001)), 5);
}

#[test]
fn a_quarter_is_kept_for_fresh_deliveries_of_webhooks_that_accept() {
    let slots = Slots::new(Caps::new(8, 2));
    proven(&slots, "good", 99, 1);
    let held: Vec<Slot> = (0..8).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 6);
    assert!(take(&slots, "good", 99, Lane::Retry).is_none());
    let sure = take(&slots, "good", 99, Lane::Fresh);
    assert!(sure.is_some());
    drop(held);
    assert_eq!(slots.awake(at(0), 10), [work(6, Lane::Fresh), work(7, Lane::Fresh), work(99, Lane::Retry)], "retries come last");
}

#[test]
fn what_hangs_makes_room_after_a_second() {
    let slots = Slots::new(Caps::new(4, 1));
    let mut held: Vec<Slot> = (0..3).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 3);
    assert!(take(&slots, "new", 9, Lane::Fresh).is_none());
    assert_eq!(slots.next_look(), Some(at(1000)));
    assert!(slots.awake(at(999), 10).is_empty());
    assert_eq!(slots.awake(at(1000), 10), [work(9, Lane::Fresh)]);
    held.extend(take(&slots, "new", 9, Lane::Fresh));
    assert_eq!(held.len(), 4);
    assert!(take(&slots, "0", 0, Lane::Fresh).is_none(), "the one that hangs gets nothing more");
    for slot in held {
        slot.end(false, at(2000));
    }
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn an_account_that_hangs_has_its_share_twice_and_no_more() {
    let slots = Slots::new(Caps::new(8, 1));
    let hung: Vec<Slot> = (0..2).filter_map(|n| take(&slots, "a", n, Lane::Fresh)).collect();
    assert!(slots.awake(at(1000), 10).is_empty());
    let again: Vec<Slot> = (2..9).filter_map(|n| take(&slots, "a", n, Lane::Fresh)).collect();
    assert_eq!((hung.len(), again.len()), (2, 2));
    assert!(slots.awake(at(9000), 10).is_empty(), "its slow ones have no more room");
}

#[test]
fn after_failures_in_a_row_a_webhook_is_only_probed() {
    let slots = Slots::new(Caps::new(100, 10));
    for _ in 0..5 {
        take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(false, at(0));
    }
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    assert!(take(&slots, "a", 1, Lane::Retry).is_none());
    assert_eq!(slots.next_look(), Some(at(250)));
    assert_eq!(slots.awake(at(250), 10), [work(1, Lane::Fresh), work(1, Lane::Retry)]);
    let now = at(250);
    let probe = slots.try_take(&"a".into(), work(1, Lane::Fresh), 10, now).expect("one goes");
    assert!(slots.try_take(&"a".into(), work(1, Lane::Retry), 10, now).is_none(), "and only one");
    probe.end(false, now);
    assert!(slots.awake(now, 10).is_empty());
    assert_eq!(slots.awake(at(750), 10), [work(1, Lane::Retry)], "the next one after twice the time");
}

#[test]
fn a_webhook_that_was_changed_need_not_wait() {
    let slots = Slots::new(Caps::new(100, 10));
    for _ in 0..5 {
        take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(false, at(0));
    }
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    slots.forgive(Uuid::from_u128(1));
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some());
}

#[test]
fn payloads_are_bounded_but_the_first_of_an_account_fits() {
    let slots = Slots::new(Caps::new(100, 100));
    let take_huge =
        |webhook: u128| slots.try_take(&webhook.to_string().as_str().into(), work(webhook, Lane::Fresh), PAYLOAD_BYTES * 2, at(0));
    let mut held: Vec<Slot> = (0..4).filter_map(take_huge).collect();
    assert_eq!(held.len(), 3);
    assert!(slots.awake(at(0), 10).is_empty());
    held.pop();
    assert_eq!(slots.awake(at(0), 10), [work(3, Lane::Fresh)]);
    assert!(take_huge(3).is_some());
}

#[test]
fn what_fits_does_not_go_before_a_large_payload_of_its_account() {
    let slots = Slots::new(Caps::new(400, 100));
    proven(&slots, "a", 1, 100);
    let small = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    let other = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    let take_large = || slots.try_take(&"a".into(), work(2, Lane::Fresh), PAYLOAD_BYTES_OF_ACCOUNT, at(0));
    assert!(take_large().is_none());
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(small);
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none(), "nor what comes before it has been looked at again");
    assert_eq!(slots.awake(at(0), 10), [work(2, Lane::Fresh)], "alone");
    assert!(take_large().is_none(), "one is in flight still");
    drop(other);
    assert!(slots.awake(at(0), 10).contains(&work(2, Lane::Fresh)));
    assert!(take_large().is_some());
}

#[test]
fn an_account_has_a_quarter_of_the_payloads_and_leaves_the_rest_to_the_others() {
    let slots = Slots::new(Caps::new(400, 100));
    let large = PAYLOAD_BYTES_OF_ACCOUNT / 4;
    proven(&slots, "a", 1, 100);
    let take_large = |account: &str, webhook| slots.try_take(&account.into(), work(webhook, Lane::Fresh), large, at(0));
    let mut held: Vec<Slot> = (0..8).filter_map(|_| take_large("a", 1)).collect();
    assert_eq!(held.len(), 4);
    assert!(slots.awake(at(0), 10).is_empty());
    assert!(take_large("b", 2).is_some(), "another account is not kept waiting");
    held.pop();
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
    held.extend(take_large("a", 1));
    assert!(take_large("a", 1).is_none());
    assert_eq!(slots.awake(at(1000), 10), [work(1, Lane::Fresh)], "what is slow counts apart");
    held.extend(take_large("a", 1));
    assert_eq!(held.len(), 5);
    drop(held);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn payloads_of_what_may_hang_leave_a_quarter_to_what_accepts() {
    let slots = Slots::new(Caps::new(400, 100));
    proven(&slots, "good", 99, 1);
    let half = PAYLOAD_BYTES_OF_ACCOUNT / 2;
    let held: Vec<Slot> =
        (0..20).filter_map(|n| slots.try_take(&n.to_string().as_str().into(), work(n, Lane::Fresh), half, at(0))).collect();
    assert_eq!(held.len() * half, PAYLOAD_BYTES / 4 * 3);
    assert!(slots.try_take(&"good".into(), work(99, Lane::Fresh), half, at(0)).is_some());
}

#[test]
fn what_accepts_leaves_an_eighth_to_retries() {
    let slots = Slots::new(Caps::new(16, 4));
    for webhook in 0..4 {
        proven(&slots, &webhook.to_string(), webhook, 10);
    }
    let held: Vec<Slot> =
        (0..4).flat_map(|n| (0..4).map(move |_| n)).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Fresh)).collect();
    assert_eq!(held.len(), 14);
    let retries: Vec<Slot> = (10..20).filter_map(|n| take(&slots, &n.to_string(), n, Lane::Retry)).collect();
    assert_eq!(retries.len(), 2);
}

#[test]
fn a_large_payload_that_does_not_come_again_holds_its_account_up_no_longer_than_what_is_in_flight_is_quick() {
    let slots = Slots::new(Caps::new(400, 100));
    let held = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(slots.try_take(&"a".into(), work(2, Lane::Fresh), PAYLOAD_BYTES_OF_ACCOUNT, at(0)).is_none());
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none());
    // Its webhook has been deleted, and nobody takes it.
    assert_eq!(slots.awake(at(1000), 10), [work(2, Lane::Fresh), work(3, Lane::Fresh)]);
    assert!(take(&slots, "a", 3, Lane::Fresh).is_some());
    drop(held);
}

#[test]
fn payloads_of_what_accepts_leave_room_to_retries() {
    let slots = Slots::new(Caps::new(400, 100));
    let part = PAYLOAD_BYTES_OF_ACCOUNT / 4;
    let accounts: Vec<Arc<str>> = (0..5).map(|number: u128| number.to_string().into()).collect();
    for (number, account) in accounts.iter().enumerate() {
        proven(&slots, account, number as u128, 100);
    }
    let take_all = |(number, account): (usize, &Arc<str>)| {
        std::iter::from_fn(|| slots.try_take(account, work(number as u128, Lane::Fresh), part, at(0))).collect::<Vec<Slot>>()
    };
    let held: Vec<Slot> = accounts.iter().enumerate().flat_map(take_all).collect();
    assert_eq!(held.len() * part, PAYLOAD_BYTES / 8 * 7);
    assert!(slots.try_take(&"9".into(), work(9, Lane::Retry), part, at(0)).is_some());
}

#[test]
fn work_that_is_put_off_waits_for_that_time_and_no_slot_wakes_it() {
    let slots = Slots::new(Caps::new(8, 8));
    let held = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    slots.put_off(Uuid::from_u128(1), at(5000));
    drop(held);
    slots.wake([work(1, Lane::Fresh)]);
    assert!(slots.awake(at(4999), 10).is_empty());
    assert_eq!(slots.awake(at(5000), 10).first(), Some(&work(1, Lane::Fresh)));
}

#[test]
fn retries_of_a_webhook_have_their_turn_before_its_fresh_deliveries() {
    let slots = Slots::new(Caps::new(16, 4));
    proven(&slots, "a", 1, 1);
    let turns: Vec<bool> = (0..8).map(|_| slots.retries_go_first(Uuid::from_u128(1))).collect();
    assert_eq!(turns, [false, false, false, true, false, false, false, true]);
    assert!(!slots.retries_go_first(Uuid::from_u128(2)), "of one that is not known nothing else waits");
}

#[test]
fn what_was_slow_without_room_is_counted_so_when_there_is() {
    let slots = Slots::new(Caps::new(4, 1));
    let first = take(&slots, "a", 1, Lane::Fresh).expect("a slot");
    assert!(slots.awake(at(1000), 10).is_empty());
    let second = take(&slots, "a", 2, Lane::Fresh).expect("a slot");
    assert!(take(&slots, "a", 3, Lane::Fresh).is_none());
    assert!(slots.awake(at(9000), 10).is_empty(), "an account's slow ones are one, too");
    assert_eq!(slots.next_look(), None, "and there is nothing to look for until one ends");
    first.end(true, at(9000));
    assert_eq!(slots.awake(at(9000), 10), [work(3, Lane::Fresh)]);
    drop(second);
    assert_eq!(slots.in_flight(), 0);
}

#[test]
fn nothing_begins_while_too_much_is_not_recorded() {
    let slots = Slots::new(Caps::new(8, 8));
    let mut unrecorded: Vec<Unrecorded> =
        (0..UNRECORDED).map(|_| take(&slots, "a", 1, Lane::Fresh).expect("a slot").end(true, at(0))).collect();
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    assert!(slots.awake(at(0), 10).is_empty());
    unrecorded.pop();
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
}

#[test]
fn what_is_awake_and_has_not_been_handed_out_is_looked_at_at_once() {
    let slots = Slots::new(Caps::new(8, 8));
    slots.wake([work(1, Lane::Fresh), work(2, Lane::Fresh)]);
    assert_eq!(slots.awake(at(0), 1), [work(1, Lane::Fresh)]);
    assert!(slots.next_look().is_some_and(|look| look < at(0)));
}

#[test]
fn what_waits_goes_before_what_comes() {
    let slots = Slots::new(Caps::new(100, 1));
    let held = take(&slots, "a", 1, Lane::Fresh);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(held);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "until the one that waits has been looked at");
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_some());
}

#[test]
fn no_wait_outlives_a_clock_that_is_set_back() {
    let slots = Slots::new(Caps::new(100, 1));
    slots.wait_until(work(1, Lane::Fresh), at(100_000_000));
    assert_eq!(slots.awake(at(0), 10), [work(1, Lane::Fresh)]);
}

#[tokio::test]
async fn whoever_was_refused_is_told_when_there_is_room() {
    let slots = Slots::new(Caps::new(8, 1));
    let held = take(&slots, "a", 1, Lane::Fresh);
    assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
    drop(held);
    slots.woken().await;
}
