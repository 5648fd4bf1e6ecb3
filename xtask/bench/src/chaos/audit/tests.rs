use super::repeats::{MAX_BLOCKED, MAX_RECORDING, MAX_RECOVERY, MAX_SHARED_RECORDING, MIN_LEASE};
use super::*;
use crate::chaos::ledger::{Fault, LeasedDelivery, Outage, Publication, Webhook};

type Change = fn(&mut Records);

/// Returns records without a violation. Two publications were delivered to two webhooks of one account. One webhook is
/// ordered, and the other webhook is unordered.
fn valid_records() -> Records {
    let webhook = |id: &str, ordered| Webhook { id: id.to_owned(), account: 0, event_types: &[], ordered, reliable: true };
    let publication = |id: &str| Publication { account: 0, event_type: "a", invalid: false, outcome: Outcome::Accepted(id.to_owned()) };
    let mut records = Records {
        webhooks: vec![webhook("in-order", true), webhook("any", false)],
        publications: vec![publication("n0"), publication("n1")],
        ..Records::default()
    };
    for (webhook, sequence) in [(0, 0), (1, 1), (1, 0), (0, 1)] {
        let at = (records.arrivals.len() as u64 + 1) * 10_000 * MILLISECOND;
        records.arrivals.push(arrival(webhook, sequence, at, CallbackResponse::Accepted));
    }
    records
}

fn arrival(webhook: usize, sequence: usize, at: u64, response: CallbackResponse) -> Arrival {
    Arrival { webhook, sequence, notification: format!("n{sequence}"), at, genuine: true, response, responded_at: at + MILLISECOND }
}

fn killed(at: u64) -> Fault {
    Fault::new(0, FaultKind::Killed, at)
}

fn paused(at: u64, until: u64) -> Fault {
    Fault::new(0, FaultKind::Paused { until }, at)
}

fn rules(records: &Records) -> Vec<&'static str> {
    audit(records).violations.iter().map(|violation| violation.rule).collect()
}

#[test]
fn correct_records_have_no_violation() {
    let records = valid_records();
    assert_eq!(rules(&records), [""; 0]);
    assert_eq!(outstanding(&records), 0);
    let shown = audit(&records).to_string();
    assert!(
        shown.contains("delivered at least once                4\n") && shown.contains("lost                                   0\n"),
        "{shown}"
    );
}

#[test]
fn each_violation_is_found() {
    let publication = |outcome, invalid| Publication { account: 0, event_type: "a", invalid, outcome };
    let broken: [(&str, Change); 9] = [
        ("lost", |records| drop(records.arrivals.pop())),
        ("lost", |records| records.arrivals[2].response = CallbackResponse::Refused(500)),
        ("no valid signature or credentials", |records| records.arrivals[0].genuine = false),
        ("delivered with two ids", |records| records.arrivals[1].notification = "other".to_owned()),
        ("repeated after it was accepted", |records| {
            records.arrivals.push(arrival(1, 0, 90_000 * MILLISECOND, CallbackResponse::Accepted))
        }),
        ("out of order", |records| records.arrivals.push(arrival(0, 0, 90_000 * MILLISECOND, CallbackResponse::Accepted))),
        ("refused, but delivered", |records| records.publications[0].outcome = Outcome::Refused(400)),
        ("accepted, but invalid", |records| records.publications[0].invalid = true),
        ("delivered to a webhook that does not match", |records| records.publications[0].account = 1),
    ];
    for (rule, change) in broken {
        let mut records = valid_records();
        change(&mut records);
        assert!(rules(&records).contains(&rule), "{rule}: {:?}", rules(&records));
    }
    for (rule, added) in [
        ("refused without a reason", publication(Outcome::Refused(401), false)),
        ("lost", publication(Outcome::Accepted("n2".to_owned()), false)),
    ] {
        let mut records = valid_records();
        records.publications.push(added);
        assert!(rules(&records).contains(&rule), "{rule}");
    }
}

#[test]
fn a_notification_arrives_only_after_earlier_ones_are_accepted() {
    let mut records = valid_records();
    records.arrivals[0].response = CallbackResponse::Refused(500);
    records.arrivals.push(arrival(0, 0, 90_000 * MILLISECOND, CallbackResponse::Accepted));
    assert_eq!(
        rules(&records),
        ["out of order", "out of order"],
        "the second notification is too early, and the first one arrives after the second"
    );
    let mut records = valid_records();
    records.arrivals[0].response = CallbackResponse::Refused(500);
    records.arrivals.insert(1, arrival(0, 0, 15_000 * MILLISECOND, CallbackResponse::Accepted));
    assert_eq!(rules(&records), [""; 0]);
}

#[test]
fn only_callbacks_in_flight_may_be_repeated_after_a_kill() {
    let accepted_at = 31 * 1_000 * MILLISECOND;
    for (kill, explained) in [
        (accepted_at, true),
        (accepted_at + MAX_RECORDING / 2, true),
        (accepted_at + MAX_RECORDING * 2, false),
        (accepted_at - 2 * MAX_TRANSIT, false),
        // The kill is after the repetition.
        (accepted_at + 90_000 * MILLISECOND, false),
    ] {
        let mut records = valid_records();
        records.arrivals[2] = arrival(1, 0, accepted_at - MILLISECOND, CallbackResponse::Accepted);
        records.arrivals.push(arrival(1, 0, accepted_at + 60_000 * MILLISECOND, CallbackResponse::Accepted));
        records.faults = vec![killed(kill)];
        assert_eq!(rules(&records).is_empty(), explained, "{kill}");
    }
}

/// Returns records with `count` notifications to one webhook. Each callback was accepted just before a kill, and
/// repeated after the kill.
fn repeated_after_a_kill(webhook: usize, count: usize) -> Records {
    let mut records = valid_records();
    let kill = 1_000_000 * MILLISECOND;
    records.faults = vec![killed(kill)];
    records.arrivals.clear();
    records.publications.clear();
    for sequence in 0..count {
        let outcome = Outcome::Accepted(format!("n{sequence}"));
        records.publications.push(Publication { account: 0, event_type: "a", invalid: false, outcome });
        let other = arrival(1 - webhook, sequence, kill / 2 + sequence as u64, CallbackResponse::Accepted);
        records.arrivals.extend([other, arrival(webhook, sequence, kill - 2 * MILLISECOND, CallbackResponse::Accepted)]);
    }
    let again = (0..count).map(|sequence| arrival(webhook, sequence, kill + MILLISECOND, CallbackResponse::Accepted));
    records.arrivals.extend(again);
    records
}

#[test]
fn repetitions_after_a_kill_are_limited_by_attempts_in_flight_and_unrecorded() {
    let limit = IN_FLIGHT_PER_WEBHOOK + MAX_UNRECORDED_PER_WEBHOOK;
    assert_eq!(rules(&repeated_after_a_kill(1, limit)), [""; 0]);
    assert_eq!(rules(&repeated_after_a_kill(1, limit + 1)), ["more repetitions than in flight or unrecorded"]);
    let shown = audit(&repeated_after_a_kill(1, limit)).to_string();
    assert!(shown.contains(&format!("accepted at most 1 ms before the fault, at most {limit} for one webhook")), "{shown}");
}

#[test]
fn an_ordered_webhook_gets_one_repetition_after_a_kill() {
    let rule = "more repetitions than in flight or unrecorded";
    assert!(!rules(&repeated_after_a_kill(0, 1)).contains(&rule));
    assert!(rules(&repeated_after_a_kill(0, 2)).contains(&rule));
}

#[test]
fn a_callback_may_be_repeated_after_each_of_two_kills() {
    let mut records = valid_records();
    let first = 40_000 * MILLISECOND;
    // The second kill follows soon after the first kill, so the first kill could explain both repetitions.
    records.faults = vec![killed(first), killed(first + 100 * MILLISECOND)];
    for at in [first - 2 * MILLISECOND, first + 98 * MILLISECOND, first + 150 * MILLISECOND] {
        records.arrivals.push(arrival(0, 1, at, CallbackResponse::Accepted));
    }
    records.arrivals.remove(3);
    let audit = audit(&records);
    assert_eq!((audit.violations, audit.by_fault), (Vec::new(), BTreeMap::from([((0, 0), 1), ((1, 0), 1)])));
}

#[test]
fn a_callback_that_was_not_accepted_may_be_repeated() {
    for response in [CallbackResponse::Refused(429), CallbackResponse::Dropped, CallbackResponse::CutOff, CallbackResponse::None] {
        let mut records = valid_records();
        records.arrivals.insert(2, arrival(1, 0, 25_000 * MILLISECOND, response));
        let audit = audit(&records);
        assert_eq!((audit.violations.len(), audit.repeat_causes.get(&Cause::Response(response))), (0, Some(&1)));
    }
}

#[test]
fn a_publication_without_response_is_delivered_to_all_webhooks_or_none() {
    let unknown = Publication { account: 0, event_type: "a", invalid: false, outcome: Outcome::Unknown };
    let mut records = valid_records();
    records.publications.push(unknown);
    assert_eq!(rules(&records), [""; 0]);
    records.arrivals.push(arrival(1, 2, 90_000 * MILLISECOND, CallbackResponse::Accepted));
    assert_eq!(rules(&records), ["lost"]);
}

/// Returns records with a shared database, in which a callback is repeated `later` milliseconds after it was accepted.
fn repeated_with_shared_database(later: u64) -> (Records, u64) {
    let mut records = valid_records();
    records.shared_database = true;
    let accepted_at = records.arrivals[2].responded_at;
    records.arrivals.push(arrival(1, 0, accepted_at + later * MILLISECOND, CallbackResponse::Accepted));
    (records, accepted_at)
}

#[test]
fn a_killed_server_is_taken_over_only_after_its_lease_expires() {
    let lease = MIN_LEASE / MILLISECOND;
    for (later, explained) in [(lease - 100, false), (lease + 100, true), (12_000, true), (60_000, true)] {
        let (mut records, accepted_at) = repeated_with_shared_database(later);
        records.faults = vec![killed(accepted_at)];
        assert_eq!(rules(&records).is_empty(), explained, "{later}");
        // If the server could not renew its lease, a takeover is possible sooner.
        let outage = Outage { from: accepted_at - 9 * SECOND, until: accepted_at - SECOND, is_down: true };
        records.outages = vec![outage];
        assert_eq!(rules(&records), [""; 0], "{later}");
    }
    let (mut records, accepted_at) = repeated_with_shared_database(12_000);
    records.faults = vec![killed(accepted_at + MAX_SHARED_RECORDING * 2)];
    assert_eq!(rules(&records), ["repeated after it was accepted"], "the attempt was recorded before the kill");
}

#[test]
fn a_paused_server_may_block_recording_for_a_while() {
    for (paused_before, explained) in [(SECOND / 2, true), (MAX_BLOCKED * 2, false)] {
        let (mut records, accepted_at) = repeated_with_shared_database(12_000);
        let other = Fault { node: 1, ..paused(accepted_at - paused_before, u64::MAX) };
        records.faults = vec![other, killed(accepted_at + MAX_SHARED_RECORDING * 2)];
        assert_eq!(rules(&records).is_empty(), explained, "{paused_before}");
    }
}

#[test]
fn a_paused_server_may_repeat_its_leased_deliveries() {
    let (mut records, accepted_at) = repeated_with_shared_database(11_000);
    records.faults = vec![paused(accepted_at, accepted_at + 13 * SECOND)];
    let judged = audit(&records);
    assert_eq!((judged.violations.len(), judged.repeat_causes.get(&Cause::Paused)), (0, Some(&1)), "the callback was in flight");
    for (until, explained) in [(2, true), (5, false)] {
        let (mut records, accepted_at) = repeated_with_shared_database(4_000);
        records.faults = vec![paused(accepted_at, accepted_at + until * SECOND)];
        assert_eq!(rules(&records).is_empty(), explained, "the pause is shorter than the lease: {until} s");
    }

    // Another server took over, and a receiver accepted the callback of that server. The paused server was about to
    // send the same callback.
    for (later, explained) in [(900, true), (1_100, false)] {
        let (mut records, accepted_at) = repeated_with_shared_database(2_000 + later);
        records.faults = vec![paused(accepted_at - 11 * SECOND, accepted_at + 2 * SECOND)];
        assert_eq!(rules(&records).is_empty(), explained, "{later} ms after the server continues");
    }
    let (mut records, accepted_at) = repeated_with_shared_database(2_500);
    records.faults = vec![paused(accepted_at + 2 * SECOND, accepted_at + 2 * SECOND + MILLISECOND)];
    assert_eq!(rules(&records), ["repeated after it was accepted"], "the attempt was recorded before the pause");
}

#[test]
fn an_attempt_that_cannot_be_recorded_may_be_repeated() {
    let down = |from: u64, until: u64| vec![Outage { from, until, is_down: true }];
    let (mut records, accepted_at) = repeated_with_shared_database(20_000);
    records.outages = down(accepted_at, accepted_at + MIN_LEASE);
    assert_eq!(audit(&records).repeat_causes.get(&Cause::DatabaseDown), Some(&1), "the leases expired during the outage");
    records.outages = down(accepted_at, accepted_at + MIN_LEASE / 2);
    assert_eq!(rules(&records), ["repeated after it was accepted"], "the attempt was recorded after the outage");
    records.faults = vec![killed(accepted_at + MIN_LEASE / 2 + MAX_RECOVERY - SECOND)];
    assert_eq!(rules(&records), [""; 0], "the server was killed before it could record the attempt");
    records.outages = down(accepted_at + 2 * SECOND, accepted_at + 2 * SECOND + MIN_LEASE);
    records.faults.clear();
    assert_eq!(rules(&records), ["repeated after it was accepted"], "the attempt was recorded before the outage");
}

#[test]
fn a_paused_server_may_send_only_repetitions_out_of_order() {
    let late = 90_000 * MILLISECOND;
    let mut records = valid_records();
    records.shared_database = true;
    records.faults = vec![paused(5_000 * MILLISECOND, late - MILLISECOND)];
    records.arrivals.push(arrival(0, 0, late, CallbackResponse::Accepted));
    assert_eq!(rules(&records), [""; 0]);
    // Without the earlier arrival, the later arrival is not a repetition.
    records.arrivals.remove(0);
    assert_eq!(rules(&records), ["out of order"]);
}

#[test]
fn an_ordered_webhook_gets_up_to_two_repetitions_after_a_pause() {
    let rule = "more repetitions than in flight or unrecorded";
    for (count, allowed) in [(2, true), (3, false)] {
        let mut records = repeated_after_a_kill(0, count);
        records.faults = vec![paused(records.faults[0].at, u64::MAX)];
        assert_eq!(rules(&records).contains(&rule), !allowed, "{count}");
    }
}

/// Returns records in which a node had leased a delivery when the node was killed. The delivery arrived `seconds` after
/// the kill.
fn taken_over_after(seconds: u64) -> Records {
    let mut records = valid_records();
    records.shared_database = true;
    let at = 100 * SECOND;
    let leased = LeasedDelivery { webhook: "any".to_owned(), notification: "n1".to_owned() };
    records.faults = vec![Fault { leased: vec![leased], ..killed(at) }];
    // The callback that was sent before the kill does not count.
    let callbacks = [at + MAX_TRANSIT / 2, at + seconds * SECOND].map(|at| arrival(1, 1, at, CallbackResponse::Accepted));
    records.arrivals.remove(1);
    records.arrivals.extend(callbacks);
    records
}

#[test]
fn deliveries_of_a_killed_server_are_taken_over_within_fifteen_seconds() {
    let records = taken_over_after(14);
    assert_eq!(rules(&records), [""; 0]);
    let shown = audit(&records).to_string();
    assert!(shown.contains("deliveries taken over                  1  after 1 kills and pauses, at most 14,000 ms later\n"), "{shown}");
    assert_eq!(rules(&taken_over_after(16)), ["taken over too late"]);
}

#[test]
fn a_takeover_is_measured_from_the_last_fault_that_delayed_it() {
    let mut records = taken_over_after(16);
    let second = Fault { at: records.faults[0].at + 11 * SECOND, ..records.faults[0].clone() };
    records.faults.push(second);
    assert_eq!(rules(&records), [""; 0], "the server that took over was killed too");
    let mut records = taken_over_after(16);
    let at = records.faults[0].at;
    records.outages = vec![Outage { from: at, until: at + 2 * SECOND, is_down: true }];
    assert_eq!(rules(&records), [""; 0], "the database was down");
    let mut records = taken_over_after(16);
    records.webhooks[1].reliable = false;
    assert_eq!(rules(&records), [""; 0], "the receiver may have failed");
}
