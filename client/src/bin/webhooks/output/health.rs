//! How the health of a webhook is shown to people.

use serde::Serialize;
use webhooks_client::HealthState;
use webhooks_client::types::{Webhook, WebhookFailure, WebhookHealth};

use super::{Cell, Show, record_of, time};

/// The service counts no more pending deliveries of a webhook.
const MAX_BACKLOG: i32 = 1000;

/// A webhook, shown by its health. Programs get the whole webhook.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct HealthReport(pub(crate) Webhook);

impl Show for HealthReport {
    const COLUMNS: &'static [&'static str] = &["WEBHOOK", "HEALTH", "SINCE", "FAILURES", "BACKLOG", "URL", "LAST FAILURE"];
    const OPTIONAL: &'static [&'static str] = &["URL", "BACKLOG"];

    fn row(&self) -> Vec<Cell> {
        let health = self.0.health.as_ref();
        vec![
            Cell::Id(self.0.id),
            Cell::Result(health.map_or_else(String::new, state)),
            health.and_then(|health| health.since).map_or_else(|| Cell::Short(String::new()), Cell::Time),
            Cell::Short(health.map_or_else(String::new, |health| health.consecutive_failures.to_string())),
            Cell::Short(health.map_or_else(String::new, backlog)),
            self.0.target_url.as_str().into(),
            Cell::Text(health.and_then(|health| health.last_failure.as_ref()).map_or_else(String::new, failure)),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let (webhook, health) = (&self.0, self.0.health.as_ref());
        let last_failure = health.and_then(|health| health.last_failure.as_ref());
        record_of([
            ("webhook", Some(webhook.id.to_string())),
            ("account", webhook.account.as_ref().map(|account| account.to_string())),
            ("url", Some(webhook.target_url.to_string())),
            ("health", health.map(state)),
            ("reason", webhook.deactivation.as_ref().map(|deactivation| deactivation.reason.to_string())),
            ("since", health.and_then(|health| health.since.as_ref()).map(time)),
            ("failures in a row", health.map(|health| health.consecutive_failures.to_string())),
            ("last success", health.and_then(|health| health.last_success_at.as_ref()).map(time)),
            ("last failure", last_failure.map(|failure| time(&failure.at))),
            ("what failed", last_failure.map(failure)),
            ("backlog", health.map(|health| format!("{} pending deliveries", backlog(health)))),
        ])
    }
}

/// Returns the health in one line.
pub(super) fn health_in_short(health: &WebhookHealth) -> String {
    let since = health.since.as_ref().map_or_else(String::new, |since| format!(", since {}", time(since)));
    match health.consecutive_failures {
        0 => format!("{}{since}", state(health)),
        1 => format!("{}{since}, 1 failed attempt since the last success", state(health)),
        count => format!("{}{since}, {count} failed attempts since the last success", state(health)),
    }
}

fn state(health: &WebhookHealth) -> String {
    health.state.to_string()
}

fn backlog(health: &WebhookHealth) -> String {
    if health.backlog >= MAX_BACKLOG { format!("{MAX_BACKLOG}+") } else { health.backlog.to_string() }
}

fn failure(failure: &WebhookFailure) -> String {
    let status = failure.status_code.map_or_else(String::new, |status| format!(" ({status})"));
    let explanation = failure.explanation.as_ref().map_or_else(String::new, |text| format!(": {}", text.as_str()));
    format!("{}{status}{explanation}", failure.outcome)
}

impl HealthReport {
    /// Returns the position of the webhook in a list that begins with the worst webhook.
    pub(crate) fn rank(&self) -> (u8, i32) {
        let Some(health) = &self.0.health else { return (u8::MAX, 0) };
        let is_requested = self.0.deactivation.as_ref().is_some_and(|deactivation| deactivation.reason.as_str() == "requested");
        let group = match health.state {
            HealthState::Deactivated if !is_requested => 0,
            HealthState::Failing => 1,
            HealthState::Paused => 3,
            HealthState::Deactivated => 4,
            HealthState::Healthy => 5,
            // A later version of the service has more states.
            _ => 2,
        };
        (group, -health.consecutive_failures)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::output::Screen;
    use crate::output::table;

    fn report(health: &Value, reason: Option<&str>) -> HealthReport {
        let mut webhook = json!({
            "id": "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "createdAt": "2006-01-02T15:04:05Z", "updatedAt": "2006-01-02T15:04:05Z",
            "targetURL": "https://example.com", "auth": { "type": "noauth" }, "status": "active", "health": health,
        });
        if let Some(reason) = reason {
            webhook["deactivation"] = json!({ "reason": reason, "at": "2006-01-02T15:04:05Z" });
        }
        HealthReport(serde_json::from_value(webhook).expect("a webhook"))
    }

    fn failing(failures: u32) -> Value {
        json!({
            "state": "failing", "since": "2006-01-02T15:04:05Z", "consecutiveFailures": failures, "backlog": 1000,
            "lastFailure": {
                "at": "2006-01-02T15:04:05Z", "outcome": "rejected", "statusCode": 500,
                "explanation": "The callback server responded with another status. Find the reason in its log.",
            },
        })
    }

    #[test]
    fn the_worst_webhook_is_the_first() {
        let other = |state: &str| json!({ "state": state, "consecutiveFailures": 0, "backlog": 0 });
        let reports = [
            report(&other("deactivated"), Some("gone")),
            report(&failing(12), None),
            report(&failing(5), None),
            report(&other("a_later_state"), None),
            report(&other("paused"), None),
            report(&other("deactivated"), Some("requested")),
            report(&other("healthy"), None),
        ];
        assert!(reports.windows(2).all(|pair| pair[0].rank() < pair[1].rank()), "{:?}", reports.map(|report| report.rank()));
    }

    #[test]
    fn a_table_fits_80_columns_and_a_record_has_the_whole_sentence() {
        let report = report(&failing(12), None);
        let text = table(Screen { width: Some(80), colour: false }, HealthReport::COLUMNS, HealthReport::OPTIONAL, &[report.row()]);
        assert!(text.lines().all(|line| line.chars().count() <= 80) && text.contains("rejected (500): The"), "{text}");
        let text = table(Screen { width: Some(120), colour: false }, HealthReport::COLUMNS, HealthReport::OPTIONAL, &[report.row()]);
        assert!(text.lines().all(|line| line.chars().count() <= 120) && text.contains("  https://example.com  rejected"), "{text}");
        let record = report.record();
        for (name, value) in [
            ("health", "failing"),
            ("failures in a row", "12"),
            ("what failed", "rejected (500): The callback server responded with another status. Find the reason in its log."),
            ("backlog", "1000+ pending deliveries"),
        ] {
            assert!(record.contains(&(name, value.to_owned())), "{name} {record:?}");
        }
    }
}
