//! Webhooks: the registered target URLs.

use super::*;

text! {
    /// A pattern matches one event type, all types that begin with a prefix (`catalog.*`), or all types (`*`).
    open EventTypePattern { 1..=130, r"^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?)$",
        "`*`, a dotted lower-case name such as `catalog.purchase.closed`, or one that ends in `.*`" }

    open Description { 1..=512, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", "1 to 512 characters without control characters" }

    /// A description in an update. An empty description removes the current description.
    open NewDescription { 0..=512, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", "at most 512 characters without control characters" }
}

impl EventTypePattern {
    /// Returns whether a pattern matches an event type. `a.*` matches `a.b` and `a.b.c`, but not `a`. `*` does not
    /// match the service's own types (`webhook.…`).
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

/// A list of 1 to 100 patterns of event types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct EventTypes(pub Vec<EventTypePattern>);

const MAX_EVENT_TYPES: u32 = 100;

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
        schema.array().max_items = Some(MAX_EVENT_TYPES);
        schema.into()
    }
}

impl<'de> Deserialize<'de> for EventTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<EventTypes, D::Error> {
        let patterns = Vec::deserialize(deserializer)?;
        if patterns.is_empty() || patterns.len() > MAX_EVENT_TYPES as usize {
            return Err(D::Error::custom(format!(
                "must have 1 to {MAX_EVENT_TYPES} items, but has {}; `[\"*\"]` matches all types",
                patterns.len()
            )));
        }
        Ok(EventTypes(patterns))
    }
}

impl EventTypes {
    /// Returns `None` for `["*"]`, because a webhook without event types receives the same notifications. So the store
    /// and the API have only one form for both cases.
    #[must_use]
    pub fn unless_all(self) -> Option<EventTypes> {
        let all = matches!(self.0.as_slice(), [pattern] if pattern.as_str() == "*");
        (!all).then_some(self)
    }
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRegistration {
    #[serde(rename = "targetURL")]
    pub target_url: OutboundUrl,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "AuthInput")]
    pub auth: Option<AuthInput>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "CustomHeaderInputs")]
    pub headers: Option<CustomHeaderInputs>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "eventTypes")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "Description")]
    pub description: Option<Description>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "maxPerSecond")]
    #[schemars(with = "MaxPerSecond")]
    pub max_per_second: Option<MaxPerSecond>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub ordered: Option<bool>,
}

/// Changes to a webhook. A member that is absent keeps its value. If the update contains `auth` or `headers`, the new
/// value replaces the whole old value.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookUpdate {
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "targetURL")]
    #[schemars(with = "OutboundUrl")]
    pub target_url: Option<OutboundUrl>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "AuthInput")]
    pub auth: Option<AuthInput>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "CustomHeaderInputs")]
    pub headers: Option<CustomHeaderInputs>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "eventTypes")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "NewDescription")]
    pub description: Option<NewDescription>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "maxPerSecond")]
    #[schemars(with = "NewMaxPerSecond")]
    pub max_per_second: Option<NewMaxPerSecond>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub ordered: Option<bool>,
}

/// The maximum number of callbacks per second.
#[derive(Clone, Copy, Debug)]
pub struct MaxPerSecond(pub u32);

/// The maximum number of callbacks per second in an update. 0 removes the limit.
#[derive(Clone, Copy, Debug)]
pub struct NewMaxPerSecond(pub u32);

const MAX_CALLBACKS_PER_SECOND: u32 = 1000;

macro_rules! per_second {
    ($name:ident, $minimum:literal) => {
        impl JsonSchema for $name {
            fn schema_name() -> String {
                stringify!($name).to_owned()
            }

            fn is_referenceable() -> bool {
                false
            }

            fn json_schema(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
                integer($minimum, f64::from(MAX_CALLBACKS_PER_SECOND))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                match i64::deserialize(deserializer)?.try_into() {
                    Ok(count) if ($minimum..=MAX_CALLBACKS_PER_SECOND).contains(&count) => Ok($name(count)),
                    _ => Err(D::Error::custom(concat!("must be a whole number from ", $minimum, " to 1000"))),
                }
            }
        }
    };
}

per_second!(MaxPerSecond, 1);
per_second!(NewMaxPerSecond, 0);

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub id: Uuid,
    /// Only platform tokens see the account.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[serde(rename = "targetURL")]
    pub target_url: OutboundUrl,
    pub auth: Auth,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Vec<CustomHeader>", length(min = 1, max = 20))]
    pub headers: Option<Vec<CustomHeader>>,
    pub status: WebhookStatus,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Deactivation")]
    pub deactivation: Option<Deactivation>,
    /// Only the operations that read webhooks return the health.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "WebhookHealth")]
    pub health: Option<WebhookHealth>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "EventTypes")]
    pub event_types: Option<EventTypes>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Description")]
    pub description: Option<Description>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(schema_with = "max_per_second")]
    pub max_per_second: Option<u32>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub ordered: Option<bool>,
}

impl Webhook {
    /// Returns whether the health of the webhook is known and has this state.
    #[must_use]
    pub fn has_state(&self, state: WebhookHealthState) -> bool {
        self.health.as_ref().is_some_and(|health| health.state == state.as_str())
    }
}

fn max_per_second(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    integer(1, f64::from(MAX_CALLBACKS_PER_SECOND))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    Active,
    Deactivated,
}

/// The reason and the time of a deactivation. More reasons may be added.
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
    /// Returns only webhooks of this account.
    pub account: Option<Account>,
    /// Returns only webhooks with this status.
    pub status: Option<WebhookStatus>,
    /// Returns only webhooks with this state of `health`.
    pub health: Option<WebhookHealthState>,
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<Cursor>,
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
