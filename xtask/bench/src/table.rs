//! Formats figures as a table.

use crate::figure::{Cpu, Figure, Goal, median, percentile};
use crate::store::{Engine, Store};

const COLUMNS: usize = 13;

/// The columns. CPU time is in seconds per 1,000 units of work. The CPU time of the service includes PostgreSQL.
const HEAD: [&str; COLUMNS] =
    ["work", "store", "unit", "min", "median", "max", "goal", "met", "× floor", "service CPU s / 1,000", "PostgreSQL", "sink", "load"];

/// Columns that are omitted if only the embedded store was measured.
const OF_STORES: [usize; 2] = [1, 10];

/// Returns a table with a line for each figure and aligned columns.
pub(crate) fn table(figures: &[Figure]) -> String {
    let several = figures.iter().any(|figure| figure.store.is_some_and(|store| store.engine() == Engine::Postgres));
    let shown = |column: usize| several || !OF_STORES.contains(&column);
    let cells = |row: [String; COLUMNS]| row.into_iter().enumerate().filter(|(column, _)| shown(*column)).map(|(_, cell)| cell);
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for row in std::iter::once(HEAD.map(str::to_owned)).chain(figures.iter().map(row)) {
        table.add_row(cells(row));
    }
    for (column, of_table) in (0..COLUMNS).filter(|column| shown(*column)).zip(table.column_iter_mut()) {
        // Text is left-aligned, and numbers are right-aligned.
        let side = if column < 3 { comfy_table::CellAlignment::Left } else { comfy_table::CellAlignment::Right };
        of_table.set_padding((0, 2)).set_cell_alignment(side);
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn row(figure: &Figure) -> [String; COLUMNS] {
    let values = &figure.values;
    let cpu = if figure.cpu.is_empty() { Cpu::default() } else { Cpu::median(&figure.cpu) };
    // Zero means that the process did nothing or was not measured.
    let seconds = |seconds: f64| if seconds == 0.0 { String::new() } else { format!("{seconds:.3}") };
    [
        format!("{}: {}", figure.scenario, figure.work),
        figure.store.map(|store: Store| store.to_string()).unwrap_or_default(),
        figure.unit.to_owned(),
        number(percentile(values, 0.0)),
        number(median(values)),
        number(percentile(values, 100.0)),
        match figure.goal {
            Some(Goal::AtLeast(goal)) => format!("≥ {}", number(goal)),
            Some(Goal::AtMost(goal)) => format!("≤ {}", number(goal)),
            None => String::new(),
        },
        match figure.met() {
            Some(true) => "yes".to_owned(),
            Some(false) => "NO".to_owned(),
            None => String::new(),
        },
        figure.times_floor().map(|times| format!("{times:.1}")).unwrap_or_default(),
        seconds(figure.service_cpu().unwrap_or_default()),
        seconds(cpu.database),
        seconds(cpu.sink),
        seconds(cpu.load),
    ]
}

/// Formats a number with about three significant digits and thousands separators.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value.abs() < 1.0 && value != 0.0 {
        return format!("{value:.3}");
    }
    if value.abs() < 100.0 {
        let text = format!("{value:.1}");
        return text.strip_suffix(".0").map(str::to_owned).unwrap_or(text);
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_significant_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (0.1234, "0.123"),
            (3.0, "3"),
            (4.26, "4.3"),
            (250.4, "250"),
            (1_042.0, "1,042"),
            (1_234_567.8, "1,234,568"),
            (-4_000.0, "-4,000"),
            (f64::NAN, "none"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn columns_are_aligned_and_a_missed_goal_is_in_capitals() {
        let figures = [
            Figure::new("publish", "64 clients", "/s", vec![9_000.0, 8_000.0, 10_000.0])
                .at_least(10_000.0)
                .on(Store::Embedded)
                .cpu(vec![Cpu { servers: 0.25, database: 0.0, sink: 0.03, load: 0.0 }])
                .floor(Some(0.1)),
            Figure::new("latency", "p50", "ms", vec![0.8]).at_most(1.0),
        ];
        let expected = "\
work                 unit    min  median     max      goal  met  × floor  service CPU s / 1,000   sink  load
publish: 64 clients  /s    8,000   9,000  10,000  ≥ 10,000   NO      2.5                  0.250  0.030
latency: p50         ms    0.800   0.800   0.800       ≤ 1  yes
";
        assert_eq!(table(&figures), expected);
    }

    #[test]
    fn rows_name_their_store_if_several_are_measured() {
        let cpu = |servers, database| vec![Cpu { servers, database, sink: 0.0, load: 0.0 }];
        let figure = || Figure::new("drain", "waiting", "/s", vec![9_000.0]);
        let figures = [
            Figure::new("floors", "bare requests", "/s", vec![1.0]),
            figure().cpu(cpu(0.25, 0.0)).on(Store::Embedded),
            figure().cpu(cpu(0.25, 0.5)).on(Store::Postgres { nodes: 2 }),
        ];
        let expected = "\
work                   store                unit    min  median    max  goal  met  × floor  service CPU s / 1,000  PostgreSQL  sink  load
floors: bare requests                       /s        1       1      1
drain: waiting         embedded             /s    9,000   9,000  9,000                                      0.250
drain: waiting         PostgreSQL, 2 nodes  /s    9,000   9,000  9,000                                      0.750       0.500
";
        assert_eq!(table(&figures), expected);
    }
}
