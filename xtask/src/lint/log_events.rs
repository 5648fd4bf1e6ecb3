//! Compares the log events in the sources of the server with the table in `server/LOGS.md`, in both directions: names, levels
//! and fields. The tests of the server compare the lines that it really writes with the same table.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};

use super::Source;
use super::scan::is_test_attribute;

const DOCUMENT: &str = "server/LOGS.md";

/// The macros of slog that write a line. The table has the same names.
const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// Events that no macro of `LEVELS` writes. This file names them.
const WRITTEN_BY_THE_LOG: (&str, [&str; 2]) = ("server/src/node/log.rs", ["log.resumed", "log.lines_dropped"]);

#[derive(Default)]
struct Event {
    levels: BTreeSet<String>,
    fields: BTreeSet<String>,
    /// Whether a value writes fields whose names are not at the place of the macro.
    has_value: bool,
}

#[derive(Default)]
struct Found {
    events: BTreeMap<String, Event>,
    /// The string literals in implementations of `slog::KV`. They contain the names of the fields that values write.
    of_values: BTreeSet<String>,
    findings: Vec<String>,
}

pub(super) fn document() -> anyhow::Result<String> {
    crate::read(&crate::repository(DOCUMENT))
}

pub(super) fn check(document: &str, sources: &[Source]) -> anyhow::Result<Vec<String>> {
    let mut found = Found::default();
    for (path, text) in sources.iter().filter(|(path, _)| path.starts_with("server/src/") && !path.ends_with("tests.rs")) {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
        found.scan(path, tokens);
    }
    let (path, names) = WRITTEN_BY_THE_LOG;
    for name in names.into_iter().filter(|name| document.contains(&format!("`{name}`"))) {
        if sources.iter().any(|(source, text)| source == path && text.contains(&format!("\"{name}\""))) {
            found.events.entry(name.to_owned()).or_default();
        }
    }
    let documented = documented(document);
    let mut findings = found.findings;
    for (name, event) in &found.events {
        let Some((levels, fields)) = documented.get(name) else {
            findings.push(format!("{DOCUMENT}: the event `{name}` is missing in the table"));
            continue;
        };
        if names.contains(&name.as_str()) {
            continue;
        }
        if event.levels != *levels {
            findings.push(format!("{DOCUMENT}: `{name}` is written at {:?}, and the table has {levels:?}", event.levels));
        }
        for field in event.fields.difference(fields) {
            findings.push(format!("{DOCUMENT}: the field `{field}` of `{name}` is missing in the table"));
        }
        let is_written = |field: &String| event.fields.contains(field) || event.has_value && found.of_values.contains(field);
        for field in fields.iter().filter(|field| !is_written(field)) {
            findings.push(format!("{DOCUMENT}: no code writes the field `{field}` of `{name}`"));
        }
    }
    for name in documented.keys().filter(|name| !found.events.contains_key(*name)) {
        findings.push(format!("{DOCUMENT}: no code writes the event `{name}`"));
    }
    Ok(findings)
}

/// Returns the levels and fields of each event in the table: `| event | level | meaning | fields |`.
fn documented(document: &str) -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<String>>();
    let rows = document.lines().filter(|line| line.starts_with("| `")).filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [event, level, _, fields] = cells[..] else { return None };
        let levels = level.split(", ").map(str::to_owned).collect();
        Some((event.trim_matches('`').to_owned(), (levels, quoted(fields))))
    });
    rows.collect()
}

impl Found {
    fn scan(&mut self, path: &str, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at += 2;
                while at < tokens.len() && !is_end_of_item(&tokens[at]) {
                    at += 1;
                }
            } else if let Some(level) = level_of_macro(&tokens[at..])
                && let Some(TokenTree::Group(arguments)) = tokens.get(at + 5)
            {
                self.line(path, level, arguments.stream().into_iter().collect());
                at += 5;
            } else if is_implementation_of_values(&tokens[at..]) {
                let body = tokens[at..].iter().find_map(|token| match token {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
                    _ => None,
                });
                self.values(body.unwrap_or_default());
            } else if let TokenTree::Group(group) = &tokens[at] {
                self.scan(path, group.stream());
            }
            at += 1;
        }
    }

    /// Reads the arguments of a macro: `log, # "event", "message", values; "field" => value, value`.
    fn line(&mut self, path: &str, level: &str, arguments: Vec<TokenTree>) {
        let line = arguments.first().map_or(0, |token| token.span().start().line);
        let mut parts = arguments.split(|token| is_punctuation(token, ';'));
        let head: Vec<&[TokenTree]> = parts.next().unwrap_or_default().split(|token| is_punctuation(token, ',')).collect();
        let name = match head.get(1) {
            Some([hash, TokenTree::Literal(name)]) if is_punctuation(hash, '#') => text(name),
            _ => None,
        };
        let Some(name) = name else {
            return self.findings.push(format!("{path}:{line}: the log line has no name: write `log, # \"object.event\", \"message\"`"));
        };
        let event = self.events.entry(name).or_default();
        event.levels.insert(level.to_owned());
        for part in parts.next().unwrap_or_default().split(|token| is_punctuation(token, ',')).filter(|part| !part.is_empty()) {
            match part {
                [TokenTree::Literal(field), equals, greater, ..] if is_punctuation(equals, '=') && is_punctuation(greater, '>') => {
                    event.fields.extend(text(field));
                }
                _ => event.has_value = true,
            }
        }
    }

    fn values(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Literal(literal) => self.of_values.extend(text(&literal)),
                TokenTree::Group(group) => self.values(group.stream()),
                _ => {}
            }
        }
    }
}

/// Returns the content of a string literal.
fn text(literal: &Literal) -> Option<String> {
    Some(literal.to_string().strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

fn is_punctuation(token: &TokenTree, expected: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == expected)
}

fn is_name(token: Option<&TokenTree>, expected: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(name)) if name == expected)
}

fn is_end_of_item(token: &TokenTree) -> bool {
    is_punctuation(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Whether the tokens begin with `slog::LEVEL!`.
fn level_of_macro(tokens: &[TokenTree]) -> Option<&'static str> {
    let [slog, first, second, TokenTree::Ident(level), mark, ..] = tokens else { return None };
    let is_macro = is_name(Some(slog), "slog") && is_punctuation(first, ':') && is_punctuation(second, ':') && is_punctuation(mark, '!');
    LEVELS.into_iter().find(|name| is_macro && level == name)
}

/// Whether the tokens begin with `impl slog::KV`.
fn is_implementation_of_values(tokens: &[TokenTree]) -> bool {
    is_name(tokens.first(), "impl") && is_name(tokens.get(1), "slog") && is_name(tokens.get(4), "KV")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| event | level | when | fields |\n|---|---|---|---|\n| `a.b` | info | x | `one`, `two` |\n";

    fn findings(text: &str) -> Vec<String> {
        check(TABLE, &[("server/src/a.rs".to_owned(), text.to_owned())]).expect("Rust")
    }

    #[test]
    fn a_table_that_matches_has_no_findings() {
        let line = r##"slog::info!(log, # "a.b", "a; b"; "one" => 1, value);"##;
        let value = r#"impl slog::KV for X { fn serialize() { serializer.emit_str("two".into()) } }"#;
        let test = r#"#[cfg(test)] mod tests { fn f() { slog::warn!(log, "x"); } }"#;
        assert_eq!(findings(&format!("fn f() {{ {line} }} {value} {test}")), [""; 0]);
    }

    #[test]
    fn each_difference_is_found() {
        for (text, expected) in [
            (r##"slog::info!(log, "a"; "one" => 1);"##, "has no name"),
            (r##"slog::info!(log, # "a.c", "c");"##, "the event `a.c` is missing"),
            (r##"slog::warn!(log, # "a.b", "c"; "one" => 1, "two" => 2);"##, "is written at {\"warn\"}"),
            (r##"slog::info!(log, # "a.b", "c"; "one" => 1, "two" => 2, "three" => 3);"##, "the field `three` of `a.b` is missing"),
            (r##"slog::info!(log, # "a.b", "c"; "one" => 1);"##, "no code writes the field `two`"),
            (r##"slog::info!(log, # "a.b", "c"; "one" => 1, value);"##, "no code writes the field `two`"),
            ("", "no code writes the event `a.b`"),
        ] {
            let found = findings(&format!("fn f() {{ {text} }}"));
            assert!(found.iter().any(|finding| finding.contains(expected)), "{text}: {found:?}");
        }
    }
}
