//! The callback request: its body, its headers, and the meaning of each response status. openapi.json declares the
//! callback under `callbacks`. `cargo xtask openapi` compares this module with the declaration in openapi.json.

use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::text::text;
use crate::trace::{TraceParent, TraceState};
use crate::types::EventType;

/// The body of a callback.
#[derive(Serialize, JsonSchema)]
pub struct CallbackBody<'a> {
    pub r#type: &'a EventType,
    /// The time when the service accepted the notification.
    pub timestamp: DateTime<Utc>,
    /// The content of the notification, byte for byte as published.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub data: &'a RawValue,
    pub notification: CallbackReference,
    pub webhook: CallbackReference,
}

#[derive(Serialize, JsonSchema)]
pub struct CallbackReference {
    pub id: Uuid,
}

impl CallbackBody<'_> {
    /// Returns the body as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, identifiers and checked JSON serialize")
    }
}

text! {
    /// The time of signing, in seconds since 1970.
    open SignedAt { 1..=20, r"^[0-9]+$", "seconds since 1970" }

    /// One signature for each valid secret.
    open Signatures { 47..=2048, r"^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$", "signatures of version 1, separated by spaces" }

    /// The name and version of the service.
    open UserAgent { 1..=128, r"^webhooks-server/[0-9A-Za-z.+-]+$", "`webhooks-server/` and a version" }
}

/// The headers of a callback. This type does not contain `Authorization`, custom headers, or the headers that every
/// HTTP request has.
#[derive(JsonSchema)]
pub struct CallbackHeaders {
    #[schemars(rename = "webhook-id")]
    pub id: Uuid,
    #[schemars(rename = "webhook-timestamp")]
    pub timestamp: SignedAt,
    #[schemars(rename = "webhook-signature")]
    pub signature: Signatures,
    #[schemars(rename = "User-Agent")]
    pub user_agent: UserAgent,
    #[schemars(with = "TraceParent", default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
    #[schemars(with = "TraceState", default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<TraceState>,
}

/// The meaning of a response's status for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseClass {
    Accepted,
    /// If the webhook uses OAuth 2.0 client credentials, the service fetches a new access token and sends the callback
    /// once more. If the second response is also of this class, it is handled like [`ResponseClass::Refused`]. With
    /// other authentication, the first response is handled like [`ResponseClass::Refused`].
    Unauthorized,
    /// The service deactivates the webhook.
    Gone,
    /// The response is handled like [`ResponseClass::Refused`], but `Retry-After` can delay the next attempt.
    Busy,
    /// The retry schedule decides when the callback is sent again.
    Refused,
}

impl ResponseClass {
    pub const ALL: [ResponseClass; 5] =
        [ResponseClass::Accepted, ResponseClass::Unauthorized, ResponseClass::Gone, ResponseClass::Busy, ResponseClass::Refused];

    /// Returns the statuses of this class in the notation of openapi.json.
    #[must_use]
    pub fn statuses(self) -> &'static [&'static str] {
        match self {
            ResponseClass::Accepted => &["2XX"],
            ResponseClass::Unauthorized => &["401", "407"],
            ResponseClass::Gone => &["410"],
            ResponseClass::Busy => &["429", "503"],
            ResponseClass::Refused => &["default"],
        }
    }

    #[must_use]
    pub fn of(status: StatusCode) -> ResponseClass {
        let code = status.as_str();
        let is_named = |name: &&'static str| name.strip_suffix("XX").map_or(*name == code, |digit| code.starts_with(digit));
        ResponseClass::ALL.into_iter().find(|class| class.statuses().iter().any(is_named)).unwrap_or(ResponseClass::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_the_documented_class() {
        for (status, expected) in [
            (200, ResponseClass::Accepted),
            (299, ResponseClass::Accepted),
            (300, ResponseClass::Refused),
            (400, ResponseClass::Refused),
            (401, ResponseClass::Unauthorized),
            (403, ResponseClass::Refused),
            (407, ResponseClass::Unauthorized),
            (410, ResponseClass::Gone),
            (429, ResponseClass::Busy),
            (500, ResponseClass::Refused),
            (503, ResponseClass::Busy),
            (999, ResponseClass::Refused),
        ] {
            assert_eq!(ResponseClass::of(StatusCode::from_u16(status).expect("a status")), expected, "{status}");
        }
    }
}
