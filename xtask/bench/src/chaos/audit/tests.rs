use super::repeats::{HELD_UP, LEASE, RECORDED, RECORDED_TOGETHER, RECOVERY};
use super::*;
use crate::chaos::ledger::{Fault, Held, Outage, Publication, Webhook};

type Change = fn(&mut Records);

/// Two publications at an ordered webhook and one that takes all, of one account, and everything right.
fn fine() -> Records {
    let webhook = |id: &str, ordered| Webhook { id: id.to_owned(), account: 0, event_types: &[], ordered, steady: true };
    let publication = |id: &str| Publication { account: 0, event_type: "a", wrong: false, fate: Fate::Accepted(id.to_owned()) };
    let mut records = Records {
        webhooks: vec![webhook("in-order", true), webhook("any", false)],
        publications: vec![publication("n0"), publication("n1")],
        ..Records::default()
    };
    for (webhook, sequence) in [(0, 0), (1, 1), (1, 0), (0, 1)] {
        let at = (records.arrivals.len() as u64 + 1) * 10_000 * MILLISECOND;
        records.arrivals.push(arrival(webhook, sequence, at, Answer::Accepted));
    }
    records
}

fn arrival(webhook: usize, sequence: usize, at: u64, answer: Answer) -> Arrival {
    Arrival { webhook, sequence, notification: format!("n{sequence}"), at, genuine: true, answer, answered_at: at + MILLISECOND }
}

fn killed(at: u64) -> Fault {
    Fault::new(0, What::Killed, at)
}

fn paused(at: u64, until: u64) -> Fault {
    Fault::new(0, What::Paused { until }, at)
}

fn rules(records: &Records) -> Vec<&'static str> {
    audit(records).breaches.iter().map(|breach| breach.rule).collect()
}

#[test]
fn what_is_right_is_no_breach() {
    let records = fine();
    assert_eq!(rules(&records), [""; 0]);
    assert_eq!(outstanding(&records), 0);
    let shown = audit(&records).to_string();
    assert!(
        shown.contains("delivered at least once                4\n") && shown.contains("lost                                   0\n"),
        "{shown}"
    );
}

#[test]
fn each_rule_that_is_broken_is_found() {
    let publication = |fate, wrong| Publication { account: 0, event_type: "a", wrong, fate };
    let broken: [(&str, Change); 9] = [
        ("lost", |records| drop(records.arrivals.pop())),
        ("lost", |records| records.arrivals[2].answer = Answer::Refused(500)),
        ("no valid signature or credentials", |records| records.arrivals[0].genuine = false),
        ("published once, and delivered under two identifiers", |records| records.arrivals[1].notification = "other".to_owned()),
        ("accepted, and sent again", |records| records.arrivals.push(arrival(1, 0, 90_000 * MILLISECOND, Answer::Accepted))),
        ("out of order", |records| records.arrivals.push(arrival(0, 0, 90_000 * MILLISECOND, Answer::Accepted))),
        ("refused, and delivered nevertheless", |records| records.publications[0].fate = Fate::Refused(400)),
        ("accepted though it is wrong", |records| records.publications[0].wrong = true),
        ("at a webhook that did not ask for it", |records| records.publications[0].account = 1),
    ];
    for (rule, change) in broken {
        let mut records = fine();
        change(&mut records);
        assert!(rules(&records).contains(&rule), "{rule}: {:?}", rules(&records));
    }
    for (rule, added) in
        [("refused without reason", publication(Fate::Refused(401), false)), ("lost", publication(Fate::Accepted("n2".to_owned()), false))]
    {
        let mut records = fine();
        records.publications.push(added);
        assert!(rules(&records).contains(&rule), "{rule}");
    }
}

#[test]
fn nothing_comes_before_what_it_was_published_after_is_accepted() {
    let mut records = fine();
    records.arrivals[0].answer = Answer::Refused(500);
    records.arrivals.push(arrival(0, 0, 90_000 * MILLISECOND, Answer::Accepted));
    assert_eq!(rules(&records), ["out of order", "out of order"], "it comes too early, and the other goes back");
    let mut records = fine();
    records.arrivals[0].answer = Answer::Refused(500);
    records.arrivals.insert(1, arrival(0, 0, 15_000 * MILLISECOND, Answer::Accepted));
    assert_eq!(rules(&records), [""; 0]);
}

#[test]
fn only_what_was_in_flight_may_come_again_after_a_kill() {
    let accepted_at = 31 * 1_000 * MILLISECOND;
    for (kill, explained) in [
        (accepted_at, true),
        (accepted_at + RECORDED / 2, true),
        (accepted_at + RECORDED * 2, false),
        (accepted_at - 2 * ON_ITS_WAY, false),
        // After it came again.
        (accepted_at + 90_000 * MILLISECOND, false),
    ] {
        let mut records = fine();
        records.arrivals[2] = arrival(1, 0, accepted_at - MILLISECOND, Answer::Accepted);
        records.arrivals.push(arrival(1, 0, accepted_at + 60_000 * MILLISECOND, Answer::Accepted));
        records.faults = vec![killed(kill)];
        assert_eq!(rules(&records).is_empty(), explained, "{kill}");
    }
}

/// Each of some notifications at one webhook was accepted just before a kill, and came again after it.
fn again_after_a_kill(webhook: usize, count: usize) -> Records {
    let mut records = fine();
    let kill = 1_000_000 * MILLISECOND;
    records.faults = vec![killed(kill)];
    records.arrivals.clear();
    records.publications.clear();
    for sequence in 0..count {
        let fate = Fate::Accepted(format!("n{sequence}"));
        records.publications.push(Publication { account: 0, event_type: "a", wrong: false, fate });
        let other = arrival(1 - webhook, sequence, kill / 2 + sequence as u64, Answer::Accepted);
        records.arrivals.extend([other, arrival(webhook, sequence, kill - 2 * MILLISECOND, Answer::Accepted)]);
    }
    let again = (0..count).map(|sequence| arrival(webhook, sequence, kill + MILLISECOND, Answer::Accepted));
    records.arrivals.extend(again);
    records
}

#[test]
fn no_more_come_again_after_a_kill_than_can_have_been_in_flight_or_unrecorded() {
    let most = IN_FLIGHT_PER_WEBHOOK + UNRECORDED_PER_WEBHOOK;
    assert_eq!(rules(&again_after_a_kill(1, most)), [""; 0]);
    assert_eq!(rules(&again_after_a_kill(1, most + 1)), ["sent again, and neither in flight nor unrecorded"]);
    let shown = audit(&again_after_a_kill(1, most)).to_string();
    assert!(shown.contains(&format!("accepted 1 ms before it at most, and {most} of a webhook at most")), "{shown}");
}

#[test]
fn where_they_come_one_at_a_time_one_comes_again_after_a_kill() {
    let rule = "sent again, and neither in flight nor unrecorded";
    assert!(!rules(&again_after_a_kill(0, 1)).contains(&rule));
    assert!(rules(&again_after_a_kill(0, 2)).contains(&rule));
}

#[test]
fn what_came_again_after_each_of_two_kills_was_in_flight_once_at_each() {
    let mut records = fine();
    let first = 40_000 * MILLISECOND;
    // The second kill follows so soon that the first would explain its repeat as well.
    records.faults = vec![killed(first), killed(first + 100 * MILLISECOND)];
    for at in [first - 2 * MILLISECOND, first + 98 * MILLISECOND, first + 150 * MILLISECOND] {
        records.arrivals.push(arrival(0, 1, at, Answer::Accepted));
    }
    records.arrivals.remove(3);
    let audit = audit(&records);
    assert_eq!((audit.breaches, audit.of_fault), (Vec::new(), BTreeMap::from([((0, 0), 1), ((1, 0), 1)])));
}

#[test]
fn what_was_not_accepted_may_come_again_and_is_told_why() {
    for answer in [Answer::Refused(429), Answer::Dropped, Answer::BrokenOff, Answer::None] {
        let mut records = fine();
        records.arrivals.insert(2, arrival(1, 0, 25_000 * MILLISECOND, answer));
        let audit = audit(&records);
        assert_eq!((audit.breaches.len(), audit.again.get(&Cause::Answer(answer))), (0, Some(&1)));
    }
}

#[test]
fn an_unknown_publication_comes_to_all_its_webhooks_or_to_none() {
    let unknown = Publication { account: 0, event_type: "a", wrong: false, fate: Fate::Unknown };
    let mut records = fine();
    records.publications.push(unknown);
    assert_eq!(rules(&records), [""; 0]);
    records.arrivals.push(arrival(1, 2, 90_000 * MILLISECOND, Answer::Accepted));
    assert_eq!(rules(&records), ["lost"]);
}

/// What was accepted comes again, so many milliseconds later, where servers share a database.
fn again_with_leases(later: u64) -> (Records, u64) {
    let mut records = fine();
    records.leases = true;
    let accepted_at = records.arrivals[2].answered_at;
    records.arrivals.push(arrival(1, 0, accepted_at + later * MILLISECOND, Answer::Accepted));
    (records, accepted_at)
}

#[test]
fn a_killed_server_is_taken_over_from_when_its_lease_has_ended_and_not_sooner() {
    let lease = LEASE / MILLISECOND;
    for (later, explained) in [(lease - 100, false), (lease + 100, true), (12_000, true), (60_000, true)] {
        let (mut records, accepted_at) = again_with_leases(later);
        records.faults = vec![killed(accepted_at)];
        assert_eq!(rules(&records).is_empty(), explained, "{later}");
        // Unless it could not renew its lease.
        let away = Outage { from: accepted_at - 9 * SECOND, until: accepted_at - SECOND, away: true };
        records.outages = vec![away];
        assert_eq!(rules(&records), [""; 0], "{later}");
    }
    let (mut records, accepted_at) = again_with_leases(12_000);
    records.faults = vec![killed(accepted_at + RECORDED_TOGETHER * 2)];
    assert_eq!(rules(&records), ["accepted, and sent again"], "it had been recorded");
}

#[test]
fn a_server_that_is_paused_may_keep_others_from_recording_for_a_while() {
    for (paused_before, explained) in [(SECOND / 2, true), (HELD_UP * 2, false)] {
        let (mut records, accepted_at) = again_with_leases(12_000);
        let other = Fault { node: 1, ..paused(accepted_at - paused_before, u64::MAX) };
        records.faults = vec![other, killed(accepted_at + RECORDED_TOGETHER * 2)];
        assert_eq!(rules(&records).is_empty(), explained, "{paused_before}");
    }
}

#[test]
fn what_a_paused_server_was_on_or_about_to_send_may_come_again() {
    let (mut records, accepted_at) = again_with_leases(11_000);
    records.faults = vec![paused(accepted_at, accepted_at + 13 * SECOND)];
    let judged = audit(&records);
    assert_eq!((judged.breaches.len(), judged.again.get(&Cause::Paused)), (0, Some(&1)), "it was in flight");
    for (until, explained) in [(2, true), (5, false)] {
        let (mut records, accepted_at) = again_with_leases(4_000);
        records.faults = vec![paused(accepted_at, accepted_at + until * SECOND)];
        assert_eq!(rules(&records).is_empty(), explained, "a pause that is shorter than the lease: {until} s");
    }

    // Another had taken over and was accepted; the one that was paused had yet to send it.
    for (later, explained) in [(900, true), (1_100, false)] {
        let (mut records, accepted_at) = again_with_leases(2_000 + later);
        records.faults = vec![paused(accepted_at - 11 * SECOND, accepted_at + 2 * SECOND)];
        assert_eq!(rules(&records).is_empty(), explained, "{later} ms after it went on");
    }
    let (mut records, accepted_at) = again_with_leases(2_500);
    records.faults = vec![paused(accepted_at + 2 * SECOND, accepted_at + 2 * SECOND + MILLISECOND)];
    assert_eq!(rules(&records), ["accepted, and sent again"], "it was accepted and recorded before the pause");
}

#[test]
fn what_cannot_be_recorded_while_the_database_is_away_may_come_again() {
    let away = |from: u64, until: u64| vec![Outage { from, until, away: true }];
    let (mut records, accepted_at) = again_with_leases(20_000);
    records.outages = away(accepted_at, accepted_at + LEASE);
    assert_eq!(audit(&records).again.get(&Cause::Away), Some(&1), "the leases have ended meanwhile");
    records.outages = away(accepted_at, accepted_at + LEASE / 2);
    assert_eq!(rules(&records), ["accepted, and sent again"], "it was recorded when the database was back");
    records.faults = vec![killed(accepted_at + LEASE / 2 + RECOVERY - SECOND)];
    assert_eq!(rules(&records), [""; 0], "the server was killed before it could");
    records.outages = away(accepted_at + 2 * SECOND, accepted_at + 2 * SECOND + LEASE);
    records.faults.clear();
    assert_eq!(rules(&records), ["accepted, and sent again"], "it had been recorded before");
}

#[test]
fn only_what_came_before_may_go_back_when_a_paused_server_goes_on() {
    let late = 90_000 * MILLISECOND;
    let mut records = fine();
    records.leases = true;
    records.faults = vec![paused(5_000 * MILLISECOND, late - MILLISECOND)];
    records.arrivals.push(arrival(0, 0, late, Answer::Accepted));
    assert_eq!(rules(&records), [""; 0]);
    // The first time that it comes at all.
    records.arrivals.remove(0);
    assert_eq!(rules(&records), ["out of order"]);
}

#[test]
fn where_they_come_one_at_a_time_one_was_in_flight_at_a_pause_and_one_yet_to_be_sent() {
    let rule = "sent again, and neither in flight nor unrecorded";
    for (count, allowed) in [(2, true), (3, false)] {
        let mut records = again_after_a_kill(0, count);
        records.faults = vec![paused(records.faults[0].at, u64::MAX)];
        assert_eq!(rules(&records).contains(&rule), !allowed, "{count}");
    }
}

/// A node was on a delivery when it was killed, and this came so many seconds later.
fn taken_over_after(seconds: u64) -> Records {
    let mut records = fine();
    records.leases = true;
    let at = 100 * SECOND;
    let held = Held { webhook: "any".to_owned(), notification: "n1".to_owned() };
    records.faults = vec![Fault { held: vec![held], ..killed(at) }];
    // The one that was on its way does not count.
    let came = [at + ON_ITS_WAY / 2, at + seconds * SECOND].map(|at| arrival(1, 1, at, Answer::Accepted));
    records.arrivals.remove(1);
    records.arrivals.extend(came);
    records
}

#[test]
fn what_a_killed_server_was_on_goes_on_within_fifteen_seconds() {
    let records = taken_over_after(14);
    assert_eq!(rules(&records), [""; 0]);
    let shown = audit(&records).to_string();
    assert!(shown.contains("taken over                             1  at 1 kills and pauses, 14,000 ms after these at most\n"), "{shown}");
    assert_eq!(rules(&taken_over_after(16)), ["taken over too late"]);
}

#[test]
fn a_takeover_counts_from_the_last_fault_that_kept_it() {
    let mut records = taken_over_after(16);
    let second = Fault { at: records.faults[0].at + 11 * SECOND, ..records.faults[0].clone() };
    records.faults.push(second);
    assert_eq!(rules(&records), [""; 0], "whoever took it over was killed too");
    let mut records = taken_over_after(16);
    let at = records.faults[0].at;
    records.outages = vec![Outage { from: at, until: at + 2 * SECOND, away: true }];
    assert_eq!(rules(&records), [""; 0], "the database was away");
    let mut records = taken_over_after(16);
    records.webhooks[1].steady = false;
    assert_eq!(rules(&records), [""; 0], "its receiver may have failed");
}
