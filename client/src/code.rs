//! The codes of problems.

use std::fmt;

/// The code of a problem. openapi.json has the table of all codes.
///
/// Match on the code with a `_` arm. A later version of the service may return a code that this version of the crate does
/// not know. This code becomes [`Code::Unknown`]. A later version of the crate may have a variant for the new code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// 400: the body, an identifier, a query parameter or a header is not valid. The member `errors` of the problem lists
    /// errors in the body.
    InvalidRequest,
    /// 400: an update would send stored credentials to another scheme, host or port.
    CredentialsRequired,
    /// 401: there is no access token, or it is malformed, unknown, expired or revoked.
    Unauthenticated,
    /// 403: the access token lacks the scope that the operation requires.
    InsufficientScope,
    /// 404: there is no such object, or the object belongs to another account. Or the address of the API is wrong, so there
    /// is no such path.
    NotFound,
    /// 405: the path does not have the method. The operations of this crate never cause this code.
    MethodNotAllowed,
    /// 409: an earlier request used the same idempotency key with another body.
    IdempotencyConflict,
    /// 409: the webhook is deactivated.
    WebhookDeactivated,
    /// 409: the account has reached its limit of webhooks.
    WebhookLimit,
    /// 409: the notification was deleted and cannot be sent again.
    NotificationDeleted,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is not JSON, or it is compressed.
    UnsupportedMediaType,
    /// 429: there were too many requests. The service did not execute the operation.
    RateLimited,
    /// 500: the service failed.
    Internal,
    /// 503: the service cannot handle the request now. It may or may not have executed the operation.
    Overloaded,
    /// A code that this version of the crate does not know. This variant contains the received text.
    Unknown(String),
}

impl Code {
    /// All codes that this version of the crate knows.
    pub const ALL: [Code; 15] = [
        Code::InvalidRequest,
        Code::CredentialsRequired,
        Code::Unauthenticated,
        Code::InsufficientScope,
        Code::NotFound,
        Code::MethodNotAllowed,
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

    /// Returns the code as text, such as `not_found`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Code::InvalidRequest => "invalid_request",
            Code::CredentialsRequired => "credentials_required",
            Code::Unauthenticated => "unauthenticated",
            Code::InsufficientScope => "insufficient_scope",
            Code::NotFound => "not_found",
            Code::MethodNotAllowed => "method_not_allowed",
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
    fn the_codes_match_the_table_in_openapi_json() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
        let description = document["info"]["description"].as_str().expect("a description");
        let (_, table) = description.split_once("| status | code | when |").expect("the table of codes");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let codes: Vec<&str> = rows.map(|row| row.split('`').nth(1).expect("a code in each row")).collect();
        assert_eq!(Code::ALL.each_ref().map(Code::as_str).as_slice(), codes);
    }

    #[test]
    fn codes_round_trip_and_unknown_codes_are_kept() {
        for code in Code::ALL {
            assert_eq!(Code::from(code.as_str()), code);
        }
        assert_eq!(Code::from("teapot"), Code::Unknown("teapot".to_owned()));
        assert_eq!(Code::from("teapot").to_string(), "teapot");
    }
}
