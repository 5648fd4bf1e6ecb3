//! What is stored about an attempt beside its result.
//!
//! Both values are stored as JSON with short names, because a name would be stored with each attempt. Members may be
//! added: a reader ignores unknown members, and a missing member has its default.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::api::types::Auth;

/// The connection and the durations of an attempt. No value is chosen by the receiver, except its own address. Durations
/// are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptFacts {
    /// The address of the connection, or the first address that was tried.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// The version of HTTP: 10 times the major version plus the minor version.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    pub http_version: Option<u8>,
    /// The version of TLS, in the same form.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<u8>,
    #[serde(rename = "r", skip_serializing_if = "is_false")]
    pub reused: bool,
    #[serde(rename = "p", skip_serializing_if = "is_false")]
    pub repeated: bool,
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub token_request: Option<u32>,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub name_lookup: Option<u32>,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    pub connect: Option<u32>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub tls_handshake: Option<u32>,
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<u32>,
    /// The [`fingerprint`] of the webhook, if the request itself is not stored.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<u32>,
}

/// The texts of an attempt: the request without its body, and the header of the response. They contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    #[serde(rename = "u")]
    pub url: String,
    /// The names and values of the header fields of the request.
    #[serde(rename = "q")]
    pub request: Vec<(String, String)>,
    /// The names and values of the header fields of the response.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub response: Vec<(String, String)>,
    /// The body of the request, for a test.
    #[serde(skip)]
    pub body: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Returns a number that changes if the URL, the authentication type or the names of the custom headers of a webhook
/// change. As long as it stays the same, the request of an earlier attempt can be derived from the webhook.
#[must_use]
pub fn fingerprint<'a>(target_url: &str, auth: &Auth, header_names: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut names: Vec<String> = header_names.into_iter().map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    let text = format!("{target_url}\n{}\n{}", auth.type_name(), names.join("\n"));
    let digest = digest(&SHA256, text.as_bytes());
    u32::from_be_bytes(*digest.as_ref().first_chunk().expect("SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_of_an_accepted_attempt_need_at_most_115_bytes() {
        let facts = AttemptFacts {
            remote: Some("[2001:db8:1234:5678:9abc:def0:1234:5678]:443".parse().expect("an address")),
            http_version: Some(20),
            tls_version: Some(13),
            name_lookup: Some(123),
            connect: Some(123),
            tls_handshake: Some(123),
            first_byte: Some(1234),
            fingerprint: Some(u32::MAX),
            ..AttemptFacts::default()
        };
        let text = serde_json::to_string(&facts).expect("facts are JSON");
        assert!(text.len() <= 115, "{} {text}", text.len());
        assert_eq!(serde_json::from_str::<AttemptFacts>(&text).expect("the same facts"), facts);
        assert_eq!(serde_json::from_str::<AttemptFacts>(r#"{"later":1}"#).expect("unknown members are ignored"), AttemptFacts::default());
    }
}
