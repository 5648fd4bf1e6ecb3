//! `webhooks-server migrate`: everything of an embedded store, moved to PostgreSQL.
//!
//! Nobody uses either of them meanwhile: the source is locked as by a server, and the target says that it is unfinished, so
//! that no node starts on it. Each transaction that adds rows to the target says in it how far it came, so whatever ends the
//! command, the same command goes on there. At last every row of both is read again and compared. Secrets travel as they are
//! sealed: the key is the same before and after.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::config::Settings;
use crate::node::data_dir::DataDir;
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
use target::{Found, Target};

/// The embedded store that is moved: the one of `--data-dir`, or one that is named.
#[derive(Clone, Debug)]
pub struct Embedded(Option<PathBuf>);

impl FromStr for Embedded {
    type Err = String;

    fn from_str(text: &str) -> Result<Embedded, String> {
        match text.split_once(':') {
            None if text == "sqlite" => Ok(Embedded(None)),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Embedded(Some(path.into()))),
            _ => Err("must be `sqlite`, the database in --data-dir, or `sqlite:` and a data directory, as in sqlite:./data".to_owned()),
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
            bail!("{} is no database of a data directory: a backup is put into one with `webhooks-server restore`", path.display());
        }
        Ok(data_dir)
    }
}

/// # Errors
/// When either of the two cannot be used, or they are found to differ in the end.
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
    let source = Source::hold(&data_dir, settings.master_key_file.as_deref())?;
    let target = Target::connect(&options).await?;
    let identity = source.identity().with_context(|| format!("cannot read {}", source.path.display()))?;
    match target.claim(&identity).await? {
        Found::Finished => eprintln!("everything has been moved before, and nothing was done"),
        Found::Open(mut progress) => {
            copy(&source, &target, &mut progress).await.with_context(unfinished)?;
            let compared = compare(&source, &target).await?;
            target.finish(&progress).await.with_context(unfinished)?;
            print(&compared)?;
        }
    }
    let key = data_dir.key_path(settings.master_key_file.as_deref());
    eprintln!("everything is in {}. Start its nodes, each with the same key:", target.shown);
    eprintln!("  webhooks-server --store URL --master-key-file {}", key.display());
    eprintln!("{} is left as it was. Keep it until you are content, and start no server on it:", source.path.display());
    eprintln!("that would deliver once more what was pending");
    Ok(())
}

fn unfinished() -> &'static str {
    "not everything is moved yet, and the same command goes on where this stopped"
}

async fn copy(source: &Source, target: &Target, progress: &mut Progress) -> anyhow::Result<()> {
    for table in &TABLES {
        let reached = progress.reached(table.name);
        let mut told = Told::of("copied", table, source.count(table)?, reached.rows);
        let mut batches = source.rows(table, reached.key);
        while let Some(rows) = batches.recv().await {
            let rows = rows?;
            target.add(table, &rows, progress).await?;
            told.more(rows.len());
        }
    }
    Ok(())
}

/// What both hold, once it has been found to be the same.
async fn compare(source: &Source, target: &Target) -> anyhow::Result<Vec<(&'static str, Compared)>> {
    let mut all = Vec::new();
    for table in &TABLES {
        let mut told = Told::of("compared", table, source.count(table)?, 0);
        match comparison::compare(source, target, table, |rows| told.more(rows)).await.with_context(unfinished)? {
            Comparison::Same(compared) => all.push((table.name, compared)),
            Comparison::Different(what) => bail!(
                "{} is not the same as the source: {what}. It stays unfinished: make an empty database, and move everything to that",
                target.shown
            ),
        }
    }
    Ok(all)
}

fn print(compared: &[(&str, Compared)]) -> anyhow::Result<()> {
    let mut lines = vec![format!("{:18}  {:>12}  SHA-256", "TABLE", "ROWS")];
    lines.extend(compared.iter().map(|(name, compared)| format!("{name:18}  {:>12}  {}  same", compared.rows, compared.hash)));
    writeln!(std::io::stdout(), "{}", lines.join("\n")).context("everything is moved, but what was compared cannot be printed")
}

/// Tells how far it has come: at first, and then once a second.
struct Told {
    what: &'static str,
    table: &'static str,
    of: u64,
    rows: u64,
    at: Option<Instant>,
}

impl Told {
    fn of(what: &'static str, table: &Table, of: u64, rows: u64) -> Told {
        Told { what, table: table.name, of, rows, at: None }
    }

    fn more(&mut self, rows: usize) {
        self.rows += rows as u64;
        if self.rows >= self.of || self.at.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
            eprintln!("{} {} of {} rows of {}", self.what, self.rows, self.of, self.table);
            self.at = Some(Instant::now());
        }
    }
}
