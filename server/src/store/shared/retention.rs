//! Removing old rows in small steps, so that other writes are not delayed.
//!
//! Identifiers are UUIDv7, so the oldest rows are first in each table. Two walks pass over the deliveries. One follows
//! the time that succeeded deliveries are kept, the other the time that failed and cancelled deliveries are kept. Both remove
//! each delivery that has been over for as long as its kind is kept, and skip the rest. A walk stops at deliveries that are
//! too young and continues from there as they age. The second walk starts again from the oldest row once in each round, and
//! so finds what was skipped. The cost of a step depends on its size alone, and each delivery of a large waiting backlog is
//! looked at once in a round.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store::StorageLimits;

/// How many deliveries one step looks at.
pub(crate) const LOOKED_AT_ONCE: u32 = 1000;

/// A step ends when it has removed payloads of this many bytes, because each of their pages has a cost.
pub(crate) const REMOVED_BYTES: i64 = 4 << 20;

/// A delivery ends some time after it was created. A walk stays behind by this fraction of the retention time, so that it
/// finds nearly all deliveries ended for long enough: retries of up to 20 hours with a retention of a week.
const MARGIN: i32 = 8;

/// A round starts after this fraction of the time that failed deliveries are kept: one day of thirty.
const ROUNDS: i32 = 30;

/// The tables that may name a webhook, besides its deliveries, their tables, and its own row.
pub(crate) const OF_WEBHOOK: [&str; 6] = ["cancellations", "failures", "handshakes", "rates", "ready", "sequences"];

/// The time between two rounds.
pub(crate) fn round(limits: &StorageLimits) -> TimeDelta {
    limits.keep_failed / ROUNDS
}

/// A walk looks at deliveries that were created up to this time.
pub(crate) fn created_by(keep: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    now - keep - keep / MARGIN
}

/// A notification without deliveries is removed when it was created up to this time.
pub(crate) fn for_nobody_created_by(limits: &StorageLimits, now: DateTime<Utc>) -> DateTime<Utc> {
    now - limits.keep_succeeded.min(limits.keep_failed)
}

/// The result of one step of a walk.
pub(crate) struct Passed {
    /// The last row that was looked at. `None` when there was none to look at yet.
    pub(crate) reached: Option<Uuid>,
    /// Whether there may be more to look at now.
    pub(crate) more: bool,
}

/// A walk over a table. Its position is stored, so that the next step continues there.
pub(crate) struct Walk {
    pub(crate) name: &'static str,
    pub(crate) reached: Uuid,
    pub(crate) begun_at: DateTime<Utc>,
}

/// What the store does after a step of a walk.
pub(crate) struct Moved {
    /// The position has changed and is to be stored.
    pub(crate) save: bool,
    /// There is more to do now.
    pub(crate) more: bool,
}

impl Walk {
    /// Moves to where the step ended. At the end of the table, it starts again when a round is over.
    pub(crate) fn advance(&mut self, passed: &Passed, round: Option<TimeDelta>, now: DateTime<Utc>) -> Moved {
        if let Some(reached) = passed.reached {
            self.reached = reached;
            return Moved { save: true, more: passed.more };
        }
        // When the clock was set back, the next round starts at once. Otherwise it would be late by as much.
        let over = round.is_some_and(|round| now - self.begun_at >= round || now < self.begun_at);
        if over {
            (self.reached, self.begun_at) = (Uuid::nil(), now);
        }
        Moved { save: over, more: over }
    }
}
