//! The command line for users of the webhook service. It has a command for each operation of the API. `listen` is a receiver
//! for development. `check-receiver` tests your own receiver.

use std::process::ExitCode;

use clap::FromArgMatches as _;
use clap::error::ErrorKind;

mod api;
mod arguments;
mod check_receiver;
mod commands;
mod failure;
mod follow;
mod forward;
mod health;
mod help;
mod listen;
mod lists;
mod lookup;
mod operators;
mod output;
mod program;
mod recover;
mod reference;
mod replay;
mod requests;
mod secrets;
mod time;
mod trigger;
mod why;

use arguments::CommandLine;

#[tokio::main]
async fn main() -> ExitCode {
    let matches = help::command().get_matches();
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if line.licenses {
        let printed = output::print(include_str!("../../../THIRD-PARTY-LICENSES.txt").trim_end());
        return printed.map_or_else(|error| failure::report(&error.into(), line.format()), |()| ExitCode::SUCCESS);
    }
    let Some(command) = &line.command else {
        help::command().error(ErrorKind::MissingSubcommand, "a command is missing; `webhooks --help` lists them").exit()
    };
    match commands::run(&line, command).await {
        Ok(code) => code,
        Err(error) => failure::report(&error, line.format()),
    }
}
