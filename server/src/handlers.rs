//! The operations: who calls, one call, the answer. What they decide, they ask others.

use aws_lc_rs::rand::SystemRandom;
use dropshot::{Header, HttpResponseAccepted, HttpResponseDeleted, HttpResponseHeaders, HttpResponseOk, Path, Query, RequestContext};
use uuid::Uuid;

use crate::App;
use crate::api::types::*;
use crate::api::{Answer, Api};
use crate::auth::{self, Caller, Scope};
use crate::body::{Checked, JsonBody};
use crate::delivery::guard::Guard;
use crate::delivery::signature::SigningSecret;
use crate::delivery::{auth_context, signing_context};
use crate::problem::{ApiError, Kind, reply};
use crate::store::{self, Audience, DeliveryFilter, Idempotency, Page, Publication, Published, Sealed, WebhookChange};

/// The implementation of [`Api`].
pub enum Handlers {}

impl Api for Handlers {
    type Context = App;

    async fn register_webhook(rqctx: RequestContext<App>, body: JsonBody<WebhookRegistration>) -> Answer<HttpResponseOk<Webhook>> {
        reply(&rqctx, async {
            let (caller, registration) = body.read(&rqctx, Scope::WebhooksWrite).await?;
            let app = rqctx.context();
            judge_url(&app.guard, "/targetURL", &registration.target_url)?;
            let webhook = app.new_webhook(caller.account()?.clone(), registration)?;
            let stored = app.store.register_webhook(webhook.clone(), app.webhooks_per_account).await?;
            if !stored {
                let detail = format!("the account has {} webhooks already: delete one first", app.webhooks_per_account);
                return Err(ApiError::new(Kind::WebhookLimit, detail));
            }
            Ok(HttpResponseOk(webhook.into()))
        })
        .await
    }

    async fn list_webhooks(rqctx: RequestContext<App>, query: Checked<Query<WebhookQuery>>) -> Answer<HttpResponseOk<WebhookPage>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksRead).await?;
            let query = query.get()?.into_inner();
            let paging = Paging::new(query.limit, query.cursor.as_ref());
            let webhooks = rqctx.context().store.list_webhooks(caller.account, query.status, paging.page()).await?;
            let (data, cursor) = paging.cut(webhooks, |webhook| webhook.id);
            Ok(HttpResponseOk(WebhookPage { data, cursor }))
        })
        .await
    }

    async fn get_webhook(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> Answer<HttpResponseOk<Webhook>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksRead).await?;
            let webhook = find_webhook(rqctx.context(), caller, path).await?;
            Ok(HttpResponseOk(webhook.into()))
        })
        .await
    }

    async fn update_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookUpdate>,
    ) -> Answer<HttpResponseOk<Webhook>> {
        reply(&rqctx, async {
            let (caller, update) = body.read(&rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            if let Some(target_url) = &update.target_url {
                judge_url(&app.guard, "/targetURL", target_url)?;
            }
            let change = app.webhook_change(id, update)?;
            let updated = app.store.update_webhook(caller.account()?.clone(), id, change, app.clock.now()).await?;
            let webhook = updated.ok_or_else(|| ApiError::not_found("webhook"))?.map_err(|store::CredentialsRequired| {
                let detail = "a targetURL with another scheme, host or port needs `auth` in the same update: \
                              stored credentials are never sent to a new place";
                ApiError::at(Kind::CredentialsRequired, "/auth", detail)
            })?;
            app.engine.webhook_changed(id, webhook.revision);
            Ok(HttpResponseOk(webhook.into()))
        })
        .await
    }

    async fn deactivate_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookDeactivation>,
    ) -> Answer<HttpResponseOk<Webhook>> {
        reply(&rqctx, async {
            let (caller, _) = body.read(&rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let deactivated = app.store.deactivate_webhook(caller.account()?.clone(), id, app.clock.now()).await?;
            let webhook = deactivated.ok_or_else(|| ApiError::not_found("webhook"))?;
            app.engine.webhook_changed(id, webhook.revision);
            Ok(HttpResponseOk(webhook.into()))
        })
        .await
    }

    async fn activate_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookActivation>,
    ) -> Answer<HttpResponseOk<Webhook>> {
        reply(&rqctx, async {
            let (caller, _) = body.read(&rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let activated = app.store.activate_webhook(caller.account()?.clone(), id, app.clock.now()).await?;
            let webhook = activated.ok_or_else(|| ApiError::not_found("webhook"))?;
            Ok(HttpResponseOk(webhook.into()))
        })
        .await
    }

    async fn delete_webhook(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> Answer<HttpResponseDeleted> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let deleted = app.store.delete_webhook(caller.account()?.clone(), id, app.clock.now()).await?;
            app.engine.webhook_changed(id, deleted.ok_or_else(|| ApiError::not_found("webhook"))?);
            Ok(HttpResponseDeleted())
        })
        .await
    }

    async fn test_webhook(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> Answer<HttpResponseOk<Attempt>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksWrite).await?;
            caller.account()?;
            let app = rqctx.context();
            let webhook = find_webhook(app, caller, path).await?;
            let attempt = app.engine.test(&webhook).await.map_err(ApiError::internal)?;
            let busy = || ApiError::rate_limited("two tests of this account's webhooks are running: wait until one has ended", 1);
            Ok(HttpResponseOk(attempt.ok_or_else(busy)?.into()))
        })
        .await
    }

    async fn get_signing_secret(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
    ) -> Answer<HttpResponseHeaders<HttpResponseOk<SigningSecretRecord>, NoStore>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksSecrets).await?;
            caller.account()?;
            let app = rqctx.context();
            let webhook = find_webhook(app, caller, path).await?;
            let secret = app.vault.open(&signing_context(webhook.id), &webhook.signing_secret.0).map_err(ApiError::internal)?;
            let secret = String::from_utf8(secret).map_err(ApiError::internal)?;
            Ok(HttpResponseHeaders::new(HttpResponseOk(SigningSecretRecord { secret }), NoStore::HEADERS))
        })
        .await
    }

    async fn publish_notification(
        rqctx: RequestContext<App>,
        _: Checked<Header<IdempotencyHeader>>,
        body: JsonBody<NotificationPublication>,
    ) -> Answer<HttpResponseAccepted<Notification>> {
        reply(&rqctx, async {
            let (caller, publication, bytes) = body.read_with_bytes(&rqctx, Scope::NotificationsPublish).await?;
            let app = rqctx.context();
            let idempotency = app.idempotency(&caller, rqctx.request.headers(), &bytes)?;
            let audience = audience(caller, publication.account, publication.webhook.map(|webhook| webhook.id.0))?;
            let publication = Publication {
                id: Uuid::now_v7(),
                event_type: EventType::stored(publication.r#type.into_string()),
                data: publication.data.0,
                created_at: app.clock.now(),
                audience,
                idempotency,
            };
            let notification = match app.store.publish_notification(publication, app.engine.slots()).await? {
                Published::New { notification, leased, left } => {
                    app.engine.begin(leased, left);
                    notification
                }
                Published::Repeated(notification) => notification,
                Published::Conflict => {
                    let detail =
                        "this Idempotency-Key was used for another body in the last 24 hours: use a new key for a new notification";
                    return Err(ApiError::new(Kind::IdempotencyConflict, detail));
                }
                Published::NoSuchWebhook => return Err(ApiError::not_found("webhook")),
                Published::WebhookDeactivated => {
                    return Err(ApiError::new(
                        Kind::WebhookDeactivated,
                        "the webhook is deactivated and gets nothing until it is activated",
                    ));
                }
            };
            Ok(HttpResponseAccepted(notification.into()))
        })
        .await
    }

    async fn list_notifications(
        rqctx: RequestContext<App>,
        query: Checked<Query<NotificationQuery>>,
    ) -> Answer<HttpResponseOk<NotificationPage>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::NotificationsRead).await?;
            let query = query.get()?.into_inner();
            let paging = Paging::new(query.limit, query.cursor.as_ref());
            let notifications = rqctx.context().store.list_notifications(caller.account, query.r#type, paging.page()).await?;
            let (data, cursor) = paging.cut(notifications, |notification| notification.id);
            Ok(HttpResponseOk(NotificationPage { data, cursor }))
        })
        .await
    }

    async fn get_notification(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> Answer<HttpResponseOk<Notification>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::NotificationsRead).await?;
            let id = path.get()?.into_inner().id.0;
            let notification = rqctx.context().store.get_notification(caller.account, id).await?;
            Ok(HttpResponseOk(notification.ok_or_else(|| ApiError::not_found("notification"))?.into()))
        })
        .await
    }

    async fn list_deliveries(rqctx: RequestContext<App>, query: Checked<Query<DeliveryQuery>>) -> Answer<HttpResponseOk<DeliveryPage>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::DeliveriesRead).await?;
            let query = query.get()?.into_inner();
            let paging = Paging::new(query.limit, query.cursor.as_ref());
            let filter = DeliveryFilter {
                account: caller.account,
                webhook_id: query.webhook_id.map(|id| id.0),
                notification_id: query.notification_id.map(|id| id.0),
                status: query.status,
                event_type: query.r#type,
                since: query.since.map(|time| time.0),
                until: query.until.map(|time| time.0),
            };
            let deliveries = rqctx.context().store.list_deliveries(filter, paging.page()).await?;
            let (data, cursor) = paging.cut(deliveries, |delivery| delivery.id);
            Ok(HttpResponseOk(DeliveryPage { data, cursor }))
        })
        .await
    }

    async fn get_delivery(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> Answer<HttpResponseOk<DeliveryDetail>> {
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::DeliveriesRead).await?;
            let id = path.get()?.into_inner().id.0;
            let found = rqctx.context().store.get_delivery(caller.account, id).await?;
            let (delivery, attempts) = found.ok_or_else(|| ApiError::not_found("delivery"))?;
            Ok(HttpResponseOk(DeliveryDetail { delivery: delivery.into(), attempts: attempts.into_iter().map(Into::into).collect() }))
        })
        .await
    }
}

async fn find_webhook(app: &App, caller: Caller, path: Checked<Path<IdPath>>) -> Result<store::Webhook, ApiError> {
    let id = path.get()?.into_inner().id.0;
    app.store.get_webhook(caller.account, id).await?.ok_or_else(|| ApiError::not_found("webhook"))
}

fn judge_url(guard: &Guard, pointer: &str, url: &OutboundUrl) -> Result<(), ApiError> {
    guard.judge_url(&url.to_url()).map_err(|refusal| ApiError::at(Kind::InvalidRequest, pointer, refusal.to_string()))
}

/// Whom a notification is for: a token of an account publishes to that account alone.
fn audience(caller: Caller, account: Option<Account>, webhook_id: Option<Uuid>) -> Result<Audience, ApiError> {
    let account = match (caller.account, account) {
        (Some(own), Some(named)) if own != named => {
            let detail = "the access token belongs to another account: leave `account` out, or use a platform token";
            return Err(ApiError::at(Kind::InvalidRequest, "/account", detail));
        }
        (Some(own), _) => Some(own),
        (None, named) => named,
    };
    match (webhook_id, account) {
        (Some(id), account) => Ok(Audience::Webhook { id, account }),
        (None, Some(account)) => Ok(Audience::Account(account)),
        (None, None) => {
            let detail = "a platform token must say whom the notification is for: send `account` or `webhook`";
            Err(ApiError::at(Kind::InvalidRequest, "", detail))
        }
    }
}

impl App {
    fn new_webhook(&self, account: Account, registration: WebhookRegistration) -> Result<store::Webhook, ApiError> {
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
            signing_secret: self.seal(&signing_context(id), &signing_secret.expose()),
            event_types: registration.event_types.and_then(EventTypes::unless_all),
            description: registration.description,
            deactivation: None,
            epoch: 1,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    fn webhook_change(&self, id: Uuid, update: WebhookUpdate) -> Result<WebhookChange, ApiError> {
        Ok(WebhookChange {
            target_url: update.target_url,
            auth: update.auth.map(|auth| self.seal_auth(id, auth)).transpose()?,
            event_types: update.event_types,
            description: update.description.map(|text| (!text.as_str().is_empty()).then(|| Description::stored(text.into_string()))),
        })
    }

    /// Judges where credentials would go, and seals what is secret of them.
    fn seal_auth(&self, webhook_id: Uuid, auth: AuthInput) -> Result<(Auth, Option<Sealed>), ApiError> {
        if let Some(token_url) = auth.token_url() {
            judge_url(&self.guard, "/auth/tokenURL", token_url)?;
        }
        let (auth, secret) = auth.split();
        let sealed = secret.map(|secret| self.seal(&auth_context(webhook_id), &secret));
        Ok((auth, sealed))
    }

    fn seal(&self, context: &str, secret: &str) -> Sealed {
        Sealed(self.vault.seal(context, secret.as_bytes()))
    }

    fn idempotency(&self, caller: &Caller, headers: &http::HeaderMap, body: &[u8]) -> Result<Option<Idempotency>, ApiError> {
        let invalid = |why: String| ApiError::new(Kind::InvalidRequest, format!("the Idempotency-Key header {why}"));
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(invalid("may be sent once".to_owned()));
        }
        let text = String::from_utf8_lossy(value.as_bytes());
        let key = IdempotencyKey::parse(text).map_err(invalid)?;
        let owner = caller.account.as_ref().map(|account| account.as_str().to_owned()).unwrap_or_default();
        Ok(Some(Idempotency { owner, key: key.into_string(), fingerprint: self.vault.mac("idempotency", body) }))
    }
}

/// One item more than asked for is read, to know whether there is another page.
struct Paging {
    after: Option<Uuid>,
    limit: u32,
}

impl Paging {
    fn new(limit: Option<PageLimit>, cursor: Option<&Cursor>) -> Paging {
        Paging { after: cursor.map(Cursor::id), limit: limit.unwrap_or(PageLimit::DEFAULT).0 }
    }

    fn page(&self) -> Page {
        Page { after: self.after, limit: self.limit + 1 }
    }

    fn cut<R, T: From<R>>(&self, mut records: Vec<R>, id: impl Fn(&R) -> Uuid) -> (Vec<T>, Option<Cursor>) {
        let limit = self.limit as usize;
        let more = records.len() > limit;
        records.truncate(limit);
        let cursor = if more { records.last().map(|record| Cursor::after(id(record))) } else { None };
        (records.into_iter().map(T::from).collect(), cursor)
    }
}
