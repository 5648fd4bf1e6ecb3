//! Everything that a change must pass: sets up what is missing, runs every step, and reports at the end.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// A program that the steps need beside Rust, and the Debian package that has it.
///
/// On a machine with systemd two of the packages start services, on ports 5432 and 6432. The tests start their own servers on
/// other ports, so these are left alone: what would keep them from starting is a setting of the whole machine, which would
/// also hold for whoever wants them later.
const PROGRAMS: [(&str, &str); 14] = [
    ("cc", "build-essential"),
    ("curl", "curl"),
    ("bash", "bash"),
    ("git", "git"),
    ("kill", "procps"),
    ("strace", "strace"),
    ("chromium", "chromium"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("systemd-analyze", "systemd"),
    ("readelf", "binutils"),
    ("postgres", "postgresql"),
    ("pgbouncer", "pgbouncer"),
];

struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, arguments, environment: &[] }
}

/// Arguments of cargo, in the order in which a mistake is likeliest and cheapest to find.
const STEPS: [Step; 18] = [
    step("format", &["fmt", "--all", "--check"]),
    step("lints", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    step("spec and code agree", &["xtask", "openapi"]),
    step("spec lint", &["xtask", "lint"]),
    // Says why when there is nothing to compare with, as in a first or shallow clone, and passes.
    step("version says what breaks", &["xtask", "breaking"]),
    step("generated client", &["xtask", "client", "--check"]),
    step("tests", &["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]),
    step("every statement was seen", &["xtask", "coverage"]),
    step("every change is reported", &["xtask", "mutations"]),
    // After these, which judge by what the tests before saw.
    Step {
        name: "tests on PostgreSQL",
        arguments: &["test", "--package", "webhooks-server", "--lib", "--test", "it", "--locked", "--no-fail-fast"],
        environment: &[("WEBHOOKS_TEST_STORE", "postgres")],
    },
    // The server's only examples are in what dropshot's macro generates, and are not meant to run.
    step("documentation examples", &["test", "--workspace", "--exclude", "webhooks-server", "--doc", "--locked"]),
    Step {
        name: "documentation",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step("contract", &["xtask", "contract"]),
    step("other languages", &["xtask", "languages"]),
    step("deployment files", &["xtask", "deploy"]),
    // On the builds that the tests need; the README measures once with `cargo xtask bench --quick`.
    step("chaos", &["xtask", "chaos", "--debug", "--seconds", "15"]),
    step("chaos on PostgreSQL", &["xtask", "chaos", "--debug", "--store", "postgres", "--nodes", "3", "--seconds", "20"]),
    step("README", &["xtask", "readme"]),
];

/// # Errors
/// When a step fails, or cannot be run.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = &crate::repository("").canonicalize().context("the checkout is gone")?;
    install_missing()?;
    let results: Vec<(&str, Duration, anyhow::Result<()>)> = STEPS
        .iter()
        .map(|step| {
            println!("\n── {} ── cargo {}", step.name, step.arguments.join(" "));
            let started = Instant::now();
            let result = run_step(root, step);
            (step.name, started.elapsed(), result)
        })
        .collect();
    println!();
    for (name, took, result) in &results {
        match result {
            Ok(()) => println!("passed  {name:24} {:4} s", took.as_secs()),
            Err(error) => println!("FAILED  {name:24} {:4} s  {error:#}", took.as_secs()),
        }
    }
    let failed = results.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("{} passed, {failed} failed", results.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} steps failed", results.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a step, showing what it prints. A test that was left out fails it.
fn run_step(root: &Path, step: &Step) -> anyhow::Result<()> {
    let mut child = Command::new(env!("CARGO"))
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let mut left_out = 0;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read what cargo prints")?;
            left_out += ignored_tests(&line);
            println!("{line}");
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("cargo {} ended with {status}", step.arguments.join(" "));
    }
    if left_out > 0 {
        bail!("{left_out} tests were ignored; every test has to run");
    }
    Ok(())
}

/// The number in a test runner's `…; 0 ignored; …`.
fn ignored_tests(line: &str) -> u32 {
    let Some(("test result", rest)) = line.split_once(':').map(|(head, rest)| (head.trim(), rest)) else { return 0 };
    let mut words = rest.split([' ', ';']).filter(|word| !word.is_empty());
    let mut previous = "";
    words
        .find_map(|word| {
            let number = (word == "ignored").then(|| previous.parse().unwrap_or(1));
            previous = word;
            number
        })
        .unwrap_or(0)
}

/// Installs missing Debian packages where that needs no password, and otherwise says how before anything is built.
fn install_missing() -> anyhow::Result<()> {
    let mut packages: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    // Debian's python3 leaves out what makes virtual environments.
    if !succeeds(Command::new("python3").args(["-c", "import ensurepip"]).stderr(Stdio::null())) {
        packages.push("python3-venv");
    }
    if packages.is_empty() {
        return Ok(());
    }
    packages.dedup();
    let list = packages.join(" ");
    let as_root = if succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
        Some("")
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        Some("sudo -n ")
    } else {
        None
    };
    let by_hand = format!("install what is missing and run this again: sudo apt-get update && sudo apt-get install --yes {list}");
    let (Some(as_root), true) = (as_root, is_installed("apt-get")) else { bail!("{by_hand}") };
    println!("installing {list}");
    let script =
        format!("export DEBIAN_FRONTEND=noninteractive; {as_root}apt-get update --quiet && {as_root}apt-get install --yes --quiet {list}");
    if !succeeds(Command::new("sh").args(["-c", &script])) {
        bail!("apt-get failed; {by_hand}");
    }
    Ok(())
}

/// As a program of its own: what a shell has built in does not count.
fn is_installed(program: &str) -> bool {
    // Debian has these in directories that are not on everybody's PATH. The tests know where to look.
    match program {
        "postgres" => return webhooks_postgres::Binaries::find().is_ok(),
        "pgbouncer" => return webhooks_postgres::find_pgbouncer().is_ok(),
        _ => {}
    }
    let started = Command::new(program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    !started.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::ignored_tests;

    #[test]
    fn an_ignored_test_is_counted() {
        assert_eq!(ignored_tests("test result: ok. 14 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.01s"), 3);
        assert_eq!(ignored_tests("test result: ok. 14 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s"), 0);
        assert_eq!(ignored_tests("running 3 tests"), 0);
    }
}
