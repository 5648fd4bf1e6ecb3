//! Values of open vocabularies: strings of responses, with values that this version of the crate knows. Later versions of the service
//! may send more values.

/// Defines an enum with a variant for each known value and the variant `Unknown` for all other values.
macro_rules! vocabulary {
    ($(#[$attribute:meta])* $name:ident { $($(#[$documentation:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$attribute])*
        ///
        /// Match with a `_` arm. A later version of the service may send a value that this version of the crate does not know. This
        /// value becomes `Unknown`. A later version of the crate may have a variant for the new value.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$documentation])* $variant,)*
            /// A value that this version of the crate does not know. This variant contains the received text.
            Unknown(String),
        }

        impl $name {
            /// All values that this version of the crate knows.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// Returns the value as the text that the service sends.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)*
                    $name::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                match text {
                    $($text => $name::$variant,)*
                    _ => $name::Unknown(text.to_owned()),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<$name, Self::Err> {
                Ok(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Ok(text.as_str().into())
            }
        }
    };
}

vocabulary! {
    /// The code of a problem. openapi.json has the table of all codes.
    Code {
        /// 400: the body, an identifier, a query parameter or a header is not valid. The member `errors` of the problem lists
        /// errors in the body.
        InvalidRequest = "invalid_request",
        /// 400: an update would send stored credentials to another scheme, host or port.
        CredentialsRequired = "credentials_required",
        /// 401: there is no access token, or it is malformed, unknown, expired or revoked.
        Unauthenticated = "unauthenticated",
        /// 403: the access token lacks the scope that the operation requires.
        InsufficientScope = "insufficient_scope",
        /// 404: there is no such object, or the object belongs to another account. Or the address of the API is wrong, so there
        /// is no such path.
        NotFound = "not_found",
        /// 405: the path does not have the method. The operations of this crate never cause this code.
        MethodNotAllowed = "method_not_allowed",
        /// 409: an earlier request used the same idempotency key with another body.
        IdempotencyConflict = "idempotency_conflict",
        /// 409: the webhook is deactivated.
        WebhookDeactivated = "webhook_deactivated",
        /// 409: the account has reached its limit of webhooks.
        WebhookLimit = "webhook_limit",
        /// 409: the notification was deleted and cannot be sent again.
        NotificationDeleted = "notification_deleted",
        /// 413: the body is too large.
        PayloadTooLarge = "payload_too_large",
        /// 415: the body is not JSON, or it is compressed.
        UnsupportedMediaType = "unsupported_media_type",
        /// 429: there were too many requests. The service did not execute the operation.
        RateLimited = "rate_limited",
        /// 500: the service failed.
        Internal = "internal",
        /// 503: the service cannot handle the request now. It may or may not have executed the operation.
        Overloaded = "overloaded",
    }
}

vocabulary! {
    /// The result of an attempt. openapi.json says for each value what the owner of the receiver can do.
    Outcome {
        /// The receiver responded with a 2xx status.
        Accepted = "accepted",
        /// The receiver responded with another status that has no value of its own.
        Rejected = "rejected",
        /// The receiver responded with 429.
        RateLimited = "rate_limited",
        /// The receiver responded with 503.
        Unavailable = "unavailable",
        /// The receiver responded with a 3xx status. Redirects are not followed.
        Redirected = "redirected",
        /// The receiver responded with 410, and the webhook was deactivated.
        Gone = "gone",
        /// A time limit ended the attempt. The member `error` names the limit.
        TimedOut = "timed_out",
        /// The name in the URL does not exist, or it has an address that is not public.
        NameNotFound = "name_not_found",
        /// The name servers gave no usable answer.
        NameFailed = "name_failed",
        /// The service sends no requests to this address or port, or with this scheme.
        AddressBlocked = "address_blocked",
        /// No TCP connection could be opened.
        ConnectionRefused = "connection_refused",
        /// The connection ended before a complete and valid response.
        ConnectionLost = "connection_lost",
        /// The TLS handshake failed.
        TlsFailed = "tls_failed",
        /// The certificate of the receiver is not valid. The member `error` says why.
        CertificateInvalid = "certificate_invalid",
        /// The receiver requires a client certificate.
        ClientCertificateRequired = "client_certificate_required",
        /// The token server could not be reached, or its response was not usable.
        TokenFailed = "token_failed",
        /// The token server refused the credentials.
        TokenRefused = "token_refused",
        /// The server process ended repeatedly during the attempt.
        Aborted = "aborted",
    }
}

impl Outcome {
    /// Returns what happened, and what the owner of the receiver can do, as the texts of openapi.json. Returns `None` for an unknown
    /// value.
    ///
    /// ```
    /// use webhooks_client::Outcome;
    ///
    /// let (happened, remedy) = Outcome::Redirected.explanation().expect("a known outcome");
    /// assert_eq!(happened, "the callback server responded with a 3xx status");
    /// assert_eq!(remedy, "register the final URL, because redirects are not followed");
    /// ```
    #[must_use]
    pub fn explanation(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Outcome::Accepted => ("the callback server responded with a 2xx status", "there is nothing to do"),
            Outcome::Rejected => {
                ("the callback server responded with another status", "find the reason in its log, and respond with a 2xx status")
            }
            Outcome::RateLimited => {
                ("the callback server responded with 429", "let it accept more requests, or set `maxPerSecond` of the webhook")
            }
            Outcome::Unavailable => ("the callback server responded with 503", "start it again, or give it more capacity"),
            Outcome::Redirected => {
                ("the callback server responded with a 3xx status", "register the final URL, because redirects are not followed")
            }
            Outcome::Gone => (
                "the callback server responded with 410, and the webhook was deactivated",
                "activate the webhook if the status was a mistake",
            ),
            Outcome::TimedOut => {
                ("a time limit ended the attempt, and `error` names the limit", "respond sooner, and do slow work after the response")
            }
            Outcome::NameNotFound => {
                ("the name of the URL does not exist, or has an address that is not public", "correct the URL or the DNS records")
            }
            Outcome::NameFailed => ("the name servers of the URL gave no usable answer", "repair the DNS of the name"),
            Outcome::AddressBlocked => {
                ("the service sends no requests to this address or port, or with this scheme", "register the URL of a public server")
            }
            Outcome::ConnectionRefused => {
                ("no TCP connection could be opened", "start the callback server, and open the port in its firewall")
            }
            Outcome::ConnectionLost => (
                "the connection ended before a complete and valid response",
                "find the reason in the log of the callback server or of the proxy before it",
            ),
            Outcome::TlsFailed => ("the TLS handshake failed", "serve HTTPS with TLS 1.2 or 1.3 on the port of the URL"),
            Outcome::CertificateInvalid => (
                "the certificate of the callback server is not valid, and `error` says why",
                "replace the certificate, or send the whole certificate chain",
            ),
            Outcome::ClientCertificateRequired => {
                ("the callback server requires a client certificate", "accept callbacks without one, and check their signature")
            }
            Outcome::TokenFailed => {
                ("the token server could not be reached, or its response was not usable", "correct the token URL or the token server")
            }
            Outcome::TokenRefused => ("the token server refused the credentials", "update the authentication of the webhook"),
            Outcome::Aborted => (
                "the server process ended repeatedly during the attempt",
                "recover the delivery, and report the case to the operator of the service",
            ),
            Outcome::Unknown(_) => return None,
        })
    }
}

vocabulary! {
    /// The reason why a webhook is deactivated.
    DeactivationReason {
        /// A caller deactivated the webhook.
        Requested = "requested",
        /// The receiver responded with 410.
        Gone = "gone",
        /// The receiver has accepted nothing for several days.
        Failing = "failing",
        /// The receiver did not agree to the handshake.
        Unverified = "unverified",
    }
}

vocabulary! {
    /// The reason why a pending delivery waits. The member `explanation` beside it is a sentence for people.
    WaitingReason {
        /// No attempt has been made since the delivery was created or made due again.
        FirstAttempt = "first_attempt",
        /// The last attempt failed, and the retry schedule sets the time of the next attempt.
        Retry = "retry",
        /// The receiver responded with 429 or 503 and `Retry-After`.
        RetryAfter = "retry_after",
        /// The webhook gets as many deliveries per second as its `maxPerSecond` allows.
        RateLimit = "rate_limit",
        /// The webhook is ordered, and an earlier delivery has not ended. The member `precedingDelivery` names it.
        PrecedingDelivery = "preceding_delivery",
        /// Several attempts failed, or a wait for `Retry-After` has ended, so only single deliveries are attempted.
        Recovering = "recovering",
        /// The host of the receiver or token server has not accepted enough callbacks yet, so it gets few attempts at a time.
        HostLimit = "host_limit",
        /// The operator of the service has paused deliveries.
        Pause = "pause",
        /// The webhook, its account or the service has as many attempts in progress as allowed.
        Capacity = "capacity",
        /// The server process ended repeatedly during attempts of the delivery, so the delivery is attempted alone.
        Quarantine = "quarantine",
    }
}

vocabulary! {
    /// The state of a webhook's health. If several states apply, the service returns the first of them in this list.
    HealthState {
        /// The webhook receives no notifications.
        Deactivated = "deactivated",
        /// The operator has paused the deliveries of the webhook.
        Paused = "paused",
        /// The last five attempts, or more, have failed.
        Failing = "failing",
        /// None of the other states applies.
        Healthy = "healthy",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        serde_json::from_str(include_str!("../openapi.json")).expect("JSON")
    }

    /// Returns the values that the description of a member explains, such as "`accepted`: the callback server …".
    fn explained(schema: &str, member: &str) -> Vec<String> {
        let description = document()["components"]["schemas"][schema]["properties"][member]["description"].to_string();
        let parts: Vec<&str> = description.split('`').collect();
        parts.windows(2).filter(|pair| pair[1].starts_with(": ")).map(|pair| pair[0].to_owned()).collect()
    }

    fn texts<T>(known: &[T], as_str: fn(&T) -> &str) -> Vec<&str> {
        known.iter().map(as_str).collect()
    }

    #[test]
    fn the_codes_match_the_table_in_openapi_json() {
        let document = document();
        let description = document["info"]["description"].as_str().expect("a description");
        let (_, table) = description.split_once("| status | code | when |").expect("the table of codes");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let codes: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a code in each row")).collect();
        assert_eq!(texts(Code::ALL, Code::as_str), codes);
    }

    #[test]
    fn the_outcomes_reasons_and_states_match_openapi_json() {
        assert_eq!(texts(Outcome::ALL, Outcome::as_str), explained("Attempt", "outcome"));
        assert_eq!(texts(DeactivationReason::ALL, DeactivationReason::as_str), explained("Deactivation", "reason"));
        assert_eq!(texts(WaitingReason::ALL, WaitingReason::as_str), explained("WaitingFor", "reason"));
        assert_eq!(texts(HealthState::ALL, HealthState::as_str), explained("WebhookHealth", "state"));
    }

    #[test]
    fn the_explanations_of_outcomes_are_those_of_openapi_json() {
        let description = &document()["components"]["schemas"]["Attempt"]["properties"]["outcome"]["description"];
        for outcome in Outcome::ALL {
            let (happened, remedy) = outcome.explanation().expect("a known outcome");
            let text = format!("`{outcome}`: {happened}; {remedy}.");
            assert!(description.as_str().expect("a text").contains(&text), "{text}");
        }
    }

    #[test]
    fn values_round_trip_and_unknown_values_are_kept() {
        for code in Code::ALL.iter().chain(&[Code::Unknown("teapot".to_owned())]) {
            assert_eq!(&Code::from(code.as_str()), code);
            assert_eq!(code.to_string(), code.as_str());
            assert_eq!(&serde_json::from_value::<Code>(json!(code)).expect("a code"), code);
        }
        let attempt = json!({ "number": 1, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 7, "outcome": "new_value" });
        let attempt: crate::types::Attempt = serde_json::from_value(attempt).expect("an attempt");
        assert_eq!(attempt.outcome, Outcome::Unknown("new_value".to_owned()));
        assert_eq!(json!(attempt)["outcome"], "new_value");
        let waiting =
            json!({ "reason": "tea_time", "since": "2006-01-02T15:04:05Z", "explanation": "Tea.", "help": "/docs#waiting-tea_time" });
        let waiting: crate::types::WaitingFor = serde_json::from_value(waiting).expect("a wait");
        assert_eq!(waiting.reason, WaitingReason::Unknown("tea_time".to_owned()));
    }
}
