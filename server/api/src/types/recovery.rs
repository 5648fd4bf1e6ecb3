//! Making deliveries due again that did not succeed.

use super::*;

/// The most deliveries that one call examines, and recovers.
pub const MOST_IN_A_CALL: u32 = 10_000;

text! {
    /// Up to where deliveries were recovered: milliseconds since 1970 in 8 bytes and an identifier in 16, big-endian, in
    /// base64url (RFC 4648 §5).
    open RecoveryCursor { 32..=32, r"^[A-Za-z0-9_-]{32}$", "a `cursor` that an earlier recovery gave" }
}

impl RecoveryCursor {
    #[must_use]
    pub fn after(created_at: DateTime<Utc>, delivery_id: Uuid) -> RecoveryCursor {
        use base64::Engine as _;
        let bytes = [&created_at.timestamp_millis().to_be_bytes()[..], delivery_id.as_bytes()].concat();
        RecoveryCursor(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A time beyond all calendars is the end of them: nothing is created after that.
    #[must_use]
    pub fn position(&self) -> (DateTime<Utc>, Uuid) {
        use base64::Engine as _;
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&self.0).expect("the pattern admits only 24 bytes in base64url");
        let (time, id) = bytes.split_first_chunk().expect("24 bytes are more than 8");
        let time = DateTime::from_timestamp_millis(i64::from_be_bytes(*time)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        (time, Uuid::from_slice(id).expect("24 bytes without 8 are 16"))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeliveryRecovery {
    pub since: Timestamp,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "Timestamp")]
    pub until: Option<Timestamp>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "bool")]
    pub dry_run: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_none")]
    #[schemars(with = "RecoveryCursor")]
    pub cursor: Option<RecoveryCursor>,
}

#[derive(Serialize, JsonSchema)]
pub struct RecoveredDeliveries {
    #[schemars(schema_with = "recovered")]
    pub count: u32,
    #[serde(default, skip_serializing_if = "is_none")]
    #[schemars(with = "RecoveryCursor")]
    pub cursor: Option<RecoveryCursor>,
}

fn recovered(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
    integer(0, f64::from(MOST_IN_A_CALL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_position_it_was_made_of() {
        let (time, id) = (DateTime::from_timestamp_millis(1_136_214_245_006).expect("a time"), Uuid::now_v7());
        let cursor = RecoveryCursor::after(time, id);
        assert_eq!(RecoveryCursor::parse(cursor.as_str()).expect("its own pattern").position(), (time, id));
    }

    #[test]
    fn every_text_of_the_pattern_is_a_position() {
        for text in ["_", "A", "f", "-"].map(|letter| letter.repeat(32)) {
            let cursor = RecoveryCursor::parse(text).expect("in the pattern");
            assert!(cursor.position() <= (DateTime::<Utc>::MAX_UTC, Uuid::max()));
        }
    }
}
