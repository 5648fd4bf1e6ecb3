//! Publishing operational events. An event is published in the transaction that causes the event.

use super::*;
use crate::api::operational::Operational;

/// Publishes an event to the account's active webhooks that subscribe to the type of the event. The webhook that the
/// event is about does not get it. Stores nothing if no webhook must get the event. Leases no deliveries, so the caller
/// must wake the engine after the commit.
///
/// Failing webhooks cannot cause an endless chain of events. Until a webhook has a success or is activated again, it
/// causes at most one warning and one deactivation.
pub(super) fn publish<T: Operational>(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &str,
    event: &T,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let (event_type, owner) = (EventType::stored(T::EVENT_TYPE.to_owned()), Account::stored(account.to_owned()));
    let listeners = cache.destinations(connection, &owner, &event_type)?;
    let listeners: Vec<_> = listeners.iter().filter(|listener| listener.webhook_id != event.webhook_id()).collect();
    if listeners.is_empty() {
        return Ok(());
    }
    let data = serde_json::value::to_raw_value(event).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let delivery_count = u32::try_from(listeners.len()).expect("an account's webhooks are counted in 32 bits");
    let notification = Notification { id: Uuid::now_v7(), account: owner, event_type, data, created_at: now, delivery_count };
    notifications::insert(connection, &notification, None)?;
    let mut insert = connection.prepare_cached(new_deliveries::INSERT)?;
    for listener in listeners {
        let work = listener.new_work();
        let sequence = if listener.ordered { Some(new_deliveries::next_sequence(connection, listener.webhook_id)?) } else { None };
        insert.execute((
            Key(new_id(now)),
            Key(notification.id),
            Key(listener.webhook_id),
            account,
            listener.epoch,
            work.lane,
            sequence,
            Millis(now),
            None::<Key>,
        ))?;
        ready::mark(connection, work, now)?;
    }
    Ok(())
}
