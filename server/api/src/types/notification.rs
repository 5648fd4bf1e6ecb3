//! Notifications.

use serde_json::value::RawValue;

use super::*;

text! {
    open EventType { 1..=128, r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$", "a dotted lower-case name such as `catalog.purchase.closed`, at most 128 characters long" }

    /// An event type that clients may publish.
    open PublishedEventType { 1..=128, r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$",
        "a dotted lower-case name such as `catalog.purchase.closed`, at most 128 characters long and not beginning with `webhook.`, which is reserved for the service",
        except: r"^webhook\." }

    /// Identifies one publication. A repeated request with the same key does not publish the notification again.
    open IdempotencyKey { 1..=255, r"^[\x21-\x7e]+$", "1 to 255 visible ASCII characters" }
}

/// A JSON object, with exactly the bytes that the caller sent.
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
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
    #[serde(default, deserialize_with = "non_null_object", skip_serializing_if = "is_none")]
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
    /// Only platform tokens see the account.
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "Account")]
    pub account: Option<Account>,
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
    /// Returns only notifications of this account.
    pub account: Option<Account>,
    /// Returns only notifications of this type.
    pub r#type: Option<EventType>,
    /// The maximum number of items on the page.
    pub limit: Option<PageLimit>,
    /// The `cursor` in the response with the previous page.
    pub cursor: Option<Cursor>,
}

/// The headers of a publication. This type only adds these headers to the generated document. dropshot's extractor
/// refuses a request if any header of the request is not ASCII. So the handler reads the headers without the extractor.
#[derive(Deserialize, JsonSchema)]
pub struct PublicationHeaders {
    /// Identifies this publication. A repeated request with the same key does not publish the notification again.
    #[serde(rename = "Idempotency-Key")]
    #[expect(dead_code, reason = "only the schema is used")]
    key: Option<IdempotencyKey>,
    /// The trace of the publication. The service ignores a value that is not a trace of version 00.
    #[expect(dead_code, reason = "only the schema is used")]
    traceparent: Option<String>,
    /// Vendor data of the trace in `traceparent`.
    #[expect(dead_code, reason = "only the schema is used")]
    tracestate: Option<String>,
}
