//! The errors of the API. [`Kind`] lists the kinds of problems. [`Reply`] converts an [`ApiError`] to a response.

use std::borrow::Cow;

use dropshot::{ApiEndpointResponse, Body, ErrorStatusCode, HttpError, HttpResponse, HttpResponseError};
use http::{HeaderMap, HeaderName, Response, StatusCode, header};

use crate::negotiation::weights;
use crate::types::{Problem, ProblemError};

/// The kinds of problems. The documentation page explains each kind under `#problem-<code>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidRequest,
    CredentialsRequired,
    Unauthenticated,
    InsufficientScope,
    NotFound,
    MethodNotAllowed,
    IdempotencyConflict,
    WebhookDeactivated,
    WebhookLimit,
    NotificationDeleted,
    PayloadTooLarge,
    UnsupportedMediaType,
    RateLimited,
    Internal,
    Overloaded,
}

impl Kind {
    pub const ALL: [Kind; 15] = [
        Kind::InvalidRequest,
        Kind::CredentialsRequired,
        Kind::Unauthenticated,
        Kind::InsufficientScope,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::IdempotencyConflict,
        Kind::WebhookDeactivated,
        Kind::WebhookLimit,
        Kind::NotificationDeleted,
        Kind::PayloadTooLarge,
        Kind::UnsupportedMediaType,
        Kind::RateLimited,
        Kind::Internal,
        Kind::Overloaded,
    ];

    /// Returns the status, the code and the title.
    #[must_use]
    pub const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid"),
            Kind::CredentialsRequired => (StatusCode::BAD_REQUEST, "credentials_required", "The credentials must be sent again"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid access token is required"),
            Kind::InsufficientScope => (StatusCode::FORBIDDEN, "insufficient_scope", "The access token lacks a scope"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such object"),
            Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not have this method"),
            Kind::IdempotencyConflict => (StatusCode::CONFLICT, "idempotency_conflict", "The idempotency key was used for another request"),
            Kind::WebhookDeactivated => (StatusCode::CONFLICT, "webhook_deactivated", "The webhook is deactivated"),
            Kind::WebhookLimit => (StatusCode::CONFLICT, "webhook_limit", "The account has reached its maximum number of webhooks"),
            Kind::NotificationDeleted => (StatusCode::CONFLICT, "notification_deleted", "The notification was deleted"),
            Kind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The request's body is too large"),
            Kind::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The request's body must be uncompressed JSON")
            }
            Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Kind::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The service cannot handle this request now"),
        }
    }
}

/// An error of an operation. The response contains `detail` and `errors`. Only the log contains `cause`.
#[derive(Debug)]
pub struct ApiError {
    pub kind: Kind,
    pub detail: String,
    pub errors: Vec<ProblemError>,
    retry_after_seconds: Option<u32>,
    /// The header that says what the service supports (RFC 9110 §15.5.6 and §15.5.16).
    supported: Option<Box<(HeaderName, Cow<'static, str>)>>,
    cause: Option<anyhow::Error>,
}

impl ApiError {
    /// Returns the cause. Only the log contains the cause.
    #[must_use]
    pub fn cause(&self) -> Option<&anyhow::Error> {
        self.cause.as_ref()
    }

    pub fn new(kind: Kind, detail: impl Into<String>) -> ApiError {
        ApiError { kind, detail: detail.into(), errors: Vec::new(), retry_after_seconds: None, supported: None, cause: None }
    }

    /// Creates the error for a body with these errors, of which there is at least one.
    pub(crate) fn of_body(errors: Vec<ProblemError>) -> ApiError {
        let first = errors.first().map(ProblemError::to_string).unwrap_or_default();
        let detail = match errors.len() {
            0 | 1 => first,
            count => format!("the body has {count} errors, and `errors` lists them; the first is: {first}"),
        };
        ApiError { errors, ..ApiError::new(Kind::InvalidRequest, detail) }
    }

    /// Creates an error for a value in the body. `pointer` is the position of the value (RFC 6901).
    pub fn at(kind: Kind, pointer: impl Into<String>, detail: impl Into<String>) -> ApiError {
        let error = ProblemError::new(pointer, detail);
        let detail = error.to_string();
        ApiError { errors: vec![error], ..ApiError::new(kind, detail) }
    }

    pub fn not_found(what: &str) -> ApiError {
        ApiError::new(Kind::NotFound, format!("there is no such {what}, or it belongs to another account"))
    }

    pub fn internal(cause: impl Into<anyhow::Error>) -> ApiError {
        let detail = "the service failed; its log has the cause under the `instance` of this response";
        ApiError { cause: Some(cause.into()), ..ApiError::new(Kind::Internal, detail) }
    }

    pub fn overloaded(cause: impl Into<anyhow::Error>) -> ApiError {
        let detail = "the service cannot handle this request now; a requested change may or may not have been made; \
                      if it is safe to repeat the request, send it again after the time in Retry-After";
        ApiError { cause: Some(cause.into()), retry_after_seconds: Some(1), ..ApiError::new(Kind::Overloaded, detail) }
    }

    /// Creates the error for a full storage. The request changed nothing.
    pub fn storage_full(cause: impl Into<anyhow::Error>) -> ApiError {
        let detail = "the service's storage is full and the request changed nothing; the service accepts no new data until \
                      old data is removed; send the request again after the time in Retry-After";
        ApiError { cause: Some(cause.into()), retry_after_seconds: Some(60), ..ApiError::new(Kind::Overloaded, detail) }
    }

    /// Creates the error for a body whose format the service does not support. The header names the supported format.
    pub fn unsupported(name: HeaderName, value: &'static str, detail: &str) -> ApiError {
        ApiError { supported: Some(Box::new((name, value.into()))), ..ApiError::new(Kind::UnsupportedMediaType, detail) }
    }

    /// Creates the error for a path that does not have the method. `allowed` is the list of its methods.
    pub fn method_not_allowed(allowed: String, detail: String) -> ApiError {
        ApiError { supported: Some(Box::new((header::ALLOW, allowed.into()))), ..ApiError::new(Kind::MethodNotAllowed, detail) }
    }

    /// Creates the error for a request that the service did not begin to handle.
    pub fn busy(detail: impl Into<String>) -> ApiError {
        ApiError { retry_after_seconds: Some(1), ..ApiError::new(Kind::Overloaded, detail) }
    }

    pub fn rate_limited(detail: impl Into<String>, retry_after_seconds: u32) -> ApiError {
        ApiError { retry_after_seconds: Some(retry_after_seconds), ..ApiError::new(Kind::RateLimited, detail) }
    }

    fn to_problem(&self, request_id: &str) -> Problem {
        let (status, code, title) = self.kind.row();
        Problem {
            r#type: format!("/docs#problem-{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: truncate(self.detail.clone(), 1024),
            instance: format!("urn:uuid:{request_id}"),
            code: code.to_owned(),
            errors: (!self.errors.is_empty()).then(|| self.errors.clone()),
        }
    }

    /// Returns the response. The `Accept` header of the request decides its media type.
    pub fn to_response(&self, request_id: &str, request_headers: &HeaderMap) -> Response<Body> {
        let problem = self.to_problem(request_id);
        let mut response = Response::builder().status(problem.status).header(header::CONTENT_TYPE, media_type(request_headers));
        if self.kind == Kind::Unauthenticated {
            // RFC 6750 §3 requires this header.
            response = response.header(header::WWW_AUTHENTICATE, "Bearer");
        }
        if let Some((name, value)) = self.supported.as_deref() {
            response = response.header(name, &**value);
        }
        if let Some(seconds) = self.retry_after_seconds {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        let body = serde_json::to_vec(&problem).expect("a problem has only strings and numbers");
        response.body(Body::from(body)).expect("every header is a literal or a number")
    }
}

impl ProblemError {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> ProblemError {
        ProblemError { pointer: truncate(pointer.into(), 1024), detail: truncate(detail.into(), 1024) }
    }
}

impl std::fmt::Display for ProblemError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pointer.as_str() {
            "" => formatter.write_str(&self.detail),
            pointer => write!(formatter, "{pointer}: {}", self.detail),
        }
    }
}

/// Truncates a text to `characters` characters. A text that quotes the request can exceed the limits in openapi.json.
fn truncate(mut text: String, characters: usize) -> String {
    if let Some((index, _)) = text.char_indices().nth(characters) {
        text.truncate(index);
    }
    text
}

/// Returns `application/json` if `Accept` (RFC 9110 §12.5.1) allows `application/json` but not
/// `application/problem+json`. Otherwise, returns `application/problem+json`.
fn media_type(request_headers: &HeaderMap) -> &'static str {
    let mut json_only = false;
    for (media_range, weight) in weights(request_headers, header::ACCEPT) {
        match media_range.as_str() {
            _ if weight == 0.0 => {}
            "application/problem+json" | "application/*" | "*/*" => return "application/problem+json",
            "application/json" => json_only = true,
            _ => {}
        }
    }
    if json_only { "application/json" } else { "application/problem+json" }
}

/// The result of an operation: a success or a complete problem response. In dropshot, an error type cannot choose the
/// media type of the response. So handlers return a problem to dropshot as a success.
pub struct Reply<R>(Result<R, Response<Body>>);

impl<R> Reply<R> {
    /// Creates a reply. If `outcome` is an error, the `Accept` header of the request decides the media type of the
    /// response.
    pub fn new(outcome: Result<R, ApiError>, request_id: &str, request_headers: &HeaderMap) -> Reply<R> {
        Reply(outcome.map_err(|error| error.to_response(request_id, request_headers)))
    }
}

impl<R: HttpResponse> HttpResponse for Reply<R> {
    fn to_result(self) -> Result<Response<Body>, HttpError> {
        match self.0 {
            Ok(success) => success.to_result(),
            Err(response) => Ok(response),
        }
    }

    fn response_metadata() -> ApiEndpointResponse {
        R::response_metadata()
    }

    fn status_code(&self) -> StatusCode {
        match &self.0 {
            Ok(success) => success.status_code(),
            Err(response) => response.status(),
        }
    }
}

// With these implementations, dropshot can declare `Problem` as the error type in the generated document. No handler
// returns a `Problem` as an error.

impl HttpResponseError for Problem {
    fn status_code(&self) -> ErrorStatusCode {
        ErrorStatusCode::from_u16(self.status).unwrap_or(ErrorStatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Problem {
        ApiError::internal(anyhow::anyhow!("{}", error.internal_message)).to_problem("00000000-0000-0000-0000-000000000000")
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_is_plain_json_only_if_problem_json_is_not_accepted() {
        for (accept, expected) in [
            ("", "application/problem+json"),
            ("application/json", "application/json"),
            ("application/json, application/problem+json", "application/problem+json"),
            ("application/json, */*;q=0.1", "application/problem+json"),
            ("application/json, */*;q=0", "application/json"),
            ("text/html", "application/problem+json"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header value"));
            assert_eq!(media_type(&headers), expected, "{accept}");
        }
    }
}
