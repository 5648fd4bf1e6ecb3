//! Why an attempt has no response.

use super::error_text::ErrorText;
use super::guard::{ConnectionFacts, NameError, SendError};
pub(super) use crate::model::Outcome;

mod certificate;
mod connection;

pub(super) use self::connection::seconds;

/// Why an attempt has no response.
#[derive(Debug)]
pub(super) enum Failure {
    /// The receiver or the network failed.
    Outcome { outcome: Outcome, error: ErrorText, connection: Option<Box<ConnectionFacts>> },
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
    pub(super) fn new(outcome: Outcome, error: impl Into<ErrorText>) -> Failure {
        Failure::Outcome { outcome, error: error.into(), connection: None }
    }

    /// Converts a failure of the request to the token server. The connection to the receiver was not used.
    pub(super) fn at_token_url(self) -> Failure {
        match self {
            Failure::Outcome { error, .. } => Failure::new(Outcome::TokenFailed, error.at("the token URL")),
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
}

impl From<SendError> for Failure {
    /// Classifies a failed request by its cause. The error text does not contain the URL. The customer knows the URL,
    /// and the URL may contain a key.
    fn from(error: SendError) -> Failure {
        match connection::describe(&error.cause) {
            Ok((outcome, text)) => Failure::Outcome { outcome, error: text, connection: Some(error.connection) },
            Err(not_made) => Failure::NotMade(not_made),
        }
    }
}

#[cfg(test)]
mod tests;
