//! Counting for those who watch the server.

use super::pauses::Paused;
use super::*;
use crate::store::backlog_counts::Place;

/// One step: some milliseconds.
const COUNTED_AT_ONCE: u32 = 10_000;

/// How many of each webhook, epoch and lane, and the last one of them.
const DELIVERIES: &str =
    "SELECT webhook_id, epoch, lane, count(*), max(due_at), (array_agg(delivery_id ORDER BY due_at DESC, delivery_id DESC))[1]
     FROM (
         SELECT webhook_id, epoch, lane, due_at, delivery_id FROM pending
         WHERE lane < 3 AND (webhook_id, epoch, lane, due_at, delivery_id) > ($1, $2, $3, $4, $5)
         ORDER BY webhook_id, epoch, lane, due_at, delivery_id LIMIT $6) counted
     GROUP BY webhook_id, epoch, lane ORDER BY webhook_id, epoch, lane";

/// Tombstones are read too: skipping them would make a step longer than it says.
const WEBHOOKS: &str = "SELECT count(*), count(*) FILTER (WHERE exists AND active), count(*) FILTER (WHERE exists AND NOT active),
         (array_agg(id ORDER BY id DESC))[1]
     FROM (
         SELECT id, deleted_at IS NULL AS exists, deactivation_reason IS NULL AS active FROM webhooks
         WHERE id > $1 ORDER BY id LIMIT $2) counted";

pub(super) async fn count_some(session: &Session, census: Census) -> Answer<Census> {
    count_at_most(session, census, COUNTED_AT_ONCE).await
}

pub(super) async fn count_at_most(session: &Session, mut census: Census, limit: u32) -> Answer<Census> {
    let limit = i64::from(limit);
    match census.place {
        Place::Deliveries { webhook_id, epoch, lane, due_at, id } => {
            let mut in_order = (lane == Lane::Ordered).then_some(webhook_id);
            let groups = session.query(DELIVERIES, &[&webhook_id, &int(epoch), &(lane as i16), &due_at, &id, &limit]).await?;
            let (mut counted, mut ordered) = (0, Vec::new());
            for group in &groups {
                let (webhook_id, lane) = (group.try_get(0)?, Lane::from_number(group.try_get(2)?)?);
                let of_group: i64 = group.try_get(3)?;
                counted += of_group;
                census.counts.pending[lane as usize] += u64::try_from(of_group).unwrap_or_default();
                if lane == Lane::Ordered && in_order.replace(webhook_id) != Some(webhook_id) {
                    ordered.push(Work { webhook_id, lane });
                }
                let (epoch, due_at, id) = (count(group.try_get(1)?), group.try_get(4)?, group.try_get(5)?);
                census.place = Place::Deliveries { webhook_id, epoch, lane, due_at, id };
            }
            let waiting = first_waiting(session, &ordered).await?;
            census.counts.oldest_in_order = waiting.into_iter().map(|(_, since)| since).chain(census.counts.oldest_in_order).min();
            if counted < limit {
                census.place = Place::Webhooks { after: Uuid::nil() };
            }
        }
        Place::Webhooks { after } => {
            let row = session.query_one(WEBHOOKS, &[&after, &limit]).await?;
            let number = |column| -> Answer<u64> { Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or_default()) };
            census.counts.active += number(1)?;
            census.counts.deactivated += number(2)?;
            census.place = match row.try_get(3)? {
                Some(after) if row.try_get::<_, i64>(0)? == limit => Place::Webhooks { after },
                _ => Place::End,
            };
        }
        Place::End => {}
    }
    Ok(census)
}

/// One probe of an index for each lane, and for each webhook that waits for room, as far as these are looked at.
pub(super) async fn oldest_due(session: &Session, waiting: &[Work]) -> Answer<DuePerLane> {
    let mut due = DuePerLane::default();
    for row in session.query(NEXT_READY, &[]).await? {
        due[Lane::from_number(row.try_get(0)?)? as usize] = row.try_get(1)?;
    }
    for (lane, since) in first_waiting(session, &waiting[..waiting.len().min(LOOKED_AT)]).await? {
        let oldest = &mut due[lane as usize];
        *oldest = (*oldest).into_iter().chain([since]).min();
    }
    Ok(due)
}

const LOOKED_AT: usize = 1000;

/// What is marked with the beginning of time is looked at in the next round, whatever its time.
const NEXT_READY: &str = "SELECT lane, (SELECT min(due_at) FROM ready WHERE ready.lane = lanes.lane AND due_at > 'epoch')
     FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)";

/// It walks over what is leased and no further, and so over no more than may be in flight or unrecorded.
const FIRST_WAITING: &str = "SELECT w.id, w.account, work.lane, p.due_at
     FROM UNNEST($1, $2) AS work (webhook_id, lane)
     CROSS JOIN LATERAL (
         SELECT id, account, epoch FROM webhooks
         WHERE id = work.webhook_id AND deactivation_reason IS NULL AND deleted_at IS NULL LIMIT 1) w
     CROSS JOIN LATERAL (
         SELECT due_at FROM pending
         WHERE webhook_id = w.id AND epoch = w.epoch AND lane = work.lane
             AND (leased_by IS NULL OR leased_by NOT IN (SELECT incarnation FROM nodes))
         ORDER BY due_at LIMIT 1) p";

/// Since when the first delivery of each of these waits that nobody is on, with its lane. One that is paused waits for the
/// operator alone, who knows.
async fn first_waiting(session: &Session, works: &[Work]) -> Answer<Vec<(Lane, DateTime<Utc>)>> {
    if works.is_empty() {
        return Ok(Vec::new());
    }
    let paused = Paused::read(session).await?;
    let (webhooks, lanes): (Vec<Uuid>, Vec<i16>) = works.iter().map(|work| (work.webhook_id, work.lane as i16)).unzip();
    let mut waiting = Vec::new();
    for row in session.query(FIRST_WAITING, &[&webhooks, &lanes]).await? {
        if !paused.has(row.try_get(1)?, row.try_get(0)?) {
            waiting.push((Lane::from_number(row.try_get(2)?)?, row.try_get(3)?));
        }
    }
    Ok(waiting)
}
