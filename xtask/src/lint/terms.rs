//! Checks that identifiers use standard terms. The table lists banned terms and their replacements.

use proc_macro2::{TokenStream, TokenTree};

use super::Source;

/// Each entry has one banned term, the folders or files where the term is banned, and the replacement. A term is one word
/// (`census`) or several words (`step_back`). `BellRinger`, `bell_ringer` and `BELL_RINGER` all contain the term `bell`.
const BANNED: &[(&str, &[&str], &str)] = &[
    ("census", EVERYWHERE, "backlog counts, BacklogScan"),
    ("trouble", EVERYWHERE, "error, SessionError"),
    ("patience", EVERYWHERE, "DeactivationPolicy, linger, statement_timeout"),
    ("impatient", EVERYWHERE, "the name of the policy"),
    ("bell", EVERYWHERE, "Wakeup"),
    ("rung", EVERYWHERE, "wait_for_wakeup"),
    ("even_at", EVERYWHERE, "theoretical_arrival_time"),
    ("undone", EVERYWHERE, "stalled_tasks"),
    ("step_back", EVERYWHERE, "stop_leasing"),
    ("forgive", EVERYWHERE, "reset_health"),
    ("put_off", EVERYWHERE, "defer"),
    ("works", &["server/src/slots", "server/src/store", "server/src/delivery"], "work_items"),
    ("verb", EVERYWHERE, "operation"),
    ("verbs", EVERYWHERE, "operations"),
    ("directory", &["server/src/store/sqlite/operations.rs", "server/src/store/postgres/subscription_cache.rs"], "SubscriptionCache"),
    ("operations_listen", EVERYWHERE, "admin_listen"),
    ("answer", RESPONSES, "response"),
    ("answers", RESPONSES, "responses"),
    ("answered", RESPONSES, "responded"),
    ("told", EVERYWHERE, "event, message"),
    ("came", EVERYWHERE, "received"),
    ("mood", EVERYWHERE, "behaviour"),
    ("fate", EVERYWHERE, "outcome"),
    ("young", EVERYWHERE, "recent"),
    ("witness", EVERYWHERE, "the kind of check"),
    ("wishes", EVERYWHERE, "options"),
    ("workshop", EVERYWHERE, "the name of the tool"),
    ("befell", EVERYWHERE, "happened"),
    ("offence", EVERYWHERE, "violation"),
    ("offences", EVERYWHERE, "violations"),
    ("perseverance", EVERYWHERE, "retry policy"),
    ("patiently", EVERYWHERE, "with_timeout"),
];

/// The code about HTTP must use `response`. Only the code about DNS may use `answer`.
const RESPONSES: &[&str] = &[
    "client/",
    "server/api/",
    "server/src/cli",
    "server/src/delivery/attempt",
    "server/src/delivery/credentials",
    "server/src/delivery/outcome",
    "server/src/http",
    "server/src/node",
    "server/src/store",
    "xtask/spec/src/",
];

const EVERYWHERE: &[&str] = &["server/", "client/", "xtask/"];

pub(super) fn check(sources: &[Source]) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| !path.starts_with("xtask/src/lint/terms")) {
        findings.extend(judge(path, text)?);
    }
    Ok(findings)
}

fn judge(path: &str, text: &str) -> anyhow::Result<Vec<String>> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
    let mut identifiers = Vec::new();
    collect(tokens, &mut identifiers);
    let mut findings = Vec::new();
    for (identifier, line) in identifiers {
        let words = format!("_{}_", snake_case(&identifier));
        let banned = BANNED.iter().filter(|(_, paths, _)| paths.iter().any(|folder| path.starts_with(folder)));
        for (term, _, replacement) in banned.filter(|(term, ..)| words.contains(&format!("_{term}_"))) {
            findings.push(format!("{path}:{line}: `{identifier}` contains `{term}`; use: {replacement}"));
        }
    }
    Ok(findings)
}

fn collect(tokens: TokenStream, identifiers: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => identifiers.push((name.to_string(), name.span().start().line)),
            TokenTree::Group(group) => collect(group.stream(), identifiers),
            _ => {}
        }
    }
}

/// Returns an identifier in snake case: `FairQueue` becomes `fair_queue`.
fn snake_case(identifier: &str) -> String {
    let is_constant = identifier.chars().all(|character| !character.is_lowercase());
    let mut snake = String::new();
    for character in identifier.chars() {
        if character.is_uppercase() && !is_constant && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_word_is_found_in_every_case_style() -> anyhow::Result<()> {
        for text in ["struct Bell;", "fn ring_bell() {}", "const BELL_TIME: u8 = 1;", "fn f() { debug!(bell) }", "struct DoorBell;"] {
            let findings = judge("server/src/a.rs", text)?;
            assert_eq!(findings.len(), 1, "{text}: {findings:?}");
            assert!(findings[0].ends_with("; use: Wakeup"), "{findings:?}");
        }
        for text in ["// A bell.", "fn f() { \"bell\" }", "struct Labelled;", "fn bellow() {}"] {
            assert_eq!(judge("server/src/a.rs", text)?, [""; 0], "{text}");
        }
        let elsewhere = "fn f(directory: u8) {}";
        assert_eq!(judge("server/src/node/data_dir.rs", elsewhere)?, [""; 0]);
        assert_eq!(judge("server/src/store/sqlite/operations.rs", elsewhere)?.len(), 1);
        Ok(())
    }
}
