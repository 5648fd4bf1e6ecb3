//! Webhooks, and what their deactivation and deletion does to deliveries.

use super::directory::Subscriber;
use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};

const COLUMNS: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered, \
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, previous_secret, previous_valid_until, \
     header_names, headers";

/// So many deliveries are marked cancelled in one step, so that a backlog of a million holds nobody up.
const CANCELLED_AT_ONCE: i64 = 500;

pub(super) fn register(
    connection: &Connection,
    directory: &Directory,
    webhook: &Webhook,
    handshake: Option<&Challenge>,
    limit: u32,
) -> rusqlite::Result<bool> {
    if directory.count(connection, &webhook.account)? >= limit {
        return Ok(false);
    }
    connection
        .prepare_cached(&format!(
            "INSERT INTO webhooks ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, NULL, NULL, ?17, ?18)"
        ))?
        .execute(rusqlite::params![
            Key(webhook.id),
            webhook.account.as_str(),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.signing_secret.0,
            webhook.event_types.as_ref().map(event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.max_per_second,
            webhook.ordered,
            webhook.deactivation.as_ref().map(|deactivation| &deactivation.reason),
            webhook.deactivation.as_ref().map(|deactivation| Millis(deactivation.at)),
            webhook.epoch,
            webhook.revision,
            Millis(webhook.created_at),
            Millis(webhook.updated_at),
            webhook.headers.as_ref().map(header_names_to_text),
            webhook.headers.as_ref().map(|headers| &headers.sealed.0),
        ])?;
    directory.added(&webhook.account);
    if let Some(challenge) = handshake {
        handshakes::insert(connection, webhook.id, challenge, webhook.created_at)?;
    }
    Ok(true)
}

pub(super) fn count(connection: &Connection, account: &Account) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM webhooks WHERE account = ?1 AND deleted_at IS NULL")?
        .query_row([account.as_str()], |row| row.get(0))
}

pub(super) fn list(
    connection: &Connection,
    account: Option<&Account>,
    status: Option<WebhookStatus>,
    page: Page,
) -> rusqlite::Result<Part<Webhook>> {
    let deactivated = status.map(|status| status == WebhookStatus::Deactivated);
    // The index of an account's webhooks has none that are deleted.
    let of_account = if account.is_some() { "account = :account AND deleted_at IS NULL AND" } else { ":account IS NULL AND" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, deleted_at IS NULL AND (:deactivated IS NULL OR (deactivation_reason IS NOT NULL) = :deactivated), {COLUMNS}
         FROM webhooks WHERE {of_account} id < :before ORDER BY id DESC"
    ))?;
    let rows = statement.query(rusqlite::named_params! {
        ":account": account.map(Account::as_str),
        ":before": Key(page.after.unwrap_or(Uuid::max())),
        ":deactivated": deactivated,
    })?;
    pages::collect(rows, page.limit, |row| Ok((from_row(row, 2)?, 0)))
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<Webhook>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1 AND (?2 IS NULL OR account = ?2) AND deleted_at IS NULL"))?
        .query_row((Key(id), account.map(Account::as_str)), |row| from_row(row, 0))
        .optional()
}

pub(super) fn update(
    connection: &Connection,
    directory: &Directory,
    account: &Account,
    id: Uuid,
    change: WebhookChange,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<std::result::Result<Webhook, CredentialsRequired>>> {
    let Some(mut webhook) = get(connection, Some(account), id)? else { return Ok(None) };
    let (target_url, handshake) = (webhook.target_url.clone(), change.handshake.clone());
    if let Err(refused) = webhook.change(change, now) {
        return Ok(Some(Err(refused)));
    }
    connection
        .prepare_cached(
            "UPDATE webhooks SET target_url = ?2, auth = ?3, auth_secret = ?4, event_types = ?5, description = ?6,
             max_per_second = ?7, ordered = ?8, revision = ?9, updated_at = ?10, header_names = ?11, headers = ?12,
             verified = iif(target_url = ?2, verified, 0) WHERE id = ?1",
        )?
        .execute((
            Key(id),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.event_types.as_ref().map(event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.max_per_second,
            webhook.ordered,
            webhook.revision,
            Millis(webhook.updated_at),
            webhook.headers.as_ref().map(header_names_to_text),
            webhook.headers.as_ref().map(|headers| &headers.sealed.0),
        ))?;
    directory.forget(account.as_str(), id);
    if webhook.target_url != target_url {
        failures::forget(connection, directory, id)?;
        handshakes::moved(connection, directory, &webhook, handshake.as_ref(), now)?;
    }
    Ok(get(connection, Some(account), id)?.map(Ok))
}

/// Deactivating again changes nothing, not even the reason, unless a handshake would end it.
pub(super) fn deactivate(
    connection: &Connection,
    directory: &Directory,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Webhook>> {
    let Some(webhook) = get(connection, Some(account), id)? else { return Ok(None) };
    if webhook.deactivation.is_some_and(|deactivation| deactivation.reason != REASON_UNVERIFIED) {
        return get(connection, Some(account), id);
    }
    handshakes::forget(connection, id)?;
    deactivate_because(connection, directory, account.as_str(), id, REASON_REQUESTED, now)?;
    get(connection, Some(account), id)
}

/// Nothing of the webhook goes out any more, and what is pending counts as cancelled from here on. The account is told, unless
/// it is only asked for a handshake.
pub(super) fn deactivate_because(
    connection: &Connection,
    directory: &Directory,
    account: &str,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    directory.forget(account, id);
    failures::forget(connection, directory, id)?;
    let target_url = connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = ?2, deactivated_at = ?3, revision = revision + 1, updated_at = ?3 WHERE id = ?1
             RETURNING target_url",
        )?
        .query_row((Key(id), reason, Millis(now)), |row| row.get(0))?;
    cancel_pending(connection, id)?;
    if reason == REASON_UNVERIFIED {
        return Ok(());
    }
    let told = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
    operational::publish(connection, directory, account, &told, now)
}

pub(super) fn activate(
    connection: &Connection,
    directory: &Directory,
    account: &Account,
    id: Uuid,
    handshake: Option<&Challenge>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Webhook>> {
    let Some(webhook) = get(connection, Some(account), id)? else { return Ok(None) };
    if let Some(challenge) = handshake
        && webhook.deactivation.is_some()
        && !handshakes::is_verified(connection, id)?
    {
        handshakes::demand(connection, directory, &webhook, challenge, now)?;
        return get(connection, Some(account), id);
    }
    directory.forget(account.as_str(), id);
    handshakes::forget(connection, id)?;
    connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1, revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL AND deactivation_reason IS NOT NULL",
        )?
        .execute((Key(id), account.as_str(), Millis(now)))?;
    get(connection, Some(account), id)
}

/// Leaves a tombstone without secrets, so that the deliveries that name the webhook stay readable.
pub(super) fn delete(
    connection: &Connection,
    directory: &Directory,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<u32>> {
    directory.forget(account.as_str(), id);
    let revision = connection
        .prepare_cached(
            "UPDATE webhooks SET deleted_at = ?3, auth_secret = NULL, headers = NULL, signing_secret = x'', previous_secret = NULL, previous_valid_until = NULL,
             revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL RETURNING revision",
        )?
        .query_row((Key(id), account.as_str(), Millis(now)), |row| row.get(0))
        .optional()?;
    if revision.is_some() {
        cancel_pending(connection, id)?;
        handshakes::forget(connection, id)?;
        failures::forget(connection, directory, id)?;
        pauses::forget(connection, directory, &PauseScope::Webhook(id))?;
    }
    Ok(revision)
}

fn cancel_pending(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    for table in ["ready", "sequences"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE webhook_id = ?1"))?.execute([Key(id)])?;
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = ?1")?
        .execute([Key(id)])?;
    Ok(())
}

/// Marks some deliveries cancelled that have counted as such since their webhook went, of one webhook or of any. True when
/// more may be left. The lease of one that is being attempted stays: it says so until that attempt has ended.
pub(super) fn cancel_some(connection: &Connection, of_webhook: Option<Uuid>, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let (first, last) = of_webhook.map_or((Uuid::nil(), Uuid::max()), |id| (id, id));
    let next = connection
        .prepare_cached("SELECT webhook_id, epoch FROM cancellations WHERE webhook_id BETWEEN ?1 AND ?2 LIMIT 1")?
        .query_row([Key(first), Key(last)], |row| Ok((row.get::<_, Key>(0)?, row.get::<_, u32>(1)?)))
        .optional()?;
    let Some((webhook_id, epoch)) = next else { return Ok(false) };
    let marked = connection
        .prepare_cached(
            "UPDATE deliveries SET status = 3, due_at = ?4 WHERE id IN (
                 SELECT id FROM deliveries INDEXED BY deliveries_waiting
                 WHERE webhook_id = ?1 AND epoch <= ?2 AND status = 0 LIMIT ?3)",
        )?
        .execute((&webhook_id, epoch, CANCELLED_AT_ONCE, Millis(now)))?;
    if (marked as i64) < CANCELLED_AT_ONCE {
        connection.prepare_cached("DELETE FROM cancellations WHERE webhook_id = ?1")?.execute([&webhook_id])?;
    }
    Ok(true)
}

const DESTINATION: &str = "id, account, epoch, revision, target_url, auth, auth_secret, signing_secret, max_per_second, ordered, \
     previous_secret, previous_valid_until, headers";

pub(super) fn destination(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<Destination>> {
    connection
        .prepare_cached(&format!(
            "SELECT {DESTINATION} FROM webhooks WHERE id = ?1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
        ))?
        .query_row([Key(id)], destination_from_row)
        .optional()
}

/// The account's active webhooks.
pub(super) fn subscribers(connection: &Connection, account: &Account) -> rusqlite::Result<Vec<Subscriber>> {
    connection
        .prepare_cached(&format!(
            "SELECT {DESTINATION}, event_types FROM webhooks WHERE account = ?1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
        ))?
        .query_map([account.as_str()], |row| {
            Ok(Subscriber { destination: Arc::new(destination_from_row(row)?), event_types: row.get(13)? })
        })?
        .collect()
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
        max_per_second: row.get(8)?,
        ordered: row.get(9)?,
        previous_secret: signing_secrets::previous_from_row(row, 10)?,
        headers: row.get::<_, Option<Vec<u8>>>(12)?.map(Sealed),
    })
}

/// From the columns of `COLUMNS`, the first of which is at `first`.
fn from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Webhook> {
    let event_types: Option<String> = row.get(first + 6)?;
    let reason: Option<String> = row.get(first + 10)?;
    let at: Option<Millis> = row.get(first + 11)?;
    Ok(Webhook {
        id: row.get::<_, Key>(first)?.0,
        account: Account::stored(row.get(first + 1)?),
        target_url: OutboundUrl::stored(row.get(first + 2)?),
        auth: auth_from_row(row, first + 3)?,
        auth_secret: row.get::<_, Option<Vec<u8>>>(first + 4)?.map(Sealed),
        signing_secret: Sealed(row.get(first + 5)?),
        previous_secret: signing_secrets::previous_from_row(row, first + 16)?,
        headers: custom_headers_from_row(row, first + 18)?,
        event_types: event_types
            .map(|text| EventTypes(text.split(' ').map(|pattern| EventTypePattern::stored(pattern.to_owned())).collect())),
        description: row.get::<_, Option<String>>(first + 7)?.map(Description::stored),
        max_per_second: row.get(first + 8)?,
        ordered: row.get(first + 9)?,
        deactivation: reason.zip(at).map(|(reason, at)| Deactivation { reason, at: at.0 }),
        epoch: row.get(first + 12)?,
        revision: row.get(first + 13)?,
        created_at: row.get::<_, Millis>(first + 14)?.0,
        updated_at: row.get::<_, Millis>(first + 15)?.0,
    })
}

fn auth_to_text(auth: &Auth) -> rusqlite::Result<String> {
    serde_json::to_string(auth).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn auth_from_row(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Auth> {
    let text = row.get_ref(column)?.as_str().map_err(|error| corrupt(column, error))?;
    serde_json::from_str(text).map_err(|error| corrupt(column, error))
}

fn header_names_to_text(headers: &CustomHeaders) -> String {
    headers.names.iter().map(CustomHeaderName::as_str).collect::<Vec<_>>().join(" ")
}

/// From the columns `header_names` and `headers`, which stand side by side.
fn custom_headers_from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Option<CustomHeaders>> {
    let (names, sealed) = (row.get::<_, Option<String>>(first)?, row.get::<_, Option<Vec<u8>>>(first + 1)?);
    Ok(names.zip(sealed).map(|(names, sealed)| CustomHeaders {
        names: names.split(' ').map(|name| CustomHeaderName::stored(name.to_owned())).collect(),
        sealed: Sealed(sealed),
    }))
}

fn event_types_to_text(event_types: &EventTypes) -> String {
    event_types.0.iter().map(EventTypePattern::as_str).collect::<Vec<_>>().join(" ")
}
