//! The header fields of an attempt, in the form in which they are stored and shown. They contain no secrets.

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;
use uuid::Uuid;

use super::callback::{add_headers, signed_headers};
use super::redact::{self, Redactor};
use crate::api::callback::Signatures;
use crate::api::types::Auth;
use crate::model::Exchange;
use crate::store::Webhook;

/// What replaces a secret.
const REDACTED: &str = "[redacted]";

/// Maximum number of fields of a response that are kept.
const MAX_FIELDS: usize = 64;

/// Maximum number of bytes of all fields of a response that are kept.
const MAX_BYTES: usize = 8 * 1024;

/// Maximum number of characters of a field that are kept. openapi.json has the same limit for the name and the value.
const MAX_FIELD_CHARS: usize = 1024;

/// Names and values.
pub(super) type Fields = Vec<(String, String)>;

/// Returns the fields of a request, with those that the transport adds. Values of custom headers and credentials are
/// marked as sensitive.
pub(super) fn of_request(url: &Url, headers: &HeaderMap, body_bytes: usize) -> Fields {
    let mut fields: Fields = headers.iter().map(|(name, value)| (name.as_str().to_owned(), shown(name.as_str(), value))).collect();
    fields.push((header::HOST.as_str().to_owned(), url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()));
    fields.push((header::CONTENT_LENGTH.as_str().to_owned(), body_bytes.to_string()));
    fields.sort_unstable();
    fields
}

/// Returns the request of an accepted attempt, which is not stored. The webhook must have the same fingerprint as at the
/// time of the attempt. Trace headers are missing. Returns `None` if the webhook in the database is damaged.
#[must_use]
pub fn derived_exchange(webhook: &Webhook, notification_id: Uuid, started_at: DateTime<Utc>, body_bytes: usize) -> Option<Exchange> {
    let url = webhook.target_url.as_str();
    let mut headers = HeaderMap::new();
    let mut secret = HeaderValue::from_static("");
    secret.set_sensitive(true);
    for name in webhook.headers.iter().flat_map(|headers| &headers.names) {
        headers.insert(HeaderName::from_bytes(name.as_str().as_bytes()).ok()?, secret.clone());
    }
    let mut signed = signed_headers(notification_id, b"", started_at, &[], None);
    signed.signature = Signatures::stored("v1,".to_owned());
    add_headers(signed, &mut headers);
    let scheme = match &webhook.auth {
        Auth::Basic { .. } => Some("Basic"),
        Auth::ClientCredential { .. } => Some("Bearer"),
        Auth::Noauth {} => None,
    };
    headers.extend(scheme.map(|scheme| (header::AUTHORIZATION, HeaderValue::from_static(scheme))));
    let request = of_request(&Url::parse(url).ok()?, &headers, body_bytes);
    Some(Exchange { url: url.to_owned(), request, response: Fields::new(), body: None })
}

/// Returns the value of a field without secrets. A signature is no secret, but until it expires, others could repeat the
/// request with it.
fn shown(name: &str, value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    match name {
        "authorization" => format!("{} {REDACTED}", text.split(' ').next().unwrap_or_default()),
        "webhook-signature" => text.split(' ').map(|_| format!("v1,{REDACTED}")).collect::<Vec<_>>().join(" "),
        _ if value.is_sensitive() => REDACTED.to_owned(),
        _ => text.into_owned(),
    }
}

/// Returns the fields of a response. The receiver chooses names and values, so both may contain a secret that the request
/// had. A cookie may be a secret of the receiver.
pub(super) async fn of_response(headers: &HeaderMap, redactor: Redactor) -> Fields {
    let mut bytes = 0;
    let mut lines = Vec::new();
    for (name, value) in headers.iter().take(MAX_FIELDS) {
        let value = if name == header::SET_COOKIE { REDACTED.into() } else { String::from_utf8_lossy(value.as_bytes()) };
        let line = format!("{name}: {value}");
        bytes += line.len();
        if bytes > MAX_BYTES {
            break;
        }
        lines.push(line);
    }
    let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
    let kept = redact::beginnings(&texts, MAX_FIELD_CHARS, redactor).await;
    kept.into_iter()
        .map(|line| line.split_once(": ").map_or((REDACTED.to_owned(), String::new()), |(name, value)| (name.to_owned(), value.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_request_have_no_secrets() {
        let mut headers = HeaderMap::new();
        let secret = |text| {
            let mut value = HeaderValue::from_static(text);
            value.set_sensitive(true);
            value
        };
        headers.insert("authorization", secret("Basic c2VjcmV0"));
        headers.insert("x-api-key", secret("key"));
        headers.insert("webhook-signature", HeaderValue::from_static("v1,AAAA v1,BBBB"));
        headers.insert("accept", HeaderValue::from_static("*/*"));
        let url = "https://example.com:8443/a".parse().expect("a URL");
        let expected = [
            ("accept", "*/*"),
            ("authorization", "Basic [redacted]"),
            ("content-length", "3"),
            ("host", "example.com:8443"),
            ("webhook-signature", "v1,[redacted] v1,[redacted]"),
            ("x-api-key", "[redacted]"),
        ];
        assert_eq!(of_request(&url, &headers, 3), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[tokio::test]
    async fn the_fields_of_a_response_are_bounded_and_have_no_secrets() {
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", HeaderValue::from_static("session=abc"));
        headers.append("x-echo", HeaderValue::from_static("you sent hunter22hunter22"));
        headers.append("hunter22hunter22", HeaderValue::from_static("a"));
        let redactor = || Redactor::new([&b"hunter22hunter22"[..]], redact::SentValues::default());
        let shown = of_response(&headers, redactor()).await;
        let expected = [("set-cookie", "[redacted]"), ("x-echo", "you sent [redacted]"), ("[redacted]", "a")];
        assert_eq!(shown, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for _ in 0..100 {
            headers.append("x-long", HeaderValue::from_str(&"long ".repeat(400)).expect("a value"));
        }
        let shown = of_response(&headers, redactor()).await;
        assert!(shown.len() < 10, "{}", shown.len());
        assert!(shown.iter().all(|(name, value)| name.len() + value.len() <= MAX_FIELD_CHARS));
    }
}
