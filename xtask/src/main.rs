use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod ci;
mod client;
mod openapi;
mod readme;

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Everything that a change must pass; sets up what it needs
    Ci,
    /// Prove that openapi.json and the code say the same; exits with 4 when they do not
    Openapi {
        /// Print what the comparison leaves out, and what holds that instead
        #[arg(long)]
        rules: bool,
    },
    /// Do what the README says, and compare what it shows
    Readme,
    /// Generate client/src/generated.rs from openapi.json
    Client {
        /// Only compare, and fail when the committed file differs
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let root = root();
    /// Told apart from a failure of the tool, which is 1.
    const DRIFT: u8 = 4;
    let result = match CommandLine::parse().verb {
        Verb::Ci => ci::run(&root),
        Verb::Openapi { rules: true } => {
            openapi::print_rules();
            Ok(())
        }
        Verb::Openapi { rules: false } => match openapi::run(&root) {
            Ok(openapi::Outcome::Agree) => Ok(()),
            Ok(openapi::Outcome::Drift) => return ExitCode::from(DRIFT),
            Err(error) => Err(error),
        },
        Verb::Readme => readme::run(&root),
        Verb::Client { check } => client::run(&root, check),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}
