//! How the checks are printed.

use std::fmt::Write as _;
use std::io;

use comfy_table::{ContentArrangement, Table};
use serde_json::{Value, json};

use super::cases::Expected;
use super::exchange::Got;
use super::verdict::{Check, Verdict};
use crate::output::{self, print, print_json, printable};

/// As wide as the table is.
const WIDTH: u16 = 80;

pub(crate) struct Report<'a> {
    pub(crate) url: &'a str,
    pub(crate) checks: Vec<Check>,
    /// How many checks there are when none keeps the others from being made.
    pub(crate) planned: usize,
}

impl Report<'_> {
    pub(crate) fn all_well(&self) -> bool {
        self.count(Verdict::Ok) == self.planned
    }

    pub(crate) fn print(&self, json: bool) -> io::Result<()> {
        if json { print_json(&self.as_json()) } else { print(&self.as_text()) }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    fn as_text(&self) -> String {
        let rows = self.checks.iter().map(|check| {
            let cells = [verdict(check.verdict), check.case.name, check.case.sent, expected(check.case.expected)];
            cells.into_iter().map(str::to_owned).chain([got(&check.got)]).collect()
        });
        let table = output::table(Some(&["", "CHECK", "SENT", "EXPECTED", "GOT"]), rows);
        let mut lines = table.lines();
        let header = lines.next().unwrap_or_default();
        let indent = header.find("CHECK").unwrap_or_default();
        let mut text = format!("{header}\n");
        for (index, (check, line)) in self.checks.iter().zip(lines).enumerate() {
            let _ = writeln!(text, "{line}");
            // What is true of several checks in a row is said once, after the last.
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
        let (well, wrong, unclear) = (self.count(Verdict::Ok), self.count(Verdict::Wrong), self.count(Verdict::Unclear));
        let not_made = self.planned - self.checks.len();
        let mut parts = vec![if self.all_well() { format!("All {well} checks are ok.") } else { format!("{wrong} wrong, {well} ok.") }];
        if unclear > 0 {
            parts.push(format!("{unclear} unclear: they mean something only once the valid callback is accepted."));
        }
        if not_made > 0 {
            parts.push(format!("{not_made} not made: they need an answer to the valid callback first."));
        }
        if self.checks.iter().any(|check| check.case.name == "repeated" && check.verdict == Verdict::Ok) {
            parts.push(
                "Nobody can see from here whether the repeated callback was handled twice: see that your receiver keeps each webhook-id \
                 that it has handled."
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
                    "got": got(&check.got),
                    "durationMs": match &check.got {
                        Got::Answer { took, .. } => json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
                        Got::Late | Got::Broken(_) | Got::Unreachable(_) => Value::Null,
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

fn got(got: &Got) -> String {
    match got {
        Got::Answer { status, .. } => status.as_u16().to_string(),
        Got::Late => "late".to_owned(),
        Got::Broken(_) | Got::Unreachable(_) => "none".to_owned(),
    }
}

fn indented(text: &str, indent: usize) -> String {
    let width = WIDTH.saturating_sub(u16::try_from(indent).unwrap_or(WIDTH));
    wrapped(text, width).lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{:indent$}{line}", "");
        text
    })
}

/// Broken between words. What a broken connection says may come from the other side.
fn wrapped(text: &str, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.add_row([printable(text)]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::cases::{ACCEPTED, REFUSED, UNAUTHORIZED};
    use super::super::verdict::judge_all;
    use super::*;

    /// All checks, each with what came back.
    fn report(got: impl Fn(Expected) -> Got) -> Report<'static> {
        let cases = ACCEPTED.iter().chain(&REFUSED).chain(&UNAUTHORIZED);
        let sent: Vec<_> = cases.map(|case| (case, got(case.expected))).collect();
        let planned = sent.len();
        Report { url: "https://example.com/", checks: judge_all(&sent, Duration::from_secs(15)), planned }
    }

    fn answer(status: u16) -> Got {
        Got::Answer { status: reqwest::StatusCode::from_u16(status).expect("a status"), took: Duration::ZERO, large: false, agreed: false }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for got in [answer(204), answer(401), answer(500), answer(302), answer(410), Got::Late, Got::Broken("x ".repeat(200))] {
            for line in report(|_| got.clone()).as_text().lines() {
                assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }

    #[test]
    fn what_is_true_of_checks_in_a_row_is_said_once() {
        let text = report(|_| answer(204)).as_text();
        assert_eq!(text.matches("not checked at all").count(), 1, "{text}");
    }

    #[test]
    fn only_when_every_check_was_made_and_is_ok_all_is_well() {
        let right = |expected| answer(if expected == Expected::Accepted { 204 } else { 401 });
        assert!(report(right).all_well());
        assert!(!report(|_| answer(204)).all_well());
        let cut_short = Report { planned: 20, ..report(right) };
        assert!(!cut_short.all_well());
        assert!(cut_short.as_text().contains("1 not made"), "{}", cut_short.as_text());
    }

    #[test]
    fn what_a_receiver_says_does_not_steer_the_terminal() {
        let text = report(|_| Got::Broken("\u{1b}[2J".to_owned())).as_text();
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
