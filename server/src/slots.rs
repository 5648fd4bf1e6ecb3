//! Limits on the attempts in flight, and the work that waits for a slot.
//!
//! A due delivery needs a slot before its attempt starts. Caps limit the number of attempts in flight: in total, per
//! account and per webhook. Other caps limit the payload bytes of the attempts in flight, in total and per account.
//! Each webhook also has an *allowance*: a maximum number of attempts in flight that grows with successes
//! (`slots/health.rs`). An attempt that takes longer than a second is *slow*. Slow attempts have separate caps, so that
//! they do not block other attempts. Hosts that have not accepted enough callbacks have limits over all webhooks and
//! accounts (`slots/hosts.rs`).
//!
//! A [`WorkItem`] (*work*) is a webhook and a lane in which deliveries may be due. Work that gets no slot waits in this
//! module. It waits for the total cap, for the cap of its account, for the allowance of its webhook, for the limits of its
//! host, or until a time.
//! So the used memory depends on the number of waiting webhooks, but not on the number of deliveries. After a restart,
//! the server finds the waiting deliveries in the store.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::model::Lane;

mod fair_queue;
mod health;
mod hosts;
mod observed;
mod slot;
mod state;
mod visit;
mod waiting;

use health::Health;
pub use health::{HealthChange, MAX_PAUSE, Recovery};
use hosts::HostLimits;
pub use hosts::{Hosts, NewHost};
pub use observed::{ObservedWait, ReachedLimit};
use slot::Ended;
pub use slot::{Reached, Slot, Unrecorded};
use state::{Priority, State, WaitReason, Webhook};
pub use visit::Visit;

/// The maximum numbers of attempts in flight. `total` and `per_account` limit the normal attempts. Slow attempts have
/// separate limits of the same size.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub total: usize,
    pub per_account: usize,
    pub per_webhook: usize,
    pub new_host: NewHost,
}

impl Caps {
    /// The limits of new hosts are not set. The cap of each account is a quarter of the total. So there are slots for other
    /// accounts even if all callbacks of one account hang.
    #[must_use]
    pub fn new(total: usize, per_webhook: usize) -> Caps {
        let per_account = total.div_ceil(4);
        Caps { total, per_account, per_webhook: per_webhook.min(per_account), new_host: NewHost::UNLIMITED }
    }

    /// Returns the limit for one priority. Only proven webhooks can use a quarter of the total. Only unproven webhooks
    /// and retries can use another eighth. So neither of these two groups can block the other group for ever.
    fn limit(&self, priority: Priority) -> usize {
        match priority {
            Priority::Proven => self.total - self.total / 8,
            Priority::Unproven | Priority::Retry => (self.total - self.total / 4).max(1),
        }
    }
}

/// Maximum payload bytes of all normal attempts in flight. Slow attempts have a separate limit of the same size.
const MAX_PAYLOAD_BYTES: usize = 8 * 1024 * 1024;

/// Maximum payload bytes of one account. A payload of more bytes counts as this number of bytes. Without this rule,
/// such a payload could never be sent.
const MAX_ACCOUNT_PAYLOAD_BYTES: usize = MAX_PAYLOAD_BYTES / 4;

/// Maximum number of ended attempts that are not recorded yet. While this number is reached, no new attempt starts. The
/// store is too slow then. If the process is killed, unrecorded attempts are repeated.
const MAX_UNRECORDED: usize = 2_048;

/// Usually a webhook's fresh deliveries are leased before its retries. In one of this number of lease operations, the
/// retries go first. So even a large number of fresh deliveries cannot block the retries for ever.
const TURNS: u8 = 4;

/// An attempt that takes longer than this time is slow.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// Minimum time between two messages to other nodes about the waiting work of a webhook.
const SHARE_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// How long an idle connection to a receiver is kept. Many servers close an idle connection after 5 s (Node.js,
/// Apache). If the client sends a request at that moment, the request fails, but the receiver may have processed it. So
/// this client closes the connection earlier.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// If a webhook has no attempt in flight for this time, its connections are closed.
const IDLE_LIMIT: TimeDelta = TimeDelta::seconds(IDLE_TIMEOUT.as_secs() as i64);

/// After each addition of this number of webhooks, idle webhooks are removed from the state. A webhook is idle if it
/// has no attempt in flight and no waiting work.
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
        let state = State { forget_at: MAX_NEW_WEBHOOKS, hosts: HostLimits::new(caps.new_host), ..State::default() };
        Arc::new(Slots { caps, state: Mutex::new(state), woken: Notify::new() })
    }

    /// Returns a slot if all caps allow one more attempt. Otherwise lets the work wait until [`Slots::take_ready`]
    /// returns the work.
    pub fn try_take(
        self: &Arc<Self>,
        account: &Arc<str>,
        hosts: &Hosts,
        work: WorkItem,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Option<Slot> {
        let payload_bytes = payload_bytes.min(MAX_ACCOUNT_PAYLOAD_BYTES);
        let mut state = self.lock();
        let priority = match state.priority_for(&self.caps, account, work, payload_bytes, now) {
            Ok(priority) => priority,
            Err(reason) => {
                state.wait(work, reason, Some(account));
                return None;
            }
        };
        if let Some(host) = state.blocking_host(work.webhook_id, hosts, now) {
            state.hosts.wait(&host, account, work, now);
            state.wait(work, WaitReason::Host, None);
            return None;
        }
        Some(state.admit(self, account, hosts, work, priority, payload_bytes, now))
    }

    /// Returns a slot even if a cap is reached. Only suspects use this function. They are attempted
    /// one at a time.
    #[must_use]
    pub fn take_for_suspect(
        self: &Arc<Self>,
        account: &Arc<str>,
        hosts: &Hosts,
        work: WorkItem,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Slot {
        self.lock().admit(self, account, hosts, work, Priority::Retry, payload_bytes.min(MAX_ACCOUNT_PAYLOAD_BYTES), now)
    }

    /// Lets work wait until `until`, because the webhook's rate limit allows no earlier attempt.
    pub fn wait_until(&self, work: WorkItem, until: DateTime<Utc>) {
        self.lock().wait(work, WaitReason::Time(until), None);
    }

    /// Lets the work of the webhook wait until `until`. Does not change work that already waits for the total cap, for its
    /// account, for its host or until another time.
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

    /// Applies a hold that was stored by this node or another one: the receiver has asked for a pause until `until`.
    pub fn hold(&self, webhook_id: Uuid, until: DateTime<Utc>, now: DateTime<Utc>) {
        self.lock().webhooks.entry(webhook_id).or_default().health.asked_to_wait(now, now, until);
    }

    /// Marks work as ready, because it may be due. Does not change work that already waits.
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

    /// Returns how many more attempts the webhook's own limits allow. Ignores the other caps.
    #[must_use]
    pub fn room_for(&self, webhook_id: Uuid) -> usize {
        let state = self.lock();
        let Some(webhook) = state.webhooks.get(&webhook_id) else { return Health::default().allowance() };
        webhook.health.allowance().min(state.per_webhook(&self.caps)).saturating_sub(webhook.in_flight + webhook.slow)
    }

    /// Returns whether this node should now report to other nodes that this work waits here for a slot. Returns true at
    /// most once per second and webhook.
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

    /// Returns whether the webhook's retries go before its fresh deliveries in this lease operation. Each call counts
    /// as one lease operation.
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

    /// Resets the health of a webhook that was changed, because the webhook may accept deliveries now.
    pub fn reset_health(&self, webhook_id: Uuid) {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&webhook_id) else { return };
        webhook.health = Health::default();
        let waits = webhook.waits;
        for lane in Lane::ALL {
            let work = WorkItem { webhook_id, lane };
            match waits[lane as usize] {
                Some(WaitReason::Time(until)) => drop(state.until.remove(&(until, work))),
                // The work stays in the queue of the host, but is ignored there.
                Some(WaitReason::Host) => {}
                _ => continue,
            }
            state.move_to(work, WaitReason::Ready);
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
        state.end_waits_for_hosts(now);
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

    /// Returns the time at which to call [`Slots::take_ready`] again, if [`Slots::woken`] does not return before that
    /// time.
    #[must_use]
    pub fn next_check(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        if !state.ready.is_empty() {
            return Some(DateTime::<Utc>::MIN_UTC);
        }
        let time = state.until.first().map(|(until, _)| *until);
        // An attempt that becomes slow frees a normal slot.
        let slow = state.normal_attempts.values().next().filter(|_| state.has_queued_work()).map(|attempt| attempt.started_at + SLOW);
        time.into_iter().chain(slow).chain(state.hosts.next_check()).min()
    }

    /// Waits until [`Slots::take_ready`] may return work.
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
pub(super) mod tests;
