//! The health of a webhook, and how many attempts it may have in flight.
//!
//! The *allowance* of a webhook is its maximum number of attempts in flight. The allowance of a new webhook is one, so
//! a thousand new webhooks that hang use only a thousand slots. Up to an allowance of four, each success adds one. From
//! four, the allowance grows by one after a number of successes that equals the allowance. The growth is slow because
//! each attempt may need its own connection, and connections cost time and memory on both sides. So a short burst of
//! deliveries to many hosts needs few connections. When the idle connections of the webhook are closed, an allowance
//! above four falls to four. Each failure halves the allowance.
//!
//! After five failures in a row, the *circuit* of the webhook opens: during a *pause*, no delivery of the webhook is
//! sent. After the pause, one delivery is sent as a probe. A delivery that waits for the end of the pause uses no
//! attempt of its retry schedule.
//!
//! A receiver can ask for a pause (429 or 503 with `Retry-After`). This is the *hold* of the webhook. After a hold,
//! deliveries start at a limited *pace*: a part of what the webhook accepted before the hold. Each success makes the pace
//! faster. If the receiver asks for another pause, the pace is halved.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::FAILING_AFTER;

/// Each success adds one to the allowance until the allowance has this value.
const FAST_GROWTH_LIMIT: usize = 4;

/// How long the circuit stays open before the first probe. Each failed probe doubles this time.
const MIN_PAUSE: TimeDelta = TimeDelta::milliseconds(250);

/// Maximum time that the circuit stays open before a probe. So a receiver that works again gets a probe after at most
/// this time.
pub const MAX_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// The slowest and the first pace after a hold, in deliveries per second.
const MIN_PACE: f64 = 0.2;
const FIRST_PACE: f64 = 4.0;

/// At this pace, the pace no longer limits a webhook.
const MAX_PACE: f64 = 1000.0;

/// The pace after a hold as a part of the deliveries that were accepted per second before the hold.
const PACE_PART: f64 = 0.8;

/// Each success makes the pace faster by this factor. So the pace of a receiver without a limit has no effect after a few
/// minutes, and 60 deliveries at the first pace do not exceed a limit of five per second.
const PACE_GROWTH: f64 = 1.002;

/// Below the first pace, each success adds this much to the pace (deliveries per second). So a receiver that accepts
/// everything again gets twice as many deliveries every 23 seconds.
const SLOW_PACE_GROWTH: f64 = 0.03;

/// How long the pace limits a webhook after a hold.
const PACE_TIME: TimeDelta = TimeDelta::minutes(5);

/// The time over which accepted deliveries are counted.
const COUNT_TIME: TimeDelta = TimeDelta::seconds(10);

#[derive(Debug)]
pub(super) struct Health {
    /// Maximum number of attempts in flight.
    allowance: usize,
    /// The number of successes since the allowance last grew, or since the connections were last closed.
    accepted: usize,
    failures_in_a_row: u32,
    open_circuit: Option<OpenCircuit>,
    hold: Option<Hold>,
    /// The start of the current count of accepted deliveries, and the count.
    count: (DateTime<Utc>, u32),
}

/// A pause for which the receiver has asked, and the pace after it.
#[derive(Clone, Copy, Debug)]
struct Hold {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Deliveries per second after the pause.
    pace: f64,
    /// The time before which no further delivery starts.
    next_at: DateTime<Utc>,
    /// The number of nodes that share the pace. This node sees only its part of the successes.
    nodes: f64,
}

#[derive(Debug)]
struct OpenCircuit {
    /// When the circuit opened.
    opened_at: DateTime<Utc>,
    /// When the current pause began.
    since: DateTime<Utc>,
    pause: TimeDelta,
}

/// A change of the health that operators want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthChange {
    /// The circuit has opened after this number of failures in a row.
    Failing { failures: u32 },
    /// An attempt has succeeded after this number of failures in a row.
    Recovered { failures: u32, failing_since: DateTime<Utc> },
}

/// A webhook to which only single deliveries are sent, because of failures or after a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    pub since: DateTime<Utc>,
    /// The time before which no delivery may start. `None` means that one may start as soon as no other is in flight.
    pub until: Option<DateTime<Utc>>,
}

impl Default for Health {
    fn default() -> Health {
        Health { allowance: 1, accepted: 0, failures_in_a_row: 0, open_circuit: None, hold: None, count: (DateTime::UNIX_EPOCH, 0) }
    }
}

impl Health {
    pub(super) fn allowance(&self) -> usize {
        self.allowance
    }

    /// Returns whether the webhook has accepted a delivery and no attempt has failed since that success.
    pub(super) fn is_proven(&self) -> bool {
        self.allowance > 1 && self.failures_in_a_row == 0
    }

    pub(super) fn succeeded(&mut self, cap: usize, now: DateTime<Utc>) -> Option<HealthChange> {
        if self.count_at(now) == 0 {
            self.count = (now, 0);
        }
        self.count.1 += 1;
        if let Some(hold) = &mut self.hold {
            hold.pace = if hold.pace < FIRST_PACE { hold.pace + SLOW_PACE_GROWTH * hold.nodes } else { hold.pace * PACE_GROWTH };
            self.hold = self.hold.filter(|hold| hold.pace < MAX_PACE && now < hold.until + PACE_TIME);
        }
        self.accepted += 1;
        if self.allowance < FAST_GROWTH_LIMIT || self.accepted >= self.allowance {
            self.allowance = (self.allowance + 1).min(cap);
            self.accepted = 0;
        }
        let failures = std::mem::take(&mut self.failures_in_a_row);
        let open = self.open_circuit.take()?;
        Some(HealthChange::Recovered { failures, failing_since: open.opened_at })
    }

    /// Reduces the allowance. The caller has closed the idle connections of the webhook.
    pub(super) fn connections_closed(&mut self) {
        self.allowance = self.allowance.min(FAST_GROWTH_LIMIT);
        self.accepted = 0;
    }

    pub(super) fn failed(&mut self, started_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<HealthChange> {
        self.allowance = (self.allowance / 2).max(1);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        match &mut self.open_circuit {
            // The attempt was in flight when the circuit opened, so it was not a probe.
            Some(open) if started_at <= open.since => None,
            Some(open) => {
                (open.since, open.pause) = (now, (open.pause * 2).min(MAX_PAUSE));
                None
            }
            None if self.failures_in_a_row >= FAILING_AFTER => {
                self.allowance = 1;
                self.open_circuit = Some(OpenCircuit { opened_at: now, since: now, pause: MIN_PAUSE });
                Some(HealthChange::Failing { failures: self.failures_in_a_row })
            }
            None => None,
        }
    }

    /// Returns the number of accepted deliveries in the last [`COUNT_TIME`], or in a part of this time.
    fn count_at(&self, now: DateTime<Utc>) -> u32 {
        let (since, count) = self.count;
        if since <= now && now < since + COUNT_TIME { count } else { 0 }
    }

    /// Begins a hold: the receiver has asked for a pause until `until`. `started_at` is the start of the attempt.
    pub(super) fn asked_to_wait(&mut self, started_at: DateTime<Utc>, now: DateTime<Utc>, until: DateTime<Utc>) {
        let accepted = f64::from(self.count_at(now)) / COUNT_TIME.as_seconds_f64();
        // A hold from before the clock was set back would last too long.
        let previous = self.hold.filter(|hold| hold.since <= now);
        let pace = match previous {
            // The attempt was in flight when the hold began.
            Some(hold) if started_at < hold.until => hold.pace,
            Some(hold) if now < hold.until + PACE_TIME => (hold.pace / 2.0).max(MIN_PACE),
            _ => (accepted * PACE_PART).max(FIRST_PACE),
        };
        let until = previous.map_or(until, |hold| hold.until.max(until));
        self.hold = Some(Hold { since: now, until, pace, next_at: until, nodes: previous.map_or(1.0, |hold| hold.nodes) });
    }

    /// Records that an attempt starts. `nodes` share the pace.
    pub(super) fn began(&mut self, now: DateTime<Utc>, nodes: usize) {
        if let Some(hold) = &mut self.hold {
            hold.nodes = nodes.max(1) as f64;
            let interval = TimeDelta::milliseconds((1000.0 * hold.nodes / hold.pace) as i64);
            hold.next_at = hold.next_at.max(now) + interval;
        }
    }

    /// Returns whether the receiver has asked for a pause that has not ended, or whose pace still limits the webhook.
    pub(super) fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.hold.is_some_and(|hold| now < hold.until + PACE_TIME)
    }

    /// Returns the time before which no delivery may start: the end of the pause if the circuit is open, or the end of a
    /// hold, or the next time that the pace allows. A clock that was set back does not make the wait longer.
    pub(super) fn open_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let circuit = self.open_circuit.as_ref().map(|open| (open.since, open.since + open.pause));
        let hold = self.hold.filter(|_| self.is_held(now)).map(|hold| (hold.since, hold.next_at));
        let waits = circuit.into_iter().chain(hold);
        waits.filter(|(since, until)| *since <= now && now < *until).map(|(_, until)| until).max()
    }

    /// Returns since when only single deliveries are sent: since the circuit opened, or since the end of a hold whose pace
    /// allows no delivery now. Also returns the time before which no delivery may start, if there is one.
    pub(super) fn recovery(&self, now: DateTime<Utc>) -> Option<Recovery> {
        let circuit = self.open_circuit.as_ref().map(|open| open.opened_at);
        let pace = self.hold.filter(|hold| self.is_held(now) && hold.until <= now && now < hold.next_at).map(|hold| hold.until);
        // If a time is in the future, the clock was set back.
        let since = circuit.or(pace).filter(|since| *since <= now)?;
        Some(Recovery { since, until: self.open_until(now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn successes_raise_the_allowance_and_failures_halve_it() {
        let mut health = Health::default();
        assert!((health.allowance(), health.is_proven()) == (1, false));
        for _ in 0..3 {
            health.succeeded(8, at(0));
        }
        assert!((health.allowance(), health.is_proven()) == (4, true));
        for _ in 0..4 + 5 {
            health.succeeded(8, at(0));
        }
        assert_eq!(health.allowance(), 6, "each round of successes adds one");
        health.connections_closed();
        assert!((health.allowance(), health.is_proven()) == (4, true), "the allowance falls back to four when the connections are closed");
        for _ in 0..100 {
            health.succeeded(8, at(0));
        }
        assert_eq!(health.allowance(), 8, "the allowance never exceeds the cap");
        health.failed(at(0), at(1));
        assert!((health.allowance(), health.is_proven()) == (4, false));
        for _ in 0..3 {
            health.failed(at(0), at(1));
        }
        assert_eq!((health.allowance(), health.open_until(at(1))), (1, None));
    }

    #[test]
    fn each_failed_probe_doubles_the_pause_and_a_success_closes_the_circuit() {
        let mut health = Health::default();
        let changes: Vec<_> = (0..FAILING_AFTER).filter_map(|_| health.failed(at(0), at(1000))).collect();
        assert_eq!(changes, [HealthChange::Failing { failures: FAILING_AFTER }]);
        assert_eq!(health.open_until(at(1000)), Some(at(1250)));
        assert_eq!(health.open_until(at(1250)), None, "a probe may be sent");
        health.failed(at(900), at(1300));
        assert_eq!(health.open_until(at(1249)), Some(at(1250)), "an attempt that was in flight is not a probe");
        health.failed(at(1300), at(1300));
        assert_eq!(health.open_until(at(1300)), Some(at(1800)));
        let mut now = at(1800);
        for _ in 0..20 {
            health.failed(now, now);
            now += MAX_PAUSE;
        }
        health.failed(now, now);
        assert_eq!(health.open_until(now), Some(now + MAX_PAUSE));
        assert_eq!(health.open_until(at(0)), None, "a clock that was set back does not keep the circuit open");
        let recovered = HealthChange::Recovered { failures: FAILING_AFTER + 23, failing_since: at(1000) };
        assert_eq!(health.succeeded(64, now), Some(recovered));
        assert_eq!((health.open_until(now), health.allowance()), (None, 2));
        assert_eq!(health.succeeded(64, now), None, "each change is reported once");
    }

    #[test]
    fn after_a_hold_deliveries_start_at_a_pace_that_grows_and_that_another_hold_halves() {
        let mut health = Health::default();
        health.succeeded(8, at(0));
        health.asked_to_wait(at(0), at(50), at(4_050));
        health.asked_to_wait(at(40), at(60), at(4_060));
        assert_eq!(health.open_until(at(60)), Some(at(4_060)), "the latest time counts");
        assert_eq!(health.open_until(at(40)), None, "a clock that was set back does not keep the hold");
        let mut set_back = Health::default();
        set_back.asked_to_wait(at(50_000), at(50_000), at(90_000));
        set_back.asked_to_wait(at(0), at(0), at(1_000));
        assert_eq!(set_back.open_until(at(0)), Some(at(1_000)), "a hold from before the clock was set back does not count");
        let (mut now, mut starts) = (at(4_060), Vec::new());
        while starts.len() < 59 {
            now = health.open_until(now).unwrap_or(now);
            starts.push(now);
            health.began(now, 1);
            health.succeeded(8, now);
        }
        let gaps: Vec<i64> = starts.windows(2).map(|pair| (pair[1] - pair[0]).num_milliseconds()).collect();
        assert!(gaps.iter().all(|gap| (200..=250).contains(gap)), "{gaps:?}");
        health.asked_to_wait(now, now, now + TimeDelta::seconds(1));
        now += TimeDelta::seconds(1);
        health.began(now, 1);
        let gap = health.open_until(now).map(|until| (until - now).num_milliseconds());
        assert!(gap.is_some_and(|gap| (400..=500).contains(&gap)), "{gap:?}");
        assert_eq!(health.open_until(now + PACE_TIME), None, "the pace ends");
    }

    #[test]
    fn a_slow_pace_becomes_the_first_pace_again_within_two_minutes_of_successes() {
        for nodes in [1, 3] {
            let (mut health, mut now) = (Health::default(), at(0));
            for _ in 0..10 {
                health.asked_to_wait(now, now, now + TimeDelta::seconds(1));
                now += TimeDelta::seconds(1);
            }
            let slow = now;
            let mut started = 0;
            while now < slow + TimeDelta::minutes(2) {
                health.began(now, nodes);
                health.succeeded(8, now);
                started += 1;
                now = health.open_until(now).unwrap_or(now);
            }
            let pace = health.hold.map(|hold| hold.pace);
            assert!(pace.is_some_and(|pace| (FIRST_PACE..2.0 * FIRST_PACE).contains(&pace)), "{nodes} nodes: {pace:?}");
            assert!((100..300).contains(&(started * nodes)), "{nodes} nodes: {started}");
        }
    }

    #[test]
    fn the_pace_after_a_hold_is_a_part_of_what_was_accepted_before() {
        let mut health = Health::default();
        for _ in 0..1000 {
            health.succeeded(8, at(0));
        }
        health.asked_to_wait(at(0), at(9_000), at(10_000));
        health.began(at(10_000), 2);
        assert_eq!(health.open_until(at(10_000)), Some(at(10_025)), "80 per second, shared by two nodes");
    }
}
