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
