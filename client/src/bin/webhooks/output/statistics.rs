//! Prints statistics: a row for each interval, and a row for the whole range.

use std::collections::BTreeMap;
use std::io;

use webhooks_client::types::{Statistics, StatisticsPercentiles};

use super::{Cell, Format, Screen, print, print_json, print_json_line, table};

const COLUMNS: [&str; 6] = ["START", "ATTEMPTS", "ACCEPTED", "NOT ACCEPTED", "LATENCY p50/95/99", "DURATION p50/95/99"];

/// The columns to leave out of a table that is too wide, the first one first.
const OPTIONAL: [&str; 2] = ["DURATION p50/95/99", "ATTEMPTS"];

pub(crate) fn print_statistics(statistics: &Statistics, format: Format) -> io::Result<()> {
    match format {
        Format::Json => print_json(statistics),
        Format::Jsonl => statistics.items.iter().try_for_each(print_json_line),
        Format::Table => print(&shown(Screen::stdout(), statistics)),
    }
}

/// Returns the table. Intervals without attempts are left out, because a range can have hundreds of them.
fn shown(screen: Screen, statistics: &Statistics) -> String {
    let items = statistics.items.iter().filter(|item| !item.attempts.is_empty());
    let items = items.map(|item| (Cell::Time(item.start), &item.attempts, item.latency_ms.as_ref(), item.duration_ms.as_ref()));
    let total = &statistics.total;
    let total = (Cell::Short("total".to_owned()), &total.attempts, total.latency_ms.as_ref(), total.duration_ms.as_ref());
    let row = |(start, attempts, latency, duration): (Cell, &BTreeMap<String, i64>, _, _)| {
        let accepted = attempts.get("accepted").copied().unwrap_or_default();
        let failed: Vec<String> =
            attempts.iter().filter(|(outcome, _)| *outcome != "accepted").map(|(outcome, count)| format!("{count} {outcome}")).collect();
        let count = |count: i64| Cell::Short(count.to_string());
        vec![start, count(attempts.values().sum()), count(accepted), failed.join(", ").into(), times(latency), times(duration)]
    };
    let rows: Vec<Vec<Cell>> = items.chain([total]).map(row).collect();
    table(screen, &COLUMNS, &OPTIONAL, &rows)
}

fn times(percentiles: Option<&StatisticsPercentiles>) -> Cell {
    Cell::Short(percentiles.map_or_else(String::new, |times| format!("{}/{}/{} ms", times.p50, times.p95, times.p99)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statistics() -> Statistics {
        let percentiles = json!({ "p50": 62, "p95": 124, "p99": 5331 });
        let counted = json!({
            "attempts": { "rejected": 31, "accepted": 1204, "timed_out": 2 }, "deliveries": { "succeeded": 1204, "failed": 1 },
            "latencyMs": percentiles, "durationMs": percentiles });
        let with_start = |start: &str, mut item: serde_json::Value| {
            item["start"] = start.into();
            item
        };
        let empty = json!({ "attempts": {}, "deliveries": { "succeeded": 0, "failed": 0 } });
        let items = [with_start("2006-01-02T15:00:00Z", counted.clone()), with_start("2006-01-02T16:00:00Z", empty)];
        let statistics =
            json!({ "since": "2006-01-02T15:00:00Z", "until": "2006-01-02T17:00:00Z", "interval": "1h", "items": items, "total": counted });
        serde_json::from_value(statistics).expect("statistics")
    }

    #[test]
    fn a_table_has_the_intervals_with_attempts_and_the_total() {
        let text = shown(Screen { width: None, colour: false }, &statistics());
        let [header, interval, total] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert_eq!(header.split_whitespace().next(), Some("START"));
        for line in [interval, total] {
            assert!(line.ends_with("1237      1204      31 rejected, 2 timed_out  62/124/5331 ms     62/124/5331 ms"), "{text}");
        }
        assert!(total.starts_with("total "), "{text}");
    }

    #[test]
    fn a_table_fits_80_columns() {
        let text = shown(Screen { width: Some(80), colour: false }, &statistics());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("LATENCY p50/95/99") && text.contains("31 rejected, 2 timed_out"), "{text}");
    }

    #[test]
    fn a_range_without_attempts_has_only_the_total() {
        let mut statistics = statistics();
        statistics.items.remove(0);
        statistics.total.attempts.clear();
        let text = shown(Screen { width: None, colour: false }, &statistics);
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
