//! The event types of the operator's catalogue.

use serde_json::value::RawValue;

use super::*;

text! {
    /// The position after a page of event types: the last name on the page.
    open EventTypeCursor { 1..=128, r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$", "the `cursor` of an earlier page" }
}

/// An event type of the catalogue.
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
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<EventTypeCursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestQuery {
    /// The event type whose example the callback contains.
    pub r#type: Option<EventType>,
}

impl PayloadObject {
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.0
    }
}
