//! `cargo xtask <command>`: the project's own commands. Each command has its own file.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// The commands, grouped by purpose, in the order of the help text.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Daily", &["check", "lint", "setup", "ci", "readme"]),
    (
        "Specification",
        &["openapi", "client", "breaking", "coverage", "mutations", "contract", "lint-spec", "docs", "languages", "receivers"],
    ),
    ("Measurement", &["bench", "chaos", "attack", "fuzz"]),
    ("Release", &["deploy", "notices", "deny", "sbom"]),
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
    /// Install all tools that CI needs, except Rust
    Setup,
    /// Run `setup`, and then all checks that a change must pass
    Ci(xtask::ci::Arguments),
    /// Compare openapi.json with the document that the code generates, and validate the examples in openapi.json
    Openapi(xtask::spec::Arguments),
    /// List changes of openapi.json that break clients or receivers, and check that `info.version` was increased for
    /// them
    Breaking(xtask::spec::Arguments),
    /// Generate client/src/generated.rs and client/src/mock.rs from openapi.json
    Client(xtask::spec::Arguments),
    /// Write the docs page of the server to a file
    Docs(xtask::spec::Arguments),
    /// Check the imports between modules, the length of source files, and the words in identifiers
    Lint,
    /// Check openapi.json with two linters
    LintSpec,
    /// Lint the files in server/deploy, and link the server statically
    Deploy,
    /// Test the service with valid and invalid requests that are generated from openapi.json
    ///
    /// If `--url` is absent, the command builds a server, starts it on a free port without data, and stops it at the end. The
    /// report is in target/contract. Every URL in a request has the host `a.invalid`, which has no address. So the service sends no
    /// callback.
    Contract(xtask::contract::Arguments),
    /// Test the service with clients that are generated in TypeScript and Python, and verify signatures in both languages
    ///
    /// The command builds a server, starts it on a free port without data, and stops it at the end. The generated files are in
    /// target/languages.
    Languages,
    /// List the statements in openapi.json that no test confirmed, and the statements that a test contradicted
    Coverage(xtask::spec::Arguments),
    /// Change one statement at a time in a copy of openapi.json, and check that the checks report each change
    Mutations(xtask::spec::Arguments),
    /// Measure the speed of the service, also with failing receivers and killed servers, and check that no delivery is lost
    Bench(xtask::bench::Arguments),
    /// Kill servers repeatedly while receivers fail, and compare the callbacks with the accepted notifications
    Chaos(xtask::chaos::Arguments),
    /// Attack a server with hostile clients and receivers, and check that the callbacks of an honest customer arrive
    Attack(xtask::attack::Arguments),
    /// Look for inputs that violate the properties of the parsers, the redaction and the attempts
    ///
    /// libFuzzer changes the inputs in xtask/fuzz/corpus. The build needs a C++ compiler. New inputs, findings and logs are in
    /// target/fuzz. The exit code is 1 if there is a finding.
    Fuzz(xtask::fuzz::Arguments),
    /// Write the licences of all dependencies to the files that the programs print with `--licenses`
    Notices(xtask::notices::Arguments),
    /// Check the licences, versions and sources of all dependencies with cargo-deny
    Deny(xtask::deny::Arguments),
    /// Write the software bill of materials of each program to target/sbom, in the format CycloneDX
    Sbom,
    /// Run the example receivers in client/receivers against a server
    Receivers,
    /// Run the commands in the documents, and compare their output with the documents
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
        Command::Attack(arguments) => xtask::attack::run(&arguments),
        Command::Fuzz(arguments) => xtask::fuzz::run(&arguments),
        Command::Notices(arguments) => xtask::notices::run(&arguments),
        Command::Deny(arguments) => xtask::deny::run(&arguments),
        Command::Sbom => xtask::sbom::run(),
        Command::Receivers => xtask::receivers::run(),
        Command::Readme => xtask::readme::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Returns the help text: one line for each command, grouped by purpose.
fn grouped_help() -> String {
    let all = Arguments::command();
    let mut help = "The project's own commands. `cargo xtask COMMAND --help` describes a command.\n".to_owned();
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
