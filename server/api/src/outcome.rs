//! The outcomes of attempts.

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
        self.row().0
    }

    /// Returns the outcome with this value. Returns `None` if this version does not know the value.
    #[must_use]
    pub fn parse(value: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == value)
    }

    /// Returns the meaning, and what the owner of the callback server can do, as two sentences.
    #[must_use]
    pub fn explanation(self) -> String {
        let (_, meaning, remedy) = self.row();
        format!("{}. {}.", capitalized(meaning), capitalized(remedy))
    }

    /// Returns the value in the API, its meaning, and what the owner of the callback server can do. openapi.json has the
    /// same texts, and the documentation page explains each value under `#outcome-<value>`.
    #[must_use]
    pub const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Outcome::Accepted => ("accepted", "the callback server responded with a 2xx status", "there is nothing to do"),
            Outcome::Rejected => (
                "rejected",
                "the callback server responded with another status",
                "find the reason in its log, and respond with a 2xx status",
            ),
            Outcome::RateLimited => (
                "rate_limited",
                "the callback server responded with 429",
                "let it accept more requests, or set `maxPerSecond` of the webhook",
            ),
            Outcome::Unavailable => ("unavailable", "the callback server responded with 503", "start it again, or give it more capacity"),
            Outcome::Redirected => (
                "redirected",
                "the callback server responded with a 3xx status",
                "register the final URL, because redirects are not followed",
            ),
            Outcome::Gone => (
                "gone",
                "the callback server responded with 410, and the webhook was deactivated",
                "activate the webhook if the status was a mistake",
            ),
            Outcome::TimedOut => (
                "timed_out",
                "a time limit ended the attempt, and `error` names the limit",
                "respond sooner, and do slow work after the response",
            ),
            Outcome::NameNotFound => (
                "name_not_found",
                "the name of the URL does not exist, or has an address that is not public",
                "correct the URL or the DNS records",
            ),
            Outcome::NameFailed => ("name_failed", "the name servers of the URL gave no usable answer", "repair the DNS of the name"),
            Outcome::AddressBlocked => (
                "address_blocked",
                "the service sends no requests to this address or port, or with this scheme",
                "register the URL of a public server",
            ),
            Outcome::ConnectionRefused => {
                ("connection_refused", "no TCP connection could be opened", "start the callback server, and open the port in its firewall")
            }
            Outcome::ConnectionLost => (
                "connection_lost",
                "the connection ended before a complete and valid response",
                "find the reason in the log of the callback server or of the proxy before it",
            ),
            Outcome::TlsFailed => ("tls_failed", "the TLS handshake failed", "serve HTTPS with TLS 1.2 or 1.3 on the port of the URL"),
            Outcome::CertificateInvalid => (
                "certificate_invalid",
                "the certificate of the callback server is not valid, and `error` says why",
                "replace the certificate, or send the whole certificate chain",
            ),
            Outcome::ClientCertificateRequired => (
                "client_certificate_required",
                "the callback server requires a client certificate",
                "accept callbacks without one, and check their signature",
            ),
            Outcome::TokenFailed => (
                "token_failed",
                "the token server could not be reached, or its response was not usable",
                "correct the token URL or the token server",
            ),
            Outcome::TokenRefused => {
                ("token_refused", "the token server refused the credentials", "update the authentication of the webhook")
            }
            Outcome::Aborted => (
                "aborted",
                "the server process ended repeatedly during the attempt",
                "recover the delivery, and report the case to the operator of the service",
            ),
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

/// Returns the text with a capital first letter. The text begins with an ASCII letter.
pub(crate) fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_has_two_sentences_within_the_limit_of_the_document() {
        assert_eq!(
            Outcome::Rejected.explanation(),
            "The callback server responded with another status. Find the reason in its log, and respond with a 2xx status."
        );
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
            assert!(outcome.explanation().len() <= 512 && outcome.explanation().is_ascii());
        }
        assert_eq!(Outcome::parse("later"), None);
    }

    #[test]
    fn the_document_explains_each_outcome_in_the_same_words() {
        let document: serde_json::Value = serde_json::from_str(crate::OPENAPI_JSON).expect("openapi.json is JSON");
        let description = &document["components"]["schemas"]["Attempt"]["properties"]["outcome"]["description"];
        let rows = Outcome::ALL.map(|outcome| {
            let (value, meaning, remedy) = outcome.row();
            format!("`{value}`: {meaning}; {remedy}.")
        });
        assert_eq!(
            description.as_str().expect("a description"),
            format!("The result of the attempt. More values may be added. {}", rows.join(" "))
        );
    }
}
