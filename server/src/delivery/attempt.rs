//! Makes one attempt: signs, authenticates and sends a callback, and reads the response. The time of the attempt and
//! the size of the response are limited. A failure of the receiver or the network is returned as an outcome.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::callback::{add_headers, signed_headers};
use super::credentials::Token;
use super::guard::{self, Guard};
use super::outcome::{Failure, NotMade, Outcome};
use super::redact;
use super::retry::RetryAfter;
use super::target::{Credentials, Target};
use crate::api::callback::ResponseClass;
use crate::api::trace::TraceContext;
use crate::store;

/// Maximum number of response body bytes that are read before the connection is closed.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Maximum number of response body bytes that are stored.
const MAX_EXCERPT_BYTES: usize = 4 * 1024;

/// A callback to send.
pub(super) struct Call {
    pub(super) notification_id: Uuid,
    pub(super) body: Bytes,
    pub(super) trace: Option<TraceContext>,
    /// The deadline of the whole attempt: name resolution, token request and response.
    pub(super) deadline: tokio::time::Instant,
}

/// The result of an attempt.
pub(super) struct Sent {
    started_at: DateTime<Utc>,
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
    pub(super) response_class: Option<ResponseClass>,
    pub(super) status_code: Option<u16>,
    pub(super) retry_after: Option<RetryAfter>,
    error: Option<String>,
    response_body: Option<String>,
    truncated: bool,
    /// The raw response body, as far as it was read. It may contain secrets, so it must not be stored.
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn accepted(&self) -> bool {
        self.outcome == Outcome::Accepted
    }

    fn duration_ms(&self) -> u32 {
        u32::try_from(self.duration.as_millis()).unwrap_or(u32::MAX)
    }

    pub(super) fn into_record(self, number: u32) -> store::Attempt {
        store::Attempt {
            number,
            started_at: self.started_at,
            duration_ms: self.duration_ms(),
            outcome: self.outcome.as_str().to_owned(),
            status_code: self.status_code,
            error: self.error,
            response_body: self.response_body,
            truncated: self.truncated,
        }
    }
}

/// The receiver cannot choose any text that is written to the log.
impl slog::KV for &Sent {
    fn serialize(&self, _: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        serializer.emit_str("outcome".into(), self.outcome.as_str())?;
        if let Some(status_code) = self.status_code {
            serializer.emit_u16("status_code".into(), status_code)?;
        }
        serializer.emit_u32("duration_ms".into(), self.duration_ms())
    }
}

/// Sends a callback and classifies the response. `now` is the start of the attempt.
///
/// # Errors
/// When this server could not make the attempt.
pub(super) async fn send(guard: &Guard, target: &Target, call: Call, now: DateTime<Utc>) -> Result<Sent, NotMade> {
    let started = Instant::now();
    let mut authorizations = Vec::new();
    let result = tokio::time::timeout_at(call.deadline, exchange(guard, target, &call, now, &mut authorizations)).await;
    let result = result.unwrap_or_else(|_| Err(Failure::new(Outcome::TimedOut, "no response within the time limit")));
    let mut sent = Sent {
        started_at: now,
        duration: started.elapsed(),
        outcome: Outcome::Accepted,
        response_class: None,
        status_code: None,
        retry_after: None,
        error: None,
        response_body: None,
        truncated: false,
        body: Vec::new(),
    };
    match result {
        Ok(received) => {
            sent.response_class = Some(ResponseClass::of(received.status));
            if sent.response_class != Some(ResponseClass::Accepted) {
                sent.outcome = Outcome::Rejected;
                sent.error = Some(rejection(received.status));
            }
            sent.status_code = Some(received.status.as_u16());
            sent.retry_after = received.retry_after;
            if !received.body.is_empty() {
                let redactor = target.redactor(&authorizations);
                let (excerpt, truncated) = redact::excerpt(&received.body, MAX_EXCERPT_BYTES, redactor).await;
                sent.response_body = Some(excerpt);
                sent.truncated = truncated || received.truncated;
            }
            sent.body = received.body;
        }
        Err(Failure::Outcome { outcome, error }) => {
            sent.outcome = outcome;
            // The error text may contain text from the receiver or the token server, for example names in a
            // certificate.
            let error = target.redactor(&authorizations).redact(&error);
            sent.error = Some(error.chars().take(1024).collect());
        }
        Err(Failure::NotMade(not_made)) => return Err(not_made),
    }
    Ok(sent)
}

fn rejection(status: StatusCode) -> String {
    match status.as_u16() {
        300..=399 => "redirects are not followed; register the final URL".to_owned(),
        410 => "the receiver returned 410 Gone; the webhook is deactivated".to_owned(),
        code => format!("the receiver returned {code}; only 200 to 299 accept a callback"),
    }
}

struct Received {
    status: StatusCode,
    retry_after: Option<RetryAfter>,
    body: Vec<u8>,
    /// Whether only a part of the body was read.
    truncated: bool,
}

/// Sends the callback with the credentials of the target. `authorizations` collects every credential that was sent, so that all
/// of them can be redacted.
async fn exchange(
    guard: &Guard,
    target: &Target,
    call: &Call,
    now: DateTime<Utc>,
    authorizations: &mut Vec<String>,
) -> Result<Received, Failure> {
    let source = match &target.credentials {
        Credentials::None => return post(guard, target, call, now, None).await,
        Credentials::Basic(value) => {
            authorizations.push(value.to_string());
            return post(guard, target, call, now, Some(value)).await;
        }
        Credentials::Token(source) => source,
    };
    let mut refused: Option<Token> = None;
    loop {
        let token = source.token(guard, refused.as_ref()).await?;
        let value = format!("Bearer {}", token.value);
        authorizations.extend([token.value.clone(), value.clone()]);
        let received = post(guard, target, call, now, Some(&value)).await?;
        // The token may have been revoked before it expired, so a new token is fetched once.
        if ResponseClass::of(received.status) != ResponseClass::Unauthorized || refused.is_some() {
            return Ok(received);
        }
        refused = Some(token);
    }
}

async fn post(guard: &Guard, target: &Target, call: &Call, now: DateTime<Utc>, authorization: Option<&str>) -> Result<Received, Failure> {
    let request = guard.request(http::Method::POST, &target.url);
    let request = request.map_err(|refusal| Failure::new(Outcome::AddressBlocked, refusal.to_string()))?;
    let headers = signed_headers(call.notification_id, &call.body, now, target.signing_secrets(now), call.trace.clone());
    let request = request.headers(target.headers.clone());
    let mut request = add_headers(headers, request).header(header::CONTENT_TYPE, "application/json").body(call.body.clone());
    if let Some(value) = authorization {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Failure::new(Outcome::TokenRefused, "the credentials are not a valid header value"))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let response = request.send().await.map_err(|error| Failure::of(&error))?;
    let status = response.status();
    // RFC 9110 §10.2.3. The `Retry-After` field is used only if the status is 429 or 503.
    let retry_after = (ResponseClass::of(status) == ResponseClass::Busy)
        .then(|| response.headers().get(header::RETRY_AFTER)?.to_str().ok().and_then(RetryAfter::parse))
        .flatten();
    // Only the status matters: a callback is accepted even if the response body is incomplete.
    let mut body = Vec::new();
    let read = tokio::time::timeout_at(call.deadline, guard::read_at_most(response, MAX_RESPONSE_BYTES, &mut body)).await;
    let truncated = !matches!(read, Ok(Ok(false)));
    Ok(Received { status, retry_after, body, truncated })
}
