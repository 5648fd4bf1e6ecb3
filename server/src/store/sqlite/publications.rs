//! Publishing. One transaction stores the notification, its deliveries and the leases of the deliveries.

use super::*;
use crate::store::notifications::KEY_LIFE;

pub(super) fn publish(leasing: &LeaseTransaction<'_>, publication: Publication) -> rusqlite::Result<Published> {
    let connection = leasing.connection;
    let now = publication.created_at;
    if let Some(idempotency) = &publication.idempotency
        && let Some(earlier) = notifications::find_key(connection, idempotency, now)?
    {
        return Ok(earlier);
    }
    let (account, destinations) = match publication.audience {
        Audience::Account(account) => {
            let destinations = leasing.cache.destinations(connection, &account, &publication.event_type)?;
            (account, destinations)
        }
        Audience::Webhook { id, account } => match leasing.cache.destination(connection, id)? {
            Some(destination) if account.as_ref().is_none_or(|account| account.as_str() == &*destination.account) => {
                (Account::stored(destination.account.to_string()), Arc::from([destination]))
            }
            _ => {
                let exists = webhook_rows::get(connection, account.as_ref(), id)?.is_some();
                return Ok(if exists { Published::WebhookDeactivated } else { Published::NoSuchWebhook });
            }
        },
    };
    let notification = Notification {
        id: publication.id,
        account,
        event_type: publication.event_type,
        data: publication.data,
        created_at: now,
        delivery_count: u32::try_from(destinations.len()).expect("an account's webhooks are counted in 32 bits"),
    };
    notifications::insert(connection, &notification, publication.trace.as_ref())?;
    if let Some(idempotency) = &publication.idempotency {
        connection
            .prepare_cached("INSERT OR REPLACE INTO idempotency_keys (owner, key, fingerprint, notification_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((&idempotency.owner, &idempotency.key, idempotency.fingerprint, Key(notification.id), Millis(now + KEY_LIFE)))?;
    }
    let leased = leasing.fan_out(&notification, publication.trace, &destinations)?;
    Ok(Published::New { notification, leased })
}
