//! `cargo xtask deny`: checks all dependencies with cargo-deny and `xtask/deny/deny.toml`.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::environment;

const VERSION: &str = "0.20.2";

#[derive(clap::Args)]
pub struct Arguments {
    /// Also report dependencies with known vulnerabilities; this downloads the advisory database of RustSec
    #[arg(long)]
    advisories: bool,
}

/// # Errors
/// When cargo-deny cannot be installed or started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let program = environment::cargo("cargo-deny", VERSION)?;
    let mut deny = Command::new(program);
    deny.args(["--locked", "--config"]).arg(crate::repository("xtask/deny/deny.toml")).args(["check", "licenses", "bans", "sources"]);
    if arguments.advisories {
        deny.arg("advisories");
    }
    let status = deny.current_dir(crate::checkout()?).status().context("cannot start cargo-deny")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}
