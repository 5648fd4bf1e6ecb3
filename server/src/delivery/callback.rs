//! A callback on the wire: what is sent, and what each answer to it means. openapi.json declares the same under
//! `callbacks`, and `cargo xtask openapi` holds the two equal.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::signature::{self, SigningSecret};
use super::trace::{TraceContext, TraceParent, TraceState};
use crate::api::text::text;
use crate::api::types::EventType;

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
    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings, identifiers and checked JSON serialise").into()
    }
}

/// A callback's body for any webhook. Only the webhook's identifier differs, and it comes last, so the rest is serialised
/// once for all.
#[derive(Clone, Debug)]
pub struct CallbackTemplate(Bytes);

/// What stands behind the identifier.
const TAIL: usize = "\"}}".len();

impl CallbackTemplate {
    #[must_use]
    pub fn new(notification_id: Uuid, event_type: &EventType, timestamp: DateTime<Utc>, data: &RawValue) -> CallbackTemplate {
        let notification = CallbackReference { id: notification_id };
        let webhook = CallbackReference { id: Uuid::nil() };
        CallbackTemplate(CallbackBody { r#type: event_type, timestamp, data, notification, webhook }.to_bytes())
    }

    /// The body for one webhook.
    #[must_use]
    pub fn to(&self, webhook_id: Uuid) -> Bytes {
        let mut body = self.0.to_vec();
        let end = body.len() - TAIL;
        webhook_id.hyphenated().encode_lower(&mut body[end - uuid::fmt::Hyphenated::LENGTH..end]);
        body.into()
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
    id: Uuid,
    #[schemars(rename = "webhook-timestamp")]
    timestamp: SignedAt,
    #[schemars(rename = "webhook-signature")]
    signature: Signatures,
    #[schemars(rename = "User-Agent")]
    user_agent: UserAgent,
    #[schemars(with = "TraceParent", default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceParent>,
    #[schemars(with = "TraceState", default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<TraceState>,
}

impl CallbackHeaders {
    /// Those of `body` when it is sent at `now`.
    pub(super) fn of(
        notification_id: Uuid,
        body: &[u8],
        now: DateTime<Utc>,
        secrets: &[SigningSecret],
        trace: Option<TraceContext>,
    ) -> CallbackHeaders {
        let timestamp = now.timestamp();
        let (traceparent, tracestate) = trace.map(|trace| (trace.parent, trace.state)).unzip();
        CallbackHeaders {
            id: notification_id,
            signature: Signatures::stored(signature::sign(secrets, &notification_id.to_string(), timestamp, body)),
            timestamp: SignedAt::stored(timestamp.to_string()),
            user_agent: UserAgent::stored(concat!("webhooks-server/", env!("CARGO_PKG_VERSION")).to_owned()),
            traceparent,
            tracestate: tracestate.flatten(),
        }
    }

    pub(super) fn add_to(self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let trace =
            [("traceparent", self.traceparent.map(TraceParent::into_string)), ("tracestate", self.tracestate.map(TraceState::into_string))];
        let trace = trace.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let request = trace.fold(request, |request, (name, value)| request.header(name, value));
        request
            .header("webhook-id", self.id.to_string())
            .header("webhook-timestamp", self.timestamp.into_string())
            .header("webhook-signature", self.signature.into_string())
            .header(http::header::USER_AGENT, self.user_agent.into_string())
    }
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

    #[test]
    fn a_template_is_the_body_for_each_webhook() {
        let data = RawValue::from_string(r#"{"webhook":{"id":"x"}}"#.to_owned()).expect("JSON");
        let event_type = EventType::parse("a.b").expect("a type");
        let (id, now) = (Uuid::now_v7(), DateTime::UNIX_EPOCH);
        let template = CallbackTemplate::new(id, &event_type, now, &data);
        for webhook_id in [Uuid::now_v7(), Uuid::max()] {
            let (notification, webhook) = (CallbackReference { id }, CallbackReference { id: webhook_id });
            let whole = CallbackBody { r#type: &event_type, timestamp: now, data: &data, notification, webhook };
            assert_eq!(template.to(webhook_id), whole.to_bytes());
        }
    }

    #[test]
    fn what_is_sent_keeps_the_schema_of_its_headers() {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret");
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        for secrets in [vec![secret.clone()], vec![secret; 2]] {
            let headers = CallbackHeaders::of(Uuid::now_v7(), b"{}", now, &secrets, None);
            SignedAt::parse(headers.timestamp.as_str()).expect("seconds");
            Signatures::parse(headers.signature.as_str()).expect("signatures");
            UserAgent::parse(headers.user_agent.as_str()).expect("a name and a version");
        }
    }
}
