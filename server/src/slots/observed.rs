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

#[cfg(test)]
mod tests {
    use super::super::tests::{at, work};
    use super::*;

    fn observe(slots: &Slots, webhook: u128, lane: Lane, now: i64) -> ObservedWait {
        slots.observe([Some(work(webhook, lane))], at(now)).remove(0)
    }

    #[test]
    fn each_limit_is_observed_in_the_lane_that_waits_for_it() {
        let slots = Slots::new(Caps { new_host: NewHost { attempts: 1, ..NewHost::UNLIMITED }, ..Caps::new(4, 1) });
        let host = Hosts::of(&["https://example.com".parse().expect("a URL")]);
        let take = |account: &str, hosts: &Hosts, work| slots.try_take(&account.into(), hosts, work, 10, at(0));
        let _first = take("a", &host, work(1, Lane::Fresh)).expect("a slot");
        assert!(take("a", &host, work(1, Lane::Retry)).is_none(), "the webhook has one slot");
        assert!(take("a", &Hosts::default(), work(2, Lane::Fresh)).is_none(), "the account has one slot");
        assert!(take("b", &host, work(3, Lane::Fresh)).is_none(), "the host has one slot");
        slots.wait_until(work(4, Lane::Fresh), at(1000));
        let limits = [(1, Lane::Fresh), (1, Lane::Retry), (2, Lane::Fresh), (3, Lane::Fresh), (4, Lane::Fresh), (5, Lane::Fresh)]
            .map(|(webhook, lane)| observe(&slots, webhook, lane, 0).limit);
        assert_eq!(limits, [None, Some(ReachedLimit::Capacity), Some(ReachedLimit::Capacity), Some(ReachedLimit::Host), None, None]);
        assert_eq!(slots.observe([None], at(0)), [ObservedWait::default()]);
    }

    #[test]
    fn a_webhook_recovers_from_the_opening_of_its_circuit_to_its_next_success() {
        let slots = Slots::new(Caps::new(8, 1));
        let attempt = |accepted, now| {
            let _ = slots.take_ready(at(now), 10);
            let slot = slots.try_take(&"a".into(), &Hosts::default(), work(1, Lane::Fresh), 10, at(now));
            drop(slot.expect("a slot").end(accepted, at(now)));
        };
        for time in 0..5 {
            assert_eq!(observe(&slots, 1, Lane::Fresh, time).recovery, None);
            attempt(false, time);
        }
        assert_eq!(observe(&slots, 1, Lane::Retry, 4).recovery, Some(Recovery { since: at(4), until: Some(at(254)) }));
        assert_eq!(observe(&slots, 1, Lane::Fresh, 254).recovery, Some(Recovery { since: at(4), until: None }), "a probe may begin");
        attempt(false, 300);
        assert_eq!(observe(&slots, 1, Lane::Fresh, 300).recovery, Some(Recovery { since: at(4), until: Some(at(800)) }));
        attempt(true, 800);
        assert_eq!(observe(&slots, 1, Lane::Fresh, 800).recovery, None);
    }

    #[test]
    fn a_webhook_recovers_after_a_hold_while_its_pace_allows_no_delivery() {
        let slots = Slots::new(Caps::new(8, 1));
        slots.hold(Uuid::from_u128(1), at(1000), at(0));
        assert_eq!(observe(&slots, 1, Lane::Fresh, 999).recovery, None, "the hold itself is stored");
        let slot = slots.try_take(&"a".into(), &Hosts::default(), work(1, Lane::Fresh), 10, at(1000)).expect("a slot");
        assert_eq!(observe(&slots, 1, Lane::Fresh, 1100).recovery, Some(Recovery { since: at(1000), until: Some(at(1250)) }));
        assert_eq!(observe(&slots, 1, Lane::Fresh, 1250).recovery, None);
        drop(slot);
    }
}
