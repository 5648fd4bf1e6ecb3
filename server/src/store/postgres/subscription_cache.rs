//! The webhooks of accounts as publishing needs them, kept in memory: a notification costs no query to find out whom it is for.
//!
//! Each account has a version, which grows with each change of a webhook of it, on whatever node. A publish says which version
//! it was made for, and stores nothing if that is not the present one; then it is made anew. So what is remembered is never
//! wrong, however old it is.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::store::shared::subscribers::{REMEMBERED_WEBHOOKS, Subscribers};

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
    subscribers: Mutex<Subscribers>,
}

impl Entry {
    /// Those that ask for a type.
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
        let Some(account) = webhook_rows::account_of(session, webhook_id).await? else { return Ok(None) };
        // One that is active now and not in what is remembered has changed since.
        self.read(session, &account).await.map(Some)
    }

    /// Its version before its webhooks: if they change between, that version is not the present one.
    async fn read(&self, session: &Session, account: &str) -> Answer<Arc<Entry>> {
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
            for id in entry.webhook_ids() {
                self.webhooks.remove(&id);
            }
        }
    }
}
