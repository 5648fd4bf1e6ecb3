//! Leasing due deliveries.
//!
//! When several nodes lease from the same webhook, each node skips the rows that another node has locked (`SKIP
//! LOCKED`). So each node gets different deliveries. A lease is a node's incarnation in `pending.leased_by`. The lease
//! is valid only while the incarnation is in `nodes`.
//!
//! The transactions of the modules `leases`, `outcomes` and `publications` lock tables in this order: sequences, rates,
//! deliveries, pending, ready. Within a table, they lock rows in the order of the keys. The exception is an event of the
//! service, which `operational` publishes: its deliveries change `ready` earlier.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::pauses::Paused;
use super::*;
use crate::model::Rate;

/// Maximum number of deliveries that one round leases. This limit keeps the round's transaction short.
const MAX_LEASED_PER_ROUND: usize = 256;

/// If other nodes have locked all due work, this node looks for work again after this time. It is possible that the
/// other nodes do not lease all of the work.
const RETRY_LOCKED_AFTER: TimeDelta = TimeDelta::milliseconds(20);

/// Leases deliveries of `work_items` and of the due work in `ready`.
pub(super) async fn lease_due(
    session: &Session,
    node: &Node,
    wakeup: &Wakeup,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    mut work_items: Vec<WorkItem>,
) -> SessionResult<DueRound> {
    if !node.holds(node.incarnation()) {
        // The heartbeat of this node is overdue, so a new lease may be void.
        slots.wake(work_items);
        return Ok(DueRound::default());
    }
    // Most rounds find no due work. In that case, no transaction is needed.
    if work_items.is_empty() {
        let next: Option<DateTime<Utc>> = session.query_one(ready::NEXT_DUE, &[]).await?.try_get(0)?;
        if next.is_none_or(|next| next > now) {
            return Ok(DueRound { next_due: next, ..DueRound::default() });
        }
    }
    match ready::take_due(session, node.incarnation(), now).await {
        Ok(due) => work_items.extend(due),
        Err(error) => {
            if error.is_unknown() {
                node.request_rescan();
            }
            slots.wake(work_items);
            return Err(error);
        }
    }
    let mut seen = std::collections::HashSet::new();
    work_items.retain(|work| seen.insert(*work));
    if work_items.is_empty() {
        // Other nodes have locked the due work.
        return Ok(DueRound { next_due: Some(now + RETRY_LOCKED_AFTER), ..DueRound::default() });
    }
    let mut tries = 1;
    loop {
        match try_round(session, node, slots, now, work_items.clone()).await {
            Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
            Err(error) => {
                // The next round tries this work again.
                slots.wake(work_items);
                return Err(error);
            }
            Ok((round, shared)) => {
                if shared {
                    wakeup.notify();
                }
                return Ok(round);
            }
        }
    }
}

/// Runs a round in one transaction. Also returns whether work was shared with other nodes.
async fn try_round(
    session: &Session,
    node: &Node,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    mut work_items: Vec<WorkItem>,
) -> SessionResult<(DueRound, bool)> {
    let transaction = session.begin().await?;
    let outcome = async {
        // Retries come after new and ordered deliveries, except when `retries_go_first` returns true.
        work_items.sort_by_cached_key(|work| match work.lane {
            Lane::Retry if slots.retries_go_first(work.webhook_id) => 0,
            Lane::Fresh | Lane::Ordered => 1,
            Lane::Retry => 2,
        });
        let leasing = LeaseTransaction { session: &transaction, node, slots, now };
        let LeaseOutcome { leased, left, mut marks } = leasing.lease_work(work_items).await?;
        let shared = leasing.work_to_share(&leased);
        marks.extend(&shared);
        ready::mark(&transaction, &marks).await?;
        let next_due = transaction.query_one(ready::NEXT_DUE, &[]).await?.try_get(0)?;
        Ok((leased, left, !shared.is_empty(), next_due))
    };
    match outcome.await {
        Ok((leased, left, shared, next_due)) => {
            let ids: Vec<Uuid> = leased.iter().map(|leased| leased.delivery_id).collect();
            if let Err(error) = transaction.commit().await {
                node.mark_uncertain(ids);
                return Err(error);
            }
            Ok((DueRound { leased, next_due, left }, shared))
        }
        Err(error) => {
            let _ = transaction.roll_back().await;
            Err(error)
        }
    }
}

pub(super) struct LeaseTransaction<'a> {
    pub(super) session: &'a Session,
    pub(super) node: &'a Node,
    pub(super) slots: &'a Arc<Slots>,
    pub(super) now: DateTime<Utc>,
}

#[derive(Default)]
pub(super) struct LeaseOutcome {
    pub(super) leased: Vec<Leased>,
    /// The work that is left for the next round.
    pub(super) left: Vec<WorkItem>,
    /// The work that falls due later, with its due times.
    pub(super) marks: Vec<(WorkItem, DateTime<Utc>)>,
}

/// A work item whose deliveries may be leased now.
pub(super) struct Target {
    pub(super) work: WorkItem,
    pub(super) destination: Arc<Destination>,
    /// The maximum number of deliveries to lease.
    pub(super) limit: i64,
}

pub(super) struct Candidate {
    delivery_id: Uuid,
    due_at: DateTime<Utc>,
    attempt_count: u32,
    schedule_start: u32,
    pub(super) payload_bytes: usize,
    /// The deaths of nodes during attempts, including a death that is not counted in the database yet.
    deaths: u32,
    /// Whether the node that had leased the delivery died.
    pub(super) died: bool,
}

impl Candidate {
    pub(super) fn from_row(row: &Row) -> SessionResult<Candidate> {
        let died: bool = row.try_get(7)?;
        Ok(Candidate {
            delivery_id: row.try_get(1)?,
            due_at: row.try_get(2)?,
            attempt_count: count(row.try_get(3)?),
            schedule_start: count(row.try_get(4)?),
            payload_bytes: usize::try_from(row.try_get::<_, i32>(5)?).unwrap_or_default(),
            deaths: count(row.try_get::<_, i16>(6)?.into()) + u32::from(died),
            died,
        })
    }
}

impl LeaseTransaction<'_> {
    /// Leases deliveries of `work_items` while slots are free. The caller must pass the returned marks to
    /// [`ready::mark`], and no later statement of the transaction may lock rows.
    pub(super) async fn lease_work(&self, mut work_items: Vec<WorkItem>) -> SessionResult<LeaseOutcome> {
        if work_items.is_empty() {
            return Ok(LeaseOutcome::default());
        }
        // Without this limit, each round would read the destinations of all work that waits for a later round.
        let left = work_items.split_off(work_items.len().min(MAX_LEASED_PER_ROUND));
        let mut ids: Vec<Uuid> = work_items.iter().map(|work| work.webhook_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let destinations = webhook_rows::destinations(self.session, ids).await?;
        let destinations: HashMap<Uuid, Arc<Destination>> =
            destinations.into_iter().map(|destination| (destination.webhook_id, Arc::new(destination))).collect();
        let paused = Paused::read(self.session).await?;
        let (mut targets, mut room, mut items) = (Vec::new(), MAX_LEASED_PER_ROUND, work_items.len());
        for work in work_items {
            // Each work item gets an equal part of the room that is left, and at least 1.
            let part = room / items;
            items -= 1;
            let Some(destination) = destinations.get(&work.webhook_id) else { continue };
            // `slots` returns waiting work when the work can continue. Paused work is found again when the pause ends.
            if self.slots.is_waiting(work) || paused.has(&destination.account, work.webhook_id) {
                continue;
            }
            let limit = if work.lane == Lane::Ordered { 1 } else { self.slots.room_for(work.webhook_id).clamp(1, part) };
            room -= limit;
            targets.push(Target { work, destination: destination.clone(), limit: limit as i64 });
        }
        let ordered: Vec<Uuid> =
            targets.iter().filter(|target| target.work.lane == Lane::Ordered).map(|target| target.work.webhook_id).collect();
        sequences::lock(self.session, &ordered).await?;
        let mut rates = self.lock_rates(&targets).await?;
        let mut waiting = self.lock_candidates(&targets).await?;
        let (mut chosen, mut marks, mut exhausted, mut died) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (position, target) in targets.iter().enumerate() {
            let candidates = waiting.remove(&position).unwrap_or_default();
            let found = candidates.len();
            let mut all = true;
            for candidate in candidates {
                if candidate.deaths >= SUSPECT_AFTER_DEATHS {
                    // The suspect is leased alone later. In an ordered webhook, the other deliveries wait for it.
                    died.extend(candidate.died.then_some(candidate.delivery_id));
                    continue;
                }
                // A delivery without an attempt in its retry schedule is always due. If the due time of such a delivery
                // is in the future, the clock has been set back.
                if candidate.due_at > self.now && candidate.attempt_count > candidate.schedule_start {
                    marks.push((target.work, candidate.due_at));
                    all = false;
                    break;
                }
                let Some(slot) = self.take_slot(target, candidate.payload_bytes, &mut rates) else {
                    all = false;
                    break;
                };
                died.extend(candidate.died.then_some(candidate.delivery_id));
                chosen.push((position, candidate, slot));
            }
            if all && found as i64 > target.limit {
                self.slots.wake([target.work]);
            } else if all && target.work.lane == Lane::Retry {
                exhausted.push(target.work.webhook_id);
            }
        }
        deaths::count(self.session, &died).await?;
        let leased = self.lease(&targets, chosen).await?;
        self.save_rates(rates).await?;
        marks.extend(self.next_retries(&targets, &exhausted).await?);
        Ok(LeaseOutcome { leased, left, marks })
    }

    /// For each target, finds the deliveries that have waited longest. Their number is at most the limit of the target
    /// plus one. Locks these deliveries, except in ordered webhooks. In ordered webhooks, the row in `sequences` is
    /// already locked. The keys of the result are positions in `targets`.
    async fn lock_candidates(&self, targets: &[Target]) -> SessionResult<HashMap<usize, Vec<Candidate>>> {
        let of_lane = |ordered: bool| targets.iter().enumerate().filter(move |(_, target)| (target.work.lane == Lane::Ordered) == ordered);
        let mut waiting: HashMap<usize, Vec<Candidate>> = HashMap::new();
        let mut add = |rows: &[Row]| -> SessionResult<()> {
            for row in rows {
                let position: i64 = row.try_get(0)?;
                waiting.entry(usize::try_from(position).unwrap_or_default()).or_default().push(Candidate::from_row(row)?);
            }
            Ok(())
        };
        let columns = |ordered| -> (Vec<i64>, (Vec<Uuid>, Vec<i32>)) {
            let column = |(position, target): (usize, &Target)| (position as i64, (target.work.webhook_id, int(target.destination.epoch)));
            of_lane(ordered).map(column).unzip()
        };
        let (positions, (webhooks, epochs)) = columns(false);
        if !positions.is_empty() {
            let lanes: Vec<i16> = of_lane(false).map(|(_, target)| target.work.lane as i16).collect();
            let limits: Vec<i64> = of_lane(false).map(|(_, target)| target.limit + 1).collect();
            let rows = self.session.query(CANDIDATES, &[&positions, &webhooks, &epochs, &lanes, &limits, &self.now]).await?;
            add(&rows)?;
        }
        let (positions, (webhooks, epochs)) = columns(true);
        if !positions.is_empty() {
            let rows = self.session.query(ORDERED_CANDIDATES, &[&positions, &webhooks, &epochs]).await?;
            add(&rows)?;
        }
        Ok(waiting)
    }

    /// Takes a slot if the caps and the webhook's rate limit allow it. If they do not allow it, the work waits in
    /// `slots`.
    fn take_slot(&self, target: &Target, payload_bytes: usize, rates: &mut HashMap<Uuid, Option<DateTime<Utc>>>) -> Option<Slot> {
        let Target { work, destination, .. } = target;
        let slot = self.slots.try_take(&destination.account, &destination.hosts, *work, payload_bytes, self.now)?;
        let Some(rate) = destination.max_per_second.and_then(Rate::per_second) else { return Some(slot) };
        let theoretical_arrival_time = rates.entry(work.webhook_id).or_default();
        match rate.admit(*theoretical_arrival_time, self.now) {
            Ok(next) => {
                *theoretical_arrival_time = Some(next);
                Some(slot)
            }
            Err(wait) => {
                drop(slot);
                self.slots.wait_until(*work, self.now + wait);
                None
            }
        }
    }

    /// Leases the chosen deliveries and reads their notifications.
    pub(super) async fn lease(&self, targets: &[Target], chosen: Vec<(usize, Candidate, Slot)>) -> SessionResult<Vec<Leased>> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let lease = self.node.incarnation();
        let ids: Vec<Uuid> = chosen.iter().map(|(_, candidate, _)| candidate.delivery_id).collect();
        self.node.clear_uncertain(&ids);
        let rows = self.session.query(LEASE, &[&ids, &lease]).await?;
        // The deliveries of one notification share its payload in memory.
        let (mut outbound, mut of_notification) = (HashMap::new(), HashMap::<Uuid, Arc<Outbound>>::new());
        for row in &rows {
            let shared = match of_notification.entry(row.try_get(1)?) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => new.insert(Arc::new(notifications::outbound_from_row(row, 1)?)).clone(),
            };
            outbound.insert(row.try_get::<_, Uuid>(0)?, shared);
        }
        let leased = chosen.into_iter().filter_map(|(position, candidate, slot)| {
            let Target { work, destination, .. } = &targets[position];
            Some(Leased {
                delivery_id: candidate.delivery_id,
                attempt: candidate.attempt_count + 1,
                lane: work.lane,
                schedule_start: candidate.schedule_start,
                due_at: candidate.due_at,
                notification: outbound.remove(&candidate.delivery_id)?,
                destination: destination.clone(),
                lease,
                deaths: candidate.deaths,
                slot,
            })
        });
        Ok(leased.collect())
    }

    /// Returns when the next retry of each of these webhooks falls due.
    async fn next_retries(&self, targets: &[Target], webhooks: &[Uuid]) -> SessionResult<Vec<(WorkItem, DateTime<Utc>)>> {
        if webhooks.is_empty() {
            return Ok(Vec::new());
        }
        let epoch_of: HashMap<Uuid, i32> = targets.iter().map(|target| (target.work.webhook_id, int(target.destination.epoch))).collect();
        let epochs: Vec<i32> = webhooks.iter().map(|id| epoch_of.get(id).copied().unwrap_or_default()).collect();
        let rows = self.session.query(NEXT_RETRIES, &[&webhooks.to_vec(), &epochs, &self.now]).await?;
        rows.iter().map(|row| Ok((WorkItem { webhook_id: row.try_get(0)?, lane: Lane::Retry }, row.try_get(1)?))).collect()
    }

    /// Returns work items of the leased deliveries, so that the caller can share these items with other nodes. Other
    /// nodes may have free slots. `may_share` limits how often each item is shared.
    fn work_to_share(&self, leased: &[Leased]) -> Vec<(WorkItem, DateTime<Utc>)> {
        if self.node.delivering() < 2 {
            return Vec::new();
        }
        let mut work_items: Vec<WorkItem> =
            leased.iter().map(|leased| WorkItem { webhook_id: leased.destination.webhook_id, lane: leased.lane }).collect();
        work_items.sort_unstable();
        work_items.dedup();
        work_items.retain(|work| work.lane != Lane::Ordered && self.slots.may_share(*work, self.now));
        work_items.into_iter().map(|work| (work, self.now)).collect()
    }
}

/// Selects and locks due deliveries without a valid lease that are no suspects. Before the first selected delivery, the
/// query reads only leased deliveries and suspects. The slots of all nodes limit the number of leased deliveries. Each
/// three deaths add at most as many suspects as there are slots.
const CANDIDATES: &str = "SELECT w.place, p.delivery_id, p.due_at, d.attempt_count, d.schedule_start, octet_length(n.data),
         p.deaths, EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = p.leased_by)
     FROM UNNEST($1, $2, $3, $4, $5) AS w (place, webhook_id, epoch, lane, most)
     CROSS JOIN LATERAL (
         SELECT p.delivery_id, p.due_at, p.leased_by, p.deaths FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.lane = w.lane AND p.deaths < 3
             AND p.due_at <= CASE w.lane WHEN 0 THEN 'infinity' ELSE $6 END
             AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by))
         ORDER BY p.due_at, p.delivery_id LIMIT w.most FOR UPDATE SKIP LOCKED) p
     CROSS JOIN LATERAL (SELECT attempt_count, schedule_start, notification_id FROM deliveries WHERE id = p.delivery_id LIMIT 1) d
     CROSS JOIN LATERAL (SELECT data FROM notifications WHERE id = d.notification_id AND data IS NOT NULL LIMIT 1) n
     ORDER BY w.place, p.due_at, p.delivery_id";

/// Selects the first delivery of each ordered webhook, if the delivery has no valid lease. If the first delivery has a
/// valid lease, the node with this lease also leases the next delivery later. The node also does so if the first
/// delivery was cancelled during its attempt.
const ORDERED_CANDIDATES: &str = "SELECT w.place, p.delivery_id, p.due_at, d.attempt_count, d.schedule_start, octet_length(n.data),
         p.deaths, EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = p.leased_by)
     FROM UNNEST($1, $2, $3) AS w (place, webhook_id, epoch)
     CROSS JOIN LATERAL (
         SELECT p.delivery_id, p.due_at, p.leased_by, p.deaths FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.sequence IS NOT NULL
             AND (p.lane = 2 OR p.lane = 3 AND p.leased_by IN (SELECT incarnation FROM nodes))
         ORDER BY p.sequence LIMIT 1) p
     CROSS JOIN LATERAL (SELECT attempt_count, schedule_start, notification_id FROM deliveries WHERE id = p.delivery_id LIMIT 1) d
     CROSS JOIN LATERAL (SELECT data FROM notifications WHERE id = d.notification_id AND data IS NOT NULL LIMIT 1) n
     WHERE p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by)";

const LEASE: &str = "WITH leased AS (UPDATE pending SET leased_by = $2 WHERE delivery_id = ANY($1) RETURNING delivery_id)
     SELECT leased.delivery_id, n.id, n.type, n.created_at, n.data, n.trace_parent, n.trace_state FROM leased
     CROSS JOIN LATERAL (SELECT notification_id FROM deliveries WHERE id = leased.delivery_id LIMIT 1) d
     CROSS JOIN LATERAL (SELECT * FROM notifications WHERE id = d.notification_id LIMIT 1) n";

const NEXT_RETRIES: &str = "SELECT w.webhook_id, p.due_at FROM UNNEST($1, $2) AS w (webhook_id, epoch)
     CROSS JOIN LATERAL (
         SELECT p.due_at FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.lane = 1 AND p.due_at > $3
             AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by))
         ORDER BY p.due_at LIMIT 1) p";

/// Releases a lease and records no attempt.
pub(super) async fn release(session: &Session, delivery_id: Uuid, lease: Uuid) -> SessionResult<()> {
    let released = "UPDATE pending SET leased_by = NULL WHERE delivery_id = $1 AND leased_by = $2";
    session.execute(released, &[&delivery_id, &lease]).await.map(drop)
}

/// Releases leases of deliveries that no node has in memory, and marks these deliveries as due in `ready`.
pub(super) async fn release_and_mark(session: &Session, deliveries: &[Uuid], lease: Uuid) -> SessionResult<()> {
    session
        .execute(
            "WITH released AS (
                 UPDATE pending SET leased_by = NULL WHERE delivery_id = ANY($1) AND leased_by = $2 AND lane < 3
                 RETURNING webhook_id, lane, due_at)
             INSERT INTO ready (webhook_id, lane, due_at)
             SELECT webhook_id, lane, min(due_at) FROM released GROUP BY webhook_id, lane ORDER BY webhook_id, lane
             ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = least(ready.due_at, excluded.due_at)",
            &[&deliveries.to_vec(), &lease],
        )
        .await
        .map(drop)
}
