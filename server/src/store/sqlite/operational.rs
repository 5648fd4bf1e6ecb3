//! Publishing what the service itself tells an account, in the transaction in which it happens.

use super::*;
use crate::api::operational::Operational;

/// Publishes it to the account's active webhooks that ask for its type, except the one that it is about; if there are none,
/// nothing is stored. It leases nothing: who commits this wakes the engine.
///
/// This ends: a webhook is told of at most once for each time that it is active, so listeners that fail in turn end in silence.
pub(super) fn publish<T: Operational>(
    connection: &Connection,
    directory: &Directory,
    account: &str,
    told: &T,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let event_type = EventType::stored(T::EVENT_TYPE.to_owned());
    let listeners = directory.destinations(connection, &Account::stored(account.to_owned()), &event_type)?;
    let listeners: Vec<_> = listeners.iter().filter(|listener| listener.webhook_id != told.webhook_id()).collect();
    if listeners.is_empty() {
        return Ok(());
    }
    let data = serde_json::value::to_raw_value(told).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let delivery_count = u32::try_from(listeners.len()).expect("an account's webhooks are counted in 32 bits");
    let notification = Notification { id: Uuid::now_v7(), event_type, data, created_at: now, delivery_count };
    notifications::insert(connection, account, &notification, None)?;
    let mut insert = connection.prepare_cached(new_deliveries::INSERT)?;
    for listener in listeners {
        let lane = if listener.ordered { Lane::Ordered } else { Lane::Fresh };
        let sequence = if listener.ordered { Some(new_deliveries::next_sequence(connection, listener.webhook_id)?) } else { None };
        insert.execute((
            Key(Uuid::now_v7()),
            Key(notification.id),
            Key(listener.webhook_id),
            account,
            listener.epoch,
            lane,
            sequence,
            Millis(now),
            None::<Key>,
        ))?;
        ready::mark(connection, Work { webhook_id: listener.webhook_id, lane }, now)?;
    }
    Ok(())
}
