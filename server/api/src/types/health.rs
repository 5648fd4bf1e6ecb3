//! The health of a webhook.

use super::*;

/// Whether a webhook works now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookHealth {
    /// The text of a [`WebhookHealthState`]. More values may be added.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub state: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub since: Option<DateTime<Utc>>,
    #[schemars(schema_with = "schemas::count")]
    pub consecutive_failures: u32,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub last_success_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "WebhookFailure")]
    pub last_failure: Option<WebhookFailure>,
    #[schemars(schema_with = "backlog")]
    pub backlog: u32,
}

/// The maximum value of `backlog`. The service stops counting there.
pub const MAX_BACKLOG: u32 = 1000;

fn backlog(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    integer(0, f64::from(MAX_BACKLOG))
}

/// The last failed attempt of a webhook.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookFailure {
    pub at: DateTime<Utc>,
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub outcome: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::http_status")]
    pub status_code: Option<u16>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(min = 1, max = 512), regex(pattern = r"^[\x20-\x7e]+$"))]
    pub explanation: Option<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 64), regex(pattern = r"^/docs#outcome-[a-z_]+$"))]
    pub help: Option<String>,
}

/// The states of a webhook that this version of the service knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookHealthState {
    Healthy,
    Failing,
    Paused,
    Deactivated,
}

impl WebhookHealthState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookHealthState::Healthy => "healthy",
            WebhookHealthState::Failing => "failing",
            WebhookHealthState::Paused => "paused",
            WebhookHealthState::Deactivated => "deactivated",
        }
    }
}
