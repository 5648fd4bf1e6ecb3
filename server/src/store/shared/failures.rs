//! Decides when a failing webhook is deactivated, and when its account gets a warning before that. The failures of a
//! webhook are counted even if no policy deactivates webhooks, because its health shows them.

use chrono::{DateTime, Utc};

use crate::api::operational::{AboutWebhook, WebhookFailing, WebhookRecovered};
use crate::store::{DeactivationPolicy, Destination, Failures};

/// The consequence of a failed attempt.
pub(crate) enum Verdict {
    Deactivate,
    /// The caller must publish this warning to the account.
    Warn(WebhookFailing),
    Nothing,
}

/// Applies the deactivation policy. `warned` says whether the account was already warned about this webhook. `at` is
/// the time at which the attempt ended.
pub(crate) fn judge(webhook: &Destination, policy: DeactivationPolicy, failures: Failures, warned: bool, at: DateTime<Utc>) -> Verdict {
    let time = at - failures.since;
    if time > policy.time && failures.attempts >= policy.attempts {
        return Verdict::Deactivate;
    }
    if warned || time * 2 < policy.time {
        return Verdict::Nothing;
    }
    Verdict::Warn(WebhookFailing {
        webhook: AboutWebhook { id: webhook.webhook_id, target_url: webhook.target_url.clone() },
        since: failures.since,
        attempts: failures.attempts,
        deactivation_expected_at: failures.since + policy.time,
    })
}

/// Returns the notification that a webhook accepts callbacks again. The account was warned about the webhook, and an
/// accepted attempt that ended at `at` has ended the failures.
pub(crate) fn recovered(webhook: &Destination, failures: Failures, at: DateTime<Utc>) -> WebhookRecovered {
    WebhookRecovered {
        webhook: AboutWebhook { id: webhook.webhook_id, target_url: webhook.target_url.clone() },
        failing_since: failures.since,
        attempts: failures.attempts,
        recovered_at: at,
    }
}
