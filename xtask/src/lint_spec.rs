//! `cargo xtask lint-spec`: checks openapi.json with two linters. Each linter finds problems that the other one misses.
//! xtask/lint-spec contains the rules of the linters, and the reason for each disabled rule.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::environment;

const COMMAND: &str = "lint-spec";

/// The name and arguments of each linter. A warning also makes a linter fail.
const LINTERS: [(&str, &[&str]); 2] = [
    ("redocly", &["lint", "openapi.json", "--config", "redocly.yaml", "--format", "stylish"]),
    ("spectral", &["lint", "openapi.json", "--ruleset", "spectral.yaml", "--fail-severity", "hint"]),
];

/// # Errors
/// When the linters cannot be installed or run.
pub fn run() -> anyhow::Result<ExitCode> {
    environment::node(COMMAND)?;
    let work = environment::directory(COMMAND)?;
    // The configuration of the linters expects openapi.json in the folder of the configuration.
    environment::copy(&crate::repository("openapi.json"), &work)?;
    let mut passed = true;
    for (linter, arguments) in LINTERS {
        println!("── {linter}");
        let mut command = Command::new("node");
        command.arg(Path::new("node_modules/.bin").join(linter)).args(arguments).current_dir(&work).stdin(Stdio::null());
        // Disables telemetry and the check for updates.
        command.envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")]);
        passed &= command.status().with_context(|| format!("cannot start {linter}"))?.success();
    }
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!("The lines are those of openapi.json. Correct it, or turn the rule off in xtask/lint-spec and give the reason there.");
    Ok(ExitCode::from(crate::DRIFT))
}
