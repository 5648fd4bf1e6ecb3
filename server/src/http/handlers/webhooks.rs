//! Checks registrations and updates of webhooks, and encrypts their secrets. Converts registrations and updates to
//! records of the store.

use aws_lc_rs::rand::SystemRandom;
use chrono::{DateTime, TimeDelta, Utc};
use dropshot::Path;
use uuid::{Timestamp, Uuid};
use zeroize::Zeroizing;

use crate::api::extract::Checked;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::{
    Account, AuditEvent, Auth, AuthInput, CustomHeaderInputs, Description, EventType, EventTypes, IdPath, OutboundUrl, WebhookRegistration,
    WebhookUpdate,
};
use crate::delivery::guard::Guard;
use crate::delivery::{NotMade, Sample, TestRefusal};
use crate::http::App;
use crate::http::auth::Caller;
use crate::model::Challenge;
use crate::model::event_types::Catalogue;
use crate::secrets::context::{Origin, auth_context, headers_context, signing_context};
use crate::secrets::signing_secret::SigningSecret;
use crate::store::{self, CustomHeaders, Deactivation, Registrant, Sealed, UpdateRefusal, WebhookChange};

pub(super) async fn find_webhook(app: &App, caller: &Caller, path: Checked<Path<IdPath>>) -> Result<store::Webhook, ApiError> {
    let id = path.get()?.into_inner().id.0;
    app.store.get_webhook(caller.account.clone(), id).await?.ok_or_else(|| ApiError::not_found("webhook"))
}

/// Returns the origin of the URL.
fn check_url(guard: &Guard, pointer: &str, url: &OutboundUrl) -> Result<Origin, ApiError> {
    let url = url.to_url();
    guard.check_new_url(&url).map_err(|refusal| ApiError::at(Kind::InvalidRequest, pointer, refusal.to_string()))?;
    Ok(Origin::of(&url))
}

fn check_token_url(guard: &Guard, auth: Option<&AuthInput>) -> Result<(), ApiError> {
    match auth.and_then(AuthInput::token_url) {
        Some(token_url) => check_url(guard, "/auth/tokenURL", token_url).map(drop),
        None => Ok(()),
    }
}

fn check_event_types(catalogue: &Catalogue, event_types: Option<&EventTypes>) -> Result<(), ApiError> {
    match event_types.and_then(|event_types| catalogue.first_unknown(event_types)) {
        Some(index) => {
            let detail = "matches nothing in the catalogue of event types, which listEventTypes shows";
            Err(ApiError::at(Kind::InvalidRequest, format!("/eventTypes/{index}"), detail))
        }
        None => Ok(()),
    }
}

fn refused(refusal: UpdateRefusal) -> ApiError {
    let member = match refusal {
        UpdateRefusal::AuthRequired => "auth",
        UpdateRefusal::HeadersRequired => "headers",
        UpdateRefusal::OtherOrigin => {
            return ApiError::overloaded(anyhow::anyhow!("other updates of the webhook change its origin again and again"));
        }
    };
    let detail = format!(
        "a targetURL with another scheme, host or port needs `{member}` in the same update: stored credentials are never sent to a new place"
    );
    ApiError::at(Kind::CredentialsRequired, format!("/{member}"), detail)
}

/// Counts how often values are sealed again because the master key or the origin of the webhook has changed meanwhile.
#[derive(Default)]
struct Tries(u32);

/// The maximum number of these tries. One more is needed for each rotation of the master key and each concurrent update.
const MAX_TRIES: u32 = 5;

impl Tries {
    fn next(&mut self) -> bool {
        self.0 += 1;
        self.0 < MAX_TRIES
    }
}

impl App {
    /// Sends a test callback, and returns the attempt.
    pub(super) async fn test(&self, webhook: &store::Webhook, sample: Sample) -> Result<store::Attempt, ApiError> {
        let attempt = self.engine.test(webhook, sample).await;
        let attempt =
            attempt.map_err(|error| if error.is::<NotMade>() { ApiError::overloaded(error) } else { ApiError::internal(error) })?;
        attempt.map_err(|refusal| {
            let detail = match refusal {
                TestRefusal::Account => "two tests of this account's webhooks are running: wait until one has ended",
                TestRefusal::Host => "the host of this URL has accepted few callbacks, and its limits allow no test now: try again later",
            };
            ApiError::rate_limited(detail, 1)
        })
    }

    pub(super) fn sample(&self, event_type: EventType) -> Result<Sample, ApiError> {
        let data = self.catalogue.example(event_type.as_str()).map(ToOwned::to_owned);
        match data {
            Some(data) => Ok(Sample { event_type, data }),
            None if event_type.as_str() == Sample::TEST => Ok(Sample::of_test()),
            None => {
                let detail = "the catalogue of event types, which listEventTypes shows, has no example of that `type`";
                Err(ApiError::new(Kind::NotFound, detail))
            }
        }
    }

    /// Checks the URLs and the event types of a registration, and stores the webhook.
    pub(super) async fn register(
        &self,
        account: &Account,
        registration: WebhookRegistration,
        registrant: Registrant,
    ) -> Result<store::Webhook, ApiError> {
        let target = check_url(&self.guard, "/targetURL", &registration.target_url)?;
        check_event_types(&self.catalogue, registration.event_types.as_ref())?;
        check_token_url(&self.guard, registration.auth.as_ref())?;
        let mut tries = Tries::default();
        loop {
            let webhook = self.new_webhook(account.clone(), registration.clone(), &target);
            match self.store.register_webhook(webhook.clone(), self.handshake(), self.webhooks_per_account, registrant).await {
                Err(store::Error::OutdatedKey) if tries.next() => self.learn_keys().await?,
                Ok(false) => {
                    let detail = format!("the account has {} webhooks already: delete one first", self.webhooks_per_account);
                    return Err(ApiError::new(Kind::WebhookLimit, detail));
                }
                stored => {
                    stored?;
                    self.audit_log.write_with(|| registrant.event(webhook.id, account.clone()));
                    self.begin_handshake();
                    return Ok(webhook);
                }
            }
        }
    }

    /// Checks the URLs and the event types of an update, and stores the changed webhook.
    pub(super) async fn update(
        &self,
        account: &Account,
        id: Uuid,
        update: WebhookUpdate,
        event: AuditEvent,
    ) -> Result<store::Webhook, ApiError> {
        let target = update.target_url.as_ref().map(|target_url| check_url(&self.guard, "/targetURL", target_url)).transpose()?;
        check_event_types(&self.catalogue, update.event_types.as_ref())?;
        check_token_url(&self.guard, update.auth.as_ref())?;
        let mut tries = Tries::default();
        loop {
            let change = self.webhook_change(account, id, update.clone(), target.clone()).await?;
            match self.store.update_webhook(account.clone(), id, change, self.clock.now(), &event).await {
                Err(store::Error::OutdatedKey) if tries.next() => self.learn_keys().await?,
                Ok(Some(Err(UpdateRefusal::OtherOrigin))) if tries.next() => {}
                updated => {
                    let webhook = updated?.ok_or_else(|| ApiError::not_found("webhook"))?.map_err(refused)?;
                    self.audit_log.write(&event);
                    self.engine.webhook_changed(id, webhook.revision);
                    self.begin_handshake();
                    return Ok(webhook);
                }
            }
        }
    }

    /// Replaces the signing secret of a webhook with a new one. Returns the webhook and the new secret.
    pub(super) async fn rotate_secret(
        &self,
        account: &Account,
        id: Uuid,
        overlap: TimeDelta,
        event: AuditEvent,
    ) -> Result<(store::Webhook, Zeroizing<String>), ApiError> {
        let secret = SigningSecret::generate(&SystemRandom::new()).expose();
        let mut tries = Tries::default();
        loop {
            let sealed = self.seal(&signing_context(account.as_str(), id), &secret);
            match self.store.rotate_signing_secret(account.clone(), id, sealed, overlap, self.clock.now(), &event).await {
                Err(store::Error::OutdatedKey) if tries.next() => self.learn_keys().await?,
                rotated => {
                    let webhook = rotated?.ok_or_else(|| ApiError::not_found("webhook"))?;
                    self.audit_log.write(&event);
                    self.engine.webhook_changed(id, webhook.revision);
                    return Ok((webhook, secret));
                }
            }
        }
    }

    /// Reads the states of the master keys. The heartbeat also reads them, but the next heartbeat may be seconds away.
    async fn learn_keys(&self) -> Result<(), ApiError> {
        let keys = self.store.list_keys().await?;
        self.vault.apply(&keys).map_err(ApiError::internal)
    }

    /// Returns the identifier of a webhook that is registered at `now`.
    fn new_webhook_id(&self, now: DateTime<Utc>) -> Uuid {
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(&self.webhook_ids, seconds, now.timestamp_subsec_nanos()))
    }

    fn new_webhook(&self, account: Account, registration: WebhookRegistration, target: &Origin) -> store::Webhook {
        let now = self.clock.now();
        let id = self.new_webhook_id(now);
        let of = (account.as_str(), id);
        let (auth, auth_secret) = self.seal_auth(of, target, registration.auth.unwrap_or(AuthInput::Noauth {}));
        let signing_secret = SigningSecret::generate(&SystemRandom::new());
        store::Webhook {
            id,
            auth,
            auth_secret,
            headers: registration.headers.and_then(|headers| self.seal_headers(of, target, &headers)),
            signing_secret: self.seal(&signing_context(account.as_str(), id), &signing_secret.expose()),
            account,
            target_url: registration.target_url,
            previous_secret: None,
            event_types: registration.event_types.and_then(EventTypes::unless_all),
            description: registration.description,
            max_per_second: registration.max_per_second.map(|rate| rate.0),
            ordered: registration.ordered.unwrap_or_default(),
            deactivation: self.require_handshake.then(|| Deactivation { reason: store::REASON_UNVERIFIED.to_owned(), at: now }),
            epoch: 1,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Seals the new credentials and headers for the origin that the webhook will have after the update.
    async fn webhook_change(
        &self,
        account: &Account,
        id: Uuid,
        update: WebhookUpdate,
        target: Option<Origin>,
    ) -> Result<WebhookChange, ApiError> {
        let sealed_for = match target {
            _ if update.auth.is_none() && update.headers.is_none() => None,
            Some(target) => Some(target),
            None => Some(self.trusted_target(account, id).await?),
        };
        let (of, target) = ((account.as_str(), id), &sealed_for.clone().unwrap_or_default());
        Ok(WebhookChange {
            target_url: update.target_url,
            auth: update.auth.map(|auth| self.seal_auth(of, target, auth)),
            headers: update.headers.map(|headers| self.seal_headers(of, target, &headers)),
            sealed_for,
            event_types: update.event_types,
            description: update.description.map(|text| (!text.as_str().is_empty()).then(|| Description::stored(text.into_string()))),
            max_per_second: update.max_per_second.map(|rate| (rate.0 > 0).then_some(rate.0)),
            ordered: update.ordered,
            handshake: self.handshake(),
        })
    }

    /// Returns the origin of a webhook, for which an update without `targetURL` seals new credentials. If the present
    /// credentials cannot be decrypted, somebody may have changed the target URL in the database. Then the update must name
    /// the target URL, or the customer would give the new credentials to an unknown server.
    async fn trusted_target(&self, account: &Account, id: Uuid) -> Result<Origin, ApiError> {
        let webhook = self.store.get_webhook(Some(account.clone()), id).await?.ok_or_else(|| ApiError::not_found("webhook"))?;
        let (account, target) = (account.as_str(), Origin::of_text(webhook.target_url.as_str()));
        let opens = |sealed: Option<&Sealed>, context: String| sealed.is_none_or(|sealed| self.vault.open(&context, &sealed.0).is_ok());
        let is_trusted = opens(webhook.auth_secret.as_ref(), auth_context(account, id, &webhook.auth, &target))
            && opens(webhook.headers.as_ref().map(|headers| &headers.sealed), headers_context(account, id, &target));
        if !is_trusted {
            let detail =
                "the stored credentials are damaged: send `targetURL` in the same update, so that the new credentials are only sent there";
            return Err(ApiError::at(Kind::CredentialsRequired, "/targetURL", detail));
        }
        Ok(target)
    }

    /// Returns a new challenge for the handshake, if the operator requires handshakes.
    pub(super) fn handshake(&self) -> Option<Challenge> {
        self.require_handshake.then(|| Challenge::generate(&SystemRandom::new()))
    }

    pub(super) fn begin_handshake(&self) {
        if self.require_handshake {
            self.engine.handshake_due();
        }
    }

    /// Encrypts the secret part of the credentials. `of` is the account and the id of the webhook.
    fn seal_auth(&self, of: (&str, Uuid), target: &Origin, auth: AuthInput) -> (Auth, Option<Sealed>) {
        let (auth, secret) = auth.split();
        let sealed = secret.map(|secret| self.seal(&auth_context(of.0, of.1, &auth, target), &secret));
        (auth, sealed)
    }

    /// Returns `None` if there are no headers.
    fn seal_headers(&self, of: (&str, Uuid), target: &Origin, headers: &CustomHeaderInputs) -> Option<CustomHeaders> {
        let pairs: Vec<_> = headers.0.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
        let text = serde_json::to_string(&pairs).expect("strings serialise");
        (!pairs.is_empty()).then(|| CustomHeaders {
            names: headers.0.iter().map(|header| header.name.clone()).collect(),
            sealed: self.seal(&headers_context(of.0, of.1, target), &text),
        })
    }

    fn seal(&self, context: &str, secret: &str) -> Sealed {
        Sealed(self.vault.seal(context, secret.as_bytes()))
    }
}
