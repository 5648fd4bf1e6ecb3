//! How a webhook is doing, and how much may be sent to it for that.
//!
//! A webhook that is new gets one delivery at a time, so that a thousand webhooks that hang hold a thousand slots and not all
//! there are. It gets one more for each that it accepts, up to a few, and from there one more for each round of them: each
//! may be a connection, which is work and memory on both sides, and a burst to many hosts is over before it needs more. What
//! is not used for as long as connections are kept is lost again. Failures halve what it gets. After some in a row its circuit
//! opens: nothing is sent to it for a while, then one delivery as a probe. A delivery that waits for that costs no attempt.

use chrono::{DateTime, TimeDelta, Utc};

/// As many are in flight as it accepts, up to this.
const FEW: usize = 4;

/// So many failures in a row, and the circuit opens.
const FAILURES_TO_OPEN: u32 = 5;

/// How long it stays open before the first probe. Each probe that fails doubles that.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::milliseconds(250);

/// And how long at most: a receiver that is back is found within this time.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug)]
pub(super) struct Health {
    /// How many attempts may be in flight.
    allowance: usize,
    /// What has been accepted towards one more.
    accepted: usize,
    failures_in_a_row: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    since: DateTime<Utc>,
    pause: TimeDelta,
}

impl Default for Health {
    fn default() -> Health {
        Health { allowance: 1, accepted: 0, failures_in_a_row: 0, open: None }
    }
}

impl Health {
    pub(super) fn allowance(&self) -> usize {
        self.allowance
    }

    /// It has accepted, and nothing has failed since.
    pub(super) fn is_proven(&self) -> bool {
        self.allowance > 1 && self.failures_in_a_row == 0
    }

    pub(super) fn succeeded(&mut self, cap: usize) {
        self.accepted += 1;
        if self.allowance < FEW || self.accepted >= self.allowance {
            self.allowance = (self.allowance + 1).min(cap);
            self.accepted = 0;
        }
        self.failures_in_a_row = 0;
        self.open = None;
    }

    /// Nothing was in flight for as long as connections are kept.
    pub(super) fn rested(&mut self) {
        self.allowance = self.allowance.min(FEW);
        self.accepted = 0;
    }

    pub(super) fn failed(&mut self, started_at: DateTime<Utc>, now: DateTime<Utc>) {
        self.allowance = (self.allowance / 2).max(1);
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        match &mut self.open {
            // It was in flight when the circuit opened, so it is no probe.
            Some(open) if started_at <= open.since => {}
            Some(open) => *open = Open { since: now, pause: (open.pause * 2).min(LONGEST_PAUSE) },
            None if self.failures_in_a_row >= FAILURES_TO_OPEN => {
                self.allowance = 1;
                self.open = Some(Open { since: now, pause: SHORTEST_PAUSE });
            }
            None => {}
        }
    }

    /// Until when nothing is sent. A clock that was set back does not make that longer.
    pub(super) fn closed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let open = self.open.as_ref()?;
        let until = open.since + open.pause;
        (now < until && until - now <= open.pause).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn what_is_accepted_raises_the_allowance_and_failures_halve_it() {
        let mut health = Health::default();
        assert!((health.allowance(), health.is_proven()) == (1, false));
        for _ in 0..3 {
            health.succeeded(8);
        }
        assert!((health.allowance(), health.is_proven()) == (4, true));
        for _ in 0..4 + 5 {
            health.succeeded(8);
        }
        assert_eq!(health.allowance(), 6, "one more for each round");
        health.rested();
        assert!((health.allowance(), health.is_proven()) == (4, true), "and as before after a rest");
        for _ in 0..100 {
            health.succeeded(8);
        }
        assert_eq!(health.allowance(), 8, "no more than its cap");
        health.failed(at(0), at(1));
        assert!((health.allowance(), health.is_proven()) == (4, false));
        for _ in 0..3 {
            health.failed(at(0), at(1));
        }
        assert_eq!((health.allowance(), health.closed_until(at(1))), (1, None));
    }

    #[test]
    fn the_circuit_opens_for_longer_each_time_and_closes_when_a_probe_is_accepted() {
        let mut health = Health::default();
        for _ in 0..FAILURES_TO_OPEN {
            health.failed(at(0), at(1000));
        }
        assert_eq!(health.closed_until(at(1000)), Some(at(1250)));
        assert_eq!(health.closed_until(at(1250)), None, "a probe may go");
        health.failed(at(900), at(1300));
        assert_eq!(health.closed_until(at(1249)), Some(at(1250)), "what was in flight is no probe");
        health.failed(at(1300), at(1300));
        assert_eq!(health.closed_until(at(1300)), Some(at(1800)));
        let mut now = at(1800);
        for _ in 0..20 {
            health.failed(now, now);
            now += LONGEST_PAUSE;
        }
        health.failed(now, now);
        assert_eq!(health.closed_until(now), Some(now + LONGEST_PAUSE));
        assert_eq!(health.closed_until(at(0)), None, "a clock that was set back closes nothing for long");
        health.succeeded(64);
        assert_eq!((health.closed_until(now), health.allowance()), (None, 2));
    }
}
