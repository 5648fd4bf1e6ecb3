//! A place in flight, from its start until its attempt is recorded.

use super::*;

/// A place in flight. It comes free when it is dropped.
#[derive(Debug)]
pub struct Slot {
    pub(super) slots: Arc<Slots>,
    pub(super) number: u64,
    pub(super) account: Arc<str>,
    pub(super) webhook_id: Uuid,
    pub(super) payload_bytes: usize,
    pub(super) sure: bool,
    pub(super) started_at: DateTime<Utc>,
    pub(super) ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) accepted: bool,
    pub(super) at: DateTime<Utc>,
}

impl Slot {
    /// Frees the slot, and tells how its attempt ended. What is answered is held until that is recorded.
    pub fn end(mut self, accepted: bool, at: DateTime<Utc>) -> Unrecorded {
        self.ended = Some(Ended { accepted, at });
        self.slots.lock().unrecorded += 1;
        Unrecorded(self.slots.clone())
    }
}

/// An attempt that has ended and is yet to be recorded, until it is dropped.
#[derive(Debug)]
pub struct Unrecorded(Arc<Slots>);

impl Drop for Unrecorded {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.unrecorded -= 1;
        let wanted = state.unrecorded + 1 == UNRECORDED && state.is_short();
        drop(state);
        if wanted {
            self.0.woken.notify_one();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.release(self, &self.slots.caps);
        let wanted = !state.awake.is_empty() || state.is_short();
        drop(state);
        if wanted {
            self.slots.woken.notify_one();
        }
    }
}
