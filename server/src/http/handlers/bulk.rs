//! The operations that change many deliveries.

use dropshot::{HttpResponseAccepted, Path, RequestContext};

use super::notifications::webhook_deactivated;
use crate::api::extract::{Checked, JsonBody};
use crate::api::problem::{ApiError, Kind};
use crate::api::types::{
    AuditObject, ChangedDeliveries, DeliveryRecovery, DeliverySelection, IdPath, RecoveredDeliveries, RecoveryCursor, SelectionCursor,
};
use crate::api::{ApiResult, Scope};
use crate::delivery::recovery::Recovered;
use crate::delivery::selection::Changed;
use crate::http::App;
use crate::http::reply::reply;
use crate::http::{audit, body};
use crate::store::{BulkChange, Cause, Recovery, Selection};

pub(super) async fn recover(
    rqctx: &RequestContext<App>,
    path: Checked<Path<IdPath>>,
    body: JsonBody<DeliveryRecovery>,
) -> ApiResult<HttpResponseAccepted<RecoveredDeliveries>> {
    reply(rqctx, async {
        let (caller, request) = body::read(body, rqctx, Scope::DeliveriesWrite).await?;
        let recovery = Recovery {
            webhook_id: path.get()?.into_inner().id.0,
            since: request.since.0,
            until: request.until.map(|time| time.0),
            dry_run: request.dry_run == Some(true),
            after: request.cursor.map(|cursor| cursor.position()),
        };
        let cause = Cause { event_type: request.r#type, outcome: request.outcome, status_code: request.status_code.map(|status| status.0) };
        let event = audit::event(rqctx, &caller, AuditObject::webhook(recovery.webhook_id));
        match rqctx.context().engine.recover(caller.account()?, recovery, &cause, event).await? {
            Recovered::Some { count, next } => {
                let cursor = next.map(|(created_at, id)| RecoveryCursor::after(created_at, id));
                Ok(HttpResponseAccepted(RecoveredDeliveries { count, cursor }))
            }
            Recovered::NoSuchWebhook => Err(ApiError::not_found("webhook")),
            Recovered::WebhookDeactivated => Err(webhook_deactivated()),
        }
    })
    .await
}

pub(super) async fn change(
    rqctx: &RequestContext<App>,
    body: JsonBody<DeliverySelection>,
    change: BulkChange,
) -> ApiResult<HttpResponseAccepted<ChangedDeliveries>> {
    reply(rqctx, async {
        let (caller, request) = body::read(body, rqctx, Scope::DeliveriesWrite).await?;
        let account = caller.account()?;
        let webhook_id = request.webhook_id.map(|id| id.0);
        let mut event = audit::event_without_object(rqctx, &caller);
        event.details.object = webhook_id.map(AuditObject::webhook);
        let selection = Selection {
            change,
            since: request.since.0,
            until: request.until.map(|time| time.0),
            cause: Cause { event_type: request.r#type, outcome: request.outcome, status_code: request.status_code.map(|status| status.0) },
            dry_run: request.dry_run == Some(true),
        };
        let after = request.cursor.map(|cursor| cursor.position());
        match rqctx.context().engine.change_deliveries(account, webhook_id, &selection, after, event).await? {
            Changed::Some { count, next } => {
                let cursor = next.map(|(webhook_id, id)| SelectionCursor::after(webhook_id, id));
                Ok(HttpResponseAccepted(ChangedDeliveries { count, cursor }))
            }
            Changed::NoSuchWebhook => {
                let detail = "there is no such webhook, or it belongs to another account";
                Err(ApiError::at(Kind::NotFound, "/webhookID", detail))
            }
            Changed::WebhookDeactivated => Err(webhook_deactivated()),
        }
    })
    .await
}
