//! Converts errors and records of the store to the types of the API.

use std::net::SocketAddr;

use crate::api::problem::ApiError;
use crate::api::types::{self, AttemptConnection, AttemptRequest, AttemptTimings, AuditEvent, CustomHeader, HeaderField, WebhookStatus};
use crate::http::auth::Caller;
use crate::model::{AttemptFacts, Outcome};
use crate::store::{Attempt, Delivery, Error, Notification, Webhook};

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::Full => ApiError::storage_full(error),
            Error::Overloaded | Error::OutdatedKey | Error::Unavailable(_) => ApiError::overloaded(error),
            Error::Failed(_) => ApiError::internal(error),
        }
    }
}

/// A record of the store that a caller may read.
pub(super) trait Shown {
    type Object;

    /// Returns the object of the API. Only platform tokens see accounts, and where the platform and the operator act.
    fn shown_to(self, caller: &Caller) -> Self::Object;
}

impl Shown for AuditEvent {
    type Object = AuditEvent;

    fn shown_to(self, caller: &Caller) -> AuditEvent {
        if caller.account.is_some() { self.for_account() } else { self }
    }
}

impl Shown for Webhook {
    type Object = types::Webhook;

    fn shown_to(self, caller: &Caller) -> types::Webhook {
        types::Webhook {
            id: self.id,
            account: caller.account.is_none().then_some(self.account),
            created_at: self.created_at,
            updated_at: self.updated_at,
            target_url: self.target_url,
            auth: self.auth,
            headers: self.headers.map(|headers| headers.names.into_iter().map(|name| CustomHeader { name }).collect()),
            status: if self.deactivation.is_some() { WebhookStatus::Deactivated } else { WebhookStatus::Active },
            deactivation: self.deactivation.map(|deactivation| types::Deactivation { reason: deactivation.reason, at: deactivation.at }),
            health: None,
            event_types: self.event_types,
            description: self.description,
            max_per_second: self.max_per_second,
            ordered: self.ordered.then_some(true),
        }
    }
}

impl Shown for Notification {
    type Object = types::Notification;

    fn shown_to(self, caller: &Caller) -> types::Notification {
        types::Notification {
            id: self.id,
            account: caller.account.is_none().then_some(self.account),
            r#type: self.event_type,
            data: self.data,
            created_at: self.created_at,
            delivery_count: self.delivery_count,
        }
    }
}

impl Shown for Delivery {
    type Object = types::Delivery;

    fn shown_to(self, caller: &Caller) -> types::Delivery {
        types::Delivery {
            id: self.id,
            account: caller.account.is_none().then_some(self.account),
            notification: types::NotificationReference { id: self.notification_id, r#type: self.event_type },
            webhook: types::WebhookReference { id: self.webhook_id },
            status: self.status,
            attempt_count: self.attempt_count,
            created_at: self.created_at,
            next_attempt_at: self.due_at,
            // Only the slots know all reasons: see `App::shown_deliveries`.
            waiting_for: None,
            last_attempt: self.last_attempt.map(Into::into),
        }
    }
}

impl From<Attempt> for types::Attempt {
    fn from(attempt: Attempt) -> types::Attempt {
        types::Attempt {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            status_code: attempt.status_code,
            error: attempt.error,
            help: Outcome::parse(&attempt.outcome).map(help),
            outcome: attempt.outcome,
            truncated: attempt.response_body.is_some().then_some(attempt.truncated),
            response_body: attempt.response_body,
            connection: attempt.facts.remote.map(|remote| connection(&attempt.facts, remote)),
            timings: timings(&attempt.facts),
            response_headers: attempt.exchange.as_ref().map(|exchange| fields(&exchange.response)).filter(|fields| !fields.is_empty()),
            request: attempt.exchange.map(|exchange| AttemptRequest {
                url: exchange.url,
                headers: fields(&exchange.request),
                body: exchange.body,
            }),
        }
    }
}

/// Returns the place of the documentation page that explains an outcome.
pub(super) fn help(outcome: Outcome) -> String {
    format!("/docs#outcome-{}", outcome.as_str())
}

fn connection(facts: &AttemptFacts, remote: SocketAddr) -> AttemptConnection {
    let version =
        |number: u8| if number.is_multiple_of(10) { (number / 10).to_string() } else { format!("{}.{}", number / 10, number % 10) };
    AttemptConnection {
        remote_address: remote.to_string(),
        http_version: facts.http_version.map(version),
        tls_version: facts.tls_version.map(version),
        reused: facts.reused,
        request_repeated: facts.repeated,
    }
}

/// Returns `None` if no phase has a duration.
fn timings(facts: &AttemptFacts) -> Option<AttemptTimings> {
    let AttemptFacts { token_request, name_lookup, connect, tls_handshake, first_byte, .. } = *facts;
    [token_request, name_lookup, connect, tls_handshake, first_byte].iter().any(Option::is_some).then_some(AttemptTimings {
        token_request_ms: token_request,
        name_lookup_ms: name_lookup,
        connect_ms: connect,
        tls_handshake_ms: tls_handshake,
        first_byte_ms: first_byte,
    })
}

fn fields(fields: &[(String, String)]) -> Vec<HeaderField> {
    fields.iter().map(|(name, value)| HeaderField { name: name.clone(), value: value.clone() }).collect()
}
