//! The command line: the server, and the commands beside it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::api::Scope;
use crate::api::types::Account;
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::concealed::Concealed;
use crate::config::layers::{self, ConfigError};
use crate::node;
use crate::node::data_dir::DataDir;
use crate::node::server::Server;
use crate::store::address::StoreAddress;
use crate::store::postgres::url::PostgresUrl;

mod backup;
mod migrate;
mod pause;
mod token;

use migrate::Embedded;

/// Brings each notification of an API platform to its customers' callback servers, until it is accepted.
///
/// Without a subcommand it serves. Every setting may stand on the command line, in the environment, or in a TOML file;
/// the first of these that has it counts.
#[derive(Debug, Parser)]
#[command(name = "webhooks-server", version, max_term_width = 120)]
pub struct CommandLine {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, list and revoke access tokens, also while the server runs
    #[command(subcommand)]
    Token(token::Command),
    /// Write the database to a file, also while the server runs; the master key is not in it
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace the file if it is there
        #[arg(long)]
        replace: bool,
    },
    /// Put a backup in the place of the database, while no server runs
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace the database if there is one; it is kept beside the new one
        #[arg(long)]
        replace: bool,
    },
    /// Move everything from the embedded store, while no server runs on it, to an empty database of PostgreSQL
    ///
    /// Whatever ends it before its time, the same command goes on where it was, and no node starts on what is not all there. The
    /// embedded store is not changed. --master-key-file and --store-password-file count for it.
    Migrate {
        /// `sqlite:` and a data directory or the database in it; `sqlite` alone is that in --data-dir
        #[arg(long, value_name = "STORE", value_parser = Concealed::<Embedded>::new())]
        from: Embedded,
        /// The URL of PostgreSQL, as --store takes it; of the server itself and not of a pooler
        #[arg(long, value_name = "STORE", value_parser = Concealed::<PostgresUrl>::new().map(Box::new))]
        to: Box<PostgresUrl>,
    },
    /// Pause and resume deliveries, also while the server runs
    #[command(subcommand)]
    Delivery(pause::Command),
}

impl CommandLine {
    /// What the process was started with, and what its environment and file add.
    ///
    /// # Errors
    /// When the arguments or the file are refused, or settings contradict each other.
    pub fn load(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, ConfigError> {
        layers::load(CommandLine::command(), arguments, |command_line: &CommandLine| &command_line.settings)
    }
}

/// One of the scopes that openapi.json names.
fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::ALL.map(Scope::as_str)).map(|text| Scope::parse(&text).expect("only scopes are possible values"))
}

fn parse_account(text: &str) -> Result<Account, String> {
    Account::parse(text)
}

/// # Errors
/// When the command, or the server, fails.
pub async fn run(command_line: CommandLine) -> anyhow::Result<()> {
    let settings = command_line.settings;
    let data_dir = DataDir::at(&settings.data_dir);
    match command_line.command {
        Some(Command::Token(command)) => return token::run(&settings, command).await,
        Some(Command::Backup { .. } | Command::Restore { .. }) if !matches!(settings.store, StoreAddress::Sqlite) => {
            anyhow::bail!(
                "PostgreSQL brings its own backups: pg_dump, or pg_basebackup with the archived log; the master key is in neither"
            )
        }
        Some(Command::Backup { file, replace }) => return backup::back_up(&data_dir, &file, replace),
        Some(Command::Restore { file, replace }) => {
            return backup::restore(&data_dir, settings.master_key_file.as_deref(), &file, replace, Clock::system().now());
        }
        Some(Command::Migrate { from, to }) => return migrate::run(&settings, &from, &to).await,
        Some(Command::Delivery(command)) => return pause::run(&settings, command).await,
        None => {}
    }
    let log = node::log::start(settings.log_format, settings.log_level);
    // Whoever has seen that it runs may ask it to stop.
    let stop_signal = stop_signal()?;
    let server = Server::start(settings, Clock::system(), log.clone()).await?;
    server.greet();
    let signal = stop_signal.await;
    slog::info!(log, "asked to stop"; "signal" => signal);
    server.stop().await
}

/// Counts from its call on, and not only once it is waited for.
fn stop_signal() -> std::io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

#[cfg(test)]
mod tests;
