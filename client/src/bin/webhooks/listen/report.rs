//! Prints received callbacks.

use std::io;

use chrono::{DateTime, Local, Utc};
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use webhooks_client::callback::{Callback, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};

use super::checks::Verdict;
use super::receiver::Received;
use crate::output::{Format, Screen, pretty, print, print_json_line, printable, style_of};

/// The headers whose values are printed. Others, such as custom headers, may contain secrets.
const SHOWN: [&str; 10] = [
    "accept",
    "content-length",
    "content-type",
    "host",
    "traceparent",
    "tracestate",
    "user-agent",
    WEBHOOK_ID,
    WEBHOOK_SIGNATURE,
    WEBHOOK_TIMESTAMP,
];

pub(crate) fn callback(received: &Received, format: Format, with_headers: bool) -> io::Result<()> {
    if format.is_json() {
        print_json_line(&Event::of(received, with_headers))
    } else {
        print(&as_text(received, with_headers, Screen::stdout()))
    }
}

/// Returns the names and the masked values of the headers.
fn headers(received: &Received) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let value =
            if SHOWN.contains(&name.as_str()) { String::from_utf8_lossy(value.as_bytes()).into_owned() } else { "[redacted]".to_owned() };
        (name.as_str().to_owned(), value)
    };
    received.headers.iter().map(shown).collect()
}

fn as_text(received: &Received, with_headers: bool, screen: Screen) -> String {
    let time = received.at.with_timezone(&Local).format("%H:%M:%S");
    let describe = |verdict: &Verdict, name: &str| {
        let result = match verdict {
            Verdict::NotChecked => "",
            Verdict::Genuine => "genuine",
            Verdict::Wrong(_) => "wrong",
        };
        screen.paint(&printable(&verdict.describe(name)), style_of(result))
    };
    let signature = describe(&received.signature, "signature");
    let authorization = describe(&received.authorization, received.credentials_name);
    let (title, data) = match serde_json::from_slice::<Callback>(&received.body) {
        Ok(callback) => {
            let id = callback.notification.id.to_string();
            // The beginning is enough for the other commands, and the line fits a terminal.
            let id = if screen.width.is_some() { id[..13].to_owned() } else { format!("notification {id}") };
            (format!("{}  {id}", callback.r#type), pretty(callback.data.as_str()))
        }
        Err(_) => ("not a callback of this service".to_owned(), String::from_utf8_lossy(&received.body).into_owned()),
    };
    let response = if received.status.is_success() { String::new() } else { format!("  response {}", received.status.as_u16()) };
    let forwarded = received.forwarded.as_ref().map_or_else(String::new, |text| format!("\nforwarded: {text}"));
    let headers = if with_headers { headers(received) } else { Vec::new() };
    let headers: String = headers.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
    let (title, rest) = (printable(&title), printable(&format!("{response}{forwarded}{headers}\n{data}\n")));
    format!("{time}  {title}  {signature}, {authorization}{rest}")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    event: &'static str,
    received_at: DateTime<Utc>,
    signature: Value,
    authorization: Value,
    #[serde(rename = "answered")]
    responded: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Value>,
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    /// The received JSON, byte for byte.
    Json(&'a RawValue),
    Text(String),
}

impl Event<'_> {
    fn of(received: &Received, with_headers: bool) -> Event<'_> {
        let verdict = |verdict: &Verdict| match verdict {
            Verdict::NotChecked => json!({ "checked": false }),
            Verdict::Genuine => json!({ "checked": true, "ok": true }),
            Verdict::Wrong(reason) => json!({ "checked": true, "ok": false, "reason": reason }),
        };
        Event {
            event: "callback",
            received_at: received.at,
            signature: verdict(&received.signature),
            authorization: verdict(&received.authorization),
            responded: received.status.as_u16(),
            forwarded: received.forwarded.as_deref(),
            headers: with_headers.then(|| json!(headers(received))),
            body: serde_json::from_slice(&received.body)
                .map_or_else(|_| Body::Text(String::from_utf8_lossy(&received.body).into_owned()), Body::Json),
        }
    }
}
