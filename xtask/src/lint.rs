//! `cargo xtask lint`: checks the Rust sources, the Cargo.toml files, the tests that the threat model names, and the documented log
//! events, against rules of this project. It does not change files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

/// Files that are generated from openapi.json.
const GENERATED: [&str; 2] = ["client/src/generated.rs", "client/src/mock.rs"];

mod cycles;
mod imports;
mod length;
mod log_events;
mod manifests;
mod packages;
mod references;
mod scan;
mod terms;

/// # Errors
/// When a source file cannot be read.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let sources = sources(&root)?;
    let hand_written: Vec<Source> = sources.iter().filter(|(path, _)| !GENERATED.contains(&path.as_str())).cloned().collect();
    let findings = [
        imports::check(&sources)?,
        cycles::check(&sources)?,
        length::check(&hand_written),
        terms::check(&hand_written)?,
        manifests::check(&manifests::manifests(&root)?)?,
        packages::check(&root)?,
        references::check(&references::document()?, &sources)?,
        log_events::check(&log_events::document()?, &sources)?,
    ]
    .concat();
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// Returns everything that `from` imports, directly or indirectly.
fn reachable<K: Ord + Copy, I: IntoIterator<Item = K>>(from: K, imported: impl Fn(K) -> I) -> BTreeSet<K> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        next.extend(imported(module).into_iter().filter(|to| reached.insert(*to)));
    }
    reached
}

/// The path of a Rust source file, relative to the root of the repository, and its text.
type Source = (String, String);

/// Returns every Rust source file of the project.
fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let paths = files(root, |path| path.extension().is_some_and(|extension| extension == "rs"))?;
    paths.into_iter().map(|path| Ok((path.display().to_string(), crate::read(&root.join(&path))?))).collect()
}

/// Returns the sorted paths of the wanted files of the project, relative to `root`.
pub(crate) fn files(root: &Path, is_wanted: impl Fn(&Path) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = ["client", "server", "xtask"].map(PathBuf::from).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if is_wanted(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
