//! What an operation that failed came to, to match on.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::exchange::ErrorBody;
use crate::types::Problem;
use crate::{Code, Error, retry};

/// So much of a foreign answer is kept: enough to see whose it is.
const EXCERPT_CHARACTERS: usize = 1000;

/// Why an operation failed. Each operation's [`Error`] becomes one with `?`, or with [`Failure::from`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The service answered with a problem (RFC 9457).
    #[error("{} ({} {code}, request {})", problem.detail.as_str(), status.as_u16(), problem.instance.as_str())]
    Problem {
        code: Code,
        status: StatusCode,
        /// What `Retry-After` asks to wait from now on. A 429 and a 503 have it.
        retry_after: Option<Duration>,
        problem: Box<Problem>,
    },
    /// There is an answer, and it is none of this API: a proxy's, another program's, or that of another version.
    #[error("the answer{} is none of the webhook service: is a proxy in between, or is it another program?", told(*status))]
    Foreign {
        /// `None` for a success whose body is not what the document says.
        status: Option<StatusCode>,
        /// As for a problem.
        retry_after: Option<Duration>,
        /// The first 1,000 characters of the body. Empty for a success in JSON, which may hold a secret.
        excerpt: String,
    },
    /// There was no answer, or it broke off: whether the service did something is not certain.
    #[error("the service gave no answer")]
    Unreachable(#[source] reqwest::Error),
    /// A parameter or the body is not valid. Nothing was sent.
    #[error("the request is not valid: {0}")]
    InvalidRequest(String),
    /// No access token could be had, at first or after the service had refused one. It did nothing.
    #[error("there is no access token to show: {0}")]
    Token(String),
}

impl Failure {
    /// The problem's kind, if the service answered with a problem.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        match self {
            Failure::Problem { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The problem, if the service answered with one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Failure::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// The answer's status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Failure::Problem { status, .. } => Some(*status),
            Failure::Foreign { status, .. } => *status,
            _ => None,
        }
    }

    /// What `Retry-After` asked to wait, counted from when the failure was made.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Problem { retry_after, .. } | Failure::Foreign { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn of_problem(problem: Problem, status: StatusCode, headers: &HeaderMap) -> Failure {
        let retry_after = retry::retry_after(headers, SystemTime::now());
        Failure::Problem { code: Code::from(problem.code.as_str()), status, retry_after, problem: Box::new(problem) }
    }
}

impl From<Error<Problem>> for Failure {
    fn from(error: Error<Problem>) -> Failure {
        match error {
            Error::ErrorResponse(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                Failure::of_problem(answer.into_inner(), status, &headers)
            }
            Error::UnexpectedResponse(response) => {
                let (status, headers) = (response.status(), response.headers());
                let body = response.extensions().get::<ErrorBody>().map(|body| &body.0[..]).unwrap_or_default();
                match serde_json::from_slice(body) {
                    // With a status that the document does not list for the operation.
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
            // Only the exchange makes these, where there is no token.
            Error::Custom(message) => Failure::Token(message),
        }
    }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(EXCERPT_CHARACTERS).collect()
}

fn told(status: Option<StatusCode>) -> String {
    status.map(|status| format!(", with the status {status},")).unwrap_or_default()
}
