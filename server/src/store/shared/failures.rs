//! Decides when a failing webhook is deactivated, and when its account gets a warning before that.

use chrono::{DateTime, Utc};

use crate::api::operational::{AboutWebhook, WebhookFailing};
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
