//! Pauses of deliveries.

use super::*;

text! {
    /// The identifier of a pause, which names its scope.
    open PauseId { 3..=71, r"^(all|account\.[a-z0-9][a-z0-9_-]{0,62}|webhook\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        "`all`, `account.` and an account, or `webhook.` and the lower-case identifier of a webhook" }
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Pause {
    pub id: PauseId,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "WebhookReference")]
    pub webhook: Option<WebhookReference>,
    pub since: DateTime<Utc>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    pub id: PauseId,
}

#[derive(Serialize, JsonSchema)]
pub struct PausePage {
    #[schemars(length(max = 200))]
    pub data: Vec<Pause>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "PauseId")]
    pub cursor: Option<PauseId>,
}

#[derive(Deserialize, JsonSchema)]
pub struct PausePath {
    /// The identifier of the pause.
    pub id: PauseId,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseQuery {
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<PauseId>,
}
