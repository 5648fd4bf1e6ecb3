//! The command line of the webhook service: every operation of its API, a receiver of callbacks for development, and a
//! check of other receivers.

use std::process::ExitCode;

use clap::Parser as _;

mod api;
mod arguments;
mod check_receiver;
mod commands;
mod failure;
mod listen;
mod output;
mod recover;
mod requests;
mod secrets;

use arguments::CommandLine;

#[tokio::main]
async fn main() -> ExitCode {
    let line = CommandLine::parse();
    match commands::run(&line).await {
        Ok(code) => code,
        Err(error) => failure::report(&error, line.json),
    }
}
