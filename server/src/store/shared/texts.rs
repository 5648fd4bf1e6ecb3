//! The text form in which the store keeps lists and settings of a webhook.

use crate::api::types::{Auth, CustomHeaderName, EventTypePattern, EventTypes};
use crate::store::{CustomHeaders, Sealed};

pub(crate) fn auth_to_text(auth: &Auth) -> serde_json::Result<String> {
    serde_json::to_string(auth)
}

pub(crate) fn auth_from_text(text: &str) -> serde_json::Result<Auth> {
    serde_json::from_str(text)
}

pub(crate) fn event_types_to_text(event_types: &EventTypes) -> String {
    event_types.0.iter().map(EventTypePattern::as_str).collect::<Vec<_>>().join(" ")
}

pub(crate) fn event_types_from_text(text: &str) -> EventTypes {
    EventTypes(text.split(' ').map(|pattern| EventTypePattern::stored(pattern.to_owned())).collect())
}

pub(crate) fn header_names_to_text(headers: &CustomHeaders) -> String {
    headers.names.iter().map(CustomHeaderName::as_str).collect::<Vec<_>>().join(" ")
}

/// Returns the headers from the columns `header_names` and `headers`. Both columns are NULL if the webhook has no
/// headers.
pub(crate) fn custom_headers(names: Option<String>, sealed: Option<Vec<u8>>) -> Option<CustomHeaders> {
    names.zip(sealed).map(|(names, sealed)| CustomHeaders {
        names: names.split(' ').map(|name| CustomHeaderName::stored(name.to_owned())).collect(),
        sealed: Sealed(sealed),
    })
}
