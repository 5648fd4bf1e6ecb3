//! Operational notifications. The service itself publishes these notifications about an account's webhooks. The event
//! types of operational notifications begin with `webhook.`. A webhook receives an operational notification only if the
//! webhook's `eventTypes` contain the event type or `webhook.*`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// The data of an operational notification.
pub trait Operational: Serialize {
    const EVENT_TYPE: &str;

    /// Returns the webhook that the notification is about. This webhook does not receive the notification.
    fn webhook_id(&self) -> Uuid;
}

/// A webhook has been deactivated.
#[derive(Debug, Serialize)]
pub struct WebhookDeactivated {
    pub webhook: AboutWebhook,
    /// The `reason` in the webhook's `deactivation`.
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// A webhook has accepted no callback for half of the time in the deactivation policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFailing {
    pub webhook: AboutWebhook,
    /// The time when the first failed attempt ended. An accepted callback, an activation or a new target URL resets
    /// this time.
    pub since: DateTime<Utc>,
    pub attempts: u32,
    /// The earliest time at which the service can deactivate the webhook. An accepted callback prevents the
    /// deactivation.
    pub deactivation_expected_at: DateTime<Utc>,
}

/// A webhook has accepted a callback after its account was warned with [`WebhookFailing`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRecovered {
    pub webhook: AboutWebhook,
    /// The time when the first failed attempt ended.
    pub failing_since: DateTime<Utc>,
    pub attempts: u32,
    /// The time when the accepted attempt ended.
    pub recovered_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
pub struct AboutWebhook {
    pub id: Uuid,
    #[serde(rename = "targetURL")]
    pub target_url: String,
}

impl Operational for WebhookDeactivated {
    const EVENT_TYPE: &str = "webhook.deactivated";

    fn webhook_id(&self) -> Uuid {
        self.webhook.id
    }
}

impl Operational for WebhookFailing {
    const EVENT_TYPE: &str = "webhook.failing";

    fn webhook_id(&self) -> Uuid {
        self.webhook.id
    }
}

impl Operational for WebhookRecovered {
    const EVENT_TYPE: &str = "webhook.recovered";

    fn webhook_id(&self) -> Uuid {
        self.webhook.id
    }
}
