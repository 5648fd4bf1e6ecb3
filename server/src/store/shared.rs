//! Policy that both stores follow. Each store has its own SQL.

pub(super) mod failures;
pub(super) mod pauses;
pub(super) mod retention;
pub(super) mod space;
pub(super) mod subscribers;
pub(super) mod texts;

/// How many deliveries one step marks as cancelled, so that a backlog of a million deliveries blocks nobody.
pub(super) const CANCELLED_AT_ONCE: i64 = 500;

/// How many idempotency keys one step removes.
pub(super) const KEYS_EXPIRED_AT_ONCE: i64 = 500;

/// How many deliveries one step looks at when it wipes the responses of a deleted notification.
pub(super) const WIPED_AT_ONCE: u32 = 100;

/// The approximate size of a row without the data that its caller sent, in bytes.
pub(super) const ROW: usize = 1024;
