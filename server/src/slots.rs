//! Who may be in flight, and who waits for what.
//!
//! A delivery that is due needs a slot. There are caps in total, per account and per webhook, each of which leaves room for
//! the others, in number and in bytes of payload, and a webhook gets as many as it has earned (`slots/health.rs`). An
//! attempt that takes longer than a second is slow, and counts apart: what hangs soon stands in nobody's way.
//!
//! Work that finds no slot waits here, as a webhook and a lane and not as deliveries: in line for room in all, in line for
//! its account's, at its webhook, or for a time. So memory grows with the webhooks that wait and not with their backlogs,
//! and whoever looks for work looks at nothing that cannot go. Waiting is not stored: a restart finds out anew.

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
pub use health::LONGEST_PAUSE;
use slot::Ended;
pub use slot::{Slot, Unrecorded};
use state::{Line, Place, State, Webhook};

/// How many attempts may be in flight at once. As many again may be slow.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub total: usize,
    pub per_account: usize,
    pub per_webhook: usize,
}

impl Caps {
    /// An account gets a quarter of all, so that one account's hanging callbacks leave room for the others.
    #[must_use]
    pub fn new(total: usize, per_webhook: usize) -> Caps {
        let per_account = total.div_ceil(4);
        Caps { total, per_account, per_webhook: per_webhook.min(per_account) }
    }

    /// What is not sure to end soon may not take the last quarter: it is kept for fresh deliveries of webhooks that accept.
    /// These leave an eighth to the others, so that no traffic of theirs keeps retries waiting for ever.
    fn of(&self, line: Line) -> usize {
        match line {
            Line::Sure => self.total - self.total / 8,
            Line::Unsure | Line::Retry => (self.total - self.total / 4).max(1),
        }
    }
}

/// Payloads in memory of all attempts in flight, and as many again of slow ones.
const PAYLOAD_BYTES: usize = 8 * 1024 * 1024;

/// What an account may have of that. Its first one always fits: a larger payload counts as one of this size, since it could
/// never go otherwise.
const PAYLOAD_BYTES_OF_ACCOUNT: usize = PAYLOAD_BYTES / 4;

/// Attempts that have ended and are not recorded yet. Beyond them none begins: the store is behind, and what it has yet to
/// record is what a kill repeats.
const UNRECORDED: usize = 2_048;

/// A webhook's retries go before its fresh deliveries every so many times, so that a lasting backlog of these does not keep
/// them waiting for ever.
const TURNS: u8 = 4;

/// An attempt that takes longer is slow.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// Other nodes hear of what waits here no more often than that.
const SHARED_EVERY: TimeDelta = TimeDelta::seconds(1);

/// How long an idle connection to a receiver is kept. Servers commonly close one after 5 s (Node.js, Apache). A request that
/// crosses such a close fails, and nobody can say whether it was processed, so a connection is given up before that.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A webhook with nothing in flight for that long has lost its connections.
const REST: TimeDelta = TimeDelta::seconds(IDLE_TIMEOUT.as_secs() as i64);

/// So many webhooks are remembered that have nothing in flight or waiting.
const REMEMBERED: usize = 10_000;

/// Something of a webhook is due in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work {
    pub webhook_id: Uuid,
    pub lane: Lane,
}

#[derive(Debug)]
pub struct Slots {
    caps: Caps,
    state: Mutex<State>,
    /// Woken when work need not wait any more.
    woken: Notify,
}

impl Slots {
    #[must_use]
    pub fn new(caps: Caps) -> Arc<Slots> {
        let state = State { forget_at: REMEMBERED, ..State::default() };
        Arc::new(Slots { caps, state: Mutex::new(state), woken: Notify::new() })
    }

    /// A slot, if all caps leave one. If not, the work waits, and [`Slots::awake`] has it when it need not any more.
    pub fn try_take(self: &Arc<Self>, account: &Arc<str>, work: Work, payload_bytes: usize, now: DateTime<Utc>) -> Option<Slot> {
        let payload_bytes = payload_bytes.min(PAYLOAD_BYTES_OF_ACCOUNT);
        let mut state = self.lock();
        match state.place_for(&self.caps, account, work, payload_bytes, now) {
            Ok(line) => Some(state.admit(self, account, work, line, payload_bytes, now)),
            Err(place) => {
                state.wait(work, place, Some(account));
                None
            }
        }
    }

    /// Lets work wait for a time, as a webhook's rate limit asks.
    pub fn wait_until(&self, work: Work, until: DateTime<Utc>) {
        self.lock().wait(work, Place::Time(until), None);
    }

    /// Has all work of the webhook wait for a time that waits for nothing but the webhook itself.
    pub fn put_off(&self, webhook_id: Uuid, until: DateTime<Utc>) {
        let mut state = self.lock();
        let waits = state.webhooks.entry(webhook_id).or_default().waits;
        state.awake.retain(|work| work.webhook_id != webhook_id);
        for lane in Lane::ALL.into_iter().filter(|lane| matches!(waits[*lane as usize], None | Some(Place::Webhook | Place::Awake))) {
            state.move_to(Work { webhook_id, lane }, Place::Time(until));
        }
    }

    /// Has work looked at that may be due now.
    pub fn wake(&self, works: impl IntoIterator<Item = Work>) {
        let mut works = works.into_iter().peekable();
        if works.peek().is_none() {
            return;
        }
        let mut state = self.lock();
        works.for_each(|work| state.wait(work, Place::Awake, None));
        drop(state);
        self.woken.notify_one();
    }

    /// How many more attempts the webhook itself may have in flight, whatever room there is beside.
    #[must_use]
    pub fn room_for(&self, webhook_id: Uuid) -> usize {
        let state = self.lock();
        let Some(webhook) = state.webhooks.get(&webhook_id) else { return Health::default().allowance() };
        webhook.health.allowance().min(state.per_webhook(&self.caps)).saturating_sub(webhook.in_flight + webhook.slow)
    }

    /// Whether others may be told of work that waits here for room: not of each more often than once a second.
    #[must_use]
    pub fn may_share(&self, work: Work, now: DateTime<Utc>) -> bool {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&work.webhook_id) else { return false };
        let waits =
            matches!(webhook.waits[work.lane as usize], Some(Place::Webhook | Place::Room(_) | Place::RoomOfAccount | Place::Awake));
        if !waits || webhook.shared_at.is_some_and(|shared_at| now - shared_at < SHARED_EVERY) {
            return false;
        }
        webhook.shared_at = Some(now);
        true
    }

    /// Says how many nodes share what a webhook may have in flight.
    pub fn share_webhooks(&self, nodes: usize) {
        self.lock().nodes = nodes.max(1);
    }

    /// Whether work of the webhook waits in the lane already.
    #[must_use]
    pub fn is_waiting(&self, work: Work) -> bool {
        self.lock().webhooks.get(&work.webhook_id).is_some_and(|webhook| webhook.waits[work.lane as usize].is_some())
    }

    /// Whether the webhook's retries go before its fresh deliveries this time.
    #[must_use]
    pub fn retries_go_first(&self, webhook_id: Uuid) -> bool {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&webhook_id) else { return false };
        webhook.turn = (webhook.turn + 1) % TURNS;
        webhook.turn == 0
    }

    /// All that waits here, in no order.
    #[must_use]
    pub fn waiting(&self) -> Vec<Work> {
        let state = self.lock();
        let of_webhook = |(webhook_id, webhook): (&Uuid, &Webhook)| {
            let (webhook_id, waits) = (*webhook_id, webhook.waits);
            Lane::ALL.into_iter().filter(move |lane| waits[*lane as usize].is_some()).map(move |lane| Work { webhook_id, lane })
        };
        state.webhooks.iter().flat_map(of_webhook).collect()
    }

    /// Forgets how a webhook did: it has been changed, and may do better now.
    pub fn forgive(&self, webhook_id: Uuid) {
        let mut state = self.lock();
        let Some(webhook) = state.webhooks.get_mut(&webhook_id) else { return };
        webhook.health = Health::default();
        let waits = webhook.waits;
        for lane in Lane::ALL {
            if let Some(Place::Time(until)) = waits[lane as usize] {
                let work = Work { webhook_id, lane };
                state.until.remove(&(until, work));
                state.move_to(work, Place::Awake);
            }
        }
        drop(state);
        self.woken.notify_one();
    }

    /// Some of the work that need not wait any more. It is the caller's from then on.
    #[must_use]
    pub fn awake(&self, now: DateTime<Utc>, most: usize) -> Vec<Work> {
        let mut state = self.lock();
        let state = &mut *state;
        state.tell_slow(&self.caps, now);
        state.end_waits_for_time(now);
        state.end_waits_for_room(&self.caps);
        let count = state.awake.len().min(most);
        let works: Vec<Work> = state.awake.drain(..count).collect();
        for work in &works {
            if let Some(webhook) = state.webhooks.get_mut(&work.webhook_id) {
                webhook.waits[work.lane as usize] = None;
            }
        }
        works
    }

    /// When to look at [`Slots::awake`] again, if nobody is woken before.
    #[must_use]
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        if !state.awake.is_empty() {
            return Some(DateTime::<Utc>::MIN_UTC);
        }
        let time = state.until.first().map(|(until, _)| *until);
        // What becomes slow makes room.
        let slow = state.young.values().next().filter(|_| state.is_short()).map(|young| young.started_at + SLOW);
        time.into_iter().chain(slow).min()
    }

    /// Until there may be something in [`Slots::awake`].
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    #[must_use]
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// Attempts in flight, slow ones included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        let state = self.lock();
        state.usual.attempts + state.slow.attempts
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
