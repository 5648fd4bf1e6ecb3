//! `cargo xtask attack`: builds the server and the program `webhooks-bench`, which attacks the server.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::build::build;

#[derive(clap::Args)]
pub struct Arguments {
    /// Duration of the attack in seconds
    #[arg(long, default_value_t = 60, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(5..=86_400))]
    seconds: u32,
    /// Who attacks
    #[arg(long, value_enum, value_delimiter = ',', default_value = "clients,receivers")]
    by: Vec<Peers>,
    /// Use TLS for the API
    #[arg(long)]
    tls: bool,
    /// Use debug builds, as the tests do
    #[arg(long)]
    debug: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Peers {
    Clients,
    Receivers,
}

/// # Errors
/// When a build fails, or the program cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = &crate::checkout()?;
    let profile = if arguments.debug { "dev" } else { "release" };
    let (server, bench) = (build(root, "webhooks-server", profile)?, build(root, "webhooks-bench", profile)?);
    let mut command = Command::new(bench);
    command.arg("--directory").arg(crate::environment::directory("attack")?).arg("--server").arg(server);
    let name = |peers: &Peers| if matches!(peers, Peers::Clients) { "clients" } else { "receivers" };
    let by: Vec<&str> = arguments.by.iter().map(name).collect();
    command.arg("attack").arg(format!("--seconds={}", arguments.seconds)).arg(format!("--by={}", by.join(",")));
    if arguments.tls {
        command.arg("--tls");
    }
    let status = command.status().context("cannot start webhooks-bench")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
