//! `cargo xtask bench`: builds the server and the benchmark for release, and runs the benchmark.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::build::build;

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// Options of the benchmark; `--help` lists them
    #[arg(value_name = "OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// # Errors
/// When a build fails, or the benchmark cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = &crate::checkout()?;
    // There are two separate builds. If one build made both programs, the server would get library features that only the benchmark
    // enables.
    let (server, bench) = (build(root, "webhooks-server", "release")?, build(root, "webhooks-bench", "release")?);
    let mut command = Command::new(bench);
    command.arg("--directory").arg(crate::environment::directory("bench")?);
    if !arguments.options.iter().any(|option| option.starts_with("--server")) {
        command.arg("--server").arg(server);
    }
    let status = command.args(&arguments.options).status().context("cannot start the benchmark")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
