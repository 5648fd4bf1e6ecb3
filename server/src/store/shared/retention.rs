//! Removing old rows in small steps, so that other writes are not delayed.
//!
//! Identifiers are UUIDv7, so the primary keys are in the order of creation. Two walks examine the deliveries,
//! beginning with the oldest one. The first walk examines deliveries older than the retention time of succeeded
//! deliveries. The second walk examines deliveries older than the retention time of failed and cancelled deliveries.
//! Each walk removes the deliveries whose retention time has passed, and skips all other deliveries. When a walk
//! reaches a delivery that is too new, the walk stops. It continues later with this delivery. Once per round, the
//! second walk starts again at the oldest row. So it finds the skipped deliveries. The cost of a step depends only on
//! the number of rows that it examines. Within a round, a walk examines each delivery of a large backlog only once.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::store::StorageLimits;

/// The maximum number of deliveries that one step examines.
pub(crate) const LOOKED_AT_ONCE: u32 = 1000;

/// A step ends when the payloads that it has removed reach this size in bytes, because each removed page takes time.
pub(crate) const REMOVED_BYTES: i64 = 4 << 20;

/// The retention time begins when a delivery ends, which is some time after its creation. So a walk waits for an
/// additional eighth of the retention time. Then the walk can remove nearly all deliveries that it reaches. If the
/// retention time is a week, the additional time is 21 hours.
const MARGIN: i32 = 8;

/// The number of rounds in the retention time of failed deliveries. If this time is thirty days, there is one round a
/// day.
const ROUNDS: i32 = 30;

/// The tables whose rows are removed together with the tombstone of their webhook.
pub(crate) const OF_WEBHOOK: [&str; 7] = ["cancellations", "failures", "handshakes", "holds", "rates", "ready", "sequences"];

/// Returns the time between two rounds.
pub(crate) fn round(limits: &StorageLimits) -> TimeDelta {
    limits.keep_failed / ROUNDS
}

/// Returns the latest creation time of the deliveries that a walk examines.
pub(crate) fn created_by(keep: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    now - keep - keep / MARGIN
}

/// Returns the latest creation time at which a notification without deliveries is removed.
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

/// A walk over a table. The store keeps the position of the walk, so that the next step continues there.
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
    /// Moves the position to the last row that the step examined. If the step examined no row and the round is over,
    /// starts again at the first row.
    pub(crate) fn advance(&mut self, passed: &Passed, round: Option<TimeDelta>, now: DateTime<Utc>) -> Moved {
        if let Some(reached) = passed.reached {
            self.reached = reached;
            return Moved { save: true, more: passed.more };
        }
        // If the clock was set back, `begun_at` may be in the future. In that case, the next round starts at once.
        let over = round.is_some_and(|round| now - self.begun_at >= round || now < self.begun_at);
        if over {
            (self.reached, self.begun_at) = (Uuid::nil(), now);
        }
        Moved { save: over, more: over }
    }
}
