//! The suspects: deliveries during whose attempts nodes have died several times.

use super::deaths::DIED;
use super::leases::{Candidate, Target};
use super::*;
use crate::model::Rate;

/// The key of the advisory lock of the node that leases a suspect. The key is an arbitrary number.
const SUSPECT_LOCK_KEY: i64 = 7_263_584_019_422;

const COUNT: &str = "SELECT count(*) FROM pending WHERE deaths >= 3";

/// Leases the next suspect that is not in `skip`, unless a suspect is in flight on any node.
pub(super) async fn lease_suspect(
    session: &Session,
    node: &Node,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    skip: &[Uuid],
) -> SessionResult<SuspectRound> {
    let suspects = u32::try_from(session.query_one(COUNT, &[]).await?.try_get::<_, i64>(0)?).unwrap_or(u32::MAX);
    if suspects == 0 || !node.may_lease() {
        return Ok(SuspectRound { suspects, next: None });
    }
    let transaction = session.begin().await?;
    let leasing = LeaseTransaction { session: &transaction, node, slots, now };
    let next = match leasing.lease_suspect(skip).await {
        Ok(next) => next,
        Err(error) => {
            let _ = transaction.roll_back().await;
            return Err(error);
        }
    };
    if let Err(error) = transaction.commit().await {
        node.mark_uncertain(next.map(|suspect| suspect.leased.delivery_id));
        return Err(error);
    }
    Ok(SuspectRound { suspects, next })
}

impl LeaseTransaction<'_> {
    async fn lease_suspect(&self, skip: &[Uuid]) -> SessionResult<Option<Suspect>> {
        if !self.session.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&SUSPECT_LOCK_KEY]).await?.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        let Some(row) = self.session.query_opt(&next_suspect(), &[&skip.to_vec()]).await? else { return Ok(None) };
        let (delivery_id, webhook_id): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let work = WorkItem { webhook_id, lane: Lane::from_number(row.try_get(2)?)? };
        let Some(destination) = webhook_rows::destinations(self.session, vec![webhook_id]).await?.pop().map(Arc::new) else {
            return Ok(None);
        };
        if work.lane == Lane::Ordered {
            sequences::lock(self.session, &[webhook_id]).await?;
        }
        let target = [Target { work, destination: destination.clone(), limit: 1 }];
        let mut rates = self.lock_rates(&target).await?;
        let mut begin_at = self.now;
        if let Some(rate) = destination.max_per_second.and_then(Rate::per_second) {
            let theoretical_arrival_time = rates.entry(webhook_id).or_default();
            let (allowed_at, next) = rate.reserve(*theoretical_arrival_time, self.now);
            (begin_at, *theoretical_arrival_time) = (allowed_at, Some(next));
        }
        // The delivery may have got an outcome, or may have been redelivered or cancelled, before this lock.
        let Some(row) = self.session.query_opt(&lock_suspect(), &[&delivery_id, &int(destination.epoch)]).await? else { return Ok(None) };
        let candidate = Candidate::from_row(&row)?;
        let slot = self.slots.take_for_suspect(&destination.account, &destination.hosts, work, candidate.payload_bytes, self.now);
        if candidate.died {
            deaths::count(self.session, &[delivery_id]).await?;
        }
        let leased = self.lease(&target, vec![(0, candidate, slot)]).await?.pop();
        self.save_rates(rates).await?;
        Ok(leased.map(|leased| Suspect { leased, begin_at }))
    }
}

/// Selects the suspect with the most deaths that is not in `$1`, if no suspect is in flight. Its webhook is active and not paused.
fn next_suspect() -> String {
    format!(
        "SELECT p.delivery_id, p.webhook_id, p.lane FROM pending p
         CROSS JOIN LATERAL (
             SELECT w.id, w.account FROM webhooks w
             WHERE w.id = p.webhook_id AND w.epoch = p.epoch AND w.deleted_at IS NULL AND w.deactivation_reason IS NULL LIMIT 1) w
         WHERE p.deaths >= 3 AND p.lane <> 3 AND p.delivery_id <> ALL($1)
             AND NOT EXISTS (SELECT 1 FROM pending f WHERE f.deaths >= 3 AND f.leased_by IN (SELECT incarnation FROM nodes))
             AND NOT EXISTS (
                 SELECT 1 FROM pauses WHERE scope = 'all' OR scope = 'account' AND name = w.account OR scope = 'webhook' AND name = w.id::text)
         ORDER BY p.deaths + {DIED}::int DESC, p.delivery_id LIMIT 1"
    )
}

/// Locks a suspect that is not in flight. The columns are those of the candidates of a round of leasing.
fn lock_suspect() -> String {
    format!(
        "SELECT 0::bigint, p.delivery_id, p.due_at, d.attempt_count, d.schedule_start, octet_length(n.data), p.deaths, {DIED}
         FROM (SELECT * FROM pending WHERE delivery_id = $1 LIMIT 1 FOR UPDATE) p
         CROSS JOIN LATERAL (SELECT attempt_count, schedule_start, notification_id FROM deliveries WHERE id = p.delivery_id LIMIT 1) d
         CROSS JOIN LATERAL (SELECT data FROM notifications WHERE id = d.notification_id AND data IS NOT NULL LIMIT 1) n
         WHERE p.epoch = $2 AND p.deaths >= 3 AND p.lane <> 3
             AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by))"
    )
}
