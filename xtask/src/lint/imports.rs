//! Which module of the server may import which. The table is the structure: an import that it does not have is a mistake,
//! or a decision to change the structure, which the table then shows.
//!
//! A `use` and a path count alike, in macros and with `super::` too. What stands under `#[cfg(test)]` does not count.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A top-level module of server/src, and those that it may import. `api` is the crate server/api.
#[rustfmt::skip] // One line for each module.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("main", &["cli", "config"]),
    ("cli", &["node", "store", "model", "config", "secrets", "clock", "api"]),
    ("node", &["http", "delivery", "store", "slots", "model", "config", "metrics", "secrets", "clock", "api"]),
    ("http", &["delivery", "store", "model", "metrics", "secrets", "clock", "api"]),
    ("delivery", &["store", "slots", "model", "metrics", "secrets", "clock", "api"]),
    ("store", &["slots", "model", "metrics", "api"]),
    ("slots", &["model"]),
    ("model", &["api"]),
    ("config", &["delivery", "store", "model", "api"]),
    ("metrics", &["model"]),
    ("secrets", &["model", "api"]),
    ("clock", &["api"]),
];

const SOURCES: &str = "server/src";

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for (path, text) in super::sources(root, SOURCES)? {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
        files.push(File { module: module_of(&path).with_context(|| format!("{path} is not in {SOURCES}"))?, path, tokens });
    }
    Ok(judge(&files, &MAY_IMPORT))
}

struct File {
    path: String,
    /// From the root of the crate.
    module: Vec<String>,
    tokens: TokenStream,
}

/// `server/src/store/sqlite.rs` is `store::sqlite`.
fn module_of(path: &str) -> Option<Vec<String>> {
    let names = path.strip_prefix(SOURCES)?.strip_prefix('/')?.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    Some(if names == ["lib"] { Vec::new() } else { names })
}

fn judge(files: &[File], table: &[(&str, &[&str])]) -> Vec<String> {
    let mut found = Scan::default();
    for file in files {
        found.file(file);
    }
    let mut findings = Vec::new();
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for import in &found.imports {
        let in_tests = found.tests.iter().any(|tests| import.module.starts_with(tests));
        let Some(from) = import.module.first().filter(|from| !in_tests && **from != import.of) else { continue };
        let allowed = table.iter().find(|(module, _)| module == from).and_then(|(module, allowed)| {
            let of = allowed.iter().find(|allowed| **allowed == import.of)?;
            Some((*module, *of))
        });
        match allowed {
            Some(edge) => drop(used.insert(edge)),
            None => findings.push(format!("{}:{}: `{from}` must not import `{}`", import.path, import.line, import.of)),
        }
    }
    for (module, allowed) in table {
        let unused = allowed.iter().filter(|of| !used.contains(&(*module, **of)));
        findings
            .extend(unused.map(|of| format!("xtask/src/lint/imports.rs: `{module}` no longer imports `{of}`: remove it from the table")));
    }
    findings
}

#[derive(Debug)]
struct Import {
    path: String,
    line: usize,
    module: Vec<String>,
    /// A top-level module.
    of: String,
}

#[derive(Default)]
struct Scan {
    imports: Vec<Import>,
    /// Modules that are compiled for tests alone.
    tests: Vec<Vec<String>>,
}

impl Scan {
    fn file(&mut self, file: &File) {
        self.scan(file, &file.module, file.tokens.clone());
    }

    fn scan(&mut self, file: &File, module: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at = self.skip_item(module, &tokens, at + 2);
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(name) if name == "mod" => {
                    if let Some((TokenTree::Ident(inner), TokenTree::Group(body))) = tokens.get(at + 1).zip(tokens.get(at + 2)) {
                        self.scan(file, &[module, &[inner.to_string()]].concat(), body.stream());
                        at += 2;
                    }
                }
                TokenTree::Ident(name) if name == "crate" || name == "webhooks_server" => self.path(file, module, 0, &tokens[at + 1..]),
                TokenTree::Ident(name) if name == "super" && !follows_path(&tokens, at) => {
                    let (mut depth, mut next) = (1, at + 1);
                    while is_separator(&tokens[next..]) && matches!(tokens.get(next + 2), Some(TokenTree::Ident(name)) if name == "super") {
                        (depth, next) = (depth + 1, next + 3);
                    }
                    let left = module.len().saturating_sub(depth);
                    self.path(file, module, left, &tokens[next..]);
                }
                TokenTree::Group(group) => self.scan(file, module, group.stream()),
                _ => {}
            }
            at += 1;
        }
    }

    /// What follows `crate`, or as many `super` as leave `left` names of the module's path.
    fn path(&mut self, file: &File, module: &[String], left: usize, tokens: &[TokenTree]) {
        if left > 0 || !is_separator(tokens) {
            return;
        }
        match tokens.get(2) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let mut begins = true;
                for token in group.stream() {
                    match &token {
                        TokenTree::Ident(_) if begins => self.import(file, module, &token),
                        _ => {}
                    }
                    begins = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
                }
            }
            Some(token @ TokenTree::Ident(_)) => self.import(file, module, token),
            _ => {}
        }
    }

    fn import(&mut self, file: &File, module: &[String], name: &TokenTree) {
        let of = name.to_string();
        self.imports.push(Import { path: file.path.clone(), line: name.span().start().line, module: module.to_owned(), of });
    }

    /// The place behind the item that follows an attribute.
    fn skip_item(&mut self, module: &[String], tokens: &[TokenTree], mut at: usize) -> usize {
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(name) if name == "mod" => {
                    if let Some(TokenTree::Ident(inner)) = tokens.get(at + 1) {
                        self.tests.push([module, &[inner.to_string()]].concat());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => return at + 1,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at + 1,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

/// `#[cfg(test)]`.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else { return false };
    hash.as_char() == '#' && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), TokenTree::Punct(second), ..] if first.as_char() == ':' && second.as_char() == ':')
}

fn follows_path(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_separator(&tokens[at - 2..])
}

/// The modules that the table lets import each other, directly or through others.
#[cfg(test)]
fn cycles(table: &[(&str, &[&str])]) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = table.iter().copied().collect();
    let reaches = |from: &str| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(module) = next.pop() {
            for of in table.get(module.as_str()).copied().unwrap_or_default() {
                if reached.insert((*of).to_owned()) {
                    next.push((*of).to_owned());
                }
            }
        }
        reached
    };
    table.keys().filter(|module| reaches(module).contains(**module)).map(|module| (*module).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File {
            module: module_of(path).expect("a module"),
            path: path.to_owned(),
            tokens: text.parse().expect("tokens"),
        };
        judge(&[file(path, text), file("server/src/a.rs", "use crate::b;")], &[("a", &["b"])])
    }

    #[test]
    fn each_form_of_an_import_is_found_with_its_line() {
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
    fn tests_and_a_modules_own_parts_are_free() {
        for (path, text) in [
            ("server/src/a.rs", "#[cfg(test)] mod tests { use crate::x; }"),
            ("server/src/a.rs", "#[cfg(test)] use crate::x;"),
            ("server/src/a/deep.rs", "use super::x;"),
            ("server/src/a.rs", "mod inner { use super::x; }"),
            ("server/src/a.rs", "use crate::a::x;"),
            ("server/src/lib.rs", "pub use crate::x::Y;"),
        ] {
            assert!(found(path, text).is_empty(), "{path}: {text}");
        }
    }

    #[test]
    fn an_entry_that_nothing_uses_is_found() {
        let findings = judge(&[], &[("a", &["b"])]);
        assert_eq!(findings, ["xtask/src/lint/imports.rs: `a` no longer imports `b`: remove it from the table"]);
    }

    #[test]
    fn no_module_imports_one_that_imports_it() {
        assert_eq!(cycles(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"])]), ["a", "b"]);
        assert_eq!(cycles(&MAY_IMPORT), [""; 0]);
    }
}
