//! `cargo xtask <verb>`: the project's own tasks, one file a verb.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run everything that a change must pass, and set up what that needs
    Ci,
    /// Compare openapi.json with the document that the code generates, and its examples with its schemas
    Openapi(xtask::openapi::Arguments),
    /// Name what a change of openapi.json breaks for its users, and hold `info.version` to it
    Breaking(xtask::openapi::breaking::Arguments),
    /// Generate client/src/generated.rs from openapi.json
    Client(xtask::client::Arguments),
    /// Write the docs page, as the server serves it, to a file
    Docs(xtask::docs::Arguments),
    /// Put openapi.json under two linters
    Lint,
    /// Put the files of server/deploy under the linters of their kinds, and link the server as its image has it
    Deploy,
    /// Test the service with requests made from openapi.json, valid ones and wrong ones
    ///
    /// Without `--url` against a server that it builds, starts on a free port with no data, and stops. A report is in
    /// target/contract. Every URL in a request is at `a.invalid`, a name that never resolves: nothing is sent to anybody.
    Contract(xtask::contract::Arguments),
    /// Generate clients in TypeScript and Python from openapi.json, and have packages of these languages check signatures
    ///
    /// Programs against the clients talk to a server that it builds, starts on a free port with no data, and stops. What is
    /// generated is in target/languages.
    Languages,
    /// Name what openapi.json says and the tests did not see, or saw to be otherwise
    Coverage,
    /// Change openapi.json in one statement at a time, and see that each change is reported
    Mutations(xtask::mutation::Arguments),
    /// Measure the service against what it should reach, with faults in it, and prove that nothing is lost
    Bench(xtask::bench::Arguments),
    /// Kill the server again and again while receivers fail, and hold what came against what was accepted
    Chaos(xtask::chaos::Arguments),
    /// Do what the README says, and compare what it shows
    Readme,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Openapi(arguments) => xtask::openapi::run(&arguments),
        Verb::Breaking(arguments) => xtask::openapi::breaking::run(&arguments),
        Verb::Client(arguments) => xtask::client::run(&arguments),
        Verb::Docs(arguments) => xtask::docs::run(&arguments),
        Verb::Contract(arguments) => xtask::contract::run(&arguments),
        Verb::Languages => xtask::languages::run(),
        Verb::Lint => xtask::lint::run(),
        Verb::Deploy => xtask::deploy::run(),
        Verb::Ci => xtask::ci::run(),
        Verb::Coverage => xtask::evidence::coverage::run(),
        Verb::Mutations(arguments) => xtask::mutation::run(&arguments),
        Verb::Bench(arguments) => xtask::bench::run(&arguments),
        Verb::Chaos(arguments) => xtask::chaos::run(&arguments),
        Verb::Readme => xtask::readme::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
