//! The secrets with which the service signs callbacks.

use super::*;

/// The secret with which the service signs a webhook's callbacks (Standard Webhooks 1.0, "Signature scheme").
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningSecretRecord {
    #[schemars(length(min = 38, max = 98), regex(pattern = r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$"))]
    pub secret: String,
    /// The time until which callbacks are also signed with the previous secret.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "DateTime<Utc>")]
    pub previous_valid_until: Option<DateTime<Utc>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SigningSecretRotation {
    #[serde(default)]
    pub overlap_seconds: OverlapSeconds,
}

/// The number of seconds for which the previous secret stays valid after the rotation.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct OverlapSeconds(u32);

impl OverlapSeconds {
    /// Seven days in seconds.
    const MAXIMUM: u32 = 604_800;

    #[must_use]
    pub fn duration(self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(i64::from(self.0))
    }
}

impl Default for OverlapSeconds {
    fn default() -> OverlapSeconds {
        OverlapSeconds(86_400)
    }
}

impl<'de> Deserialize<'de> for OverlapSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OverlapSeconds, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        match u32::try_from(seconds) {
            Ok(seconds) if seconds <= OverlapSeconds::MAXIMUM => Ok(OverlapSeconds(seconds)),
            _ => Err(D::Error::custom(format!("must be a whole number of seconds from 0 to {}", OverlapSeconds::MAXIMUM))),
        }
    }
}

impl JsonSchema for OverlapSeconds {
    fn schema_name() -> String {
        "OverlapSeconds".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        integer(0, f64::from(OverlapSeconds::MAXIMUM))
    }
}

/// The header `Cache-Control` of a response with a secret. With this header, caches must not store the response (RFC
/// 9111 §5.2.2.5).
#[derive(Serialize, JsonSchema)]
pub struct NoStore {
    #[serde(rename = "cache-control")]
    #[schemars(schema_with = "no_store")]
    pub cache_control: &'static str,
}

impl NoStore {
    pub const HEADERS: NoStore = NoStore { cache_control: "no-store" };
}

fn no_store(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    schemars::schema::SchemaObject {
        instance_type: Some(schemars::schema::InstanceType::String.into()),
        enum_values: Some(vec!["no-store".into()]),
        ..Default::default()
    }
    .into()
}
