//! Notifications: publishing one is the outbox, all of it in one transaction.

use super::*;
use crate::delivery::schedule::Slots;

const COLUMNS: &str = "id, type, data, created_at, delivery_count";

/// RFC draft-ietf-httpapi-idempotency-key-header leaves the time to the server.
const KEY_LIFE: chrono::TimeDelta = chrono::TimeDelta::hours(24);

const KEYS_EXPIRED_AT_ONCE: i64 = 500;

pub(super) fn publish(
    connection: &Connection,
    publication: Publication,
    slots: &Arc<Slots>,
    incarnation: Uuid,
) -> rusqlite::Result<Published> {
    let now = publication.created_at;
    if let Some(idempotency) = &publication.idempotency
        && let Some(earlier) = find_key(connection, idempotency, now)?
    {
        return Ok(earlier);
    }
    let (account, destinations) = match publication.audience {
        Audience::Account(account) => {
            let destinations = webhooks::destinations(connection, &account, &publication.event_type)?;
            (account, destinations)
        }
        Audience::Webhook { id, account } => {
            let Some(webhook) = webhooks::get(connection, account.as_ref(), id)? else { return Ok(Published::NoSuchWebhook) };
            let Some(destination) = webhooks::destination(connection, id)? else { return Ok(Published::WebhookDeactivated) };
            (webhook.account, vec![destination])
        }
    };
    let notification = Notification {
        id: publication.id,
        event_type: publication.event_type,
        data: publication.data,
        created_at: now,
        delivery_count: u32::try_from(destinations.len()).expect("an account's webhooks are counted in 32 bits"),
    };
    connection
        .prepare_cached("INSERT INTO notifications (id, account, type, data, created_at, delivery_count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((
            Key(notification.id),
            account.as_str(),
            notification.event_type.as_str(),
            notification.data.get(),
            Millis(now),
            notification.delivery_count,
        ))?;
    if let Some(idempotency) = &publication.idempotency {
        connection
            .prepare_cached("INSERT OR REPLACE INTO idempotency_keys (owner, key, fingerprint, notification_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((&idempotency.owner, &idempotency.key, idempotency.fingerprint, Key(notification.id), Millis(now + KEY_LIFE)))?;
    }

    let outbound = Arc::new(Outbound {
        id: notification.id,
        event_type: notification.event_type.as_str().to_owned(),
        data: notification.data.clone(),
        created_at: now,
    });
    let mut leased = Vec::new();
    let mut left = false;
    let mut insert = connection.prepare_cached(
        "INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, leased_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?7, ?6)",
    )?;
    for destination in destinations {
        let delivery_id = Uuid::now_v7();
        let slot = slots.try_take(&destination.account, destination.webhook_id, Lane::Fresh, outbound.data.get().len());
        insert.execute((
            Key(delivery_id),
            Key(outbound.id),
            Key(destination.webhook_id),
            &destination.account,
            destination.epoch,
            Millis(now),
            slot.is_some().then_some(Key(incarnation)),
        ))?;
        match slot {
            Some(slot) => {
                let destination = Arc::new(destination);
                leased.push(Leased { delivery_id, attempt: 1, notification: outbound.clone(), destination, slot });
            }
            None => {
                leases::mark_ready(connection, destination.webhook_id, Lane::Fresh, now)?;
                left = true;
            }
        }
    }
    Ok(Published::New { notification, leased, left })
}

/// What came of the same key within its life.
fn find_key(connection: &Connection, idempotency: &Idempotency, now: DateTime<Utc>) -> rusqlite::Result<Option<Published>> {
    let earlier = connection
        .prepare_cached("SELECT fingerprint, notification_id FROM idempotency_keys WHERE owner = ?1 AND key = ?2 AND expires_at > ?3")?
        .query_row((&idempotency.owner, &idempotency.key, Millis(now)), |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Key>(1)?.0)))
        .optional()?;
    match earlier {
        None => Ok(None),
        // Comparing MACs in variable time tells at most something about a body that the caller sent itself.
        Some((fingerprint, _)) if fingerprint != idempotency.fingerprint => Ok(Some(Published::Conflict)),
        Some((_, id)) => Ok(get(connection, None, id)?.map(Published::Repeated)),
    }
}

pub(super) fn list(
    connection: &Connection,
    account: Option<&Account>,
    event_type: Option<&EventType>,
    page: Page,
) -> rusqlite::Result<Vec<Notification>> {
    let of_account = if account.is_some() { "account = :account AND" } else { ":account IS NULL AND" };
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM notifications
             WHERE {of_account} id < :before AND (:type IS NULL OR type = :type)
             ORDER BY id DESC LIMIT :limit"
        ))?
        .query_map(
            rusqlite::named_params! {
                ":account": account.map(Account::as_str),
                ":before": Key(page.after.unwrap_or(Uuid::max())),
                ":type": event_type.map(EventType::as_str),
                ":limit": page.limit,
            },
            from_row,
        )?
        .collect()
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<Notification>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM notifications WHERE id = ?1 AND (?2 IS NULL OR account = ?2)"))?
        .query_row((Key(id), account.map(Account::as_str)), from_row)
        .optional()
}

/// True when more may be left.
pub(super) fn expire_some_keys(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let expired = connection
        .prepare_cached(
            "DELETE FROM idempotency_keys WHERE (owner, key) IN (SELECT owner, key FROM idempotency_keys WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute((Millis(now), KEYS_EXPIRED_AT_ONCE))?;
    Ok(expired as i64 == KEYS_EXPIRED_AT_ONCE)
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get::<_, Key>(0)?.0,
        event_type: EventType::stored(row.get(1)?),
        data: raw_json(row, 2)?,
        created_at: row.get::<_, Millis>(3)?.0,
        delivery_count: row.get(4)?,
    })
}

pub(super) fn raw_json(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Box<RawValue>> {
    RawValue::from_string(row.get(column)?).map_err(|error| corrupt(column, error))
}
