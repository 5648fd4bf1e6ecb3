//! The subscription cache contains the webhook data that publishing and leasing need. If an account is in the cache, a
//! publish needs no query to find the webhooks.
//!
//! Only the writing thread uses the cache, inside its transactions. Other threads only remove entries. Each change of a
//! webhook removes the webhook from the cache. If a transaction is not committed, the whole cache is cleared.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::store::shared::pauses::Paused;
use crate::store::shared::subscribers::{REMEMBERED_WEBHOOKS, Subscribers};

#[derive(Default)]
pub(super) struct SubscriptionCache {
    contents: Mutex<Contents>,
    /// The statistics of the current transaction. They are not part of what [`SubscriptionCache::forget_all`] clears.
    pub(super) counter: statistics::Counter,
}

#[derive(Default)]
struct Contents {
    webhooks: HashMap<Uuid, Arc<Destination>>,
    accounts: HashMap<String, Subscribers>,
    /// The number of webhooks of each account.
    counts: HashMap<String, u32>,
    /// The webhooks with a row in `failures`. A success of any other webhook needs no query. `None` means that the
    /// table must be read.
    failing: Option<HashSet<Uuid>>,
    /// The operator's pauses. `None` means that the pauses must be read.
    paused: Option<Paused>,
    /// The id of the current master key, or `None` if there is none. The outer `None` means that it must be read.
    master_key: Option<Option<Arc<str>>>,
    /// The most recently read value of `PRAGMA data_version`. This value changes with each commit of another
    /// connection.
    data_version: Option<i64>,
}

impl SubscriptionCache {
    /// Returns the webhook if it is active.
    pub(super) fn destination(&self, connection: &Connection, id: Uuid) -> rusqlite::Result<Option<Arc<Destination>>> {
        if let Some(destination) = self.lock().webhooks.get(&id) {
            return Ok(Some(destination.clone()));
        }
        let Some(destination) = webhook_rows::destination(connection, id)?.map(Arc::new) else { return Ok(None) };
        let mut contents = self.lock();
        contents.make_room();
        contents.webhooks.insert(id, destination.clone());
        Ok(Some(destination))
    }

    /// Returns the active webhooks of an account that subscribe to an event type.
    pub(super) fn destinations(
        &self,
        connection: &Connection,
        account: &Account,
        event_type: &EventType,
    ) -> rusqlite::Result<Arc<[Arc<Destination>]>> {
        let mut contents = self.lock();
        if !contents.accounts.contains_key(account.as_str()) {
            let subscribers = Subscribers::new(webhook_rows::subscribers(connection, account)?);
            contents.make_room();
            contents.webhooks.extend(subscribers.all().map(|destination| (destination.webhook_id, destination.clone())));
            contents.accounts.insert(account.as_str().to_owned(), subscribers);
        }
        let subscribers = contents.accounts.get_mut(account.as_str()).expect("it has just been looked up");
        Ok(subscribers.of_type(event_type))
    }

    /// Returns the number of webhooks of an account.
    pub(super) fn count(&self, connection: &Connection, account: &Account) -> rusqlite::Result<u32> {
        if let Some(count) = self.lock().counts.get(account.as_str()) {
            return Ok(*count);
        }
        let count = webhook_rows::count(connection, account)?;
        let mut contents = self.lock();
        contents.make_room();
        contents.counts.insert(account.as_str().to_owned(), count);
        Ok(count)
    }

    /// Records a new webhook of the account.
    pub(super) fn added(&self, account: &Account) {
        let mut contents = self.lock();
        contents.accounts.remove(account.as_str());
        if let Some(count) = contents.counts.get_mut(account.as_str()) {
            *count += 1;
        }
    }

    /// Records that a webhook was changed or deleted.
    pub(super) fn forget(&self, account: &str, id: Uuid) {
        let mut contents = self.lock();
        contents.webhooks.remove(&id);
        contents.accounts.remove(account);
        contents.counts.remove(account);
    }

    /// Returns whether a webhook has a row in `failures`.
    pub(super) fn is_failing(&self, connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
        let mut contents = self.lock();
        if contents.failing.is_none() {
            contents.failing = Some(failures::webhooks(connection)?);
        }
        Ok(contents.failing.as_ref().is_some_and(|failing| failing.contains(&id)))
    }

    /// Records that a webhook now has a row in `failures`.
    pub(super) fn failed(&self, id: Uuid) {
        if let Some(failing) = &mut self.lock().failing {
            failing.insert(id);
        }
    }

    /// Records that a webhook no longer has a row in `failures`.
    pub(super) fn recovered(&self, id: Uuid) {
        if let Some(failing) = &mut self.lock().failing {
            failing.remove(&id);
        }
    }

    /// Returns whether deliveries of this webhook are paused.
    pub(super) fn is_paused(&self, connection: &Connection, destination: &Destination) -> rusqlite::Result<bool> {
        let mut contents = self.lock();
        let paused = match contents.paused.take() {
            Some(paused) => paused,
            None => pauses::read(connection)?,
        };
        Ok(contents.paused.insert(paused).has(&destination.account, destination.webhook_id))
    }

    /// Records that a pause may have started or ended.
    pub(super) fn forget_pauses(&self) {
        self.lock().paused = None;
    }

    /// Returns the id of the current master key.
    pub(super) fn master_key(&self, connection: &Connection) -> rusqlite::Result<Option<Arc<str>>> {
        if let Some(key) = &self.lock().master_key {
            return Ok(key.clone());
        }
        let key: Option<Arc<str>> = keys::current(connection)?.map(Arc::from);
        self.lock().master_key = Some(key.clone());
        Ok(key)
    }

    /// Records that another master key may be the current one.
    pub(super) fn forget_master_key(&self) {
        self.lock().master_key = None;
    }

    /// Forgets the pauses and the master key if another process has changed the database. Other processes change only
    /// pauses, tokens and keys. Tokens are not in this cache. A rotation of the master key also seals the secrets in this
    /// cache again. The old values are usable until `keep_alive` reports that the old key is retired. The caller must call
    /// this at the start of each transaction.
    pub(super) fn forget_foreign_changes(&self, connection: &Connection) {
        let version = connection.prepare_cached("PRAGMA data_version").and_then(|mut version| version.query_row([], |row| row.get(0)));
        let mut contents = self.lock();
        // If the version cannot be read, assume a change.
        if version.is_err() || contents.data_version != version.as_ref().ok().copied() {
            contents.paused = None;
            contents.master_key = None;
            contents.data_version = version.ok();
        }
    }

    pub(super) fn forget_all(&self) {
        *self.lock() = Contents::default();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn make_room(&mut self) {
        if self.webhooks.len().max(self.counts.len()).max(self.accounts.len()) >= REMEMBERED_WEBHOOKS {
            *self = Contents {
                failing: self.failing.take(),
                paused: self.paused.take(),
                master_key: self.master_key.take(),
                data_version: self.data_version,
                ..Contents::default()
            };
        }
    }
}
