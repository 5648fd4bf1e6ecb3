//! One attempt: sign, authenticate, send, and read the answer, all within bounds. What goes wrong is data.

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
use crate::api::callback::Answer;
use crate::api::trace::TraceContext;
use crate::store;

/// So much of an answer is read before the connection is given up; more tells nothing.
const ANSWER_BYTES: usize = 64 * 1024;

/// So much of it is kept.
const EXCERPT_BYTES: usize = 4 * 1024;

/// What is to be sent.
pub(super) struct Call {
    pub(super) notification_id: Uuid,
    pub(super) body: Bytes,
    pub(super) trace: Option<TraceContext>,
    /// Name resolution, token request and answer included.
    pub(super) deadline: tokio::time::Instant,
}

/// What came of it.
pub(super) struct Sent {
    started_at: DateTime<Utc>,
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
    pub(super) answer: Option<Answer>,
    pub(super) status_code: Option<u16>,
    pub(super) retry_after: Option<RetryAfter>,
    error: Option<String>,
    response_body: Option<String>,
    truncated: bool,
    /// The answer's, as it came, as far as it was read. Nothing of it may be kept.
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

/// For the log: nothing that the receiver chose.
impl slog::KV for &Sent {
    fn serialize(&self, _: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        serializer.emit_str("outcome".into(), self.outcome.as_str())?;
        if let Some(status_code) = self.status_code {
            serializer.emit_u16("status_code".into(), status_code)?;
        }
        serializer.emit_u32("duration_ms".into(), self.duration_ms())
    }
}

/// Sends a callback and judges the answer. `now` is when the attempt starts.
pub(super) async fn send(guard: &Guard, target: &Target, call: Call, now: DateTime<Utc>) -> Result<Sent, NotMade> {
    let started = Instant::now();
    let mut authorizations = Vec::new();
    let answer = tokio::time::timeout_at(call.deadline, exchange(guard, target, &call, now, &mut authorizations)).await;
    let answer = answer.unwrap_or_else(|_| Err(Failure::new(Outcome::TimedOut, "no answer within the time limit")));
    let mut sent = Sent {
        started_at: now,
        duration: started.elapsed(),
        outcome: Outcome::Accepted,
        answer: None,
        status_code: None,
        retry_after: None,
        error: None,
        response_body: None,
        truncated: false,
        body: Vec::new(),
    };
    match answer {
        Ok(answer) => {
            sent.answer = Some(Answer::of(answer.status));
            if sent.answer != Some(Answer::Accepted) {
                sent.outcome = Outcome::Rejected;
                sent.error = Some(rejection(answer.status));
            }
            sent.status_code = Some(answer.status.as_u16());
            sent.retry_after = answer.retry_after;
            if !answer.body.is_empty() {
                let redactor = target.redactor(&authorizations);
                let (excerpt, cut) = redact::excerpt(&answer.body, EXCERPT_BYTES, &redactor);
                sent.response_body = Some(excerpt);
                sent.truncated = cut || answer.cut;
            }
            sent.body = answer.body;
        }
        Err(Failure::Theirs { outcome, error }) => {
            sent.outcome = outcome;
            // Names and certificates come from the other side too.
            let error = target.redactor(&authorizations).redact(&error);
            sent.error = Some(error.chars().take(1024).collect());
        }
        Err(Failure::Ours(not_made)) => return Err(not_made),
    }
    Ok(sent)
}

fn rejection(status: StatusCode) -> String {
    match status.as_u16() {
        300..=399 => "redirects are not followed: register the URL that answers itself".to_owned(),
        410 => "the callback is gone for good, so the webhook is deactivated".to_owned(),
        code => format!("the callback answered {code}, and only 200 to 299 accept"),
    }
}

struct Received {
    status: StatusCode,
    retry_after: Option<RetryAfter>,
    body: Vec<u8>,
    /// More came than was read.
    cut: bool,
}

/// `authorizations` collects every value that was sent, so that none of them comes back in what is kept.
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
            authorizations.push(value.clone());
            return post(guard, target, call, now, Some(value)).await;
        }
        Credentials::Token(source) => source,
    };
    let mut refused: Option<Token> = None;
    loop {
        let token = source.token(guard, refused.as_ref()).await?;
        let value = format!("Bearer {}", token.value);
        authorizations.extend([token.value.clone(), value.clone()]);
        let answer = post(guard, target, call, now, Some(&value)).await?;
        // The token may have been revoked before its time: once, another is fetched.
        if Answer::of(answer.status) != Answer::Unauthorized || refused.is_some() {
            return Ok(answer);
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
        let mut value =
            HeaderValue::from_str(value).map_err(|_| Failure::new(Outcome::TokenRefused, "the credentials cannot be sent in a header"))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let response = request.send().await.map_err(|error| Failure::of(&error))?;
    let status = response.status();
    // RFC 9110 §10.2.3; other statuses do not ask for patience.
    let retry_after = (Answer::of(status) == Answer::Busy)
        .then(|| response.headers().get(header::RETRY_AFTER)?.to_str().ok().and_then(RetryAfter::parse))
        .flatten();
    // The status says it all: a body that breaks off or never ends does not make an accepted callback less accepted.
    let mut body = Vec::new();
    let read = tokio::time::timeout_at(call.deadline, guard::read_at_most(response, ANSWER_BYTES, &mut body)).await;
    let cut = !matches!(read, Ok(Ok(false)));
    Ok(Received { status, retry_after, body, cut })
}
