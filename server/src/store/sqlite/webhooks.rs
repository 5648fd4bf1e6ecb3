//! Webhooks, and what their deactivation and deletion does to deliveries.

use super::*;

const COLUMNS: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, \
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at";

/// So many deliveries are marked cancelled in one step, so that a backlog of a million holds nobody up.
const CANCELLED_AT_ONCE: i64 = 500;

pub(super) fn register(connection: &Connection, webhook: &Webhook, limit: u32) -> rusqlite::Result<bool> {
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM webhooks WHERE account = ?1 AND deleted_at IS NULL")?
        .query_row([webhook.account.as_str()], |row| row.get(0))?;
    if count >= limit {
        return Ok(false);
    }
    connection
        .prepare_cached(&format!("INSERT INTO webhooks ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"))?
        .execute(rusqlite::params![
            Key(webhook.id),
            webhook.account.as_str(),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.signing_secret.0,
            webhook.event_types.as_ref().map(event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.deactivation.as_ref().map(|deactivation| &deactivation.reason),
            webhook.deactivation.as_ref().map(|deactivation| Millis(deactivation.at)),
            webhook.epoch,
            webhook.revision,
            Millis(webhook.created_at),
            Millis(webhook.updated_at),
        ])?;
    Ok(true)
}

pub(super) fn list(
    connection: &Connection,
    account: Option<&Account>,
    status: Option<WebhookStatus>,
    page: Page,
) -> rusqlite::Result<Vec<Webhook>> {
    let deactivated = status.map(|status| status == WebhookStatus::Deactivated);
    let of_account = if account.is_some() { "account = :account AND" } else { ":account IS NULL AND" };
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM webhooks
             WHERE {of_account} deleted_at IS NULL AND id < :before
               AND (:deactivated IS NULL OR (deactivation_reason IS NOT NULL) = :deactivated)
             ORDER BY id DESC LIMIT :limit"
        ))?
        .query_map(
            rusqlite::named_params! {
                ":account": account.map(Account::as_str),
                ":before": Key(page.after.unwrap_or(Uuid::max())),
                ":deactivated": deactivated,
                ":limit": page.limit,
            },
            from_row,
        )?
        .collect()
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<Webhook>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1 AND (?2 IS NULL OR account = ?2) AND deleted_at IS NULL"))?
        .query_row((Key(id), account.map(Account::as_str)), from_row)
        .optional()
}

pub(super) fn update(
    connection: &Connection,
    account: &Account,
    id: Uuid,
    change: WebhookChange,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<std::result::Result<Webhook, CredentialsRequired>>> {
    let Some(mut webhook) = get(connection, Some(account), id)? else { return Ok(None) };
    if let Err(refused) = webhook.change(change, now) {
        return Ok(Some(Err(refused)));
    }
    connection
        .prepare_cached(
            "UPDATE webhooks SET target_url = ?2, auth = ?3, auth_secret = ?4, event_types = ?5, description = ?6, revision = ?7,
             updated_at = ?8 WHERE id = ?1",
        )?
        .execute((
            Key(id),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.event_types.as_ref().map(event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.revision,
            Millis(webhook.updated_at),
        ))?;
    Ok(Some(Ok(webhook)))
}

/// Deactivating again changes nothing, not even the reason.
pub(super) fn deactivate(connection: &Connection, account: &Account, id: Uuid, now: DateTime<Utc>) -> rusqlite::Result<Option<Webhook>> {
    let Some(webhook) = get(connection, Some(account), id)? else { return Ok(None) };
    if webhook.deactivation.is_some() {
        return Ok(Some(webhook));
    }
    deactivate_because(connection, id, REASON_REQUESTED, now)?;
    get(connection, Some(account), id)
}

/// Nothing of the webhook goes out any more, and what is pending counts as cancelled from here on.
pub(super) fn deactivate_because(connection: &Connection, id: Uuid, reason: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = ?2, deactivated_at = ?3, revision = revision + 1, updated_at = ?3 WHERE id = ?1",
        )?
        .execute((Key(id), reason, Millis(now)))?;
    cancel_pending(connection, id)
}

pub(super) fn activate(connection: &Connection, account: &Account, id: Uuid, now: DateTime<Utc>) -> rusqlite::Result<Option<Webhook>> {
    connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1, revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL AND deactivation_reason IS NOT NULL",
        )?
        .execute((Key(id), account.as_str(), Millis(now)))?;
    get(connection, Some(account), id)
}

/// Leaves a tombstone without secrets, so that the deliveries that name the webhook stay readable.
pub(super) fn delete(connection: &Connection, account: &Account, id: Uuid, now: DateTime<Utc>) -> rusqlite::Result<Option<u32>> {
    let revision = connection
        .prepare_cached(
            "UPDATE webhooks SET deleted_at = ?3, auth_secret = NULL, signing_secret = x'', revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL RETURNING revision",
        )?
        .query_row((Key(id), account.as_str(), Millis(now)), |row| row.get(0))
        .optional()?;
    if revision.is_some() {
        cancel_pending(connection, id)?;
    }
    Ok(revision)
}

fn cancel_pending(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM ready WHERE webhook_id = ?1")?.execute([Key(id)])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = ?1")?
        .execute([Key(id)])?;
    Ok(())
}

/// Marks some deliveries cancelled that have counted as such since their webhook went. True when more are left.
pub(super) fn cancel_some(connection: &Connection) -> rusqlite::Result<bool> {
    let next = connection
        .prepare_cached("SELECT webhook_id, epoch FROM cancellations LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, Key>(0)?, row.get::<_, u32>(1)?)))
        .optional()?;
    let Some((webhook_id, epoch)) = next else { return Ok(false) };
    let marked = connection
        .prepare_cached(
            "UPDATE deliveries SET status = 3, leased_by = NULL WHERE id IN (
                 SELECT id FROM deliveries INDEXED BY deliveries_waiting
                 WHERE webhook_id = ?1 AND epoch <= ?2 AND status = 0 LIMIT ?3)",
        )?
        .execute((&webhook_id, epoch, CANCELLED_AT_ONCE))?;
    if (marked as i64) < CANCELLED_AT_ONCE {
        connection.prepare_cached("DELETE FROM cancellations WHERE webhook_id = ?1")?.execute([&webhook_id])?;
    }
    Ok(true)
}

const DESTINATION: &str = "id, account, epoch, revision, target_url, auth, auth_secret, signing_secret";

pub(super) fn destination(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<Destination>> {
    connection
        .prepare_cached(&format!(
            "SELECT {DESTINATION} FROM webhooks WHERE id = ?1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
        ))?
        .query_row([Key(id)], destination_from_row)
        .optional()
}

/// The account's active webhooks that ask for a type.
pub(super) fn destinations(connection: &Connection, account: &Account, event_type: &EventType) -> rusqlite::Result<Vec<Destination>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {DESTINATION}, event_types FROM webhooks WHERE account = ?1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
    ))?;
    let mut rows = statement.query([account.as_str()])?;
    let mut destinations = Vec::new();
    while let Some(row) = rows.next()? {
        let event_types = row.get_ref(8)?.as_str_or_null().map_err(|error| corrupt(8, error))?;
        if Webhook::wants(event_types, event_type.as_str()) {
            destinations.push(destination_from_row(row)?);
        }
    }
    Ok(destinations)
}

fn destination_from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Destination> {
    Ok(Destination {
        webhook_id: row.get::<_, Key>(0)?.0,
        account: row.get(1)?,
        epoch: row.get(2)?,
        revision: row.get(3)?,
        target_url: row.get(4)?,
        auth: auth_from_row(row, 5)?,
        auth_secret: row.get::<_, Option<Vec<u8>>>(6)?.map(Sealed),
        signing_secret: Sealed(row.get(7)?),
    })
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Webhook> {
    let event_types: Option<String> = row.get(6)?;
    let reason: Option<String> = row.get(8)?;
    let at: Option<Millis> = row.get(9)?;
    Ok(Webhook {
        id: row.get::<_, Key>(0)?.0,
        account: Account::stored(row.get(1)?),
        target_url: OutboundUrl::stored(row.get(2)?),
        auth: auth_from_row(row, 3)?,
        auth_secret: row.get::<_, Option<Vec<u8>>>(4)?.map(Sealed),
        signing_secret: Sealed(row.get(5)?),
        event_types: event_types
            .map(|text| EventTypes(text.split(' ').map(|pattern| EventTypePattern::stored(pattern.to_owned())).collect())),
        description: row.get::<_, Option<String>>(7)?.map(Description::stored),
        deactivation: reason.zip(at).map(|(reason, at)| Deactivation { reason, at: at.0 }),
        epoch: row.get(10)?,
        revision: row.get(11)?,
        created_at: row.get::<_, Millis>(12)?.0,
        updated_at: row.get::<_, Millis>(13)?.0,
    })
}

fn auth_to_text(auth: &Auth) -> rusqlite::Result<String> {
    serde_json::to_string(auth).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn auth_from_row(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Auth> {
    let text = row.get_ref(column)?.as_str().map_err(|error| corrupt(column, error))?;
    serde_json::from_str(text).map_err(|error| corrupt(column, error))
}

fn event_types_to_text(event_types: &EventTypes) -> String {
    event_types.0.iter().map(EventTypePattern::as_str).collect::<Vec<_>>().join(" ")
}
