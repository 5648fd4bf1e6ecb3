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

use chrono::{DateTime, TimeDelta, Utc};

/// Each success adds one to the allowance until the allowance has this value.
const FAST_GROWTH_LIMIT: usize = 4;

/// Number of failures in a row that opens the circuit.
const FAILURES_TO_OPEN: u32 = 5;

/// How long the circuit stays open before the first probe. Each failed probe doubles this time.
const MIN_PAUSE: TimeDelta = TimeDelta::milliseconds(250);

/// Maximum time that the circuit stays open before a probe. So a receiver that works again gets a probe after at most
/// this time.
pub const MAX_PAUSE: TimeDelta = TimeDelta::seconds(30);

#[derive(Debug)]
pub(super) struct Health {
    /// Maximum number of attempts in flight.
    allowance: usize,
    /// The number of successes since the allowance last grew, or since the connections were last closed.
    accepted: usize,
    failures_in_a_row: u32,
    open_circuit: Option<OpenCircuit>,
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

impl Default for Health {
    fn default() -> Health {
        Health { allowance: 1, accepted: 0, failures_in_a_row: 0, open_circuit: None }
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

    pub(super) fn succeeded(&mut self, cap: usize) -> Option<HealthChange> {
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
            None if self.failures_in_a_row >= FAILURES_TO_OPEN => {
                self.allowance = 1;
                self.open_circuit = Some(OpenCircuit { opened_at: now, since: now, pause: MIN_PAUSE });
                Some(HealthChange::Failing { failures: self.failures_in_a_row })
            }
            None => None,
        }
    }

    /// Returns the end of the pause if the circuit is open. A clock that was set back does not make the pause longer.
    pub(super) fn open_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let open = self.open_circuit.as_ref()?;
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
    fn successes_raise_the_allowance_and_failures_halve_it() {
        let mut health = Health::default();
        assert!((health.allowance(), health.is_proven()) == (1, false));
        for _ in 0..3 {
            health.succeeded(8);
        }
        assert!((health.allowance(), health.is_proven()) == (4, true));
        for _ in 0..4 + 5 {
            health.succeeded(8);
        }
        assert_eq!(health.allowance(), 6, "each round of successes adds one");
        health.connections_closed();
        assert!((health.allowance(), health.is_proven()) == (4, true), "the allowance falls back to four when the connections are closed");
        for _ in 0..100 {
            health.succeeded(8);
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
        let changes: Vec<_> = (0..FAILURES_TO_OPEN).filter_map(|_| health.failed(at(0), at(1000))).collect();
        assert_eq!(changes, [HealthChange::Failing { failures: FAILURES_TO_OPEN }]);
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
        let recovered = HealthChange::Recovered { failures: FAILURES_TO_OPEN + 23, failing_since: at(1000) };
        assert_eq!(health.succeeded(64), Some(recovered));
        assert_eq!((health.open_until(now), health.allowance()), (None, 2));
        assert_eq!(health.succeeded(64), None, "each change is reported once");
    }
}
