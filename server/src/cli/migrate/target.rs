//! The PostgreSQL that is moved to: taken while nobody uses it, written in transactions that say how far they came.

use std::pin::pin;

use anyhow::{Context as _, anyhow, bail, ensure};
use deadpool_postgres::Object;
use futures_util::{Stream, StreamExt as _};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::progress::{Identity, Progress};
use super::row::{Row, Value};
use super::tables::{TABLES, Table};
use crate::store::postgres::Options;
use crate::store::postgres::migration_guard::{self, FINISHED_MOVE, UNFINISHED_MOVE};

/// A large table takes its time, and the connection's own limits are those of a node. Nobody else should hold any lock.
const BEGIN: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '10s'";

pub(super) struct Target {
    client: Object,
    pub(super) shown: String,
}

/// What a target was found to be.
pub(super) enum Found {
    /// Empty, or with this part of the source.
    Open(Progress),
    /// The source is there.
    Finished,
}

impl Target {
    /// # Errors
    /// When it cannot be reached, or is not what a node could use.
    pub(super) async fn connect(options: &Options) -> anyhow::Result<Target> {
        Ok(Target { client: migration_guard::connect(options).await?, shown: options.url.shown() })
    }

    /// Makes it the target of this source, so that no node starts on it before all is there.
    ///
    /// # Errors
    /// When a node uses it, or it holds anything that did not come from this source as it is now.
    pub(super) async fn claim(&self, of: &Identity) -> anyhow::Result<Found> {
        self.run(BEGIN).await?;
        // A node that joins later sees the move, and one that has joined is seen here.
        self.run("LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE").await?;
        if let Some(finished) = self.property(FINISHED_MOVE).await? {
            let same = Progress::from_bytes(&finished).is_some_and(|finished| finished.of == *of);
            ensure!(same, "{} holds what was moved there before: make an empty database", self.shown);
            return Ok(Found::Finished);
        }
        let nodes = self.query("SELECT name FROM nodes WHERE alive_until > clock_timestamp() ORDER BY name", &[]).await?;
        let nodes: Vec<String> = nodes.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(plain)?;
        ensure!(nodes.is_empty(), "{} is in use by nodes ({}): make an empty database", self.shown, nodes.join(", "));
        let progress = match self.property(UNFINISHED_MOVE).await? {
            Some(unfinished) => self.this_very_move(&unfinished, of)?,
            None => {
                self.judge_empty().await?;
                let progress = Progress::none(of.clone());
                let noted = "INSERT INTO properties (name, value) VALUES ($1, $2)";
                self.query(noted, &[(&UNFINISHED_MOVE, Type::TEXT), (&progress.to_bytes(), Type::BYTEA)]).await?;
                progress
            }
        };
        self.run("COMMIT").await?;
        Ok(Found::Open(progress))
    }

    fn this_very_move(&self, unfinished: &[u8], of: &Identity) -> anyhow::Result<Progress> {
        let shown = &self.shown;
        let Some(progress) = Progress::from_bytes(unfinished) else {
            bail!("{shown} holds an unfinished move of another version of this program: go on with that, or make an empty database")
        };
        ensure!(progress.of.source == of.source, "{shown} holds an unfinished move of another source: make an empty database");
        ensure!(
            progress.of.state == of.state,
            "a server has run on the source since its move to {shown} began, so what is there may be of yesterday: make an empty database"
        );
        Ok(progress)
    }

    async fn judge_empty(&self) -> anyhow::Result<()> {
        for name in TABLES.iter().map(|table| table.name).chain(["nodes", "ready", "changes"]) {
            let rows = self.query(&format!("SELECT 1 FROM {name} LIMIT 1"), &[]).await?;
            ensure!(rows.is_empty(), "{} holds data already, in the table {name}: make an empty database", self.shown);
        }
        Ok(())
    }

    /// Adds rows of a table, and in the same transaction notes that they are there.
    pub(super) async fn add(&self, table: &Table, rows: &[Row], progress: &mut Progress) -> anyhow::Result<()> {
        let Some(last) = rows.last() else { return Ok(()) };
        let before = progress.to_bytes();
        progress.advance(table.name, rows.len() as u64, table.key_of(last));
        self.run(BEGIN).await?;
        // First, so that another move to the same place waits here, and then finds that it is not alone.
        let noted = "UPDATE properties SET value = $3 WHERE name = $1 AND value = $2 RETURNING 1";
        let noted =
            self.query(noted, &[(&UNFINISHED_MOVE, Type::TEXT), (&before, Type::BYTEA), (&progress.to_bytes(), Type::BYTEA)]).await?;
        ensure!(!noted.is_empty(), "another `webhooks-server migrate` moves to the same database");
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

    /// The rows of a table that have come from the source, in the order of their keys.
    pub(super) async fn rows(&self, table: &Table) -> anyhow::Result<impl Stream<Item = anyhow::Result<Row>> + use<>> {
        self.run(BEGIN).await?;
        let rows = self.client.query_typed_raw(&table.select_in_target(), Vec::<(Value, Type)>::new()).await.map_err(plain)?;
        let width = table.width();
        Ok(rows.map(move |row| {
            let row = row.map_err(plain)?;
            (0..width).map(|column| row.try_get(column).map_err(plain)).collect()
        }))
    }

    /// Ends the transaction of [`Target::rows`].
    pub(super) async fn end_of_rows(&self) -> anyhow::Result<()> {
        self.run("COMMIT").await
    }

    /// From here on nodes may start.
    pub(super) async fn finish(&self, progress: &Progress) -> anyhow::Result<()> {
        // What is planned before autovacuum comes by must not be planned for empty tables.
        for table in &TABLES {
            self.run(&format!("{BEGIN}; ANALYZE {}; COMMIT", table.name)).await?;
        }
        let finished = "UPDATE properties SET name = $3, value = $4 WHERE name = $1 AND value = $2 RETURNING 1";
        let (before, after) = (progress.to_bytes(), Progress::none(progress.of.clone()).to_bytes());
        let values: [(&(dyn ToSql + Sync), Type); 4] =
            [(&UNFINISHED_MOVE, Type::TEXT), (&before, Type::BYTEA), (&FINISHED_MOVE, Type::TEXT), (&after, Type::BYTEA)];
        let finished = self.query(finished, &values).await?;
        ensure!(!finished.is_empty(), "another `webhooks-server migrate` moves to the same database");
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

/// In one line, and without the values that the server would show beside it.
fn plain(error: tokio_postgres::Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(said) => anyhow!("PostgreSQL says: {}", said.message()),
        None => anyhow::Error::new(error).context("no answer from PostgreSQL"),
    }
}
