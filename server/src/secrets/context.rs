//! The contexts of encrypted values. A value can be decrypted only with the context with which it was encrypted.
//!
//! A context names the place of a value: the kind of the value, and the row. The context of credentials also has all
//! stored data that decides where the credentials are sent. So if somebody changes this data in the database, or copies
//! a value to another row, the service can no longer decrypt the value, and sends it nowhere.
//!
//! A context is a list of texts, each with its length before it. The first text is a constant. So two different lists
//! never have the same context.

use url::Url;
use uuid::Uuid;

use crate::api::types::Auth;

/// Returns the context of a password or client secret. It binds the account, the webhook, the authentication type, and
/// the origins of the target URL and the token URL. Paths, user names and client identifiers may change.
pub fn auth_context(account: &str, webhook_id: Uuid, auth: &Auth, target: &Origin) -> String {
    let token = auth.token_url().map(|token_url| Origin::of_text(token_url.as_str())).unwrap_or_default();
    context(&["webhook-auth", account, id_text(webhook_id, &mut [0; ID_LENGTH]), auth.type_name(), &target.0, &token.0])
}

/// Returns the context of custom headers. It binds the account, the webhook, and the origin of the target URL.
pub fn headers_context(account: &str, webhook_id: Uuid, target: &Origin) -> String {
    context(&["webhook-headers", account, id_text(webhook_id, &mut [0; ID_LENGTH]), &target.0])
}

/// Returns the context of the signing secrets. It binds the account and the webhook. A signature does not reveal the
/// secret, so the context does not bind the target URL.
pub fn signing_context(account: &str, webhook_id: Uuid) -> String {
    context(&["webhook-signing", account, id_text(webhook_id, &mut [0; ID_LENGTH])])
}

/// Returns the context of the sealed value in a row of the table `keys`.
pub(super) fn key_context(kind: &str, id: &str) -> String {
    context(&["key", kind, id])
}

/// The origin (RFC 6454) of a URL: scheme, host, and port if it is not the default port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    pub fn of(url: &Url) -> Origin {
        Origin(url.origin().ascii_serialization())
    }

    /// Returns the origin of a stored URL. It is empty if the text is not a URL: no value is encrypted for such a text.
    pub fn of_text(url: &str) -> Origin {
        Url::parse(url).map(|url| Origin::of(&url)).unwrap_or_default()
    }
}

const ID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

fn id_text(id: Uuid, buffer: &mut [u8; ID_LENGTH]) -> &str {
    id.hyphenated().encode_lower(buffer)
}

/// Writes each length as one character, because formatting a number would be the most expensive part of a context.
fn context(parts: &[&str]) -> String {
    let mut context = String::with_capacity(parts.iter().map(|part| part.len() + 2).sum());
    for part in parts {
        let length = u32::try_from(part.len()).ok().and_then(char::from_u32);
        // Only a damaged row has a part that is so long. No value was encrypted for such a part.
        context.push(length.unwrap_or(char::MAX));
        context.push_str(part);
    }
    context
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::api::types::{OutboundUrl, Username};

    const ID: Uuid = Uuid::from_u128(1);

    fn basic(username: &str) -> Auth {
        Auth::Basic { username: Username::parse(username).expect("a user name") }
    }

    fn client(token_url: &str) -> Auth {
        let client_id = crate::api::types::ClientId::parse("client").expect("an id");
        Auth::ClientCredential { client_id, token_url: OutboundUrl::parse(token_url).expect("a URL"), scope: None, audience: None }
    }

    #[test]
    fn every_part_that_decides_where_a_secret_is_sent_changes_the_context() {
        let of = Origin::of_text;
        let target = &of("https://example.com/a");
        let token = client("https://auth.example.com/token");
        let contexts = [
            auth_context("acme", ID, &basic("u"), target),
            auth_context("other", ID, &basic("u"), target),
            auth_context("acme", Uuid::from_u128(2), &basic("u"), target),
            auth_context("acme", ID, &Auth::Noauth {}, target),
            auth_context("acme", ID, &basic("u"), &of("https://example.org/a")),
            auth_context("acme", ID, &basic("u"), &of("https://example.com:8443/a")),
            auth_context("acme", ID, &basic("u"), &of("http://example.com/a")),
            auth_context("acme", ID, &basic("u"), &of("no URL")),
            auth_context("acme", ID, &token, target),
            auth_context("acme", ID, &token, &of("https://example.org/a")),
            auth_context("acme", ID, &client("https://example.org/token"), target),
            headers_context("acme", ID, target),
            headers_context("other", ID, target),
            headers_context("acme", Uuid::from_u128(2), target),
            headers_context("acme", ID, &of("https://example.org/a")),
            signing_context("acme", ID),
            signing_context("other", ID),
            signing_context("acme", Uuid::from_u128(2)),
            key_context("mac", "1"),
            key_context("master", "1"),
        ];
        assert_eq!(contexts.iter().collect::<HashSet<_>>().len(), contexts.len(), "{contexts:#?}");
        assert_eq!(
            auth_context("acme", ID, &token, target),
            "\u{c}webhook-auth\u{4}acme\u{24}00000000-0000-0000-0000-000000000001\u{11}client_credential\u{13}https://example.com\u{18}https://auth.example.com"
        );
    }

    #[test]
    fn another_path_or_spelling_of_the_same_origin_keeps_the_context() {
        let context = |auth: &Auth, target: &str| auth_context("acme", ID, auth, &Origin::of_text(target));
        let headers = |target: &str| headers_context("acme", ID, &Origin::of_text(target));
        for target in ["https://example.com/b?c", "https://example.com:443/a", "https://EXAMPLE.com"] {
            assert_eq!(context(&basic("other"), target), context(&basic("u"), "https://example.com/a"), "{target}");
            assert_eq!(headers(target), headers("https://example.com/a"), "{target}");
        }
        let [one, other] = ["https://auth.example.com/token", "https://auth.example.com:443/other"].map(client);
        assert_eq!(context(&one, "https://example.com"), context(&other, "https://example.com"));
    }

    #[test]
    fn a_separator_in_a_part_does_not_join_two_parts() {
        let id = ID.to_string();
        let joined = signing_context(&format!("a\u{24}{id}"), ID);
        assert_ne!(joined, context(&["webhook-signing", "a", &id, &id]));
    }
}
