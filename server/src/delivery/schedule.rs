//! Who may be in flight: caps in total, per account and per webhook, each leaving room for the others.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::Lane;

/// How many attempts may be in flight at once.
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

    /// Retries may not take the last quarter: it is kept for fresh deliveries.
    fn of_lane(&self, lane: Lane) -> usize {
        match lane {
            Lane::Fresh => self.total,
            Lane::Retry => (self.total - self.total / 4).max(1),
        }
    }
}

/// Payloads in memory, all attempts in flight together. The first one always fits.
const PAYLOAD_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct Slots {
    caps: Caps,
    state: Mutex<State>,
    /// Woken when a slot comes free that somebody was refused.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    total: usize,
    payload_bytes: usize,
    accounts: HashMap<String, usize>,
    webhooks: HashMap<Uuid, usize>,
    /// Who was refused since, and for want of what.
    starved: Starved,
}

#[derive(Debug, Default)]
struct Starved {
    total: bool,
    accounts: HashSet<String>,
    webhooks: HashSet<Uuid>,
}

impl Slots {
    #[must_use]
    pub fn new(caps: Caps) -> Arc<Slots> {
        Arc::new(Slots { caps, state: Mutex::default(), freed: Notify::new() })
    }

    /// A slot, if all caps leave one. The slot comes free when it is dropped.
    pub fn try_take(self: &Arc<Self>, account: &str, webhook_id: Uuid, lane: Lane, payload_bytes: usize) -> Option<Slot> {
        let mut state = self.lock();
        let no_bytes = state.payload_bytes > 0 && state.payload_bytes + payload_bytes > PAYLOAD_BYTES;
        if state.total >= self.caps.of_lane(lane) || no_bytes {
            state.starved.total = true;
            return None;
        }
        if state.accounts.get(account).is_some_and(|count| *count >= self.caps.per_account) {
            state.starved.accounts.insert(account.to_owned());
            return None;
        }
        if state.webhooks.get(&webhook_id).is_some_and(|count| *count >= self.caps.per_webhook) {
            state.starved.webhooks.insert(webhook_id);
            return None;
        }
        state.total += 1;
        state.payload_bytes += payload_bytes;
        *state.accounts.entry(account.to_owned()).or_default() += 1;
        *state.webhooks.entry(webhook_id).or_default() += 1;
        Some(Slot { slots: self.clone(), account: account.to_owned(), webhook_id, payload_bytes })
    }

    /// Until a slot comes free that somebody was refused.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in flight.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    account: String,
    webhook_id: Uuid,
    payload_bytes: usize,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.total -= 1;
        state.payload_bytes -= self.payload_bytes;
        release(&mut state.accounts, &self.account);
        release(&mut state.webhooks, &self.webhook_id);
        let starved = &mut state.starved;
        let wanted =
            std::mem::take(&mut starved.total) | starved.accounts.remove(&self.account) | starved.webhooks.remove(&self.webhook_id);
        drop(state);
        if wanted {
            self.slots.freed.notify_one();
        }
    }
}

fn release<K: Hash + Eq + Borrow<Q>, Q: Hash + Eq + ?Sized>(counts: &mut HashMap<K, usize>, key: &Q) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(slots: &Arc<Slots>, account: &str, webhook: u128, lane: Lane) -> Option<Slot> {
        slots.try_take(account, Uuid::from_u128(webhook), lane, 10)
    }

    #[test]
    fn each_cap_leaves_room_for_the_others() {
        let slots = Slots::new(Caps::new(8, 1));
        let first = take(&slots, "a", 1, Lane::Fresh);
        assert!(first.is_some());
        assert!(take(&slots, "a", 1, Lane::Fresh).is_none(), "the webhook's cap is one");
        let second = take(&slots, "a", 2, Lane::Fresh);
        assert!(second.is_some());
        assert!(take(&slots, "a", 3, Lane::Fresh).is_none(), "the account's cap is a quarter");
        assert!(take(&slots, "b", 4, Lane::Fresh).is_some());
        drop(first);
        assert!(take(&slots, "a", 1, Lane::Fresh).is_some(), "a dropped slot is free again");
        drop(second);
        assert_eq!(slots.in_flight(), 0);
    }

    #[test]
    fn retries_leave_a_quarter_for_fresh_deliveries() {
        let slots = Slots::new(Caps::new(4, 1));
        let held: Vec<_> = (0..4).map(|n| take(&slots, &n.to_string(), n, Lane::Retry)).collect();
        assert_eq!(held.iter().flatten().count(), 3);
        assert!(take(&slots, "fresh", 9, Lane::Fresh).is_some());
    }

    #[test]
    fn payloads_are_bounded_but_one_always_fits() {
        let slots = Slots::new(Caps::new(100, 100));
        let large = slots.try_take("a", Uuid::nil(), Lane::Fresh, PAYLOAD_BYTES * 2);
        assert!(large.is_some());
        assert!(take(&slots, "b", 1, Lane::Fresh).is_none());
        drop(large);
        assert!(take(&slots, "b", 1, Lane::Fresh).is_some());
    }

    #[tokio::test]
    async fn whoever_was_refused_is_told_when_there_is_room() {
        let slots = Slots::new(Caps::new(8, 1));
        let held = take(&slots, "a", 1, Lane::Fresh);
        assert!(take(&slots, "a", 1, Lane::Fresh).is_none());
        drop(held);
        slots.freed().await;
    }
}
