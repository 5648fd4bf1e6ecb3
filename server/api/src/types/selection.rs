//! The selection of deliveries that one call changes.

use super::*;

text! {
    /// The outcome of an attempt. More values may be added.
    open OutcomeName { 1..=32, r"^[a-z_]+$", "an outcome such as `rejected`" }

    /// The position of the last examined delivery, in base64url (RFC 4648 §5): the identifiers of its webhook and of the
    /// delivery.
    open SelectionCursor { 43..=43, r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$", "the `cursor` of an earlier call" }
}

impl SelectionCursor {
    #[must_use]
    pub fn after(webhook_id: Uuid, delivery_id: Uuid) -> SelectionCursor {
        use base64::Engine as _;
        let bytes = [&webhook_id.as_bytes()[..], &delivery_id.as_bytes()[..]].concat();
        SelectionCursor(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns the identifiers of the webhook and of the delivery.
    #[must_use]
    pub fn position(&self) -> (Uuid, Uuid) {
        use base64::Engine as _;
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&self.0).expect("the pattern allows only 32 bytes in base64url");
        let (webhook, delivery) = bytes.split_at(16);
        let id = |bytes| Uuid::from_slice(bytes).expect("32 bytes are two identifiers");
        (id(webhook), id(delivery))
    }
}

/// The status of a response, in a request.
#[derive(Clone, Copy, Debug)]
pub struct StatusCode(pub u16);

impl<'de> Deserialize<'de> for StatusCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
        match i64::deserialize(deserializer)?.try_into() {
            Ok(code) if (100..=999).contains(&code) => Ok(StatusCode(code)),
            _ => Err(D::Error::custom("must be a whole number from 100 to 999")),
        }
    }
}

impl JsonSchema for StatusCode {
    fn schema_name() -> String {
        "StatusCode".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        schemas::http_status(generator)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeliverySelection {
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none", rename = "webhookID")]
    #[schemars(with = "Id")]
    pub webhook_id: Option<Id>,
    pub since: Timestamp,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "Timestamp")]
    pub until: Option<Timestamp>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "EventType")]
    pub r#type: Option<EventType>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "OutcomeName")]
    pub outcome: Option<OutcomeName>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "StatusCode")]
    pub status_code: Option<StatusCode>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub dry_run: Option<bool>,
    #[serde(default, deserialize_with = "non_null", skip_serializing_if = "is_none")]
    #[schemars(with = "SelectionCursor")]
    pub cursor: Option<SelectionCursor>,
}

#[derive(Serialize, JsonSchema)]
pub struct ChangedDeliveries {
    #[schemars(schema_with = "recovery::recovered_count")]
    pub count: u32,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "SelectionCursor")]
    pub cursor: Option<SelectionCursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_its_position() {
        let position = (Uuid::now_v7(), Uuid::now_v7());
        let cursor = SelectionCursor::after(position.0, position.1);
        assert_eq!(SelectionCursor::parse(cursor.as_str()).expect("a cursor matches its own pattern").position(), position);
        assert!(SelectionCursor::parse("A".repeat(42)).is_err() && SelectionCursor::parse(format!("{}B", "A".repeat(42))).is_err());
    }
}
