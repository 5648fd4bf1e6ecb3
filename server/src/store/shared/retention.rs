//! Removing old rows in small steps, so that other writes are not delayed.
//!
//! Identifiers are UUIDv7, so the oldest rows are first in each table. Two walks examine the deliveries from the oldest on. The
//! first waits for the retention time of succeeded deliveries, the second for that of failed and cancelled deliveries. Both remove
//! deliveries whose own retention time has passed, and skip the rest. A walk stops at deliveries that are too new, and continues
//! there when they are old enough. The second walk starts again at the oldest row once per round, so it finds the skipped
//! deliveries. The cost of a step depends only on its size. A round examines each delivery of a large waiting backlog once.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store::StorageLimits;

/// The maximum number of deliveries that one step examines.
pub(crate) const LOOKED_AT_ONCE: u32 = 1000;

/// A step ends when it has removed payloads of this many bytes, because each removed page takes time.
pub(crate) const REMOVED_BYTES: i64 = 4 << 20;

/// A delivery ends some time after its creation. A walk therefore waits for an additional 1/8 of the retention time. So nearly all
/// deliveries that the walk reaches can be removed. With a retention time of a week, this includes deliveries with retries of up to
/// 20 hours.
const MARGIN: i32 = 8;

/// The number of rounds in the retention time of failed deliveries: one round a day for thirty days.
const ROUNDS: i32 = 30;

/// The tables with a column `webhook_id`, except the tables for deliveries.
pub(crate) const OF_WEBHOOK: [&str; 6] = ["cancellations", "failures", "handshakes", "rates", "ready", "sequences"];

/// Returns the time between two rounds.
pub(crate) fn round(limits: &StorageLimits) -> TimeDelta {
    limits.keep_failed / ROUNDS
}

/// Returns the latest creation time of the deliveries that a walk examines.
pub(crate) fn created_by(keep: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    now - keep - keep / MARGIN
}

/// Returns the latest creation time of the notifications without deliveries that are removed.
pub(crate) fn for_nobody_created_by(limits: &StorageLimits, now: DateTime<Utc>) -> DateTime<Utc> {
    now - limits.keep_succeeded.min(limits.keep_failed)
}

/// The result of one step of a walk.
pub(crate) struct Passed {
    /// The last row that was examined. `None` if there was no row to examine.
    pub(crate) reached: Option<Uuid>,
    /// Whether there may be more rows to examine now.
    pub(crate) more: bool,
}

/// A walk over a table. Its position is stored, so that the next step continues there.
pub(crate) struct Walk {
    pub(crate) name: &'static str,
    pub(crate) reached: Uuid,
    pub(crate) begun_at: DateTime<Utc>,
}

/// What the store has to do after a step of a walk.
pub(crate) struct Moved {
    /// Whether the position has changed and must be stored.
    pub(crate) save: bool,
    /// Whether there is more to do now.
    pub(crate) more: bool,
}

impl Walk {
    /// Moves the position to the end of the step. At the end of the table, starts again if the round is over.
    pub(crate) fn advance(&mut self, passed: &Passed, round: Option<TimeDelta>, now: DateTime<Utc>) -> Moved {
        if let Some(reached) = passed.reached {
            self.reached = reached;
            return Moved { save: true, more: passed.more };
        }
        // If the clock was set back, the next round starts at once. Otherwise it would start late.
        let over = round.is_some_and(|round| now - self.begun_at >= round || now < self.begun_at);
        if over {
            (self.reached, self.begun_at) = (Uuid::nil(), now);
        }
        Moved { save: over, more: over }
    }
}
