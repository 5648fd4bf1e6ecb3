//! The outcome of an attempt, and the reasons why an attempt has no response.

use std::error::Error;

use super::guard::{self, NameError};

/// The outcome of an attempt. openapi.json documents these values. Later versions may add values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Rejected,
    TimedOut,
    Unreachable,
    NameNotFound,
    AddressBlocked,
    TokenRefused,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::TimedOut => "timed_out",
            Outcome::Unreachable => "unreachable",
            Outcome::NameNotFound => "name_not_found",
            Outcome::AddressBlocked => "address_blocked",
            Outcome::TokenRefused => "token_refused",
        }
    }
}

/// Why an attempt has no response.
#[derive(Debug)]
pub(super) enum Failure {
    /// The receiver or the network failed.
    Outcome { outcome: Outcome, error: String },
    /// This server could not make the attempt.
    NotMade(NotMade),
}

/// Why this server could not make the attempt. The attempt is not counted.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The server lacks a resource.
    #[error("the attempt could not be made: {0}")]
    Shortage(String),
    /// The limits for the address of a new host allow no attempt now. The work of the delivery waits in `slots`.
    #[error("the attempt could not be made: {0}")]
    HostLimit(NameError),
}

impl Failure {
    pub(super) fn new(outcome: Outcome, error: impl Into<String>) -> Failure {
        Failure::Outcome { outcome, error: error.into() }
    }

    /// Puts `place`, for example `the token URL`, before the error text.
    pub(super) fn at(self, place: &str) -> Failure {
        match self {
            Failure::Outcome { outcome, error } => Failure::Outcome { outcome, error: format!("{place}: {error}") },
            not_made @ Failure::NotMade(_) => not_made,
        }
    }

    /// Returns the label value for the metrics.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Failure::Outcome { outcome, .. } => outcome.as_str(),
            Failure::NotMade(_) => "not_made",
        }
    }

    /// Classifies a failed request by the type of its error. The error text does not contain the URL. The customer
    /// knows the URL, and the URL may contain a key.
    pub(super) fn of(error: &reqwest::Error) -> Failure {
        if let Some(shortage) = guard::shortage_in(error) {
            return Failure::NotMade(NotMade::Shortage(shortage));
        }
        if let Some(busy @ NameError::AddressBusy) = guard::name_error_in(error) {
            return Failure::NotMade(NotMade::HostLimit(busy.clone()));
        }
        if let Some(error) = guard::name_error_in(error) {
            let outcome = match error {
                NameError::NotFound { .. } => Outcome::NameNotFound,
                NameError::TimedOut { .. } => Outcome::TimedOut,
                _ => Outcome::Unreachable,
            };
            return Failure::new(outcome, error.to_string());
        }
        if error.is_timeout() {
            return Failure::new(
                Outcome::TimedOut,
                if error.is_connect() { "no connection within the time limit" } else { "no response within the time limit" },
            );
        }
        let causes: Vec<String> = std::iter::successors(error.source(), |error| (*error).source()).map(ToString::to_string).collect();
        let cause = causes.last().map_or("unknown cause", String::as_str);
        let step = if error.is_connect() { "cannot connect" } else { "the connection was interrupted" };
        Failure::new(Outcome::Unreachable, format!("{step}: {cause}"))
    }
}
