//! Prints the result of the checks.

use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};

use super::cases::Expected;
use super::exchange::Outcome;
use super::verdict::{Check, Verdict};
use crate::output::{Cell, Format, Screen, print, print_json, table, wrapped};

/// The width of the printed table, in characters.
const WIDTH: usize = 80;

pub(crate) struct Report<'a> {
    pub(crate) url: &'a str,
    pub(crate) checks: Vec<Check>,
    /// The number of all checks, including skipped checks.
    pub(crate) planned: usize,
}

impl Report<'_> {
    pub(crate) fn all_ok(&self) -> bool {
        self.count(Verdict::Ok) == self.planned
    }

    pub(crate) fn print(&self, format: Format) -> io::Result<()> {
        if format.is_json() { print_json(&self.as_json()) } else { print(&self.as_text()) }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    fn as_text(&self) -> String {
        let rows = self.checks.iter().map(|check| {
            let cells = [verdict(check.verdict), check.case.name, check.case.sent, expected(check.case.expected)];
            cells.into_iter().map(str::to_owned).chain([outcome(&check.outcome)]).map(Cell::Short).collect()
        });
        let screen = Screen { width: None, colour: false };
        let table = table(screen, &["", "CHECK", "SENT", "EXPECTED", "GOT"], &[], &rows.collect::<Vec<Vec<Cell>>>());
        let mut lines = table.lines();
        let header = lines.next().unwrap_or_default();
        let indent = header.find("CHECK").unwrap_or_default();
        let mut text = format!("{header}\n");
        for (index, (check, line)) in self.checks.iter().zip(lines).enumerate() {
            let _ = writeln!(text, "{line}");
            // If consecutive checks have the same explanation, the explanation is printed once, after the last of these checks.
            let next = self.checks.get(index + 1);
            if next.is_none_or(|next| next.explanation != check.explanation)
                && let Some(explanation) = &check.explanation
            {
                text.push_str(&indented(explanation, indent));
            }
        }
        let _ = write!(text, "\n{}", wrapped(&self.summary(), WIDTH));
        text
    }

    fn summary(&self) -> String {
        let (ok, wrong, unclear) = (self.count(Verdict::Ok), self.count(Verdict::Wrong), self.count(Verdict::Unclear));
        let skipped = self.planned - self.checks.len();
        let mut parts = vec![if self.all_ok() { format!("All {ok} checks are ok.") } else { format!("{wrong} wrong, {ok} ok.") }];
        if unclear > 0 {
            parts.push(format!("{unclear} unclear: the receiver must accept the valid callback first."));
        }
        if skipped > 0 {
            parts.push(format!("{skipped} skipped: the receiver must respond to the valid callback first."));
        }
        if self.checks.iter().any(|check| check.case.name == "repeated" && check.verdict == Verdict::Ok) {
            parts.push(
                "This check cannot see whether the repeated callback was handled twice: your receiver must store each handled webhook-id."
                    .to_owned(),
            );
        }
        parts.join(" ")
    }

    fn as_json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "name": check.case.name,
                    "sent": check.case.sent,
                    "expected": expected(check.case.expected),
                    "got": outcome(&check.outcome),
                    "durationMs": match &check.outcome {
                        Outcome::Response { took, .. } => json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
                        Outcome::TimedOut | Outcome::Broken(_) | Outcome::Unreachable(_) => Value::Null,
                    },
                    "verdict": check.verdict,
                    "explanation": check.explanation,
                })
            })
            .collect();
        json!({
            "url": self.url,
            "ok": self.count(Verdict::Ok),
            "wrong": self.count(Verdict::Wrong),
            "unclear": self.count(Verdict::Unclear),
            "notMade": self.planned - self.checks.len(),
            "checks": checks,
        })
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Wrong => "WRONG",
        Verdict::Unclear => "unclear",
    }
}

fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::Accepted => "2xx",
        Expected::Refused => "4xx",
        Expected::Unauthorized => "401",
        Expected::Agreed => "200",
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Response { status, .. } => status.as_u16().to_string(),
        Outcome::TimedOut => "late".to_owned(),
        Outcome::Broken(_) | Outcome::Unreachable(_) => "none".to_owned(),
    }
}

fn indented(text: &str, indent: usize) -> String {
    let width = WIDTH.saturating_sub(indent);
    wrapped(text, width).lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{:indent$}{line}", "");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::super::cases::{ACCEPTED, REFUSED, UNAUTHORIZED};
    use super::super::verdict::judge_all;
    use super::*;

    /// Returns a report of all checks. `outcome` returns the outcome of each check.
    fn report(outcome: impl Fn(Expected) -> Outcome) -> Report<'static> {
        let cases = ACCEPTED.iter().chain(&REFUSED).chain(&UNAUTHORIZED);
        let sent: Vec<_> = cases.map(|case| (case, outcome(case.expected))).collect();
        let planned = sent.len();
        Report { url: "https://example.com/", checks: judge_all(&sent, Duration::from_secs(15)), planned }
    }

    fn response(status: u16) -> Outcome {
        Outcome::Response { status: StatusCode::from_u16(status).expect("a status"), took: Duration::ZERO, large: false, agreed: false }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let failures = [Outcome::TimedOut, Outcome::Broken("x ".repeat(200))];
        for outcome in [204, 401, 500, 302, 410].map(response).into_iter().chain(failures) {
            for line in report(|_| outcome.clone()).as_text().lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }

    #[test]
    fn a_repeated_explanation_is_printed_once() {
        let text = report(|_| response(204)).as_text();
        assert_eq!(text.matches("not checked at all").count(), 1, "{text}");
    }

    #[test]
    fn all_is_ok_only_if_every_check_was_made_and_is_ok() {
        let correct = |expected| response(if expected == Expected::Accepted { 204 } else { 401 });
        assert!(report(correct).all_ok());
        assert!(!report(|_| response(204)).all_ok());
        let incomplete = Report { planned: 20, ..report(correct) };
        assert!(!incomplete.all_ok());
        assert!(incomplete.as_text().contains("1 skipped"), "{}", incomplete.as_text());
    }

    #[test]
    fn control_characters_of_a_receiver_are_escaped() {
        let text = report(|_| Outcome::Broken("\u{1b}[2J".to_owned())).as_text();
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
