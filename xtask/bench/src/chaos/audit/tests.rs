use super::*;
use crate::chaos::ledger::{Publication, Webhook};

type Change = fn(&mut Records);

/// Two publications at an ordered webhook and one that takes all, of one account, and everything right.
fn fine() -> Records {
    let webhook = |id: &str, ordered| Webhook { id: id.to_owned(), account: 0, event_types: &[], ordered };
    let publication = |id: &str| Publication { account: 0, event_type: "a", wrong: false, fate: Fate::Accepted(id.to_owned()) };
    let mut records = Records {
        webhooks: vec![webhook("in-order", true), webhook("any", false)],
        publications: vec![publication("n0"), publication("n1")],
        starts: vec![0],
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
        records.kills = vec![kill];
        assert_eq!(rules(&records).is_empty(), explained, "{kill}");
    }
}

/// Each of some notifications at one webhook was accepted just before a kill, and came again after it.
fn again_after_a_kill(webhook: usize, count: usize) -> Records {
    let mut records = fine();
    let kill = 1_000_000 * MILLISECOND;
    records.kills = vec![kill];
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
    records.kills = vec![first, first + 100 * MILLISECOND];
    for at in [first - 2 * MILLISECOND, first + 98 * MILLISECOND, first + 150 * MILLISECOND] {
        records.arrivals.push(arrival(0, 1, at, Answer::Accepted));
    }
    records.arrivals.remove(3);
    let audit = audit(&records);
    assert_eq!((audit.breaches, audit.killed), (Vec::new(), BTreeMap::from([((0, 0), 1), ((1, 0), 1)])));
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
