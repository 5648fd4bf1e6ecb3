//! Prints received callbacks.

use std::io;

use chrono::{DateTime, Local, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use webhooks_client::callback::Callback;

use super::checks::Verdict;
use super::receiver::Received;
use crate::output::{Format, pretty, print, print_json_line, printable};

pub(crate) fn callback(received: &Received, format: Format) -> io::Result<()> {
    if format.is_json() { print_json_line(&Event::of(received)) } else { print(&as_text(received)) }
}

fn as_text(received: &Received) -> String {
    let time = received.at.with_timezone(&Local).format("%H:%M:%S");
    let signature = received.signature.describe("signature");
    let authorization = received.authorization.describe(received.credentials_name);
    let (title, data) = match serde_json::from_slice::<Callback>(&received.body) {
        Ok(callback) => (format!("{}  notification {}", callback.r#type, callback.notification.id), pretty(callback.data.as_str())),
        Err(_) => ("not a callback of this service".to_owned(), String::from_utf8_lossy(&received.body).into_owned()),
    };
    let response = if received.status.is_success() { String::new() } else { format!("  response {}", received.status.as_u16()) };
    printable(&format!("{time}  {title}  {signature}, {authorization}{response}\n{data}\n"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    event: &'static str,
    received_at: DateTime<Utc>,
    signature: Value,
    authorization: Value,
    answered: u16,
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
    fn of(received: &Received) -> Event<'_> {
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
            answered: received.status.as_u16(),
            body: serde_json::from_slice(&received.body)
                .map_or_else(|_| Body::Text(String::from_utf8_lossy(&received.body).into_owned()), Body::Json),
        }
    }
}
