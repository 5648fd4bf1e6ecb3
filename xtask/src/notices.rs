//! `cargo xtask notices`: writes the licences of all dependencies to the files that the programs print with `--licenses`.
//!
//! Each program has one file. The file lists the linked crates with their licences and copyright lines. It contains the text of
//! each licence once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// Each package, the features of its program, and the file that the program prints.
const NOTICES: [(&str, &str, &str); 2] =
    [("webhooks-server", "", "server/THIRD-PARTY-LICENSES.txt"), ("webhooks-client", "command-line", "client/THIRD-PARTY-LICENSES.txt")];

/// Crates that contain other third-party software: the name of the crate, and a description of the software.
const INCLUDED: [(&str, &str); 3] = [
    ("scalar_api_reference", "the API reference Scalar (@scalar/api-reference), licence MIT, Copyright (c) 2023-present Scalar"),
    ("libsqlite3-sys", "SQLite, which is in the public domain (https://www.sqlite.org/copyright.html)"),
    ("webpki-root-certs", "the root certificates of Mozilla's CA Certificate Program, licence CDLA-Permissive-2.0"),
];

/// The target for which dependencies are listed. It is fixed, so that the files are the same on every machine.
pub(crate) const PLATFORM: &str = "x86_64-unknown-linux-gnu";

#[derive(clap::Args)]
pub struct Arguments {
    /// Only check whether the files are up to date, and write nothing
    #[arg(long)]
    check: bool,
}

/// # Errors
/// When cargo cannot list the dependencies, or the text of a needed licence is in no crate.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let metadata = metadata(&root)?;
    let mut is_current = true;
    for (package, features, file) in NOTICES {
        let text = notices(&root, &metadata, package, features)?;
        let path = root.join(file);
        if !arguments.check {
            std::fs::write(&path, text).with_context(|| format!("cannot write {file}"))?;
            println!("wrote {file}");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            is_current = false;
            println!("{file} is not up to date: run `cargo xtask notices` and commit it");
        }
    }
    Ok(if is_current { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

fn metadata(root: &Path) -> anyhow::Result<Value> {
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM]);
    serde_json::from_str(&cargo(metadata.current_dir(root))?).context("cargo's metadata is not JSON")
}

struct Licensed {
    name: String,
    version: String,
    license: String,
    copyright: BTreeSet<String>,
}

fn notices(root: &Path, metadata: &Value, package: &str, features: &str) -> anyhow::Result<String> {
    let linked = linked(root, package, features)?;
    let mut crates = Vec::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        // Crates of the workspace have no `source`.
        if !package["source"].is_string() {
            continue;
        }
        let text = |member: &str| package[member].as_str().unwrap_or_default().to_owned();
        let license = text("license").replace('/', " OR ").split_whitespace().collect::<Vec<_>>().join(" ");
        let files = license_files(Path::new(&text("manifest_path")).parent().context("a manifest path has no parent folder")?)?;
        for (name, content) in &files {
            if let Some(id) = id_of(name, &license) {
                texts.entry(id).or_insert_with(|| without_copyright(content));
            }
        }
        let (name, version) = (text("name"), text("version"));
        if linked.contains(&(name.clone(), version.clone())) {
            let copyright = files.iter().flat_map(|(_, content)| copyright_lines(content)).collect();
            crates.push(Licensed { name, version, license, copyright });
        }
    }
    crates.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    render(package, &crates, &texts)
}

fn render(package: &str, crates: &[Licensed], texts: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let mut text = format!("{package} is licensed under MIT OR Apache-2.0. It contains the following software.\n");
    for Licensed { name, version, license, copyright } in crates {
        text.push_str(&format!("\n{name} {version}, licence {license}\n"));
        if let Some((_, part)) = INCLUDED.iter().find(|(crate_name, _)| crate_name == name) {
            text.push_str(&format!("  It contains {part}.\n"));
        }
        for line in copyright {
            text.push_str(&format!("  {line}\n"));
        }
    }
    for id in chosen(crates) {
        let licence = texts.get(&id).with_context(|| format!("no crate contains the text of the licence {id}"))?;
        text.push_str(&format!("\n{}\n{id}\n{0}\n\n{licence}\n", "-".repeat(80)));
    }
    Ok(text)
}

/// Returns the licences whose texts are needed. If a crate offers several licences, chooses the licence that comes
/// first in `PREFERRED`.
fn chosen(crates: &[Licensed]) -> BTreeSet<String> {
    const PREFERRED: [&str; 3] = ["MIT", "Apache-2.0", "Unlicense"];
    let mut chosen = BTreeSet::new();
    for part in crates.iter().flat_map(|licensed| licensed.license.split(" AND ")) {
        let ids: Vec<&str> = part.split(" OR ").map(|id| id.trim_matches(['(', ')', ' '])).collect();
        let preferred = PREFERRED.iter().find(|preferred| ids.contains(preferred)).copied().or(ids.first().copied());
        chosen.extend(preferred.map(str::to_owned));
    }
    chosen
}

/// Returns the name and version of each crate that is linked into the program of a package. `cargo metadata` cannot answer this,
/// because it also enables the features that only tests need.
fn linked(root: &Path, package: &str, features: &str) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--locked",
        "--package",
        package,
        "--features",
        features,
        "--edges",
        "normal,no-proc-macro",
        "--target",
        PLATFORM,
        "--prefix",
        "none",
    ]);
    let output = cargo(tree.current_dir(root))?;
    let crates = output.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    });
    Ok(crates.collect())
}

fn cargo(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo ended with {}", output.status);
    String::from_utf8(output.stdout).context("the output of cargo is not text")
}

/// Returns the name and content of each licence file in the root folder of a crate.
fn license_files(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_license =
            ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"].iter().any(|prefix| name.starts_with(prefix));
        if is_license && entry.path().is_file() {
            files.push((name, String::from_utf8_lossy(&std::fs::read(entry.path())?).replace('\r', "")));
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the licence whose text is in a file. Uses the file name, or the licence of the crate if the crate has only
/// one licence.
fn id_of(file: &str, license: &str) -> Option<String> {
    let by_name = [
        ("APACHE", "Apache-2.0"),
        ("MIT", "MIT"),
        ("BSD", "BSD-3-Clause"),
        ("UNICODE", "Unicode-3.0"),
        ("ZLIB", "Zlib"),
        ("UNLICENSE", "Unlicense"),
    ];
    let named = by_name.iter().find(|(part, _)| file.contains(part)).map(|(_, id)| (*id).to_owned());
    let only = (!license.contains(' ') && file.starts_with("LICEN")).then(|| license.to_owned());
    named.filter(|id| license.contains(id.as_str())).or(only)
}

fn copyright_lines(content: &str) -> Vec<String> {
    let is_copyright = |line: &&str| line.starts_with("Copyright ") && !line.contains("[yyyy]") && !line.contains("{yyyy}");
    content.lines().map(str::trim).filter(is_copyright).map(str::to_owned).collect()
}

fn without_copyright(content: &str) -> String {
    let kept = content.lines().filter(|line| !line.trim().starts_with("Copyright "));
    kept.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_enough_for_a_choice_of_licences() {
        let licensed = |license: &str| Licensed {
            name: "a".to_owned(),
            version: "1".to_owned(),
            license: license.to_owned(),
            copyright: BTreeSet::new(),
        };
        let crates = [
            licensed("Apache-2.0 OR MIT"),
            licensed("(MIT OR Apache-2.0) AND Unicode-3.0"),
            licensed("ISC"),
            licensed("Zlib OR Apache-2.0"),
        ];
        assert_eq!(chosen(&crates).into_iter().collect::<Vec<_>>(), ["Apache-2.0", "ISC", "MIT", "Unicode-3.0"]);
    }

    #[test]
    fn the_licence_of_a_file_is_the_one_in_its_name_or_the_only_one() {
        assert_eq!(id_of("LICENSE-MIT", "MIT OR Apache-2.0").as_deref(), Some("MIT"));
        assert_eq!(id_of("LICENSE", "ISC").as_deref(), Some("ISC"));
        assert_eq!(id_of("LICENSE", "MIT OR Apache-2.0"), None);
        assert_eq!(id_of("NOTICE", "Apache-2.0"), None);
    }
}
