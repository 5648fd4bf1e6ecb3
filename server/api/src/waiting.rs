//! The reasons why a pending delivery waits.

use crate::outcome::capitalized;

/// The reason why no attempt of a pending delivery is in progress. openapi.json documents these values. Later versions may
/// add values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingReason {
    FirstAttempt,
    Retry,
    /// The receiver has asked for a pause (429 or 503 with `Retry-After`).
    RetryAfter,
    RateLimit,
    /// An earlier delivery of an ordered webhook has not ended.
    PrecedingDelivery,
    /// The circuit of the webhook is open, or the pace after a pause of the receiver limits the webhook.
    Recovering,
    HostLimit,
    /// The operator has paused deliveries.
    Pause,
    /// A limit of attempts in flight is reached.
    Capacity,
    /// The delivery may have ended processes.
    Quarantine,
}

impl WaitingReason {
    pub const ALL: [WaitingReason; 10] = [
        WaitingReason::FirstAttempt,
        WaitingReason::Retry,
        WaitingReason::RetryAfter,
        WaitingReason::RateLimit,
        WaitingReason::PrecedingDelivery,
        WaitingReason::Recovering,
        WaitingReason::HostLimit,
        WaitingReason::Pause,
        WaitingReason::Capacity,
        WaitingReason::Quarantine,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// Returns one sentence for a person: what the delivery waits for, and what to do.
    #[must_use]
    pub fn explanation(self) -> String {
        let (_, meaning, remedy) = self.row();
        format!("{}; {remedy}.", capitalized(meaning))
    }

    /// Returns the value in the API, its meaning, and what a person can do. openapi.json has the same texts, and the
    /// documentation page explains each value under `#waiting-<value>`. A meaning begins with an ASCII letter.
    #[must_use]
    pub const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            WaitingReason::FirstAttempt => (
                "first_attempt",
                "no attempt has been made since the delivery was created or made due again, and the next attempt begins as soon as possible",
                "there is nothing to do",
            ),
            WaitingReason::Retry => (
                "retry",
                "the last attempt failed, and the retry schedule sets the time of the next attempt",
                "repair the callback server, and use redeliver if the delivery must not wait",
            ),
            WaitingReason::RetryAfter => (
                "retry_after",
                "the callback server responded with 429 or 503 and `Retry-After`, so no attempt to the webhook begins before that time",
                "let the callback server accept more requests, or update the webhook to end the wait",
            ),
            WaitingReason::RateLimit => (
                "rate_limit",
                "the webhook gets as many deliveries per second as its `maxPerSecond` allows",
                "raise `maxPerSecond` if the callback server can accept more",
            ),
            WaitingReason::PrecedingDelivery => (
                "preceding_delivery",
                "the webhook is ordered, and `precedingDelivery` has not ended",
                "find out why that delivery waits or fails, and cancel it if the other deliveries must not wait for it",
            ),
            WaitingReason::Recovering => (
                "recovering",
                "several attempts to the webhook failed, or a wait for `Retry-After` has ended, so only single deliveries are attempted \
                 until attempts succeed",
                "look at the last attempts of the webhook, and repair the callback server",
            ),
            WaitingReason::HostLimit => (
                "host_limit",
                "the host of the callback server or token server has not accepted enough callbacks yet, so it gets few attempts at a time",
                "accept the callbacks, because each accepted callback raises the limit",
            ),
            WaitingReason::Pause => {
                ("pause", "the operator of the service has paused deliveries", "ask the operator when the pause ends, if it is too long")
            }
            WaitingReason::Capacity => (
                "capacity",
                "the webhook, its account or the service has as many attempts in progress as allowed",
                "let the callback server respond sooner, because slow responses are the usual cause",
            ),
            WaitingReason::Quarantine => (
                "quarantine",
                "the server process ended repeatedly during attempts of the delivery, so the delivery is attempted alone",
                "report the case to the operator of the service if the delivery fails",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_explains_each_reason_in_the_same_words() {
        let document: serde_json::Value = serde_json::from_str(crate::OPENAPI_JSON).expect("openapi.json is JSON");
        let description = &document["components"]["schemas"]["WaitingFor"]["properties"]["reason"]["description"];
        let rows = WaitingReason::ALL.map(|reason| {
            let (value, meaning, remedy) = reason.row();
            format!("`{value}`: {meaning}; {remedy}.")
        });
        assert_eq!(
            description.as_str().expect("a description"),
            format!("Why no attempt is in progress. More values may be added. {}", rows.join(" "))
        );
    }

    #[test]
    fn an_explanation_is_one_sentence_of_the_allowed_length() {
        for reason in WaitingReason::ALL {
            let explanation = reason.explanation();
            assert!(explanation.starts_with(|first: char| first.is_ascii_uppercase()), "{explanation}");
            assert_eq!((explanation.matches(". ").count(), explanation.len() <= 512), (0, true), "{explanation}");
        }
    }
}
