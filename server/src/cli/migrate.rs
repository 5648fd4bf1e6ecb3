//! `webhooks-server migrate`: copies everything from an embedded store to PostgreSQL.
//!
//! During the move, no server can use the source or the target. The command locks the data directory of the source, as
//! a running server does. A mark in the target says that the move is not finished, and no node starts while the mark
//! exists. Each transaction that adds rows also stores the progress. So an interrupted command continues where it
//! stopped. At the end, the command reads all rows of the source and the target again, and compares them. The secrets
//! are copied without decryption, so the master key stays the same.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::audit;
use crate::clock::Clock;
use crate::config::Settings;
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::node::open_store::with_password;
use crate::store::postgres::Options;
use crate::store::postgres::url::PostgresUrl;

mod comparison;
mod kinds;
mod progress;
mod row;
mod source;
mod tables;
mod target;

use comparison::{Compared, Comparison};
use progress::Progress;
use source::Source;
use tables::{TABLES, Table};
use target::{Target, TargetState};

/// The embedded store to move: the database at this path. `None` means the database in `--data-dir`.
#[derive(Clone, Debug)]
pub struct Embedded(Option<PathBuf>);

impl FromStr for Embedded {
    type Err = String;

    fn from_str(text: &str) -> Result<Embedded, String> {
        match text.split_once(':') {
            None if text == "sqlite" => Ok(Embedded(None)),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Embedded(Some(path.into()))),
            _ => {
                Err("must be `sqlite` for the database in --data-dir, or `sqlite:` and a data directory, such as sqlite:./data".to_owned())
            }
        }
    }
}

impl Embedded {
    fn data_dir(&self, settings: &Settings) -> anyhow::Result<DataDir> {
        let path = self.0.as_deref().unwrap_or(&settings.data_dir);
        if !path.is_file() {
            return Ok(DataDir::at(path));
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let data_dir = DataDir::at(directory);
        if data_dir.database().file_name() != path.file_name() {
            bail!("{} is not the database of a data directory: put a backup into one with `webhooks-server restore`", path.display());
        }
        Ok(data_dir)
    }
}

/// Copies the source to the target, compares the source with the target, and marks the move as finished.
///
/// # Errors
/// If the source or the target cannot be used, or if a row of the target differs from the source.
pub(super) async fn run(settings: &Settings, from: &Embedded, to: &PostgresUrl) -> anyhow::Result<()> {
    let data_dir = from.data_dir(settings)?;
    let options = Options {
        url: with_password(to, settings.store_password_file.as_deref())?,
        connections: 1,
        statement_timeout: Duration::from_secs(settings.store_statement_timeout_seconds),
        pooled: settings.store_pooler,
        node_name: String::new(),
        delivers: false,
    };
    let given = GivenKeys::read_for_sqlite(settings, data_dir.master_key_file()).await?;
    let source = Source::hold(&data_dir, &given)?;
    let target = Target::connect(&options).await?;
    let identity = source.identity().with_context(|| format!("cannot read {}", source.path.display()))?;
    match target.claim(&identity).await? {
        TargetState::Finished => eprintln!("everything has been moved already; nothing to do"),
        TargetState::Unfinished(mut progress) => {
            copy(&source, &target, &mut progress).await.with_context(unfinished)?;
            let compared = compare(&source, &target).await?;
            let event = audit::event("store.migrated", Clock::system().now());
            target.finish(&progress, &event).await.with_context(unfinished)?;
            audit::append_to_log(settings, &event);
            print(&compared)?;
        }
    }
    data_dir.mark_as_moved(&target.shown)?;
    eprintln!("everything is in {}. Start its nodes, each with the same master key:", target.shown);
    eprintln!("  webhooks-server --store URL {}", given.flags());
    eprintln!("{} was not changed. Keep it until you are satisfied. A server does not start on it, because", source.path.display());
    eprintln!("it would make the pending deliveries a second time");
    Ok(())
}

fn unfinished() -> &'static str {
    "the move is not finished; run the same command again to continue it"
}

async fn copy(source: &Source, target: &Target, progress: &mut Progress) -> anyhow::Result<()> {
    for table in &TABLES {
        let reached = progress.reached(table.name);
        let mut report = ProgressReport::new("copied", table, source.count(table)?, reached.rows);
        let mut batches = source.rows(table, reached.key);
        while let Some(rows) = batches.recv().await {
            let rows = rows?;
            target.add(table, &rows, progress).await?;
            report.add(rows.len());
        }
    }
    Ok(())
}

/// Compares all tables. If the target equals the source, returns the row count and the hash of each table.
async fn compare(source: &Source, target: &Target) -> anyhow::Result<Vec<(&'static str, Compared)>> {
    let mut all = Vec::new();
    for table in &TABLES {
        let mut report = ProgressReport::new("compared", table, source.count(table)?, 0);
        match comparison::compare(source, target, table, |rows| report.add(rows)).await.with_context(unfinished)? {
            Comparison::Same(compared) => all.push((table.name, compared)),
            Comparison::Different(difference) => bail!(
                "{} differs from the source: {difference}. The move stays unfinished: create an empty database and move everything to it",
                target.shown
            ),
        }
    }
    Ok(all)
}

fn print(compared: &[(&str, Compared)]) -> anyhow::Result<()> {
    let mut lines = vec![format!("{:18}  {:>12}  SHA-256", "TABLE", "ROWS")];
    lines.extend(compared.iter().map(|(name, compared)| format!("{name:18}  {:>12}  {}  same", compared.rows, compared.hash)));
    writeln!(std::io::stdout(), "{}", lines.join("\n")).context("everything is moved, but the result of the comparison cannot be printed")
}

/// Prints the number of finished rows of one table: after the first batch, after the last batch, and at most once a
/// second between these two batches.
struct ProgressReport {
    operation: &'static str,
    table: &'static str,
    total: u64,
    rows: u64,
    printed_at: Option<Instant>,
}

impl ProgressReport {
    fn new(operation: &'static str, table: &Table, total: u64, rows: u64) -> ProgressReport {
        ProgressReport { operation, table: table.name, total, rows, printed_at: None }
    }

    fn add(&mut self, rows: usize) {
        self.rows += rows as u64;
        if self.rows >= self.total || self.printed_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
            eprintln!("{} {} of {} rows of {}", self.operation, self.rows, self.total, self.table);
            self.printed_at = Some(Instant::now());
        }
    }
}
