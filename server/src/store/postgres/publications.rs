//! Stores publications. One statement stores a batch of notifications with their deliveries.
//!
//! The destinations of each publication come from the subscription cache, and this node decides in memory which
//! deliveries it leases. The statement stores a publication only if the publication was prepared with the current
//! versions of its account and of the pauses. If a version is outdated, the publication is prepared again. Publications
//! to webhooks that are ordered or rate-limited are stored separately. These publications need a longer transaction,
//! because the nodes must coordinate.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::batching::ResultSender;
use super::pauses::Paused;
use super::session::shared;
use super::*;
use crate::model::CallbackTemplate;

mod insert;

use insert::Stored;

/// The maximum number of tries of a publication, if the account's webhooks or the pauses change during each try.
const MAX_TRIES: usize = 5;

pub(super) struct Command {
    pub(super) publication: Publication,
    pub(super) slots: Arc<Slots>,
    pub(super) sender: ResultSender<Published>,
}

#[derive(Clone)]
pub(super) struct PublicationWriter {
    pub(super) connections: Connections,
    pub(super) cache: Arc<SubscriptionCache>,
    pub(super) node: Arc<Node>,
    pub(super) wakeup: Arc<Wakeup>,
    /// The cached pauses. `None` means that the pauses must be read.
    pub(super) paused: Arc<std::sync::Mutex<Option<Arc<Paused>>>>,
}

/// A publication with its destinations and deliveries.
struct Prepared {
    command: Command,
    account: Arc<str>,
    version: i64,
    destinations: Arc<[Arc<Destination>]>,
    leased: Vec<Leased>,
    /// The deliveries that this node does not lease now.
    unleased: Vec<(Uuid, Arc<Destination>)>,
}

/// The cache entry of the account of a publication, and the webhooks that receive the publication.
type Recipients = (Arc<subscription_cache::Entry>, Arc<[Arc<Destination>]>);

impl PublicationWriter {
    pub(super) async fn run(self, batch: Vec<Command>) {
        let mut waiting = batch;
        for tries in 1.. {
            waiting = self.attempt(waiting, tries).await;
            if waiting.is_empty() {
                return;
            }
        }
    }

    /// Stores a batch and sends the results. Returns the commands that must be tried again.
    async fn attempt(&self, batch: Vec<Command>, tries: usize) -> Vec<Command> {
        let start = async {
            let session = self.connections.session().await?;
            let paused = self.paused(&session).await?;
            SessionResult::Ok((session, paused))
        };
        let (session, paused) = match start.await {
            Ok(started) => started,
            Err(error) => {
                let error = Arc::new(error);
                batch.into_iter().for_each(|command| send(command.sender, Err(shared(&error))));
                return Vec::new();
            }
        };
        let (mut again, mut simple, mut coordinated, mut keys) = (Vec::new(), Vec::new(), Vec::new(), HashSet::new());
        for command in batch {
            // If several publications have the same key, only the first one is stored now. The other publications are
            // tried again.
            if let Some(Idempotency { owner, key, .. }) = &command.publication.idempotency
                && !keys.insert((owner.clone(), key.clone()))
            {
                again.push(command);
                continue;
            }
            match self.prepare(&session, &paused, command).await {
                Some(prepared) if prepared.needs_coordination() => coordinated.push(prepared),
                Some(prepared) => simple.push(prepared),
                None => {}
            }
        }
        let simple = async {
            match simple.is_empty() {
                true => Vec::new(),
                false => self.store(&session, simple, &paused, false, tries).await,
            }
        };
        let coordinated = async {
            if coordinated.is_empty() {
                return Vec::new();
            }
            match self.connections.session().await {
                Ok(session) => self.store(&session, coordinated, &paused, true, tries).await,
                Err(error) => refuse(coordinated, error),
            }
        };
        let (simple, coordinated) = futures_util::future::join(simple, coordinated).await;
        again.extend(simple);
        again.extend(coordinated);
        again
    }

    /// Finds the destinations and decides which deliveries this node leases. If the result is already known, sends the
    /// result and returns `None`.
    async fn prepare(&self, session: &Session, paused: &Paused, command: Command) -> Option<Prepared> {
        let found = self.find_recipients(session, &command.publication).await;
        let (entry, destinations) = match found {
            Ok(Ok(recipients)) => recipients,
            Ok(Err(published)) => {
                send(command.sender, Ok(published));
                return None;
            }
            Err(error) => {
                send(command.sender, Err(error.into()));
                return None;
            }
        };
        let publication = &command.publication;
        let lease = self.node.incarnation();
        let outbound = (self.node.may_lease() && !destinations.is_empty()).then(|| {
            let Publication { id, event_type, data, created_at, trace, .. } = publication;
            Arc::new(Outbound { id: *id, body: CallbackTemplate::new(*id, event_type, *created_at, data), trace: trace.clone() })
        });
        let (mut leased, mut unleased) = (Vec::new(), Vec::new());
        for destination in destinations.iter() {
            let delivery_id = new_id(publication.created_at);
            let work = destination.new_work();
            let slot = match &outbound {
                Some(_) if needs_coordination(destination) || paused.has(&destination.account, destination.webhook_id) => None,
                Some(_) => {
                    let bytes = publication.data.get().len();
                    command.slots.try_take(&destination.account, &destination.hosts, work, bytes, publication.created_at)
                }
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
                    deaths: 0,
                    slot,
                }),
                None => unleased.push((delivery_id, destination.clone())),
            }
        }
        Some(Prepared { command, account: entry.account.clone(), version: entry.version, destinations, leased, unleased })
    }

    /// Returns the recipients of a publication. If nothing must be stored, returns the result of the publication
    /// instead.
    async fn find_recipients(
        &self,
        session: &Session,
        publication: &Publication,
    ) -> SessionResult<std::result::Result<Recipients, Published>> {
        match &publication.audience {
            Audience::Account(account) => {
                let entry = self.cache.account(session, account.as_str()).await?;
                let destinations = entry.destinations(&publication.event_type);
                Ok(Ok((entry, destinations)))
            }
            Audience::Webhook { id, account } => {
                let entry = self.cache.account_of(session, *id).await?;
                let is_of_account =
                    |entry: &Arc<subscription_cache::Entry>| account.as_ref().is_none_or(|account| account.as_str() == &*entry.account);
                if let Some(entry) = entry.filter(is_of_account)
                    && let Some(destination) = entry.destination(*id)
                {
                    return Ok(Ok((entry, Arc::from([destination]))));
                }
                // The results below must come from the database, because no later statement checks whether the cache
                // is current.
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
                // The webhook is active, so the cached entry is outdated.
                self.cache.forget(webhook.account.as_str());
                let entry = self.cache.account(session, webhook.account.as_str()).await?;
                let destination = entry.destination(*id);
                Ok(destination.map(|destination| (entry, Arc::from([destination]))).ok_or(Published::WebhookDeactivated))
            }
        }
    }

    async fn paused(&self, session: &Session) -> SessionResult<Arc<Paused>> {
        let cached = self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(paused) = cached {
            return Ok(paused);
        }
        let paused = Arc::new(Paused::read(session).await?);
        *self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(paused.clone());
        Ok(paused)
    }

    fn forget_paused(&self) {
        *self.paused.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    /// Stores a batch. Sends the result of each publication that was stored or whose key was in use. Returns the
    /// remaining commands, which must be tried again.
    async fn store(&self, session: &Session, mut batch: Vec<Prepared>, paused: &Paused, coordinated: bool, tries: usize) -> Vec<Command> {
        let stored = match coordinated {
            true => self.store_coordinated(session, &mut batch, paused).await,
            false => self.insert(session, &batch, paused, &HashMap::new()).await,
        };
        match stored {
            Ok(stored) => {
                stored.stale.iter().for_each(|account| self.cache.forget(account));
                if !stored.stale.is_empty() {
                    self.forget_paused();
                }
                let (mut again, mut due) = (Vec::new(), false);
                for prepared in batch {
                    if !stored.stale.contains(&*prepared.account) {
                        due |= !prepared.unleased.is_empty();
                        self.send_result(session, prepared, &stored.notifications).await;
                    } else if tries < MAX_TRIES {
                        again.push(prepared.command);
                    } else {
                        let changing = "the account's webhooks change too often to publish to them";
                        send(prepared.command.sender, Err(Error::Unavailable(anyhow::anyhow!(changing))));
                    }
                }
                if due && !self.node.may_lease() {
                    self.wakeup.notify();
                }
                again
            }
            Err(error) if error.is_conflict() && tries < MAX_TRIES => batch.into_iter().map(|prepared| prepared.command).collect(),
            Err(error) => {
                if error.is_unknown() {
                    // The statement may have stored leases. This node releases these leases when the database is
                    // available again.
                    self.node.mark_uncertain(batch.iter().flat_map(|prepared| prepared.leased.iter().map(|leased| leased.delivery_id)));
                    return refuse(batch, error);
                }
                if batch.len() == 1 {
                    return refuse(batch, error);
                }
                // One of the publications may have caused the error, so each publication is now stored alone.
                for prepared in batch {
                    let run_alone = Box::pin(self.clone().run(vec![prepared.command]));
                    run_alone.await;
                }
                Vec::new()
            }
        }
    }

    /// Stores publications to webhooks that are ordered or rate-limited. Leases the deliveries that the order and the
    /// rate limit allow now.
    async fn store_coordinated(&self, session: &Session, batch: &mut [Prepared], paused: &Paused) -> SessionResult<Stored> {
        let transaction = session.begin().await?;
        let outcome = async {
            let mut counts = BTreeMap::new();
            for (_, destination) in batch.iter().flat_map(|prepared| &prepared.unleased).filter(|(_, destination)| destination.ordered) {
                *counts.entry(destination.webhook_id).or_default() += 1;
            }
            let mut sequences = HashMap::new();
            let mut next = sequences::reserve(&transaction, &counts).await?;
            for (delivery_id, destination) in batch.iter().flat_map(|prepared| &prepared.unleased) {
                if let Some(sequence) = next.get_mut(&destination.webhook_id) {
                    sequences.insert(*delivery_id, *sequence);
                    *sequence += 1;
                }
            }
            let stored = self.insert(&transaction, batch, paused, &sequences).await?;
            let Some(slots) = batch.first().map(|prepared| &prepared.command.slots).filter(|_| self.node.may_lease()) else {
                return Ok((stored, Vec::new()));
            };
            let now = batch.iter().map(|prepared| prepared.command.publication.created_at).max().unwrap_or_default();
            let stored_ones = batch.iter().filter(|prepared| stored.notifications.contains(&prepared.command.publication.id));
            let mut work_items: Vec<WorkItem> = stored_ones.flat_map(|prepared| prepared.coordinated_work_items()).collect();
            work_items.sort_unstable();
            work_items.dedup();
            let outcome = LeaseTransaction { session: &transaction, node: &self.node, slots, now }.lease_work(work_items).await?;
            slots.wake(outcome.left);
            ready::mark(&transaction, &outcome.marks).await?;
            Ok((stored, outcome.leased))
        };
        match outcome.await {
            Ok((stored, leased)) => {
                let ids: Vec<Uuid> = leased.iter().map(|leased| leased.delivery_id).collect();
                if let Err(error) = transaction.commit().await {
                    self.node.mark_uncertain(ids);
                    return Err(error);
                }
                // The result of a publication gets the leases of its own deliveries. The result of the first stored
                // publication also gets the leases of older deliveries. A publication that was not stored gets the
                // result of an earlier publication. That result has no leases.
                let is_stored = |prepared: &Prepared| stored.notifications.contains(&prepared.command.publication.id);
                for leased in leased {
                    let own = batch.iter().position(|prepared| prepared.unleased.iter().any(|(id, _)| *id == leased.delivery_id));
                    let index = own.or_else(|| batch.iter().position(is_stored));
                    if let Some(prepared) = index.and_then(|index| batch.get_mut(index)) {
                        prepared.unleased.retain(|(id, _)| *id != leased.delivery_id);
                        prepared.leased.push(leased);
                    }
                }
                Ok(stored)
            }
            Err(error) => {
                let _ = transaction.roll_back().await;
                Err(error)
            }
        }
    }

    /// Sends the result of a publication: the new notification, or the result of an earlier publication with the same
    /// idempotency key.
    async fn send_result(&self, session: &Session, prepared: Prepared, stored: &HashSet<Uuid>) {
        let Prepared { command, account, destinations, leased, unleased, .. } = prepared;
        let Command { publication, slots, sender } = command;
        let now = publication.created_at;
        if stored.contains(&publication.id) {
            if self.node.delivers() {
                // If the caps refused a slot, `slots` already keeps the work. If this node may not lease now, it
                // examines the work when it may lease again.
                slots.wake(unleased.iter().map(|(_, destination)| destination.new_work()));
            }
            let notification = Notification {
                id: publication.id,
                account: Account::stored(account.to_string()),
                event_type: publication.event_type,
                data: publication.data,
                created_at: now,
                delivery_count: u32::try_from(destinations.len()).expect("the number of an account's webhooks fits in 32 bits"),
            };
            return send(sender, Ok(Published::New { notification, leased }));
        }
        drop(leased);
        let earlier = match &publication.idempotency {
            Some(idempotency) => notifications::find_key(session, idempotency, now).await,
            None => Ok(None),
        };
        let lost = || Error::Unavailable(anyhow::anyhow!("the idempotency key was in use by a publication that no longer exists"));
        send(sender, earlier.map_err(Error::from).and_then(|earlier| earlier.ok_or_else(lost)));
    }
}

impl Prepared {
    fn needs_coordination(&self) -> bool {
        self.destinations.iter().any(|destination| needs_coordination(destination))
    }

    /// Returns the work items of the publication for which the nodes must coordinate. The transaction first stores the
    /// publication, and then leases deliveries of these work items.
    fn coordinated_work_items(&self) -> impl Iterator<Item = WorkItem> {
        self.unleased
            .iter()
            .map(|(_, destination)| destination)
            .filter(|destination| needs_coordination(destination))
            .map(|destination| destination.new_work())
    }
}

/// Whether the nodes must coordinate before they lease deliveries of a webhook.
fn needs_coordination(destination: &Destination) -> bool {
    destination.ordered || destination.max_per_second.is_some()
}

fn send<T>(sender: ResultSender<T>, result: Result<T>) {
    // If the caller has stopped waiting, the result is dropped.
    let _ = sender.send(result);
}

/// Sends an error as the result of all these publications. Returns an empty list, because no publication is tried
/// again.
fn refuse(batch: Vec<Prepared>, error: SessionError) -> Vec<Command> {
    let error = Arc::new(error);
    batch.into_iter().for_each(|prepared| send(prepared.command.sender, Err(shared(&error))));
    Vec::new()
}
