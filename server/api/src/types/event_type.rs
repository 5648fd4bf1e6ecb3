//! Event types, as the operator's catalogue describes them.

use serde_json::value::RawValue;

use super::*;

text! {
    /// Where a page of event types goes on: the last name before it.
    open EventTypeCursor { 1..=128, r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$", "a `cursor` that an earlier page gave" }
}

/// What can be published.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventTypeRecord {
    pub name: PublishedEventType,
    pub description: Description,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "PayloadObject")]
    pub example: Option<PayloadObject>,
}

#[derive(Serialize, JsonSchema)]
pub struct EventTypePage {
    #[schemars(length(max = 200))]
    pub data: Vec<EventTypeRecord>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "EventTypeCursor")]
    pub cursor: Option<EventTypeCursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTypeQuery {
    /// How many items at most.
    pub limit: Option<PageLimit>,
    /// Where to go on, as the page before said.
    pub cursor: Option<EventTypeCursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestQuery {
    /// The type whose example is sent.
    pub r#type: Option<EventType>,
}

impl PayloadObject {
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }
}
