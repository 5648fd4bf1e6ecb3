//! Figures as a table for people.

use crate::figure::{Cpu, Figure, Goal, median, percentile};

const COLUMNS: usize = 11;

/// What each process computes is in seconds for a thousand.
const HEAD: [&str; COLUMNS] = ["work", "unit", "min", "median", "max", "goal", "met", "× floor", "server CPU s / 1,000", "sink", "load"];

/// A line a figure, with columns that line up.
pub(crate) fn table(figures: &[Figure]) -> String {
    let rows: Vec<[String; COLUMNS]> = std::iter::once(HEAD.map(str::to_owned)).chain(figures.iter().map(row)).collect();
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            // Words stand left, numbers right.
            if column < 2 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row(figure: &Figure) -> [String; COLUMNS] {
    let values = &figure.values;
    let cpu = if figure.cpu.is_empty() { Cpu::default() } else { Cpu::median(&figure.cpu) };
    // What had nothing to do, or was not looked at.
    let seconds = |seconds: f64| if seconds == 0.0 { String::new() } else { format!("{seconds:.3}") };
    [
        format!("{}: {}", figure.scenario, figure.work),
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
        seconds(cpu.server),
        seconds(cpu.sink),
        seconds(cpu.load),
    ]
}

/// Three digits that count, and groups of thousands.
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
    fn numbers_have_the_digits_that_count() {
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
    fn columns_line_up_and_a_missed_goal_is_loud() {
        let figures = [
            Figure::new("publish", "64 clients", "/s", vec![9_000.0, 8_000.0, 10_000.0])
                .at_least(10_000.0)
                .cpu(vec![Cpu { server: 0.25, sink: 0.03, load: 0.0 }])
                .floor(Some(0.1)),
            Figure::new("latency", "p50", "ms", vec![0.8]).at_most(1.0),
        ];
        let expected = "\
work                 unit    min  median     max      goal  met  × floor  server CPU s / 1,000   sink  load
publish: 64 clients  /s    8,000   9,000  10,000  ≥ 10,000   NO      2.5                 0.250  0.030
latency: p50         ms    0.800   0.800   0.800       ≤ 1  yes
";
        assert_eq!(table(&figures), expected);
    }
}
