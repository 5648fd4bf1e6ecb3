//! Notifications: the published facts.

use serde_json::value::RawValue;

use super::*;

text! {
    open EventType { 1..=128, r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$", "a dotted lower-case name such as `catalog.purchase.closed`, at most 128 characters long" }

    /// A type that others than the service itself may publish.
    open PublishedEventType { 1..=128, r"^(?!webhook\.)[a-z0-9_-]+(\.[a-z0-9_-]+)*$",
        "a dotted lower-case name such as `catalog.purchase.closed`, at most 128 characters long and not beginning with `webhook.`, which is the service's own" }

    /// Names one publication, so that a repeated request does not publish it twice.
    open IdempotencyKey { 1..=255, r"^[\x21-\x7e]+$", "1 to 255 visible ASCII characters" }
}

/// A JSON object, kept as the very bytes that were sent.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct PayloadObject(pub Box<RawValue>);

impl<'de> Deserialize<'de> for PayloadObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PayloadObject, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('{') {
            return Err(D::Error::custom("must be a JSON object"));
        }
        Ok(PayloadObject(raw))
    }
}

impl JsonSchema for PayloadObject {
    fn schema_name() -> String {
        "PayloadObject".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        serde_json::Map::<String, serde_json::Value>::json_schema(generator)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationPublication {
    pub r#type: PublishedEventType,
    pub data: PayloadObject,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "is_none")]
    #[schemars(with = "PublicationWebhook")]
    pub webhook: Option<PublicationWebhook>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationWebhook {
    pub id: Id,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: Uuid,
    pub r#type: EventType,
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    #[schemars(schema_with = "schemas::count")]
    pub delivery_count: u32,
}

#[derive(Serialize, JsonSchema)]
pub struct NotificationPage {
    #[schemars(length(max = 200))]
    pub data: Vec<Notification>,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Cursor")]
    pub cursor: Option<Cursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationQuery {
    /// Only notifications of this type.
    pub r#type: Option<EventType>,
    /// How many items at most.
    pub limit: Option<PageLimit>,
    /// Where to go on, as the page before said.
    pub cursor: Option<Cursor>,
}

/// For the API description only: the handler reads the headers itself, because dropshot's extractor refuses a request
/// for any unrelated header that is not ASCII.
#[derive(Deserialize, JsonSchema)]
pub struct PublicationHeaders {
    /// Names this publication: the same key with the same body answers the first result.
    #[serde(rename = "Idempotency-Key")]
    #[expect(dead_code, reason = "the schema is what it is for")]
    key: Option<IdempotencyKey>,
    /// The trace that the publication belongs to. Any text: what is no trace is ignored.
    #[expect(dead_code, reason = "the schema is what it is for")]
    traceparent: Option<String>,
    /// What belongs to the trace.
    #[expect(dead_code, reason = "the schema is what it is for")]
    tracestate: Option<String>,
}
