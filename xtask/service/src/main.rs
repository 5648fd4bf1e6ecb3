//! The commands of `cargo xtask` that need the API crate. `cargo xtask` runs this program for each of these commands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use openapi_proof::{evidence, mutation, openapi};
use webhooks_spec::{client, docs};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Commands on openapi.json", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare openapi.json with the document that the code generates, and validate the examples in openapi.json
    Openapi(openapi::Arguments),
    /// List changes of openapi.json that break clients or receivers, and check that `info.version` was increased for
    /// them
    Breaking(openapi::breaking::Arguments),
    /// Generate client/src/generated.rs and client/src/mock.rs from openapi.json
    Client(client::Arguments),
    /// Write the docs page of the server to a file
    Docs(docs::Arguments),
    /// List the statements in openapi.json that no test confirmed, and the statements that a test contradicted
    Coverage,
    /// Change one statement at a time in a copy of openapi.json, and check that the checks report each change
    Mutations(mutation::Arguments),
}

fn main() -> ExitCode {
    run(&Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let service = webhooks_spec::service()?;
    match command {
        Command::Openapi(arguments) => openapi::run(&service, arguments),
        Command::Breaking(arguments) => openapi::breaking::run(&service, arguments),
        Command::Client(arguments) => client::run(&service, arguments),
        Command::Docs(arguments) => docs::run(&service, arguments),
        Command::Coverage => evidence::coverage::run(&service),
        Command::Mutations(arguments) => mutation::run(&service, arguments),
    }
}
