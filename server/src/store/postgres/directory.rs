//! The webhooks of accounts as publishing needs them, kept in memory: a notification costs no query to find out whom it is for.
//!
//! Each account has a version, which grows with each change of a webhook of it, on whatever node. A publish says which version
//! it was made for, and stores nothing if that is not the present one; then it is made anew. So what is remembered is never
//! wrong, however old it is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// With more webhooks than this it begins anew.
const REMEMBERED_WEBHOOKS: usize = 20_000;

/// Matches kept for an account. Types beyond them are matched each time.
const REMEMBERED_TYPES: usize = 256;

#[derive(Default)]
pub(super) struct Directory(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    accounts: HashMap<String, Arc<Entry>>,
    /// The account of each webhook in them.
    webhooks: HashMap<Uuid, Arc<Entry>>,
}

/// An account's active webhooks.
pub(super) struct Entry {
    pub(super) account: Arc<str>,
    pub(super) version: i64,
    subscribers: Vec<Subscriber>,
    by_type: Mutex<HashMap<String, Arc<[Arc<Destination>]>>>,
}

/// An active webhook, and what it asks for.
pub(super) struct Subscriber {
    pub(super) destination: Arc<Destination>,
    pub(super) event_types: Option<String>,
}

impl Entry {
    /// Those that ask for a type.
    pub(super) fn destinations(&self, event_type: &EventType) -> Arc<[Arc<Destination>]> {
        let mut by_type = self.by_type.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(destinations) = by_type.get(event_type.as_str()) {
            return destinations.clone();
        }
        let wants = |subscriber: &&Subscriber| Webhook::wants(subscriber.event_types.as_deref(), event_type.as_str());
        let destinations: Arc<[_]> = self.subscribers.iter().filter(wants).map(|subscriber| subscriber.destination.clone()).collect();
        if by_type.len() < REMEMBERED_TYPES {
            by_type.insert(event_type.as_str().to_owned(), destinations.clone());
        }
        destinations
    }

    pub(super) fn destination(&self, id: Uuid) -> Option<Arc<Destination>> {
        self.subscribers.iter().map(|subscriber| &subscriber.destination).find(|destination| destination.webhook_id == id).cloned()
    }
}

impl Directory {
    /// As it is remembered, or as it is now.
    pub(super) async fn account(&self, session: &Session, account: &str) -> Answer<Arc<Entry>> {
        let found = self.lock().accounts.get(account).cloned();
        match found {
            Some(entry) => Ok(entry),
            None => self.read(session, account).await,
        }
    }

    /// Of the account of a webhook; `None` when there is no such webhook.
    pub(super) async fn account_of(&self, session: &Session, webhook_id: Uuid) -> Answer<Option<Arc<Entry>>> {
        let found = self.lock().webhooks.get(&webhook_id).cloned();
        if found.is_some() {
            return Ok(found);
        }
        let Some(account) = webhooks::account_of(session, webhook_id).await? else { return Ok(None) };
        // One that is active now and not in what is remembered has changed since.
        self.read(session, &account).await.map(Some)
    }

    /// Its version before its webhooks: if they change between, that version is not the present one.
    async fn read(&self, session: &Session, account: &str) -> Answer<Arc<Entry>> {
        let version = session.query_opt("SELECT version FROM accounts WHERE account = $1", &[&account]).await?;
        let version = version.map_or(Ok(0), |row| row.try_get(0))?;
        let subscribers = webhooks::subscribers(session, account).await?;
        let entry = Arc::new(Entry { account: account.into(), version, subscribers, by_type: Mutex::default() });
        let mut contents = self.lock();
        contents.forget(account);
        if contents.webhooks.len().max(contents.accounts.len()) >= REMEMBERED_WEBHOOKS {
            *contents = Contents::default();
        }
        contents.webhooks.extend(entry.subscribers.iter().map(|subscriber| (subscriber.destination.webhook_id, entry.clone())));
        contents.accounts.insert(account.to_owned(), entry.clone());
        Ok(entry)
    }

    /// Notes that an account has another version.
    pub(super) fn forget(&self, account: &str) {
        self.lock().forget(account);
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn forget(&mut self, account: &str) {
        if let Some(entry) = self.accounts.remove(account) {
            for subscriber in &entry.subscribers {
                self.webhooks.remove(&subscriber.destination.webhook_id);
            }
        }
    }
}
