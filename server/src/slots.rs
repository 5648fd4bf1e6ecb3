//! Limits on the attempts in flight, and the work that waits for a slot.
//!
//! A due delivery needs a slot before its attempt starts. Caps limit the number of attempts in flight in total, per
//! account and per webhook. Other caps limit the bytes of their payloads, in total and per account. Each webhook also
//! has an allowance, its own maximum of attempts in flight. The allowance grows with successes (`slots/health.rs`). An
//! attempt that takes longer than a second is slow. A slow attempt counts against separate caps, so that it does not
//! block other attempts.
//!
//! A [`WorkItem`] (*work*) is a webhook and a lane in which deliveries may be due. Work that gets no slot waits in this
//! module. It waits for the total cap, the cap of its account, the allowance of its webhook, or a time. So the memory
//! grows with the number of waiting webhooks, but not with the number of their deliveries. After a restart, the server
//! finds the waiting deliveries in the store.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::model::Lane;

mod health;
mod slot;
mod state;
mod waiting;

use health::Health;
pub use health::MAX_PAUSE;
use slot::Ended;
pub use slot::{Slot, Unrecorded};
use state::{Priority, State, WaitReason, Webhook};

/// The maximum numbers of attempts in flight. `total` and `per_account` apply to normal attempts, and separately to
/// slow attempts.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub total: usize,
    pub per_account: usize,
    pub per_webhook: usize,
}

impl Caps {
    /// Gives each account a quarter of the total, so that its hanging callbacks leave slots for other accounts.
    #[must_use]
    pub fn new(total: usize, per_webhook: usize) -> Caps {
        let per_account = total.div_ceil(4);
        Caps { total, per_account, per_webhook: per_webhook.min(per_account) }
    }

    /// Returns the limit for one priority. A quarter is reserved for webhooks that accept, and an eighth for unproven
    /// webhooks and retries. So neither of these two groups can block the other group for ever.
    fn limit(&self, priority: Priority) -> usize {
        match priority {
            Priority::Proven => self.total - self.total / 8,
            Priority::Unproven | Priority::Retry => (self.total - self.total / 4).max(1),
        }
    }
}

/// Maximum payload bytes of all normal attempts in flight. Slow attempts have a separate limit of the same size.
const MAX_PAYLOAD_BYTES: usize = 8 * 1024 * 1024;

/// Maximum payload bytes of one account. A larger payload counts as this size. Without this rule, the larger payload
/// could never be sent.
const MAX_ACCOUNT_PAYLOAD_BYTES: usize = MAX_PAYLOAD_BYTES / 4;

/// Maximum number of ended attempts that are not recorded yet. At this number, no new attempt starts: the store is too slow, and
/// unrecorded attempts are repeated if the process is killed.
const MAX_UNRECORDED: usize = 2_048;

/// Usually a webhook's fresh deliveries are leased before its retries. Once in this number of lease operations, the
/// retries go first. So many fresh deliveries cannot block the retries for ever.
const TURNS: u8 = 4;

/// An attempt is slow after this time.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// Minimum time between two messages to other nodes about the waiting work of a webhook.
const SHARE_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// How long an idle connection to a receiver is kept. Many servers close an idle connection after 5 s (Node.js,
/// Apache). A request that is sent at that moment fails, although the server may have processed it. So this client
/// closes the connection earlier.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// After this time without an attempt in flight, the connections of a webhook are closed.
const IDLE_LIMIT: TimeDelta = TimeDelta::seconds(IDLE_TIMEOUT.as_secs() as i64);

/// Each time this number of webhooks was added, the state of webhooks without attempts in flight and without waiting
/// work is removed.
const MAX_NEW_WEBHOOKS: usize = 10_000;

/// A webhook and a lane in which deliveries may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkItem {
    pub webhook_id: Uuid,
    pub lane: Lane,
}

#[derive(Debug)]
pub struct Slots {
    caps: Caps,
    state: Mutex<State>,
    /// Notified when work may be ready.
    woken: Notify,
}

impl Slots {
    #[must_use]
    pub fn new(caps: Caps) -> Arc<Slots> {
        let state = State { forget_at: MAX_NEW_WEBHOOKS, ..State::default() };
        Arc::new(Slots { caps, state: Mutex::new(state), woken: Notify::new() })
    }

    /// Returns a slot if all caps allow one. Otherwise the work waits until [`Slots::take_ready`] returns it.
    pub fn try_take(self: &Arc<Self>, account: &Arc<str>, work: WorkItem, payload_bytes: usize, now: DateTime<Utc>) -> Option<Slot> {
        let payload_bytes = payload_bytes.min(MAX_ACCOUNT_PAYLOAD_BYTES);
        let mut state = self.lock();
        match state.priority_for(&self.caps, account, work, payload_bytes, now) {
            Ok(priority) => Some(state.admit(self, account, work, priority, payload_bytes, now)),
            Err(reason) => {
                state.wait(work, reason, Some(account));
                None
            }
        }
    }

    /// Makes work wait until a time that the webhook's rate limit requires.
    pub fn wait_until(&self, work: WorkItem, until: DateTime<Utc>) {
        self.lock().wait(work, WaitReason::Time(until), None);
    }

    /// Makes the work of the webhook wait until a time. Work that waits for the total cap, its account or another time
    /// stays unchanged.
    pub fn defer(&self, webhook_id: Uuid, until: DateTime<Utc>) {
        let mut state = self.lock();
        let waits = state.webhooks.entry(webhook_id).or_default().waits;
        state.ready.retain(|work| work.webhook_id != webhook_id);
        for lane in
            Lane::ALL.into_iter().filter(|lane| matches!(waits[*lane as usize], None | Some(WaitReason::Webhook | WaitReason::Ready)))
        {
            state.move_to(WorkItem { webhook_id, lane }, WaitReason::Time(until));
        }
    }

    /// Marks work that may be due as ready, unless it waits already.
    pub fn wake(&self, work_items: impl IntoIterator<Item = WorkItem>) {
        let mut work_items = work_items.into_iter().peekable();
        if work_items.peek().is_none() {
            return;
        }
        let mut state = self.lock();
        work_items.for_each(|work| state.wait(work, WaitReason::Ready, None));
        drop(state);
        self.woken.notify_one();
    }

    /// Returns how many more attempts the webhook's own limits allow, regardless of the other caps.
    #[must_use]
    pub fn room_for(&self, webhook_id: Uuid) -> usize {
        let state = self.lock();
        let Some(webhook) = state.webhooks.get(&webhook_id) else { return Health::default().allowance() };
        webhook.health.allowance().min(state.per_webhook(&self.caps)).saturating_sub(webhook.in_flight + webhook.slow)
    }

    /// Returns whether to tell other nodes that this work waits here for a slot: at most once a second per webhook.
    #[must_use]
    pub fn may_share(&self, work: WorkItem, now: DateTime<Utc>) -> bool {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&work.webhook_id) else { return false };
        let waits = matches!(
            webhook.waits[work.lane as usize],
            Some(WaitReason::Webhook | WaitReason::Total(_) | WaitReason::Account | WaitReason::Ready)
        );
        if !waits || webhook.shared_at.is_some_and(|shared_at| now - shared_at < SHARE_INTERVAL) {
            return false;
        }
        webhook.shared_at = Some(now);
        true
    }

    /// Sets the number of nodes that share the cap of each webhook.
    pub fn share_webhooks(&self, nodes: usize) {
        self.lock().nodes = nodes.max(1);
    }

    /// Returns whether work of the webhook already waits in the lane.
    #[must_use]
    pub fn is_waiting(&self, work: WorkItem) -> bool {
        self.lock().webhooks.get(&work.webhook_id).is_some_and(|webhook| webhook.waits[work.lane as usize].is_some())
    }

    /// Returns whether the webhook's retries go before its fresh deliveries in this lease operation. Counts the lease
    /// operation.
    #[must_use]
    pub fn retries_go_first(&self, webhook_id: Uuid) -> bool {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&webhook_id) else { return false };
        webhook.turn = (webhook.turn + 1) % TURNS;
        webhook.turn == 0
    }

    /// Returns all waiting work, in no particular order.
    #[must_use]
    pub fn waiting(&self) -> Vec<WorkItem> {
        let state = self.lock();
        let of_webhook = |(webhook_id, webhook): (&Uuid, &Webhook)| {
            let (webhook_id, waits) = (*webhook_id, webhook.waits);
            Lane::ALL.into_iter().filter(move |lane| waits[*lane as usize].is_some()).map(move |lane| WorkItem { webhook_id, lane })
        };
        state.webhooks.iter().flat_map(of_webhook).collect()
    }

    /// Resets the health of a changed webhook, because the webhook may accept deliveries now.
    pub fn reset_health(&self, webhook_id: Uuid) {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&webhook_id) else { return };
        webhook.health = Health::default();
        let waits = webhook.waits;
        for lane in Lane::ALL {
            if let Some(WaitReason::Time(until)) = waits[lane as usize] {
                let work = WorkItem { webhook_id, lane };
                state.until.remove(&(until, work));
                state.move_to(work, WaitReason::Ready);
            }
        }
        drop(state);
        self.woken.notify_one();
    }

    /// Removes and returns at most `limit` work items that no longer need to wait.
    #[must_use]
    pub fn take_ready(&self, now: DateTime<Utc>, limit: usize) -> Vec<WorkItem> {
        let mut state = self.lock();
        let state = &mut *state;
        state.move_slow(&self.caps, now);
        state.end_waits_for_time(now);
        state.end_waits_for_slots(&self.caps);
        let count = state.ready.len().min(limit);
        let work_items: Vec<WorkItem> = state.ready.drain(..count).collect();
        for work in &work_items {
            if let Some(webhook) = state.webhooks.get_mut(&work.webhook_id) {
                webhook.waits[work.lane as usize] = None;
            }
        }
        work_items
    }

    /// Returns when to call [`Slots::take_ready`] again if [`Slots::woken`] does not return earlier.
    #[must_use]
    pub fn next_check(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        if !state.ready.is_empty() {
            return Some(DateTime::<Utc>::MIN_UTC);
        }
        let time = state.until.first().map(|(until, _)| *until);
        // An attempt that becomes slow frees a normal slot.
        let slow = state.normal_attempts.values().next().filter(|_| state.has_queued_work()).map(|attempt| attempt.started_at + SLOW);
        time.into_iter().chain(slow).min()
    }

    /// Waits until [`Slots::take_ready`] may return something.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    #[must_use]
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// Returns the number of attempts in flight, including slow ones.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let state = self.lock();
        state.normal.attempts + state.slow.attempts
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
