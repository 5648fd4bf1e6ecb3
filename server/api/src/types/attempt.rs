//! Attempts: what was sent, what came back, and how.

use super::*;

/// One attempt to send the callback of a delivery. More values of `outcome` may be added.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    #[schemars(schema_with = "schemas::ordinal")]
    pub number: u32,
    pub started_at: DateTime<Utc>,
    #[schemars(schema_with = "schemas::count")]
    pub duration_ms: u32,
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub outcome: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::http_status")]
    pub status_code: Option<u16>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(min = 1, max = 1024))]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 64), regex(pattern = r"^/docs#outcome-[a-z_]+$"))]
    pub help: Option<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 4096))]
    pub response_body: Option<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub truncated: Option<bool>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Vec<HeaderField>", length(max = 64))]
    pub response_headers: Option<Vec<HeaderField>>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "AttemptRequest")]
    pub request: Option<AttemptRequest>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "AttemptConnection")]
    pub connection: Option<AttemptConnection>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "AttemptTimings")]
    pub timings: Option<AttemptTimings>,
}

/// The request of an attempt. Its header values contain no secrets.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttemptRequest {
    #[schemars(length(max = 2048))]
    pub url: String,
    #[schemars(length(max = 64))]
    pub headers: Vec<HeaderField>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 8_650_752))]
    pub body: Option<String>,
}

/// A header field that was sent or received (RFC 9110 §5).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HeaderField {
    #[schemars(length(min = 1, max = 1024))]
    pub name: String,
    #[schemars(length(max = 1024))]
    pub value: String,
}

/// The connection that an attempt used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptConnection {
    #[schemars(length(max = 64))]
    pub remote_address: String,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 3), regex(pattern = r"^[0-9.]{1,3}$"))]
    pub http_version: Option<String>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "String", length(max = 3), regex(pattern = r"^[0-9.]{1,3}$"))]
    pub tls_version: Option<String>,
    pub reused: bool,
    pub request_repeated: bool,
}

/// The durations of the phases of an attempt, in milliseconds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptTimings {
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub token_request_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub name_lookup_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub connect_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub tls_handshake_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "schemas::count")]
    pub first_byte_ms: Option<u32>,
}
