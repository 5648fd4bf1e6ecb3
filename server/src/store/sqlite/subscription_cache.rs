//! The webhooks as publishing and leasing need them, kept in memory by the one who writes: a notification costs no query
//! to find out whom it is for.
//!
//! Only the writing thread reads and changes it, inside its transactions, and whoever changes a webhook there forgets it
//! here. A transaction that is not committed takes everything with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::store::shared::pauses::Paused;
use crate::store::shared::subscribers::{REMEMBERED_WEBHOOKS, Subscribers};

#[derive(Default)]
pub(super) struct Directory(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    webhooks: HashMap<Uuid, Arc<Destination>>,
    accounts: HashMap<String, Subscribers>,
    /// How many webhooks each account has.
    counts: HashMap<String, u32>,
    /// Those that have accepted nothing since an attempt failed, so that the success of any other costs no query. `None`
    /// before they have been read.
    failing: Option<HashSet<Uuid>>,
    /// What the operator has paused. `None` before it has been read.
    paused: Option<Paused>,
    /// What the database said of other connections' changes when that was read.
    seen: Option<i64>,
}

impl Directory {
    /// An active webhook.
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

    /// The account's active webhooks that ask for a type.
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

    /// How many webhooks an account has.
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

    /// Notes that a webhook of the account is one more.
    pub(super) fn added(&self, account: &Account) {
        let mut contents = self.lock();
        contents.accounts.remove(account.as_str());
        if let Some(count) = contents.counts.get_mut(account.as_str()) {
            *count += 1;
        }
    }

    /// Notes that a webhook has been changed or deleted.
    pub(super) fn forget(&self, account: &str, id: Uuid) {
        let mut contents = self.lock();
        contents.webhooks.remove(&id);
        contents.accounts.remove(account);
        contents.counts.remove(account);
    }

    /// Whether something is counted of a webhook in `failures`.
    pub(super) fn is_failing(&self, connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
        let mut contents = self.lock();
        if contents.failing.is_none() {
            contents.failing = Some(failures::webhooks(connection)?);
        }
        Ok(contents.failing.as_ref().is_some_and(|failing| failing.contains(&id)))
    }

    /// Notes that something is counted of a webhook from now on.
    pub(super) fn failed(&self, id: Uuid) {
        if let Some(failing) = &mut self.lock().failing {
            failing.insert(id);
        }
    }

    /// Notes that nothing is counted of a webhook any more.
    pub(super) fn recovered(&self, id: Uuid) {
        if let Some(failing) = &mut self.lock().failing {
            failing.remove(&id);
        }
    }

    /// Whether nothing may begin there.
    pub(super) fn is_paused(&self, connection: &Connection, destination: &Destination) -> rusqlite::Result<bool> {
        let mut contents = self.lock();
        let paused = match contents.paused.take() {
            Some(paused) => paused,
            None => pauses::read(connection)?,
        };
        Ok(contents.paused.insert(paused).has(&destination.account, destination.webhook_id))
    }

    /// Notes that something may be paused or resumed.
    pub(super) fn forget_pauses(&self) {
        self.lock().paused = None;
    }

    /// Notices at the start of a transaction whether commands beside this process have changed something.
    pub(super) fn look_at_others(&self, connection: &Connection) {
        let version = connection.prepare_cached("PRAGMA data_version").and_then(|mut version| version.query_row([], |row| row.get(0)));
        let mut contents = self.lock();
        // Without an answer it is not known.
        if version.is_err() || contents.seen != version.as_ref().ok().copied() {
            contents.paused = None;
            contents.seen = version.ok();
        }
    }

    pub(super) fn forget_all(&self) {
        *self.lock() = Contents::default();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn make_room(&mut self) {
        if self.webhooks.len().max(self.counts.len()).max(self.accounts.len()) >= REMEMBERED_WEBHOOKS {
            *self = Contents { failing: self.failing.take(), paused: self.paused.take(), seen: self.seen, ..Contents::default() };
        }
    }
}
