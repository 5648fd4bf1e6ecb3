//! Publishes notifications of the service itself to an account, in the transaction that causes the event.

use super::new_deliveries::NewDelivery;
use super::*;
use crate::api::operational::Operational;
use crate::store::shared::subscribers::wants;

/// Publishes an event to the account's active webhooks that subscribe to the event's type. The webhook that the event
/// is about does not get the event. Stores nothing if no webhook must get the event. Leases nothing, so the caller must
/// wake the nodes after the commit.
///
/// Failing webhooks cannot cause an endless series of events. Without a success or a new activation, a webhook causes
/// at most one warning and one deactivation.
pub(super) async fn publish<T: Operational + Sync>(session: &Session, account: &str, event: &T, now: DateTime<Utc>) -> SessionResult<()> {
    let event_type = EventType::stored(T::EVENT_TYPE.to_owned());
    let listeners = webhook_rows::subscribers(session, account).await?;
    let listeners: Vec<_> = listeners
        .iter()
        .filter(|listener| wants(listener.event_types.as_deref(), event_type.as_str()))
        .map(|listener| &*listener.destination)
        .filter(|listener| listener.webhook_id != event.webhook_id())
        .collect();
    if listeners.is_empty() {
        return Ok(());
    }
    let data = serde_json::value::to_raw_value(event).map_err(SessionError::damaged)?;
    let delivery_count = u32::try_from(listeners.len()).expect("the number of an account's webhooks fits in 32 bits");
    let notification = Notification {
        id: Uuid::now_v7(),
        account: Account::stored(account.to_owned()),
        event_type,
        data,
        created_at: now,
        delivery_count,
    };
    notifications::insert(session, &notification, None).await?;
    let in_order: Vec<Uuid> = listeners.iter().filter(|listener| listener.ordered).map(|listener| listener.webhook_id).collect();
    let sequences = sequences::next(session, &in_order).await?;
    let (mut deliveries, mut marks) = (Vec::new(), Vec::new());
    for listener in listeners {
        let work = listener.new_work();
        deliveries.push(NewDelivery {
            id: new_id(now),
            notification_id: notification.id,
            webhook_id: listener.webhook_id,
            account,
            epoch: listener.epoch,
            lane: work.lane,
            sequence: sequences.get(&listener.webhook_id).copied(),
            created_at: now,
            leased_by: None,
        });
        marks.push((work, now));
    }
    new_deliveries::insert(session, &deliveries).await?;
    ready::mark(session, &marks).await
}
