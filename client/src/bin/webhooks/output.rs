//! Prints results: as tables and records for people, or as JSON for programs.

use std::io::{self, Write as _};

use chrono::{DateTime, Local, Utc};
use clap::ValueEnum;
use serde::Serialize;
use webhooks_client::Page;
use webhooks_client::types::SigningSecret;

mod attempt;
mod health;
mod items;
mod json;
mod operators;
mod statistics;
mod table;

pub(crate) use attempt::last_attempt;
pub(crate) use health::HealthReport;
pub(crate) use items::waiting;
pub(crate) use json::pretty;
pub(crate) use statistics::print_statistics;
pub(crate) use table::{Cell, Screen, record, short_time, shortened, style_of, table, wrapped};

/// The format of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and texts for people
    #[default]
    Table,
    /// One JSON value; the items of a list are in its member `data`
    Json,
    /// One JSON value per line; each item of a list has its own line
    Jsonl,
}

impl Format {
    pub(crate) fn is_json(self) -> bool {
        self != Format::Table
    }

    /// Prints a value as JSON.
    pub(crate) fn print<T: Serialize>(self, value: &T) -> io::Result<()> {
        if self == Format::Jsonl { print_json_line(value) } else { print_json(value) }
    }
}

/// An item that can be printed as a row of a table, or as a record with all details.
pub(crate) trait Show: Serialize {
    const COLUMNS: &'static [&'static str];
    /// The columns to leave out of a table that is too wide, the first one first.
    const OPTIONAL: &'static [&'static str] = &[];
    fn row(&self) -> Vec<Cell>;
    fn record(&self) -> Vec<(&'static str, String)>;
}

pub(crate) fn print_one<T: Show>(item: &T, format: Format) -> io::Result<()> {
    if format.is_json() { format.print(item) } else { print(&record(Screen::stdout(), &item.record())) }
}

pub(crate) fn print_listing<T: Show>(page: &Page<T>, format: Format) -> io::Result<()> {
    match format {
        Format::Json => return print_json(&Listing { data: &page.data, cursor: page.cursor.as_deref() }),
        Format::Jsonl => page.data.iter().try_for_each(print_json_line)?,
        Format::Table if page.data.is_empty() => return print("none"),
        Format::Table => {
            let rows: Vec<Vec<Cell>> = page.data.iter().map(Show::row).collect();
            print(&table(Screen::stdout(), T::COLUMNS, T::OPTIONAL, &rows))?;
        }
    }
    if let Some(cursor) = &page.cursor {
        eprintln!("there are more items: use --cursor {cursor} or --all");
    }
    Ok(())
}

/// The items of one page or of several pages, and the cursor of the next page.
#[derive(Serialize)]
struct Listing<'a, T> {
    data: &'a [T],
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

pub(crate) fn print_json<T: Serialize>(value: &T) -> io::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Returns the rows that have a value.
pub(crate) fn record_of<const N: usize>(rows: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Prints a value as JSON on one line. Payloads keep their bytes and can contain line ends between tokens; here, these become spaces.
pub(crate) fn print_json_line<T: Serialize>(value: &T) -> io::Result<()> {
    print(&serde_json::to_string(value)?.replace(['\n', '\r'], " "))
}

/// Prints the secret on standard output and everything else on standard error, so that a script can store the secret.
pub(crate) fn print_secret(secret: &SigningSecret, format: Format) -> io::Result<()> {
    if format.is_json() {
        return print_json(secret);
    }
    print(&secret.secret)?;
    if let Some(valid_until) = &secret.previous_valid_until {
        eprintln!("the previous secret is valid until {}", time(valid_until));
    }
    Ok(())
}

/// Prints a line. Unlike `println!`, this function returns an error if the pipe is closed.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Escapes all control characters except line ends, so that a received text cannot change the state of the terminal.
pub(crate) fn printable(text: &str) -> String {
    let escape = |character: char| {
        if character.is_control() && character != '\n' { character.escape_default().collect() } else { character.to_string() }
    };
    text.chars().map(escape).collect()
}

pub(crate) fn time(time: &DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\rd\ne"), "a\\u{1b}[2Jb\\u{9b}c\\rd\ne");
    }
}
