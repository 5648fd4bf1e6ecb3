//! Statistics of attempts. Each process has rows of its own, and runs one transaction with outcomes at a time. So it writes
//! the new values of its rows without reading the old ones again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::model::statistics::Statistics;
use crate::store::shared::retention::Passed;
use crate::store::shared::statistics::{self as shared, CountedOutcome, RowKey, RowValue, Rows, add_to_interval};

/// The value of `process` in merged rows and in rows that were moved from the embedded store.
const MERGED_ROWS: Uuid = Uuid::nil();

/// The rows of this process.
pub(super) struct Counter {
    process: Uuid,
    rows: Mutex<Rows>,
}

impl Counter {
    pub(super) fn new() -> Counter {
        Counter { process: Uuid::now_v7(), rows: Mutex::default() }
    }

    /// Counts the outcomes of a transaction, and writes the rows that they change. If the transaction is not committed
    /// afterwards, or if this is not known, the caller must call [`Counter::forget`].
    pub(super) async fn write(&self, session: &Session, outcomes: &[CountedOutcome]) -> SessionResult<()> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let (changed, unknown) = self.lock().keys(outcomes);
        let (stored, latest) = if unknown.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            let subjects = unknown.iter().map(|(subject, _)| *subject).collect();
            session::both(get(session, self.process, &unknown), latest_attempts(session, subjects)).await?
        };
        let values: Vec<RowValue> = {
            let mut rows = self.lock();
            unknown.iter().for_each(|key| rows.remember(*key, RowValue::default()));
            stored.into_iter().for_each(|(key, value)| rows.remember(key, value));
            rows.carry_over(&unknown, latest);
            rows.count(outcomes);
            changed.iter().map(|key| rows.value(key).cloned().unwrap_or_default()).collect()
        };
        put(session, self.process, &changed, &values).await
    }

    /// Drops the rows in memory.
    pub(super) fn forget(&self) {
        self.lock().forget();
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the stored rows of a process with these keys. A damaged row counts as empty: it must not prevent that outcomes
/// are recorded.
async fn get(session: &Session, process: Uuid, keys: &[RowKey]) -> SessionResult<Vec<(RowKey, RowValue)>> {
    let (subjects, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = keys.iter().copied().unzip();
    let select = "SELECT s.* FROM UNNEST($1, $2) AS k (subject, started_at) CROSS JOIN LATERAL (
            SELECT subject, started_at, value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code
            FROM statistics WHERE subject = k.subject AND started_at = k.started_at AND process = $3 OFFSET 0) s";
    let rows = session.query(select, &[&subjects, &times, &process]).await?;
    rows.iter().map(read).collect()
}

/// Reads the columns of a row, without `process`.
fn read(row: &Row) -> SessionResult<(RowKey, RowValue)> {
    let statistics = Statistics::decode(row.try_get(2)?).unwrap_or_default();
    Ok(((row.try_get(0)?, row.try_get(1)?), RowValue { statistics, latest: latest(row, 3)? }))
}

async fn put(session: &Session, process: Uuid, keys: &[RowKey], values: &[RowValue]) -> SessionResult<()> {
    let (subjects, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = keys.iter().copied().unzip();
    let encoded: Vec<Vec<u8>> = values.iter().map(|value| value.statistics.encode()).collect();
    let failed = || values.iter().map(|value| value.latest.failed.as_ref());
    let insert = "INSERT INTO statistics (subject, started_at, process, value, last_success_at, last_failure_at,
            last_failure_outcome, last_failure_status_code)
        SELECT u.subject, u.started_at, $8, u.value, u.last_success_at, u.last_failure_at, u.last_failure_outcome,
            u.last_failure_status_code
        FROM UNNEST($1, $2, $3, $4, $5, $6, $7) AS u (subject, started_at, value, last_success_at, last_failure_at,
            last_failure_outcome, last_failure_status_code)
        ON CONFLICT (subject, started_at, process) DO UPDATE SET value = excluded.value, last_success_at = excluded.last_success_at,
            last_failure_at = excluded.last_failure_at, last_failure_outcome = excluded.last_failure_outcome,
            last_failure_status_code = excluded.last_failure_status_code";
    session
        .execute(
            insert,
            &[
                &subjects,
                &times,
                &encoded.iter().map(Vec::as_slice).collect::<Vec<_>>(),
                &values.iter().map(|value| value.latest.succeeded_at).collect::<Vec<_>>(),
                &failed().map(|failed| Some(failed?.at)).collect::<Vec<_>>(),
                &failed().map(|failed| Some(failed?.outcome.as_str())).collect::<Vec<_>>(),
                &failed().map(|failed| Some(failed?.status_code? as i16)).collect::<Vec<_>>(),
                &process,
            ],
        )
        .await
        .map(drop)
}

/// Reads the four columns of the latest attempts. The first is the column `first` of the row.
fn latest(row: &Row, first: usize) -> SessionResult<LatestAttempts> {
    let failed_at: Option<DateTime<Utc>> = row.try_get(first + 1)?;
    let failed = failed_at.map(|at| {
        let outcome = row.try_get::<_, Option<String>>(first + 2)?.unwrap_or_default();
        let status_code = row.try_get::<_, Option<i16>>(first + 3)?.and_then(|code| u16::try_from(code).ok());
        Ok::<_, SessionError>(FailedAttempt { at, outcome, status_code })
    });
    Ok(LatestAttempts { succeeded_at: row.try_get(first)?, failed: failed.transpose()? })
}

pub(super) async fn list(session: &Session, subject: Uuid, range: StatisticsRange) -> SessionResult<StatisticsByInterval> {
    let select = "SELECT started_at, value FROM statistics WHERE subject = $1 AND started_at >= $2 AND started_at < $3";
    let rows = session.query(select, &[&subject, &range.since, &range.until]).await?;
    let mut by_interval = StatisticsByInterval::new();
    for row in &rows {
        let value = Statistics::decode(row.try_get(1)?).map_err(SessionError::damaged)?;
        add_to_interval(&mut by_interval, range, row.try_get(0)?, &value);
    }
    Ok(by_interval)
}

/// Returns the latest attempts of subjects: those in the newest rows of all processes. A new row gets them from the rows
/// before. At that time, another process may still change its rows, but only those of the last hour.
pub(super) async fn latest_attempts(session: &Session, subjects: Vec<Uuid>) -> SessionResult<Vec<(Uuid, LatestAttempts)>> {
    let select = "SELECT s.* FROM UNNEST($1) AS k (subject) CROSS JOIN LATERAL (
            SELECT subject, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code FROM statistics
            WHERE subject = k.subject AND started_at >= (
                SELECT started_at FROM statistics WHERE subject = k.subject
                ORDER BY subject DESC, started_at DESC, process DESC LIMIT 1) - interval '1 hour' OFFSET 0) s";
    let rows = session.query(select, &[&subjects]).await?;
    let mut found: BTreeMap<Uuid, LatestAttempts> = BTreeMap::new();
    for row in &rows {
        found.entry(row.try_get(0)?).or_default().merge(&latest(row, 1)?);
    }
    found.retain(|_, attempts| *attempts != LatestAttempts::default());
    Ok(found.into_iter().collect())
}

/// Merges and removes the old rows of some subjects, beginning after the subject `after`. No process still changes rows that
/// are so old.
pub(super) async fn merge_old(session: &Session, after: Uuid, now: DateTime<Utc>) -> SessionResult<Passed> {
    let (merge_before, remove_before) = shared::old(now);
    let next = "SELECT subject FROM statistics WHERE subject > $1 ORDER BY subject, started_at, process LIMIT 1";
    let mut reached = None;
    for _ in 0..shared::SUBJECTS_AT_ONCE {
        let Some(row) = session.query_opt(next, &[&reached.unwrap_or(after)]).await? else { return Ok(Passed { reached, more: false }) };
        let subject: Uuid = row.try_get(0)?;
        session.execute("DELETE FROM statistics WHERE subject = $1 AND started_at < $2", &[&subject, &remove_before]).await?;
        if merge_some(session, subject, merge_before).await? == shared::MERGED_AT_ONCE {
            // The next step continues with this subject.
            return Ok(Passed { reached: Some(reached.unwrap_or(after)), more: true });
        }
        reached = Some(subject);
    }
    Ok(Passed { reached, more: true })
}

/// Merges rows of a subject into rows of one hour, and returns the number of merged rows.
async fn merge_some(session: &Session, subject: Uuid, before: DateTime<Utc>) -> SessionResult<usize> {
    let select = "SELECT subject, started_at, value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code,
            process
        FROM statistics WHERE subject = $1 AND started_at < $2 AND (process <> $3 OR date_trunc('hour', started_at) <> started_at)
        ORDER BY subject, started_at, process LIMIT $4";
    let limit = shared::MERGED_AT_ONCE as i64;
    let rows = session.query(select, &[&subject, &before, &MERGED_ROWS, &limit]).await?;
    let old: Vec<(DateTime<Utc>, RowValue)> =
        rows.iter().map(|row| read(row).map(|((_, started_at), value)| (started_at, value))).collect::<SessionResult<_>>()?;
    if let Some(last) = rows.last() {
        let (started_at, process): (DateTime<Utc>, Uuid) = (last.try_get(1)?, last.try_get(7)?);
        let delete = "DELETE FROM statistics WHERE subject = $1 AND (started_at, process) <= ($2, $3)
            AND (process <> $4 OR date_trunc('hour', started_at) <> started_at)";
        session.execute(delete, &[&subject, &started_at, &process, &MERGED_ROWS]).await?;
    }
    let merged = shared::merged(old);
    if merged.is_empty() {
        return Ok(0);
    }
    let keys: Vec<RowKey> = merged.keys().map(|hour| (subject, *hour)).collect();
    let existing = get(session, MERGED_ROWS, &keys).await?.into_iter().map(|((_, hour), value)| (hour, value));
    let values: Vec<RowValue> = shared::merged(existing.chain(merged)).into_values().collect();
    put(session, MERGED_ROWS, &keys, &values).await?;
    Ok(rows.len())
}
