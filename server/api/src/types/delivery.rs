//! Deliveries and their attempts.

use super::*;
use crate::WaitingReason;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    pub id: Uuid,
    /// Only platform tokens see the account.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    pub notification: NotificationReference,
    pub webhook: WebhookReference,
    pub status: DeliveryStatus,
    #[schemars(schema_with = "schemas::count")]
    pub attempt_count: u32,
    pub created_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "WaitingFor")]
    pub waiting_for: Option<WaitingFor>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Attempt")]
    pub last_attempt: Option<Attempt>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationReference {
    pub id: Uuid,
    pub r#type: EventType,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct WebhookReference {
    pub id: Uuid,
}

/// Why a pending delivery has no attempt in progress. More values of `reason` may be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingFor {
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub reason: String,
    pub since: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub until: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "PrecedingDelivery")]
    pub preceding_delivery: Option<PrecedingDelivery>,
    #[schemars(length(min = 1, max = 512))]
    pub explanation: String,
    #[schemars(length(max = 64), regex(pattern = r"^/docs#waiting-[a-z_]+$"))]
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrecedingDelivery {
    pub id: Uuid,
}

impl WaitingFor {
    #[must_use]
    pub fn new(reason: WaitingReason, since: DateTime<Utc>, until: Option<DateTime<Utc>>) -> WaitingFor {
        let help = format!("/docs#waiting-{}", reason.as_str());
        WaitingFor { reason: reason.as_str().to_owned(), since, until, preceding_delivery: None, explanation: reason.explanation(), help }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    Pending,
    Succeeded,
    Failed,
    Cancelled,
}

/// A delivery with its 50 most recent attempts, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetail {
    #[serde(flatten)]
    pub delivery: Delivery,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 8_650_752))]
    pub callback_body: Option<String>,
    #[schemars(length(max = 50))]
    pub attempts: Vec<Attempt>,
}

#[derive(Serialize, JsonSchema)]
pub struct DeliveryPage {
    #[schemars(length(max = 200))]
    pub data: Vec<Delivery>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Cursor")]
    pub cursor: Option<Cursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Returns only deliveries of this account.
    pub account: Option<Account>,
    /// Returns only deliveries to this webhook.
    #[serde(rename = "webhookID")]
    pub webhook_id: Option<Id>,
    /// Returns only deliveries of this notification.
    #[serde(rename = "notificationID")]
    pub notification_id: Option<Id>,
    /// Returns only deliveries with this status.
    pub status: Option<DeliveryStatus>,
    /// Returns only deliveries of notifications of this type.
    pub r#type: Option<EventType>,
    /// Returns only deliveries that were created at this time or later.
    pub since: Option<Timestamp>,
    /// Returns only deliveries that were created before this time.
    pub until: Option<Timestamp>,
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<Cursor>,
}
