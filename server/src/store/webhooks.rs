//! Stored webhooks, and the changes of stored webhooks.

use super::*;
use crate::secrets::context::Origin;

/// Encrypted bytes. Only [`crate::secrets::seal::Vault`] can decrypt them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[sealed]")
    }
}

#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: Uuid,
    pub account: Account,
    pub target_url: OutboundUrl,
    pub auth: Auth,
    /// The password or client secret of `auth`.
    pub auth_secret: Option<Sealed>,
    pub headers: Option<CustomHeaders>,
    pub signing_secret: Sealed,
    pub previous_secret: Option<PreviousSecret>,
    pub event_types: Option<EventTypes>,
    pub description: Option<Description>,
    /// The maximum number of attempts that may start per second.
    pub max_per_second: Option<u32>,
    /// Whether deliveries are attempted one after another, in the order in which they were published.
    pub ordered: bool,
    pub deactivation: Option<Deactivation>,
    /// The activation counter. Only deliveries of the current epoch are attempted. Pending deliveries of earlier
    /// epochs count as cancelled.
    pub epoch: u32,
    /// The number of the current state of the webhook. It increases with each change, so that an attempt can detect
    /// outdated data.
    pub revision: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The headers that the customer adds to each callback. The list has at least one header.
#[derive(Clone, Debug)]
pub struct CustomHeaders {
    pub names: Vec<CustomHeaderName>,
    /// The encrypted names and values, as a JSON list of pairs.
    pub sealed: Sealed,
}

/// The signing secret that the last rotation replaced. Until `valid_until`, callbacks are signed with both secrets.
#[derive(Clone, Debug)]
pub struct PreviousSecret {
    pub secret: Sealed,
    pub valid_until: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct Deactivation {
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// The customer deactivated the webhook.
pub const REASON_REQUESTED: &str = "requested";
/// The response to a callback was 410 Gone.
pub const REASON_GONE: &str = "gone";

/// The attempts of the webhook have failed for too long.
pub const REASON_FAILING: &str = "failing";

/// The receiver has not agreed in a handshake yet.
pub const REASON_UNVERIFIED: &str = "unverified";

impl Webhook {
    /// Applies an update. Refuses an update if it would cause stored credentials to be sent to another origin.
    pub fn change(&mut self, change: WebhookChange, now: DateTime<Utc>) -> std::result::Result<(), UpdateRefusal> {
        if let Some(target_url) = change.target_url {
            let moved = target_url.to_url().origin() != self.target_url.to_url().origin();
            if moved && change.auth.is_none() && self.auth != (Auth::Noauth {}) {
                return Err(UpdateRefusal::AuthRequired);
            }
            if moved && change.headers.is_none() && self.headers.is_some() {
                return Err(UpdateRefusal::HeadersRequired);
            }
            self.target_url = target_url;
        }
        if change.sealed_for.is_some_and(|origin| origin != Origin::of_text(self.target_url.as_str())) {
            return Err(UpdateRefusal::OtherOrigin);
        }
        if let Some((auth, secret)) = change.auth {
            self.auth = auth;
            self.auth_secret = secret;
        }
        if let Some(headers) = change.headers {
            self.headers = headers;
        }
        if let Some(event_types) = change.event_types {
            self.event_types = event_types.unless_all();
        }
        if let Some(description) = change.description {
            self.description = description;
        }
        if let Some(max_per_second) = change.max_per_second {
            self.max_per_second = max_per_second;
        }
        if let Some(ordered) = change.ordered {
            self.ordered = ordered;
        }
        self.revision += 1;
        self.updated_at = now;
        Ok(())
    }

    /// Returns whether the webhook has a target URL or a token URL that `previous` did not have. The servers at these
    /// URLs may not have agreed in a handshake.
    pub(super) fn needs_new_handshake(&self, previous: &Webhook) -> bool {
        let token_url = self.auth.token_url();
        self.target_url != previous.target_url || (token_url.is_some() && token_url != previous.auth.token_url())
    }
}

/// The new values of an update. `None` means that the update does not change the value.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    pub target_url: Option<OutboundUrl>,
    pub auth: Option<(Auth, Option<Sealed>)>,
    /// `Some(None)` removes the headers.
    pub headers: Option<Option<CustomHeaders>>,
    /// The origin of the target URL for which `auth` and `headers` are sealed. They can be decrypted only if the webhook
    /// has this origin.
    pub sealed_for: Option<Origin>,
    pub event_types: Option<EventTypes>,
    /// `Some(None)` removes the description.
    pub description: Option<Option<Description>>,
    /// `Some(None)` removes the limit.
    pub max_per_second: Option<Option<u32>>,
    pub ordered: Option<bool>,
    /// The challenge for a handshake with a new target URL. It is `None` if no handshake is required.
    pub handshake: Option<Challenge>,
}

/// The webhooks that a list has. `None` means that a value does not matter.
#[derive(Clone, Debug, Default)]
pub struct WebhookFilter {
    pub account: Option<Account>,
    pub status: Option<WebhookStatus>,
    pub health: Option<WebhookHealthState>,
}

/// The part of a webhook from which its health follows.
#[derive(Clone, Debug)]
pub struct HealthQuery {
    pub id: Uuid,
    pub account: Account,
    pub epoch: u32,
    pub deactivated_at: Option<DateTime<Utc>>,
}

impl HealthQuery {
    #[must_use]
    pub fn of(webhook: &Webhook) -> HealthQuery {
        let deactivated_at = webhook.deactivation.as_ref().map(|deactivation| deactivation.at);
        HealthQuery { id: webhook.id, account: webhook.account.clone(), epoch: webhook.epoch, deactivated_at }
    }
}

/// A handshake with a due attempt.
#[derive(Debug)]
pub struct DueHandshake {
    pub webhook_id: Uuid,
    pub account: String,
    pub challenge: Challenge,
    /// The number of this attempt, starting at 1.
    pub attempt: u32,
    /// Whether a process died during this attempt, so that the attempt has ended without a result.
    pub died: bool,
}

#[derive(Debug)]
pub struct DueHandshakes {
    /// The due handshakes, in the order of their due times.
    pub due: Vec<DueHandshake>,
    /// The time at which the next handshake falls due.
    pub next_due: Option<DateTime<Utc>>,
}

/// The result of one attempt of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeEnd {
    /// The webhook becomes active.
    Verified,
    RetryAt(DateTime<Utc>),
    /// The webhook stays deactivated until the customer activates it.
    GivenUp,
}

impl HandshakeEnd {
    /// Returns when the next attempt is due.
    #[must_use]
    pub fn next(self) -> Option<DateTime<Utc>> {
        match self {
            HandshakeEnd::RetryAt(due_at) => Some(due_at),
            HandshakeEnd::Verified | HandshakeEnd::GivenUp => None,
        }
    }
}

/// Why an update is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateRefusal {
    /// The update changes the origin of the target URL, so it must contain `auth`.
    AuthRequired,
    /// The update changes the origin of the target URL, so it must contain `headers`.
    HeadersRequired,
    /// The webhook does not have the origin for which the new credentials are sealed. Another update has changed it.
    OtherOrigin,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(auth: Auth) -> Webhook {
        Webhook {
            id: Uuid::nil(),
            account: Account::parse("acme").expect("valid"),
            target_url: OutboundUrl::parse("https://example.com/a").expect("valid"),
            auth,
            auth_secret: Some(Sealed(vec![1])),
            headers: None,
            signing_secret: Sealed(vec![2]),
            previous_secret: None,
            event_types: None,
            description: None,
            max_per_second: None,
            ordered: false,
            deactivation: None,
            epoch: 0,
            revision: 0,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn to(target_url: &str) -> WebhookChange {
        WebhookChange { target_url: Some(OutboundUrl::parse(target_url).expect("valid")), ..WebhookChange::default() }
    }

    #[test]
    fn stored_credentials_are_never_sent_to_a_new_origin() {
        let username = crate::api::types::Username::parse("u").expect("valid");
        let basic = Auth::Basic { username };
        for (target_url, allowed) in [
            ("https://example.com/b", true),
            ("https://example.com:443/a", true),
            ("https://EXAMPLE.com/a", true),
            ("https://example.com:8443/a", false),
            ("https://example.org/a", false),
            ("https://sub.example.com/a", false),
            ("http://example.com/a", false),
        ] {
            let changed = webhook(basic.clone()).change(to(target_url), DateTime::UNIX_EPOCH);
            assert_eq!(changed.is_ok(), allowed, "{target_url}");
            assert!(webhook(Auth::Noauth {}).change(to(target_url), DateTime::UNIX_EPOCH).is_ok(), "{target_url} without credentials");
        }
        let headers = || CustomHeaders { names: vec![CustomHeaderName::parse("X-API-Key").expect("valid")], sealed: Sealed(vec![4]) };
        let with_headers = || Webhook { headers: Some(headers()), ..webhook(Auth::Noauth {}) };
        let elsewhere = || to("https://example.org/a");
        assert_eq!(with_headers().change(elsewhere(), DateTime::UNIX_EPOCH), Err(UpdateRefusal::HeadersRequired));
        assert!(with_headers().change(to("https://example.com/b"), DateTime::UNIX_EPOCH).is_ok());
        for sent in [Some(headers()), None] {
            let change = WebhookChange { headers: Some(sent.clone()), ..elsewhere() };
            let mut moved = with_headers();
            moved.change(change, DateTime::UNIX_EPOCH).expect("the update sets or clears the headers");
            assert_eq!(moved.headers.is_some(), sent.is_some());
        }
        let with_auth = WebhookChange { auth: Some((basic.clone(), Some(Sealed(vec![3])))), ..to("https://example.org/a") };
        assert!(webhook(basic).change(with_auth, DateTime::UNIX_EPOCH).is_ok());
    }

    #[test]
    fn credentials_are_stored_only_with_the_origin_for_which_they_are_sealed() {
        let username = crate::api::types::Username::parse("u").expect("a user name");
        let auth = || Some((Auth::Basic { username: username.clone() }, Some(Sealed(vec![3]))));
        for (sealed_for, target_url, expected) in [
            ("https://example.com", None, Ok(())),
            ("https://example.com", Some("https://example.com/b"), Ok(())),
            ("https://example.org", Some("https://example.org/b"), Ok(())),
            ("https://example.org", None, Err(UpdateRefusal::OtherOrigin)),
            ("https://example.com", Some("https://example.org/b"), Err(UpdateRefusal::OtherOrigin)),
        ] {
            let change = target_url.map(to).unwrap_or_default();
            let change = WebhookChange { auth: auth(), sealed_for: Some(Origin::of_text(sealed_for)), ..change };
            assert_eq!(webhook(Auth::Noauth {}).change(change, DateTime::UNIX_EPOCH), expected, "{sealed_for} {target_url:?}");
        }
    }
}
