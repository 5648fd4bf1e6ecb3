//! The request of an attempt as a command for curl.

use std::fmt::Write as _;

use crate::types::Attempt;

impl Attempt {
    /// Returns the request of this attempt as a curl command for a POSIX shell. `body` is the `callback_body` of the
    /// delivery. A test has its own body, so `body` can be `None`.
    ///
    /// The service does not show secrets. Replace each `[redacted]`, and sign the body again if the receiver checks the
    /// signature. Returns `None` if the attempt does not have its request.
    #[must_use]
    pub fn to_curl(&self, body: Option<&str>) -> Option<String> {
        let request = self.request.as_ref()?;
        let mut command = format!("curl --request POST {}", quoted(&request.url));
        // curl adds these two fields.
        let fields = request.headers.iter().filter(|field| !["host", "content-length"].contains(&field.name.as_str()));
        for field in fields {
            let text = format!("{}: {}", field.name.as_str(), field.value.as_str());
            // A String accepts all text.
            let _ = write!(command, " \\\n  --header {}", quoted(&text));
        }
        if let Some(body) = request.body.as_deref().map(String::as_str).or(body) {
            let _ = write!(command, " \\\n  --data-binary {}", quoted(body));
        }
        Some(command)
    }
}

/// Returns a text as one word of a POSIX shell. Also a text that the receiver has chosen stays one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_has_the_fields_and_the_body_as_single_words() {
        let attempt: Attempt = serde_json::from_value(serde_json::json!({
            "number": 1, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 1, "outcome": "rejected",
            "request": {
                "url": "https://example.com/a?b=$c",
                "headers": [
                    { "name": "host", "value": "example.com" },
                    { "name": "content-length", "value": "9" },
                    { "name": "webhook-id", "value": "it's" },
                ],
            },
        }))
        .expect("an attempt");
        let expected =
            "curl --request POST 'https://example.com/a?b=$c' \\\n  --header 'webhook-id: it'\\''s' \\\n  --data-binary '{\"a\":\"\\n\"}'";
        assert_eq!(attempt.to_curl(Some("{\"a\":\"\\n\"}")).as_deref(), Some(expected));
        let without = Attempt { request: None, ..attempt };
        assert_eq!(without.to_curl(None), None);
    }
}
