//! The data of a notification as its JSON text.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A JSON object as text, such as the data of a notification.
///
/// The service delivers the bytes that were published. So this type keeps the text: the order and the repetition of members,
/// the digits of numbers, escapes and spaces between tokens.
///
/// ```
/// use webhooks_client::Payload;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Purchase {
///     id: String,
/// }
///
/// let from_value = Payload::serialize(&Purchase { id: "p-1".to_owned() })?;
/// let from_text: Payload = r#"{"id":"p-1"}"#.parse()?;
/// assert_eq!(from_value, from_text);
/// assert_eq!(from_text.as_str(), r#"{"id":"p-1"}"#);
/// let purchase: Purchase = from_text.deserialize()?;
/// assert_eq!(purchase.id, "p-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Payload(Box<RawValue>);

/// The reason why a text or a value is not a payload.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    #[error("the data is not JSON: {0}")]
    Json(serde_json::Error),
    #[error("the data is not a JSON object")]
    NotAnObject,
}

impl Payload {
    /// Serializes a value, such as a struct or a map.
    ///
    /// # Errors
    /// If the value cannot be serialized, or if it is not an object.
    pub fn serialize<T: Serialize + ?Sized>(value: &T) -> Result<Payload, PayloadError> {
        object(serde_json::value::to_raw_value(value).map_err(PayloadError::Json)?)
    }

    /// Returns the JSON text. The text has no spaces before or after the object.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Converts the payload to a value.
    ///
    /// # Errors
    /// If the members of the payload do not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }
}

fn object(text: Box<RawValue>) -> Result<Payload, PayloadError> {
    if text.get().starts_with('{') { Ok(Payload(text)) } else { Err(PayloadError::NotAnObject) }
}

impl FromStr for Payload {
    type Err = PayloadError;

    fn from_str(text: &str) -> Result<Payload, PayloadError> {
        object(serde_json::from_str(text).map_err(PayloadError::Json)?)
    }
}

impl TryFrom<&str> for Payload {
    type Error = PayloadError;

    fn try_from(text: &str) -> Result<Payload, PayloadError> {
        text.parse()
    }
}

impl TryFrom<String> for Payload {
    type Error = PayloadError;

    fn try_from(text: String) -> Result<Payload, PayloadError> {
        text.parse()
    }
}

impl TryFrom<Value> for Payload {
    type Error = PayloadError;

    fn try_from(value: Value) -> Result<Payload, PayloadError> {
        Payload::serialize(&value)
    }
}

impl TryFrom<Map<String, Value>> for Payload {
    type Error = PayloadError;

    fn try_from(members: Map<String, Value>) -> Result<Payload, PayloadError> {
        Payload::serialize(&members)
    }
}

impl PartialEq for Payload {
    /// Compares the texts.
    fn eq(&self, other: &Payload) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Payload").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Payload, D::Error> {
        object(Box::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::Callback;
    use crate::types::{EventType, Notification, NotificationPublication};

    /// JSON that a conversion through `serde_json::Value` changes: order, digits, repetition, escapes and spaces.
    const DATA: &str = r#"{"m":123456789012345678901234567890.10,"z":1e2, "a":"\u00e9","a":[ {} ]}"#;

    #[test]
    fn the_bytes_of_a_payload_are_kept_in_every_type_that_has_one() {
        let id = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";
        let publication: NotificationPublication =
            NotificationPublication::builder().type_("a.b").data(DATA).try_into().expect("a publication");
        assert!(serde_json::to_string(&publication).expect("JSON").contains(DATA));
        let text = format!(r#"{{"id":"{id}","type":"a.b","data":{DATA},"createdAt":"2006-01-02T15:04:05Z","deliveryCount":1}}"#);
        let notification: Notification = serde_json::from_str(&text).expect("a notification");
        assert_eq!(notification.data.as_str(), DATA);
        assert!(serde_json::to_string(&notification).expect("JSON").contains(DATA));
        let event_type: EventType =
            serde_json::from_str(&format!(r#"{{"name":"a.b","description":"x","example":{DATA}}}"#)).expect("an event type");
        assert_eq!(event_type.example.as_ref().map(Payload::as_str), Some(DATA));
        let text = format!(
            r#"{{"type":"a.b","timestamp":"2006-01-02T15:04:05Z","data":{DATA},"notification":{{"id":"{id}"}},"webhook":{{"id":"{id}"}}}}"#
        );
        let callback: Callback = serde_json::from_str(&text).expect("a callback");
        assert_eq!(callback.data.as_str(), DATA);
        let body: crate::types::CallbackBody = serde_json::from_str(&text).expect("a body");
        assert_eq!(body.data.as_str(), DATA);
    }

    #[test]
    fn only_an_object_is_a_payload() {
        assert_eq!(" {} \n".parse::<Payload>().expect("an object").as_str(), "{}");
        for text in ["[]", "1", "null", r#""{}""#] {
            assert!(matches!(text.parse::<Payload>(), Err(PayloadError::NotAnObject)), "{text}");
            serde_json::from_str::<Payload>(text).expect_err(text);
        }
        for text in ["", "{", "{} {}", "{a:1}"] {
            assert!(matches!(text.parse::<Payload>(), Err(PayloadError::Json(_))), "{text}");
        }
        assert!(matches!(Payload::serialize(&[1]), Err(PayloadError::NotAnObject)));
    }

    #[test]
    fn a_value_is_a_payload_too() {
        let value = serde_json::json!({ "a": { "b": [1, null] } });
        let payload = Payload::try_from(value.clone()).expect("an object");
        assert_eq!(payload.deserialize::<Value>().expect("JSON"), value);
        assert_eq!(serde_json::from_value::<Payload>(value).expect("an object"), payload);
    }
}
