//! The operations on pauses of deliveries.

use dropshot::{HttpResponseDeleted, HttpResponseOk, Path, Query, RequestContext};
use uuid::Uuid;

use crate::api::extract::{Checked, JsonBody};
use crate::api::problem::{ApiError, Kind};
use crate::api::types::{
    Account, AuditEvent, AuditObject, PageLimit, Pause, PauseId, PausePage, PausePath, PauseQuery, PauseRequest, WebhookReference,
};
use crate::api::{ApiResult, Scope};
use crate::http::App;
use crate::http::auth::{self, Caller};
use crate::http::reply::reply;
use crate::http::{audit, body};
use crate::model::{self, PauseScope};

pub(super) async fn list(rqctx: &RequestContext<App>, query: Checked<Query<PauseQuery>>) -> ApiResult<HttpResponseOk<PausePage>> {
    reply(rqctx, async {
        auth::caller(rqctx, Scope::WebhooksRead).await?.require_platform()?;
        let query = query.get()?.into_inner();
        let mut pauses: Vec<Pause> = rqctx.context().store.list_pauses().await?.into_iter().map(shown).collect();
        pauses.sort_unstable_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        let after = query.cursor.as_ref().map(PauseId::as_str).unwrap_or_default();
        let mut rest = pauses.into_iter().skip_while(|pause| pause.id.as_str() <= after);
        let data: Vec<Pause> = rest.by_ref().take(query.limit.unwrap_or(PageLimit::DEFAULT).0 as usize).collect();
        let cursor = rest.next().and_then(|_| Some(data.last()?.id.clone()));
        Ok(HttpResponseOk(PausePage { data, cursor }))
    })
    .await
}

pub(super) async fn pause(rqctx: &RequestContext<App>, body: JsonBody<PauseRequest>) -> ApiResult<HttpResponseOk<Pause>> {
    reply(rqctx, async {
        let (caller, PauseRequest { id }) = body::read_as_platform(body, rqctx, Scope::PausesWrite).await?;
        let (app, scope) = (rqctx.context(), scope_of(&id));
        let account = account_of(app, &scope).await?;
        if let (PauseScope::Webhook(_), None) = (&scope, &account) {
            return Err(ApiError::at(Kind::NotFound, "/id", "there is no such webhook"));
        }
        let (event, now) = (event(rqctx, &caller, account, &scope), app.clock.now());
        if app.store.pause_deliveries(scope.clone(), now, &event).await? {
            app.audit_log.write(&event);
        }
        // If the scope was paused already, the pause began earlier.
        let pauses = app.store.list_pauses().await?;
        let paused = pauses.into_iter().find(|pause| pause.scope == scope);
        Ok(HttpResponseOk(shown(paused.unwrap_or(model::Pause { scope, since: now }))))
    })
    .await
}

pub(super) async fn resume(rqctx: &RequestContext<App>, path: Checked<Path<PausePath>>) -> ApiResult<HttpResponseDeleted> {
    reply(rqctx, async {
        let caller = auth::caller(rqctx, Scope::PausesWrite).await?;
        caller.require_platform()?;
        let (app, scope) = (rqctx.context(), scope_of(&path.get()?.into_inner().id));
        let event = event(rqctx, &caller, account_of(app, &scope).await?, &scope);
        if !app.store.resume_deliveries(scope, app.clock.now(), &event).await? {
            return Err(ApiError::new(Kind::NotFound, "there is no such pause; listPauses shows the pauses"));
        }
        app.audit_log.write(&event);
        app.engine.wake_up();
        Ok(HttpResponseDeleted())
    })
    .await
}

/// Returns the account of a scope, or `None` if the scope has no account or the webhook does not exist.
async fn account_of(app: &App, scope: &PauseScope) -> Result<Option<Account>, ApiError> {
    Ok(match scope {
        PauseScope::All => None,
        PauseScope::Account(account) => Some(account.clone()),
        PauseScope::Webhook(id) => app.store.get_webhook(None, *id).await?.map(|webhook| webhook.account),
    })
}

fn event(rqctx: &RequestContext<App>, caller: &Caller, account: Option<Account>, scope: &PauseScope) -> AuditEvent {
    let mut event = audit::event_without_object(rqctx, caller);
    event.account = account;
    event.details.object = match scope {
        PauseScope::All => None,
        PauseScope::Account(account) => Some(AuditObject::new("account", account)),
        PauseScope::Webhook(id) => Some(AuditObject::webhook(*id)),
    };
    event
}

fn scope_of(id: &PauseId) -> PauseScope {
    match id.as_str().split_once('.') {
        Some(("account", account)) => PauseScope::Account(Account::stored(account.to_owned())),
        Some((_, webhook)) => PauseScope::Webhook(Uuid::parse_str(webhook).expect("the pattern allows only identifiers")),
        None => PauseScope::All,
    }
}

fn shown(pause: model::Pause) -> Pause {
    let (id, account, webhook) = match pause.scope {
        PauseScope::All => ("all".to_owned(), None, None),
        PauseScope::Account(account) => (format!("account.{account}"), Some(account), None),
        PauseScope::Webhook(id) => (format!("webhook.{id}"), None, Some(WebhookReference { id })),
    };
    Pause { id: PauseId::stored(id), account, webhook, since: pause.since }
}
