//! Taking deliveries that are due.
//!
//! Nodes that look at the same webhook pass over what another is taking (`SKIP LOCKED`), so each gets its own. A lease is the
//! name of a node's incarnation in `pending.leased_by`, and counts only while that is in `nodes`.
//!
//! What every transaction here and in `outcomes` and `publications` locks, it locks in this order: sequences, rates,
//! deliveries, pending, ready; and of each of them by key.

use std::collections::HashMap;

use super::pauses::Paused;
use super::*;
use crate::model::Rate;

/// So many deliveries are leased in one round, so that the round's transaction stays short.
const LEASED_AT_ONCE: usize = 256;

/// What others are at is looked at again after this, should they leave something.
const LOOK_AGAIN: TimeDelta = TimeDelta::milliseconds(20);

/// One round of taking: of that work, and of what fell due since.
pub(super) async fn round(
    session: &Session,
    node: &Node,
    bell: &Bell,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    mut works: Vec<Work>,
) -> Answer<DueRound> {
    if !node.holds(node.incarnation()) {
        // What it took would be another's at once.
        slots.wake(works);
        return Ok(DueRound::default());
    }
    // Most rounds find nothing, and need no transaction for that.
    if works.is_empty() {
        let next: Option<DateTime<Utc>> = session.query_one(ready::NEXT_DUE, &[]).await?.try_get(0)?;
        if next.is_none_or(|next| next > now) {
            return Ok(DueRound { next_due: next, ..DueRound::default() });
        }
    }
    match ready::take_due(session, node.incarnation(), now).await {
        Ok(fell_due) => works.extend(fell_due),
        Err(trouble) => {
            if trouble.is_unknown() {
                node.lost_sight();
            }
            slots.wake(works);
            return Err(trouble);
        }
    }
    let mut seen = std::collections::HashSet::new();
    works.retain(|work| seen.insert(*work));
    if works.is_empty() {
        // Others are at what is due.
        return Ok(DueRound { next_due: Some(now + LOOK_AGAIN), ..DueRound::default() });
    }
    let mut tries = 1;
    loop {
        let taken = try_round(session, node, slots, now, works.clone()).await;
        match taken {
            Err(trouble) if trouble.is_conflict() && tries < TRIES => tries += 1,
            Err(trouble) => {
                // What it was about is looked at again.
                slots.wake(works);
                return Err(trouble);
            }
            Ok((round, shared)) => {
                if shared {
                    bell.ring();
                }
                return Ok(round);
            }
        }
    }
}

/// The round, and whether something was left that other nodes may take of.
async fn try_round(
    session: &Session,
    node: &Node,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    mut works: Vec<Work>,
) -> Answer<(DueRound, bool)> {
    let transaction = session.begin().await?;
    let outcome = async {
        // Retries come last, unless it is their turn.
        works.sort_by_cached_key(|work| match work.lane {
            Lane::Retry if slots.retries_go_first(work.webhook_id) => 0,
            Lane::Fresh | Lane::Ordered => 1,
            Lane::Retry => 2,
        });
        let leasing = Leasing { session: &transaction, node, slots, now };
        let Taken { leased: taken, left, mut marks } = leasing.take(works).await?;
        let shared = leasing.to_share(&taken);
        marks.extend(&shared);
        ready::mark(&transaction, &marks).await?;
        let next_due = transaction.query_one(ready::NEXT_DUE, &[]).await?.try_get(0)?;
        Ok((taken, left, !shared.is_empty(), next_due))
    };
    match outcome.await {
        Ok((taken, left, shared, next_due)) => {
            let ids: Vec<Uuid> = taken.iter().map(|leased| leased.delivery_id).collect();
            if let Err(trouble) = transaction.commit().await {
                node.doubt(ids);
                return Err(trouble);
            }
            Ok((DueRound { leased: taken, next_due, left }, shared))
        }
        Err(trouble) => {
            let _ = transaction.roll_back().await;
            Err(trouble)
        }
    }
}

/// What leasing needs, inside one transaction.
pub(super) struct Leasing<'a> {
    pub(super) session: &'a Session,
    pub(super) node: &'a Node,
    pub(super) slots: &'a Arc<Slots>,
    pub(super) now: DateTime<Utc>,
}

/// What came of taking.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) leased: Vec<Leased>,
    /// What is to be looked at in the next round.
    pub(super) left: Vec<Work>,
    /// What falls due, and when.
    pub(super) marks: Vec<(Work, DateTime<Utc>)>,
}

/// Work that may be taken of now.
struct Open {
    work: Work,
    destination: Arc<Destination>,
    /// At most so many, and one more that then waits.
    most: i64,
}

struct Candidate {
    delivery_id: Uuid,
    due_at: DateTime<Utc>,
    attempt_count: u32,
    schedule_start: u32,
    payload_bytes: usize,
}

impl Leasing<'_> {
    /// Takes of that work as much as finds a slot. What falls due later is for the caller to [mark](ready::mark), once and last.
    pub(super) async fn take(&self, works: Vec<Work>) -> Answer<Taken> {
        if works.is_empty() {
            return Ok(Taken::default());
        }
        let mut ids: Vec<Uuid> = works.iter().map(|work| work.webhook_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let destinations = webhook_rows::destinations(self.session, ids).await?;
        let destinations: HashMap<Uuid, Arc<Destination>> =
            destinations.into_iter().map(|destination| (destination.webhook_id, Arc::new(destination))).collect();
        let paused = Paused::read(self.session).await?;
        let (mut open, mut left, mut room) = (Vec::new(), Vec::new(), LEASED_AT_ONCE);
        for work in works {
            let Some(destination) = destinations.get(&work.webhook_id) else { continue };
            // It waits already, and is looked at when it need not any more; or nothing of it begins before a resumption finds it.
            if self.slots.is_waiting(work) || paused.has(&destination.account, work.webhook_id) {
                continue;
            }
            if room == 0 {
                left.push(work);
                continue;
            }
            let most = if work.lane == Lane::Ordered { 1 } else { self.slots.room_for(work.webhook_id).clamp(1, room) };
            room -= most;
            open.push(Open { work, destination: destination.clone(), most: most as i64 });
        }
        let order: Vec<Uuid> = open.iter().filter(|open| open.work.lane == Lane::Ordered).map(|open| open.work.webhook_id).collect();
        sequences::hold(self.session, &order).await?;
        let mut rates = self.hold_rates(&open).await?;
        let mut waiting = self.waiting(&open).await?;
        let (mut chosen, mut marks, mut exhausted) = (Vec::new(), Vec::new(), Vec::new());
        for (place, open) in open.iter().enumerate() {
            let candidates = waiting.remove(&place).unwrap_or_default();
            let found = candidates.len();
            let mut all = true;
            for candidate in candidates {
                // What waits for its first attempt waits for no time: if the clock says otherwise, it has been set back.
                if candidate.due_at > self.now && candidate.attempt_count > candidate.schedule_start {
                    marks.push((open.work, candidate.due_at));
                    all = false;
                    break;
                }
                let Some(slot) = self.take_slot(open, candidate.payload_bytes, &mut rates) else {
                    all = false;
                    break;
                };
                chosen.push((place, candidate, slot));
            }
            if all && found as i64 > open.most {
                self.slots.wake([open.work]);
            } else if all && open.work.lane == Lane::Retry {
                exhausted.push(open.work.webhook_id);
            }
        }
        let leased = self.lease(&open, chosen).await?;
        self.save_rates(rates).await?;
        marks.extend(self.next_retries(&open, &exhausted).await?);
        Ok(Taken { leased, left, marks })
    }

    /// What waits longest of each, with one more than may be taken. Nobody else takes that in the meantime.
    async fn waiting(&self, open: &[Open]) -> Answer<HashMap<usize, Vec<Candidate>>> {
        let of_lane = |ordered: bool| open.iter().enumerate().filter(move |(_, open)| (open.work.lane == Lane::Ordered) == ordered);
        let mut waiting: HashMap<usize, Vec<Candidate>> = HashMap::new();
        let mut add = |rows: &[Row]| -> Answer<()> {
            for row in rows {
                let place: i64 = row.try_get(0)?;
                waiting.entry(usize::try_from(place).unwrap_or_default()).or_default().push(Candidate {
                    delivery_id: row.try_get(1)?,
                    due_at: row.try_get(2)?,
                    attempt_count: count(row.try_get(3)?),
                    schedule_start: count(row.try_get(4)?),
                    payload_bytes: usize::try_from(row.try_get::<_, i32>(5)?).unwrap_or_default(),
                });
            }
            Ok(())
        };
        if of_lane(false).next().is_some() {
            let places: Vec<i64> = of_lane(false).map(|(place, _)| place as i64).collect();
            let webhooks: Vec<Uuid> = of_lane(false).map(|(_, open)| open.work.webhook_id).collect();
            let epochs: Vec<i32> = of_lane(false).map(|(_, open)| int(open.destination.epoch)).collect();
            let lanes: Vec<i16> = of_lane(false).map(|(_, open)| open.work.lane as i16).collect();
            let most: Vec<i64> = of_lane(false).map(|(_, open)| open.most + 1).collect();
            let rows = self.session.query(WAITING, &[&places, &webhooks, &epochs, &lanes, &most, &self.now]).await?;
            add(&rows)?;
        }
        if of_lane(true).next().is_some() {
            let places: Vec<i64> = of_lane(true).map(|(place, _)| place as i64).collect();
            let webhooks: Vec<Uuid> = of_lane(true).map(|(_, open)| open.work.webhook_id).collect();
            let epochs: Vec<i32> = of_lane(true).map(|(_, open)| int(open.destination.epoch)).collect();
            let rows = self.session.query(IN_ORDER, &[&places, &webhooks, &epochs]).await?;
            add(&rows)?;
        }
        Ok(waiting)
    }

    /// A slot, as far as the caps and the webhook's rate limit allow. If not, the work waits in the slots.
    fn take_slot(&self, open: &Open, payload_bytes: usize, rates: &mut HashMap<Uuid, Option<DateTime<Utc>>>) -> Option<Slot> {
        let Open { work, destination, .. } = open;
        let slot = self.slots.try_take(&destination.account, *work, payload_bytes, self.now)?;
        let Some(rate) = destination.max_per_second.and_then(Rate::even) else { return Some(slot) };
        let even_at = rates.entry(work.webhook_id).or_default();
        match rate.admit(*even_at, self.now) {
            Ok(next) => {
                *even_at = Some(next);
                Some(slot)
            }
            Err(wait) => {
                drop(slot);
                self.slots.wait_until(*work, self.now + wait);
                None
            }
        }
    }

    /// When each webhook with a rate limit is even again, which nobody else moves until this transaction has ended.
    async fn hold_rates(&self, open: &[Open]) -> Answer<HashMap<Uuid, Option<DateTime<Utc>>>> {
        let mut limited: Vec<Uuid> =
            open.iter().filter(|open| open.destination.max_per_second.is_some()).map(|open| open.work.webhook_id).collect();
        if limited.is_empty() {
            return Ok(HashMap::new());
        }
        limited.sort_unstable();
        limited.dedup();
        // A webhook's first row must be there before it can be locked.
        let made =
            "INSERT INTO rates (webhook_id, even_at) SELECT id, '-infinity' FROM UNNEST($1) AS id ORDER BY id ON CONFLICT DO NOTHING";
        self.session.execute(made, &[&limited]).await?;
        let locked = "SELECT webhook_id, nullif(even_at, '-infinity') FROM rates WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE";
        let rows = self.session.query(locked, &[&limited]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn save_rates(&self, rates: HashMap<Uuid, Option<DateTime<Utc>>>) -> Answer<()> {
        let (webhooks, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = rates.into_iter().filter_map(|(id, even_at)| Some((id, even_at?))).unzip();
        if webhooks.is_empty() {
            return Ok(());
        }
        let moved = "UPDATE rates SET even_at = moved.even_at FROM UNNEST($1, $2) AS moved (webhook_id, even_at)
                     WHERE rates.webhook_id = moved.webhook_id AND rates.webhook_id = ANY($1)";
        self.session.execute(moved, &[&webhooks, &times]).await.map(drop)
    }

    /// Takes what has a slot, and reads what of it goes out.
    async fn lease(&self, open: &[Open], chosen: Vec<(usize, Candidate, Slot)>) -> Answer<Vec<Leased>> {
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let lease = self.node.incarnation();
        let ids: Vec<Uuid> = chosen.iter().map(|(_, candidate, _)| candidate.delivery_id).collect();
        self.node.trust(&ids);
        let rows = self.session.query(TAKE, &[&ids, &lease]).await?;
        let mut outbound: HashMap<Uuid, Arc<Outbound>> = HashMap::new();
        for row in &rows {
            let notification = notifications::from_row(row, 1)?;
            let trace = notifications::trace_from_row(row, 6)?;
            outbound.insert(row.try_get(0)?, Arc::new(notification.outbound(trace)));
        }
        let leased = chosen.into_iter().filter_map(|(place, candidate, slot)| {
            let Open { work, destination, .. } = &open[place];
            Some(Leased {
                delivery_id: candidate.delivery_id,
                attempt: candidate.attempt_count + 1,
                lane: work.lane,
                schedule_start: candidate.schedule_start,
                due_at: candidate.due_at,
                notification: outbound.remove(&candidate.delivery_id)?,
                destination: destination.clone(),
                lease,
                slot,
            })
        });
        Ok(leased.collect())
    }

    /// When the next retry of each of these webhooks falls due.
    async fn next_retries(&self, open: &[Open], webhooks: &[Uuid]) -> Answer<Vec<(Work, DateTime<Utc>)>> {
        if webhooks.is_empty() {
            return Ok(Vec::new());
        }
        let epoch_of: HashMap<Uuid, i32> = open.iter().map(|open| (open.work.webhook_id, int(open.destination.epoch))).collect();
        let epochs: Vec<i32> = webhooks.iter().map(|id| epoch_of.get(id).copied().unwrap_or_default()).collect();
        let rows = self.session.query(NEXT_RETRIES, &[&webhooks.to_vec(), &epochs, &self.now]).await?;
        rows.iter().map(|row| Ok((Work { webhook_id: row.try_get(0)?, lane: Lane::Retry }, row.try_get(1)?))).collect()
    }

    /// What the other nodes are to know of: work that waits for room here, from time to time, as they may have some.
    fn to_share(&self, taken: &[Leased]) -> Vec<(Work, DateTime<Utc>)> {
        if self.node.delivering() < 2 {
            return Vec::new();
        }
        let mut works: Vec<Work> =
            taken.iter().map(|leased| Work { webhook_id: leased.destination.webhook_id, lane: leased.lane }).collect();
        works.sort_unstable();
        works.dedup();
        works.retain(|work| work.lane != Lane::Ordered && self.slots.may_share(*work, self.now));
        works.into_iter().map(|work| (work, self.now)).collect()
    }
}

/// At most as many rows as all nodes have in flight or unrecorded stand before the first one that nobody is on.
const WAITING: &str = "SELECT w.place, p.delivery_id, p.due_at, d.attempt_count, d.schedule_start, octet_length(n.data)
     FROM UNNEST($1, $2, $3, $4, $5) AS w (place, webhook_id, epoch, lane, most)
     CROSS JOIN LATERAL (
         SELECT p.delivery_id, p.due_at FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.lane = w.lane
             AND p.due_at <= CASE w.lane WHEN 0 THEN 'infinity' ELSE $6 END
             AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by))
         ORDER BY p.due_at, p.delivery_id LIMIT w.most FOR UPDATE SKIP LOCKED) p
     JOIN deliveries d ON d.id = p.delivery_id JOIN notifications n ON n.id = d.notification_id AND n.data IS NOT NULL
     ORDER BY w.place, p.due_at, p.delivery_id";

/// Only the first one counts, and only if nobody is on it: whoever is wakes what comes after. That holds for one that was
/// cancelled while a node was on it, too.
const IN_ORDER: &str = "SELECT w.place, p.delivery_id, p.due_at, d.attempt_count, d.schedule_start, octet_length(n.data)
     FROM UNNEST($1, $2, $3) AS w (place, webhook_id, epoch)
     CROSS JOIN LATERAL (
         SELECT p.delivery_id, p.due_at, p.leased_by FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.sequence IS NOT NULL
             AND (p.lane = 2 OR p.lane = 3 AND p.leased_by IN (SELECT incarnation FROM nodes))
         ORDER BY p.sequence LIMIT 1) p
     JOIN deliveries d ON d.id = p.delivery_id JOIN notifications n ON n.id = d.notification_id AND n.data IS NOT NULL
     WHERE p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by)";

const TAKE: &str = "UPDATE pending p SET leased_by = $2
     FROM deliveries d JOIN notifications n ON n.id = d.notification_id
     WHERE p.delivery_id = ANY($1) AND d.id = p.delivery_id
     RETURNING p.delivery_id, n.id, n.type, n.data, n.created_at, n.delivery_count, n.trace_parent, n.trace_state";

const NEXT_RETRIES: &str = "SELECT w.webhook_id, p.due_at FROM UNNEST($1, $2) AS w (webhook_id, epoch)
     CROSS JOIN LATERAL (
         SELECT p.due_at FROM pending p
         WHERE p.webhook_id = w.webhook_id AND p.epoch = w.epoch AND p.lane = 1 AND p.due_at > $3
             AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = p.leased_by))
         ORDER BY p.due_at LIMIT 1) p";

/// Gives a lease back without an attempt.
pub(super) async fn release(session: &Session, delivery_id: Uuid, lease: Uuid) -> Answer<()> {
    let released = "UPDATE pending SET leased_by = NULL WHERE delivery_id = $1 AND leased_by = $2";
    session.execute(released, &[&delivery_id, &lease]).await.map(drop)
}

/// As [`release`], for what nobody has in mind: it is due again.
pub(super) async fn give_back(session: &Session, deliveries: &[Uuid], lease: Uuid) -> Answer<()> {
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
