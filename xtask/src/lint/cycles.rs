//! Finds files of a crate that import each other, directly or through other files. Imports between a module and its child modules
//! are allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use super::scan::{self, File, Import};

pub(super) fn check(sources: &[Source]) -> anyhow::Result<Vec<String>> {
    // A crate is a folder with `lib.rs` or `main.rs`. This includes integration tests with a `main.rs`.
    let crates: BTreeSet<&str> =
        sources.iter().filter_map(|(path, _)| path.strip_suffix("/lib.rs").or_else(|| path.strip_suffix("/main.rs"))).collect();
    let mut files: BTreeMap<&str, Vec<File>> = BTreeMap::new();
    for (path, text) in sources {
        let folder = crates.iter().filter(|folder| path.starts_with(&format!("{folder}/"))).max_by_key(|folder| folder.len());
        if let Some(folder) = folder {
            files.entry(folder).or_default().push(File::parse(folder, path, text)?);
        }
    }
    Ok(files.values().flat_map(|files| judge(files)).collect())
}

fn judge(files: &[File]) -> Vec<String> {
    let modules: BTreeSet<&[String]> = files.iter().map(|file| &file.module[..]).collect();
    // Finds the file that contains an item: the module of this file is the longest prefix of the item's path.
    let file_of =
        |names: &[String]| (0..=names.len()).rev().map(|length| names[..length].to_vec()).find(|names| modules.contains(&names[..]));
    let mut edges: BTreeMap<Vec<String>, BTreeMap<Vec<String>, Import>> = BTreeMap::new();
    for import in scan::imports(files) {
        let Some((from, to)) = file_of(&import.module).zip(file_of(&import.names)) else { continue };
        if !from.starts_with(&to) && !to.starts_with(&from) {
            edges.entry(from).or_default().entry(to).or_insert(import);
        }
    }
    let mut findings = Vec::new();
    for (from, imports) in &edges {
        for (to, import) in imports
            .iter()
            .filter(|(to, _)| super::reachable(*to, |module| edges.get(module).into_iter().flat_map(BTreeMap::keys)).contains(from))
        {
            let Import { path, line, .. } = import;
            findings.push(format!("{path}:{line}: `{}` imports `{}`, which imports it back", from.join("::"), to.join("::")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::parse("src", path, text).expect("a file")).collect();
        judge(&files)
    }

    #[test]
    fn files_that_import_each_other_are_reported_with_lines() {
        for back in ["use super::b::X;", "use super::*;\nfn f() { b::g(); }", "use crate::m::{b::X, c};", "fn f() { crate::m::b::g() }"] {
            let findings = found(&[("src/m.rs", "mod b; mod c;"), ("src/m/b.rs", "use super::c;"), ("src/m/c.rs", back)]);
            assert_eq!(findings.len(), 2, "{back}: {findings:?}");
            assert_eq!(findings[0], "src/m/b.rs:1: `m::b` imports `m::c`, which imports it back");
            assert!(findings[1].starts_with("src/m/c.rs:"), "{findings:?}");
        }
        let around = [("src/a.rs", "use crate::b;"), ("src/b.rs", "use crate::c;"), ("src/c.rs", "use crate::a;")];
        assert_eq!(found(&around).len(), 3, "a cycle through a third file is found");
    }

    #[test]
    fn a_module_and_its_children_may_import_each_other() {
        assert_eq!(found(&[("src/m.rs", "mod b; use b::X;"), ("src/m/b.rs", "use super::Y;")]), [""; 0]);
        assert_eq!(found(&[("src/a.rs", "use crate::b;"), ("src/b.rs", "#[cfg(test)] mod tests { use crate::a; }")]), [""; 0]);
    }
}
