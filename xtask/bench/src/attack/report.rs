//! The result of the attack as text, and the reasons why the server fails the test.

use std::process::ExitStatus;
use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};

use super::attacker::Report;
use super::counts::{Counts, Row};
use super::receivers::NOT_ACCEPTING;
use super::watch::Observed;
use crate::figure::percentile;
use crate::load::LoadResult;
use crate::table::number;

/// Maximum memory of the server under attack, in bytes.
pub(super) const MEMORY_BYTES: u64 = 256_000_000;

/// Goal for 99 percent of the times from publish to arrival, in milliseconds.
const ARRIVAL_GOAL_MS: f64 = 250.0;

/// Goal for the longest response of `/readyz`, in milliseconds.
const READY_GOAL_MS: f64 = 1_000.0;

/// Maximum number of columns of the output.
const COLUMNS: u16 = 100;

/// What the attack showed.
pub(super) struct Outcome {
    pub(super) attacks: Report,
    /// Number of notifications that the honest customer wanted to publish.
    pub(super) wanted: u32,
    pub(super) published: LoadResult,
    /// Times from publish to arrival in milliseconds.
    pub(super) arrivals: Vec<f64>,
    /// Number of callbacks to the honest customer that did not arrive during the attack, although their notifications
    /// were accepted.
    pub(super) lost: u64,
    pub(super) observed: Observed,
    /// CPU time of the server per second of the attack. `None` if the server has ended.
    pub(super) cpu_share: Option<f64>,
    /// The time from SIGTERM to the end of the server, and its status. `None` if the server did not end in time.
    pub(super) stopped: Option<(Duration, ExitStatus)>,
    /// Goal for the time from SIGTERM to the end of the server.
    pub(super) stop_goal: Duration,
    /// Encodings of a hostile customer's secret that the server has stored.
    pub(super) stored_secrets: Vec<&'static str>,
    /// Number of panics in the log of the server.
    pub(super) panics: usize,
    /// Size of the log of the server in bytes.
    pub(super) log_bytes: u64,
}

impl Outcome {
    /// Returns why the server fails the test. The list is empty if the server passes.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if let Some((status, after)) = self.observed.ended {
            failures.push(format!(
                "the server ended within {:.1} s after the start of the attack ({status}); its log may say why",
                after.as_secs_f64()
            ));
        }
        let accepted = self.published.accepted.len() as u32;
        if accepted < self.wanted {
            let (missing, reasons) = (self.wanted - accepted, &self.published.refused);
            failures.push(format!("{missing} of {} notifications of the honest customer were not accepted: {reasons:?}", self.wanted));
        }
        if self.lost > 0 {
            failures.push(format!("{} callbacks to the honest customer did not arrive during the attack", self.lost));
        }
        if self.observed.peak > MEMORY_BYTES {
            let (peak, limit) = (megabytes(self.observed.peak), megabytes(MEMORY_BYTES));
            failures.push(format!("the server used {peak} MB of memory; the maximum is {limit} MB"));
        }
        match &self.stopped {
            _ if self.observed.ended.is_some() => {}
            None => failures.push("the server did not end after SIGTERM".to_owned()),
            Some((_, status)) if !status.success() => failures.push(format!("the server ended after SIGTERM with {status}")),
            Some(_) => {}
        }
        if self.panics > 0 {
            failures.push(format!("the server panicked {} times; its log says where", self.panics));
        }
        if !self.stored_secrets.is_empty() {
            failures.push(format!(
                "the server stored a secret that a receiver returned, in these encodings: {}",
                self.stored_secrets.join(", ")
            ));
        }
        let rows = self.attacks.clients.iter().chain(&self.attacks.receivers);
        let absent: Vec<&str> =
            rows.filter(|row| row.counts == Counts::default() && row.name != NOT_ACCEPTING).map(|row| &*row.name).collect();
        if !absent.is_empty() {
            failures.push(format!("these attacks made no connection, so they tested nothing: {}", absent.join(", ")));
        }
        failures
    }

    pub(super) fn render(&self) -> String {
        let tables = [("hostile client", &self.attacks.clients), ("hostile receiver", &self.attacks.receivers)];
        let tables = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
        let tables = tables.map(|(name, of_table)| rows([name, "connections", "requests", "what happened"], of_table));
        tables.chain([self.summary()]).collect::<Vec<_>>().join("\n")
    }

    fn summary(&self) -> String {
        let accepted = self.published.accepted.len();
        let wanted = f64::from(self.wanted);
        let readyz = &self.observed.probes;
        let readyz_ms = readyz.longest.as_secs_f64() * 1e3;
        let (p50, p99) = (percentile(&self.arrivals, 50.0), percentile(&self.arrivals, 99.0));
        let peak = self.observed.peak;
        let mut table = table(["result", "measured", "goal", "goal is"]);
        let mut add = |name: &str, measured: String, goal: String, met: bool| {
            table.add_row([name, &measured, &goal, if met { "met" } else { "MISSED" }]);
        };
        add("notifications accepted", number(accepted as f64), number(wanted), accepted as f64 >= wanted);
        add("callbacks that did not arrive", number(self.lost as f64), "0".to_owned(), self.lost == 0);
        add("publish to arrival, p99", format!("{} ms", number(p99)), format!("≤ {} ms", number(ARRIVAL_GOAL_MS)), p99 <= ARRIVAL_GOAL_MS);
        add("longest /readyz", format!("{} ms", number(readyz_ms)), format!("≤ {} ms", number(READY_GOAL_MS)), readyz_ms <= READY_GOAL_MS);
        let failed: u32 = readyz.failed.values().sum();
        add("/readyz without status 200", format!("{failed} of {}", readyz.count), "0".to_owned(), failed == 0);
        add("memory, peak", format!("{} MB", megabytes(peak)), format!("≤ {} MB", megabytes(MEMORY_BYTES)), peak <= MEMORY_BYTES);
        let stopped = self.stopped.as_ref().map(|(time, _)| *time);
        let measured = stopped.map_or("none".to_owned(), |time| format!("{} s", number(time.as_secs_f64())));
        let goal = format!("≤ {} s", number(self.stop_goal.as_secs_f64()));
        add("SIGTERM to the end", measured, goal, stopped.is_some_and(|time| time <= self.stop_goal));
        let mut text = lines(&table);
        let log = number(self.log_bytes as f64 / 1e3);
        text += &format!("\nMedian time from publish to arrival: {} ms. Log of the server: {log} kB.\n", number(p50));
        if let Some(share) = self.cpu_share {
            text += &format!("CPU time of the server: {} s per second of the attack.\n", number(share));
        }
        if failed > 0 {
            let failures: Vec<String> = readyz.failed.iter().map(|(failure, count)| format!("{count}× {failure}")).collect();
            text += &format!("Results of /readyz other than status 200: {}.\n", failures.join(", "));
        }
        text
    }
}

fn megabytes(bytes: u64) -> String {
    number(bytes as f64 / 1e6)
}

fn table(head: [&str; 4]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
    table.add_row(head);
    for (column, of_table) in table.column_iter_mut().enumerate() {
        let side = if matches!(column, 1 | 2) { CellAlignment::Right } else { CellAlignment::Left };
        of_table.set_padding((0, 2)).set_cell_alignment(side);
    }
    table
}

fn rows(head: [&str; 4], rows: &[Row]) -> String {
    let mut table = table(head);
    let count = |count: u64| if count == 0 { String::new() } else { number(count as f64) };
    for Row { name, counts } in rows {
        table.add_row([name.clone(), count(counts.connections), count(counts.requests), counts.describe()]);
    }
    // Both tables have the same columns.
    let fixed = |width| ColumnConstraint::Absolute(Width::Fixed(width));
    table.set_constraints([fixed(35), fixed(13), fixed(12), ColumnConstraint::UpperBoundary(Width::Fixed(40))]);
    lines(&table)
}

fn lines(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::attack::watch::Probes;
    use crate::load::Sent;

    fn row(name: &str, connections: u64) -> Row {
        let ends = BTreeMap::from([("closed".to_owned(), 3)]);
        let statuses = BTreeMap::from([(400, 12_000), (401, 12_000), (408, 12_000), (429, 12_000)]);
        Row { name: name.to_owned(), counts: Counts { connections, requests: 48_000, sent_bytes: 0, statuses, ends } }
    }

    fn passed() -> Outcome {
        let accepted = (1..=100).map(|sequence| Sent { sequence, sent_at: 0, responded_at: 1 }).collect();
        Outcome {
            attacks: Report { clients: vec![row("API: wrong tokens", 4)], receivers: vec![row("echo", 2)] },
            wanted: 100,
            published: LoadResult { accepted, refused: BTreeMap::new(), started_at: 0, ended_at: 1, cpu_seconds: 0.0 },
            arrivals: vec![3.0; 100],
            lost: 0,
            observed: Observed { probes: Probes { count: 9, ..Probes::default() }, peak: 80_000_000, ended: None },
            cpu_share: Some(0.4),
            stopped: Some((Duration::from_millis(500), ExitStatus::from_raw(0))),
            stop_goal: Duration::from_secs(4),
            stored_secrets: Vec::new(),
            panics: 0,
            log_bytes: 5_000,
        }
    }

    #[test]
    fn a_missed_goal_is_no_failure() {
        let mut outcome = passed();
        assert_eq!(outcome.failures(), Vec::<String>::new());
        outcome.arrivals = vec![900.0; 100];
        outcome.observed.probes.longest = Duration::from_secs(5);
        outcome.observed.probes.failed.insert("no response in time".to_owned(), 2);
        assert_eq!(outcome.failures(), Vec::<String>::new());
        let text = outcome.render();
        assert_eq!(text.matches("MISSED").count(), 3, "{text}");
    }

    #[test]
    fn each_defect_is_a_failure() {
        let aborted = || ExitStatus::from_raw(6);
        type Defect = fn(&mut Outcome);
        let defects: [(&str, Defect); 8] = [
            ("did not arrive", |outcome| outcome.lost = 1),
            ("were not accepted", |outcome| outcome.published.accepted.truncate(99)),
            ("MB of memory", |outcome| outcome.observed.peak = MEMORY_BYTES + 1),
            ("did not end after SIGTERM", |outcome| outcome.stopped = None),
            ("ended after SIGTERM with", |outcome| outcome.stopped = Some((Duration::ZERO, ExitStatus::from_raw(6)))),
            ("panicked 2 times", |outcome| outcome.panics = 2),
            ("stored a secret", |outcome| outcome.stored_secrets.push("base64")),
            ("made no connection", |outcome| outcome.attacks.receivers.push(Row { name: "reset".to_owned(), counts: Counts::default() })),
        ];
        for (expected, defect) in defects {
            let mut outcome = passed();
            defect(&mut outcome);
            let failures = outcome.failures();
            assert!(failures.len() == 1 && failures[0].contains(expected), "{failures:?}");
        }
        let mut outcome = passed();
        (outcome.observed.ended, outcome.stopped) = (Some((aborted(), Duration::from_secs(2))), None);
        let failures = outcome.failures();
        assert!(failures.len() == 1 && failures[0].starts_with("the server ended within 2.0 s after"), "{failures:?}");
    }

    #[test]
    fn no_line_is_longer_than_100_columns() {
        let text = passed().render();
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(COLUMNS)), "{text}");
        assert!(text.contains("12,000× 429"), "{text}");
    }
}
