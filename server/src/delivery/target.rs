//! What a webhook's destination comes to when its secrets are open: ready to be called, and never shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use url::Url;
use uuid::Uuid;

use super::credentials::TokenSource;
use super::redact::Redactor;
use super::signature::SigningSecret;
use crate::api::types::Auth;
use crate::seal::Vault;
use crate::store::Destination;

/// The contexts that tie a sealed secret to its place, so that one row's secret cannot be moved into another.
pub fn auth_context(webhook_id: Uuid) -> String {
    format!("webhook-auth:{webhook_id}")
}

pub fn signing_context(webhook_id: Uuid) -> String {
    format!("webhook-signing:{webhook_id}")
}

pub(super) struct Target {
    pub(super) url: Url,
    pub(super) credentials: Credentials,
    pub(super) signing_secrets: Vec<SigningSecret>,
    /// Every secret of the webhook, as they may come back in what a callback answers.
    secrets: Vec<String>,
    /// And what was sent when it was made.
    last_redactor: Mutex<Option<(Vec<String>, Arc<Redactor>)>>,
}

pub(super) enum Credentials {
    None,
    /// The whole value of the Authorization header.
    Basic(String),
    Token(Box<TokenSource>),
}

impl Target {
    fn open(destination: &Destination, vault: &Vault) -> anyhow::Result<Target> {
        let webhook_id = destination.webhook_id;
        let signing_secret = vault.open(&signing_context(webhook_id), &destination.signing_secret.0)?;
        let signing_secret = std::str::from_utf8(&signing_secret)?.parse::<SigningSecret>()?;
        let secret = match &destination.auth_secret {
            Some(sealed) => String::from_utf8(vault.open(&auth_context(webhook_id), &sealed.0)?)?,
            None => String::new(),
        };
        let mut secrets = vec![signing_secret.expose().to_owned(), signing_secret.expose().trim_start_matches("whsec_").to_owned()];
        let credentials = match &destination.auth {
            Auth::Noauth {} => Credentials::None,
            Auth::Basic { username } => {
                // RFC 7617 §2, with the user-id and password in UTF-8.
                let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{secret}"));
                secrets.extend([secret, encoded.clone()]);
                Credentials::Basic(format!("Basic {encoded}"))
            }
            Auth::ClientCredential { client_id, token_url, scope, audience } => {
                secrets.push(secret.clone());
                let source = TokenSource::new(client_id, secret, token_url.to_url(), scope.as_ref(), audience.as_ref());
                Credentials::Token(Box::new(source))
            }
        };
        Ok(Target {
            url: Url::parse(&destination.target_url)?,
            credentials,
            signing_secrets: vec![signing_secret],
            secrets,
            last_redactor: Mutex::default(),
        })
    }

    /// Removes every secret of the webhook, and `sent`, from text that the other side chose. Making one takes a time that
    /// grows with the secrets, and attempts of a webhook mostly send the same, so the last one is kept.
    pub(super) fn redactor(&self, sent: &[String]) -> Arc<Redactor> {
        let mut last = self.last_redactor.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((of, redactor)) if of == sent => redactor.clone(),
            _ => {
                let redactor = Arc::new(Redactor::new(self.secrets.iter().chain(sent).map(String::as_str)));
                *last = Some((sent.to_vec(), redactor.clone()));
                redactor
            }
        }
    }
}

/// Opened targets, so that a webhook's secrets are not opened for each attempt, and its OAuth token lives on.
pub(super) struct Targets {
    vault: Arc<Vault>,
    open: Mutex<HashMap<Uuid, (u32, Arc<Target>)>>,
}

/// Beyond this many the cache begins anew.
const OPEN_TARGETS: usize = 10_000;

impl Targets {
    pub(super) fn new(vault: Arc<Vault>) -> Targets {
        Targets { vault, open: Mutex::default() }
    }

    pub(super) fn get(&self, destination: &Destination) -> anyhow::Result<Arc<Target>> {
        let cached = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&destination.webhook_id).cloned();
        if let Some((revision, target)) = cached
            && revision == destination.revision
        {
            return Ok(target);
        }
        let target = Arc::new(Target::open(destination, &self.vault)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_TARGETS {
            open.clear();
        }
        open.insert(destination.webhook_id, (destination.revision, target.clone()));
        Ok(target)
    }
}
