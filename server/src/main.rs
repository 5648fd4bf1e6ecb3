use std::process::ExitCode;

use webhooks_server::clock::Clock;
use webhooks_server::config::{Command, CommandLine, ConfigError};
use webhooks_server::data_dir::DataDir;
use webhooks_server::server::Server;
use webhooks_server::store::address::StoreAddress;
use webhooks_server::{backup, log, migration, pause, token};

/// Requests and deliveries are many small allocations on several threads, which the system's allocator takes its time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command_line = match CommandLine::load(std::env::args_os()) {
        Ok(command_line) => command_line,
        Err(ConfigError::Arguments(error)) => error.exit(),
        Err(error) => return fail(&error.into()),
    };
    match run(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[tokio::main]
async fn run(command_line: CommandLine) -> anyhow::Result<()> {
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
        Some(Command::Migrate { from, to }) => return migration::run(&settings, &from, &to).await,
        Some(Command::Delivery(command)) => return pause::run(&settings, command).await,
        None => {}
    }
    let log = log::start(settings.log_format, settings.log_level);
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

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("webhooks-server: {error:#}");
    ExitCode::FAILURE
}
