//! The subscription cache keeps the active webhooks of accounts. If an account is in the cache, a publish needs no
//! query to find the webhooks.
//!
//! Each account has a version. Each change of a webhook increases the version of the webhook's account. This also holds
//! for a change on another node. A publish names the version that it used. If this version is not current, the publish
//! stores nothing and is prepared again. So an outdated cache entry never causes a wrong result.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::store::shared::subscribers::{REMEMBERED_WEBHOOKS, Subscribers};

#[derive(Default)]
pub(super) struct SubscriptionCache(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    accounts: HashMap<String, Arc<Entry>>,
    /// For each cached webhook, the entry of the webhook's account.
    webhooks: HashMap<Uuid, Arc<Entry>>,
}

/// The active webhooks of an account.
pub(super) struct Entry {
    pub(super) account: Arc<str>,
    pub(super) version: i64,
    subscribers: Mutex<Subscribers>,
}

impl Entry {
    /// Returns the webhooks that subscribe to an event type.
    pub(super) fn destinations(&self, event_type: &EventType) -> Arc<[Arc<Destination>]> {
        self.lock().of_type(event_type)
    }

    pub(super) fn destination(&self, id: Uuid) -> Option<Arc<Destination>> {
        self.lock().destination(id)
    }

    fn webhook_ids(&self) -> Vec<Uuid> {
        self.lock().all().map(|destination| destination.webhook_id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SubscriptionCache {
    /// Returns the entry of an account, from the cache or from the database.
    pub(super) async fn account(&self, session: &Session, account: &str) -> SessionResult<Arc<Entry>> {
        let found = self.lock().accounts.get(account).cloned();
        match found {
            Some(entry) => Ok(entry),
            None => self.read(session, account).await,
        }
    }

    /// Returns the entry of a webhook's account. Returns `None` if the webhook does not exist.
    pub(super) async fn account_of(&self, session: &Session, webhook_id: Uuid) -> SessionResult<Option<Arc<Entry>>> {
        let found = self.lock().webhooks.get(&webhook_id).cloned();
        if found.is_some() {
            return Ok(found);
        }
        let Some(account) = webhook_rows::account_of(session, webhook_id).await? else { return Ok(None) };
        // If the account has a cached entry, this entry may be outdated, because it does not contain the webhook.
        self.read(session, &account).await.map(Some)
    }

    /// Reads the version first, and then the webhooks. If the webhooks change between the two queries, the version in
    /// the entry is outdated.
    async fn read(&self, session: &Session, account: &str) -> SessionResult<Arc<Entry>> {
        let version = session.query_opt("SELECT version FROM accounts WHERE account = $1", &[&account]).await?;
        let version = version.map_or(Ok(0), |row| row.try_get(0))?;
        let subscribers = Mutex::new(Subscribers::new(webhook_rows::subscribers(session, account).await?));
        let entry = Arc::new(Entry { account: account.into(), version, subscribers });
        let mut contents = self.lock();
        contents.forget(account);
        if contents.webhooks.len().max(contents.accounts.len()) >= REMEMBERED_WEBHOOKS {
            *contents = Contents::default();
        }
        contents.webhooks.extend(entry.webhook_ids().into_iter().map(|id| (id, entry.clone())));
        contents.accounts.insert(account.to_owned(), entry.clone());
        Ok(entry)
    }

    /// Removes the entry of an account whose version has changed.
    pub(super) fn forget(&self, account: &str) {
        self.lock().forget(account);
    }

    pub(super) fn forget_all(&self) {
        *self.lock() = Contents::default();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn forget(&mut self, account: &str) {
        if let Some(entry) = self.accounts.remove(account) {
            for id in entry.webhook_ids() {
                self.webhooks.remove(&id);
            }
        }
    }
}
