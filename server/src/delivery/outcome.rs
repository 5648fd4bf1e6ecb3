//! What an attempt came to, and why one has no response.

use std::error::Error;

use super::guard::{self, NameError};

/// An open vocabulary: openapi.json documents these, and may document more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Rejected,
    TimedOut,
    Unreachable,
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
            Outcome::AddressBlocked => "address_blocked",
            Outcome::TokenRefused => "token_refused",
        }
    }
}

/// Why there is no answer to judge.
#[derive(Debug)]
pub(super) enum Failure {
    /// The other side's, or that of the way there: the outcome of the attempt.
    Theirs { outcome: Outcome, error: String },
    /// This server's. The attempt has not been made.
    Ours(NotMade),
}

/// An attempt could not be made for want of something that this server lacks at the moment. It costs the receiver none.
#[derive(Debug, thiserror::Error)]
#[error("the attempt could not be made: {0}")]
pub struct NotMade(String);

impl Failure {
    pub(super) fn new(outcome: Outcome, error: impl Into<String>) -> Failure {
        Failure::Theirs { outcome, error: error.into() }
    }

    pub(super) fn at(self, place: &str) -> Failure {
        match self {
            Failure::Theirs { outcome, error } => Failure::Theirs { outcome, error: format!("{place}: {error}") },
            ours @ Failure::Ours(_) => ours,
        }
    }

    /// For the metrics.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Failure::Theirs { outcome, .. } => outcome.as_str(),
            Failure::Ours(_) => "not_made",
        }
    }

    /// Tells apart by type what went wrong with a request. Its URL is left out: the customer knows it, and it may hold a key.
    pub(super) fn of(error: &reqwest::Error) -> Failure {
        if let Some(shortage) = guard::shortage_in(error) {
            return Failure::Ours(NotMade(shortage));
        }
        if let Some(refusal) = guard::refusal_in(error) {
            return Failure::new(Outcome::AddressBlocked, refusal.to_string());
        }
        if let Some(error) = guard::name_error_in(error) {
            let outcome = if matches!(error, NameError::TimedOut { .. }) { Outcome::TimedOut } else { Outcome::Unreachable };
            return Failure::new(outcome, error.to_string());
        }
        if error.is_timeout() {
            return Failure::new(
                Outcome::TimedOut,
                if error.is_connect() { "no connection within the time limit" } else { "no answer within the time limit" },
            );
        }
        let causes: Vec<String> = std::iter::successors(error.source(), |error| (*error).source()).map(ToString::to_string).collect();
        let cause = causes.last().map_or("no further reason is known", String::as_str);
        let step = if error.is_connect() { "cannot connect" } else { "the connection broke off" };
        Failure::new(Outcome::Unreachable, format!("{step}: {cause}"))
    }
}
