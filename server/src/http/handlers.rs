//! The operations of the API. Each operation authenticates the caller, calls the store or the engine, and returns the
//! response.

use std::time::Instant;

use dropshot::{Header, HttpResponseAccepted, HttpResponseDeleted, HttpResponseHeaders, HttpResponseOk, Path, Query, RequestContext};
use uuid::Uuid;

use crate::api::extract::{Checked, JsonBody};
use crate::api::problem::{ApiError, Kind};
use crate::api::trace::TraceContext;
use crate::api::types::*;
use crate::api::{Api, ApiResult, Scope};
use crate::delivery::Sample;
use crate::http::App;
use crate::http::audit;
use crate::http::auth;
use crate::http::body;
use crate::http::contexts::Lent;
use crate::http::convert::Shown;
use crate::http::reply::reply;
use crate::secrets::context::signing_context;
use crate::store::{AuditFilter, BulkChange, DeliveryFilter, Page, Part, Publication, WebhookFilter};

mod bulk;
mod deliveries;
mod notifications;
mod operators;
mod pauses;
mod statistics;
mod webhooks;

use notifications::{audience, redelivered};
use webhooks::find_webhook;

/// The implementation of [`Api`].
pub enum Handlers {}

impl Api for Handlers {
    type Context = App;

    async fn register_webhook(rqctx: RequestContext<App>, body: JsonBody<WebhookRegistration>) -> ApiResult<HttpResponseOk<Webhook>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, registration) = body::read(body, &rqctx, Scope::WebhooksWrite).await?;
            let registrant = audit::registrant(&rqctx, &caller);
            let webhook = rqctx.context().register(caller.account()?, registration, registrant).await?;
            Ok(HttpResponseOk(webhook.shown_to(&caller)))
        })
        .await
    }

    async fn list_webhooks(rqctx: RequestContext<App>, query: Checked<Query<WebhookQuery>>) -> ApiResult<HttpResponseOk<WebhookPage>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksRead).await?;
            let query = query.get()?.into_inner();
            let (account, page) = (caller.listed_account(query.account)?, page(query.limit, query.cursor.as_ref()));
            let (app, filter) = (rqctx.context(), WebhookFilter { account, status: query.status, health: query.health });
            let Part { items, next } = app.store.list_webhooks(filter, page).await?;
            let mut data = app.with_health(items, &caller).await?;
            // The state of a webhook may have changed after it was listed.
            data.retain(|webhook| query.health.is_none_or(|state| webhook.has_state(state)));
            Ok(HttpResponseOk(WebhookPage { data, cursor: next.map(Cursor::after) }))
        })
        .await
    }

    async fn get_webhook(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseOk<Webhook>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksRead).await?;
            let app = rqctx.context();
            let webhook = find_webhook(app, &caller, path).await?;
            let shown = app.with_health(vec![webhook], &caller).await?.pop();
            Ok(HttpResponseOk(shown.ok_or_else(|| ApiError::not_found("webhook"))?))
        })
        .await
    }

    async fn update_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookUpdate>,
    ) -> ApiResult<HttpResponseOk<Webhook>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, update) = body::read(body, &rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let event = audit::event(&rqctx, &caller, AuditObject::webhook(id));
            let webhook = rqctx.context().update(caller.account()?, id, update, event).await?;
            Ok(HttpResponseOk(webhook.shown_to(&caller)))
        })
        .await
    }

    async fn deactivate_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookDeactivation>,
    ) -> ApiResult<HttpResponseOk<Webhook>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, _) = body::read(body, &rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let event = audit::event(&rqctx, &caller, AuditObject::webhook(id));
            let deactivated = app.store.deactivate_webhook(caller.account()?.clone(), id, app.clock.now(), &event).await?;
            let webhook = deactivated.ok_or_else(|| ApiError::not_found("webhook"))?;
            app.audit_log.write(&event);
            app.engine.webhook_changed(id, webhook.revision);
            // A notification about the deactivation may have been published to other webhooks of the account.
            app.engine.wake_up();
            Ok(HttpResponseOk(webhook.shown_to(&caller)))
        })
        .await
    }

    async fn activate_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<WebhookActivation>,
    ) -> ApiResult<HttpResponseOk<Webhook>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, _) = body::read(body, &rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let event = audit::event(&rqctx, &caller, AuditObject::webhook(id));
            let activated = app.store.activate_webhook(caller.account()?.clone(), id, app.handshake(), app.clock.now(), &event).await?;
            let webhook = activated.ok_or_else(|| ApiError::not_found("webhook"))?;
            app.audit_log.write(&event);
            app.engine.webhook_changed(id, webhook.revision);
            app.begin_handshake();
            Ok(HttpResponseOk(webhook.shown_to(&caller)))
        })
        .await
    }

    async fn delete_webhook(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseDeleted> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let event = audit::event(&rqctx, &caller, AuditObject::webhook(id));
            let deleted = app.store.delete_webhook(caller.account()?.clone(), id, app.clock.now(), &event).await?;
            let revision = deleted.ok_or_else(|| ApiError::not_found("webhook"))?;
            app.audit_log.write(&event);
            app.engine.webhook_changed(id, revision);
            Ok(HttpResponseDeleted())
        })
        .await
    }

    async fn test_webhook(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        query: Checked<Query<TestQuery>>,
    ) -> ApiResult<HttpResponseOk<Attempt>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksWrite).await?;
            caller.account()?;
            let app = rqctx.context();
            let event_type = query.get()?.into_inner().r#type;
            let webhook = find_webhook(app, &caller, path).await?;
            let sample = event_type.map(|event_type| app.sample(event_type)).transpose()?;
            let mut event = audit::event(&rqctx, &caller, AuditObject::webhook(webhook.id));
            let attempt = app.test(&webhook, sample.unwrap_or_else(Sample::of_test)).await?;
            // A test changes nothing in the store, so its event can have the result.
            audit::set_outcome(&mut event, &attempt.outcome);
            app.record(event).await?;
            Ok(HttpResponseOk(attempt.into()))
        })
        .await
    }

    async fn get_signing_secret(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
    ) -> ApiResult<HttpResponseHeaders<HttpResponseOk<SigningSecretRecord>, NoStore>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::WebhooksSecrets).await?;
            caller.account()?;
            let app = rqctx.context();
            let webhook = find_webhook(app, &caller, path).await?;
            let context = signing_context(webhook.account.as_str(), webhook.id);
            let secret = app.vault.open(&context, &webhook.signing_secret.0).map_err(ApiError::internal)?;
            let secret = String::from_utf8(secret.to_vec()).map_err(ApiError::internal)?;
            let previous = webhook.previous_secret.map(|previous| previous.valid_until);
            let previous_valid_until = previous.filter(|valid_until| app.clock.now() < *valid_until);
            app.record(audit::event(&rqctx, &caller, AuditObject::webhook(webhook.id))).await?;
            Ok(HttpResponseHeaders::new(HttpResponseOk(SigningSecretRecord { secret, previous_valid_until }), NoStore::HEADERS))
        })
        .await
    }

    async fn rotate_signing_secret(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<SigningSecretRotation>,
    ) -> ApiResult<HttpResponseHeaders<HttpResponseOk<SigningSecretRecord>, NoStore>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, rotation) = body::read(body, &rqctx, Scope::WebhooksSecrets).await?;
            let id = path.get()?.into_inner().id.0;
            let event = audit::event(&rqctx, &caller, AuditObject::webhook(id));
            let overlap = rotation.overlap_seconds.duration();
            let (webhook, secret) = rqctx.context().rotate_secret(caller.account()?, id, overlap, event).await?;
            let previous_valid_until = webhook.previous_secret.map(|previous| previous.valid_until);
            let secret = secret.to_string();
            Ok(HttpResponseHeaders::new(HttpResponseOk(SigningSecretRecord { secret, previous_valid_until }), NoStore::HEADERS))
        })
        .await
    }

    async fn recover_deliveries(
        rqctx: RequestContext<App>,
        path: Checked<Path<IdPath>>,
        body: JsonBody<DeliveryRecovery>,
    ) -> ApiResult<HttpResponseAccepted<RecoveredDeliveries>> {
        bulk::recover(&Lent::new(rqctx), path, body).await
    }

    async fn redeliver_deliveries(
        rqctx: RequestContext<App>,
        body: JsonBody<DeliverySelection>,
    ) -> ApiResult<HttpResponseAccepted<ChangedDeliveries>> {
        bulk::change(&Lent::new(rqctx), body, BulkChange::Redeliver).await
    }

    async fn cancel_deliveries(
        rqctx: RequestContext<App>,
        body: JsonBody<DeliverySelection>,
    ) -> ApiResult<HttpResponseAccepted<ChangedDeliveries>> {
        bulk::change(&Lent::new(rqctx), body, BulkChange::Cancel).await
    }

    async fn publish_notification(
        rqctx: RequestContext<App>,
        _: Checked<Header<PublicationHeaders>>,
        body: JsonBody<NotificationPublication>,
    ) -> ApiResult<HttpResponseAccepted<Notification>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let (caller, publication, bytes) = body::read_with_bytes(body, &rqctx, Scope::NotificationsPublish).await?;
            let (app, received_at) = (rqctx.context(), Instant::now());
            if !app.catalogue.knows(publication.r#type.as_str()) {
                return Err(ApiError::at(
                    Kind::InvalidRequest,
                    "/type",
                    "is not in the catalogue of event types, which listEventTypes shows",
                ));
            }
            let idempotency = app.idempotency(&caller, rqctx.request.headers(), &bytes)?;
            let by_platform = caller.account.is_none();
            let audience = audience(&caller, publication.account, publication.webhook.map(|webhook| webhook.id.0))?;
            if by_platform {
                app.check_known(&audience).await?;
            }
            let publication = Publication {
                id: Uuid::now_v7(),
                event_type: EventType::stored(publication.r#type.into_string()),
                data: publication.data.0,
                created_at: app.clock.now(),
                audience,
                idempotency,
                trace: TraceContext::of(rqctx.request.headers()),
            };
            let span = app.publication_span(&publication);
            let published = app.store.publish_notification(publication, app.engine.slots()).await?;
            let notification = app.begin_deliveries(published)?;
            app.metrics.published(received_at.elapsed());
            span(&notification, received_at.elapsed());
            Ok(HttpResponseAccepted(notification.shown_to(&caller)))
        })
        .await
    }

    async fn list_notifications(
        rqctx: RequestContext<App>,
        query: Checked<Query<NotificationQuery>>,
    ) -> ApiResult<HttpResponseOk<NotificationPage>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::NotificationsRead).await?;
            let query = query.get()?.into_inner();
            let (account, page) = (caller.listed_account(query.account)?, page(query.limit, query.cursor.as_ref()));
            let notifications = rqctx.context().store.list_notifications(account, query.r#type, page).await?;
            let (data, cursor) = page_of(notifications, &caller);
            Ok(HttpResponseOk(NotificationPage { data, cursor }))
        })
        .await
    }

    async fn get_notification(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseOk<Notification>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::NotificationsRead).await?;
            let id = path.get()?.into_inner().id.0;
            let notification = rqctx.context().store.get_notification(caller.account.clone(), id).await?;
            Ok(HttpResponseOk(notification.ok_or_else(|| ApiError::not_found("notification"))?.shown_to(&caller)))
        })
        .await
    }

    async fn delete_notification(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseDeleted> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::NotificationsWrite).await?;
            let id = path.get()?.into_inner().id.0;
            let event = audit::event(&rqctx, &caller, AuditObject::new("notification", id));
            let deleted = rqctx.context().engine.delete_notification(caller.account, id, event).await?;
            if deleted { Ok(HttpResponseDeleted()) } else { Err(ApiError::not_found("notification")) }
        })
        .await
    }

    async fn list_event_types(
        rqctx: RequestContext<App>,
        query: Checked<Query<EventTypeQuery>>,
    ) -> ApiResult<HttpResponseOk<EventTypePage>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            auth::caller(&rqctx, Scope::NotificationsRead).await?;
            let query = query.get()?.into_inner();
            let limit = query.limit.unwrap_or(PageLimit::DEFAULT).0;
            Ok(HttpResponseOk(rqctx.context().catalogue.page(query.cursor.as_ref(), limit as usize)))
        })
        .await
    }

    async fn list_deliveries(rqctx: RequestContext<App>, query: Checked<Query<DeliveryQuery>>) -> ApiResult<HttpResponseOk<DeliveryPage>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::DeliveriesRead).await?;
            let query = query.get()?.into_inner();
            let page = page(query.limit, query.cursor.as_ref());
            let filter = DeliveryFilter {
                account: caller.listed_account(query.account)?,
                webhook_id: query.webhook_id.map(|id| id.0),
                notification_id: query.notification_id.map(|id| id.0),
                status: query.status,
                event_type: query.r#type,
                since: query.since.map(|time| time.0),
                until: query.until.map(|time| time.0),
            };
            let Part { items, next } = rqctx.context().store.list_deliveries(filter, page).await?;
            let data = rqctx.context().shown_deliveries(items, &caller);
            Ok(HttpResponseOk(DeliveryPage { data, cursor: next.map(Cursor::after) }))
        })
        .await
    }

    async fn get_delivery(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseOk<DeliveryDetail>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::DeliveriesRead).await?;
            let id = path.get()?.into_inner().id.0;
            Ok(HttpResponseOk(rqctx.context().delivery_detail(&caller, id).await?))
        })
        .await
    }

    async fn redeliver(rqctx: RequestContext<App>, path: Checked<Path<IdPath>>) -> ApiResult<HttpResponseAccepted<Delivery>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::DeliveriesWrite).await?;
            let account = caller.account()?.clone();
            let id = path.get()?.into_inner().id.0;
            let app = rqctx.context();
            let event = audit::event(&rqctx, &caller, AuditObject::new("delivery", id));
            let delivery = redelivered(app.store.redeliver(account, id, app.clock.now(), &event).await?)?;
            app.audit_log.write(&event);
            app.engine.wake_up();
            Ok(HttpResponseAccepted(app.shown_delivery(delivery, &caller)))
        })
        .await
    }

    async fn get_statistics(rqctx: RequestContext<App>, query: Checked<Query<StatisticsQuery>>) -> ApiResult<HttpResponseOk<Statistics>> {
        statistics::get(&Lent::new(rqctx), query).await
    }

    async fn list_audit_events(
        rqctx: RequestContext<App>,
        query: Checked<Query<AuditEventQuery>>,
    ) -> ApiResult<HttpResponseOk<AuditEventPage>> {
        let rqctx = Lent::new(rqctx);
        reply(&rqctx, async {
            let caller = auth::caller(&rqctx, Scope::AuditRead).await?;
            let query = query.get()?.into_inner();
            let page = page(query.limit, query.cursor.as_ref());
            let (since, until) = (query.since.map(|time| time.0), query.until.map(|time| time.0));
            let filter = AuditFilter { account: caller.listed_account(query.account)?, action: query.action, since, until };
            let events = rqctx.context().store.list_audit_events(filter, page).await?;
            let (data, cursor) = page_of(events, &caller);
            Ok(HttpResponseOk(AuditEventPage { data, cursor }))
        })
        .await
    }

    async fn get_caller(rqctx: RequestContext<App>) -> ApiResult<HttpResponseOk<Caller>> {
        operators::get_caller(&Lent::new(rqctx)).await
    }

    async fn get_service_status(rqctx: RequestContext<App>) -> ApiResult<HttpResponseOk<ServiceStatus>> {
        operators::get_service_status(&Lent::new(rqctx)).await
    }

    async fn list_accounts(rqctx: RequestContext<App>, query: Checked<Query<AccountQuery>>) -> ApiResult<HttpResponseOk<AccountPage>> {
        operators::list_accounts(&Lent::new(rqctx), query).await
    }

    async fn list_pauses(rqctx: RequestContext<App>, query: Checked<Query<PauseQuery>>) -> ApiResult<HttpResponseOk<PausePage>> {
        pauses::list(&Lent::new(rqctx), query).await
    }

    async fn pause_deliveries(rqctx: RequestContext<App>, body: JsonBody<PauseRequest>) -> ApiResult<HttpResponseOk<Pause>> {
        pauses::pause(&Lent::new(rqctx), body).await
    }

    async fn resume_deliveries(rqctx: RequestContext<App>, path: Checked<Path<PausePath>>) -> ApiResult<HttpResponseDeleted> {
        pauses::resume(&Lent::new(rqctx), path).await
    }
}

fn page(limit: Option<PageLimit>, cursor: Option<&Cursor>) -> Page {
    Page { after: cursor.map(Cursor::id), limit: limit.unwrap_or(PageLimit::DEFAULT).0 }
}

fn page_of<R: Shown>(part: Part<R>, caller: &auth::Caller) -> (Vec<R::Object>, Option<Cursor>) {
    (part.items.into_iter().map(|record| record.shown_to(caller)).collect(), part.next.map(Cursor::after))
}
