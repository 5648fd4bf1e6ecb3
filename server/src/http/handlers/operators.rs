//! The operations about access tokens, and for operators.

use std::ops::Bound;

use dropshot::{HttpResponseOk, Query, RequestContext};

use crate::api::extract::Checked;
use crate::api::problem::ApiError;
use crate::api::types::{
    Account, AccountPage, AccountQuery, AccountSummary, Backlog, Caller, PageLimit, ScopeName, ServiceStatus, StorageStatus,
};
use crate::api::{ApiResult, Scope};
use crate::http::App;
use crate::http::auth;
use crate::http::reply::reply;
use crate::http::service_status::{Counted, Readiness};
use crate::model::{AccountCounts, Lane, StorageUse};

pub(super) async fn get_caller(rqctx: &RequestContext<App>) -> ApiResult<HttpResponseOk<Caller>> {
    reply(rqctx, async {
        let known = auth::known_token(rqctx).await?;
        let token = &known.token;
        let mut scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        scopes.sort_unstable();
        Ok(HttpResponseOk(Caller {
            kind: if token.account.is_some() { Caller::ACCOUNT } else { Caller::PLATFORM }.to_owned(),
            account: token.account.clone(),
            token_id: token.id,
            token_name: token.name.clone(),
            scopes: scopes.into_iter().map(|scope| ScopeName::stored(scope.to_owned())).collect(),
            expires_at: token.expires_at,
        }))
    })
    .await
}

pub(super) async fn get_service_status(rqctx: &RequestContext<App>) -> ApiResult<HttpResponseOk<ServiceStatus>> {
    reply(rqctx, async {
        auth::caller(rqctx, Scope::WebhooksRead).await?.require_platform()?;
        let app = rqctx.context();
        let Readiness { reasons, paused_since, storage } = app.status.readiness().await;
        let backlog = app.status.counted_recently(app.clock.now()).map(|counted| backlog(&counted));
        let status = ServiceStatus::with_reasons(reasons);
        Ok(HttpResponseOk(ServiceStatus { paused_since, storage: storage.as_ref().map(storage_status), backlog, ..status }))
    })
    .await
}

fn storage_status(storage: &StorageUse) -> StorageStatus {
    StorageStatus {
        full: storage.is_full(),
        used_bytes: storage.used_bytes,
        max_bytes: storage.max_bytes,
        disk_free_bytes: (storage.min_free_bytes > 0).then_some(storage.disk_free_bytes),
    }
}

fn backlog(Counted { at, counts, oldest_due }: &Counted) -> Backlog {
    Backlog {
        counted_at: *at,
        fresh_delivery_count: counts.pending[Lane::Fresh as usize],
        retry_delivery_count: counts.pending[Lane::Retry as usize],
        ordered_delivery_count: counts.pending[Lane::Ordered as usize],
        oldest_due_at: oldest_due.iter().flatten().min().copied(),
        active_webhook_count: counts.active,
        deactivated_webhook_count: counts.deactivated,
    }
}

/// The cost of a page does not depend on the numbers of webhooks and deliveries, because the counts are in memory.
/// `rest.next()` tells whether another page follows, so the last page has no cursor.
pub(super) async fn list_accounts(
    rqctx: &RequestContext<App>,
    query: Checked<Query<AccountQuery>>,
) -> ApiResult<HttpResponseOk<AccountPage>> {
    reply(rqctx, async {
        auth::caller(rqctx, Scope::WebhooksRead).await?.require_platform()?;
        let query = query.get()?.into_inner();
        let counted = rqctx.context().status.counted().await;
        let counted = counted.ok_or_else(|| ApiError::busy("the service has started, and has not counted the accounts yet"))?;
        let first = query.cursor.as_ref().map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.as_str()));
        let is_listed = |counts: &AccountCounts| query.health.is_none_or(|state| counts.in_state(state) > 0);
        let accounts = counted.counts.accounts.range::<str, _>((first, Bound::Unbounded));
        let mut rest = accounts.filter(|(_, counts)| is_listed(counts));
        let limit = query.limit.unwrap_or(PageLimit::DEFAULT).0 as usize;
        let page = rest.by_ref().take(limit).map(|(account, counts)| AccountSummary {
            account: Account::stored(account.clone()),
            active_webhook_count: counts.active,
            deactivated_webhook_count: counts.deactivated,
            failing_webhook_count: Some(counts.failing).filter(|count| *count > 0),
            paused_webhook_count: Some(counts.paused).filter(|count| *count > 0),
            pending_delivery_count: counts.pending,
        });
        let data: Vec<AccountSummary> = page.collect();
        let cursor = rest.next().and_then(|_| Some(data.last()?.account.clone()));
        Ok(HttpResponseOk(AccountPage { data, counted_at: counted.at, cursor }))
    })
    .await
}
