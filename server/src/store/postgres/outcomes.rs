//! Records the outcomes of attempts. One statement stores a batch of outcomes.
//!
//! A success is always recorded, even if the node has lost the lease. Any other outcome counts only while the delivery
//! still has the lease of the attempt. So after a takeover, a late failure changes nothing.

use std::collections::{BTreeMap, HashMap};

use super::batching::ResultSender;
use super::session::shared;
use super::*;
use crate::store::shared::statistics::CountedOutcome;

mod effects;

pub(super) struct Command {
    pub(super) finish: EndedAttempt,
    pub(super) now: DateTime<Utc>,
    pub(super) slots: Arc<Slots>,
    pub(super) sender: ResultSender<FinishedAttempt>,
}

#[derive(Clone)]
pub(super) struct OutcomeWriter {
    pub(super) connections: Connections,
    pub(super) node: Arc<Node>,
    pub(super) wakeup: Arc<Wakeup>,
    pub(super) counter: Arc<statistics::Counter>,
}

#[derive(Default)]
struct Recorded {
    /// Whether the attempt was inserted into `attempts`.
    inserted: bool,
    /// Whether the attempt was inserted by [`record_late_successes`].
    inserted_late: bool,
    /// The webhook's URL, if the webhook is active and the delivery belongs to the current epoch of the webhook.
    live_at: Option<String>,
    /// The lane of the delivery. If the delivery has ended, this is its most recent lane.
    lane: Option<Lane>,
    /// When the delivery is due again, or `None` if it is not due again.
    due_at: Option<DateTime<Utc>>,
}

impl OutcomeWriter {
    pub(super) async fn run(self, mut batch: Vec<Command>) {
        // All nodes lock the rows of deliveries in the same order.
        batch.sort_by_key(|command| (command.finish.delivery_id, command.finish.attempt.number));
        for tries in 1.. {
            // If the batch has two outcomes of one delivery, the second outcome waits for the next statement.
            let (now, later) = first_of_each(batch);
            let failed = self.attempt(now).await;
            batch = later;
            match failed {
                Some((commands, error)) if error.is_conflict() && tries < MAX_TRIES => batch.extend(commands),
                Some((commands, error)) if error.is_unknown() || commands.len() == 1 => {
                    let error = Arc::new(error);
                    commands.into_iter().for_each(|command| drop(command.sender.send(Err(shared(&error)))));
                }
                Some((commands, _)) => {
                    // One of the outcomes may have caused the error, so each outcome is now recorded alone.
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

    /// Records a batch and sends the results. If recording fails, returns the commands and the error.
    async fn attempt(&self, batch: Vec<Command>) -> Option<(Vec<Command>, SessionError)> {
        match self.record(&batch).await {
            Ok(finished) => {
                for (command, finished) in batch.into_iter().zip(finished) {
                    // If the caller no longer waits, the result is dropped. The outcome is already recorded.
                    let _ = command.sender.send(Ok(finished));
                }
                None
            }
            Err(error) => Some((batch, error)),
        }
    }

    async fn record(&self, batch: &[Command]) -> SessionResult<Vec<FinishedAttempt>> {
        let session = self.connections.session().await?;
        let transaction = session.begin().await?;
        let outcome = self.record_all(&transaction, batch).await;
        match outcome {
            Ok(finished) => {
                let leased: Vec<Uuid> = finished.iter().filter_map(|finished| Some(finished.next.as_ref()?.delivery_id)).collect();
                if let Err(error) = transaction.commit().await {
                    self.counter.forget();
                    self.node.mark_uncertain(leased);
                    return Err(error);
                }
                if finished.iter().any(|finished| finished.deactivated.is_some() || finished.recovered) {
                    self.wakeup.notify();
                }
                Ok(finished)
            }
            Err(error) => {
                self.counter.forget();
                let _ = transaction.roll_back().await;
                Err(error)
            }
        }
    }

    async fn record_all(&self, session: &Session, batch: &[Command]) -> SessionResult<Vec<FinishedAttempt>> {
        let mut ordered: Vec<Uuid> = batch
            .iter()
            .filter(|command| command.finish.lane == Lane::Ordered)
            .map(|command| command.finish.destination.webhook_id)
            .collect();
        sequences::lock(session, &ordered).await?;
        redelivery::lock(session, &batch.iter().map(|command| command.finish.delivery_id).collect::<Vec<_>>()).await?;
        let (mut recorded, ended) = store(session, batch).await?;
        record_late_successes(session, batch, &mut recorded).await?;
        self.counter.write(session, &counted(batch, &recorded)).await?;
        let mut finished: Vec<FinishedAttempt> = batch.iter().map(|_| FinishedAttempt::default()).collect();
        self.judge(session, batch, &recorded, ended, &mut finished).await?;

        let mut marks = Vec::new();
        for command in batch {
            let Some(Recorded { lane: Some(lane), due_at, .. }) = recorded.remove(&command.finish.delivery_id) else { continue };
            let work = WorkItem { webhook_id: command.finish.destination.webhook_id, lane };
            // The code below leases the next delivery of each ordered webhook. The lane comes from the database,
            // because a redelivery during the attempt may have changed the lane.
            if lane == Lane::Ordered {
                ordered.push(work.webhook_id);
            } else {
                marks.extend(due_at.map(|due_at| (work, due_at)));
            }
        }
        ordered.sort_unstable();
        ordered.dedup();
        let in_order = ordered.into_iter().map(|webhook_id| WorkItem { webhook_id, lane: Lane::Ordered }).collect::<Vec<_>>();
        if let Some(command) = batch.first().filter(|_| !in_order.is_empty()) {
            if self.node.may_lease() {
                let leasing = LeaseTransaction { session, node: &self.node, slots: &command.slots, now: command.now };
                let outcome = leasing.lease_work(in_order).await?;
                command.slots.wake(outcome.left);
                marks.extend(outcome.marks);
                for leased in outcome.leased {
                    let position = batch.iter().position(|command| command.finish.destination.webhook_id == leased.destination.webhook_id);
                    if let Some(finished) = position.and_then(|position| finished.get_mut(position)) {
                        finished.next = Some(leased);
                    }
                }
            } else {
                marks.extend(in_order.into_iter().map(|work| (work, command.now)));
            }
        }
        let held = |command: &Command| Some((command.finish.destination.webhook_id, command.finish.hold_until?));
        let mut holds: BTreeMap<Uuid, DateTime<Utc>> = BTreeMap::new();
        for (webhook_id, until) in batch.iter().filter_map(held) {
            let latest = holds.entry(webhook_id).or_insert(until);
            *latest = until.max(*latest);
        }
        if let Some(command) = batch.first().filter(|_| !holds.is_empty()) {
            holds::store(session, &holds, command.now).await?;
        }
        ready::mark(session, &marks).await?;
        Ok(finished)
    }

    /// Deactivates webhooks whose receiver responded 410 Gone, or whose attempts have failed for too long. Publishes which
    /// webhooks have recovered. `ended` has the failures that [`STORE`] has removed.
    async fn judge(
        &self,
        session: &Session,
        batch: &[Command],
        recorded: &HashMap<Uuid, Recorded>,
        mut ended: Vec<(Uuid, Failures)>,
        finished: &mut [FinishedAttempt],
    ) -> SessionResult<()> {
        let mut counted: BTreeMap<Uuid, (DateTime<Utc>, u32, usize)> = BTreeMap::new();
        let mut gone = BTreeMap::new();
        for (position, command) in batch.iter().enumerate() {
            let EndedAttempt { delivery_id, destination, attempt, next, .. } = &command.finish;
            // The outcome counts only if it was recorded and the webhook still has the URL of the attempt.
            let live_at = recorded.get(delivery_id).filter(|recorded| recorded.inserted).and_then(|recorded| recorded.live_at.as_ref());
            if live_at != Some(&destination.target_url) {
                continue;
            }
            let at = attempt.ended_at(command.now);
            if *next == Next::Gone {
                gone.entry(destination.webhook_id).or_insert((position, at));
            } else if *next != Next::Succeeded {
                let (since, count, last) = counted.entry(destination.webhook_id).or_insert((at, 0, position));
                (*since, *count, *last) = (at.min(*since), *count + 1, position);
            }
        }
        let failing = counted.keys().chain(gone.keys()).copied().collect();
        if !all_succeeded(batch) {
            ended = failures::remove_before_counting(session, succeeded_webhooks(batch), failing).await?;
        }
        effects::publish_recoveries(session, batch, ended, finished).await?;
        for (webhook_id, (position, at)) in gone {
            counted.remove(&webhook_id);
            let Destination { account, .. } = &*batch[position].finish.destination;
            if let Some(revision) = deactivation::deactivate(session, account, webhook_id, REASON_GONE, at).await? {
                let deactivated = Deactivated { revision, cause: DeactivationCause::Gone };
                finished[position].record_deactivation(session, account, webhook_id, deactivated, at).await?;
            }
        }
        if counted.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = counted.iter().map(|(webhook_id, (since, count, _))| (*webhook_id, *since, *count)).collect();
        for (webhook_id, failures, warned) in failures::count_many(session, &list).await? {
            let Some((_, _, position)) = counted.get(&webhook_id) else { continue };
            let Command { finish: EndedAttempt { destination, attempt, policy, .. }, now, .. } = &batch[*position];
            let at = attempt.ended_at(*now);
            let Some(policy) = *policy else { continue };
            if let Some((revision, failures)) = deactivation::judge_failures(session, destination, policy, failures, warned, at).await? {
                let deactivated = Deactivated { revision, cause: DeactivationCause::Failing(failures) };
                finished[*position].record_deactivation(session, &destination.account, webhook_id, deactivated, at).await?;
            }
        }
        Ok(())
    }
}

/// Returns the first command of each delivery, and the remaining commands.
fn first_of_each(batch: Vec<Command>) -> (Vec<Command>, Vec<Command>) {
    let mut seen = std::collections::HashSet::new();
    batch.into_iter().partition(|command| seen.insert(command.finish.delivery_id))
}

/// Replaces U+0000, because PostgreSQL cannot store it in text.
fn storable(text: Option<&String>) -> Option<String> {
    text.map(|text| text.replace('\0', "\u{fffd}"))
}

fn all_succeeded(batch: &[Command]) -> bool {
    batch.iter().all(|command| command.finish.next == Next::Succeeded)
}

fn succeeded_webhooks(batch: &[Command]) -> Vec<Uuid> {
    let succeeded = batch.iter().filter(|command| command.finish.next == Next::Succeeded);
    succeeded.map(|command| command.finish.destination.webhook_id).collect()
}

/// Returns what [`STORE`] has recorded. Also returns the removed failures about which the account was warned.
async fn store(session: &Session, batch: &[Command]) -> SessionResult<(HashMap<Uuid, Recorded>, Vec<(Uuid, Failures)>)> {
    let outcomes: Vec<&EndedAttempt> = batch.iter().map(|command| &command.finish).collect();
    let attempts: Vec<&Attempt> = outcomes.iter().map(|finish| &finish.attempt).collect();
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
                &outcomes.iter().map(|finish| finish.delivery_id).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| int(attempt.number)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.started_at).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| int(attempt.duration_ms)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.outcome.as_str()).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.status_code.map(|code| code as i16)).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| storable(attempt.error.as_ref())).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| storable(attempt.response_body.as_ref())).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.truncated).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.stored_facts()).collect::<Vec<_>>(),
                &attempts.iter().map(|attempt| attempt.stored_exchange()).collect::<Vec<_>>(),
                &outcomes.iter().map(|finish| finish.destination.webhook_id).collect::<Vec<_>>(),
                &outcomes.iter().map(|finish| int(finish.destination.epoch)).collect::<Vec<_>>(),
                &outcomes.iter().map(|finish| finish.lease).collect::<Vec<_>>(),
                &outcomes.iter().map(|finish| next_number(finish.next)).collect::<Vec<_>>(),
                &outcomes.iter().map(|finish| due_at(finish.next)).collect::<Vec<_>>(),
                &batch.iter().map(|command| command.now).collect::<Vec<_>>(),
                &outcomes.iter().all(|finish| finish.next == Next::Succeeded),
            ],
        )
        .await?;
    let mut recorded: HashMap<Uuid, Recorded> = HashMap::with_capacity(batch.len());
    let mut ended = Vec::new();
    for row in &rows {
        if let Some(attempts) = row.try_get(5)? {
            ended.push((row.try_get(0)?, Failures { since: row.try_get(4)?, attempts: count(attempts) }));
            continue;
        }
        let entry = recorded.entry(row.try_get(0)?).or_default();
        entry.inserted |= row.try_get::<_, bool>(1)?;
        entry.live_at = entry.live_at.take().or(row.try_get(2)?);
        // A cancelled delivery is in no lane.
        let lane = row.try_get::<_, Option<i16>>(3)?.filter(|lane| *lane < 3);
        entry.lane = entry.lane.or(lane.map(Lane::from_number).transpose()?);
        entry.due_at = entry.due_at.or(row.try_get(4)?);
    }
    Ok((recorded, ended))
}

/// Records each success whose attempt number another node has already used. Each such attempt gets the next free number
/// of its delivery. If the notification was deleted, the response is not stored. A success that is reported twice is
/// recorded only once.
async fn record_late_successes(session: &Session, batch: &[Command], recorded: &mut HashMap<Uuid, Recorded>) -> SessionResult<()> {
    for EndedAttempt { delivery_id, attempt, next, .. } in batch.iter().map(|command| &command.finish) {
        let recorded = recorded.entry(*delivery_id).or_default();
        if *next != Next::Succeeded || recorded.inserted {
            continue;
        }
        let inserted = session
            .execute(
                "WITH behind AS (
                     UPDATE deliveries d SET attempt_count = d.attempt_count + 1
                     WHERE d.id = $1 AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = $1 AND a.started_at = $2 AND a.outcome = $4)
                     RETURNING d.id, d.attempt_count, (SELECT n.data IS NULL FROM notifications n WHERE n.id = d.notification_id) AS erased)
                 INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts)
                 SELECT id, attempt_count, $2, $3, $4, $5, NULL, CASE WHEN $6 = '' OR NOT erased THEN $6 END, $7, $8 FROM behind",
                &[
                    delivery_id,
                    &attempt.started_at,
                    &int(attempt.duration_ms),
                    &attempt.outcome,
                    &attempt.status_code.map(|code| code as i16),
                    &storable(attempt.response_body.as_ref()),
                    &attempt.truncated,
                    &attempt.stored_facts(),
                ],
            )
            .await?;
        recorded.inserted_late = inserted > 0;
    }
    Ok(())
}

/// Returns the attempts that were inserted, for the statistics.
fn counted(batch: &[Command], recorded: &HashMap<Uuid, Recorded>) -> Vec<CountedOutcome> {
    let inserted = batch.iter().filter_map(|Command { finish, now, .. }| {
        let recorded = recorded.get(&finish.delivery_id).filter(|recorded| recorded.inserted || recorded.inserted_late)?;
        // A delivery that was cancelled during the attempt has no lane. A delivery that is due again has a due time.
        let ended = recorded.lane.is_some() && recorded.due_at.is_none();
        Some(CountedOutcome::of(finish, ended && matches!(finish.next, Next::Failed | Next::Gone), *now))
    });
    inserted.collect()
}

/// The statement returns several rows for each outcome, because each part of the statement reports its own changes. All
/// parts see the data as it was before the statement. A part gets the changes of another part only from the rows that
/// the other part returns. The statement does not join the parts, because a join would be a nested loop over hundreds
/// of outcomes. Each table is searched with keys in arrays, or in a subquery, so that no plan can begin with a scan of
/// the table (see [`connections`]). The caller must lock the rows before this statement. Without these locks, some parts
/// of the statement might see a concurrent change, and other parts might not.
///
/// - `attempt`: adds the attempt. If the notification was deleted, the texts of the request and the response are not stored.
/// - `succeeded`: records a success. If this success was already recorded before a redelivery was requested, it does
///   not end the redelivery.
/// - `unsuccessful`: changes the delivery only if the delivery waits for this attempt and has the lease of this
///   attempt. If the delivery was cancelled during the attempt, it stays cancelled, but the attempt is counted. If a
///   redelivery was requested during the attempt, the retry schedule of the redelivery starts after this attempt. This
///   outcome does not change that schedule.
/// - `released`: removes the lease if neither `succeeded` nor `unsuccessful` has changed the delivery.
/// - `accepting`: removes the stored failures of all webhooks in the batch, if every outcome of the batch is a success.
///   In other batches, `failures::remove_before_counting` removes the failures. The statement returns the removed
///   failures about which the account was warned: the identifier of the webhook, `since` and the number of attempts.
const STORE: &str = "
WITH finish AS MATERIALIZED (
    SELECT f.*, CASE WHEN f.next <> 1 THEN (
            SELECT w.target_url FROM webhooks w
            WHERE w.id = f.webhook_id AND w.epoch = f.epoch AND w.deleted_at IS NULL AND w.deactivation_reason IS NULL) END AS live_at
    FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        AS f (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange,
              webhook_id, epoch, lease, next, due_at, now)
),
attempt AS (
    INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange)
    SELECT f.delivery_id, f.number, f.started_at, f.duration_ms, f.outcome, f.status_code, f.error,
        CASE WHEN f.keeps_texts THEN f.response_body END, f.truncated, f.facts, CASE WHEN f.keeps_texts THEN f.exchange END
    FROM (SELECT *, coalesce(response_body, '') = '' AND exchange IS NULL OR (
            SELECT n.data IS NOT NULL FROM notifications n
            WHERE n.id = (SELECT d.notification_id FROM deliveries d WHERE d.id = finish.delivery_id)) AS keeps_texts
        FROM finish) f
    WHERE f.next = 1 OR (SELECT p.leased_by FROM pending p WHERE p.delivery_id = f.delivery_id) = f.lease
    ORDER BY f.delivery_id
    ON CONFLICT DO NOTHING RETURNING delivery_id
),
succeeded AS (
    UPDATE deliveries d SET status = 1, attempt_count = greatest(d.attempt_count, f.number), ended_at = f.now
    FROM finish f
    WHERE f.next = 1 AND d.id = ANY(ARRAY[f.delivery_id])
        AND (d.schedule_start < f.number OR f.delivery_id IN (SELECT delivery_id FROM attempt))
    RETURNING d.id
),
unsuccessful AS (
    UPDATE deliveries d SET attempt_count = f.number,
        status = CASE WHEN d.status = 0 AND d.schedule_start < f.number
            THEN CASE WHEN f.next = 0 AND f.live_at IS NULL THEN 3 ELSE f.next END ELSE d.status END,
        ended_at = CASE WHEN d.status = 0 AND d.schedule_start < f.number AND (f.next <> 0 OR f.live_at IS NULL)
            THEN f.now ELSE d.ended_at END
    FROM finish f
    WHERE f.next <> 1 AND (SELECT p.leased_by FROM pending p WHERE p.delivery_id = f.delivery_id) = f.lease
        AND d.id = ANY(ARRAY[f.delivery_id]) AND d.attempt_count = f.number - 1 AND d.status <> 1
    RETURNING d.id, d.status, d.schedule_start < f.number AS of_schedule, f.due_at, d.webhook_id, d.account, d.created_at
),
again AS (
    UPDATE pending p SET leased_by = NULL, deaths = 0,
        lane = CASE WHEN u.of_schedule AND p.lane = 0 THEN 1 ELSE p.lane END,
        due_at = CASE WHEN u.of_schedule THEN u.due_at ELSE p.due_at END
    FROM unsuccessful u
    WHERE u.status = 0 AND p.delivery_id = ANY(ARRAY[u.id])
    RETURNING p.delivery_id, p.lane, p.due_at
),
ended AS (
    DELETE FROM pending
    WHERE delivery_id = ANY(ARRAY(SELECT id FROM succeeded UNION ALL SELECT id FROM unsuccessful WHERE status <> 0))
    RETURNING delivery_id, lane
),
released AS (
    UPDATE pending p SET leased_by = NULL, deaths = 0 FROM finish f
    WHERE p.delivery_id = ANY(ARRAY[f.delivery_id]) AND p.leased_by = f.lease AND p.lane < 3
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
        SELECT webhook_id FROM failures WHERE $18 AND webhook_id = ANY(ARRAY(SELECT webhook_id FROM finish WHERE next = 1))
        ORDER BY webhook_id FOR UPDATE))
    RETURNING webhook_id, since, attempts, warned
)
SELECT delivery_id, false AS inserted, live_at, NULL::smallint AS lane, NULL::timestamptz AS due_at, NULL::integer AS failures FROM finish
UNION ALL SELECT delivery_id, true, NULL, NULL, NULL, NULL FROM attempt
UNION ALL SELECT delivery_id, false, NULL, lane, due_at, NULL FROM again
UNION ALL SELECT delivery_id, false, NULL, lane, NULL, NULL FROM ended
UNION ALL SELECT delivery_id, false, NULL, lane, due_at, NULL FROM released
UNION ALL SELECT webhook_id, false, NULL, NULL, since, attempts FROM accepting WHERE warned";
