//! Statistics of attempts: the rows, and the rows that this process keeps in memory.
//!
//! Each outcome changes three rows: the row of its webhook, of its account and of all accounts. A row has the counts of
//! five minutes. On PostgreSQL, each process has rows of its own. So only one writer changes a row, and it can write the
//! new value without reading the old one again. Old rows are merged into rows of one hour.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::api::types::time_of;
use crate::model::Next;
use crate::model::statistics::{CountedAttempt, DeliveryEnd, Statistics, outcome_name};
use crate::store::statistics::{
    DETAILS_KEPT, FailedAttempt, LatestAttempts, STATISTICS_KEPT, StatisticsByInterval, StatisticsOf, StatisticsRange,
};
use crate::store::{Destination, EndedAttempt};

/// The interval of a row.
pub(crate) const INTERVAL: TimeDelta = TimeDelta::minutes(5);

/// The maximum number of rows in memory. A row needs about 500 bytes.
const REMEMBERED_ROWS: usize = 20_000;

/// The maximum age of an outcome when it is counted. If an outcome is older, because the store was not available, it
/// counts as an outcome of this age. So nobody changes rows that are old enough to be merged.
pub(crate) const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// The subject of the rows of all accounts.
pub(crate) const ALL_ACCOUNTS: Uuid = Uuid::max();

/// Returns the subject of the rows of an account: the first half of the SHA-256 of its name. It is never the identifier of
/// a webhook, because its version (UUIDv8) is another one.
pub(crate) fn subject_of_account(account: &str) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, account.as_bytes()).as_ref()[..16]);
    uuid::Builder::from_custom_bytes(half).into_uuid()
}

impl StatisticsOf<'_> {
    pub(crate) fn subject(self) -> Uuid {
        match self {
            StatisticsOf::Webhook(id) => id,
            StatisticsOf::Account(account) => subject_of_account(account.as_str()),
            StatisticsOf::AllAccounts => ALL_ACCOUNTS,
        }
    }
}

/// Adds a row to the interval of the range that contains the start of the row.
pub(crate) fn add_to_interval(by_interval: &mut StatisticsByInterval, range: StatisticsRange, started_at: DateTime<Utc>, row: &Statistics) {
    by_interval.entry(start_of_interval(started_at, range.interval)).or_default().merge(row);
}

/// The key of a row: the webhook, account or all accounts, and the start of the interval.
pub(crate) type RowKey = (Uuid, DateTime<Utc>);

/// The part of a row that changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowValue {
    pub(crate) statistics: Statistics,
    pub(crate) latest: LatestAttempts,
}

/// An outcome that must be counted.
pub(crate) struct CountedOutcome {
    destination: Arc<Destination>,
    attempt: CountedAttempt,
    /// When the attempt ended.
    at: DateTime<Utc>,
    /// The start of the interval in which the attempt is counted.
    started_at: DateTime<Utc>,
    status_code: Option<u16>,
}

impl CountedOutcome {
    /// `failed` says whether the delivery failed with this attempt.
    pub(crate) fn of(ended: &EndedAttempt, failed: bool, now: DateTime<Utc>) -> CountedOutcome {
        let EndedAttempt { delivery_id, destination, attempt, schedule_start, .. } = ended;
        let at = attempt.ended_at(now);
        // The duration of a redelivery would say when it was requested.
        let latency_ms = (*schedule_start == 0).then(|| {
            let latency = (at - time_of(*delivery_id)).num_milliseconds().max(0);
            u32::try_from(latency).unwrap_or(u32::MAX)
        });
        let end = match ended.next {
            Next::Succeeded => Some(DeliveryEnd::Succeeded { latency_ms }),
            _ => failed.then_some(DeliveryEnd::Failed),
        };
        CountedOutcome {
            destination: destination.clone(),
            attempt: CountedAttempt { outcome: outcome_name(&attempt.outcome), duration_ms: attempt.duration_ms, end },
            at,
            started_at: start_of_interval(at.max(now - MAX_AGE), INTERVAL),
            status_code: attempt.status_code,
        }
    }
}

/// Returns the start of the interval that contains a time. Intervals start at multiples of their length since 1970.
pub(crate) fn start_of_interval(time: DateTime<Utc>, interval: TimeDelta) -> DateTime<Utc> {
    let milliseconds = time.timestamp_millis();
    DateTime::from_timestamp_millis(milliseconds - milliseconds.rem_euclid(interval.num_milliseconds())).unwrap_or(time)
}

/// The rows of this process for the current interval. A row is in memory only if it has the committed value, or the value
/// that the current transaction writes. If this transaction fails, the caller must forget the rows.
#[derive(Default)]
pub(crate) struct Rows {
    rows: HashMap<RowKey, RowValue>,
    /// The subjects of accounts.
    accounts: HashMap<Arc<str>, Uuid>,
    /// The start of the newest interval.
    newest: DateTime<Utc>,
}

impl Rows {
    pub(crate) fn forget(&mut self) {
        *self = Rows { newest: self.newest, ..Rows::default() };
    }

    /// Returns the sorted keys of the rows that these outcomes change, and which of them are not in memory. Rows of earlier
    /// intervals are forgotten.
    pub(crate) fn keys(&mut self, outcomes: &[CountedOutcome]) -> (Vec<RowKey>, Vec<RowKey>) {
        let newest = outcomes.iter().map(|outcome| outcome.started_at).max().unwrap_or_default();
        if newest > self.newest || self.rows.len() >= REMEMBERED_ROWS {
            *self = Rows { newest: newest.max(self.newest), ..Rows::default() };
        }
        let mut changed: Vec<RowKey> = outcomes.iter().flat_map(|outcome| self.keys_of(outcome)).collect();
        changed.sort_unstable();
        changed.dedup();
        let unknown = changed.iter().copied().filter(|key| !self.rows.contains_key(key)).collect();
        (changed, unknown)
    }

    /// Adds the stored value of a row, or an empty value if no row is stored.
    pub(crate) fn remember(&mut self, key: RowKey, value: RowValue) {
        self.rows.insert(key, value);
    }

    /// Adds the latest attempts of the subjects to these rows. So the newest rows of a subject always have them.
    pub(crate) fn carry_over(&mut self, keys: &[RowKey], latest: Vec<(Uuid, LatestAttempts)>) {
        let latest: HashMap<Uuid, LatestAttempts> = latest.into_iter().collect();
        for key in keys {
            if let (Some(row), Some(latest)) = (self.rows.get_mut(key), latest.get(&key.0)) {
                row.latest.merge(latest);
            }
        }
    }

    /// Counts outcomes in their rows. The rows must be in memory.
    pub(crate) fn count(&mut self, outcomes: &[CountedOutcome]) {
        for outcome in outcomes {
            for key in self.keys_of(outcome) {
                let row = self.rows.entry(key).or_default();
                row.statistics.count(&outcome.attempt);
                row.latest.count(outcome);
            }
        }
    }

    pub(crate) fn value(&self, key: &RowKey) -> Option<&RowValue> {
        self.rows.get(key)
    }

    fn keys_of(&mut self, outcome: &CountedOutcome) -> [RowKey; 3] {
        let Destination { webhook_id, account, .. } = &*outcome.destination;
        let of_account = match self.accounts.get(account) {
            Some(subject) => *subject,
            None => *self.accounts.entry(account.clone()).or_insert_with(|| subject_of_account(account)),
        };
        [*webhook_id, of_account, ALL_ACCOUNTS].map(|subject| (subject, outcome.started_at))
    }
}

impl LatestAttempts {
    fn count(&mut self, outcome: &CountedOutcome) {
        let CountedOutcome { attempt, at, status_code, .. } = outcome;
        self.merge(&match attempt.end {
            Some(DeliveryEnd::Succeeded { .. }) => LatestAttempts { succeeded_at: Some(*at), failed: None },
            _ => {
                let failed = FailedAttempt { at: *at, outcome: attempt.outcome.clone().into_owned(), status_code: *status_code };
                LatestAttempts { succeeded_at: None, failed: Some(failed) }
            }
        });
    }

    pub(crate) fn merge(&mut self, other: &LatestAttempts) {
        self.succeeded_at = self.succeeded_at.max(other.succeeded_at);
        if let Some(failed) = &other.failed
            && self.failed.as_ref().is_none_or(|known| known.at <= failed.at)
        {
            self.failed = Some(failed.clone());
        }
    }
}

/// The time of a round of the walk that merges and removes old rows. The walk reads all old rows of each subject once per
/// round.
pub(crate) const ROUND: TimeDelta = TimeDelta::hours(6);

/// The maximum number of subjects that one step of the walk handles.
pub(crate) const SUBJECTS_AT_ONCE: usize = 5;

/// The maximum number of rows of a subject that one step merges.
pub(crate) const MERGED_AT_ONCE: usize = 1000;

/// Rows that start earlier than the first time are merged. They are at least one hour older than [`DETAILS_KEPT`], so that
/// all intervals of a request can still be read. Rows that start earlier than the second time are removed. They are older
/// than [`STATISTICS_KEPT`] by at least a day, the longest interval.
pub(crate) fn old(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let hour = TimeDelta::hours(1);
    (start_of_interval(now - DETAILS_KEPT - hour, hour), start_of_interval(now - STATISTICS_KEPT - TimeDelta::days(1) - hour, hour))
}

/// Merges rows into rows of one hour. The rows must be of one subject.
pub(crate) fn merged(rows: impl IntoIterator<Item = (DateTime<Utc>, RowValue)>) -> BTreeMap<DateTime<Utc>, RowValue> {
    let mut merged: BTreeMap<DateTime<Utc>, RowValue> = BTreeMap::new();
    for (started_at, value) in rows {
        let hour = merged.entry(start_of_interval(started_at, TimeDelta::hours(1))).or_default();
        hour.statistics.merge(&value.statistics);
        hour.latest.merge(&value.latest);
    }
    merged
}
