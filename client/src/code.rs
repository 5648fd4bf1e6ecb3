//! The kinds of problems.

use std::fmt;

/// Which kind of problem it is, as the table in openapi.json lists them.
///
/// Match on it with a `_` arm: a later service may answer a code that this crate does not know, which is kept in
/// [`Code::Unknown`], and a later crate may know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// 400: the body, an identifier, a query or a header is not valid; the problem's `errors` say where.
    InvalidRequest,
    /// 400: an update would send stored credentials to a new place.
    CredentialsRequired,
    /// 401: there is no access token, or it is malformed, unknown, expired or revoked.
    Unauthenticated,
    /// 403: the access token lacks a scope.
    InsufficientScope,
    /// 404: there is no such object, or it belongs to another account.
    NotFound,
    /// 409: the idempotency key was used for another body.
    IdempotencyConflict,
    /// 409: the webhook is deactivated.
    WebhookDeactivated,
    /// 409: the account has as many webhooks as it may.
    WebhookLimit,
    /// 409: the notification was deleted, and cannot be sent again.
    NotificationDeleted,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is not JSON.
    UnsupportedMediaType,
    /// 429: too many requests. Nothing was done.
    RateLimited,
    /// 500: the service failed.
    Internal,
    /// 503: the service cannot take the request now. Whether it did something is not certain.
    Overloaded,
    /// A code that this version does not know, as it came.
    Unknown(String),
}

impl Code {
    /// Every code that is known.
    pub const ALL: [Code; 14] = [
        Code::InvalidRequest,
        Code::CredentialsRequired,
        Code::Unauthenticated,
        Code::InsufficientScope,
        Code::NotFound,
        Code::IdempotencyConflict,
        Code::WebhookDeactivated,
        Code::WebhookLimit,
        Code::NotificationDeleted,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::RateLimited,
        Code::Internal,
        Code::Overloaded,
    ];

    /// As it stands in a problem, such as `not_found`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Code::InvalidRequest => "invalid_request",
            Code::CredentialsRequired => "credentials_required",
            Code::Unauthenticated => "unauthenticated",
            Code::InsufficientScope => "insufficient_scope",
            Code::NotFound => "not_found",
            Code::IdempotencyConflict => "idempotency_conflict",
            Code::WebhookDeactivated => "webhook_deactivated",
            Code::WebhookLimit => "webhook_limit",
            Code::NotificationDeleted => "notification_deleted",
            Code::PayloadTooLarge => "payload_too_large",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::RateLimited => "rate_limited",
            Code::Internal => "internal",
            Code::Overloaded => "overloaded",
            Code::Unknown(code) => code,
        }
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Code {
        Code::ALL.into_iter().find(|code| code.as_str() == text).unwrap_or_else(|| Code::Unknown(text.to_owned()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_table_in_openapi_json() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
        let description = document["info"]["description"].as_str().expect("a description");
        let (_, table) = description.split_once("| status | code | when |").expect("the table of codes");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let codes: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a code in each row")).collect();
        assert_eq!(Code::ALL.each_ref().map(Code::as_str).as_slice(), codes);
    }

    #[test]
    fn a_code_is_read_as_it_is_written_and_an_unknown_one_is_kept() {
        for code in Code::ALL {
            assert_eq!(Code::from(code.as_str()), code);
        }
        assert_eq!(Code::from("teapot"), Code::Unknown("teapot".to_owned()));
        assert_eq!(Code::from("teapot").to_string(), "teapot");
    }
}
