//! Publishing: the outbox. What was published in the meantime is stored in one statement, with its deliveries.
//!
//! What each publish is for is known in memory (`subscription_cache.rs`), and what of it this node takes is decided there, too. The
//! statement stores only what was decided for the present version of its account, and of what is paused; the rest is decided
//! anew. Webhooks whose order or rate has to be held across nodes cost a longer transaction, so what is for them goes beside
//! the rest.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::batching::Answers;
use super::pauses::Paused;
use super::session::shared;
use super::*;
use crate::model::CallbackTemplate;

mod insert;

use insert::Stored;

/// Each time it has changed in the meantime.
const TRIES: usize = 5;

pub(super) struct Command {
    pub(super) publication: Publication,
    pub(super) slots: Arc<Slots>,
    pub(super) answer: Answers<Published>,
}

#[derive(Clone)]
pub(super) struct Publishing {
    pub(super) connections: Connections,
    pub(super) directory: Arc<Directory>,
    pub(super) node: Arc<Node>,
    pub(super) bell: Arc<Bell>,
    /// As it was read last.
    pub(super) paused: Arc<std::sync::Mutex<Option<Arc<Paused>>>>,
}

/// A publication, and what was decided for it.
struct Prepared {
    command: Command,
    account: Arc<str>,
    version: i64,
    destinations: Arc<[Arc<Destination>]>,
    leased: Vec<Leased>,
    /// What is stored and not leased here.
    left: Vec<(Uuid, Arc<Destination>)>,
}

/// Whom something is for, of the webhooks of an account.
type Decided = (Arc<subscription_cache::Entry>, Arc<[Arc<Destination>]>);

impl Publishing {
    pub(super) async fn run(self, batch: Vec<Command>) {
        let mut waiting = batch;
        for tries in 1.. {
            waiting = self.attempt(waiting, tries).await;
            if waiting.is_empty() {
                return;
            }
        }
    }

    /// Settles what it can, and answers what is to be tried again.
    async fn attempt(&self, batch: Vec<Command>, tries: usize) -> Vec<Command> {
        let begun = async {
            let session = self.connections.session().await?;
            let paused = self.paused(&session).await?;
            Answer::Ok((session, paused))
        };
        let (session, paused) = match begun.await {
            Ok(begun) => begun,
            Err(trouble) => {
                let trouble = Arc::new(trouble);
                batch.into_iter().for_each(|command| settle(command.answer, Err(shared(&trouble))));
                return Vec::new();
            }
        };
        let (mut again, mut quick, mut held, mut keys) = (Vec::new(), Vec::new(), Vec::new(), HashSet::new());
        for command in batch {
            // Of several with one key, the first is stored, and then the others find it.
            if let Some(Idempotency { owner, key, .. }) = &command.publication.idempotency
                && !keys.insert((owner.clone(), key.clone()))
            {
                again.push(command);
                continue;
            }
            match self.prepare(&session, &paused, command).await {
                Some(prepared) if prepared.is_held() => held.push(prepared),
                Some(prepared) => quick.push(prepared),
                None => {}
            }
        }
        let quick = async {
            match quick.is_empty() {
                true => Vec::new(),
                false => self.store(&session, quick, &paused, false, tries).await,
            }
        };
        let held = async {
            if held.is_empty() {
                return Vec::new();
            }
            match self.connections.session().await {
                Ok(session) => self.store(&session, held, &paused, true, tries).await,
                Err(trouble) => refuse(held, trouble),
            }
        };
        let (quick, held) = futures_util::future::join(quick, held).await;
        again.extend(quick);
        again.extend(held);
        again
    }

    /// Whom it is for, and what of it this node takes. `None` when it has been answered.
    async fn prepare(&self, session: &Session, paused: &Paused, command: Command) -> Option<Prepared> {
        let decided = self.decide(session, &command.publication).await;
        let (entry, destinations) = match decided {
            Ok(Ok(decided)) => decided,
            Ok(Err(published)) => {
                settle(command.answer, Ok(published));
                return None;
            }
            Err(trouble) => {
                settle(command.answer, Err(trouble.into()));
                return None;
            }
        };
        let publication = &command.publication;
        let lease = self.node.incarnation();
        let outbound = (self.node.takes() && !destinations.is_empty()).then(|| {
            let Publication { id, event_type, data, created_at, trace, .. } = publication;
            Arc::new(Outbound { id: *id, body: CallbackTemplate::new(*id, event_type, *created_at, data), trace: trace.clone() })
        });
        let (mut leased, mut left) = (Vec::new(), Vec::new());
        for destination in destinations.iter() {
            let delivery_id = Uuid::now_v7();
            let work = work_of(destination);
            let slot = match &outbound {
                Some(_) if is_held(destination) || paused.has(&destination.account, destination.webhook_id) => None,
                Some(_) => command.slots.try_take(&destination.account, work, publication.data.get().len(), publication.created_at),
                None => None,
            };
            match slot.zip(outbound.clone()) {
                Some((slot, notification)) => leased.push(Leased {
                    delivery_id,
                    attempt: 1,
                    schedule_start: 0,
                    due_at: publication.created_at,
                    lane: work.lane,
                    notification,
                    destination: destination.clone(),
                    lease,
                    slot,
                }),
                None => left.push((delivery_id, destination.clone())),
            }
        }
        Some(Prepared { command, account: entry.account.clone(), version: entry.version, destinations, leased, left })
    }

    /// Or what is to be answered instead.
    async fn decide(&self, session: &Session, publication: &Publication) -> Answer<std::result::Result<Decided, Published>> {
        match &publication.audience {
            Audience::Account(account) => {
                let entry = self.directory.account(session, account.as_str()).await?;
                let destinations = entry.destinations(&publication.event_type);
                Ok(Ok((entry, destinations)))
            }
            Audience::Webhook { id, account } => {
                let entry = self.directory.account_of(session, *id).await?;
                let is_theirs =
                    |entry: &Arc<subscription_cache::Entry>| account.as_ref().is_none_or(|account| account.as_str() == &*entry.account);
                if let Some(entry) = entry.filter(is_theirs)
                    && let Some(destination) = entry.destination(*id)
                {
                    return Ok(Ok((entry, Arc::from([destination]))));
                }
                // What is answered without a transaction is looked up, not remembered.
                if let Some(idempotency) = &publication.idempotency
                    && let Some(earlier) = notifications::find_key(session, idempotency, publication.created_at).await?
                {
                    return Ok(Err(earlier));
                }
                let Some(webhook) = webhook_rows::get(session, account.as_ref(), *id).await? else {
                    return Ok(Err(Published::NoSuchWebhook));
                };
                if webhook.deactivation.is_some() {
                    return Ok(Err(Published::WebhookDeactivated));
                }
                // It has been activated since.
                self.directory.forget(webhook.account.as_str());
                let entry = self.directory.account(session, webhook.account.as_str()).await?;
                let destination = entry.destination(*id);
                Ok(destination.map(|destination| (entry, Arc::from([destination]))).ok_or(Published::WebhookDeactivated))
            }
        }
    }

    async fn paused(&self, session: &Session) -> Answer<Arc<Paused>> {
        let remembered = self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(paused) = remembered {
            return Ok(paused);
        }
        let paused = Arc::new(Paused::read(session).await?);
        *self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(paused.clone());
        Ok(paused)
    }

    fn forget_paused(&self) {
        *self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// Stores a batch, and answers those that were stored and those that lost their key. The others are to be tried again.
    async fn store(&self, session: &Session, mut batch: Vec<Prepared>, paused: &Paused, held: bool, tries: usize) -> Vec<Command> {
        let stored = match held {
            true => self.store_held(session, &mut batch, paused).await,
            false => self.insert(session, &batch, paused, &HashMap::new()).await,
        };
        match stored {
            Ok(stored) => {
                stored.stale.iter().for_each(|account| self.directory.forget(account));
                if !stored.stale.is_empty() {
                    self.forget_paused();
                }
                let (mut again, mut due) = (Vec::new(), false);
                for prepared in batch {
                    if !stored.stale.contains(&*prepared.account) {
                        due |= !prepared.left.is_empty();
                        self.answer(session, prepared, &stored.notifications).await;
                    } else if tries < TRIES {
                        again.push(prepared.command);
                    } else {
                        let changing = "the account's webhooks change faster than can be published to them";
                        settle(prepared.command.answer, Err(Error::Unavailable(anyhow::anyhow!(changing))));
                    }
                }
                if due && !self.node.takes() {
                    self.bell.ring();
                }
                again
            }
            Err(trouble) if trouble.is_conflict() && tries < TRIES => batch.into_iter().map(|prepared| prepared.command).collect(),
            Err(trouble) => {
                if trouble.is_unknown() {
                    // What may have been leased is given back when the database answers again.
                    self.node.doubt(batch.iter().flat_map(|prepared| prepared.leased.iter().map(|leased| leased.delivery_id)));
                    return refuse(batch, trouble);
                }
                if batch.len() == 1 {
                    return refuse(batch, trouble);
                }
                // One of them is at fault: each for itself.
                for prepared in batch {
                    let alone = Box::pin(self.clone().run(vec![prepared.command]));
                    alone.await;
                }
                Vec::new()
            }
        }
    }

    /// In one transaction with what the order and the rate of webhooks ask for.
    async fn store_held(&self, session: &Session, batch: &mut [Prepared], paused: &Paused) -> Answer<Stored> {
        let transaction = session.begin().await?;
        let outcome = async {
            let mut wanted = BTreeMap::new();
            for (_, destination) in batch.iter().flat_map(|prepared| &prepared.left).filter(|(_, destination)| destination.ordered) {
                *wanted.entry(destination.webhook_id).or_default() += 1;
            }
            let mut sequences = HashMap::new();
            let mut next = sequences::reserve(&transaction, &wanted).await?;
            for (delivery_id, destination) in batch.iter().flat_map(|prepared| &prepared.left) {
                if let Some(sequence) = next.get_mut(&destination.webhook_id) {
                    sequences.insert(*delivery_id, *sequence);
                    *sequence += 1;
                }
            }
            let stored = self.insert(&transaction, batch, paused, &sequences).await?;
            let Some(slots) = batch.first().map(|prepared| &prepared.command.slots).filter(|_| self.node.takes()) else {
                return Ok((stored, Vec::new()));
            };
            let now = batch.iter().map(|prepared| prepared.command.publication.created_at).max().unwrap_or_default();
            let of_batch = batch.iter().filter(|prepared| stored.notifications.contains(&prepared.command.publication.id));
            let mut works: Vec<Work> = of_batch.flat_map(|prepared| prepared.held_works()).collect();
            works.sort_unstable();
            works.dedup();
            let taken = Leasing { session: &transaction, node: &self.node, slots, now }.take(works).await?;
            slots.wake(taken.left);
            ready::mark(&transaction, &taken.marks).await?;
            Ok((stored, taken.leased))
        };
        match outcome.await {
            Ok((stored, taken)) => {
                let ids: Vec<Uuid> = taken.iter().map(|leased| leased.delivery_id).collect();
                if let Err(trouble) = transaction.commit().await {
                    self.node.doubt(ids);
                    return Err(trouble);
                }
                // Whoever published it begins it; what was published before goes with the first that was stored, because who was
                // not is answered with what was there already, and begins nothing.
                let is_stored = |prepared: &Prepared| stored.notifications.contains(&prepared.command.publication.id);
                for leased in taken {
                    let own = batch.iter().position(|prepared| prepared.left.iter().any(|(id, _)| *id == leased.delivery_id));
                    let place = own.or_else(|| batch.iter().position(is_stored));
                    if let Some(prepared) = place.and_then(|place| batch.get_mut(place)) {
                        prepared.left.retain(|(id, _)| *id != leased.delivery_id);
                        prepared.leased.push(leased);
                    }
                }
                Ok(stored)
            }
            Err(trouble) => {
                let _ = transaction.roll_back().await;
                Err(trouble)
            }
        }
    }

    async fn answer(&self, session: &Session, prepared: Prepared, stored: &HashSet<Uuid>) {
        let Prepared { command, destinations, leased, left, .. } = prepared;
        let Command { publication, slots, answer } = command;
        let now = publication.created_at;
        if stored.contains(&publication.id) {
            if self.node.delivers() {
                // What found no slot waits in them already. What this node may not take now, it looks at later.
                slots.wake(left.iter().map(|(_, destination)| work_of(destination)));
            }
            let notification = Notification {
                id: publication.id,
                event_type: publication.event_type,
                data: publication.data,
                created_at: now,
                delivery_count: u32::try_from(destinations.len()).expect("an account's webhooks are counted in 32 bits"),
            };
            return settle(answer, Ok(Published::New { notification, leased }));
        }
        drop(leased);
        let earlier = match &publication.idempotency {
            Some(idempotency) => notifications::find_key(session, idempotency, now).await,
            None => Ok(None),
        };
        let lost = || Error::Unavailable(anyhow::anyhow!("the idempotency key was in use by a publication that has gone"));
        settle(answer, earlier.map_err(Error::from).and_then(|earlier| earlier.ok_or_else(lost)));
    }
}

impl Prepared {
    fn is_held(&self) -> bool {
        self.destinations.iter().any(|destination| is_held(destination))
    }

    /// What of it is taken once it is stored.
    fn held_works(&self) -> impl Iterator<Item = Work> {
        self.left
            .iter()
            .map(|(_, destination)| destination)
            .filter(|destination| is_held(destination))
            .map(|destination| work_of(destination))
    }
}

/// Whether nodes have to agree before something of it begins.
fn is_held(destination: &Destination) -> bool {
    destination.ordered || destination.max_per_second.is_some()
}

fn work_of(destination: &Destination) -> Work {
    Work { webhook_id: destination.webhook_id, lane: if destination.ordered { Lane::Ordered } else { Lane::Fresh } }
}

fn settle<T>(answer: Answers<T>, outcome: Result<T>) {
    // The asker may have gone away; what is stored is stored all the same.
    let _ = answer.send(outcome);
}

fn refuse(batch: Vec<Prepared>, trouble: Trouble) -> Vec<Command> {
    let trouble = Arc::new(trouble);
    batch.into_iter().for_each(|prepared| settle(prepared.command.answer, Err(shared(&trouble))));
    Vec::new()
}
