//! Statistics of attempts. The outcomes of a transaction are gathered, and the changed rows are written once, before the
//! commit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Row;

use super::*;
use crate::model::statistics::Statistics;
use crate::store::shared::retention::Passed;
use crate::store::shared::statistics::{self as shared, CountedOutcome, RowKey, RowValue, Rows, add_to_interval};

/// The outcomes of the current transaction, and the rows in memory. Only the writing thread uses them.
#[derive(Default)]
pub(super) struct Counter(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    rows: Rows,
    outcomes: Vec<CountedOutcome>,
    /// The number of outcomes whose commands have succeeded.
    kept: usize,
}

impl Counter {
    /// Adds an outcome of the current command.
    pub(super) fn add(&self, outcome: CountedOutcome) {
        self.lock().outcomes.push(outcome);
    }

    /// Keeps the outcomes of the current command, or drops them if the command failed.
    pub(super) fn end_command(&self, failed: bool) {
        let mut contents = self.lock();
        if failed {
            let kept = contents.kept;
            contents.outcomes.truncate(kept);
        }
        contents.kept = contents.outcomes.len();
    }

    /// Writes the rows that the outcomes of this transaction change. After an error, the caller must call
    /// [`Counter::forget`].
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut contents = self.lock();
        contents.kept = 0;
        let outcomes = std::mem::take(&mut contents.outcomes);
        if outcomes.is_empty() {
            return Ok(());
        }
        let rows = &mut contents.rows;
        let (changed, unknown) = rows.keys(&outcomes);
        for key in unknown {
            rows.remember(key, newest(connection, key.0, Some(key.1))?);
        }
        rows.count(&outcomes);
        changed.iter().filter_map(|key| Some((*key, rows.value(key)?))).try_for_each(|(key, value)| put(connection, key, value))
    }

    /// Drops the outcomes and the rows in memory. The caller calls this when the transaction was not committed, or when
    /// the stored rows were changed.
    pub(super) fn forget(&self) {
        let mut contents = self.lock();
        contents.outcomes.clear();
        contents.kept = 0;
        contents.rows.forget();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the stored value of a row. A damaged row counts as empty: it must not prevent that outcomes are recorded.
fn get(connection: &Connection, (subject, started_at): RowKey) -> rusqlite::Result<Option<RowValue>> {
    let mut select = connection.prepare_cached(
        "SELECT value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code FROM statistics
         WHERE subject = ?1 AND started_at = ?2",
    )?;
    select.query_row((Key(subject), Millis(started_at)), value).optional()
}

/// Reads the columns from `value` to the last one.
fn value(row: &Row<'_>) -> rusqlite::Result<RowValue> {
    let statistics = Statistics::decode(row.get_ref(0)?.as_blob()?).unwrap_or_default();
    Ok(RowValue { statistics, latest: latest(row, 1)? })
}

fn put(connection: &Connection, (subject, started_at): RowKey, RowValue { statistics, latest }: &RowValue) -> rusqlite::Result<()> {
    let failed = latest.failed.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO statistics
                 (subject, started_at, value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET value = excluded.value, last_success_at = excluded.last_success_at,
                 last_failure_at = excluded.last_failure_at, last_failure_outcome = excluded.last_failure_outcome,
                 last_failure_status_code = excluded.last_failure_status_code",
        )?
        .execute((
            Key(subject),
            Millis(started_at),
            statistics.encode(),
            latest.succeeded_at.map(Millis),
            failed.map(|failed| Millis(failed.at)),
            failed.map(|failed| failed.outcome.as_str()),
            failed.and_then(|failed| failed.status_code),
        ))
        .map(drop)
}

/// Reads the four columns of the latest attempts. The first is the column `first` of the row.
fn latest(row: &Row<'_>, first: usize) -> rusqlite::Result<LatestAttempts> {
    let failed_at: Option<Millis> = row.get(first + 1)?;
    let failed = failed_at.map(|at| {
        let outcome = row.get::<_, Option<String>>(first + 2)?.unwrap_or_default();
        Ok::<_, rusqlite::Error>(FailedAttempt { at: at.0, outcome, status_code: row.get(first + 3)? })
    });
    Ok(LatestAttempts { succeeded_at: row.get::<_, Option<Millis>>(first)?.map(|at| at.0), failed: failed.transpose()? })
}

pub(super) fn list(connection: &Connection, subject: Uuid, range: StatisticsRange) -> rusqlite::Result<StatisticsByInterval> {
    let mut select = connection.prepare_cached(
        "SELECT started_at, value FROM statistics WHERE subject = ?1 AND started_at >= ?2 AND started_at < ?3 ORDER BY started_at",
    )?;
    let mut rows = select.query((Key(subject), Millis(range.since), Millis(range.until)))?;
    let mut by_interval = StatisticsByInterval::new();
    while let Some(row) = rows.next()? {
        let value = Statistics::decode(row.get_ref(1)?.as_blob()?).map_err(|damaged| corrupt(1, damaged))?;
        add_to_interval(&mut by_interval, range, row.get::<_, Millis>(0)?.0, &value);
    }
    Ok(by_interval)
}

/// Returns the latest attempts of a subject: those in its newest rows. A new row gets them from the rows before. Also
/// returns the counts of the row that starts at `started_at`.
fn newest(connection: &Connection, subject: Uuid, started_at: Option<DateTime<Utc>>) -> rusqlite::Result<RowValue> {
    let mut select = connection.prepare_cached(
        "SELECT value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code, started_at FROM statistics
         WHERE subject = ?1 ORDER BY started_at DESC",
    )?;
    let mut rows = select.query([Key(subject)])?;
    let (mut found, mut oldest) = (RowValue::default(), None);
    while let Some(row) = rows.next()? {
        let at = row.get::<_, Millis>(5)?.0;
        // The clock may have been set back since the newest row was written.
        let oldest = *oldest.get_or_insert_with(|| (at - shared::MAX_AGE).min(started_at.unwrap_or(at)));
        if at < oldest {
            break;
        }
        found.latest.merge(&latest(row, 1)?);
        if Some(at) == started_at {
            found.statistics = value(row)?.statistics;
        }
    }
    Ok(found)
}

pub(super) fn latest_attempts(connection: &Connection, webhook_ids: &[Uuid]) -> rusqlite::Result<Vec<(Uuid, LatestAttempts)>> {
    let mut found = Vec::new();
    for id in webhook_ids {
        let attempts = newest(connection, *id, None)?.latest;
        if attempts != LatestAttempts::default() {
            found.push((*id, attempts));
        }
    }
    Ok(found)
}

/// Merges and removes the old rows of some subjects, beginning after the subject `after`.
pub(super) fn merge_old(connection: &Connection, after: Uuid, now: DateTime<Utc>) -> rusqlite::Result<Passed> {
    let (merge_before, remove_before) = shared::old(now);
    let mut next = connection.prepare_cached("SELECT subject FROM statistics WHERE subject > ?1 ORDER BY subject LIMIT 1")?;
    let mut reached = None;
    for _ in 0..shared::SUBJECTS_AT_ONCE {
        let subject = next.query_row([Key(reached.unwrap_or(after))], |row| row.get::<_, Key>(0)).optional()?;
        let Some(Key(subject)) = subject else { return Ok(Passed { reached, more: false }) };
        connection
            .prepare_cached("DELETE FROM statistics WHERE subject = ?1 AND started_at < ?2")?
            .execute((Key(subject), Millis(remove_before)))?;
        if merge_some(connection, subject, merge_before)? == shared::MERGED_AT_ONCE {
            // The next step continues with this subject.
            return Ok(Passed { reached: Some(reached.unwrap_or(after)), more: true });
        }
        reached = Some(subject);
    }
    Ok(Passed { reached, more: true })
}

/// Merges rows of a subject into rows of one hour, and returns the number of merged rows. A row that starts with an hour is
/// already the row of this hour.
fn merge_some(connection: &Connection, subject: Uuid, before: DateTime<Utc>) -> rusqlite::Result<usize> {
    let rows: Vec<(DateTime<Utc>, RowValue)> = connection
        .prepare_cached(
            "SELECT value, last_success_at, last_failure_at, last_failure_outcome, last_failure_status_code, started_at FROM statistics
             WHERE subject = ?1 AND started_at < ?2 AND started_at % 3600000 <> 0 ORDER BY started_at LIMIT ?3",
        )?
        .query_map((Key(subject), Millis(before), shared::MERGED_AT_ONCE as i64), |row| Ok((row.get::<_, Millis>(5)?.0, value(row)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut delete = connection.prepare_cached("DELETE FROM statistics WHERE subject = ?1 AND started_at = ?2")?;
    for (started_at, _) in &rows {
        delete.execute((Key(subject), Millis(*started_at)))?;
    }
    let count = rows.len();
    for (hour, merged) in shared::merged(rows) {
        let existing = get(connection, (subject, hour))?;
        let of_hour = shared::merged(existing.into_iter().chain([merged]).map(|value| (hour, value)));
        of_hour.values().try_for_each(|value| put(connection, (subject, hour), value))?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
