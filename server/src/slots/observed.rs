//! What this node knows about the waits of work. Only requests of the API read it.

use super::*;

/// What lets work wait on this node. Other nodes may have other limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObservedWait {
    pub recovery: Option<Recovery>,
    pub limit: Option<ReachedLimit>,
}

/// A limit that allows the work no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReachedLimit {
    Host,
    /// The total cap, the cap of the account, or the allowance of the webhook.
    Capacity,
}

impl Slots {
    /// Returns for each work item what lets it wait. The result for `None` is empty.
    #[must_use]
    pub fn observe(&self, work_items: impl IntoIterator<Item = Option<WorkItem>>, now: DateTime<Utc>) -> Vec<ObservedWait> {
        let state = self.lock();
        let observe = |work: Option<WorkItem>| {
            let found = work.and_then(|work| Some((work, state.webhooks.get(&work.webhook_id)?)));
            let Some((work, webhook)) = found else { return ObservedWait::default() };
            let limit = match webhook.waits[work.lane as usize] {
                Some(WaitReason::Total(_) | WaitReason::Account | WaitReason::Webhook) => Some(ReachedLimit::Capacity),
                Some(WaitReason::Host) => Some(ReachedLimit::Host),
                Some(WaitReason::Time(_) | WaitReason::Ready) | None => None,
            };
            ObservedWait { recovery: webhook.health.recovery(now), limit }
        };
        work_items.into_iter().map(observe).collect()
    }
}
