//! The body of a callback. It is serialized once for all webhooks that get the notification.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::callback::{CallbackBody, CallbackReference};
use crate::api::types::EventType;

/// The body of a callback for any webhook. Only the webhook's identifier differs from webhook to webhook. So the text
/// before the identifier is serialized once, and the identifier is the last member.
#[derive(Clone, Debug)]
pub struct CallbackTemplate(Bytes);

/// The length in bytes of the text after the identifier.
const TAIL_LEN: usize = "\"}}".len();

impl CallbackTemplate {
    #[must_use]
    pub fn new(notification_id: Uuid, event_type: &EventType, timestamp: DateTime<Utc>, data: &RawValue) -> CallbackTemplate {
        let notification = CallbackReference { id: notification_id };
        let webhook = CallbackReference { id: Uuid::nil() };
        CallbackTemplate(CallbackBody { r#type: event_type, timestamp, data, notification, webhook }.to_json().into())
    }

    /// Returns the body for one webhook.
    #[must_use]
    pub fn to(&self, webhook_id: Uuid) -> Bytes {
        let mut body = self.0.to_vec();
        let end = body.len() - TAIL_LEN;
        webhook_id.hyphenated().encode_lower(&mut body[end - uuid::fmt::Hyphenated::LENGTH..end]);
        body.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_gives_the_serialized_body_for_each_webhook() {
        let data = RawValue::from_string(r#"{"webhook":{"id":"x"}}"#.to_owned()).expect("JSON");
        let event_type = EventType::parse("a.b").expect("a type");
        let (id, now) = (Uuid::now_v7(), DateTime::UNIX_EPOCH);
        let template = CallbackTemplate::new(id, &event_type, now, &data);
        for webhook_id in [Uuid::now_v7(), Uuid::max()] {
            let (notification, webhook) = (CallbackReference { id }, CallbackReference { id: webhook_id });
            let body = CallbackBody { r#type: &event_type, timestamp: now, data: &data, notification, webhook };
            assert_eq!(template.to(webhook_id), body.to_json());
        }
    }
}
