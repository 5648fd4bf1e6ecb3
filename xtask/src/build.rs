//! Programs of this checkout, built by cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Where the program of that name is, once cargo has built it.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(root: &Path, name: &str, profile: &str) -> anyhow::Result<PathBuf> {
    cargo(root, &["build", "--profile", profile, "--package", name, "--bin", name, "--locked"])
}

/// The program that a build makes.
///
/// # Errors
/// When it does not build.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> anyhow::Result<PathBuf> {
    let (command, arguments) = arguments.split_first().context("no command of cargo")?;
    let output = Command::new(env!("CARGO"))
        .args([*command, "--quiet", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo {command} {} ended with {}", arguments.join(" "), output.status);
    executable(&String::from_utf8_lossy(&output.stdout)).context("cargo does not say where it put the program")
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
    fn cargo_says_where_the_program_is() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/debug/webhooks-server\"}\n{}";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/webhooks-server")));
    }
}
