//! What the service itself tells an account of its webhooks: notifications like any other, of types of its own. Only webhooks
//! that name these types get them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// Something that can be told.
pub trait Operational: Serialize {
    const EVENT_TYPE: &str;

    /// The webhook that it is about, which is never told itself.
    fn webhook_id(&self) -> Uuid;
}

/// A webhook has been deactivated.
#[derive(Debug, Serialize)]
pub struct WebhookDeactivated {
    pub webhook: AboutWebhook,
    /// As the webhook's `deactivation` has it.
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// A webhook has accepted nothing for half of the time after which it is deactivated.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFailing {
    pub webhook: AboutWebhook,
    /// When the first attempt failed since the last one that was accepted.
    pub since: DateTime<Utc>,
    pub attempts: u32,
    /// Unless it accepts a callback before.
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
