//! Publishing what the service itself tells an account, in the transaction in which it happens.

use super::new_deliveries::NewDelivery;
use super::*;
use crate::api::operational::Operational;
use crate::store::shared::subscribers::wants;

/// Publishes it to the account's active webhooks that ask for its type, except the one that it is about; if there are none,
/// nothing is stored. It leases nothing: who commits this wakes the engine.
///
/// This ends: a webhook is told of at most once for each time that it is active, so listeners that fail in turn end in silence.
pub(super) async fn publish<T: Operational + Sync>(session: &Session, account: &str, told: &T, now: DateTime<Utc>) -> Answer<()> {
    let event_type = EventType::stored(T::EVENT_TYPE.to_owned());
    let listeners = webhook_rows::subscribers(session, account).await?;
    let listeners: Vec<_> = listeners
        .iter()
        .filter(|listener| wants(listener.event_types.as_deref(), event_type.as_str()))
        .map(|listener| &*listener.destination)
        .filter(|listener| listener.webhook_id != told.webhook_id())
        .collect();
    if listeners.is_empty() {
        return Ok(());
    }
    let data = serde_json::value::to_raw_value(told).map_err(Trouble::damaged)?;
    let delivery_count = u32::try_from(listeners.len()).expect("an account's webhooks are counted in 32 bits");
    let notification = Notification { id: Uuid::now_v7(), event_type, data, created_at: now, delivery_count };
    notifications::insert(session, account, &notification, None).await?;
    let in_order: Vec<Uuid> = listeners.iter().filter(|listener| listener.ordered).map(|listener| listener.webhook_id).collect();
    let sequences = sequences::next(session, &in_order).await?;
    let (mut deliveries, mut marks) = (Vec::new(), Vec::new());
    for listener in listeners {
        let lane = if listener.ordered { Lane::Ordered } else { Lane::Fresh };
        deliveries.push(NewDelivery {
            id: Uuid::now_v7(),
            notification_id: notification.id,
            webhook_id: listener.webhook_id,
            account,
            epoch: listener.epoch,
            lane,
            sequence: sequences.get(&listener.webhook_id).copied(),
            created_at: now,
            leased_by: None,
        });
        marks.push((Work { webhook_id: listener.webhook_id, lane }, now));
    }
    new_deliveries::insert(session, &deliveries).await?;
    ready::mark(session, &marks).await
}
