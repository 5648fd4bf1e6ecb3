//! Prints results: as tables and records for people, or as JSON for programs.

use std::io::{self, Write as _};

use chrono::{DateTime, Local, Utc};
use comfy_table::Table;
use serde::Serialize;
use webhooks_client::types::{Attempt, AuditEvent, Auth, Delivery, DeliveryDetail, EventType, Notification, SigningSecret, Webhook};

/// The items of one page or of several pages, and the cursor of the next page.
#[derive(Serialize)]
pub(crate) struct Listing<T> {
    pub(crate) data: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// An item that can be printed as a row of a table, or as a record with all details.
pub(crate) trait Show: Serialize {
    const COLUMNS: &'static [&'static str];
    fn row(&self) -> Vec<String>;
    fn record(&self) -> Vec<(&'static str, String)>;
}

pub(crate) fn print_one<T: Show>(item: &T, json: bool) -> io::Result<()> {
    if json { print_json(item) } else { print(&table(None, item.record().into_iter().map(|(name, value)| vec![name.to_owned(), value]))) }
}

pub(crate) fn print_listing<T: Show>(listing: &Listing<T>, json: bool) -> io::Result<()> {
    if json {
        return print_json(listing);
    }
    if listing.data.is_empty() {
        return print("none");
    }
    print(&table(Some(T::COLUMNS), listing.data.iter().map(Show::row)))?;
    if let Some(cursor) = &listing.cursor {
        eprintln!("there are more items: use --cursor {cursor} or --all");
    }
    Ok(())
}

pub(crate) fn print_json<T: Serialize>(value: &T) -> io::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Prints the secret on standard output and everything else on standard error, so that a script can store the secret.
pub(crate) fn print_secret(secret: &SigningSecret, json: bool) -> io::Result<()> {
    if json {
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

pub(crate) fn table(header: Option<&[&str]>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    if let Some(header) = header {
        table.set_header(header.to_vec());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Escapes all control characters except line ends, so that a received text cannot change the state of the terminal.
pub(crate) fn printable(text: &str) -> String {
    let escape = |character: char| {
        if character.is_control() && character != '\n' { character.escape_default().collect() } else { character.to_string() }
    };
    text.chars().map(escape).collect()
}

fn time(time: &DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// Returns the rows that have a value.
fn record<const N: usize>(rows: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

impl Show for Webhook {
    const COLUMNS: &'static [&'static str] = &["WEBHOOK", "STATUS", "AUTH", "TYPES", "URL"];

    fn row(&self) -> Vec<String> {
        let auth = auth(&self.auth).0.to_owned();
        vec![self.id.to_string(), self.status.to_string(), auth, event_types(self), self.target_url.to_string()]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let (kind, details) = auth(&self.auth);
        let deactivation = self.deactivation.as_ref().map(|it| format!("{}, since {}", it.reason.as_str(), time(&it.at)));
        record([
            ("webhook", Some(self.id.to_string())),
            ("url", Some(self.target_url.to_string())),
            ("status", Some(self.status.to_string())),
            ("deactivated", deactivation),
            ("auth", Some(format!("{kind}{details}"))),
            ("headers", (!self.headers.is_empty()).then(|| header_names(self))),
            ("types", Some(event_types(self))),
            ("max per second", self.max_per_second.map(|rate| rate.to_string())),
            ("ordered", self.ordered.map(|ordered| ordered.to_string())),
            ("description", self.description.as_ref().map(|text| text.as_str().to_owned())),
            ("created", Some(time(&self.created_at))),
            ("updated", Some(time(&self.updated_at))),
        ])
    }
}

/// Returns the names of the custom headers. The API does not return the values of these headers.
fn header_names(webhook: &Webhook) -> String {
    webhook.headers.iter().map(|header| header.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn event_types(webhook: &Webhook) -> String {
    let types: Vec<&str> = webhook.event_types.iter().map(|item| item.as_str()).collect();
    if types.is_empty() { "all".to_owned() } else { types.join(", ") }
}

fn auth(auth: &Auth) -> (&'static str, String) {
    match auth {
        Auth::Basic { username } => ("basic", format!(" as {}", username.as_str())),
        Auth::ClientCredential { audience, client_id, scope, token_url } => {
            let scope = scope.as_ref().map_or_else(String::new, |scope| format!(", scope {}", scope.as_str()));
            let audience = audience.as_ref().map_or_else(String::new, |audience| format!(", audience {}", audience.as_str()));
            ("client_credential", format!(" as {} at {}{scope}{audience}", client_id.as_str(), token_url.as_str()))
        }
        Auth::Noauth => ("noauth", String::new()),
    }
}

impl Show for Notification {
    const COLUMNS: &'static [&'static str] = &["NOTIFICATION", "TYPE", "DELIVERIES", "CREATED"];

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.type_.to_string(), self.delivery_count.to_string(), time(&self.created_at)]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record([
            ("notification", Some(self.id.to_string())),
            ("type", Some(self.type_.to_string())),
            ("deliveries", Some(self.delivery_count.to_string())),
            ("created", Some(time(&self.created_at))),
            ("data", serde_json::to_string_pretty(&self.data).ok()),
        ])
    }
}

impl Show for EventType {
    const COLUMNS: &'static [&'static str] = &["TYPE", "EXAMPLE", "DESCRIPTION"];

    fn row(&self) -> Vec<String> {
        let example = if self.example.is_empty() { "no" } else { "yes" };
        let first_line = self.description.lines().next().unwrap_or_default().to_owned();
        vec![self.name.to_string(), example.to_owned(), first_line]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record([
            ("type", Some(self.name.to_string())),
            ("description", Some(self.description.to_string())),
            ("example", serde_json::to_string_pretty(&self.example).ok().filter(|_| !self.example.is_empty())),
        ])
    }
}

impl Show for Delivery {
    const COLUMNS: &'static [&'static str] = &["DELIVERY", "STATUS", "ATTEMPTS", "LAST", "TYPE", "WEBHOOK", "CREATED"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.status.to_string(),
            self.attempt_count.to_string(),
            self.last_attempt.as_ref().map_or_else(String::new, outcome),
            self.notification.type_.to_string(),
            self.webhook.id.to_string(),
            time(&self.created_at),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record([
            ("delivery", Some(self.id.to_string())),
            ("status", Some(self.status.to_string())),
            ("type", Some(self.notification.type_.to_string())),
            ("notification", Some(self.notification.id.to_string())),
            ("webhook", Some(self.webhook.id.to_string())),
            ("created", Some(time(&self.created_at))),
            ("next attempt", self.next_attempt_at.as_ref().map(time)),
            ("attempts", Some(self.attempt_count.to_string())),
        ])
    }
}

impl Show for DeliveryDetail {
    const COLUMNS: &'static [&'static str] = Delivery::COLUMNS;

    fn row(&self) -> Vec<String> {
        vec![self.id.to_string(), self.status.to_string(), self.attempt_count.to_string()]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let mut rows = record([
            ("delivery", Some(self.id.to_string())),
            ("status", Some(self.status.to_string())),
            ("type", Some(self.notification.type_.to_string())),
            ("notification", Some(self.notification.id.to_string())),
            ("webhook", Some(self.webhook.id.to_string())),
            ("created", Some(time(&self.created_at))),
            ("next attempt", self.next_attempt_at.as_ref().map(time)),
            ("attempts", Some(self.attempt_count.to_string())),
        ]);
        for attempt in &self.attempts {
            rows.push(("", String::new()));
            rows.extend(attempt.record());
        }
        rows
    }
}

impl Show for Attempt {
    const COLUMNS: &'static [&'static str] = &["ATTEMPT", "OUTCOME", "STARTED", "MILLISECONDS"];

    fn row(&self) -> Vec<String> {
        vec![self.number.to_string(), outcome(self), time(&self.started_at), self.duration_ms.to_string()]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let cut = if self.truncated == Some(true) { " …" } else { "" };
        record([
            ("attempt", Some(self.number.to_string())),
            ("outcome", Some(outcome(self))),
            ("error", self.error.as_ref().map(|text| text.as_str().to_owned())),
            ("started", Some(time(&self.started_at))),
            ("took", Some(format!("{} ms", self.duration_ms))),
            ("response", self.response_body.as_ref().filter(|body| !body.is_empty()).map(|body| format!("{}{cut}", body.as_str()))),
        ])
    }
}

impl Show for AuditEvent {
    const COLUMNS: &'static [&'static str] = &["TIME", "ACTION", "OBJECT", "ACTOR", "RESULT", "COUNT", "ADDRESS"];

    fn row(&self) -> Vec<String> {
        let object = self.object.as_ref().map_or_else(String::new, |object| format!("{} {}", object.type_.as_str(), object.id.as_str()));
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.as_str()));
        vec![
            time(&self.at),
            self.action.to_string(),
            object,
            self.user.as_ref().map_or_else(|| self.actor.to_string(), |user| format!("{} {}", self.actor.as_str(), user.as_str())),
            format!("{}{reason}", self.result.as_str()),
            self.count.map_or_else(String::new, |count| count.to_string()),
            self.address.as_ref().map_or_else(String::new, |address| address.as_str().to_owned()),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        Self::COLUMNS.iter().copied().zip(self.row()).collect()
    }
}

fn outcome(attempt: &Attempt) -> String {
    let status = attempt.status_code.map_or_else(String::new, |status| format!(" ({status})"));
    format!("{}{status}", attempt.outcome.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\rd\ne"), "a\\u{1b}[2Jb\\u{9b}c\\rd\ne");
    }

    #[test]
    fn a_table_has_a_header_and_no_trailing_spaces() {
        let rows = [vec!["1".to_owned(), "two".to_owned()], vec!["three".to_owned(), String::new()]];
        assert_eq!(table(Some(&["A", "B"]), rows.into_iter()), "A      B\n1      two\nthree");
    }
}
