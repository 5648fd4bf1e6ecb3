//! Prints received callbacks.

use std::io;

use chrono::Local;
use serde_json::{Value, json};
use webhooks_client::callback::Callback;

use super::checks::Verdict;
use super::receiver::Received;
use crate::output::{print, print_json, printable};

pub(crate) fn callback(received: &Received, json: bool) -> io::Result<()> {
    if json { print_json(&as_json(received)) } else { print(&as_text(received)) }
}

fn as_text(received: &Received) -> String {
    let time = received.at.with_timezone(&Local).format("%H:%M:%S");
    let signature = received.signature.describe("signature");
    let authorization = received.authorization.describe(received.credentials_name);
    let (title, data) = match serde_json::from_slice::<Callback>(&received.body) {
        Ok(callback) => {
            let data = serde_json::to_string_pretty(&callback.data).unwrap_or_default();
            (format!("{}  notification {}", callback.r#type, callback.notification.id), data)
        }
        Err(_) => ("not a callback of this service".to_owned(), String::from_utf8_lossy(&received.body).into_owned()),
    };
    let response = if received.status.is_success() { String::new() } else { format!("  response {}", received.status.as_u16()) };
    printable(&format!("{time}  {title}  {signature}, {authorization}{response}\n{data}\n"))
}

fn as_json(received: &Received) -> Value {
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::NotChecked => json!({ "checked": false }),
        Verdict::Genuine => json!({ "checked": true, "ok": true }),
        Verdict::Wrong(reason) => json!({ "checked": true, "ok": false, "reason": reason }),
    };
    let body: Value =
        serde_json::from_slice(&received.body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&received.body).into_owned()));
    json!({
        "event": "callback",
        "receivedAt": received.at,
        "signature": verdict(&received.signature),
        "authorization": verdict(&received.authorization),
        "answered": received.status.as_u16(),
        "body": body,
    })
}
