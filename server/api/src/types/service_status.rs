//! The state of the service and of its accounts, for operators.

use super::*;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    pub ready: bool,
    #[schemars(with = "Vec<Reason>", length(max = 16))]
    pub reasons: Vec<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub paused_since: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "StorageStatus")]
    pub storage: Option<StorageStatus>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Backlog")]
    pub backlog: Option<Backlog>,
}

/// Only the schema is used.
struct Reason;

impl JsonSchema for Reason {
    fn schema_name() -> String {
        "Reason".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        let mut schema = String::json_schema(generator).into_object();
        (schema.string().min_length, schema.string().max_length) = (Some(1), Some(MAX_REASON_CHARACTERS));
        schema.into()
    }
}

const MAX_REASON_CHARACTERS: u32 = 1024;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageStatus {
    pub full: bool,
    #[schemars(schema_with = "schemas::large_count")]
    pub used_bytes: u64,
    /// 0 means no limit.
    #[schemars(schema_with = "schemas::large_count")]
    pub max_bytes: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::large_count")]
    pub disk_free_bytes: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backlog {
    pub counted_at: DateTime<Utc>,
    #[schemars(schema_with = "schemas::large_count")]
    pub fresh_delivery_count: u64,
    #[schemars(schema_with = "schemas::large_count")]
    pub retry_delivery_count: u64,
    #[schemars(schema_with = "schemas::large_count")]
    pub ordered_delivery_count: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub oldest_due_at: Option<DateTime<Utc>>,
    #[schemars(schema_with = "schemas::large_count")]
    pub active_webhook_count: u64,
    #[schemars(schema_with = "schemas::large_count")]
    pub deactivated_webhook_count: u64,
}

impl ServiceStatus {
    /// Sets the reasons, and truncates them to the limits in openapi.json.
    #[must_use]
    pub fn with_reasons(reasons: Vec<String>) -> ServiceStatus {
        let truncated = |reason: String| reason.chars().take(MAX_REASON_CHARACTERS as usize).collect();
        let ready = reasons.is_empty();
        ServiceStatus {
            ready,
            reasons: reasons.into_iter().take(16).map(truncated).collect(),
            paused_since: None,
            storage: None,
            backlog: None,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSummary {
    pub account: Account,
    #[schemars(schema_with = "schemas::large_count")]
    pub active_webhook_count: u64,
    #[schemars(schema_with = "schemas::large_count")]
    pub deactivated_webhook_count: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::large_count")]
    pub failing_webhook_count: Option<u64>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::large_count")]
    pub paused_webhook_count: Option<u64>,
    #[schemars(schema_with = "schemas::large_count")]
    pub pending_delivery_count: u64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPage {
    #[schemars(length(max = 200))]
    pub data: Vec<AccountSummary>,
    pub counted_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub cursor: Option<Account>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    /// Returns only accounts with at least one webhook in this state of `health`.
    pub health: Option<WebhookHealthState>,
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<Account>,
}
