//! The slot of an attempt, and the state after the slot is free until the attempt is recorded.

use std::net::IpAddr;

use super::*;

/// The permission to make one attempt. When this value is dropped, the slot is free.
#[derive(Debug)]
pub struct Slot {
    pub(super) slots: Arc<Slots>,
    pub(super) number: u64,
    pub(super) account: Arc<str>,
    pub(super) hosts: Hosts,
    pub(super) webhook_id: Uuid,
    pub(super) payload_bytes: usize,
    pub(super) proven: bool,
    pub(super) started_at: DateTime<Utc>,
    pub(super) reached: Reached,
    pub(super) hold_until: Option<DateTime<Utc>>,
    pub(super) ended: Option<Ended>,
    pub(super) is_released: bool,
}

/// What an attempt has reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// The address of the receiver to which the attempt was connected.
    pub address: Option<IpAddr>,
    /// Whether the attempt failed because of the server of the token URL.
    pub failed_at_token_url: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) accepted: bool,
    pub(super) at: DateTime<Utc>,
    pub(super) reached: Reached,
}

impl Slot {
    /// Stores what the attempt has reached. Must be called before [`Slot::end`].
    pub fn set_reached(&mut self, reached: Reached) {
        self.reached = reached;
    }

    /// Stores the time until which the receiver has asked to wait. Must be called before [`Slot::end`].
    pub fn set_hold(&mut self, until: Option<DateTime<Utc>>) {
        self.hold_until = until;
    }

    /// Frees the slot, and stores how the attempt ended. Keep the first returned value until the attempt is recorded.
    /// The second one is the change of the health of the webhook.
    pub fn end(mut self, accepted: bool, at: DateTime<Utc>) -> (Unrecorded, Option<HealthChange>) {
        self.ended = Some(Ended { accepted, at, reached: self.reached });
        self.slots.lock().unrecorded += 1;
        let change = self.release();
        (Unrecorded(self.slots.clone()), change)
    }

    fn release(&mut self) -> Option<HealthChange> {
        if std::mem::replace(&mut self.is_released, true) {
            return None;
        }
        let mut state = self.slots.lock();
        let change = state.release(self, &self.slots.caps);
        let must_wake = !state.ready.is_empty() || state.has_queued_work() || state.hosts.has_changed();
        drop(state);
        if must_wake {
            self.slots.woken.notify_one();
        }
        change
    }
}

/// An attempt that has ended, but is not recorded yet. Drop this value when the attempt is recorded.
#[derive(Debug)]
pub struct Unrecorded(Arc<Slots>);

impl Drop for Unrecorded {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.unrecorded -= 1;
        let must_wake = state.unrecorded + 1 == MAX_UNRECORDED && state.has_queued_work();
        drop(state);
        if must_wake {
            self.0.woken.notify_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.release();
    }
}
