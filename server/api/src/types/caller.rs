//! The caller of a request, and its access token.

use super::*;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub kind: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    /// The identifier of the access token. It is not the token.
    #[serde(rename = "tokenID")]
    pub token_id: Uuid,
    #[schemars(length(min = 1, max = 128))]
    pub token_name: String,
    #[schemars(length(max = 64))]
    pub scopes: Vec<ScopeName>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    pub const ACCOUNT: &str = "account";
    pub const PLATFORM: &str = "platform";
}

text! {
    /// The name of a scope.
    open ScopeName { 1..=32, r"^[a-z]+\.[a-z]+$", "the name of a scope such as `webhooks.read`" }
}
