//! Builds programs of this checkout with cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// With these arguments, cargo selects the same features of the dependencies as for the tests of the workspace, so it builds
/// nothing twice. The tests enable these features.
pub(crate) const AS_IN_TESTS: [&str; 3] = ["--workspace", "--features", "webhooks-client/httpmock,webhooks-client/command-line"];

/// Builds the program of a package, and returns its path.
///
/// # Errors
/// When the build fails.
pub(crate) fn build(root: &Path, name: &str, profile: &str) -> anyhow::Result<PathBuf> {
    // A release build has only the features that the program itself needs.
    let packages: &[&str] = if profile == "dev" { &AS_IN_TESTS } else { &["--package", name] };
    cargo(root, &[&["build", "--profile", profile, "--bin", name, "--locked"], packages].concat())
}

/// Runs a build command of cargo, and returns the path of the program.
///
/// # Errors
/// When the build fails.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let (command, arguments) = arguments.split_first().context("no cargo command given")?;
    let output = Command::new(env!("CARGO"))
        .args([*command, "--quiet", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo {command} {} ended with {}", arguments.join(" "), output.status);
    executable(&String::from_utf8_lossy(&output.stdout)).context("cargo did not print the path of the program")
}

fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_program_is_read_from_cargo_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/debug/webhooks-server\"}\n{}";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/webhooks-server")));
    }
}
