//! `cargo xtask lint`: rules on the Rust sources that no compiler knows. It reads files and needs nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

mod cycles;
mod imports;
mod length;
mod scan;

/// # Errors
/// When a source cannot be read.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let findings = [imports::check(&root)?, cycles::check(&root)?, length::check(&root)?].concat();
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// What is reached by imports, directly or through others.
fn reachable<K: Ord + Copy, I: IntoIterator<Item = K>>(from: K, imported: impl Fn(K) -> I) -> BTreeSet<K> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        next.extend(imported(module).into_iter().filter(|to| reached.insert(*to)));
    }
    reached
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
