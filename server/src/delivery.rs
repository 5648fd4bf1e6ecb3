pub mod schedule;

/// What a callback's body says, as openapi.json declares it under `callbacks`.
#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct CallbackBody<'a> {
    pub r#type: &'a crate::api::types::EventType,
    /// When the notification was accepted.
    pub timestamp: chrono::DateTime<chrono::Utc>,
    /// The very bytes that were published.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub data: &'a serde_json::value::RawValue,
    pub notification: CallbackReference,
    pub webhook: CallbackReference,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
pub struct CallbackReference {
    pub id: uuid::Uuid,
}
