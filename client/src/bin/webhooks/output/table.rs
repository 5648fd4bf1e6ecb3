//! Tables and records for people. On a terminal, they fit its width, identifiers are short, and results have a colour.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Local, Utc};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use uuid::Uuid;

use super::printable;

/// The number of spaces between two columns.
const GAP: usize = 2;

/// The smallest width of a column with texts. A narrower column shows too little.
const MIN_WIDTH: usize = 10;

/// Texts are not shortened below this width while there is a column to leave out.
const COMFORTABLE_WIDTH: usize = 24;

/// The number of characters of an identifier that are always shown: its time in milliseconds.
const MIN_ID_LENGTH: usize = 13;

/// The place where a table is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// The width in characters. `None` outside a terminal: nothing is shortened for a program or a file.
    pub(crate) width: Option<usize>,
    pub(crate) colour: bool,
}

impl Screen {
    pub(crate) fn stdout() -> Screen {
        let width = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        // NO_COLOR and similar variables are obeyed.
        let colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Screen { width: if io::stdout().is_terminal() { width() } else { None }, colour }
    }

    pub(crate) fn paint(self, text: &str, style: Style) -> String {
        if self.colour && style != Style::new() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    Id(Uuid),
    Time(DateTime<Utc>),
    /// A result such as `failed`, or a state such as `active`. Its first word decides about the colour.
    Result(String),
    /// A text that is never shortened.
    Short(String),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::Text(text.into())
    }
}

/// Colours that can be read on a light and on a dark background.
pub(crate) fn style_of(result: &str) -> Style {
    let word = result.split([' ', ',', ':']).next().unwrap_or_default();
    match word {
        "accepted" | "active" | "genuine" | "healthy" | "ok" | "ready" | "succeeded" => AnsiColor::Green.on_default(),
        "" | "pending" | "recovering" => Style::new(),
        "cancelled" | "paused" => Style::new().dimmed(),
        _ => AnsiColor::Red.on_default(),
    }
}

/// Returns the table as lines without a line end after the last line. On a terminal, a column without any text is left out. If the table
/// is too wide, the widest texts are shortened. If they would be too short, the columns in `optional` are left out one after another,
/// the first one first.
pub(crate) fn table(screen: Screen, columns: &[&str], optional: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut columns: Vec<Column> = columns.iter().enumerate().map(|(index, title)| Column::new(screen, title, index, rows)).collect();
    if let Some(available) = screen.width {
        columns.retain(|column| rows.is_empty() || column.cells.iter().any(|(text, _)| !text.is_empty()));
        for title in optional {
            if comfortable_width(&columns) > available {
                columns.retain(|column| column.title != *title);
            }
        }
        while width(&columns) > available
            && let Some(widest) = columns.iter_mut().filter(|column| column.can_shrink()).max_by_key(|column| column.width)
        {
            widest.width -= 1;
        }
    }
    let mut lines = vec![line(&columns, |column| screen.paint(&shortened(column.title, column.width), Style::new().bold()))];
    lines.extend((0..rows.len()).map(|row| {
        line(&columns, |column| {
            let (text, style) = &column.cells[row];
            screen.paint(&shortened(text, column.width), *style)
        })
    }));
    lines.join("\n")
}

struct Column<'a> {
    title: &'a str,
    width: usize,
    has_texts: bool,
    cells: Vec<(String, Style)>,
}

impl<'a> Column<'a> {
    fn new(screen: Screen, title: &'a str, index: usize, rows: &[Vec<Cell>]) -> Column<'a> {
        let cells = || rows.iter().filter_map(|row| row.get(index));
        let ids: Vec<Uuid> = cells().filter_map(|cell| if let Cell::Id(id) = cell { Some(*id) } else { None }).collect();
        let id_length = screen.width.map_or(usize::MAX, |_| unique_length(&ids));
        let cells: Vec<(String, Style)> = cells().map(|cell| text(screen, cell, id_length)).collect();
        let width = cells.iter().map(|(text, _)| text.width()).chain([title.width()]).max().unwrap_or_default();
        let has_texts = rows.iter().any(|row| matches!(row.get(index), Some(Cell::Text(_))));
        Column { title, width, has_texts, cells }
    }

    fn can_shrink(&self) -> bool {
        self.has_texts && self.width > MIN_WIDTH
    }
}

/// Returns the width of the columns if texts have at most [`COMFORTABLE_WIDTH`].
fn comfortable_width(columns: &[Column<'_>]) -> usize {
    let saved = |column: &Column<'_>| if column.has_texts { column.width.saturating_sub(COMFORTABLE_WIDTH) } else { 0 };
    width(columns) - columns.iter().map(saved).sum::<usize>()
}

fn width(columns: &[Column<'_>]) -> usize {
    columns.iter().map(|column| column.width).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

fn line(columns: &[Column<'_>], cell: impl Fn(&Column<'_>) -> String) -> String {
    let mut line = String::new();
    for column in columns {
        let cell = cell(column);
        line.push_str(&cell);
        line.push_str(&" ".repeat((column.width + GAP).saturating_sub(anstream::adapter::strip_str(&cell).to_string().width())));
    }
    line.trim_end().to_owned()
}

fn text(screen: Screen, cell: &Cell, id_length: usize) -> (String, Style) {
    let one_line = |text: &str| printable(text).replace('\n', " ");
    match cell {
        Cell::Text(text) | Cell::Short(text) => (one_line(text), Style::new()),
        Cell::Result(text) => (one_line(text), style_of(text)),
        Cell::Id(id) => (id.to_string().chars().take(id_length).collect(), Style::new()),
        Cell::Time(time) if screen.width.is_some() => (short_time(time, &Local::now()), Style::new()),
        Cell::Time(time) => (super::time(time), Style::new()),
    }
}

/// Returns the time of day for a time of today, and otherwise the date with the time in minutes.
pub(crate) fn short_time(time: &DateTime<Utc>, now: &DateTime<Local>) -> String {
    let time = time.with_timezone(&Local);
    let format = if time.date_naive() == now.date_naive() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    time.format(format).to_string()
}

/// Returns the number of characters after which different identifiers differ.
fn unique_length(ids: &[Uuid]) -> usize {
    let texts: BTreeSet<String> = ids.iter().map(Uuid::to_string).collect();
    let common = |(one, other): (&String, &String)| one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    texts.iter().zip(texts.iter().skip(1)).map(common).max().map_or(0, |common| common + 1).max(MIN_ID_LENGTH)
}

/// Shortens a text to a width, and marks a shortened text with `…`.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut left = width.saturating_sub(1);
    for character in text.chars() {
        let Some(rest) = left.checked_sub(character.width().unwrap_or_default()) else { break };
        left = rest;
        shown.push(character);
    }
    shown.push('…');
    shown
}

/// Returns names and values. The values begin in the same column.
pub(crate) fn record(screen: Screen, rows: &[(&str, String)]) -> String {
    let indent = rows.iter().map(|(name, _)| name.width()).max().unwrap_or_default() + GAP;
    let mut lines = Vec::new();
    for (name, value) in rows {
        let style = if ["health", "outcome", "status"].contains(name) { style_of(value) } else { Style::new() };
        let wrapped = screen.width.map_or_else(|| printable(value), |width| wrapped(value, width.saturating_sub(indent)));
        let mut name = *name;
        for value in wrapped.split('\n') {
            let padding = " ".repeat(indent - name.width());
            lines.push(format!("{}{padding}{}", screen.paint(name, Style::new().bold()), screen.paint(value, style)).trim_end().to_owned());
            name = "";
        }
    }
    lines.join("\n")
}

/// Breaks lines at spaces, so that no line is wider than `width` unless a word is.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let wrap = |line: &str| {
        let mut lines = vec![String::new()];
        for word in line.split(' ') {
            let current = lines.last_mut().expect("there is a line");
            if current.is_empty() {
                current.push_str(word);
            } else if current.width() + 1 + word.width() <= width {
                current.push(' ');
                current.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines.join("\n")
    };
    // A line that fits keeps all its spaces, for example the indentation of JSON.
    printable(text).split('\n').map(|line| if line.width() <= width { line.to_owned() } else { wrap(line) }).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: Screen = Screen { width: None, colour: false };

    fn id(number: u128) -> Uuid {
        Uuid::from_u128((0x0197_a5a0_3c7e << 80) + number)
    }

    fn rows() -> Vec<Vec<Cell>> {
        let row = |number: u128, status: &str, url: &str| {
            vec![Cell::Id(id(number << 80)), Cell::Result(status.to_owned()), "a, b".into(), Cell::Text(url.to_owned())]
        };
        vec![row(1, "active", "https://example.com/notify"), row(2, "deactivated", "https://example.com/a/very/long/path/of/a/receiver")]
    }

    const COLUMNS: [&str; 4] = ["WEBHOOK", "STATUS", "TYPES", "URL"];

    #[test]
    fn a_table_for_a_program_has_whole_values_and_no_trailing_spaces() {
        let text = table(PIPE, &COLUMNS, &["TYPES"], &rows());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("WEBHOOK{}STATUS       TYPES  URL", " ".repeat(31)));
        assert_eq!(lines[2], format!("{}  deactivated  a, b   https://example.com/a/very/long/path/of/a/receiver", id(2 << 80)));
        assert!(lines.iter().all(|line| *line == line.trim_end()));
    }

    #[test]
    fn a_table_fits_every_width_from_60() {
        for width in 60..200 {
            for colour in [false, true] {
                let text = table(Screen { width: Some(width), colour }, &COLUMNS, &["TYPES"], &rows());
                for line in text.lines() {
                    assert!(anstream::adapter::strip_str(line).to_string().width() <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_narrow_table_has_shorter_texts_and_a_narrower_one_fewer_columns() {
        let text = table(Screen { width: Some(80), colour: false }, &COLUMNS, &["TYPES"], &rows());
        assert!(text.contains("TYPES") && text.ends_with("https://example.com/a/very/long/path/of/a/re…"), "{text}");
        let text = table(Screen { width: Some(50), colour: false }, &COLUMNS, &["TYPES"], &rows());
        assert!(!text.contains("TYPES") && text.ends_with("https://example.com/a…"), "{text}");
    }

    #[test]
    fn identifiers_on_a_terminal_are_as_short_as_they_are_unique() {
        assert_eq!(unique_length(&[]), MIN_ID_LENGTH);
        assert_eq!(unique_length(&[id(1), id(1)]), MIN_ID_LENGTH);
        assert_eq!(unique_length(&[id(1), id(2)]), 36);
        assert_eq!(unique_length(&[id(1), id(1 << 80)]), MIN_ID_LENGTH);
    }

    #[test]
    fn colours_surround_the_text_and_not_the_spaces() {
        let rows = [vec![Cell::Result("failed".to_owned()), "x".into()]];
        let text = table(Screen { width: Some(80), colour: true }, &["STATUS", "A"], &[], &rows);
        assert!(text.ends_with("\u{1b}[31mfailed\u{1b}[0m  x"), "{text:?}");
        assert!(!table(PIPE, &["STATUS", "A"], &[], &rows).contains('\u{1b}'));
    }

    #[test]
    fn wide_characters_count_as_two() {
        assert_eq!(shortened("漢字漢字", 8), "漢字漢字");
        assert_eq!(shortened("漢字漢字", 6), "漢字…");
        assert_eq!(shortened("abc", 2), "a…");
    }

    #[test]
    fn a_record_wraps_long_values_under_their_column() {
        let rows = [("status", "failed".to_owned()), ("error", "one two three four".to_owned())];
        let text = record(Screen { width: Some(16), colour: false }, &rows);
        assert_eq!(text, "status  failed\nerror   one two\n        three\n        four");
        assert_eq!(record(PIPE, &rows), "status  failed\nerror   one two three four");
    }
}
