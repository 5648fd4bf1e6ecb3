//! How an attempt is shown to people: what was sent, what came back, and how.

use webhooks_client::types::{Attempt, AttemptConnection, AttemptTimings, HeaderField};

use super::{Cell, Show, record_of, time};

impl Show for Attempt {
    const COLUMNS: &'static [&'static str] = &["ATTEMPT", "OUTCOME", "STARTED", "MILLISECONDS"];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::Short(self.number.to_string()),
            Cell::Result(outcome(self)),
            Cell::Time(self.started_at),
            Cell::Short(self.duration_ms.to_string()),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let cut = if self.truncated == Some(true) { " …" } else { "" };
        let request = self.request.as_ref();
        record_of([
            ("attempt", Some(self.number.to_string())),
            ("outcome", Some(outcome(self))),
            ("error", self.error.as_ref().map(|text| text.as_str().to_owned())),
            ("started", Some(time(&self.started_at))),
            ("took", Some(format!("{} ms{}", self.duration_ms, self.timings.as_ref().map_or_else(String::new, timings)))),
            ("connection", self.connection.as_ref().map(connection)),
            ("url", request.map(|request| request.url.as_str().to_owned())),
            ("sent headers", request.and_then(|request| headers(&request.headers))),
            ("received headers", headers(&self.response_headers)),
            ("response", self.response_body.as_ref().filter(|body| !body.is_empty()).map(|body| format!("{}{cut}", body.as_str()))),
        ])
    }
}

/// Returns the outcome of an attempt, and the error if there is one.
pub(crate) fn last_attempt(attempt: &Attempt) -> String {
    let error = attempt.error.as_ref().map_or_else(String::new, |error| format!(": {}", error.as_str()));
    format!("{}{error}", outcome(attempt))
}

fn outcome(attempt: &Attempt) -> String {
    let status = attempt.status_code.map_or_else(String::new, |status| format!(" ({status})"));
    format!("{}{status}", attempt.outcome)
}

fn headers(fields: &[HeaderField]) -> Option<String> {
    let lines: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name.as_str(), field.value.as_str())).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn connection(connection: &AttemptConnection) -> String {
    let parts = [
        Some(connection.remote_address.as_str().to_owned()),
        connection.http_version.as_ref().map(|version| format!("HTTP/{}", version.as_str())),
        connection.tls_version.as_ref().map(|version| format!("TLS {}", version.as_str())),
        Some(if connection.reused { "reused" } else { "new" }.to_owned()),
        connection.request_repeated.then(|| "request repeated on a second connection".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns the known durations in parentheses, or nothing.
fn timings(timings: &AttemptTimings) -> String {
    let parts = [
        ("token request", timings.token_request_ms),
        ("name lookup", timings.name_lookup_ms),
        ("connect", timings.connect_ms),
        ("TLS", timings.tls_handshake_ms),
        ("first byte", timings.first_byte_ms),
    ];
    let known: Vec<String> = parts.into_iter().filter_map(|(name, duration)| Some(format!("{name} {} ms", duration?))).collect();
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attempt() -> Attempt {
        let attempt = json!({
            "number": 1, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 31, "outcome": "rejected", "statusCode": 401,
            "request": {
                "url": "https://example.com/it's",
                "headers": [{ "name": "host", "value": "example.com" }, { "name": "authorization", "value": "[redacted]" }],
            },
            "responseHeaders": [{ "name": "server", "value": "nginx" }],
            "connection": { "remoteAddress": "203.0.113.7:443", "httpVersion": "2", "tlsVersion": "1.3", "reused": false, "requestRepeated": false },
            "timings": { "connectMs": 3, "firstByteMs": 20 },
        });
        serde_json::from_value(attempt).expect("an attempt")
    }

    #[test]
    fn a_record_has_the_facts_of_the_attempt() {
        let record = attempt().record();
        for (name, value) in [
            ("outcome", "rejected (401)"),
            ("took", "31 ms (connect 3 ms, first byte 20 ms)"),
            ("connection", "203.0.113.7:443, HTTP/2, TLS 1.3, new"),
            ("sent headers", "host: example.com\nauthorization: [redacted]"),
            ("received headers", "server: nginx"),
        ] {
            assert!(record.contains(&(name, value.to_owned())), "{name} {record:?}");
        }
    }
}
