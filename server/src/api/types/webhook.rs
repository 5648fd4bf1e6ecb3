//! Webhooks: the registered target URLs.

use super::*;

text! {
    /// The types that a webhook asks for: a name, everything under a name (`catalog.*`), or everything (`*`).
    open EventTypePattern { 1..=130, r"^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?)$",
        "`*`, a dotted lower-case name such as `catalog.purchase.closed`, or one that ends in `.*`" }

    open Description { 1..=512, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", "1 to 512 characters without control characters" }

    /// A description in an update, where the empty one clears what was set.
    open NewDescription { 0..=512, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", "at most 512 characters without control characters" }
}

impl EventTypePattern {
    /// `a.*` matches `a.b` and `a.b.c` but not `a`. The service's own types (`webhook.…`) match only where they are named.
    #[must_use]
    pub fn matches(pattern: &str, event_type: &str) -> bool {
        if pattern == "*" {
            return !event_type.starts_with("webhook.");
        }
        match pattern.strip_suffix('*') {
            Some(prefix) => event_type.len() > prefix.len() && event_type.starts_with(prefix),
            None => pattern == event_type,
        }
    }
}

/// 1 to 100 patterns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EventTypes(pub Vec<EventTypePattern>);

const MOST_EVENT_TYPES: u32 = 100;

impl JsonSchema for EventTypes {
    fn schema_name() -> String {
        "EventTypes".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        let mut schema = Vec::<EventTypePattern>::json_schema(generator).into_object();
        schema.array().min_items = Some(1);
        schema.array().max_items = Some(MOST_EVENT_TYPES);
        schema.into()
    }
}

impl<'de> Deserialize<'de> for EventTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventTypes, D::Error> {
        let patterns = Vec::deserialize(deserializer)?;
        if patterns.is_empty() || patterns.len() > MOST_EVENT_TYPES as usize {
            return Err(D::Error::custom(format!(
                "must have 1 to {MOST_EVENT_TYPES} items, and has {}; `[\"*\"]` asks for all types",
                patterns.len()
            )));
        }
        Ok(EventTypes(patterns))
    }
}

impl EventTypes {
    /// `["*"]` is what a webhook without event types gets anyway, so it is kept, and shown, as never set.
    #[must_use]
    pub fn unless_all(self) -> Option<EventTypes> {
        let all = matches!(self.0.as_slice(), [only] if only.as_str() == "*");
        (!all).then_some(self)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRegistration {
    #[serde(rename = "targetURL")]
    pub target_url: OutboundUrl,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "AuthInput")]
    pub auth: Option<AuthInput>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none", rename = "eventTypes")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "Description")]
    pub description: Option<Description>,
}

/// What is absent stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookUpdate {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none", rename = "targetURL")]
    #[schemars(with = "OutboundUrl")]
    pub target_url: Option<OutboundUrl>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "AuthInput")]
    pub auth: Option<AuthInput>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none", rename = "eventTypes")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "NewDescription")]
    pub description: Option<NewDescription>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(rename = "targetURL")]
    pub target_url: OutboundUrl,
    pub auth: Auth,
    pub status: WebhookStatus,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Deactivation")]
    pub deactivation: Option<Deactivation>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Description")]
    pub description: Option<Description>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    Active,
    Deactivated,
}

/// Why and since when a webhook gets nothing. Reasons are an open vocabulary: `requested` and `gone` so far.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Deactivation {
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z_]+$"))]
    pub reason: String,
    pub at: DateTime<Utc>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookDeactivation {
    pub status: OnlyDeactivated,
}

#[derive(Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnlyDeactivated {
    Deactivated,
}

impl<'de> Deserialize<'de> for OnlyDeactivated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OnlyDeactivated, D::Error> {
        one_of(deserializer, &[("deactivated", OnlyDeactivated::Deactivated)])
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookActivation {
    pub status: OnlyActive,
}

#[derive(Clone, Copy, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnlyActive {
    Active,
}

impl<'de> Deserialize<'de> for OnlyActive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OnlyActive, D::Error> {
        one_of(deserializer, &[("active", OnlyActive::Active)])
    }
}

#[derive(Serialize, JsonSchema)]
pub struct WebhookPage {
    #[schemars(length(max = 200))]
    pub data: Vec<Webhook>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Cursor")]
    pub cursor: Option<Cursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookQuery {
    /// Only webhooks in this state.
    pub status: Option<WebhookStatus>,
    /// How many items at most.
    pub limit: Option<PageLimit>,
    /// Where to go on, as the page before said.
    pub cursor: Option<Cursor>,
}

/// The key that a webhook's callbacks are signed with (Standard Webhooks 1.0, "Signature scheme").
#[derive(Serialize, JsonSchema)]
pub struct SigningSecretRecord {
    #[schemars(length(min = 38, max = 98), regex(pattern = r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$"))]
    pub secret: String,
}

/// RFC 9111 §5.2.2.5: an answer with a secret in it is kept by nobody on the way.
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

#[cfg(test)]
mod tests {
    use super::EventTypePattern;

    #[test]
    fn a_pattern_matches_what_its_documentation_says() {
        for (pattern, event_type, expected) in [
            ("*", "a", true),
            ("*", "a.b", true),
            ("*", "webhook.test", false),
            ("webhook.*", "webhook.test", true),
            ("webhook.test", "webhook.test", true),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", true),
            ("a.*", "a", false),
            ("a.*", "ab.c", false),
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
        ] {
            assert_eq!(EventTypePattern::matches(pattern, event_type), expected, "{pattern} {event_type}");
        }
    }
}
