//! Starts and ends the waits of work.

use super::*;

impl State {
    /// Lets work wait. Changes nothing if the work already waits.
    pub(super) fn wait(&mut self, work: WorkItem, reason: WaitReason, account: Option<&Arc<str>>) {
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        if webhook.waits[work.lane as usize].is_some() {
            return;
        }
        if let (WaitReason::Account, Some(account)) = (reason, account) {
            self.accounts.entry(account.clone()).or_default().queue.push_back(work);
            self.queued_accounts.insert(account.clone());
        }
        self.move_to(work, reason);
    }

    /// Changes the reason why work waits. The caller must have removed the work from its previous queue.
    pub(super) fn move_to(&mut self, work: WorkItem, reason: WaitReason) {
        match reason {
            WaitReason::Total(priority) => self.queues[priority as usize].push_back(work),
            WaitReason::Time(until) => drop(self.until.insert((until, work))),
            WaitReason::Ready => self.ready.push_back(work),
            WaitReason::Account | WaitReason::Webhook | WaitReason::Host => {}
        }
        if let Some(webhook) = self.webhooks.get_mut(&work.webhook_id) {
            webhook.waits[work.lane as usize] = Some(reason);
        }
    }

    pub(super) fn end_waits_for_time(&mut self, now: DateTime<Utc>) {
        // No wait is longer than `MAX_PAUSE`. If a wait seems longer, the clock was set back after the wait had begun.
        // Such a wait ends now.
        let is_over = |until: DateTime<Utc>| until <= now || until > now + MAX_PAUSE;
        while let Some(first) = self.until.first().copied().filter(|(until, _)| is_over(*until)) {
            self.until.remove(&first);
            self.move_to(first.1, WaitReason::Ready);
        }
        while let Some(last) = self.until.last().copied().filter(|(until, _)| is_over(*until)) {
            self.until.remove(&last);
            self.move_to(last.1, WaitReason::Ready);
        }
    }

    pub(super) fn end_waits_for_hosts(&mut self, now: DateTime<Utc>) {
        for work in self.hosts.take_unblocked(now) {
            let wait = self.webhooks.get(&work.webhook_id).and_then(|webhook| webhook.waits[work.lane as usize]);
            if wait == Some(WaitReason::Host) {
                self.move_to(work, WaitReason::Ready);
            }
        }
    }

    /// Makes queued work ready, one work item for each free slot. If a work item still gets no slot, it is queued
    /// again.
    pub(super) fn end_waits_for_slots(&mut self, caps: &Caps) {
        for name in std::mem::take(&mut self.queued_accounts) {
            let Some(account) = self.accounts.get_mut(&name) else { continue };
            let work_items: Vec<WorkItem> = match account.refused {
                Some(_) if account.payloads_full => Vec::new(),
                Some(refused) => {
                    let position = account.queue.iter().position(|work| *work == refused);
                    position.and_then(|position| account.queue.remove(position)).into_iter().collect()
                }
                None => {
                    let free = caps.per_account.saturating_sub(account.normal.attempts);
                    account.queue.drain(..free.min(account.queue.len())).collect()
                }
            };
            if !account.queue.is_empty() {
                self.queued_accounts.insert(name);
            } else if account.is_idle() {
                self.accounts.remove(&name);
            }
            for work in work_items {
                self.move_to(work, WaitReason::Ready);
            }
        }
        if self.payloads_full {
            return;
        }
        for priority in [Priority::Proven, Priority::Unproven, Priority::Retry] {
            for _ in 0..self.free_slots(caps, priority) {
                let Some(work) = self.queues[priority as usize].pop_front() else { break };
                self.move_to(work, WaitReason::Ready);
            }
        }
    }

    /// Moves attempts that have become slow from the normal counts to the slow counts, if the caps for slow attempts
    /// allow this.
    pub(super) fn move_slow(&mut self, caps: &Caps, now: DateTime<Utc>) {
        while let Some(oldest) = self.normal_attempts.first_entry().filter(|oldest| oldest.get().started_at + SLOW <= now) {
            let (number, attempt) = oldest.remove_entry();
            let Some(account) = self.accounts.get_mut(&attempt.account) else { continue };
            let bytes = attempt.payload_bytes;
            let has_room = self.slow.attempts < caps.total
                && self.slow.fits(bytes, MAX_PAYLOAD_BYTES)
                && account.slow.attempts < caps.per_account
                && account.slow.fits(bytes, MAX_ACCOUNT_PAYLOAD_BYTES);
            if !has_room {
                self.overdue.insert(number, attempt);
                continue;
            }
            self.slow_numbers.insert(number);
            self.normal.remove(bytes);
            if attempt.proven {
                self.proven.remove(bytes);
            }
            self.slow.add(bytes);
            self.payloads_full = false;
            account.normal.remove(bytes);
            account.slow.add(bytes);
            account.payloads_full = false;
            account.clear_refusal_if_idle();
            if let Some(webhook) = self.webhooks.get_mut(&attempt.webhook_id) {
                webhook.in_flight -= 1;
                webhook.slow += 1;
            }
        }
    }

    /// Returns whether any work waits for the total cap or for the cap of an account.
    pub(super) fn has_queued_work(&self) -> bool {
        !self.queued_accounts.is_empty() || self.queues.iter().any(|queue| !queue.is_empty())
    }
}
