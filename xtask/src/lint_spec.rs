//! `cargo xtask lint-spec`: openapi.json under two linters, of which each finds what the other misses. The rules, and why some
//! of them are off, are in xtask/lint-spec.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context as _;

use crate::environment;

const VERB: &str = "lint-spec";

/// A linter's name, and its arguments. A warning fails too.
const LINTERS: [(&str, &[&str]); 2] = [
    ("redocly", &["lint", "openapi.json", "--config", "redocly.yaml", "--format", "stylish"]),
    ("spectral", &["lint", "openapi.json", "--ruleset", "spectral.yaml", "--fail-severity", "hint"]),
];

/// # Errors
/// When the linters cannot be installed or run.
pub fn run() -> anyhow::Result<ExitCode> {
    environment::node(VERB)?;
    let work = environment::directory(VERB)?;
    // The rules name it as it lies beside them.
    environment::copy(&crate::repository("openapi.json"), &work)?;
    let mut passed = true;
    for (linter, arguments) in LINTERS {
        println!("── {linter}");
        let mut command = Command::new("node");
        command.arg(Path::new("node_modules/.bin").join(linter)).args(arguments).current_dir(&work).stdin(Stdio::null());
        // Neither tells anybody that it ran.
        command.envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")]);
        passed &= command.status().with_context(|| format!("cannot start {linter}"))?.success();
    }
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Lines are those of openapi.json. Change it, or switch a rule off in xtask/lint-spec and say there why.");
    Ok(ExitCode::from(crate::DRIFT))
}
