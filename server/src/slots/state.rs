//! What is in flight and what waits, and the admission of work to a slot.

use super::*;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) usual: Load,
    pub(super) slow: Load,
    /// Of the usual ones, those that stood in the line for what is sure.
    pub(super) sure: Load,
    pub(super) unrecorded: usize,
    /// Something was refused for its size, and no payload has gone since.
    pub(super) payloads_full: bool,
    pub(super) accounts: HashMap<Arc<str>, Account>,
    pub(super) webhooks: HashMap<Uuid, Webhook>,
    /// With so many webhooks, the idle ones are forgotten.
    pub(super) forget_at: usize,
    pub(super) lines: [VecDeque<Work>; Line::COUNT],
    /// Accounts that work is in line for.
    pub(super) short_accounts: BTreeSet<Arc<str>>,
    pub(super) until: BTreeSet<(DateTime<Utc>, Work)>,
    pub(super) awake: VecDeque<Work>,
    pub(super) last_number: u64,
    /// Attempts in flight that may become slow, by number: oldest first.
    pub(super) young: BTreeMap<u64, Young>,
    /// Those that are slow and found no room to be counted so, until a slow one ends.
    pub(super) overdue: BTreeMap<u64, Young>,
    pub(super) slow_numbers: HashSet<u64>,
    /// How many nodes share what a webhook may have in flight; 0 is as good as 1.
    pub(super) nodes: usize,
}

/// So many attempts, with so many bytes of payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) attempts: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn add(&mut self, bytes: usize) {
        self.attempts += 1;
        self.bytes += bytes;
    }

    pub(super) fn remove(&mut self, bytes: usize) {
        self.attempts -= 1;
        self.bytes -= bytes;
    }

    pub(super) fn fits(&self, bytes: usize, most: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= most
    }
}

#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) usual: Load,
    pub(super) slow: Load,
    /// What was refused for its size. Nothing else of the account goes before it, or a large payload would never go.
    pub(super) refused: Option<Work>,
    /// No payload of the account has gone since.
    pub(super) payloads_full: bool,
    pub(super) line: VecDeque<Work>,
}

#[derive(Debug, Default)]
pub(super) struct Webhook {
    pub(super) in_flight: usize,
    pub(super) slow: usize,
    pub(super) health: Health,
    pub(super) waits: [Option<Place>; Lane::COUNT],
    pub(super) turn: u8,
    /// When the last attempt ended, while none is in flight.
    pub(super) idle_since: Option<DateTime<Utc>>,
    /// When other nodes were last told that something of it waits here.
    pub(super) shared_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(super) struct Young {
    pub(super) started_at: DateTime<Utc>,
    pub(super) account: Arc<str>,
    pub(super) webhook_id: Uuid,
    pub(super) payload_bytes: usize,
    pub(super) sure: bool,
}

/// What work waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Room(Line),
    RoomOfAccount,
    Webhook,
    Time(DateTime<Utc>),
    /// For nothing but to be looked at.
    Awake,
}

/// Where work waits for room in all, in the order in which it gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Of webhooks that accept, and so soon make room again.
    Sure,
    Unsure,
    Retry,
}

impl Line {
    pub(super) const COUNT: usize = 3;

    /// As in [`Caps::of`].
    pub(super) fn payload_bytes(self) -> usize {
        match self {
            Line::Sure => PAYLOAD_BYTES / 8 * 7,
            Line::Unsure | Line::Retry => PAYLOAD_BYTES / 4 * 3,
        }
    }
}

impl State {
    /// The line that work need not stand in, or what it has to wait for.
    pub(super) fn place_for(
        &mut self,
        caps: &Caps,
        account: &Arc<str>,
        work: Work,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Result<Line, Place> {
        if self.webhooks.len() >= self.forget_at {
            self.webhooks.retain(|_, webhook| webhook.in_flight + webhook.slow > 0 || webhook.waits.iter().any(Option::is_some));
            self.forget_at = self.webhooks.len() + REMEMBERED;
        }
        let per_webhook = self.per_webhook(caps);
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        // What came before it goes first.
        if let Some(place) = webhook.waits[work.lane as usize] {
            return Err(place);
        }
        if let Some(until) = webhook.health.closed_until(now) {
            return Err(Place::Time(until));
        }
        if webhook.idle_since.is_some_and(|idle_since| now - idle_since > REST) {
            webhook.health.rested();
        }
        if webhook.in_flight + webhook.slow >= webhook.health.allowance().min(per_webhook) {
            return Err(Place::Webhook);
        }
        if let Some(account) = self.accounts.get_mut(account) {
            if account.usual.attempts >= caps.per_account {
                return Err(Place::RoomOfAccount);
            }
            if account.refused.is_some_and(|refused| refused != work) {
                return Err(Place::RoomOfAccount);
            }
            if !account.usual.fits(payload_bytes, PAYLOAD_BYTES_OF_ACCOUNT) {
                account.refused = Some(work);
                account.payloads_full = true;
                return Err(Place::RoomOfAccount);
            }
            account.refused = None;
        }
        let line = match work.lane {
            Lane::Retry => Line::Retry,
            _ if webhook.health.is_proven() && webhook.slow == 0 => Line::Sure,
            _ => Line::Unsure,
        };
        let of_kind = self.of_kind(line);
        let fits = of_kind.fits(payload_bytes, line.payload_bytes()) && self.usual.fits(payload_bytes, PAYLOAD_BYTES);
        if of_kind.bytes > 0 && !fits {
            self.payloads_full = true;
            return Err(Place::Room(line));
        }
        if self.room(caps, line) == 0 { Err(Place::Room(line)) } else { Ok(line) }
    }

    /// What a webhook may have in flight here: each node takes its part of it, and at least one.
    pub(super) fn per_webhook(&self, caps: &Caps) -> usize {
        (caps.per_webhook / self.nodes.max(1)).max(1)
    }

    /// How many more may go that stand in a line.
    pub(super) fn room(&self, caps: &Caps, line: Line) -> usize {
        if self.unrecorded >= UNRECORDED {
            return 0;
        }
        let in_all = caps.total.saturating_sub(self.usual.attempts);
        in_all.min(caps.of(line).saturating_sub(self.of_kind(line).attempts))
    }

    /// The usual attempts that a line's share counts.
    pub(super) fn of_kind(&self, line: Line) -> Load {
        let Load { attempts, bytes } = self.sure;
        if line == Line::Sure {
            return self.sure;
        }
        Load { attempts: self.usual.attempts - attempts, bytes: self.usual.bytes - bytes }
    }

    pub(super) fn admit(
        &mut self,
        slots: &Arc<Slots>,
        account: &Arc<str>,
        work: Work,
        line: Line,
        payload_bytes: usize,
        now: DateTime<Utc>,
    ) -> Slot {
        let sure = line == Line::Sure;
        self.usual.add(payload_bytes);
        if sure {
            self.sure.add(payload_bytes);
        }
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        webhook.in_flight += 1;
        webhook.idle_since = None;
        self.accounts.entry(account.clone()).or_default().usual.add(payload_bytes);
        self.last_number += 1;
        let young = Young { started_at: now, account: account.clone(), webhook_id: work.webhook_id, payload_bytes, sure };
        self.young.insert(self.last_number, young);
        Slot {
            slots: slots.clone(),
            number: self.last_number,
            account: account.clone(),
            webhook_id: work.webhook_id,
            payload_bytes,
            sure,
            started_at: now,
            ended: None,
        }
    }

    pub(super) fn release(&mut self, slot: &Slot, caps: &Caps) {
        self.young.remove(&slot.number);
        self.overdue.remove(&slot.number);
        let slow = self.slow_numbers.remove(&slot.number);
        if slow {
            self.slow.remove(slot.payload_bytes);
            // There is room for others that are.
            self.young.append(&mut self.overdue);
        } else {
            self.usual.remove(slot.payload_bytes);
            if slot.sure {
                self.sure.remove(slot.payload_bytes);
            }
            self.payloads_full = false;
        }
        if let Some(account) = self.accounts.get_mut(&slot.account) {
            let load = if slow { &mut account.slow } else { &mut account.usual };
            load.remove(slot.payload_bytes);
            account.payloads_full = false;
            account.settle_refusal();
            if account.is_idle() {
                self.accounts.remove(&slot.account);
            }
        }
        let Some(webhook) = self.webhooks.get_mut(&slot.webhook_id) else { return };
        *(if slow { &mut webhook.slow } else { &mut webhook.in_flight }) -= 1;
        if webhook.in_flight + webhook.slow == 0 {
            webhook.idle_since = slot.ended.map(|ended| ended.at);
        }
        let mut place = Place::Awake;
        match slot.ended {
            // It may earn all of it: who is alone again gives it all.
            Some(Ended { accepted: true, .. }) => webhook.health.succeeded(caps.per_webhook),
            Some(Ended { accepted: false, at }) => {
                webhook.health.failed(slot.started_at, at);
                place = webhook.health.closed_until(at).map_or(Place::Awake, Place::Time);
            }
            None => {}
        }
        let waits = webhook.waits;
        for lane in Lane::ALL.into_iter().filter(|lane| waits[*lane as usize] == Some(Place::Webhook)) {
            self.move_to(Work { webhook_id: slot.webhook_id, lane }, place);
        }
    }
}

impl Account {
    /// What was refused fits once nothing else is in flight, and holds nobody up if it does not come any more.
    pub(super) fn settle_refusal(&mut self) {
        if self.usual.attempts == 0 {
            self.refused = None;
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.usual.attempts + self.slow.attempts == 0 && self.line.is_empty()
    }
}
