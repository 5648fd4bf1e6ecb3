//! The signed headers of a callback.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use super::signature;
use crate::api::callback::{CallbackHeaders, Signatures, SignedAt, UserAgent};
use crate::api::trace::{TraceContext, TraceParent, TraceState};
use crate::secrets::signing_secret::SigningSecret;

/// The name and the version of this program, in each outgoing request.
pub(super) const USER_AGENT: &str = concat!("webhooks-server/", env!("CARGO_PKG_VERSION"));

/// Returns the headers of a callback that is sent at `now` with this body.
pub(super) fn signed_headers(
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
        user_agent: UserAgent::stored(USER_AGENT.to_owned()),
        traceparent,
        tracestate: tracestate.flatten(),
    }
}

/// Adds the headers to those of a request.
pub(super) fn add_headers(headers: CallbackHeaders, request: &mut HeaderMap) {
    request.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    request.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let all = [
        ("webhook-id", Some(headers.id.to_string())),
        ("webhook-timestamp", Some(headers.timestamp.into_string())),
        ("webhook-signature", Some(headers.signature.into_string())),
        ("user-agent", Some(headers.user_agent.into_string())),
        ("traceparent", headers.traceparent.map(TraceParent::into_string)),
        ("tracestate", headers.tracestate.map(TraceState::into_string)),
    ];
    for (name, value) in all {
        // The types of the values allow only characters that a header value may have.
        if let Some(value) = value.and_then(|value| HeaderValue::from_maybe_shared(Bytes::from(value)).ok()) {
            request.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_headers_match_their_schema() {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret");
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        for secrets in [vec![secret.clone()], vec![secret; 2]] {
            let headers = signed_headers(Uuid::now_v7(), b"{}", now, &secrets, None);
            SignedAt::parse(headers.timestamp.as_str()).expect("seconds");
            Signatures::parse(headers.signature.as_str()).expect("signatures");
            UserAgent::parse(headers.user_agent.as_str()).expect("a name and a version");
        }
    }
}
