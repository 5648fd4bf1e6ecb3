//! `cargo xtask <command>`: the project's own commands, one file each.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// The commands by purpose, in the order in which they are shown.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Daily", &["check", "lint", "setup", "ci", "readme"]),
    ("Specification", &["openapi", "client", "breaking", "coverage", "mutations", "contract", "lint-spec", "docs", "languages"]),
    ("Measurement", &["bench", "chaos"]),
    ("Release", &["deploy"]),
];

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the checks that need only Rust and a C compiler
    Check,
    /// Install what CI needs beside Rust
    Setup,
    /// Run everything that a change must pass, after `setup`
    Ci(xtask::ci::Arguments),
    /// Compare openapi.json with the document that the code generates, and its examples with its schemas
    Openapi(xtask::spec::Arguments),
    /// Name what a change of openapi.json breaks for its users, and hold `info.version` to it
    Breaking(xtask::spec::Arguments),
    /// Generate client/src/generated.rs from openapi.json
    Client(xtask::spec::Arguments),
    /// Write the docs page, as the server serves it, to a file
    Docs(xtask::spec::Arguments),
    /// Check the imports between modules and the length of files
    Lint,
    /// Check openapi.json with two linters
    LintSpec,
    /// Lint the files in server/deploy, and link the server as its image has it
    Deploy,
    /// Test the service with requests made from openapi.json, valid ones and wrong ones
    ///
    /// Without `--url` against a server that it builds, starts on a free port with no data, and stops. A report is in
    /// target/contract. Every URL in a request is at `a.invalid`, a name that never resolves: nothing is sent to anybody.
    Contract(xtask::contract::Arguments),
    /// Generate clients in TypeScript and Python from openapi.json, and check signatures with packages of these languages
    ///
    /// Programs against the clients talk to a server that it builds, starts on a free port with no data, and stops. What is
    /// generated is in target/languages.
    Languages,
    /// Name what openapi.json says and the tests did not see, or saw to be otherwise
    Coverage(xtask::spec::Arguments),
    /// Change openapi.json in one statement at a time, and see that each change is reported
    Mutations(xtask::spec::Arguments),
    /// Measure the service against what it should reach, with faults in it, and prove that nothing is lost
    Bench(xtask::bench::Arguments),
    /// Kill the server again and again while receivers fail, and compare what arrived with what was accepted
    Chaos(xtask::chaos::Arguments),
    /// Do what the README says, and compare what it shows
    Readme,
}

fn main() -> ExitCode {
    let Some(command) = Arguments::parse().command else {
        print!("{}", grouped_help());
        return ExitCode::SUCCESS;
    };
    let outcome = match command {
        Command::Check => xtask::ci::check(),
        Command::Setup => xtask::setup::run(),
        Command::Ci(arguments) => xtask::ci::run(&arguments),
        Command::Openapi(arguments) => xtask::spec::run("openapi", &arguments),
        Command::Breaking(arguments) => xtask::spec::run("breaking", &arguments),
        Command::Client(arguments) => xtask::spec::run("client", &arguments),
        Command::Docs(arguments) => xtask::spec::run("docs", &arguments),
        Command::Coverage(arguments) => xtask::spec::run("coverage", &arguments),
        Command::Mutations(arguments) => xtask::spec::run("mutations", &arguments),
        Command::Lint => xtask::lint::run(),
        Command::LintSpec => xtask::lint_spec::run(),
        Command::Deploy => xtask::deploy::run(),
        Command::Contract(arguments) => xtask::contract::run(&arguments),
        Command::Languages => xtask::languages::run(),
        Command::Bench(arguments) => xtask::bench::run(&arguments),
        Command::Chaos(arguments) => xtask::chaos::run(&arguments),
        Command::Readme => xtask::readme::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Every command with one line, by purpose.
fn grouped_help() -> String {
    let all = Arguments::command();
    let mut help = "The project's own commands. `cargo xtask COMMAND --help` describes one.\n".to_owned();
    for (group, commands) in GROUPS {
        help.push_str(&format!("\n{group}\n"));
        for name in commands {
            let about = all.find_subcommand(name).and_then(clap::Command::get_about).map(ToString::to_string).unwrap_or_default();
            help.push_str(&format!("  {name:10} {about}\n"));
        }
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_in_exactly_one_group() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, commands)| commands.iter().copied()).collect();
        let all = Arguments::command();
        let mut commands: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        grouped.sort_unstable();
        commands.sort_unstable();
        assert_eq!(grouped, commands);
    }
}
