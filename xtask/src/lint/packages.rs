//! Checks that each package that can be published is complete: `cargo package` includes its README and licences, and every file that
//! its sources include.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use regex::Regex;

/// The folder and the name of each package.
const PACKAGES: [(&str, &str); 3] = [("client", "webhooks-client"), ("server", "webhooks-server"), ("server/api", "webhooks-server-api")];

const REQUIRED: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Members of `[package]` that crates.io shows.
const MEMBERS: [&str; 4] = ["categories", "description", "keywords", "readme"];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (folder, name) in PACKAGES {
        let manifest: toml::Table = crate::read(&root.join(folder).join("Cargo.toml"))?.parse().context("Cargo.toml is not TOML")?;
        for member in MEMBERS.iter().filter(|member| manifest["package"].get(**member).is_none()) {
            findings.push(format!("{folder}/Cargo.toml: `[package]` has no `{member}`"));
        }
        let files = files(root, name)?;
        for file in REQUIRED.iter().filter(|file| !files.contains(Path::new(**file))) {
            findings.push(format!("{folder}: the package {name} has no {file}"));
        }
        for file in files.iter().filter(|file| file.starts_with("data")) {
            findings.push(format!("{folder}/{}: the data of a server, with its secrets, must not be in the repository", file.display()));
        }
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
            let text = crate::read(&root.join(folder).join(file))?;
            for missing in included(file, &text)?.into_iter().filter(|path| !files.contains(path)) {
                findings.push(format!("{folder}/{}: the package {name} does not contain {}", file.display(), missing.display()));
            }
        }
    }
    Ok(findings)
}

/// Returns the files that `cargo package` includes, relative to the folder of the package.
fn files(root: &Path, package: &str) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--list", "--quiet", "--allow-dirty", "--package", package]).current_dir(root);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo package --list ended with {}", output.status);
    Ok(String::from_utf8(output.stdout).context("the output of cargo is not text")?.lines().map(PathBuf::from).collect())
}

/// Returns the files that a source file of a package includes, relative to the folder of the package. A path that leaves the package
/// begins with `..`.
fn included(file: &Path, text: &str) -> anyhow::Result<Vec<PathBuf>> {
    let relative = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)""#)?;
    let from_manifest = Regex::new(r#"env!\("CARGO_MANIFEST_DIR"\),\s*"/([^"]+)""#)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let relative = relative.captures_iter(text).map(|found| resolved(&folder.join(&found[1])));
    Ok(relative.chain(from_manifest.captures_iter(text).map(|found| resolved(Path::new(&found[1])))).collect())
}

/// Resolves each `..` of a relative path.
fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        let can_remove = resolved.components().next_back().is_some_and(|last| last != Component::ParentDir);
        match component {
            Component::ParentDir if can_remove => {
                resolved.pop();
            }
            other => resolved.push(other),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_files_are_found_and_resolved() -> anyhow::Result<()> {
        let text = r#"include_str!("../../README.md") include_bytes!(
            "b.txt") concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json")"#;
        let expected = ["../README.md", "src/b.txt", "../openapi.json"].map(PathBuf::from);
        assert_eq!(included(Path::new("src/lib.rs"), text)?, expected);
        Ok(())
    }
}
