//! Statistics of attempts, and the latest attempts of webhooks.

use super::*;
use crate::model::statistics::Statistics;

/// What statistics are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticsOf<'a> {
    Webhook(Uuid),
    Account(&'a Account),
    AllAccounts,
}

/// A range of statistics, in intervals of the same length. All times are multiples of this length since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsRange {
    /// The start of the first interval.
    pub since: DateTime<Utc>,
    /// The end of the last interval.
    pub until: DateTime<Utc>,
    /// At least five minutes. At least one hour if the range begins earlier than [`DETAILS_KEPT`] before now.
    pub interval: TimeDelta,
}

/// How long statistics of five minutes are kept. Older statistics are kept for each hour.
pub const DETAILS_KEPT: TimeDelta = TimeDelta::hours(48);

/// How long statistics are kept.
pub const STATISTICS_KEPT: TimeDelta = TimeDelta::days(30);

/// The statistics of each interval in which something was counted, by the start of the interval.
pub type StatisticsByInterval = std::collections::BTreeMap<DateTime<Utc>, Statistics>;

/// The latest attempts of a webhook. They are known until 30 days after the last attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestAttempts {
    /// When the last accepted attempt ended.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// The last attempt that was not accepted.
    pub failed: Option<FailedAttempt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// When the attempt ended.
    pub at: DateTime<Utc>,
    pub outcome: String,
    pub status_code: Option<u16>,
}
