//! The outcome of an attempt.

/// The outcome of an attempt. openapi.json documents these values. Later versions may add values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// Any status without an outcome of its own.
    Rejected,
    RateLimited,
    Unavailable,
    Redirected,
    Gone,
    TimedOut,
    NameNotFound,
    NameFailed,
    AddressBlocked,
    ConnectionRefused,
    /// The connection ended before a response, or the response is not valid.
    ConnectionLost,
    TlsFailed,
    CertificateInvalid,
    ClientCertificateRequired,
    /// The token server is unreachable, or its response cannot be used.
    TokenFailed,
    /// The token server refused the credentials.
    TokenRefused,
    /// The server process ended repeatedly during the attempt.
    Aborted,
}

impl Outcome {
    pub const ALL: [Outcome; 18] = [
        Outcome::Accepted,
        Outcome::Rejected,
        Outcome::RateLimited,
        Outcome::Unavailable,
        Outcome::Redirected,
        Outcome::Gone,
        Outcome::TimedOut,
        Outcome::NameNotFound,
        Outcome::NameFailed,
        Outcome::AddressBlocked,
        Outcome::ConnectionRefused,
        Outcome::ConnectionLost,
        Outcome::TlsFailed,
        Outcome::CertificateInvalid,
        Outcome::ClientCertificateRequired,
        Outcome::TokenFailed,
        Outcome::TokenRefused,
        Outcome::Aborted,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::RateLimited => "rate_limited",
            Outcome::Unavailable => "unavailable",
            Outcome::Redirected => "redirected",
            Outcome::Gone => "gone",
            Outcome::TimedOut => "timed_out",
            Outcome::NameNotFound => "name_not_found",
            Outcome::NameFailed => "name_failed",
            Outcome::AddressBlocked => "address_blocked",
            Outcome::ConnectionRefused => "connection_refused",
            Outcome::ConnectionLost => "connection_lost",
            Outcome::TlsFailed => "tls_failed",
            Outcome::CertificateInvalid => "certificate_invalid",
            Outcome::ClientCertificateRequired => "client_certificate_required",
            Outcome::TokenFailed => "token_failed",
            Outcome::TokenRefused => "token_refused",
            Outcome::Aborted => "aborted",
        }
    }

    /// Returns the outcome of a response.
    #[must_use]
    pub fn of_status(code: u16) -> Outcome {
        match code {
            200..=299 => Outcome::Accepted,
            300..=399 => Outcome::Redirected,
            410 => Outcome::Gone,
            429 => Outcome::RateLimited,
            503 => Outcome::Unavailable,
            _ => Outcome::Rejected,
        }
    }
}
