//! Targets for the types of requests: bodies, URLs, cursors, event types, and the rules for JSON.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Host;
use uuid::Uuid;
use webhooks_client::callback::Callback;
use webhooks_client::types as client;

use super::{MARK, parts};
use crate::api::callback::{CallbackBody, CallbackReference};
use crate::api::extract::{self, RequestBody};
use crate::api::json::{self as rules, MAX_LEVELS};
use crate::api::types::{
    Account, Cursor, DeliveryRecovery, EventType, EventTypeCursor, EventTypePattern, Id, Notification, NotificationPage,
    NotificationPublication, OutboundUrl, PageLimit, RecoveryCursor, SigningSecretRotation, Timestamp, WebhookActivation,
    WebhookDeactivation, WebhookRegistration, WebhookUpdate,
};
use crate::delivery::guard;

/// The first byte of the input chooses the operation, and the rest is its body.
///
/// The generated client is a second implementation of openapi.json. So each body that the service accepts must be readable as the
/// type of the client, and the service must accept what the client writes. An error has a limited length and repeats no value.
pub fn request_bodies(data: &[u8]) {
    let Some((operation, body)) = data.split_first() else { return };
    match operation.wrapping_sub(b'0') % 7 {
        0 => request_body::<WebhookRegistration, client::WebhookRegistration>(body, |registration| {
            is_plain(&registration.target_url) || registration.auth.as_ref().and_then(|auth| auth.token_url()).is_some_and(is_plain)
        }),
        1 => request_body::<WebhookUpdate, client::WebhookUpdate>(body, |update| {
            update.target_url.as_ref().is_some_and(is_plain) || update.auth.as_ref().and_then(|auth| auth.token_url()).is_some_and(is_plain)
        }),
        2 => request_body::<WebhookDeactivation, client::WebhookDeactivation>(body, |_| false),
        3 => request_body::<WebhookActivation, client::WebhookActivation>(body, |_| false),
        4 => request_body::<DeliveryRecovery, client::DeliveryRecovery>(body, |_| false),
        5 => request_body::<SigningSecretRotation, client::SigningSecretRotation>(body, |_| false),
        _ => request_body::<NotificationPublication, client::NotificationPublication>(body, |_| false),
    }
}

/// Whether the URL is an `http` URL. openapi.json does not allow such a URL, and the guard decides about it later.
fn is_plain(url: &OutboundUrl) -> bool {
    url.to_url().scheme() == "http"
}

fn request_body<T: RequestBody, C: DeserializeOwned + Serialize>(body: &[u8], is_plain: fn(&T) -> bool) {
    let error = match extract::parse::<T>(body) {
        Ok(value) if is_plain(&value) => return,
        Ok(_) => {
            let read: C = serde_json::from_slice(body).expect("the client reads each body that the service accepts");
            let written = serde_json::to_vec(&read).expect("the client writes each value that it has read");
            if let Err(error) = extract::parse::<T>(&written) {
                panic!("the service refuses a body of the client: {}: {}", error.detail, String::from_utf8_lossy(&written));
            }
            return;
        }
        Err(error) => error,
    };
    for error in &error.errors {
        assert!(error.pointer.chars().count() <= 1024 && error.detail.chars().count() <= 1024, "the limits of openapi.json");
        // The name of an unknown member is shown, and a member may have the name `S3CR3T`.
        let names_a_member = error.detail.contains(" member `");
        assert!(names_a_member || !error.detail.contains(MARK), "an error repeats a value: {}", error.detail);
    }
}

/// A URL that is accepted is requested as it is written.
pub fn outbound_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(url) = OutboundUrl::parse(text) else { return };
    assert_eq!(url.as_str(), text, "the text is kept");
    assert_eq!(OutboundUrl::parse(url.as_str()).as_ref(), Ok(&url));
    let (scheme, rest) = text.split_once("://").expect("a URL has a scheme");
    let scheme = scheme.to_ascii_lowercase();
    assert!(["https", "http"].contains(&scheme.as_str()) && text.len() <= 2048, "{text}");
    let (written_authority, written_path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));

    let parsed = url.to_url();
    let (authority, path) = guard::requested(&parsed).unwrap_or_else(|| panic!("{text} cannot be requested"));
    let expected_path = if written_path.starts_with('/') { written_path.to_owned() } else { format!("/{written_path}") };
    assert_eq!(path, expected_path, "{text} is requested with another path");
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let (written_host, written_port) = match written_authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, port.parse().ok()),
        _ => (written_authority, None),
    };
    let port: Option<u16> = written_port.or(if scheme == "https" { Some(443) } else { Some(80) });
    assert_eq!(parsed.port_or_known_default(), port, "{text} is requested at another port");
    if let Some(Host::Domain(host)) = parsed.host() {
        assert_eq!(host, written_host.to_ascii_lowercase(), "{text} is requested from another host");
    }
    assert!(authority.eq_ignore_ascii_case(&parsed[url::Position::BeforeHost..url::Position::AfterPort]), "{text}");
}

/// A cursor or identifier of a request is either refused, or has exactly one value, which has exactly this text.
pub fn cursors(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(cursor) = Cursor::parse(text) {
        assert_eq!(Cursor::after(cursor.id()).as_str(), text);
    }
    if let Ok(cursor) = RecoveryCursor::parse(text) {
        let (time, id) = cursor.position();
        let again = RecoveryCursor::after(time, id);
        assert_eq!(again.position().1, id);
        assert!(again.as_str() == text || time == DateTime::<Utc>::MAX_UTC, "{text} has another text: {}", again.as_str());
    }
    if let Ok(cursor) = EventTypeCursor::parse(text) {
        assert!(EventType::parse(cursor.as_str()).is_ok(), "{text} is no event type");
    }
    let quoted = serde_json::to_string(text).expect("a string");
    if let Ok(Id(id)) = serde_json::from_str(&quoted) {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
    if let Ok(PageLimit(limit)) = serde_json::from_str(&quoted) {
        assert!((1..=200).contains(&limit), "{text}");
    }
    if let Ok(Timestamp(time)) = serde_json::from_str(&quoted) {
        assert_eq!(DateTime::parse_from_rfc3339(text).expect("the same parser").to_utc(), time);
    }
}

/// The rules accept exactly the JSON that `serde_json`, and so the client and `verify`, can read with at most [`MAX_LEVELS`] levels.
/// What is accepted reaches a receiver and a reader of the API byte for byte.
pub fn json(data: &[u8]) {
    let accepted = rules::check(data).is_ok();
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(!accepted, "bytes that are not UTF-8 are accepted");
        return;
    };
    let value: Result<Value, _> = serde_json::from_str(text);
    if !accepted {
        assert!(value.is_err() || levels(text) > MAX_LEVELS, "{text} is refused, but every parser reads it");
        return;
    }
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else { return };
    assert!(value.is_ok() && levels(text) <= MAX_LEVELS, "{text} is accepted, but not every parser reads it");
    if !raw.get().starts_with('{') {
        return;
    }
    let body = CallbackBody {
        r#type: &EventType::stored("a.b".to_owned()),
        timestamp: DateTime::UNIX_EPOCH,
        data: raw,
        notification: CallbackReference { id: Uuid::nil() },
        webhook: CallbackReference { id: Uuid::nil() },
    };
    let body = body.to_json();
    let _: Callback = serde_json::from_slice(&body).expect("a receiver reads the callback");
    let callback: Callback<Box<RawValue>> = serde_json::from_slice(&body).expect("a receiver reads the callback");
    assert_eq!(callback.data.get(), raw.get(), "a receiver gets other bytes");

    #[derive(Deserialize)]
    struct Bytes<'a> {
        #[serde(borrow)]
        data: [Item<'a>; 1],
    }
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let notification = Notification {
        id: Uuid::nil(),
        account: None,
        r#type: EventType::stored("a.b".to_owned()),
        data: raw.to_owned(),
        created_at: DateTime::UNIX_EPOCH,
        delivery_count: 0,
    };
    let page = serde_json::to_string(&NotificationPage { data: vec![notification], cursor: None }).expect("a page");
    let _: client::NotificationPage = serde_json::from_str(&page).expect("the client reads the page");
    let bytes: Bytes<'_> = serde_json::from_str(&page).expect("a page");
    assert_eq!(bytes.data[0].data.get(), raw.get(), "a page has other bytes");
}

/// Returns the number of nested arrays and objects in a JSON text.
fn levels(text: &str) -> usize {
    let (mut level, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                level += 1;
                most = most.max(level);
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// The parts of the input are patterns with spaces between them, and an event type. A pattern matches as the segments of the names say.
pub fn event_types(data: &[u8]) {
    let [patterns, event_type] = parts(data);
    let (Ok(patterns), Ok(event_type)) = (std::str::from_utf8(patterns), std::str::from_utf8(event_type)) else { return };
    let _ = Account::parse(event_type);
    let Ok(event_type) = EventType::parse(event_type) else { return };
    let all: Result<Vec<EventTypePattern>, _> = patterns.split(' ').map(EventTypePattern::parse).collect();
    let Ok(all) = all else { return };
    let segments: Vec<&str> = event_type.as_str().split('.').collect();
    assert!(segments.iter().all(|segment| !segment.is_empty()), "{event_type} has an empty segment");
    for pattern in &all {
        let expected: Vec<&str> = pattern.as_str().split('.').collect();
        let expected = match expected.split_last() {
            Some((&"*", [])) => segments.len() == 1 || segments[0] != "webhook",
            Some((&"*", prefix)) => segments.len() > prefix.len() && segments.starts_with(prefix),
            _ => segments == expected,
        };
        assert_eq!(EventTypePattern::matches(pattern.as_str(), event_type.as_str()), expected, "{pattern} {event_type}");
    }
}
