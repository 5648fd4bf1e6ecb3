//! The pauses of the operator, and how their scopes are stored.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::api::types::Account;
use crate::model::{Pause, PauseScope};

/// The paused scopes, and when each pause began. Leasing uses them to check whether a webhook is paused.
#[derive(Default)]
pub(crate) struct Paused {
    all: Option<DateTime<Utc>>,
    accounts: HashMap<String, DateTime<Utc>>,
    webhooks: HashMap<Uuid, DateTime<Utc>>,
}

impl Paused {
    pub(crate) fn has(&self, account: &str, webhook_id: Uuid) -> bool {
        self.all.is_some() || self.accounts.contains_key(account) || self.webhooks.contains_key(&webhook_id)
    }

    /// Returns when the first of the pauses of a webhook began. Returns `None` if the webhook is not paused.
    pub(crate) fn since(&self, account: &str, webhook_id: Uuid) -> Option<DateTime<Utc>> {
        let pauses = [self.all.as_ref(), self.accounts.get(account), self.webhooks.get(&webhook_id)];
        pauses.into_iter().flatten().min().copied()
    }
}

impl FromIterator<Pause> for Paused {
    fn from_iter<I: IntoIterator<Item = Pause>>(pauses: I) -> Paused {
        let mut paused = Paused::default();
        for pause in pauses {
            match pause.scope {
                PauseScope::All => paused.all = Some(pause.since),
                PauseScope::Account(account) => drop(paused.accounts.insert(account.into_string(), pause.since)),
                PauseScope::Webhook(id) => drop(paused.webhooks.insert(id, pause.since)),
            }
        }
        paused
    }
}

/// Returns the values of the columns `scope` and `name` for a scope.
pub(crate) fn to_columns(scope: &PauseScope) -> (&'static str, String) {
    match scope {
        PauseScope::All => ("all", String::new()),
        PauseScope::Account(account) => ("account", account.as_str().to_owned()),
        PauseScope::Webhook(id) => ("webhook", id.to_string()),
    }
}

pub(crate) fn from_columns(scope: &str, name: String) -> Result<PauseScope, uuid::Error> {
    Ok(match scope {
        "account" => PauseScope::Account(Account::stored(name)),
        "webhook" => PauseScope::Webhook(Uuid::parse_str(&name)?),
        _ => PauseScope::All,
    })
}
