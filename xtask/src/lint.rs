//! `cargo xtask lint`: rules on the Rust sources that no compiler knows. It reads files and needs nothing else.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

mod imports;
mod length;

/// # Errors
/// When a source cannot be read.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let findings = [imports::check(&root)?, length::check(&root)?].concat();
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// Every Rust source below a folder, by its path from the top of the repository.
fn sources(root: &Path, folder: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut sources = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((path.display().to_string(), crate::read(&root.join(&path))?));
            }
        }
    }
    sources.sort();
    Ok(sources)
}
