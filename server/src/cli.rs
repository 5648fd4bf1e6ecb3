//! The command line of `webhooks-server`: starts the server or runs a subcommand.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory as _, Parser, Subcommand};
use slog::Logger;
use tokio::signal::unix::{Signal, SignalKind, signal};
use url::Url;

use crate::api::Scope;
use crate::api::types::Account;
use crate::clock::Clock;
use crate::config::Settings;
use crate::config::concealed::Concealed;
use crate::config::layers::{self, ConfigError};
use crate::node;
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::node::server::Server;
use crate::store::address::StoreAddress;
use crate::store::postgres::url::PostgresUrl;

mod audit;
mod backup;
mod check;
mod key;
mod migrate;
mod pause;
mod token;

use migrate::Embedded;

/// The short help does not list all settings.
const COMMON_SETTINGS: &str = "\
Common settings (`webhooks-server --help` explains all settings):
  --listen ADDRESS:PORT  The address of the API
  --data-dir DIR         The directory of the SQLite database
  --store STORE          `sqlite` or a PostgreSQL URL
  --config FILE          A TOML file with settings
  --dev                  Allow callbacks to this machine";

/// Delivers notifications to the callback servers of the customers of a platform.
///
/// Without a subcommand, this program runs the server. You can give each setting as an option, as an environment variable or in
/// a TOML file. Options override environment variables. Environment variables override the file.
#[derive(Debug, Parser)]
#[command(name = "webhooks-server", version, disable_help_subcommand = true, max_term_width = 120, after_help = COMMON_SETTINGS, after_long_help = "")]
pub struct CommandLine {
    /// Print the licences of the software in this program
    #[arg(long)]
    pub licenses: bool,
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, list, rotate and revoke access tokens
    ///
    /// You need not stop the server.
    #[command(subcommand)]
    Token(token::Command),
    /// Check the settings, keys, certificates, store, clock and limits
    ///
    /// You need not stop the server. Run this command with the settings of the server, as the user of the server. It changes nothing. Its
    /// exit code is 1 if it finds an error.
    Check {
        /// Also send a HEAD request to this URL, in the same way as callbacks
        #[arg(long, value_name = "URL")]
        egress: Option<Url>,
        /// The format of the findings
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        output: check::Format,
    },
    /// Copy the SQLite database to a file
    ///
    /// You need not stop the server. The file does not contain the master key.
    Backup {
        /// The file to write
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace the file if it exists
        #[arg(long)]
        replace: bool,
    },
    /// Replace the SQLite database with a backup
    ///
    /// Stop the server first.
    Restore {
        /// The backup file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace an existing database. The existing database stays in the same directory under a new name
        #[arg(long)]
        replace: bool,
    },
    /// Copy an SQLite database to an empty PostgreSQL database
    ///
    /// Stop the server first. If the command is interrupted, run it again: the command continues where it stopped. Until the command has
    /// finished, no server starts on the PostgreSQL database. The SQLite database is not changed. The command uses
    /// --master-key-file, --master-key-command and --store-password-file, and ignores --store.
    Migrate {
        /// The SQLite database: `sqlite:` and the path of its data directory or file. `sqlite` without a path means the database
        /// in --data-dir
        #[arg(long, value_name = "STORE", value_parser = Concealed::<Embedded>::new())]
        from: Embedded,
        /// The URL of the PostgreSQL database, in the form that --store has. The URL must lead directly to PostgreSQL, not to a connection pooler
        #[arg(long, value_name = "STORE", value_parser = Concealed::<PostgresUrl>::new().map(Box::new))]
        to: Box<PostgresUrl>,
    },
    /// Pause and resume deliveries
    ///
    /// You need not stop the server.
    #[command(subcommand)]
    Delivery(pause::Command),
    /// List the keys, and replace the master key
    ///
    /// You need not stop the server.
    #[command(subcommand)]
    Key(key::Command),
}

impl CommandLine {
    /// Reads the command line, the environment and the configuration file.
    ///
    /// # Errors
    /// If an argument or the file is invalid, or if two settings contradict each other.
    pub fn load(arguments: impl IntoIterator<Item = OsString>) -> Result<CommandLine, ConfigError> {
        layers::load(CommandLine::command(), arguments, |command_line: &CommandLine| {
            (!command_line.licenses).then_some(&command_line.settings)
        })
    }
}

/// Returns a parser for the scopes that openapi.json defines.
fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::ALL.map(Scope::as_str)).map(|text| Scope::parse(&text).expect("the possible values are scopes"))
}

fn parse_account(text: &str) -> Result<Account, String> {
    Account::parse(text)
}

/// Runs the subcommand, or the server if there is no subcommand.
///
/// # Errors
/// If the subcommand or the server fails.
pub async fn run(command_line: CommandLine) -> anyhow::Result<()> {
    if command_line.licenses {
        return std::io::stdout().write_all(include_bytes!("../THIRD-PARTY-LICENSES.txt")).context("cannot print the licences");
    }
    // A core dump would contain the master key and the secrets of all webhooks. Root can still run `gcore`.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).context("cannot switch core dumps off")?;
    let settings = command_line.settings;
    let data_dir = DataDir::at(&settings.data_dir);
    match command_line.command {
        Some(Command::Token(command)) => return token::run(&settings, command).await,
        Some(Command::Check { egress, output }) => return check::run(&settings, egress.as_ref(), output).await,
        Some(Command::Backup { .. } | Command::Restore { .. }) if !matches!(settings.store, StoreAddress::Sqlite) => {
            anyhow::bail!(
                "this command is for the embedded store: back up PostgreSQL with pg_dump, or with pg_basebackup and the archived WAL; \
                 neither backup contains the master key"
            )
        }
        Some(Command::Backup { file, replace }) => return backup::back_up(&settings, &data_dir, &file, replace, Clock::system().now()),
        Some(Command::Restore { file, replace }) => {
            let given = GivenKeys::read(&settings, data_dir.master_key_file()).await?;
            return backup::restore(&settings, &data_dir, &given, &file, replace, Clock::system().now());
        }
        Some(Command::Migrate { from, to }) => return migrate::run(&settings, &from, &to).await,
        Some(Command::Delivery(command)) => return pause::run(&settings, command).await,
        Some(Command::Key(command)) => return key::run(&settings, command).await,
        None => {}
    }
    let (log, log_thread) = node::log::start(settings.log_format, settings.log_level);
    let result = serve(settings, &log).await;
    drop(log);
    log_thread.finish();
    result
}

async fn serve(settings: Settings, log: &Logger) -> anyhow::Result<()> {
    // Installs the handlers before the greeting, because a program that reads the greeting may send a signal immediately.
    let (mut stop, mut hangup) = (StopSignals::install()?, signal(SignalKind::hangup())?);
    let server = Server::start(settings, Clock::system(), log.clone()).await?;
    server.greet();
    let first = loop {
        tokio::select! {
            name = stop.next() => break name,
            _ = hangup.recv() => server.reload(),
        }
    };
    slog::info!(log, # "server.signal", "stop signal received"; "signal" => first);
    tokio::select! {
        result = server.stop() => result,
        second = stop.next() => {
            slog::warn!(log, # "server.second_signal", "a second stop signal was received: attempts in flight are interrupted and will be repeated"; "signal" => second);
            anyhow::bail!("a second signal ended the server before requests and attempts in flight were complete")
        }
    }
}

/// The signals that stop the server. A signal between `install` and `next` counts too.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn install() -> std::io::Result<StopSignals> {
        Ok(StopSignals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for a signal, and returns its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests;
