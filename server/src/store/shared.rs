//! Rules and limits that apply to both stores. Each store has its own SQL statements.

pub(super) mod audit;
pub(super) mod failures;
pub(super) mod health;
pub(super) mod pauses;
pub(super) mod retention;
pub(super) mod space;
pub(super) mod statistics;
pub(super) mod subscribers;
pub(super) mod texts;

/// The maximum number of deliveries that one step marks as cancelled. With this limit, a large backlog does not block
/// other writes.
pub(super) const CANCELLED_AT_ONCE: i64 = 500;

/// The maximum number of idempotency keys that one step removes.
pub(super) const KEYS_EXPIRED_AT_ONCE: i64 = 500;

/// The maximum number of deliveries whose responses one step of an erasure removes.
pub(super) const WIPED_AT_ONCE: u32 = 100;

/// The approximate size of a row in bytes, without the data that the caller sent.
pub(super) const ROW: usize = 1024;
