//! The counts of pending deliveries and of webhooks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Lane;
use crate::api::types::WebhookHealthState;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacklogCounts {
    /// The number of pending deliveries, by lane.
    pub pending: [u64; Lane::COUNT],
    /// The number of active webhooks.
    pub active: u64,
    /// The number of deactivated webhooks.
    pub deactivated: u64,
    /// The earliest due time of the waiting deliveries of ordered webhooks. The delivery with this due time may wait
    /// for earlier deliveries of its webhook.
    pub oldest_in_order: Option<DateTime<Utc>>,
    /// The accounts that have webhooks or pending deliveries.
    pub accounts: BTreeMap<String, AccountCounts>,
}

/// The counts of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
    pub pending: u64,
    pub active: u64,
    pub deactivated: u64,
    /// The number of active webhooks whose deliveries are paused.
    pub paused: u64,
    /// The number of active webhooks that are failing and not paused.
    pub failing: u64,
}

impl AccountCounts {
    /// Returns the number of webhooks in a state.
    #[must_use]
    pub fn in_state(&self, state: WebhookHealthState) -> u64 {
        match state {
            // The numbers come from several queries, so they may not fit together.
            WebhookHealthState::Healthy => self.active.saturating_sub(self.paused + self.failing),
            WebhookHealthState::Failing => self.failing,
            WebhookHealthState::Paused => self.paused,
            WebhookHealthState::Deactivated => self.deactivated,
        }
    }
}

impl BacklogCounts {
    /// Adds a webhook to the counts of all webhooks and of its account.
    pub fn add_webhook(&mut self, account: &str, is_active: bool, is_paused: bool) {
        let (active, deactivated) = (u64::from(is_active), u64::from(!is_active));
        self.active += active;
        self.deactivated += deactivated;
        let of_account = self.of_account(account);
        of_account.active += active;
        of_account.deactivated += deactivated;
        of_account.paused += u64::from(is_active && is_paused);
    }

    /// Returns the counts of an account, to which the caller adds.
    pub fn of_account(&mut self, account: &str) -> &mut AccountCounts {
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.to_owned(), AccountCounts::default());
        }
        self.accounts.get_mut(account).expect("the account was added if it was missing")
    }
}
