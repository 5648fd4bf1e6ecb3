//! How the state of a webhook follows from the stored facts.

use super::pauses::Paused;
use crate::api::types::WebhookHealthState;
use crate::model::{FAILING_AFTER, WebhookHealth};
use crate::store::{Failures, HealthQuery, Webhook};

/// Returns the state of a webhook. `failed_attempts` is the number of its failed attempts since its last success.
pub(crate) fn state(webhook: &Webhook, paused: &Paused, failed_attempts: u32) -> WebhookHealthState {
    if webhook.deactivation.is_some() {
        WebhookHealthState::Deactivated
    } else if paused.has(webhook.account.as_str(), webhook.id) {
        WebhookHealthState::Paused
    } else {
        of_attempts(failed_attempts)
    }
}

fn of_attempts(failed_attempts: u32) -> WebhookHealthState {
    if failed_attempts >= FAILING_AFTER { WebhookHealthState::Failing } else { WebhookHealthState::Healthy }
}

/// Returns the health of a webhook. `failures` and `backlog` are the stored ones of an active webhook.
pub(crate) fn health(webhook: &HealthQuery, paused: &Paused, failures: Option<Failures>, backlog: u32) -> WebhookHealth {
    // The failures and the pending deliveries of a deactivated webhook do not count, even if the store has not removed
    // them yet.
    if let Some(at) = webhook.deactivated_at {
        return WebhookHealth { state: WebhookHealthState::Deactivated, since: Some(at), consecutive_failures: 0, backlog: 0 };
    }
    let consecutive_failures = failures.map_or(0, |failures| failures.attempts);
    let (state, since) = match (paused.since(webhook.account.as_str(), webhook.id), of_attempts(consecutive_failures)) {
        (Some(since), _) => (WebhookHealthState::Paused, Some(since)),
        (None, state @ WebhookHealthState::Failing) => (state, failures.map(|failures| failures.since)),
        (None, state) => (state, None),
    };
    WebhookHealth { state, since, consecutive_failures, backlog }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::api::types::Account;
    use crate::model::{Pause, PauseScope};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_state_is_the_first_of_deactivated_paused_failing_and_healthy() {
        let (account, id) = (Account::parse("acme").expect("valid"), Uuid::from_u128(1));
        let scopes = [PauseScope::All, PauseScope::Account(account.clone()), PauseScope::Webhook(id)];
        let others = [PauseScope::Account(Account::parse("other").expect("valid")), PauseScope::Webhook(Uuid::from_u128(2))];
        let paused = |scopes: &[PauseScope]| -> Paused {
            scopes.iter().zip(1..).map(|(scope, second)| Pause { scope: scope.clone(), since: at(second) }).collect()
        };
        let query = |deactivated_at| HealthQuery { id, account: account.clone(), epoch: 1, deactivated_at };
        let failures = |attempts| Some(Failures { since: at(9), attempts });
        for (deactivated_at, pauses, failures, state, since) in [
            (None, &[][..], None, WebhookHealthState::Healthy, None),
            (None, &others, failures(4), WebhookHealthState::Healthy, None),
            (None, &others, failures(5), WebhookHealthState::Failing, Some(at(9))),
            (None, &scopes, failures(5), WebhookHealthState::Paused, Some(at(1))),
            (None, &scopes[2..], None, WebhookHealthState::Paused, Some(at(1))),
            (Some(at(8)), &scopes, failures(5), WebhookHealthState::Deactivated, Some(at(8))),
        ] {
            let count = failures.map_or(0, |failures: Failures| failures.attempts);
            let health = health(&query(deactivated_at), &paused(pauses), failures, 3);
            assert_eq!((health.state, health.since), (state, since));
            let counted = if deactivated_at.is_some() { (0, 0) } else { (count, 3) };
            assert_eq!((health.consecutive_failures, health.backlog), counted);
        }
    }
}
