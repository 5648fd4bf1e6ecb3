//! How work waits, and when its wait ends.

use super::*;

impl State {
    /// Lets work wait, unless it waits already.
    pub(super) fn wait(&mut self, work: Work, place: Place, account: Option<&Arc<str>>) {
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        if webhook.waits[work.lane as usize].is_some() {
            return;
        }
        if let (Place::RoomOfAccount, Some(account)) = (place, account) {
            self.accounts.entry(account.clone()).or_default().line.push_back(work);
            self.short_accounts.insert(account.clone());
        }
        self.move_to(work, place);
    }

    /// Changes what work waits for. Where it stood in line, it has been taken out already.
    pub(super) fn move_to(&mut self, work: Work, place: Place) {
        match place {
            Place::Room(line) => self.lines[line as usize].push_back(work),
            Place::Time(until) => drop(self.until.insert((until, work))),
            Place::Awake => self.awake.push_back(work),
            Place::RoomOfAccount | Place::Webhook => {}
        }
        if let Some(webhook) = self.webhooks.get_mut(&work.webhook_id) {
            webhook.waits[work.lane as usize] = Some(place);
        }
    }

    pub(super) fn end_waits_for_time(&mut self, now: DateTime<Utc>) {
        // No wait is longer than that, so what seems to be was begun before the clock was set back.
        let over = |until: DateTime<Utc>| until <= now || until > now + LONGEST_PAUSE;
        while let Some(first) = self.until.first().copied().filter(|(until, _)| over(*until)) {
            self.until.remove(&first);
            self.move_to(first.1, Place::Awake);
        }
        while let Some(last) = self.until.last().copied().filter(|(until, _)| over(*until)) {
            self.until.remove(&last);
            self.move_to(last.1, Place::Awake);
        }
    }

    /// As many as there is room for go on; who finds none after all gets in line again.
    pub(super) fn end_waits_for_room(&mut self, caps: &Caps) {
        for name in std::mem::take(&mut self.short_accounts) {
            let Some(account) = self.accounts.get_mut(&name) else { continue };
            let works: Vec<Work> = match account.refused {
                Some(_) if account.payloads_full => Vec::new(),
                Some(refused) => {
                    let place = account.line.iter().position(|work| *work == refused);
                    place.and_then(|place| account.line.remove(place)).into_iter().collect()
                }
                None => {
                    let room = caps.per_account.saturating_sub(account.usual.attempts);
                    account.line.drain(..room.min(account.line.len())).collect()
                }
            };
            if !account.line.is_empty() {
                self.short_accounts.insert(name);
            } else if account.is_idle() {
                self.accounts.remove(&name);
            }
            for work in works {
                self.move_to(work, Place::Awake);
            }
        }
        if self.payloads_full {
            return;
        }
        for line in [Line::Sure, Line::Unsure, Line::Retry] {
            for _ in 0..self.room(caps, line) {
                let Some(work) = self.lines[line as usize].pop_front() else { break };
                self.move_to(work, Place::Awake);
            }
        }
    }

    /// Counts apart what has become slow, as far as there is room for it.
    pub(super) fn tell_slow(&mut self, caps: &Caps, now: DateTime<Utc>) {
        while let Some(oldest) = self.young.first_entry().filter(|oldest| oldest.get().started_at + SLOW <= now) {
            let (number, young) = oldest.remove_entry();
            let Some(account) = self.accounts.get_mut(&young.account) else { continue };
            let bytes = young.payload_bytes;
            let has_room = self.slow.attempts < caps.total
                && self.slow.fits(bytes, PAYLOAD_BYTES)
                && account.slow.attempts < caps.per_account
                && account.slow.fits(bytes, PAYLOAD_BYTES_OF_ACCOUNT);
            if !has_room {
                self.overdue.insert(number, young);
                continue;
            }
            self.slow_numbers.insert(number);
            self.usual.remove(bytes);
            if young.sure {
                self.sure.remove(bytes);
            }
            self.slow.add(bytes);
            self.payloads_full = false;
            account.usual.remove(bytes);
            account.slow.add(bytes);
            account.payloads_full = false;
            account.settle_refusal();
            if let Some(webhook) = self.webhooks.get_mut(&young.webhook_id) {
                webhook.in_flight -= 1;
                webhook.slow += 1;
            }
        }
    }

    /// Whether work waits for room.
    pub(super) fn is_short(&self) -> bool {
        !self.short_accounts.is_empty() || self.lines.iter().any(|line| !line.is_empty())
    }
}
