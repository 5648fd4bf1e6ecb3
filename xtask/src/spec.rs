//! The commands that check or use openapi.json. They need the API crate, so they are in a separate program (`xtask/service`). So
//! `cargo xtask` compiles without the API crate.

use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

/// All arguments, including `--help`. They are passed unchanged to the separate program.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

/// # Errors
/// When the program cannot be built or started.
pub fn run(command: &str, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let program = crate::build::build(&crate::checkout()?, "webhooks-spec", "dev")?;
    let status = Command::new(program).arg(command).args(&arguments.arguments).stdin(Stdio::null()).status();
    let status = status.context("cannot start webhooks-spec")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
