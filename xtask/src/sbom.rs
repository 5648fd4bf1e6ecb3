//! `cargo xtask sbom`: writes a software bill of materials for each program, with cargo-cyclonedx.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};

use crate::environment;
use crate::notices::PLATFORM;

const VERSION: &str = "0.5.9";

/// The folder of each package with a program.
const FOLDERS: [&str; 2] = ["server", "client"];

/// # Errors
/// When cargo-cyclonedx cannot be installed, or fails.
pub fn run() -> anyhow::Result<ExitCode> {
    let program = environment::cargo("cargo-cyclonedx", VERSION)?;
    let root = crate::checkout()?;
    let output = environment::directory("sbom")?;
    for folder in FOLDERS {
        let mut cyclonedx = Command::new(&program);
        cyclonedx.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", PLATFORM, "--no-build-deps"]);
        cyclonedx.args(["--override-filename", "bom", "--manifest-path"]).arg(root.join(folder).join("Cargo.toml"));
        let status = cyclonedx.current_dir(&root).status().context("cannot start cargo-cyclonedx")?;
        ensure!(status.success(), "cargo-cyclonedx cannot describe {folder}");
    }
    Ok(ExitCode::SUCCESS)
}
