//! Converts errors and records of the store to the types of the API.

use crate::api::problem::ApiError;
use crate::api::types::{self, AttemptConnection, AttemptRequest, AttemptTimings, CustomHeader, HeaderField, WebhookStatus};
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

impl From<Webhook> for types::Webhook {
    fn from(webhook: Webhook) -> types::Webhook {
        types::Webhook {
            id: webhook.id,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            target_url: webhook.target_url,
            auth: webhook.auth,
            headers: webhook.headers.map(|headers| headers.names.into_iter().map(|name| CustomHeader { name }).collect()),
            status: if webhook.deactivation.is_some() { WebhookStatus::Deactivated } else { WebhookStatus::Active },
            deactivation: webhook.deactivation.map(|deactivation| types::Deactivation { reason: deactivation.reason, at: deactivation.at }),
            event_types: webhook.event_types,
            description: webhook.description,
            max_per_second: webhook.max_per_second,
            ordered: webhook.ordered.then_some(true),
        }
    }
}

impl From<Notification> for types::Notification {
    fn from(notification: Notification) -> types::Notification {
        types::Notification {
            id: notification.id,
            r#type: notification.event_type,
            data: notification.data,
            created_at: notification.created_at,
            delivery_count: notification.delivery_count,
        }
    }
}

impl From<Delivery> for types::Delivery {
    fn from(delivery: Delivery) -> types::Delivery {
        types::Delivery {
            id: delivery.id,
            notification: types::NotificationReference { id: delivery.notification_id, r#type: delivery.event_type },
            webhook: types::WebhookReference { id: delivery.webhook_id },
            status: delivery.status,
            attempt_count: delivery.attempt_count,
            created_at: delivery.created_at,
            next_attempt_at: delivery.due_at,
            last_attempt: delivery.last_attempt.map(Into::into),
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
            help: help(&attempt.outcome),
            outcome: attempt.outcome,
            truncated: attempt.response_body.is_some().then_some(attempt.truncated),
            response_body: attempt.response_body,
            connection: attempt.facts.remote.is_some().then(|| connection(&attempt.facts)),
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
fn help(outcome: &str) -> Option<String> {
    Outcome::ALL.iter().any(|known| known.as_str() == outcome).then(|| format!("/docs#outcome-{outcome}"))
}

fn connection(facts: &AttemptFacts) -> AttemptConnection {
    let version =
        |number: u8| if number.is_multiple_of(10) { (number / 10).to_string() } else { format!("{}.{}", number / 10, number % 10) };
    AttemptConnection {
        remote_address: facts.remote.map(|remote| remote.to_string()),
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
