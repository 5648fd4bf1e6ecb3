//! Makes one attempt: signs, authenticates and sends a callback, and reads the response. The time of the attempt and
//! the size of the response are limited. A failure of the receiver or the network is returned as an outcome.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, header};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::callback::{add_headers, signed_headers};
use super::credentials::Token;
use super::error_text::ErrorText;
use super::guard::{ConnectionFacts, Guard, Request, Response};
use super::outcome::{Failure, NotMade, Outcome, seconds};
use super::redact::{self, SentValues};
use super::retry::RetryAfter;
use super::target::{Credentials, Target};
use crate::api::callback::ResponseClass;
use crate::api::trace::TraceContext;
use crate::slots::Reached;
use crate::store;

/// Maximum number of response body bytes that are read before the connection is closed.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Maximum number of response body bytes that are stored.
const MAX_EXCERPT_BYTES: usize = 4 * 1024;

/// Maximum number of characters of an error that are logged.
const MAX_LOGGED_CHARS: usize = 256;

/// The error text of an attempt whose details are discarded.
const NOT_KEPT: &str = "the details are not kept, because the service ended unexpectedly during earlier attempts of this delivery";

/// A callback to send.
pub(super) struct Call {
    pub(super) notification_id: Uuid,
    pub(super) body: Bytes,
    pub(super) trace: Option<TraceContext>,
    /// Time limit of the whole attempt: name resolution, token request and response.
    pub(super) timeout: Duration,
    /// Whether the response body is not read, and no text from the receiver is kept. Reading a response of this
    /// delivery may have ended the process.
    pub(super) discards_response: bool,
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
    /// What is known about the connection to the receiver.
    connection: Option<Box<ConnectionFacts>>,
}

impl Sent {
    pub(super) fn accepted(&self) -> bool {
        self.outcome == Outcome::Accepted
    }

    pub(super) fn reached(&self) -> Reached {
        let failed_at_token_url = matches!(self.outcome, Outcome::TokenFailed | Outcome::TokenRefused);
        Reached { address: self.connection.as_deref().and_then(ConnectionFacts::remote_address), failed_at_token_url }
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

/// The receiver can choose only parts of the error. These are redacted and escaped.
impl slog::KV for &Sent {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        serializer.emit_str("outcome".into(), self.outcome.as_str())?;
        if let Some(status_code) = self.status_code {
            serializer.emit_u16("status_code".into(), status_code)?;
        }
        if let Some(error) = &self.error {
            serializer.emit_arguments("error".into(), &format_args!("{error:.MAX_LOGGED_CHARS$}"))?;
        }
        serializer.emit_u32("duration_ms".into(), self.duration_ms())?;
        self.connection.as_ref().map_or(Ok(()), |connection| connection.serialize(record, serializer))
    }
}

/// Sends a callback and classifies the response. `now` is the start of the attempt.
///
/// # Errors
/// When this server could not make the attempt.
pub(super) async fn send(guard: &Guard, target: &Target, call: Call, now: DateTime<Utc>) -> Result<Sent, NotMade> {
    let started = Instant::now();
    let deadline = tokio::time::Instant::now() + call.timeout;
    let mut values = SentValues { notification_id: call.notification_id.to_string(), ..SentValues::default() };
    let result = tokio::time::timeout_at(deadline, exchange(guard, target, &call, now, &mut values)).await;
    let result = result.unwrap_or_else(|_| {
        let text = format!("no response within the attempt timeout of {}", seconds(call.timeout));
        Err(Failure::new(Outcome::TimedOut, text))
    });
    let mut sent = Sent {
        started_at: now,
        duration: Duration::ZERO,
        outcome: Outcome::Accepted,
        response_class: None,
        status_code: None,
        retry_after: None,
        error: None,
        response_body: None,
        truncated: false,
        body: Vec::new(),
        connection: None,
    };
    let redactor = || target.redactor(values.clone());
    match result {
        Ok(response) => {
            let status = response.status;
            let class = ResponseClass::of(status);
            sent.response_class = Some(class);
            sent.outcome = Outcome::of_status(status.as_u16());
            sent.error = match rejection(&response, &target.url) {
                Some(_) if call.discards_response => Some(NOT_KEPT.to_owned()),
                Some(text) => Some(text.redacted(redactor()).await),
                None => None,
            };
            sent.status_code = Some(status.as_u16());
            // RFC 9110 §10.2.3. The `Retry-After` field is used only if the status is 429 or 503.
            sent.retry_after = (class == ResponseClass::Busy)
                .then(|| response.headers.get(header::RETRY_AFTER)?.to_str().ok().and_then(RetryAfter::parse))
                .flatten();
            sent.connection = Some(response.connection.clone());
            if call.discards_response {
                sent.duration = started.elapsed();
                return Ok(sent);
            }
            // Only the status matters: a callback is accepted even if the response body is incomplete.
            let read = tokio::time::timeout_at(deadline, response.read_at_most(MAX_RESPONSE_BYTES, &mut sent.body)).await;
            sent.duration = started.elapsed();
            if !sent.body.is_empty() {
                let is_complete = matches!(read, Ok(false));
                let (excerpt, truncated) = redact::excerpt(&sent.body, MAX_EXCERPT_BYTES, is_complete, redactor()).await;
                sent.response_body = Some(excerpt);
                sent.truncated = truncated || !is_complete;
            }
        }
        Err(Failure::Outcome { outcome, error, connection }) => {
            sent.outcome = outcome;
            sent.duration = started.elapsed();
            sent.error = Some(if call.discards_response { NOT_KEPT.to_owned() } else { error.redacted(redactor()).await });
            sent.connection = connection;
        }
        Err(Failure::NotMade(not_made)) => return Err(not_made),
    }
    Ok(sent)
}

/// Returns the sentence for a status that does not accept the callback.
fn rejection(response: &Response, target: &Url) -> Option<ErrorText> {
    let status = response.status.as_u16();
    Some(match Outcome::of_status(status) {
        Outcome::Accepted => return None,
        Outcome::Redirected => {
            let text = ErrorText::from("redirects are not followed; register the final URL");
            match location(response, target) {
                Some(location) => text.own("; the receiver redirects to ").foreign(&location),
                None => text,
            }
        }
        Outcome::Gone => "the receiver returned 410 Gone; the webhook is deactivated".into(),
        _ => {
            let text = ErrorText::from(format!("the receiver returned {status}; only 200 to 299 accept a callback"));
            // Some servers verify the client certificate only after the request, and then return one of these statuses.
            match response.connection.client_certificate_requested && matches!(status, 400 | 401 | 403 | 495 | 496) {
                true => text.own("; the receiver requested a client certificate, and the service has none"),
                false => text,
            }
        }
    })
}

/// Returns the origin and the path of a redirect. The query is left out, because it may contain a key.
fn location(response: &Response, target: &Url) -> Option<String> {
    let location = target.join(response.headers.get(header::LOCATION)?.to_str().ok()?).ok()?;
    location.has_host().then(|| {
        location[url::Position::BeforeScheme..url::Position::AfterScheme].to_owned()
            + "://"
            + &location[url::Position::BeforeHost..url::Position::AfterPath]
    })
}

/// Sends the callback with the credentials of the target. `values` collects the header values that were sent, so that all
/// of them can be redacted.
async fn exchange(guard: &Guard, target: &Target, call: &Call, now: DateTime<Utc>, values: &mut SentValues) -> Result<Response, Failure> {
    let source = match &target.credentials {
        Credentials::None => return post(guard, target, call, now, None, values).await,
        Credentials::Basic(value) => return post(guard, target, call, now, Some(value), values).await,
        Credentials::Token(source) => source,
    };
    let mut refused: Option<Token> = None;
    loop {
        let token = source.token(guard, refused.as_ref()).await?;
        let value = format!("Bearer {}", token.value);
        let received = post(guard, target, call, now, Some(&value), values).await?;
        // The token may have been revoked before it expired, so a new token is fetched once.
        if ResponseClass::of(received.status) != ResponseClass::Unauthorized || refused.is_some() {
            return Ok(received);
        }
        // After the body, the next request can use the same connection.
        received.read_at_most(MAX_RESPONSE_BYTES, &mut Vec::new()).await;
        refused = Some(token);
    }
}

async fn post(
    guard: &Guard,
    target: &Target,
    call: &Call,
    now: DateTime<Utc>,
    authorization: Option<&str>,
    values: &mut SentValues,
) -> Result<Response, Failure> {
    let mut headers = target.headers.clone();
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let signed = signed_headers(call.notification_id, &call.body, now, target.signing_secrets(now), call.trace.clone());
    signed.signature.as_str().clone_into(&mut values.signatures);
    add_headers(signed, &mut headers);
    if let Some(value) = authorization {
        values.authorizations.push(Zeroizing::new(value.to_owned()));
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Failure::new(Outcome::TokenRefused, "the credentials are not a valid header value"))?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    let request = Request { account: target.account.clone(), method: Method::POST, headers, body: call.body.clone() };
    Ok(guard.send(&target.url, &request).await?)
}
