//! Making deliveries due again.
//!
//! A redelivery begins a retry schedule of its own, at `schedule_start`: the last attempt that it does not count. While an
//! attempt is under way, `pending.leased_by` names a living node, and that attempt is the last one before the redelivery. So
//! no second one is leased beside it, and when it ends its number tells that a redelivery was asked for meanwhile: a success
//! settles that, and anything else leaves the delivery due, as this left it. The same holds when the delivery was
//! cancelled under way, because cancelling does not touch the lease.

use super::*;

/// Whether a node that lives is on a row of `pending`.
pub(super) const UNDER_WAY: &str = "leased_by IN (SELECT incarnation FROM nodes)";

pub(super) async fn redeliver(session: &Session, account: &Account, id: Uuid, now: DateTime<Utc>) -> Answer<Redelivered> {
    let of_webhook = session
        .query_opt(
            "SELECT w.id, w.ordered, coalesce((SELECT p.lane FROM pending p WHERE p.delivery_id = d.id) = $3, false)
             FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.id = $1 AND d.account = $2",
            &[&id, &account.as_str(), &(Lane::Ordered as i16)],
        )
        .await?;
    let Some(of_webhook) = of_webhook else { return Ok(Redelivered::NoSuchDelivery) };
    let (webhook_id, ordered, waits_in_order): (Uuid, bool, bool) =
        (of_webhook.try_get(0)?, of_webhook.try_get(1)?, of_webhook.try_get(2)?);
    if ordered || waits_in_order {
        hold_order(session, webhook_id).await?;
    }
    let under_way = hold(session, &[id]).await?;
    // Nobody else changes what this finds, except the webhook.
    let found = session
        .query_opt(
            "SELECT w.epoch, d.status = 0 AND d.epoch = w.epoch, w.deactivation_reason IS NOT NULL, w.deleted_at IS NOT NULL, n.data IS NULL
             FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN notifications n ON n.id = d.notification_id WHERE d.id = $1",
            &[&id],
        )
        .await?;
    let Some(found) = found else { return Ok(Redelivered::NoSuchDelivery) };
    if found.try_get(3)? {
        return Ok(Redelivered::WebhookDeleted);
    }
    if found.try_get(4)? {
        return Ok(Redelivered::NotificationDeleted);
    }
    if found.try_get(2)? {
        return Ok(Redelivered::WebhookDeactivated);
    }
    let (lane, due_at) = if found.try_get(1)? {
        hasten(session, id, &under_way, now).await?
    } else {
        (make_due(session, &[id], &under_way, webhook_id, count(found.try_get(0)?), ordered, now).await?, now)
    };
    ready::mark(session, &[(Work { webhook_id, lane }, due_at)]).await?;
    Ok(deliveries::get(session, None, id).await?.map_or(Redelivered::NoSuchDelivery, |(delivery, _)| Redelivered::Due(Box::new(delivery))))
}

/// Makes one that waits already due now, which loses nothing of its place. Answers its lane, and since when it is due.
async fn hasten(session: &Session, id: Uuid, under_way: &[Uuid], now: DateTime<Utc>) -> Answer<(Lane, DateTime<Utc>)> {
    let hastened = session
        .query_one(
            "WITH delivery AS (UPDATE deliveries SET schedule_start = attempt_count + $3 WHERE id = $1)
             UPDATE pending SET due_at = least(due_at, $2) WHERE delivery_id = $1 RETURNING lane, due_at",
            &[&id, &now, &i32::from(under_way.contains(&id))],
        )
        .await?;
    Ok((Lane::from_number(hastened.try_get(0)?)?, hastened.try_get(1)?))
}

/// Until the end of the transaction nobody takes the next delivery of an ordered webhook. Comes before [`hold`].
pub(super) async fn hold_order(session: &Session, webhook_id: Uuid) -> Answer<()> {
    sequences::reserve_block(session, webhook_id, 0).await.map(drop)
}

/// Until the end of the transaction nobody else takes, records or changes these deliveries. Answers those that an attempt is
/// under way of.
pub(super) async fn hold(session: &Session, ids: &[Uuid]) -> Answer<Vec<Uuid>> {
    let ids = ids.to_vec();
    session.query("SELECT 1 FROM deliveries WHERE id = ANY($1) ORDER BY id FOR UPDATE", &[&ids]).await?;
    let rows = session
        .query(
            &format!("SELECT delivery_id, {UNDER_WAY} FROM pending WHERE delivery_id = ANY($1) ORDER BY delivery_id FOR UPDATE"),
            &[&ids],
        )
        .await?;
    let mut under_way = Vec::new();
    for row in &rows {
        if row.try_get::<_, Option<bool>>(1)? == Some(true) {
            under_way.push(row.try_get(0)?);
        }
    }
    Ok(under_way)
}

/// Makes deliveries of one webhook due that were not, in their order, each with a schedule that begins after the attempt that
/// has ended last or is under way. They keep no fresh one waiting; in an ordered webhook they come behind all others. Whoever
/// asks for it holds them. Answers their lane.
pub(super) async fn make_due(
    session: &Session,
    ids: &[Uuid],
    under_way: &[Uuid],
    webhook_id: Uuid,
    epoch: u32,
    ordered: bool,
    now: DateTime<Utc>,
) -> Answer<Lane> {
    let lane = if ordered { Lane::Ordered } else { Lane::Retry };
    let wanted = u32::try_from(ids.len()).expect("they are looked at some hundreds at a time");
    let first = if ordered { Some(sequences::reserve_block(session, webhook_id, wanted).await?) } else { None };
    session
        .execute(
            &format!(
                "WITH delivery AS (
                     UPDATE deliveries SET status = 0, epoch = $4, ended_at = NULL,
                         schedule_start = attempt_count + CASE WHEN id = ANY($2) THEN 1 ELSE 0 END
                     WHERE id = ANY($1)),
                 successful AS (DELETE FROM unsuccessful WHERE delivery_id = ANY($1))
                 INSERT INTO pending (delivery_id, webhook_id, epoch, lane, sequence, due_at)
                 SELECT id, $3, $4, $5, $6 + place - 1, $7 FROM UNNEST($1) WITH ORDINALITY AS due (id, place) ORDER BY id
                 ON CONFLICT (delivery_id) DO UPDATE
                 SET epoch = excluded.epoch, lane = excluded.lane, sequence = excluded.sequence, due_at = excluded.due_at,
                     leased_by = CASE WHEN pending.{UNDER_WAY} THEN pending.leased_by END"
            ),
            &[&ids.to_vec(), &under_way.to_vec(), &webhook_id, &int(epoch), &(lane as i16), &first, &now],
        )
        .await?;
    Ok(lane)
}
