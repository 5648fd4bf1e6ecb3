//! The audience and the idempotency key of a publication. The responses to publications and redeliveries.

use std::time::Duration;

use opentelemetry::KeyValue;
use uuid::Uuid;

use crate::api::problem::{ApiError, Kind};
use crate::api::types::{Account, IdempotencyKey};
use crate::http::App;
use crate::http::auth::Caller;
use crate::spans::Period;
use crate::store::{Audience, Delivery, Idempotency, Notification, Publication, Published, Redelivered};

/// Returns the audience of a notification. A token of an account publishes only to that account.
pub(super) fn audience(caller: &Caller, account: Option<Account>, webhook_id: Option<Uuid>) -> Result<Audience, ApiError> {
    let account = caller.concerned_account(account, |detail| ApiError::at(Kind::InvalidRequest, "/account", detail))?;
    match (webhook_id, account) {
        (Some(id), account) => Ok(Audience::Webhook { id, account }),
        (None, Some(account)) => Ok(Audience::Account(account)),
        (None, None) => {
            let detail = "a platform token must say whom the notification is for: send `account` or `webhook`";
            Err(ApiError::at(Kind::InvalidRequest, "", detail))
        }
    }
}

pub(super) fn webhook_deactivated() -> ApiError {
    ApiError::new(Kind::WebhookDeactivated, "the webhook is deactivated and gets nothing until it is activated")
}

/// Returns the delivery that is due again.
pub(super) fn redelivered(result: Redelivered) -> Result<Delivery, ApiError> {
    match result {
        Redelivered::Due(delivery) => Ok(*delivery),
        Redelivered::NoSuchDelivery => Err(ApiError::not_found("delivery")),
        Redelivered::WebhookDeleted => {
            Err(ApiError::new(Kind::NotFound, "the webhook of this delivery was deleted, so nothing can be sent to it"))
        }
        Redelivered::WebhookDeactivated => Err(webhook_deactivated()),
        Redelivered::NotificationDeleted => {
            let detail = "the notification was deleted with its payload, and cannot be sent again";
            Err(ApiError::new(Kind::NotificationDeleted, detail))
        }
    }
}

impl App {
    /// Returns a function that sends the span of a publication. A repeated publication has no span, because its notification
    /// was published before.
    pub(super) fn publication_span(&self, publication: &Publication) -> impl FnOnce(&Notification, Duration) + use<> {
        let spans = self.engine.spans().clone();
        let (id, context) = (publication.id, publication.trace.clone().filter(|_| spans.are_on()));
        move |notification, duration| {
            if spans.are_on() && notification.id == id {
                let attributes = vec![
                    KeyValue::new("webhooks.notification", id.to_string()),
                    KeyValue::new("webhooks.event_type", notification.event_type.as_str().to_owned()),
                ];
                let period = Period { begin: notification.created_at, duration, attributes, error: None };
                spans.publication(id, context.as_ref(), period);
            }
        }
    }

    /// If the operator requires known accounts, refuses an account without webhooks.
    pub(super) async fn check_known(&self, audience: &Audience) -> Result<(), ApiError> {
        let Audience::Account(account) = audience else { return Ok(()) };
        if !self.require_known_accounts {
            return Ok(());
        }
        if !self.store.has_webhooks(account).await? {
            return Err(ApiError::at(Kind::NotFound, "/account", "this account has no webhook; check the spelling"));
        }
        Ok(())
    }

    /// Begins the deliveries that a publication has leased, and returns the notification.
    pub(super) fn begin_deliveries(&self, published: Published) -> Result<Notification, ApiError> {
        match published {
            Published::New { notification, leased } => {
                self.engine.begin(leased);
                Ok(notification)
            }
            Published::Repeated(notification) => Ok(notification),
            Published::Conflict => {
                let detail = "this Idempotency-Key was used for another body in the last 24 hours: use a new key for a new notification";
                Err(ApiError::new(Kind::IdempotencyConflict, detail))
            }
            Published::Deleted => {
                let detail = "the notification that this Idempotency-Key published was deleted: use a new key for a new notification";
                Err(ApiError::new(Kind::NotificationDeleted, detail))
            }
            Published::NoSuchWebhook => Err(ApiError::not_found("webhook")),
            Published::WebhookDeactivated => Err(webhook_deactivated()),
        }
    }

    pub(super) fn idempotency(&self, caller: &Caller, headers: &http::HeaderMap, body: &[u8]) -> Result<Option<Idempotency>, ApiError> {
        let invalid = |why: String| ApiError::new(Kind::InvalidRequest, format!("the Idempotency-Key header {why}"));
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(invalid("may be sent only once".to_owned()));
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let key = IdempotencyKey::parse(text).map_err(invalid)?;
        let owner = caller.account.as_ref().map(|account| account.as_str().to_owned()).unwrap_or_default();
        Ok(Some(Idempotency { owner, key: key.into_string(), fingerprint: self.vault.mac("idempotency", body) }))
    }
}
