//! The pauses of the operator, and how their scopes are stored.

use std::collections::HashSet;

use uuid::Uuid;

use crate::api::types::Account;
use crate::model::{Pause, PauseScope};

/// The paused scopes. Leasing uses them to check whether a webhook is paused.
#[derive(Default)]
pub(crate) struct Paused {
    all: bool,
    accounts: HashSet<String>,
    webhooks: HashSet<Uuid>,
}

impl Paused {
    pub(crate) fn has(&self, account: &str, webhook_id: Uuid) -> bool {
        self.all || self.accounts.contains(account) || self.webhooks.contains(&webhook_id)
    }
}

impl FromIterator<Pause> for Paused {
    fn from_iter<I: IntoIterator<Item = Pause>>(pauses: I) -> Paused {
        let mut paused = Paused::default();
        for pause in pauses {
            match pause.scope {
                PauseScope::All => paused.all = true,
                PauseScope::Account(account) => drop(paused.accounts.insert(account.into_string())),
                PauseScope::Webhook(id) => drop(paused.webhooks.insert(id)),
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
