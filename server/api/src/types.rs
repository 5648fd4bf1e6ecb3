//! The types of request and response bodies. Each resource has its own file. Deserialization checks each value. The
//! schema of a type contains the rules that the deserialization of the type checks. `cargo xtask openapi` compares
//! these schemas with openapi.json.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use uuid::Uuid;

use crate::text::text;

mod attempt;
mod audit_event;
mod auth;
mod caller;
mod custom_header;
mod delivery;
mod event_type;
mod health;
mod identifier;
mod notification;
mod pause;
mod problem;
mod recovery;
mod selection;
mod service_status;
mod signing_secret;
mod statistics;
mod webhook;

pub use attempt::{Attempt, AttemptConnection, AttemptRequest, AttemptTimings, HeaderField};
pub use audit_event::{AuditAction, AuditDetails, AuditEvent, AuditEventPage, AuditEventQuery, AuditObject};
pub use auth::{Auth, AuthInput, ClientId, ClientSecret, Password, TokenAudience, TokenScope, Username};
pub use caller::{Caller, ScopeName};
pub use custom_header::{CustomHeader, CustomHeaderInput, CustomHeaderInputs, CustomHeaderName};
pub use delivery::{
    Delivery, DeliveryDetail, DeliveryPage, DeliveryQuery, DeliveryStatus, NotificationReference, PrecedingDelivery, WaitingFor,
    WebhookReference,
};
pub use event_type::{EventTypeCursor, EventTypePage, EventTypeQuery, EventTypeRecord, TestQuery};
pub use health::{MAX_BACKLOG, WebhookFailure, WebhookHealth, WebhookHealthState};
pub use identifier::{first_id_at, new_id, time_of};
pub use notification::{
    EventType, IdempotencyKey, Notification, NotificationPage, NotificationPublication, NotificationQuery, PayloadObject,
    PublicationHeaders, PublishedEventType,
};
pub use pause::{Pause, PauseId, PausePage, PausePath, PauseQuery, PauseRequest};
pub use problem::{Problem, ProblemError};
pub use recovery::{DeliveryRecovery, MAX_DELIVERIES_PER_CALL, RecoveredDeliveries, RecoveryCursor};
pub use selection::{ChangedDeliveries, DeliverySelection, OutcomeName, SelectionCursor, StatusCode};
pub use service_status::{AccountPage, AccountQuery, AccountSummary, Backlog, ServiceStatus, StorageStatus};
pub use signing_secret::{NoStore, OverlapSeconds, SigningSecretRecord, SigningSecretRotation};
pub use statistics::{
    Statistics, StatisticsDeliveries, StatisticsInterval, StatisticsItem, StatisticsPercentiles, StatisticsQuery, StatisticsTotal,
};
pub use webhook::{
    Deactivation, Description, EventTypePattern, EventTypes, NewDescription, Webhook, WebhookActivation, WebhookDeactivation, WebhookPage,
    WebhookQuery, WebhookRegistration, WebhookStatus, WebhookUpdate,
};

text! {
    /// The customer that owns webhooks and notifications.
    open Account { 1..=63, r"^[a-z0-9][a-z0-9_-]{0,62}$",
        "1 to 63 lower-case letters, digits, `-` or `_`, beginning with a letter or digit" }

    /// The position after a page: the identifier of the last item on the page, in base64url (RFC 4648 §5).
    open Cursor { 22..=22, r"^[A-Za-z0-9_-]{21}[AQgw]$", "the `cursor` of an earlier page" }

    /// An absolute URL to which this service may send requests. The type contains exactly the text that the customer
    /// sent.
    open OutboundUrl { 9..=2048, r"^[Hh][Tt][Tt][Pp][Ss]://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{0,5})?(/[\x21\x24-\x3b\x3d\x40-\x5b\x5d\x5f\x61-\x7a\x7c\x7e]*)?(\?[\x21\x24-\x26\x28-\x3b\x3d\x3f-\x5b\x5d-\x7e]*)?$",
        "an absolute https URL of printable ASCII characters, such as `https://example.com/notify`, with `%` escapes for other characters", format: "uri",
        precheck: outbound_url }
}

/// Checks a URL before the pattern is checked. Each common mistake has its own error message. The returned text has
/// `https` instead of `http`, because the pattern allows only `https`. The guard decides later whether `http` is
/// allowed (`--allow-http`).
fn outbound_url(text: &str) -> Result<std::borrow::Cow<'_, str>, String> {
    let url =
        url::Url::parse(text).map_err(|error| format!("must be an absolute https URL, such as `https://example.com/notify`: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user name or password: send them in `auth`".to_owned());
    }
    if let Some(url::Host::Domain(name)) = url.host() {
        if !text.is_ascii() && name.split('.').any(|label| label.starts_with("xn--")) {
            return Err(format!("must have only ASCII characters: write the host name as `{name}`"));
        }
        // RFC 1035 §2.3.4. A name may end with a dot.
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.len() > 253 || name.split('.').any(|label| !(1..=63).contains(&label.len())) {
            return Err("must have a host name of at most 253 characters, whose labels between the dots have 1 to 63 characters".to_owned());
        }
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment (`#…`): it would never be sent".to_owned());
    }
    // The pattern refuses all other characters that are requested in another form than they are written.
    let is_dot = |segment: &str| [".", ".."].contains(&segment.to_ascii_lowercase().replace("%2e", ".").as_str());
    let path = text.split('?').next().unwrap_or_default();
    // Few URLs have such a segment, so the first two conditions save the third one.
    if (path.contains("/.") || path.contains("/%2")) && path.split('/').skip(3).any(is_dot) {
        return Err("must not have `.` or `..` as a segment of the path: it would be requested without them".to_owned());
    }
    Ok(match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("https://{rest}").into(),
        _ => text.into(),
    })
}

impl OutboundUrl {
    #[must_use]
    pub fn to_url(&self) -> url::Url {
        url::Url::parse(self.as_str()).expect("`parse` has already parsed this text")
    }
}

impl Cursor {
    #[must_use]
    pub fn after(id: Uuid) -> Cursor {
        use base64::Engine as _;
        Cursor(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id))
    }

    #[must_use]
    pub fn id(&self) -> Uuid {
        use base64::Engine as _;
        let bytes =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&self.0).expect("the pattern allows only 16 bytes in base64url");
        Uuid::from_slice(&bytes).expect("22 characters of base64url are 16 bytes")
    }
}

/// An identifier in the hyphenated format (RFC 9562 §4). openapi.json allows only this format, but the `uuid` crate
/// accepts four formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub Uuid);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Uuid::try_parse(&text) {
            Ok(id) if text.len() == uuid::fmt::Hyphenated::LENGTH => Ok(Id(id)),
            _ => Err(D::Error::custom("must be an identifier such as `0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55`")),
        }
    }
}

impl JsonSchema for Id {
    fn schema_name() -> String {
        "Id".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        Uuid::json_schema(generator)
    }
}

/// A time in a request (RFC 3339).
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|time| Timestamp(time.to_utc()))
            .map_err(|_| D::Error::custom("must be a time such as `2006-01-02T15:04:05Z` (RFC 3339)"))
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> String {
        "Timestamp".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(generator: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        DateTime::<Utc>::json_schema(generator)
    }
}

/// Truncates a time to milliseconds, the precision of the store. So registerWebhook and a later getWebhook return the
/// same time.
#[must_use]
pub fn to_milliseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(3)
}

/// The maximum number of items on a page.
#[derive(Clone, Copy, Debug)]
pub struct PageLimit(pub u32);

impl PageLimit {
    pub const DEFAULT: PageLimit = PageLimit(10);
    const MAXIMUM: u32 = 200;
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PageLimit, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(limit) if (1..=PageLimit::MAXIMUM).contains(&limit) => Ok(PageLimit(limit)),
            _ => Err(D::Error::custom("must be a whole number from 1 to 200")),
        }
    }
}

impl JsonSchema for PageLimit {
    fn schema_name() -> String {
        "PageLimit".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(_: &mut schemars::r#gen::SchemaGenerator) -> schemars::schema::Schema {
        integer(1, f64::from(PageLimit::MAXIMUM))
    }
}

#[derive(Deserialize, JsonSchema)]
pub struct IdPath {
    /// The identifier of the object.
    pub id: Id,
}

/// Deserializes an optional member and refuses null. With `serde(default)`, an absent member is `None`.
fn non_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A deserializer that accepts only objects. Without this deserializer, serde also reads a struct from an array. The
/// schema does not allow an array there. serde also reads a unit variant of an enum from an object, so `one_of` reads
/// only strings.
pub struct ObjectOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Parses a text that is one JSON object. serde_json alone also reads a struct from an array.
///
/// # Errors
/// If the text is not one JSON object, or `T` refuses it.
pub fn parse_object<T: serde::de::DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(ObjectOnly(&mut deserializer))?;
    deserializer.end()?;
    Ok(value)
}

fn non_null_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(ObjectOnly(deserializer)).map(Some)
}

fn one_of<'de, T: Copy, D: Deserializer<'de>>(deserializer: D, values: &[(&'static str, T)]) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    values.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<String> = values.iter().map(|(name, _)| format!("`{name}`")).collect();
        D::Error::custom(format!("must be {}", names.join(" or ")))
    })
}

fn is_none<T>(option: &Option<T>) -> bool {
    option.is_none()
}

/// Returns the schema of an `int32` with a minimum and a maximum.
fn integer(minimum: i32, maximum: f64) -> schemars::schema::Schema {
    schemars::schema::SchemaObject {
        instance_type: Some(schemars::schema::InstanceType::Integer.into()),
        format: Some("int32".to_owned()),
        number: Some(Box::new(schemars::schema::NumberValidation {
            minimum: Some(f64::from(minimum)),
            maximum: Some(maximum),
            ..Default::default()
        })),
        ..Default::default()
    }
    .into()
}

/// Schemas of response members that are plain numbers in Rust.
mod schemas {
    use schemars::{r#gen::SchemaGenerator, schema::Schema};

    pub(super) fn count(_: &mut SchemaGenerator) -> Schema {
        super::integer(0, f64::from(i32::MAX))
    }

    /// The maximum is the largest integer that every JSON parser reads exactly (RFC 8259 §6).
    pub(super) fn large_count(_: &mut SchemaGenerator) -> Schema {
        let Schema::Object(integer) = super::integer(0, 9_007_199_254_740_991.0) else { unreachable!("`integer` returns an object") };
        schemars::schema::SchemaObject { format: Some("int64".to_owned()), ..integer }.into()
    }

    pub(super) fn ordinal(_: &mut SchemaGenerator) -> Schema {
        super::integer(1, f64::from(i32::MAX))
    }

    pub(super) fn http_status(_: &mut SchemaGenerator) -> Schema {
        super::integer(100, 999.0)
    }

    pub(super) fn error_status(_: &mut SchemaGenerator) -> Schema {
        super::integer(400, 599.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_returns_its_identifier() {
        let id = Uuid::now_v7();
        let cursor = Cursor::after(id);
        assert_eq!(Cursor::parse(cursor.as_str()).expect("a cursor matches its own pattern").id(), id);
        assert!(Cursor::parse("AAAAAAAAAAAAAAAAAAAAAB").is_err(), "a cursor with bits beyond the 16 bytes is invalid");
    }

    #[test]
    fn an_invalid_outbound_url_names_the_mistake() {
        for (text, expected) in [
            ("example.com", "absolute https URL"),
            ("ftp://example.com", "absolute https URL"),
            ("https://user@example.com", "must not carry a user name"),
            ("https://user:pass@example.com", "must not carry a user name"),
            ("https://example.com/#top", "must not have a fragment"),
            ("https://example.com/a b", "absolute https URL"),
            ("https://example.com\\a", "absolute https URL"),
            ("https://exämple.com", "write the host name as `xn--exmple-cua.com`"),
            ("https://example.com/ä", "printable ASCII"),
            ("https://a..b/", "1 to 63 characters"),
            ("https://.a/", "1 to 63 characters"),
            (&format!("https://{}.com/", "a".repeat(64)), "1 to 63 characters"),
            (&format!("https://{}com/", "a.".repeat(126)), "at most 253 characters"),
            ("https://example.com/a/../b", "must not have `.` or `..`"),
            ("https://example.com/.", "must not have `.` or `..`"),
            ("https://example.com/a/%2E./?b", "must not have `.` or `..`"),
            ("https://example.com/{id}", "`%` escapes"),
            ("https://example.com/<a>", "`%` escapes"),
            ("https://example.com/?a='b'", "`%` escapes"),
            (&format!("https://example.com/{}", "a".repeat(2048)), "at most 2048 characters"),
        ] {
            let error = OutboundUrl::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
        for text in [
            "https://example.com",
            "HTTPS://Example.com",
            "https://h:/",
            "https://example.com./",
            "https://example.com:8443/a?b=c&d[]=%20",
            "https://[2001:4860:4860::8888]/",
            "http://example.com",
            "https://example.com/.a/b..?c=/../{d}",
        ] {
            assert_eq!(OutboundUrl::parse(text).expect(text).as_str(), text);
        }
    }
}
