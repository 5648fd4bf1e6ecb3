//! The callback on the wire: its body and headers, and the meaning of each response status. openapi.json declares the
//! same under `callbacks`, and `cargo xtask openapi` compares the two.

use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::text::text;
use crate::trace::{TraceParent, TraceState};
use crate::types::EventType;

/// What a callback's body says.
#[derive(Serialize, JsonSchema)]
pub struct CallbackBody<'a> {
    pub r#type: &'a EventType,
    /// When the notification was accepted.
    pub timestamp: DateTime<Utc>,
    /// The very bytes that were published.
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
    /// The JSON text of the body.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, identifiers and checked JSON serialize")
    }
}

text! {
    /// Seconds since 1970.
    open SignedAt { 1..=20, r"^[0-9]+$", "seconds since 1970" }

    /// One signature for each valid secret.
    open Signatures { 47..=2048, r"^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$", "signatures of version 1, separated by spaces" }

    /// The service and its version.
    open UserAgent { 1..=128, r"^webhooks-server/[0-9A-Za-z.+-]+$", "`webhooks-server/` and a version" }
}

/// The headers of a callback, beside `Authorization` and those that any HTTP request has.
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

/// What the status of an answer means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// Once, another access token is fetched and the callback sent again; then as [`Answer::Refused`].
    Unauthorized,
    /// The webhook is deactivated.
    Gone,
    /// As [`Answer::Refused`], but the answer may ask for patience in Retry-After.
    Busy,
    /// Sent again on the schedule.
    Refused,
}

impl Answer {
    pub const ALL: [Answer; 5] = [Answer::Accepted, Answer::Unauthorized, Answer::Gone, Answer::Busy, Answer::Refused];

    /// How openapi.json names the statuses that mean this.
    #[must_use]
    pub fn statuses(self) -> &'static [&'static str] {
        match self {
            Answer::Accepted => &["2XX"],
            Answer::Unauthorized => &["401", "407"],
            Answer::Gone => &["410"],
            Answer::Busy => &["429", "503"],
            Answer::Refused => &["default"],
        }
    }

    #[must_use]
    pub fn of(status: StatusCode) -> Answer {
        let code = status.as_str();
        let is_named = |name: &&'static str| name.strip_suffix("XX").map_or(*name == code, |class| code.starts_with(class));
        Answer::ALL.into_iter().find(|answer| answer.statuses().iter().any(is_named)).unwrap_or(Answer::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_means_what_the_document_says() {
        for (status, expected) in [
            (200, Answer::Accepted),
            (299, Answer::Accepted),
            (300, Answer::Refused),
            (400, Answer::Refused),
            (401, Answer::Unauthorized),
            (403, Answer::Refused),
            (407, Answer::Unauthorized),
            (410, Answer::Gone),
            (429, Answer::Busy),
            (500, Answer::Refused),
            (503, Answer::Busy),
            (999, Answer::Refused),
        ] {
            assert_eq!(Answer::of(StatusCode::from_u16(status).expect("a status")), expected, "{status}");
        }
    }
}
