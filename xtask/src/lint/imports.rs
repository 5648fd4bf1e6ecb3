//! Checks the imports between the modules of the server against a table of allowed imports. A developer who adds a new import
//! between two modules must also change the table. So a reviewer notices that the architecture changes.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Source;
use super::scan::{self, File};

/// Each top-level module of server/src, and the modules that it may import. `api` is the crate server/api.
#[rustfmt::skip] // One line for each module
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("main", &["cli", "config"]),
    ("cli", &["node", "store", "model", "config", "audit_log", "secrets", "clock", "api"]),
    ("node", &["http", "delivery", "store", "slots", "model", "config", "audit_log", "metrics", "secrets", "sampler", "spans", "clock", "api"]),
    ("http", &["delivery", "store", "model", "audit_log", "metrics", "secrets", "sampler", "spans", "clock", "api"]),
    ("delivery", &["store", "slots", "model", "audit_log", "metrics", "secrets", "sampler", "spans", "clock", "api"]),
    ("store", &["slots", "model", "metrics", "secrets", "api"]),
    ("slots", &["model"]),
    ("model", &["api"]),
    ("config", &["delivery", "store", "model", "api"]),
    ("audit_log", &["model", "metrics", "secrets", "api"]),
    ("metrics", &["model"]),
    ("secrets", &["model", "api"]),
    ("sampler", &[]),
    ("spans", &["api"]),
    ("clock", &["api"]),
];

const SOURCES: &str = "server/src";

pub(super) fn check(sources: &[Source]) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| path.starts_with("server/src/")) {
        files.push(File::parse(SOURCES, path, text)?);
    }
    Ok(judge(&files, &MAY_IMPORT))
}

fn judge(files: &[File], table: &[(&str, &[&str])]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for import in scan::imports(files) {
        let (Some(from), Some(to)) = (import.module.first(), import.names.first()) else { continue };
        if from == to {
            continue;
        }
        let allowed = table.iter().find(|(module, _)| module == from).and_then(|(module, allowed)| {
            let to = allowed.iter().find(|allowed| *allowed == to)?;
            Some((*module, *to))
        });
        match allowed {
            Some(edge) => drop(used.insert(edge)),
            None => findings.push(format!("{}:{}: `{from}` must not import `{to}`", import.path, import.line)),
        }
    }
    for (module, allowed) in table {
        let unused = allowed.iter().filter(|to| !used.contains(&(*module, **to)));
        findings
            .extend(unused.map(|to| format!("xtask/src/lint/imports.rs: `{module}` no longer imports `{to}`: remove it from the table")));
    }
    findings
}

/// Returns the modules that the table allows to import themselves through other modules.
#[cfg(test)]
fn cycles(table: &[(&str, &[&str])]) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let imported = |module: &str| table.get(module).copied().unwrap_or_default().iter().copied();
    table.keys().filter(|module| super::reachable(**module, imported).contains(*module)).map(|module| (*module).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File::parse(SOURCES, path, text).expect("a file");
        judge(&[file(path, text), file("server/src/a.rs", "use crate::b;")], &[("a", &["b"])])
    }

    #[test]
    fn each_form_of_import_is_reported_with_its_line() {
        for text in [
            "\nuse crate::x::Y;",
            "\nuse crate::{x::Y, b};",
            "\npub use crate::{b, x};",
            "\nfn f() { crate::x::y() }",
            "\nfn f() { log!(level, crate::x::y()) }",
            "\nuse super::x;",
            "\nmod inner { use super::super::x; }",
            "\nfn f() -> super::x::Y {}",
        ] {
            let expected: &[&str] = &["server/src/a.rs:2: `a` must not import `x`"];
            assert_eq!(found("server/src/a.rs", text), expected, "{text}");
        }
        assert_eq!(found("server/src/a/deep.rs", "use super::super::x;"), ["server/src/a/deep.rs:1: `a` must not import `x`"]);
    }

    #[test]
    fn imports_in_tests_and_within_a_module_are_allowed() {
        for (path, text) in [
            ("server/src/a.rs", "#[cfg(test)] mod tests { use crate::x; }"),
            ("server/src/a.rs", "#[cfg(test)] use crate::x;"),
            ("server/src/a.rs", "#[cfg(any(test, feature = \"fuzzing\"))] pub mod targets { use crate::x; }"),
            ("server/src/a/deep.rs", "use super::x;"),
            ("server/src/a.rs", "mod inner { use super::x; }"),
            ("server/src/a.rs", "use crate::a::x;"),
            ("server/src/lib.rs", "pub use crate::x::Y;"),
        ] {
            assert!(found(path, text).is_empty(), "{path}: {text}");
        }
    }

    #[test]
    fn an_unused_entry_is_reported() {
        let findings = judge(&[], &[("a", &["b"])]);
        assert_eq!(findings, ["xtask/src/lint/imports.rs: `a` no longer imports `b`: remove it from the table"]);
    }

    #[test]
    fn the_table_has_no_cycle() {
        assert_eq!(cycles(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"])]), ["a", "b"]);
        assert_eq!(cycles(&MAY_IMPORT), [""; 0]);
    }
}
