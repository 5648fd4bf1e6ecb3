//! `cargo xtask sbom`: writes a software bill of materials for each program, with cargo-cyclonedx.

use std::path::Path;
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
    let (root, output) = (crate::checkout()?, environment::directory("sbom")?);
    let mut cyclonedx = Command::new(program);
    cyclonedx.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", PLATFORM, "--no-build-deps"]);
    // Without this feature, the client is only a library.
    cyclonedx.args(["--features", "webhooks-client/command-line"]);
    let status = cyclonedx.args(["--override-filename", "bom"]).current_dir(&root).status().context("cannot start cargo-cyclonedx")?;
    ensure!(status.success(), "cargo-cyclonedx cannot describe the programs");
    // The tool writes a file beside each Cargo.toml of the workspace.
    for file in crate::lint::files(&root, |path| path.file_name().is_some_and(|name| name == "bom.json"))? {
        if let Some(folder) = FOLDERS.iter().find(|folder| file.parent() == Some(Path::new(folder))) {
            let target = output.join(format!("webhooks-{folder}.json"));
            // The folder of this checkout says nothing about the program.
            let text = crate::read(&root.join(&file))?.replace(&format!("file://{}", root.display()), "file://");
            std::fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
        }
        crate::remove(&root.join(&file))?;
    }
    println!("wrote the software bills of materials to target/sbom");
    Ok(ExitCode::SUCCESS)
}
