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
use super::guard::{ConnectionFacts, Guard, Observed, Request, Response, milliseconds};
use super::headers::{self, Fields};
use super::outcome::{Failure, NotMade, Outcome, seconds};
use super::redact::{self, SentValues};
use super::retry::RetryAfter;
use super::target::{Credentials, Target};
use crate::api::callback::ResponseClass;
use crate::api::trace::TraceContext;
use crate::model::{AttemptFacts, Exchange};
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
    /// Whether the texts of the request and the response are kept even if the callback is accepted.
    pub(super) is_test: bool,
}

/// The result of an attempt.
pub(super) struct Sent {
    pub(super) started_at: DateTime<Utc>,
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
    pub(super) response_class: Option<ResponseClass>,
    pub(super) status_code: Option<u16>,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) error: Option<String>,
    response_body: Option<String>,
    truncated: bool,
    /// The raw response body, as far as it was read. It may contain secrets, so it must not be stored.
    pub(super) body: Vec<u8>,
    /// What is known about the connection to the receiver.
    connection: Option<Box<ConnectionFacts>>,
    token_request: Option<Duration>,
    exchange: Option<Exchange>,
    /// The fingerprint of the webhook.
    fingerprint: u32,
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
        milliseconds(self.duration)
    }

    pub(super) fn into_record(self, number: u32) -> store::Attempt {
        let facts = AttemptFacts {
            token_request: self.token_request.map(milliseconds),
            fingerprint: (self.accepted() && self.exchange.is_none()).then_some(self.fingerprint),
            ..self.connection.as_deref().map(ConnectionFacts::to_stored).unwrap_or_default()
        };
        store::Attempt {
            number,
            started_at: self.started_at,
            duration_ms: self.duration_ms(),
            outcome: self.outcome.as_str().to_owned(),
            status_code: self.status_code,
            error: self.error,
            response_body: self.response_body,
            truncated: self.truncated,
            facts,
            exchange: self.exchange,
        }
    }
}

/// What was sent so far. It is known even if the time of the attempt ends.
#[derive(Default)]
struct Progress {
    /// The values that were sent, so that all of them can be redacted.
    values: SentValues,
    /// The time until a token of the token server was available, if it was not in memory.
    token_request: Option<Duration>,
    /// The last request of the callback.
    request: Option<Request>,
}

impl Progress {
    /// Returns the failure of an attempt whose time has ended.
    fn timed_out(&self, limit: Duration) -> Failure {
        let limit = seconds(limit);
        let connection = self.request.as_ref().map(|request| request.observed.take());
        let text = match &connection {
            Some(Some(_)) => format!(
                "the server accepted the connection, but sent no response within the attempt timeout of {limit}; respond sooner, and do slow work after the response"
            ),
            Some(None) => {
                format!("no connection within the attempt timeout of {limit}; check that the server is reachable from the internet")
            }
            None => format!("no response of the token URL within the attempt timeout of {limit}; check the token server"),
        };
        Failure::Outcome { outcome: Outcome::TimedOut, error: text.into(), connection: connection.flatten() }
    }
}

/// Returns the texts of a request and of its response. `response` is the header of the response.
fn texts(request: Option<Request>, target: &Target, call: &Call, response: Fields) -> Option<Exchange> {
    let request = request?;
    Some(Exchange {
        url: target.shown_url.clone(),
        request: headers::of_request(&target.url, &request.headers, request.body.len()),
        response,
        body: call.is_test.then(|| String::from_utf8_lossy(&request.body).into_owned()),
    })
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
    let mut progress = Progress::default();
    progress.values.notification_id = call.notification_id.to_string();
    let result = tokio::time::timeout_at(deadline, exchange(guard, target, &call, now, &mut progress)).await;
    let result = result.unwrap_or_else(|_| Err(progress.timed_out(call.timeout)));
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
        token_request: progress.token_request,
        exchange: None,
        fingerprint: target.fingerprint,
    };
    let request = progress.request.take();
    let redactor = || target.redactor(progress.values.clone());
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
            if call.is_test || !sent.accepted() {
                let fields = headers::of_response(&response.headers, redactor()).await;
                sent.exchange = texts(request, target, &call, fields);
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
            if !call.discards_response {
                sent.exchange = texts(request, target, &call, Fields::new());
            }
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
        Outcome::Gone => "the receiver returned 410 Gone, so the webhook is deactivated; activate it again if that was a mistake".into(),
        _ => {
            let remedy = match status {
                401 => "check the credentials in `auth` and `headers` of the webhook",
                403 => "let the receiver and the firewall before it accept this request",
                404 | 405 => "correct the path of `targetURL`, or add a handler for POST",
                408 | 504 => "respond sooner, and do slow work after the response",
                413 => "let the receiver accept larger bodies",
                415 => "let the receiver accept `application/json`",
                429 => "let it accept more requests, or set `maxPerSecond` of the webhook",
                502 | 503 => "start it again, or give it more capacity",
                500.. => "find the reason in its log",
                _ => "find the reason in its log or in the response body",
            };
            let text = ErrorText::from(format!("the receiver returned {status}, but only 200 to 299 accept a callback; {remedy}"));
            // Some servers verify the client certificate only after the request, and then return one of these statuses.
            match response.connection.client_certificate_requested && matches!(status, 400 | 401 | 403 | 495 | 496) {
                true => {
                    text.own("; or accept callbacks without a client certificate: the receiver requested one, and the service has none")
                }
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

/// Sends the callback with the credentials of the target.
async fn exchange(guard: &Guard, target: &Target, call: &Call, now: DateTime<Utc>, progress: &mut Progress) -> Result<Response, Failure> {
    let source = match &target.credentials {
        Credentials::None => return post(guard, target, call, now, None, progress).await,
        Credentials::Basic(value) => return post(guard, target, call, now, Some(value), progress).await,
        Credentials::Token(source) => source,
    };
    let mut refused: Option<Token> = None;
    loop {
        progress.request = None;
        let started = Instant::now();
        let token = source.token(guard, refused.as_ref()).await;
        // A token in memory is available at once.
        let waited = Some(started.elapsed()).filter(|waited| *waited >= Duration::from_millis(1));
        progress.token_request = progress.token_request.max(waited);
        let token = token?;
        let value = format!("Bearer {}", token.value);
        let received = post(guard, target, call, now, Some(&value), progress).await?;
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
    progress: &mut Progress,
) -> Result<Response, Failure> {
    let mut headers = target.headers.clone();
    let signed = signed_headers(call.notification_id, &call.body, now, target.signing_secrets(now), call.trace.clone());
    signed.signature.as_str().clone_into(&mut progress.values.signatures);
    add_headers(signed, &mut headers);
    if let Some(value) = authorization {
        progress.values.authorizations.push(Zeroizing::new(value.to_owned()));
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Failure::new(Outcome::TokenRefused, "the credentials are not a valid header value"))?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    let (account, body) = (target.account.clone(), call.body.clone());
    let request = Request { account, method: Method::POST, headers, body, observed: Observed::default() };
    Ok(guard.send(&target.url, progress.request.insert(request)).await?)
}
