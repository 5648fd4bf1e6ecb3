//! Who may be in flight, and who waits for what.
//!
//! A delivery that is due needs a slot. There are caps in total, per account and per webhook, each of which leaves room for
//! the others, in number and in bytes of payload, and a webhook gets as many as it has earned (`schedule/health.rs`). An
//! attempt that takes longer than a second is slow, and counts apart: what hangs soon stands in nobody's way.
//!
//! Work that finds no slot waits here, as a webhook and a lane and not as deliveries: in line for room in all, in line for
//! its account's, at its webhook, or for a time. So memory grows with the webhooks that wait and not with their backlogs,
//! and whoever looks for work looks at nothing that cannot go. Waiting is not stored: a restart finds out anew.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use uuid::Uuid;

use super::guard::IDLE_TIMEOUT;
use crate::store::Lane;

mod health;
mod slot;

use health::Health;
pub use health::LONGEST_PAUSE;
use slot::Ended;
pub use slot::{Slot, Unrecorded};

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

/// As long as the guard keeps a connection that nobody uses.
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

#[derive(Debug, Default)]
struct State {
    usual: Load,
    slow: Load,
    /// Of the usual ones, those that stood in the line for what is sure.
    sure: Load,
    unrecorded: usize,
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
    /// Those that are slow and found no room to be counted so, until a slow one ends.
    overdue: BTreeMap<u64, Young>,
    slow_numbers: HashSet<u64>,
    /// How many nodes share what a webhook may have in flight; 0 is as good as 1.
    nodes: usize,
}

/// So many attempts, with so many bytes of payload.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    attempts: usize,
    bytes: usize,
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.attempts += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.attempts -= 1;
        self.bytes -= bytes;
    }

    fn fits(&self, bytes: usize, most: usize) -> bool {
        self.bytes == 0 || self.bytes + bytes <= most
    }
}

#[derive(Debug, Default)]
struct Account {
    usual: Load,
    slow: Load,
    /// What was refused for its size. Nothing else of the account goes before it, or a large payload would never go.
    refused: Option<Work>,
    /// No payload of the account has gone since.
    payloads_full: bool,
    line: VecDeque<Work>,
}

#[derive(Debug, Default)]
struct Webhook {
    in_flight: usize,
    slow: usize,
    health: Health,
    waits: [Option<Place>; Lane::COUNT],
    turn: u8,
    /// When the last attempt ended, while none is in flight.
    idle_since: Option<DateTime<Utc>>,
    /// When other nodes were last told that something of it waits here.
    shared_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Young {
    started_at: DateTime<Utc>,
    account: Arc<str>,
    webhook_id: Uuid,
    payload_bytes: usize,
    sure: bool,
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

    /// As in [`Caps::of`].
    fn payload_bytes(self) -> usize {
        match self {
            Line::Sure => PAYLOAD_BYTES / 8 * 7,
            Line::Unsure | Line::Retry => PAYLOAD_BYTES / 4 * 3,
        }
    }
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

impl State {
    /// The line that work need not stand in, or what it has to wait for.
    fn place_for(&mut self, caps: &Caps, account: &Arc<str>, work: Work, payload_bytes: usize, now: DateTime<Utc>) -> Result<Line, Place> {
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
    fn per_webhook(&self, caps: &Caps) -> usize {
        (caps.per_webhook / self.nodes.max(1)).max(1)
    }

    /// How many more may go that stand in a line.
    fn room(&self, caps: &Caps, line: Line) -> usize {
        if self.unrecorded >= UNRECORDED {
            return 0;
        }
        let in_all = caps.total.saturating_sub(self.usual.attempts);
        in_all.min(caps.of(line).saturating_sub(self.of_kind(line).attempts))
    }

    /// The usual attempts that a line's share counts.
    fn of_kind(&self, line: Line) -> Load {
        let Load { attempts, bytes } = self.sure;
        if line == Line::Sure {
            return self.sure;
        }
        Load { attempts: self.usual.attempts - attempts, bytes: self.usual.bytes - bytes }
    }

    fn admit(&mut self, slots: &Arc<Slots>, account: &Arc<str>, work: Work, line: Line, payload_bytes: usize, now: DateTime<Utc>) -> Slot {
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

    fn release(&mut self, slot: &Slot, caps: &Caps) {
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
    fn tell_slow(&mut self, caps: &Caps, now: DateTime<Utc>) {
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
    fn is_short(&self) -> bool {
        !self.short_accounts.is_empty() || self.lines.iter().any(|line| !line.is_empty())
    }
}

impl Account {
    /// What was refused fits once nothing else is in flight, and holds nobody up if it does not come any more.
    fn settle_refusal(&mut self) {
        if self.usual.attempts == 0 {
            self.refused = None;
        }
    }

    fn is_idle(&self) -> bool {
        self.usual.attempts + self.slow.attempts == 0 && self.line.is_empty()
    }
}

#[cfg(test)]
mod tests;
