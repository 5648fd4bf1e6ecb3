//! A target is the destination of a webhook, and contains the decrypted secrets. Attempts use targets to send requests.
//! Targets are never logged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::credentials::TokenSource;
use super::redact::{Redactor, SentValues};
use crate::api::types::Auth;
use crate::metrics::Metrics;
use crate::model::fingerprint;
use crate::secrets::context::{Origin, auth_context, headers_context, signing_context};
use crate::secrets::seal::Vault;
use crate::secrets::signing_secret::SigningSecret;
use crate::store::Destination;

pub(super) struct Target {
    pub(super) account: Arc<str>,
    pub(super) url: Url,
    pub(super) credentials: Credentials,
    /// The custom headers of the webhook.
    pub(super) headers: HeaderMap,
    /// The current secret and, if there is one, the previous secret.
    /// The target URL as the customer has written it.
    pub(super) shown_url: String,
    /// The [`fingerprint`] of the webhook.
    pub(super) fingerprint: u32,
    signing_secrets: Vec<SigningSecret>,
    previous_valid_until: Option<DateTime<Utc>>,
    /// Every secret of the webhook, and the parts of secrets that must also be redacted.
    secrets: Vec<Zeroizing<Vec<u8>>>,
}

pub(super) enum Credentials {
    None,
    /// The complete value of the Authorization header.
    Basic(Zeroizing<String>),
    Token(Box<TokenSource>),
}

impl Target {
    fn open(destination: &Destination, vault: &Vault, metrics: &Arc<Metrics>) -> anyhow::Result<Target> {
        let Destination { webhook_id, account, target_url, auth, .. } = destination;
        let url = Url::parse(target_url)?;
        let origin = Origin::of(&url);
        let signing = signing_context(account, *webhook_id);
        let previous = destination.previous_secret.as_ref();
        let signing_secrets = std::iter::once(&destination.signing_secret)
            .chain(previous.map(|previous| &previous.secret))
            .map(|sealed| {
                let secret = vault.open(&signing, &sealed.0)?;
                Ok(std::str::from_utf8(&secret)?.parse::<SigningSecret>()?)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let secret = match &destination.auth_secret {
            Some(sealed) => vault.open(&auth_context(account, *webhook_id, auth, &origin), &sealed.0)?,
            None => {
                anyhow::ensure!(matches!(auth, Auth::Noauth {}), "the webhook has credentials, but no password or client secret");
                Zeroizing::default()
            }
        };
        let mut secrets: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for secret in &signing_secrets {
            secrets.extend([secret.expose().as_bytes(), secret.key()].map(copied));
        }
        let headers = match &destination.headers {
            Some(sealed) => open_headers(&vault.open(&headers_context(account, *webhook_id, &origin), &sealed.0)?, &mut secrets)?,
            None => HeaderMap::new(),
        };
        let credentials = match auth {
            Auth::Noauth {} => Credentials::None,
            Auth::Basic { username } => {
                // RFC 7617 §2, with the user-id and password in UTF-8.
                let plain = Zeroizing::new([username.as_str().as_bytes(), b":", &secret].concat());
                let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(&*plain));
                secrets.extend([copied(&secret), copied(encoded.as_bytes())]);
                Credentials::Basic(Zeroizing::new(format!("Basic {}", *encoded)))
            }
            Auth::ClientCredential { client_id, token_url, scope, audience } => {
                secrets.push(secret.clone());
                let secret = String::from_utf8(secret.to_vec())?;
                let source = TokenSource::new(
                    account.clone(),
                    client_id,
                    secret,
                    token_url.to_url(),
                    scope.as_ref(),
                    audience.as_ref(),
                    metrics.clone(),
                );
                Credentials::Token(Box::new(source))
            }
        };
        Ok(Target {
            account: account.clone(),
            url,
            credentials,
            fingerprint: fingerprint(target_url, auth, headers.keys().map(HeaderName::as_str)),
            shown_url: target_url.clone(),
            headers,
            signing_secrets,
            previous_valid_until: previous.map(|previous| previous.valid_until),
            secrets,
        })
    }

    /// Returns the signing secrets that are valid at `now`. When the overlap of a rotation ends, the revision of the
    /// webhook does not change. So this function compares the times.
    pub(super) fn signing_secrets(&self, now: DateTime<Utc>) -> &[SigningSecret] {
        let both = self.previous_valid_until.is_some_and(|valid_until| now < valid_until);
        if both { &self.signing_secrets } else { &self.signing_secrets[..1] }
    }

    /// Returns a redactor for every secret of the webhook and the values that an attempt sent.
    pub(super) fn redactor(&self, sent: SentValues) -> Redactor {
        Redactor::new(self.secrets.iter().map(|secret| secret.as_slice()), sent)
    }
}

/// Parses a JSON list of header names and values. Adds each value to `secrets`, and also its words of at least
/// [`MIN_KEY_LEN`] bytes. A word may be a key, for example after the scheme `Token`.
fn open_headers(pairs: &[u8], secrets: &mut Vec<Zeroizing<Vec<u8>>>) -> anyhow::Result<HeaderMap> {
    let pairs: Vec<(String, Zeroizing<String>)> = serde_json::from_slice(pairs)?;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let mut header_value = HeaderValue::from_str(&value)?;
        header_value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes())?, header_value);
        secrets.extend(value.split_ascii_whitespace().filter(|word| word.len() >= MIN_KEY_LEN).map(|word| copied(word.as_bytes())));
        secrets.push(copied(value.as_bytes()));
    }
    Ok(headers)
}

fn copied(secret: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(secret.to_vec())
}

/// Minimum length of a word to redact. Shorter words occur in any text.
const MIN_KEY_LEN: usize = 8;

/// A cache of targets. Because of this cache, secrets are not decrypted for each attempt, and OAuth tokens are reused.
pub(super) struct Targets {
    vault: Arc<Vault>,
    metrics: Arc<Metrics>,
    open: Mutex<HashMap<Uuid, (u32, Arc<Target>)>>,
    /// The revisions of webhooks whose secrets cannot be decrypted, as far as this was reported.
    reported: Mutex<HashMap<Uuid, u32>>,
}

/// Number of targets at which the cache is cleared. Also the number of webhooks in `reported` at which it is cleared.
const MAX_CACHED_TARGETS: usize = 10_000;

impl Targets {
    pub(super) fn new(vault: Arc<Vault>, metrics: Arc<Metrics>) -> Targets {
        Targets { vault, metrics, open: Mutex::default(), reported: Mutex::default() }
    }

    /// Returns whether a failure to decrypt this revision of a webhook has not been reported yet.
    pub(super) fn is_new_failure(&self, destination: &Destination) -> bool {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() >= MAX_CACHED_TARGETS {
            reported.clear();
        }
        reported.insert(destination.webhook_id, destination.revision) != Some(destination.revision)
    }

    pub(super) fn get(&self, destination: &Destination) -> anyhow::Result<Arc<Target>> {
        let cached = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&destination.webhook_id).cloned();
        if let Some((revision, target)) = cached
            && revision == destination.revision
        {
            return Ok(target);
        }
        let target = Arc::new(Target::open(destination, &self.vault, &self.metrics)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_CACHED_TARGETS {
            open.clear();
        }
        open.insert(destination.webhook_id, (destination.revision, target.clone()));
        Ok(target)
    }
}
