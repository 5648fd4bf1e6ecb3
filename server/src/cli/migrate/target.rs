//! The target of a move: a PostgreSQL database that no node uses. Each transaction that adds rows also stores the progress of
//! the move.

use std::pin::pin;

use anyhow::{Context as _, anyhow, bail, ensure};
use deadpool_postgres::Object;
use futures_util::{Stream, StreamExt as _};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::progress::{Identity, Progress};
use super::row::{Row, Value};
use super::tables::{TABLES, Table};
use crate::api::types::AuditEvent;
use crate::store::EventRow;
use crate::store::postgres::Options;
use crate::store::postgres::migration_guard::{self, FINISHED_MOVE, UNFINISHED_MOVE};

/// Begins a transaction without the time limits of a node, because the transaction may read a large table. The lock timeout is
/// short, because no other session uses the tables.
const BEGIN: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '10s'";

pub(super) struct Target {
    client: Object,
    /// The hosts and the database name, for messages.
    pub(super) shown: String,
}

/// The state of a target.
pub(super) enum TargetState {
    /// The move has not started, or it has not finished.
    Unfinished(Progress),
    /// An earlier command has finished this move.
    Finished,
}

impl Target {
    /// # Errors
    /// If the database cannot be reached, its schema cannot be migrated, or its schema is too new for this program.
    pub(super) async fn connect(options: &Options) -> anyhow::Result<Target> {
        Ok(Target { client: migration_guard::connect(options).await?, shown: options.url.shown() })
    }

    /// Marks the database as the target of a move from the source `of`. Until the move has finished, no node starts on the
    /// database.
    ///
    /// # Errors
    /// If a node uses the database, or if it contains data of another source or of an earlier state of this source.
    pub(super) async fn claim(&self, of: &Identity) -> anyhow::Result<TargetState> {
        self.run(BEGIN).await?;
        // A node that registers in `nodes` after this lock finds the mark of the move and stops. The query below finds
        // a node that registered before this lock.
        self.run("LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE").await?;
        if let Some(finished) = self.property(FINISHED_MOVE).await? {
            let same = Progress::from_bytes(&finished).is_some_and(|finished| finished.of == *of);
            ensure!(same, "{} contains another move, which has finished: create an empty database", self.shown);
            return Ok(TargetState::Finished);
        }
        let nodes = self.query("SELECT name FROM nodes WHERE alive_until > clock_timestamp() ORDER BY name", &[]).await?;
        let nodes: Vec<String> = nodes.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(plain)?;
        ensure!(nodes.is_empty(), "{} is in use by nodes ({}): create an empty database", self.shown, nodes.join(", "));
        let progress = match self.property(UNFINISHED_MOVE).await? {
            Some(unfinished) => self.check_same_move(&unfinished, of)?,
            None => {
                self.check_empty().await?;
                let progress = Progress::new(of.clone());
                let insert = "INSERT INTO properties (name, value) VALUES ($1, $2)";
                self.query(insert, &[(&UNFINISHED_MOVE, Type::TEXT), (&progress.to_bytes(), Type::BYTEA)]).await?;
                progress
            }
        };
        self.run("COMMIT").await?;
        Ok(TargetState::Unfinished(progress))
    }

    /// Returns the stored progress. Returns an error if this progress belongs to a move of another source or of
    /// another state of the source.
    fn check_same_move(&self, unfinished: &[u8], of: &Identity) -> anyhow::Result<Progress> {
        let shown = &self.shown;
        let Some(progress) = Progress::from_bytes(unfinished) else {
            bail!(
                "{shown} contains an unfinished move of another version of this program: continue with that version, or create an empty \
                 database"
            )
        };
        ensure!(progress.of.source == of.source, "{shown} contains an unfinished move of another source: create an empty database");
        ensure!(
            progress.of.state == of.state,
            "a server has run on the source since the move to {shown} began, or its master key was replaced, so the moved rows may be outdated: \
             create an empty database"
        );
        Ok(progress)
    }

    async fn check_empty(&self) -> anyhow::Result<()> {
        for name in TABLES.iter().map(|table| table.name).chain(["nodes", "ready", "changes"]) {
            let rows = self.query(&format!("SELECT 1 FROM {name} LIMIT 1"), &[]).await?;
            ensure!(rows.is_empty(), "{} already contains data in the table {name}: create an empty database", self.shown);
        }
        Ok(())
    }

    /// Adds rows to a table, and stores the progress in the same transaction.
    pub(super) async fn add(&self, table: &Table, rows: &[Row], progress: &mut Progress) -> anyhow::Result<()> {
        let Some(last) = rows.last() else { return Ok(()) };
        let before = progress.to_bytes();
        progress.advance(table.name, rows.len() as u64, table.key_of(last));
        self.run(BEGIN).await?;
        // This statement is the first of the transaction. If two commands move data to the same database, the second command
        // waits here and then finds that the progress has changed.
        let update = "UPDATE properties SET value = $3 WHERE name = $1 AND value = $2 RETURNING 1";
        let updated =
            self.query(update, &[(&UNFINISHED_MOVE, Type::TEXT), (&before, Type::BYTEA), (&progress.to_bytes(), Type::BYTEA)]).await?;
        ensure!(!updated.is_empty(), "another `webhooks-server migrate` is moving to the same database");
        let copied = async {
            let sink = self.client.copy_in(&table.copy_into_target()).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &table.types()));
            for row in rows {
                writer.as_mut().write_raw(row).await?;
            }
            writer.finish().await
        };
        copied.await.map_err(plain).with_context(|| format!("cannot write the table {}", table.name))?;
        self.run("COMMIT").await
    }

    /// Begins a transaction, and returns the moved rows of a table in key order.
    pub(super) async fn rows(&self, table: &Table) -> anyhow::Result<impl Stream<Item = anyhow::Result<Row>> + use<>> {
        self.run(BEGIN).await?;
        let rows = self.client.query_typed_raw(&table.select_in_target(), Vec::<(Value, Type)>::new()).await.map_err(plain)?;
        let width = table.width();
        Ok(rows.map(move |row| {
            let row = row.map_err(plain)?;
            (0..width).map(|column| row.try_get(column).map_err(plain)).collect()
        }))
    }

    /// Ends the transaction that [`Target::rows`] began.
    pub(super) async fn end_of_rows(&self) -> anyhow::Result<()> {
        self.run("COMMIT").await
    }

    /// Marks the move as finished, and stores its event. After the commit, nodes may start on the database.
    pub(super) async fn finish(&self, progress: &Progress, event: &AuditEvent) -> anyhow::Result<()> {
        // Without ANALYZE, PostgreSQL would plan queries for empty tables until autovacuum runs.
        for table in &TABLES {
            self.run(&format!("{BEGIN}; ANALYZE {}; COMMIT", table.name)).await?;
        }
        let finished = "WITH finished AS (UPDATE properties SET name = $3, value = $4 WHERE name = $1 AND value = $2 RETURNING 1),
             recorded AS (INSERT INTO audit_events (id, action, details) SELECT $5, $6, $7 FROM finished)
             SELECT 1 FROM finished";
        let (before, after, event) = (progress.to_bytes(), Progress::new(progress.of.clone()).to_bytes(), EventRow::from(event));
        let values: [(&(dyn ToSql + Sync), Type); 7] = [
            (&UNFINISHED_MOVE, Type::TEXT),
            (&before, Type::BYTEA),
            (&FINISHED_MOVE, Type::TEXT),
            (&after, Type::BYTEA),
            (&event.id, Type::UUID),
            (&event.action, Type::TEXT),
            (&event.details, Type::TEXT),
        ];
        let finished = self.query(finished, &values).await?;
        ensure!(!finished.is_empty(), "another `webhooks-server migrate` is moving to the same database");
        Ok(())
    }

    async fn property(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let rows = self.query("SELECT value FROM properties WHERE name = $1", &[(&name, Type::TEXT)]).await?;
        rows.first().map(|row| row.try_get(0).map_err(plain)).transpose()
    }

    async fn query(&self, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> anyhow::Result<Vec<tokio_postgres::Row>> {
        self.client.query_typed(sql, values).await.map_err(plain)
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        self.client.batch_execute(sql).await.map_err(plain)
    }
}

/// Converts an error to one line. Omits the error details of PostgreSQL, because they may contain values.
fn plain(error: tokio_postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(database_error) => anyhow!("PostgreSQL says: {}", database_error.message()),
        None => anyhow::Error::new(error).context("no response from PostgreSQL"),
    }
}
