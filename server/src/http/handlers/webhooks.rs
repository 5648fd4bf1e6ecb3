//! Checks registrations and updates of webhooks, and encrypts their secrets. Converts registrations and updates to
//! records of the store.

use aws_lc_rs::rand::SystemRandom;
use dropshot::Path;
use uuid::Uuid;

use crate::api::extract::Checked;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::{
    Account, Auth, AuthInput, CustomHeaderInputs, Description, EventType, EventTypes, IdPath, OutboundUrl, WebhookRegistration,
    WebhookUpdate,
};
use crate::delivery::guard::Guard;
use crate::delivery::{NotMade, Sample, TestRefusal};
use crate::http::App;
use crate::http::auth::Caller;
use crate::model::Challenge;
use crate::model::event_types::Catalogue;
use crate::secrets::context::{auth_context, headers_context, signing_context};
use crate::secrets::signing_secret::SigningSecret;
use crate::store::{self, CredentialsRequired, CustomHeaders, Deactivation, Sealed, WebhookChange};

pub(super) async fn find_webhook(app: &App, caller: &Caller, path: Checked<Path<IdPath>>) -> Result<store::Webhook, ApiError> {
    let id = path.get()?.into_inner().id.0;
    app.store.get_webhook(caller.account.clone(), id).await?.ok_or_else(|| ApiError::not_found("webhook"))
}

pub(super) fn check_url(guard: &Guard, pointer: &str, url: &OutboundUrl) -> Result<(), ApiError> {
    guard.check_url(&url.to_url()).map_err(|refusal| ApiError::at(Kind::InvalidRequest, pointer, refusal.to_string()))
}

pub(super) fn check_event_types(catalogue: &Catalogue, event_types: Option<&EventTypes>) -> Result<(), ApiError> {
    match event_types.and_then(|event_types| catalogue.first_unknown(event_types)) {
        Some(index) => {
            let detail = "matches nothing in the catalogue of event types, which listEventTypes shows";
            Err(ApiError::at(Kind::InvalidRequest, format!("/eventTypes/{index}"), detail))
        }
        None => Ok(()),
    }
}

pub(super) fn credentials_required(missing: CredentialsRequired) -> ApiError {
    let member = match missing {
        CredentialsRequired::Auth => "auth",
        CredentialsRequired::Headers => "headers",
    };
    let detail = format!(
        "a targetURL with another scheme, host or port needs `{member}` in the same update: \
         stored credentials are never sent to a new place"
    );
    ApiError::at(Kind::CredentialsRequired, format!("/{member}"), detail)
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

    pub(super) fn new_webhook(&self, account: Account, registration: WebhookRegistration) -> Result<store::Webhook, ApiError> {
        let id = Uuid::now_v7();
        let now = self.clock.now();
        let (auth, auth_secret) = self.seal_auth(id, registration.auth.unwrap_or(AuthInput::Noauth {}))?;
        let signing_secret = SigningSecret::generate(&SystemRandom::new());
        Ok(store::Webhook {
            id,
            account,
            target_url: registration.target_url,
            auth,
            auth_secret,
            headers: registration.headers.and_then(|headers| self.seal_headers(id, &headers)),
            signing_secret: self.seal(&signing_context(id), &signing_secret.expose()),
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
        })
    }

    pub(super) fn webhook_change(&self, id: Uuid, update: WebhookUpdate) -> Result<WebhookChange, ApiError> {
        Ok(WebhookChange {
            target_url: update.target_url,
            auth: update.auth.map(|auth| self.seal_auth(id, auth)).transpose()?,
            headers: update.headers.map(|headers| self.seal_headers(id, &headers)),
            event_types: update.event_types,
            description: update.description.map(|text| (!text.as_str().is_empty()).then(|| Description::stored(text.into_string()))),
            max_per_second: update.max_per_second.map(|rate| (rate.0 > 0).then_some(rate.0)),
            ordered: update.ordered,
            handshake: self.handshake(),
        })
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

    /// Checks the token URL, and encrypts the secret part of the credentials.
    fn seal_auth(&self, webhook_id: Uuid, auth: AuthInput) -> Result<(Auth, Option<Sealed>), ApiError> {
        if let Some(token_url) = auth.token_url() {
            check_url(&self.guard, "/auth/tokenURL", token_url)?;
        }
        let (auth, secret) = auth.split();
        let sealed = secret.map(|secret| self.seal(&auth_context(webhook_id), &secret));
        Ok((auth, sealed))
    }

    /// Returns `None` if there are no headers.
    fn seal_headers(&self, webhook_id: Uuid, headers: &CustomHeaderInputs) -> Option<CustomHeaders> {
        let pairs: Vec<_> = headers.0.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
        let text = serde_json::to_string(&pairs).expect("strings serialise");
        (!pairs.is_empty()).then(|| CustomHeaders {
            names: headers.0.iter().map(|header| header.name.clone()).collect(),
            sealed: self.seal(&headers_context(webhook_id), &text),
        })
    }

    pub(super) fn seal(&self, context: &str, secret: &str) -> Sealed {
        Sealed(self.vault.seal(context, secret.as_bytes()))
    }
}
