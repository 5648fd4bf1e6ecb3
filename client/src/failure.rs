//! The error type of operations.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::exchange::ErrorBody;
use crate::types::Problem;
use crate::{Code, Error, retry};

/// Maximum number of characters in the excerpt of [`Failure::Foreign`]. This number is enough to recognize the sender.
const MAX_EXCERPT_CHARACTERS: usize = 1000;

/// The reason why an operation failed. The [`Error`] of each operation converts to a `Failure` with `?` or
/// [`Failure::from`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The service returned a problem (RFC 9457).
    #[error("{} ({} {code}, request {})", problem.detail.as_str(), status.as_u16(), problem.instance.as_str())]
    Problem {
        code: Code,
        status: StatusCode,
        /// The waiting time in the header `Retry-After`. Responses with the status 429 or 503 have this header.
        retry_after: Option<Duration>,
        problem: Box<Problem>,
    },
    /// The response is not from this API. Its sender is a proxy, another program, or another version of the service.
    #[error("the response{} is not from the webhook service: is there a proxy or another program at this address?", status_suffix(*status))]
    Foreign {
        /// `None` if the status was a success, but the body does not match openapi.json.
        status: Option<StatusCode>,
        /// The waiting time in the header `Retry-After`.
        retry_after: Option<Duration>,
        /// The first 1,000 characters of the body. If the status was a success and the body is JSON, the excerpt is empty,
        /// because such a body may contain a secret. The excerpt is also empty for a redirect.
        excerpt: String,
    },
    /// There was no complete response. The service may or may not have executed the operation.
    #[error("no response from the service")]
    Unreachable(#[source] reqwest::Error),
    /// A parameter or the body is not valid. The client sent no request.
    #[error("the request is not valid: {0}")]
    InvalidRequest(String),
    /// The token provider or the token file gave no valid access token. The service did not execute the operation.
    #[error("no access token is available: {0}")]
    Token(String),
}

impl Failure {
    /// Returns the code of the problem, if the service returned a problem.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        match self {
            Failure::Problem { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Returns the problem, if the service returned a problem.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Failure::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Returns the status of the response, if the status is known.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Failure::Problem { status, .. } => Some(*status),
            Failure::Foreign { status, .. } => *status,
            _ => None,
        }
    }

    /// Returns the waiting time in the header `Retry-After`, counted from the creation of this failure.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Problem { retry_after, .. } | Failure::Foreign { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn of_problem(problem: Problem, status: StatusCode, headers: &HeaderMap) -> Failure {
        let retry_after = retry::retry_after(headers, SystemTime::now());
        Failure::Problem { code: problem.code.clone(), status, retry_after, problem: Box::new(problem) }
    }
}

impl From<Error<Problem>> for Failure {
    fn from(error: Error<Problem>) -> Failure {
        match error {
            Error::ErrorResponse(response) => {
                let (status, headers) = (response.status(), response.headers().clone());
                Failure::of_problem(response.into_inner(), status, &headers)
            }
            Error::UnexpectedResponse(response) => {
                let (status, headers) = (response.status(), response.headers());
                let body = response.extensions().get::<ErrorBody>().map(|body| &body.0[..]).unwrap_or_default();
                match serde_json::from_slice(body) {
                    // openapi.json does not list the status of this problem for the operation.
                    Ok(problem) => Failure::of_problem(problem, status, headers),
                    Err(_) => Failure::Foreign {
                        status: Some(status),
                        retry_after: retry::retry_after(headers, SystemTime::now()),
                        excerpt: excerpt(body),
                    },
                }
            }
            Error::InvalidResponsePayload(body, _) => {
                let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
                Failure::Foreign { status: None, retry_after: None, excerpt: if is_json { String::new() } else { excerpt(&body) } }
            }
            Error::CommunicationError(error) | Error::ResponseBodyError(error) | Error::InvalidUpgrade(error) => {
                Failure::Unreachable(error)
            }
            Error::InvalidRequest(message) => Failure::InvalidRequest(message),
            // Only `ClientHooks::post` creates this error. The error means that there is no token.
            Error::Custom(message) => Failure::Token(message),
        }
    }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(MAX_EXCERPT_CHARACTERS).collect()
}

fn status_suffix(status: Option<StatusCode>) -> String {
    status.map(|status| format!(" with status {status}")).unwrap_or_default()
}
