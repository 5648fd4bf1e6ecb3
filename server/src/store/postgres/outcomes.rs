//! Recording what became of attempts: what has ended in the meantime is stored in one statement.
//!
//! A success is always recorded, whoever made the attempt. Anything else counts only while the delivery is still leased as it
//! was when the attempt began: after a node has been believed dead, its deliveries are another's, and what it says of them
//! late changes nothing.

use std::collections::{BTreeMap, HashMap};

use super::batching::Answers;
use super::session::shared;
use super::*;

pub(super) struct Command {
    pub(super) finish: Finish,
    pub(super) now: DateTime<Utc>,
    pub(super) slots: Arc<Slots>,
    pub(super) answer: Answers<Finished>,
}

#[derive(Clone)]
pub(super) struct Finishing {
    pub(super) connections: Connections,
    pub(super) node: Arc<Node>,
    pub(super) bell: Arc<Bell>,
}

/// What was recorded of a finish.
#[derive(Default)]
struct Recorded {
    /// Its attempt is new in the log.
    inserted: bool,
    /// The webhook is active, at this URL, and the delivery is of its present epoch.
    live_at: Option<String>,
    /// The lane that the delivery is or was in.
    lane: Option<Lane>,
    /// When it is due again, if it is.
    due_at: Option<DateTime<Utc>>,
}

impl Finishing {
    pub(super) async fn run(self, mut batch: Vec<Command>) {
        // Nodes that attempted the same delivery lock its rows in the same order.
        batch.sort_by_key(|command| (command.finish.delivery_id, command.finish.attempt.number));
        for tries in 1.. {
            // Of a delivery that is here twice, one waits for the next statement.
            let (now, later) = first_of_each(batch);
            let failed = self.attempt(now).await;
            batch = later;
            match failed {
                Some((commands, trouble)) if trouble.is_conflict() && tries < TRIES => batch.extend(commands),
                Some((commands, trouble)) if trouble.is_unknown() || commands.len() == 1 => {
                    let trouble = Arc::new(trouble);
                    commands.into_iter().for_each(|command| drop(command.answer.send(Err(shared(&trouble)))));
                }
                Some((commands, _)) => {
                    // One of them is at fault: each for itself.
                    for command in commands {
                        Box::pin(self.clone().run(vec![command])).await;
                    }
                }
                None => {}
            }
            if batch.is_empty() {
                return;
            }
        }
    }

    /// `Some` with what could not be recorded, and why.
    async fn attempt(&self, batch: Vec<Command>) -> Option<(Vec<Command>, Trouble)> {
        match self.record(&batch).await {
            Ok(finished) => {
                for (command, finished) in batch.into_iter().zip(finished) {
                    // The asker may have gone away; it is recorded all the same.
                    let _ = command.answer.send(Ok(finished));
                }
                None
            }
            Err(trouble) => Some((batch, trouble)),
        }
    }

    async fn record(&self, batch: &[Command]) -> Answer<Vec<Finished>> {
        let session = self.connections.session().await?;
        let transaction = session.begin().await?;
        let outcome = self.record_all(&transaction, batch).await;
        match outcome {
            Ok(finished) => {
                let taken: Vec<Uuid> = finished.iter().filter_map(|finished| Some(finished.next.as_ref()?.delivery_id)).collect();
                if let Err(trouble) = transaction.commit().await {
                    self.node.doubt(taken);
                    return Err(trouble);
                }
                if finished.iter().any(|finished| finished.deactivated.is_some()) {
                    self.bell.ring();
                }
                Ok(finished)
            }
            Err(trouble) => {
                let _ = transaction.roll_back().await;
                Err(trouble)
            }
        }
    }

    async fn record_all(&self, session: &Session, batch: &[Command]) -> Answer<Vec<Finished>> {
        let mut order: Vec<Uuid> = batch
            .iter()
            .filter(|command| command.finish.lane == Lane::Ordered)
            .map(|command| command.finish.destination.webhook_id)
            .collect();
        sequences::hold(session, &order).await?;
        redelivery::hold(session, &batch.iter().map(|command| command.finish.delivery_id).collect::<Vec<_>>()).await?;
        let mut recorded = store(session, batch).await?;
        record_late_successes(session, batch, &recorded).await?;
        let mut finished: Vec<Finished> = batch.iter().map(|_| Finished::default()).collect();
        self.judge(session, batch, &recorded, &mut finished).await?;

        let mut marks = Vec::new();
        for command in batch {
            let Some(Recorded { lane: Some(lane), due_at, .. }) = recorded.remove(&command.finish.delivery_id) else { continue };
            let work = Work { webhook_id: command.finish.destination.webhook_id, lane };
            // What is next in order is taken here. It may have been made due in order, or out of it, while it was attempted.
            if lane == Lane::Ordered {
                order.push(work.webhook_id);
            } else {
                marks.extend(due_at.map(|due_at| (work, due_at)));
            }
        }
        order.sort_unstable();
        order.dedup();
        let in_order = order.into_iter().map(|webhook_id| Work { webhook_id, lane: Lane::Ordered }).collect::<Vec<_>>();
        if let Some(command) = batch.first().filter(|_| !in_order.is_empty()) {
            if self.node.takes() {
                let leasing = Leasing { session, node: &self.node, slots: &command.slots, now: command.now };
                let taken = leasing.take(in_order).await?;
                command.slots.wake(taken.left);
                marks.extend(taken.marks);
                for leased in taken.leased {
                    let place = batch.iter().position(|command| command.finish.destination.webhook_id == leased.destination.webhook_id);
                    if let Some(finished) = place.and_then(|place| finished.get_mut(place)) {
                        finished.next = Some(leased);
                    }
                }
            } else {
                marks.extend(in_order.into_iter().map(|work| (work, command.now)));
            }
        }
        ready::mark(session, &marks).await?;
        Ok(finished)
    }

    /// Deactivates webhooks whose callback is gone, or has accepted nothing for too long.
    async fn judge(
        &self,
        session: &Session,
        batch: &[Command],
        recorded: &HashMap<Uuid, Recorded>,
        finished: &mut [Finished],
    ) -> Answer<()> {
        let mut counted: BTreeMap<Uuid, (DateTime<Utc>, u32, usize)> = BTreeMap::new();
        let mut gone = BTreeMap::new();
        for (place, command) in batch.iter().enumerate() {
            let Finish { delivery_id, destination, attempt, next, patience, .. } = &command.finish;
            // Only if this counts, and the callback that is gone, or fails, is still the one that is registered.
            let live_at = recorded.get(delivery_id).filter(|recorded| recorded.inserted).and_then(|recorded| recorded.live_at.as_ref());
            if live_at != Some(&destination.target_url) {
                continue;
            }
            // The clock may have been set back meanwhile.
            let at = command.now.min(attempt.started_at + TimeDelta::milliseconds(i64::from(attempt.duration_ms)));
            if *next == Next::Gone {
                gone.entry(destination.webhook_id).or_insert((place, at));
            } else if *next != Next::Succeeded && patience.is_some() {
                let (since, count, last) = counted.entry(destination.webhook_id).or_insert((at, 0, place));
                (*since, *count, *last) = (at.min(*since), *count + 1, place);
            }
        }
        let failing = counted.keys().chain(gone.keys()).copied().collect();
        if !all_succeeded(batch) {
            failures::forget_before_counting(session, accepting(batch), failing).await?;
        }
        for (webhook_id, (place, at)) in gone {
            counted.remove(&webhook_id);
            let Destination { account, .. } = &*batch[place].finish.destination;
            if let Some(revision) = deactivation::deactivate(session, account, webhook_id, REASON_GONE, at).await? {
                finished[place].deactivated = Some(Deactivated { revision, cause: DeactivationCause::Gone });
            }
        }
        if counted.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = counted.iter().map(|(webhook_id, (since, count, _))| (*webhook_id, *since, *count)).collect();
        for (webhook_id, failures, warned) in failures::count_many(session, &list).await? {
            let Some((_, _, place)) = counted.get(&webhook_id) else { continue };
            let Command { finish: Finish { destination, attempt, patience, .. }, now, .. } = &batch[*place];
            let at = (*now).min(attempt.started_at + TimeDelta::milliseconds(i64::from(attempt.duration_ms)));
            let Some(patience) = *patience else { continue };
            let judged = deactivation::judge_failures(session, destination, patience, failures, warned, at).await?;
            finished[*place].deactivated =
                judged.map(|(revision, failures)| Deactivated { revision, cause: DeactivationCause::Failing(failures) });
        }
        Ok(())
    }
}

/// The first of each delivery, and the rest.
fn first_of_each(batch: Vec<Command>) -> (Vec<Command>, Vec<Command>) {
    let mut seen = std::collections::HashSet::new();
    batch.into_iter().partition(|command| seen.insert(command.finish.delivery_id))
}

/// What an excerpt of an answer may not hold: a text of PostgreSQL has no U+0000.
fn storable(text: Option<&String>) -> Option<String> {
    text.map(|text| text.replace('\0', "\u{fffd}"))
}

fn all_succeeded(batch: &[Command]) -> bool {
    batch.iter().all(|command| command.finish.next == Next::Succeeded)
}

/// The webhooks of attempts that succeeded.
fn accepting(batch: &[Command]) -> Vec<Uuid> {
    let succeeded = batch.iter().filter(|command| command.finish.next == Next::Succeeded);
    succeeded.map(|command| command.finish.destination.webhook_id).collect()
}

async fn store(session: &Session, batch: &[Command]) -> Answer<HashMap<Uuid, Recorded>> {
    let finishes: Vec<&Finish> = batch.iter().map(|command| &command.finish).collect();
    let attempts: Vec<&Attempt> = finishes.iter().map(|finish| &finish.attempt).collect();
    let next_number = |next: Next| match next {
        Next::Succeeded => 1_i16,
        Next::RetryAt(_) => 0,
        Next::Failed | Next::Gone => 2,
    };
    let due_at = |next: Next| match next {
        Next::RetryAt(due_at) => Some(due_at),
        _ => None,
    };
    let rows = session
        .query(
            STORE,
            &[
                &finishes.iter().map(|finish| finish.delivery_id).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| int(attempt.number)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.started_at).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| int(attempt.duration_ms)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.outcome.as_str()).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.status_code.map(|code| code as i16)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| storable(attempt.error.as_ref())).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| storable(attempt.response_body.as_ref())).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.truncated).collect::<Vec<_>>(),
                &finishes.iter().map(|finish| finish.destination.webhook_id).collect::<Vec<_>>(),
                &finishes.iter().map(|finish| int(finish.destination.epoch)).collect::<Vec<_>>(),
                &finishes.iter().map(|finish| finish.lease).collect::<Vec<_>>(),
                &finishes.iter().map(|finish| next_number(finish.next)).collect::<Vec<_>>(),
                &finishes.iter().map(|finish| due_at(finish.next)).collect::<Vec<_>>(),
                &batch.iter().map(|command| command.now).collect::<Vec<_>>(),
                &finishes.iter().all(|finish| finish.next == Next::Succeeded),
            ],
        )
        .await?;
    let mut recorded: HashMap<Uuid, Recorded> = HashMap::with_capacity(batch.len());
    for row in &rows {
        let of_delivery = recorded.entry(row.try_get(0)?).or_default();
        of_delivery.inserted |= row.try_get::<_, bool>(1)?;
        of_delivery.live_at = of_delivery.live_at.take().or(row.try_get(2)?);
        // A cancelled one is in no lane.
        let lane = row.try_get::<_, Option<i16>>(3)?.filter(|lane| *lane < 3);
        of_delivery.lane = of_delivery.lane.or(lane.map(Lane::from_number).transpose()?);
        of_delivery.due_at = of_delivery.due_at.or(row.try_get(4)?);
    }
    Ok(recorded)
}

/// A success that comes after another node has recorded an attempt of the same number was made all the same: it stands in the
/// log behind that, without an answer if the notification was deleted. One that is told twice stands there once.
async fn record_late_successes(session: &Session, batch: &[Command], recorded: &HashMap<Uuid, Recorded>) -> Answer<()> {
    let finishes = batch.iter().map(|command| &command.finish);
    let is_new = |finish: &Finish| recorded.get(&finish.delivery_id).is_some_and(|recorded| recorded.inserted);
    let late = finishes.filter(|finish| finish.next == Next::Succeeded && !is_new(finish));
    for finish in late {
        let Finish { delivery_id, attempt, .. } = finish;
        session
            .execute(
                "WITH behind AS (
                     UPDATE deliveries d SET attempt_count = d.attempt_count + 1
                     WHERE d.id = $1 AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = $1 AND a.started_at = $2 AND a.outcome = $4)
                     RETURNING d.id, d.attempt_count, (SELECT n.data IS NULL FROM notifications n WHERE n.id = d.notification_id) AS erased)
                 INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated)
                 SELECT id, attempt_count, $2, $3, $4, $5, NULL, CASE WHEN $6 = '' OR NOT erased THEN $6 END, $7 FROM behind",
                &[
                    delivery_id,
                    &attempt.started_at,
                    &int(attempt.duration_ms),
                    &attempt.outcome,
                    &attempt.status_code.map(|code| code as i16),
                    &storable(attempt.response_body.as_ref()),
                    &attempt.truncated,
                ],
            )
            .await?;
    }
    Ok(())
}

/// Some rows for each finish: each part tells what it did. All parts see what was before; what one part changes, another learns
/// from what it returns. They are not joined with one another: there are hundreds of finishes, and a join here is a loop. Where
/// nothing but keys is needed, these are an array: no plan begins at the other end then, however small the table seems. The
/// rows are held before: what others change meanwhile would be seen by some parts, and not by others.
///
/// - `attempt`: the log. What was answered to a callback of a deleted notification is not kept.
/// - `succeeded`: one that is told again after a redelivery was asked for does not settle that.
/// - `unsuccessful`: only while the delivery waits for this very attempt under this very lease. One that was cancelled
///   meanwhile keeps that state and still counts the attempt; a schedule that starts after this attempt is that of a
///   redelivery, asked for while it was under way, and stands.
/// - `released`: whatever the attempt came to, this node is on the delivery no longer.
/// - `accepting`: where all are successes. Beside failures that are counted, `failures::forget_before_counting` does it.
const STORE: &str = "
WITH finish AS MATERIALIZED (
    SELECT f.*, w.target_url AS live_at
    FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        AS f (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated,
              webhook_id, epoch, lease, next, due_at, now)
    LEFT JOIN webhooks w ON f.next <> 1 AND w.id = f.webhook_id AND w.epoch = f.epoch AND w.deleted_at IS NULL
        AND w.deactivation_reason IS NULL
),
attempt AS (
    INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated)
    SELECT f.delivery_id, f.number, f.started_at, f.duration_ms, f.outcome, f.status_code, f.error,
        CASE WHEN f.response_body = '' OR (
            SELECT n.data IS NOT NULL FROM notifications n
            WHERE n.id = (SELECT d.notification_id FROM deliveries d WHERE d.id = f.delivery_id)) THEN f.response_body END,
        f.truncated
    FROM finish f
    WHERE f.next = 1 OR (SELECT p.leased_by FROM pending p WHERE p.delivery_id = f.delivery_id) = f.lease
    ORDER BY f.delivery_id
    ON CONFLICT DO NOTHING RETURNING delivery_id
),
succeeded AS (
    UPDATE deliveries d SET status = 1, attempt_count = greatest(d.attempt_count, f.number), ended_at = f.now
    FROM finish f
    WHERE f.next = 1 AND d.id = f.delivery_id
        AND (d.schedule_start < f.number OR EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id))
    RETURNING d.id
),
unsuccessful AS (
    UPDATE deliveries d SET attempt_count = f.number,
        status = CASE WHEN d.status = 0 AND d.schedule_start < f.number
            THEN CASE WHEN f.next = 0 AND f.live_at IS NULL THEN 3 ELSE f.next END ELSE d.status END,
        ended_at = CASE WHEN d.status = 0 AND d.schedule_start < f.number AND (f.next <> 0 OR f.live_at IS NULL)
            THEN f.now ELSE d.ended_at END
    FROM finish f JOIN pending p ON p.delivery_id = f.delivery_id AND p.leased_by = f.lease
    WHERE f.next <> 1 AND d.id = f.delivery_id AND d.attempt_count = f.number - 1 AND d.status <> 1
    RETURNING d.id, d.status, d.schedule_start < f.number AS of_schedule, f.due_at, d.webhook_id, d.account, d.created_at
),
again AS (
    UPDATE pending p SET leased_by = NULL,
        lane = CASE WHEN u.of_schedule AND p.lane = 0 THEN 1 ELSE p.lane END,
        due_at = CASE WHEN u.of_schedule THEN u.due_at ELSE p.due_at END
    FROM unsuccessful u
    WHERE u.status = 0 AND p.delivery_id = u.id
    RETURNING p.delivery_id, p.lane, p.due_at
),
ended AS (
    DELETE FROM pending
    WHERE delivery_id = ANY(ARRAY(SELECT id FROM succeeded UNION ALL SELECT id FROM unsuccessful WHERE status <> 0))
    RETURNING delivery_id, lane
),
released AS (
    UPDATE pending p SET leased_by = NULL FROM finish f
    WHERE p.delivery_id = f.delivery_id AND p.leased_by = f.lease AND p.lane < 3
        AND f.delivery_id NOT IN (SELECT id FROM succeeded) AND f.delivery_id NOT IN (SELECT id FROM unsuccessful)
    RETURNING p.delivery_id, p.lane, p.due_at
),
listed AS (
    INSERT INTO unsuccessful (delivery_id, webhook_id, account, created_at, status)
    SELECT id, webhook_id, account, created_at, status FROM unsuccessful WHERE status IN (2, 3) ORDER BY id
    ON CONFLICT (delivery_id) DO UPDATE SET status = excluded.status
),
unlisted AS (
    DELETE FROM unsuccessful WHERE delivery_id = ANY(ARRAY(SELECT id FROM succeeded))
),
accepting AS (
    DELETE FROM failures WHERE webhook_id = ANY(ARRAY(
        SELECT webhook_id FROM failures WHERE $16 AND webhook_id = ANY(ARRAY(SELECT webhook_id FROM finish WHERE next = 1))
        ORDER BY webhook_id FOR UPDATE))
)
SELECT delivery_id, false AS inserted, live_at, NULL::smallint AS lane, NULL::timestamptz AS due_at FROM finish
UNION ALL SELECT delivery_id, true, NULL, NULL, NULL FROM attempt
UNION ALL SELECT delivery_id, false, NULL, lane, due_at FROM again
UNION ALL SELECT delivery_id, false, NULL, lane, NULL FROM ended
UNION ALL SELECT delivery_id, false, NULL, lane, due_at FROM released";
