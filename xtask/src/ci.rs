//! `cargo xtask ci`: runs all checks that a change must pass, or only the selected steps. Prints a summary.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

#[derive(clap::Args)]
pub struct Arguments {
    /// Run only this step; repeat the option to run several steps
    #[arg(long = "step", value_name = "NAME", conflicts_with = "from")]
    steps: Vec<String>,
    /// Run this step and all steps after it
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
}

struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const fn step(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, arguments, environment: &[] }
}

/// The steps of CI. Each step runs cargo with the arguments in this list. Fast checks and checks that often fail come
/// first.
const STEPS: [Step; 22] = [
    step("format", &["fmt", "--all", "--check"]),
    step("lint", &["xtask", "lint"]),
    step("clippy", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    step("openapi", &["xtask", "openapi"]),
    step("notices", &["xtask", "notices", "--check"]),
    step("lint-spec", &["xtask", "lint-spec"]),
    // If there is no earlier document to compare with, for example in a shallow clone, this step passes with a message.
    step("breaking", &["xtask", "breaking"]),
    step("client", &["xtask", "client", "--check"]),
    step("test", &["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]),
    step("coverage", &["xtask", "coverage"]),
    step("mutations", &["xtask", "mutations"]),
    // This step must come after `coverage` and `mutations`, because those two steps evaluate the recordings of the step
    // `test`.
    Step {
        name: "test-postgres",
        // The other packages have few tests of these kinds. With them, cargo selects the same features of the dependencies as in
        // the step `test`, so it builds nothing again.
        arguments: &[
            "test",
            "--package=webhooks-server",
            "--package=webhooks-client",
            "--package=webhooks-bench",
            "--lib",
            "--test=it",
            "--locked",
            "--no-fail-fast",
        ],
        environment: &[("WEBHOOKS_TEST_STORE", "postgres")],
    },
    // The API crate is excluded: dropshot's macro generates its only examples, and they cannot run.
    step("test-doc", &["test", "--workspace", "--exclude", "webhooks-server-api", "--doc", "--locked"]),
    Step { name: "doc", arguments: &["doc", "--workspace", "--no-deps", "--locked"], environment: &[("RUSTDOCFLAGS", "-D warnings")] },
    step("contract", &["xtask", "contract"]),
    step("languages", &["xtask", "languages"]),
    step("receivers", &["xtask", "receivers"]),
    step("deploy", &["xtask", "deploy"]),
    // Uses debug builds, because other steps have already made them. There is no step for `bench`: `readme` runs `bench --quick`.
    step("chaos", &["xtask", "chaos", "--debug", "--seconds", "15"]),
    step("chaos-postgres", &["xtask", "chaos", "--debug", "--store", "postgres", "--nodes", "3", "--seconds", "20"]),
    step("attack", &["xtask", "attack", "--debug", "--seconds", "15"]),
    step("readme", &["xtask", "readme"]),
];

/// The steps of `check`. They need only Rust and a C compiler.
const CHECK: [&str; 6] = ["format", "lint", "clippy", "openapi", "client", "test"];

const ENVIRONMENT: [(&str, &str); 5] = [
    // With this variable, a test fails if a tool that it needs is missing. Without this variable, the test is skipped.
    ("WEBHOOKS_TEST_ALL", "1"),
    // The step `readme` makes release builds. It builds in another path, so it builds the whole workspace again.
    // Most of the build time is optimization. CI does not need it, because it evaluates no measurements.
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// # Errors
/// When a step fails or is unknown, or a tool cannot be installed.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let steps = chosen(arguments)?;
    crate::setup::run()?;
    run_steps(&steps, &ENVIRONMENT)
}

/// Runs `cargo xtask check`.
///
/// # Errors
/// When a step fails.
pub fn check() -> anyhow::Result<ExitCode> {
    let steps: Vec<&Step> = STEPS.iter().filter(|step| CHECK.contains(&step.name)).collect();
    run_steps(&steps, &[])
}

fn chosen(arguments: &Arguments) -> anyhow::Result<Vec<&'static Step>> {
    let position = |name: &String| {
        let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        STEPS.iter().position(|step| step.name == name).with_context(|| format!("unknown step `{name}`; the steps are {}", names()))
    };
    if let Some(from) = &arguments.from {
        return Ok(STEPS.iter().skip(position(from)?).collect());
    }
    if arguments.steps.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    arguments.steps.iter().map(|name| Ok(&STEPS[position(name)?])).collect()
}

fn run_steps(steps: &[&Step], environment: &[(&str, &str)]) -> anyhow::Result<ExitCode> {
    let root = &crate::checkout()?;
    let results: Vec<(&str, Duration, anyhow::Result<()>)> = steps
        .iter()
        .map(|step| {
            println!("\n── {} ── cargo {}", step.name, step.arguments.join(" "));
            let started = Instant::now();
            let result = run_step(root, step, environment);
            (step.name, started.elapsed(), result)
        })
        .collect();
    println!();
    for (name, took, result) in &results {
        match result {
            Ok(()) => println!("passed  {name:14} {:4} s", took.as_secs()),
            Err(error) => println!("FAILED  {name:14} {:4} s  {error:#}; to repeat it: cargo xtask ci --step {name}", took.as_secs()),
        }
    }
    let failed = results.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("{} passed, {failed} failed", results.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} steps failed", results.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a step and prints its output. An ignored test makes the step fail.
fn run_step(root: &Path, step: &Step, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut child = Command::new(env!("CARGO"))
        .args(step.arguments)
        .envs(step.environment.iter().chain(environment).copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let mut ignored = 0;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read the output of cargo")?;
            ignored += ignored_tests(&line);
            println!("{line}");
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("cargo {} ended with {status}", step.arguments.join(" "));
    }
    if ignored > 0 {
        bail!("{ignored} tests were ignored; every test must run");
    }
    Ok(())
}

/// Returns the number of ignored tests in a summary line (`…; 0 ignored; …`). Returns 0 for any other line.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[&str], from: Option<&str>) -> anyhow::Result<Vec<&'static str>> {
        let arguments = Arguments { steps: steps.iter().map(ToString::to_string).collect(), from: from.map(str::to_owned) };
        Ok(chosen(&arguments)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name() -> anyhow::Result<()> {
        assert_eq!(names(&[], None)?.len(), STEPS.len());
        assert_eq!(names(&["test", "format"], None)?, ["test", "format"]);
        assert_eq!(names(&[], Some("chaos-postgres"))?, ["chaos-postgres", "attack", "readme"]);
        let error = names(&["lints"], None).expect_err("an unknown step").to_string();
        assert!(error.starts_with("unknown step `lints`; the steps are format, lint, clippy, "), "{error}");
        assert!(CHECK.iter().all(|name| STEPS.iter().any(|step| step.name == *name)));
        Ok(())
    }

    #[test]
    fn the_workflow_runs_each_step_once() -> anyhow::Result<()> {
        let workflow = crate::read(&crate::repository(".github/workflows/ci.yml"))?;
        let mut run: Vec<&str> = workflow.split("--step ").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        let mut steps: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        run.sort_unstable();
        steps.sort_unstable();
        assert_eq!(run, steps);
        Ok(())
    }

    #[test]
    fn ignored_tests_are_counted() {
        assert_eq!(ignored_tests("test result: ok. 14 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.01s"), 3);
        assert_eq!(ignored_tests("test result: ok. 14 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s"), 0);
        assert_eq!(ignored_tests("running 3 tests"), 0);
    }
}
