//! Who may be in flight, and who waits for what.
//!
//! A delivery that is due needs a slot. There are caps in total, per account and per webhook, each of which leaves room for
//! the others, and a webhook gets as many as it has earned (`schedule/health.rs`). An attempt that takes longer than a
//! second is slow, and counts apart: what hangs soon stands in nobody's way.
//!
//! Work that finds no slot waits here, as a webhook and a lane and not as deliveries: in line for room in all, in line for
//! its account's, at its webhook, or for a time. So memory grows with the webhooks that wait and not with their backlogs,
//! and whoever looks for work looks at nothing that cannot go. Waiting is not stored: a restart finds out anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::Lane;

mod health;

use health::{Health, LONGEST_PAUSE};

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
    fn of(&self, line: Line) -> usize {
        match line {
            Line::Sure => self.total,
            Line::Unsure | Line::Retry => (self.total - self.total / 4).max(1),
        }
    }
}

/// Payloads in memory, all attempts in flight together. The first one always fits.
const PAYLOAD_BYTES: usize = 16 * 1024 * 1024;

/// An attempt that takes longer is slow.
const SLOW: TimeDelta = TimeDelta::seconds(1);

/// So many webhooks are remembered that have nothing in flight or waiting.
const REMEMBERED: usize = 10_000;

/// Something of a webhook is due in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

#[derive(Debug, Default)]
struct State {
    /// Without slow ones.
    in_flight: usize,
    slow: usize,
    payload_bytes: usize,
    /// Something was refused for its size, and no payload has gone since.
    payloads_full: bool,
    accounts: HashMap<Arc<str>, Account>,
    webhooks: HashMap<Uuid, Webhook>,
    /// With so many webhooks, the idle ones are forgotten.
    forget_at: usize,
    lines: [VecDeque<Work>; Line::COUNT],
    /// Accounts that work is in line for.
    short_accounts: BTreeSet<Arc<str>>,
    until: BTreeSet<(DateTime<Utc>, Work)>,
    awake: VecDeque<Work>,
    last_number: u64,
    /// Attempts in flight that may become slow, by number: oldest first.
    young: BTreeMap<u64, Young>,
    slow_numbers: HashSet<u64>,
}

#[derive(Debug, Default)]
struct Account {
    in_flight: usize,
    slow: usize,
    line: VecDeque<Work>,
}

#[derive(Debug, Default)]
struct Webhook {
    in_flight: usize,
    slow: usize,
    health: Health,
    waits: [Option<Place>; Lane::COUNT],
}

#[derive(Debug)]
struct Young {
    started_at: DateTime<Utc>,
    account: Arc<str>,
    webhook_id: Uuid,
}

/// What work waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Room(Line),
    RoomOfAccount,
    Webhook,
    Time(DateTime<Utc>),
    /// For nothing but to be looked at.
    Awake,
}

/// Where work waits for room in all, in the order in which it gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Of webhooks that accept, and so soon make room again.
    Sure,
    Unsure,
    Retry,
}

impl Line {
    const COUNT: usize = 3;
}

impl Slots {
    #[must_use]
    pub fn new(caps: Caps) -> Arc<Slots> {
        let state = State { forget_at: REMEMBERED, ..State::default() };
        Arc::new(Slots { caps, state: Mutex::new(state), woken: Notify::new() })
    }

    /// A slot, if all caps leave one. If not, the work waits, and [`Slots::awake`] has it when it need not any more.
    pub fn try_take(self: &Arc<Self>, account: &Arc<str>, work: Work, payload_bytes: usize, now: DateTime<Utc>) -> Option<Slot> {
        let mut state = self.lock();
        match state.place_for(&self.caps, account, work, payload_bytes, now) {
            None => Some(state.admit(self, account, work, payload_bytes, now)),
            Some(place) => {
                state.wait(work, place, Some(account));
                None
            }
        }
    }

    /// Lets work wait for a time, as a webhook's rate limit asks.
    pub fn wait_until(&self, work: Work, until: DateTime<Utc>) {
        self.lock().wait(work, Place::Time(until), None);
    }

    /// Has work looked at that may be due now.
    pub fn wake(&self, works: impl IntoIterator<Item = Work>) {
        let mut state = self.lock();
        for work in works {
            state.wait(work, Place::Awake, None);
        }
        drop(state);
        self.woken.notify_one();
    }

    /// Whether work of the webhook waits in the lane already.
    #[must_use]
    pub fn is_waiting(&self, work: Work) -> bool {
        self.lock().webhooks.get(&work.webhook_id).is_some_and(|webhook| webhook.waits[work.lane as usize].is_some())
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
        let time = state.until.first().map(|(until, _)| *until);
        // What becomes slow makes room.
        let slow = state.young.values().next().filter(|_| state.is_short()).map(|young| young.started_at + SLOW);
        time.into_iter().chain(slow).min()
    }

    /// Until there may be something in [`Slots::awake`].
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Attempts in flight, slow ones included.
    #[must_use]
    pub fn caps(&self) -> Caps {
        self.caps
    }

    #[must_use]
    pub fn in_flight(&self) -> usize {
        let state = self.lock();
        state.in_flight + state.slow
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What work has to wait for; `None` if it may go.
    fn place_for(&mut self, caps: &Caps, account: &Arc<str>, work: Work, payload_bytes: usize, now: DateTime<Utc>) -> Option<Place> {
        if self.webhooks.len() >= self.forget_at {
            self.webhooks.retain(|_, webhook| webhook.in_flight + webhook.slow > 0 || webhook.waits.iter().any(Option::is_some));
            self.forget_at = self.webhooks.len() + REMEMBERED;
        }
        let webhook = self.webhooks.entry(work.webhook_id).or_default();
        // What came before it goes first.
        if let Some(place) = webhook.waits[work.lane as usize] {
            return Some(place);
        }
        if let Some(until) = webhook.health.closed_until(now) {
            return Some(Place::Time(until));
        }
        if webhook.in_flight + webhook.slow >= webhook.health.allowance().min(caps.per_webhook) {
            return Some(Place::Webhook);
        }
        if self.accounts.get(account).is_some_and(|account| account.in_flight >= caps.per_account) {
            return Some(Place::RoomOfAccount);
        }
        let line = match work.lane {
            Lane::Retry => Line::Retry,
            _ if webhook.health.is_proven() && webhook.slow == 0 => Line::Sure,
            _ => Line::Unsure,
        };
        if self.payload_bytes > 0 && self.payload_bytes + payload_bytes > PAYLOAD_BYTES {
            self.payloads_full = true;
            return Some(Place::Room(line));
        }
        (self.in_flight >= caps.of(line)).then_some(Place::Room(line))
    }

    fn admit(&mut self, slots: &Arc<Slots>, account: &Arc<str>, work: Work, payload_bytes: usize, now: DateTime<Utc>) -> Slot {
        self.in_flight += 1;
        self.payload_bytes += payload_bytes;
        self.webhooks.entry(work.webhook_id).or_default().in_flight += 1;
        self.accounts.entry(account.clone()).or_default().in_flight += 1;
        self.last_number += 1;
        self.young.insert(self.last_number, Young { started_at: now, account: account.clone(), webhook_id: work.webhook_id });
        Slot {
            slots: slots.clone(),
            number: self.last_number,
            account: account.clone(),
            webhook_id: work.webhook_id,
            payload_bytes,
            started_at: now,
            ended: None,
        }
    }

    fn release(&mut self, slot: &Slot, caps: &Caps) {
        self.young.remove(&slot.number);
        let slow = self.slow_numbers.remove(&slot.number);
        self.payload_bytes -= slot.payload_bytes;
        self.payloads_full = false;
        *count(slow, &mut self.in_flight, &mut self.slow) -= 1;
        if let Some(account) = self.accounts.get_mut(&slot.account) {
            *count(slow, &mut account.in_flight, &mut account.slow) -= 1;
            if account.in_flight + account.slow == 0 && account.line.is_empty() {
                self.accounts.remove(&slot.account);
            }
        }
        let Some(webhook) = self.webhooks.get_mut(&slot.webhook_id) else { return };
        *count(slow, &mut webhook.in_flight, &mut webhook.slow) -= 1;
        let mut place = Place::Awake;
        match slot.ended {
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

    /// Lets work wait, unless it waits already.
    fn wait(&mut self, work: Work, place: Place, account: Option<&Arc<str>>) {
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
    fn move_to(&mut self, work: Work, place: Place) {
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

    fn end_waits_for_time(&mut self, now: DateTime<Utc>) {
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
    fn end_waits_for_room(&mut self, caps: &Caps) {
        for name in std::mem::take(&mut self.short_accounts) {
            let Some(account) = self.accounts.get_mut(&name) else { continue };
            let room = caps.per_account.saturating_sub(account.in_flight);
            let works: Vec<Work> = account.line.drain(..room.min(account.line.len())).collect();
            if !account.line.is_empty() {
                self.short_accounts.insert(name);
            } else if account.in_flight + account.slow == 0 {
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
            let room = caps.of(line).saturating_sub(self.in_flight);
            for _ in 0..room {
                let Some(work) = self.lines[line as usize].pop_front() else { break };
                self.move_to(work, Place::Awake);
            }
        }
    }

    /// Counts apart what has become slow, as far as there is room for it.
    fn tell_slow(&mut self, caps: &Caps, now: DateTime<Utc>) {
        while let Some(oldest) = self.young.first_entry().filter(|oldest| oldest.get().started_at + SLOW <= now) {
            let (number, young) = oldest.remove_entry();
            let Some(account) = self.accounts.get_mut(&young.account) else { continue };
            if self.slow >= caps.total || account.slow >= caps.per_account {
                continue;
            }
            self.slow_numbers.insert(number);
            self.in_flight -= 1;
            self.slow += 1;
            account.in_flight -= 1;
            account.slow += 1;
            if let Some(webhook) = self.webhooks.get_mut(&young.webhook_id) {
                webhook.in_flight -= 1;
                webhook.slow += 1;
            }
        }
    }

    /// Whether work waits for room.
    fn is_short(&self) -> bool {
        !self.short_accounts.is_empty() || self.lines.iter().any(|line| !line.is_empty())
    }
}

fn count<'a>(slow: bool, in_flight: &'a mut usize, of_slow: &'a mut usize) -> &'a mut usize {
    if slow { of_slow } else { in_flight }
}

/// A place in flight. It comes free when it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    number: u64,
    account: Arc<str>,
    webhook_id: Uuid,
    payload_bytes: usize,
    started_at: DateTime<Utc>,
    ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug)]
struct Ended {
    accepted: bool,
    at: DateTime<Utc>,
}

impl Slot {
    /// Frees the slot, and tells how its attempt ended.
    pub fn end(mut self, accepted: bool, at: DateTime<Utc>) {
        self.ended = Some(Ended { accepted, at });
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

#[cfg(test)]
mod tests;
