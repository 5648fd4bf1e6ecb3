//! When a webhook that accepts nothing is deactivated, and when its account is warned before that.

use chrono::{DateTime, Utc};

use crate::api::operational::{AboutWebhook, WebhookFailing};
use crate::store::{Destination, Failures, Patience};

/// What follows from a failed attempt.
pub(crate) enum Verdict {
    Deactivate,
    /// The account is told once.
    Warn(WebhookFailing),
    Nothing,
}

/// `warned`: the account was told already. `at`: when the attempt ended.
pub(crate) fn judge(webhook: &Destination, patience: Patience, failures: Failures, warned: bool, at: DateTime<Utc>) -> Verdict {
    let time = at - failures.since;
    if time > patience.time && failures.attempts >= patience.attempts {
        return Verdict::Deactivate;
    }
    if warned || time * 2 < patience.time {
        return Verdict::Nothing;
    }
    Verdict::Warn(WebhookFailing {
        webhook: AboutWebhook { id: webhook.webhook_id, target_url: webhook.target_url.clone() },
        since: failures.since,
        attempts: failures.attempts,
        deactivation_expected_at: failures.since + patience.time,
    })
}
