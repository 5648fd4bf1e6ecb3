//! Recovery makes failed and cancelled deliveries due again.

use super::*;

/// The maximum number of deliveries that one call examines.
pub const MAX_DELIVERIES_PER_CALL: u32 = 10_000;

text! {
    /// The position of the last examined delivery, in base64url (RFC 4648 §5). The first 8 bytes are the creation time
    /// of the delivery in milliseconds since 1970, big-endian. The other 16 bytes are the identifier of the delivery.
    open RecoveryCursor { 32..=32, r"^[A-Za-z0-9_-]{32}$", "the `cursor` of an earlier recovery" }
}

impl RecoveryCursor {
    #[must_use]
    pub fn after(created_at: DateTime<Utc>, delivery_id: Uuid) -> RecoveryCursor {
        use base64::Engine as _;
        let bytes = [&created_at.timestamp_millis().to_be_bytes()[..], delivery_id.as_bytes()].concat();
        RecoveryCursor(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns the creation time and the identifier of the delivery. A time outside the range of `DateTime` becomes the
    /// maximum `DateTime`. No delivery is created after this maximum.
    #[must_use]
    pub fn position(&self) -> (DateTime<Utc>, Uuid) {
        use base64::Engine as _;
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&self.0).expect("the pattern allows only 24 bytes in base64url");
        let (time, id) = bytes.split_first_chunk().expect("24 bytes are more than 8");
        let time = DateTime::from_timestamp_millis(i64::from_be_bytes(*time)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        (time, Uuid::from_slice(id).expect("24 bytes minus 8 are 16"))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeliveryRecovery {
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
    #[schemars(with = "RecoveryCursor")]
    pub cursor: Option<RecoveryCursor>,
}

#[derive(Serialize, JsonSchema)]
pub struct RecoveredDeliveries {
    #[schemars(schema_with = "recovered_count")]
    pub count: u32,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "RecoveryCursor")]
    pub cursor: Option<RecoveryCursor>,
}

pub(super) fn recovered_count(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    integer(0, f64::from(MAX_DELIVERIES_PER_CALL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_its_position() {
        let (time, id) = (DateTime::from_timestamp_millis(1_136_214_245_006).expect("a time"), Uuid::now_v7());
        let cursor = RecoveryCursor::after(time, id);
        assert_eq!(RecoveryCursor::parse(cursor.as_str()).expect("a cursor matches its own pattern").position(), (time, id));
    }

    #[test]
    fn every_text_that_matches_the_pattern_is_a_position() {
        for text in ["_", "A", "f", "-"].map(|letter| letter.repeat(32)) {
            let cursor = RecoveryCursor::parse(text).expect("the text matches the pattern");
            assert!(cursor.position() <= (DateTime::<Utc>::MAX_UTC, Uuid::max()));
        }
    }
}
