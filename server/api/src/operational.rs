//! Operational notifications: the service itself publishes notifications about an account's webhooks. Their event types
//! begin with `webhook.`. A webhook receives them only if its `eventTypes` contain the event type or `webhook.*`.

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
    /// The reason, as in the webhook's `deactivation`.
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// A webhook has accepted nothing for half of the time after which it is deactivated.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFailing {
    pub webhook: AboutWebhook,
    /// The time when the first failed attempt ended. Earlier failures do not count after an accepted callback, an
    /// activation or a new target URL.
    pub since: DateTime<Utc>,
    pub attempts: u32,
    /// The earliest time of the deactivation, if the webhook still accepts nothing.
    pub deactivation_expected_at: DateTime<Utc>,
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
