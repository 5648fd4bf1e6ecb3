//! Reading webhooks.

use super::*;
use crate::store::shared::health as shared;
use crate::store::shared::subscribers::Subscriber;
use crate::store::shared::texts;

pub(super) const WEBHOOK: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered, \
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, previous_secret, previous_valid_until, \
     header_names, headers";

pub(super) fn count(connection: &Connection, account: &Account) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM webhooks WHERE account = ?1 AND deleted_at IS NULL")?
        .query_row([account.as_str()], |row| row.get(0))
}

/// The cost of a list of failing webhooks depends on the number of webhooks with failures, or on the number of the
/// account's webhooks.
pub(super) fn list(connection: &Connection, filter: &WebhookFilter, page: Page) -> rusqlite::Result<Part<Webhook>> {
    let WebhookFilter { account, status, health } = filter;
    let deactivated = status.map(|status| status == WebhookStatus::Deactivated);
    let (table, condition) = match (account, health) {
        (Some(_), _) => ("webhooks INDEXED BY webhooks_of_account", "account = :account AND deleted_at IS NULL"),
        // A cross join reads the tables in this order.
        (None, Some(WebhookHealthState::Failing)) => {
            ("failures CROSS JOIN webhooks ON id = webhook_id", ":account IS NULL AND webhook_id < :before AND deleted_at IS NULL")
        }
        (None, health) if deactivated == Some(true) || *health == Some(WebhookHealthState::Deactivated) => {
            ("webhooks INDEXED BY webhooks_deactivated", ":account IS NULL AND deactivation_reason IS NOT NULL AND deleted_at IS NULL")
        }
        // Deleted webhooks are few, so an index without them is not worth its cost in each registration.
        (None, _) => ("webhooks NOT INDEXED", ":account IS NULL"),
    };
    let (order, attempts) = match (account, health) {
        (_, None) => ("id", "0"),
        (None, Some(WebhookHealthState::Failing)) => ("webhook_id", "attempts"),
        (_, Some(_)) => ("id", "coalesce((SELECT attempts FROM failures WHERE webhook_id = id), 0)"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {order}, deleted_at IS NULL AND (:deactivated IS NULL OR (deactivation_reason IS NOT NULL) = :deactivated), {attempts},
             {WEBHOOK}
         FROM {table} WHERE {condition} AND id < :before ORDER BY {order} DESC"
    ))?;
    let rows = statement.query(rusqlite::named_params! {
        ":account": account.as_ref().map(Account::as_str),
        ":before": Key(page.after.unwrap_or(Uuid::max())),
        ":deactivated": deactivated,
    })?;
    let Some(health) = *health else {
        return pages::collect(rows, page.limit, |row| Ok((from_row(row, 3)?, 0)));
    };
    let paused = pauses::read(connection)?;
    pages::collect_some(rows, page.limit, |row| {
        let webhook = from_row(row, 3)?;
        Ok((shared::state(&webhook, &paused, row.get(2)?) == health).then_some((webhook, 0)))
    })
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<Webhook>> {
    connection
        .prepare_cached(&format!("SELECT {WEBHOOK} FROM webhooks WHERE id = ?1 AND (?2 IS NULL OR account = ?2) AND deleted_at IS NULL"))?
        .query_row((Key(id), account.map(Account::as_str)), |row| from_row(row, 0))
        .optional()
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

/// Returns the active webhooks of an account.
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
    let (target_url, auth): (String, _) = (row.get(4)?, auth_from_row(row, 5)?);
    Ok(Destination {
        webhook_id: row.get::<_, Key>(0)?.0,
        account: row.get(1)?,
        epoch: row.get(2)?,
        revision: row.get(3)?,
        hosts: Destination::hosts(&target_url, &auth),
        target_url,
        auth,
        auth_secret: row.get::<_, Option<Vec<u8>>>(6)?.map(Sealed),
        signing_secret: Sealed(row.get(7)?),
        max_per_second: row.get(8)?,
        ordered: row.get(9)?,
        previous_secret: previous_from_row(row, 10)?,
        headers: row.get::<_, Option<Vec<u8>>>(12)?.map(Sealed),
    })
}

/// Reads the columns of `WEBHOOK`, beginning at column `first`.
fn from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Webhook> {
    let reason: Option<String> = row.get(first + 10)?;
    let at: Option<Millis> = row.get(first + 11)?;
    Ok(Webhook {
        id: row.get::<_, Key>(first)?.0,
        account: Account::stored(row.get(first + 1)?),
        target_url: OutboundUrl::stored(row.get(first + 2)?),
        auth: auth_from_row(row, first + 3)?,
        auth_secret: row.get::<_, Option<Vec<u8>>>(first + 4)?.map(Sealed),
        signing_secret: Sealed(row.get(first + 5)?),
        previous_secret: previous_from_row(row, first + 16)?,
        headers: texts::custom_headers(row.get(first + 18)?, row.get(first + 19)?),
        event_types: row.get::<_, Option<String>>(first + 6)?.as_deref().map(texts::event_types_from_text),
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

fn auth_from_row(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Auth> {
    let text = row.get_ref(column)?.as_str().map_err(|error| corrupt(column, error))?;
    texts::auth_from_text(text).map_err(|error| corrupt(column, error))
}

/// Reads `previous_secret` at index `first` and `previous_valid_until` at the next index.
fn previous_from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Option<PreviousSecret>> {
    let (secret, valid_until) = (row.get::<_, Option<Vec<u8>>>(first)?, row.get::<_, Option<Millis>>(first + 1)?);
    Ok(secret.zip(valid_until).map(|(secret, valid_until)| PreviousSecret { secret: Sealed(secret), valid_until: valid_until.0 }))
}
