//! Reading webhooks.

use super::pages::PageCollector;
use super::pauses::Paused;
use super::*;
use crate::store::shared::health as shared;
use crate::store::shared::subscribers::Subscriber;
use crate::store::shared::texts;

pub(super) const WEBHOOK: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered, \
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, previous_secret, previous_valid_until, \
     header_names, headers";

/// The cost of a list of failing webhooks depends on the number of webhooks with failures, or on the number of the
/// account's webhooks.
pub(super) async fn list(session: &Session, filter: &WebhookFilter, page: Page) -> SessionResult<Part<Webhook>> {
    let WebhookFilter { account, status, health } = filter;
    let (account, deactivated) = (account.as_ref().map(Account::as_str), status.map(|status| status == WebhookStatus::Deactivated));
    let paused = match health {
        Some(_) => Paused::read(session).await?,
        None => Paused::default(),
    };
    // The index `webhooks_of_account` excludes deleted webhooks. If an account is given, all selected rows have this
    // account. Because `ORDER BY` begins with the account, the planner can use only this index.
    let (of_account, order) = match (account, health) {
        (Some(_), _) => ("(account, id) < ($1, $2) AND account >= $1 AND deleted_at IS NULL", "account DESC, id DESC"),
        (None, health) if deactivated == Some(true) || *health == Some(WebhookHealthState::Deactivated) => {
            ("$1 IS NULL AND id < $2 AND deactivation_reason IS NOT NULL AND deleted_at IS NULL", "id DESC")
        }
        // Deleted webhooks are few, so an index without them is not worth its cost in each registration.
        (None, _) => ("$1 IS NULL AND id < $2", "id DESC"),
    };
    let sql = match (account, health) {
        (None, Some(WebhookHealthState::Failing)) => format!(
            "SELECT webhook_id, id IS NOT NULL AND ($3 IS NULL OR (deactivation_reason IS NOT NULL) = $3), attempts, {WEBHOOK}
             FROM (SELECT webhook_id, attempts FROM failures WHERE $1 IS NULL AND webhook_id < $2 ORDER BY webhook_id DESC LIMIT $4) failing
             LEFT JOIN LATERAL (SELECT * FROM webhooks WHERE id = failing.webhook_id AND deleted_at IS NULL LIMIT 1) found ON true
             ORDER BY webhook_id DESC"
        ),
        _ => {
            let attempts = health.map_or("0", |_| "coalesce((SELECT attempts FROM failures WHERE webhook_id = webhooks.id), 0)");
            format!(
                "SELECT id, deleted_at IS NULL AND ($3 IS NULL OR (deactivation_reason IS NOT NULL) = $3), {attempts}, {WEBHOOK}
                 FROM webhooks WHERE {of_account} ORDER BY {order} LIMIT $4"
            )
        }
    };
    let mut found = PageCollector::new(page);
    while let Some((before, limit)) = found.next_chunk() {
        let rows = session.query(&sql, &[&account, &before, &deactivated, &limit]).await?;
        found.add_some(&rows, |row| {
            let webhook = from_row(row, 3)?;
            let matches = match health {
                Some(health) => shared::state(&webhook, paused.scopes(), count(row.try_get(2)?)) == *health,
                None => true,
            };
            Ok(matches.then_some((webhook, 0)))
        })?;
    }
    Ok(found.part())
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> SessionResult<Option<Webhook>> {
    let sql = format!("SELECT {WEBHOOK} FROM webhooks WHERE id = $1 AND ($2 IS NULL OR account = $2) AND deleted_at IS NULL");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

/// Like [`get`], but also locks the webhook until the transaction ends.
pub(super) async fn get_for_change(session: &Session, account: Option<&Account>, id: Uuid) -> SessionResult<Option<Webhook>> {
    let sql = format!("SELECT {WEBHOOK} FROM webhooks WHERE id = $1 AND ($2 IS NULL OR account = $2) AND deleted_at IS NULL FOR UPDATE");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

const DESTINATION: &str = "id, account, epoch, revision, target_url, auth, auth_secret, signing_secret, max_per_second, ordered, \
     previous_secret, previous_valid_until, headers";

pub(super) async fn destination(session: &Session, id: Uuid) -> SessionResult<Option<Destination>> {
    let sql = format!("SELECT {DESTINATION} FROM webhooks WHERE id = $1 AND deleted_at IS NULL AND deactivation_reason IS NULL");
    let row = session.query_opt(&sql, &[&id]).await?;
    row.as_ref().map(destination_from_row).transpose()
}

/// Returns the webhooks in `ids` that are active.
pub(super) async fn destinations(session: &Session, ids: Vec<Uuid>) -> SessionResult<Vec<Destination>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {DESTINATION} FROM webhooks WHERE id = ANY($1) AND deleted_at IS NULL AND deactivation_reason IS NULL");
    session.query(&sql, &[&ids]).await?.iter().map(destination_from_row).collect()
}

/// Returns the account's active webhooks.
pub(super) async fn subscribers(session: &Session, account: &str) -> SessionResult<Vec<Subscriber>> {
    let sql = format!(
        "SELECT {DESTINATION}, event_types FROM webhooks
         WHERE account = $1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
    );
    let rows = session.query(&sql, &[&account]).await?;
    rows.iter().map(|row| Ok(Subscriber { destination: Arc::new(destination_from_row(row)?), event_types: row.try_get(13)? })).collect()
}

/// Returns the account of a webhook. The webhook may be deactivated, but not deleted.
pub(super) async fn account_of(session: &Session, id: Uuid) -> SessionResult<Option<String>> {
    let row = session.query_opt("SELECT account FROM webhooks WHERE id = $1 AND deleted_at IS NULL", &[&id]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Invalidates the cached webhooks of the account on all nodes, and stores for the other nodes which webhook has
/// changed. After this call, other changes of the account's webhooks wait until this transaction ends. So a transaction
/// must call this function last.
pub(super) async fn note_change(session: &Session, account: &str, id: Uuid, revision: i32) -> SessionResult<()> {
    session
        .execute(
            "WITH change AS (INSERT INTO changes (webhook_id, revision) VALUES ($2, $3))
             UPDATE accounts SET version = version + 1 WHERE account = $1",
            &[&account, &id, &revision],
        )
        .await
        .map(drop)
}

fn destination_from_row(row: &Row) -> SessionResult<Destination> {
    let (target_url, auth): (String, _) = (row.try_get(4)?, auth_from_row(row, 5)?);
    Ok(Destination {
        webhook_id: row.try_get(0)?,
        account: row.try_get::<_, &str>(1)?.into(),
        epoch: count(row.try_get(2)?),
        revision: count(row.try_get(3)?),
        hosts: Destination::hosts(&target_url, &auth),
        target_url,
        auth,
        auth_secret: row.try_get::<_, Option<Vec<u8>>>(6)?.map(Sealed),
        signing_secret: Sealed(row.try_get(7)?),
        max_per_second: row.try_get::<_, Option<i32>>(8)?.map(count),
        ordered: row.try_get(9)?,
        previous_secret: previous_from_row(row, 10)?,
        headers: row.try_get::<_, Option<Vec<u8>>>(12)?.map(Sealed),
    })
}

/// Reads a webhook from a row. The columns of `WEBHOOK` start at index `first` of the row.
fn from_row(row: &Row, first: usize) -> SessionResult<Webhook> {
    let event_types: Option<&str> = row.try_get(first + 6)?;
    let reason: Option<String> = row.try_get(first + 10)?;
    let at: Option<DateTime<Utc>> = row.try_get(first + 11)?;
    Ok(Webhook {
        id: row.try_get(first)?,
        account: Account::stored(row.try_get(first + 1)?),
        target_url: OutboundUrl::stored(row.try_get(first + 2)?),
        auth: auth_from_row(row, first + 3)?,
        auth_secret: row.try_get::<_, Option<Vec<u8>>>(first + 4)?.map(Sealed),
        signing_secret: Sealed(row.try_get(first + 5)?),
        previous_secret: previous_from_row(row, first + 16)?,
        headers: texts::custom_headers(row.try_get(first + 18)?, row.try_get(first + 19)?),
        event_types: event_types.map(texts::event_types_from_text),
        description: row.try_get::<_, Option<String>>(first + 7)?.map(Description::stored),
        max_per_second: row.try_get::<_, Option<i32>>(first + 8)?.map(count),
        ordered: row.try_get(first + 9)?,
        deactivation: reason.zip(at).map(|(reason, at)| Deactivation { reason, at }),
        epoch: count(row.try_get(first + 12)?),
        revision: count(row.try_get(first + 13)?),
        created_at: row.try_get(first + 14)?,
        updated_at: row.try_get(first + 15)?,
    })
}

fn auth_from_row(row: &Row, column: usize) -> SessionResult<Auth> {
    texts::auth_from_text(row.try_get(column)?).map_err(SessionError::damaged)
}

/// Reads `previous_secret` at index `first` and `previous_valid_until` at the next index.
fn previous_from_row(row: &Row, first: usize) -> SessionResult<Option<PreviousSecret>> {
    let (secret, valid_until) = (row.try_get::<_, Option<Vec<u8>>>(first)?, row.try_get::<_, Option<DateTime<Utc>>>(first + 1)?);
    Ok(secret.zip(valid_until).map(|(secret, valid_until)| PreviousSecret { secret: Sealed(secret), valid_until }))
}
