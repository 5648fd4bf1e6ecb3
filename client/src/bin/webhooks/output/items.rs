//! How the objects of the API are shown to people.

use webhooks_client::HealthState;
use webhooks_client::types::{AuditEvent, Auth, Delivery, DeliveryDetail, EventType, Notification, WaitingFor, Webhook, WebhookStatus};

use super::attempt::last_attempt;
use super::health::health_in_short;
use super::{Cell, Show, pretty, record_of, time};

impl Show for Webhook {
    const COLUMNS: &'static [&'static str] = &["WEBHOOK", "STATUS", "AUTH", "TYPES", "URL"];
    const OPTIONAL: &'static [&'static str] = &["AUTH"];

    fn row(&self) -> Vec<Cell> {
        let auth = auth(&self.auth).0.to_owned();
        vec![Cell::Id(self.id), Cell::Result(status(self)), Cell::Short(auth), event_types(self).into(), self.target_url.as_str().into()]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let (kind, details) = auth(&self.auth);
        let deactivation = self.deactivation.as_ref().map(|it| format!("{}, since {}", it.reason.as_str(), time(&it.at)));
        record_of([
            ("webhook", Some(self.id.to_string())),
            ("account", self.account.as_ref().map(|account| account.to_string())),
            ("url", Some(self.target_url.to_string())),
            ("status", Some(self.status.to_string())),
            ("deactivated", deactivation),
            ("health", self.health.as_ref().map(health_in_short)),
            ("auth", Some(format!("{kind}{details}"))),
            ("headers", (!self.headers.is_empty()).then(|| header_names(self))),
            ("types", Some(event_types(self))),
            ("max per second", self.max_per_second.map(|rate| rate.to_string())),
            ("ordered", self.ordered.map(|ordered| ordered.to_string())),
            ("description", self.description.as_ref().map(|text| text.as_str().to_owned())),
            ("created", Some(time(&self.created_at))),
            ("updated", Some(time(&self.updated_at))),
        ])
    }
}

/// Returns the status, or the state of an active webhook that is not healthy.
fn status(webhook: &Webhook) -> String {
    match webhook.health.as_ref().map(|health| &health.state) {
        Some(state) if webhook.status == WebhookStatus::Active && *state != HealthState::Healthy => state.to_string(),
        _ => webhook.status.to_string(),
    }
}

/// Returns the names of the custom headers. The API does not return the values of these headers.
fn header_names(webhook: &Webhook) -> String {
    webhook.headers.iter().map(|header| header.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn event_types(webhook: &Webhook) -> String {
    let types: Vec<&str> = webhook.event_types.iter().map(|item| item.as_str()).collect();
    if types.is_empty() { "all".to_owned() } else { types.join(", ") }
}

fn auth(auth: &Auth) -> (&'static str, String) {
    match auth {
        Auth::Basic { username } => ("basic", format!(" as {}", username.as_str())),
        Auth::ClientCredential { audience, client_id, scope, token_url } => {
            let scope = scope.as_ref().map_or_else(String::new, |scope| format!(", scope {}", scope.as_str()));
            let audience = audience.as_ref().map_or_else(String::new, |audience| format!(", audience {}", audience.as_str()));
            ("client_credential", format!(" as {} at {}{scope}{audience}", client_id.as_str(), token_url.as_str()))
        }
        Auth::Noauth => ("noauth", String::new()),
    }
}

impl Show for Notification {
    const COLUMNS: &'static [&'static str] = &["NOTIFICATION", "TYPE", "DELIVERIES", "CREATED"];

    fn row(&self) -> Vec<Cell> {
        vec![Cell::Id(self.id), self.type_.as_str().into(), Cell::Short(self.delivery_count.to_string()), Cell::Time(self.created_at)]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([
            ("notification", Some(self.id.to_string())),
            ("account", self.account.as_ref().map(|account| account.to_string())),
            ("type", Some(self.type_.to_string())),
            ("deliveries", Some(self.delivery_count.to_string())),
            ("created", Some(time(&self.created_at))),
            ("data", Some(pretty(self.data.as_str()))),
        ])
    }
}

impl Show for EventType {
    const COLUMNS: &'static [&'static str] = &["TYPE", "EXAMPLE", "DESCRIPTION"];

    fn row(&self) -> Vec<Cell> {
        let example = if self.example.is_some() { "yes" } else { "no" };
        let first_line = self.description.lines().next().unwrap_or_default();
        vec![self.name.as_str().into(), Cell::Short(example.to_owned()), first_line.into()]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([
            ("type", Some(self.name.to_string())),
            ("description", Some(self.description.to_string())),
            ("example", self.example.as_ref().map(|example| pretty(example.as_str()))),
        ])
    }
}

/// Returns why a delivery waits, without the explanation: the reason and the times.
pub(crate) fn waiting(waiting_for: &WaitingFor) -> String {
    let until = waiting_for.until.as_ref().map_or_else(String::new, |until| format!(", until {}", time(until)));
    format!("{}, since {}{until}", waiting_for.reason, time(&waiting_for.since))
}

/// Returns the rows of a delivery, alone or in a list. The two generated types have no trait in common.
macro_rules! delivery_rows {
    ($delivery:ident) => {
        record_of([
            ("delivery", Some($delivery.id.to_string())),
            ("account", $delivery.account.as_ref().map(|account| account.to_string())),
            ("status", Some($delivery.status.to_string())),
            ("type", Some($delivery.notification.type_.to_string())),
            ("notification", Some($delivery.notification.id.to_string())),
            ("webhook", Some($delivery.webhook.id.to_string())),
            ("created", Some(time(&$delivery.created_at))),
            ("next attempt", $delivery.next_attempt_at.as_ref().map(time)),
            ("waits for", $delivery.waiting_for.as_ref().map(waiting)),
            ("preceding", $delivery.waiting_for.as_ref().and_then(|it| Some(it.preceding_delivery.as_ref()?.id.to_string()))),
            ("explanation", $delivery.waiting_for.as_ref().map(|waiting_for| waiting_for.explanation.to_string())),
            ("attempts", Some($delivery.attempt_count.to_string())),
        ])
    };
}

impl Show for Delivery {
    const COLUMNS: &'static [&'static str] = &["DELIVERY", "STATUS", "ATTEMPTS", "CREATED", "TYPE", "WEBHOOK", "WAITS FOR", "LAST ATTEMPT"];
    const OPTIONAL: &'static [&'static str] = &["ATTEMPTS", "WEBHOOK"];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::Id(self.id),
            Cell::Result(self.status.to_string()),
            Cell::Short(self.attempt_count.to_string()),
            Cell::Time(self.created_at),
            self.notification.type_.as_str().into(),
            Cell::Id(self.webhook.id),
            self.waiting_for.as_ref().map_or_else(String::new, |waiting_for| waiting_for.reason.to_string()).into(),
            self.last_attempt.as_ref().map_or_else(String::new, last_attempt).into(),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        delivery_rows!(self)
    }
}

impl Show for DeliveryDetail {
    const COLUMNS: &'static [&'static str] = &["DELIVERY", "STATUS", "ATTEMPTS"];

    fn row(&self) -> Vec<Cell> {
        vec![Cell::Id(self.id), Cell::Result(self.status.to_string()), Cell::Short(self.attempt_count.to_string())]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        let mut rows = delivery_rows!(self);
        for attempt in &self.attempts {
            rows.push(("", String::new()));
            rows.extend(attempt.record());
        }
        rows
    }
}

impl Show for AuditEvent {
    const COLUMNS: &'static [&'static str] = &["TIME", "ACTION", "OBJECT", "ACTOR", "RESULT", "COUNT", "ADDRESS"];
    const OPTIONAL: &'static [&'static str] = &["COUNT", "ADDRESS", "ACTOR"];

    fn row(&self) -> Vec<Cell> {
        let object = self.object.as_ref().map_or_else(String::new, |object| format!("{} {}", object.type_.as_str(), object.id.as_str()));
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.as_str()));
        vec![
            Cell::Time(self.at),
            self.action.as_str().into(),
            object.into(),
            self.user.as_ref().map_or_else(|| self.actor.to_string(), |user| format!("{} {}", self.actor.as_str(), user.as_str())).into(),
            Cell::Result(format!("{}{reason}", self.result.as_str())),
            Cell::Short(self.count.map_or_else(String::new, |count| count.to_string())),
            Cell::Short(self.address.as_ref().map_or_else(String::new, |address| address.as_str().to_owned())),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        record_of([("time", Some(time(&self.at))), ("action", Some(self.action.to_string())), ("result", Some(self.result.to_string()))])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::{Screen, table};

    #[test]
    fn deliveries_fit_80_and_140_columns_and_show_the_last_error() {
        let delivery = |number: u8, outcome: &str, status: &str| -> Delivery {
            let id = format!("0197a5a0-3c{number:02x}-7d2a-9f10-6b1f2f6f3d55");
            let attempt = json!({
                "number": 10, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 7, "outcome": outcome,
                "error": "the certificate of catalog.example.com expired on 2026-01-02, so replace it on the server",
            });
            let delivery = json!({
                "id": id, "notification": { "id": id, "type": "catalog.purchase.closed" }, "webhook": { "id": id }, "status": status,
                "attemptCount": 10, "createdAt": "2006-01-02T15:04:05Z", "lastAttempt": attempt,
            });
            serde_json::from_value(delivery).expect("a delivery")
        };
        let mut deliveries = [delivery(1, "client_certificate_required", "cancelled"), delivery(2, "certificate_invalid", "failed")];
        for (width, error, has_webhook) in [(80, "certificate_", false), (140, "certificate_invalid: the certificate of ca", true)] {
            let text = shown(width, &deliveries);
            assert!(text.contains(error) && text.contains("WEBHOOK") == has_webhook && !text.contains("WAITS FOR"), "{text}");
        }
        let waiting_for = json!({
            "reason": "preceding_delivery", "since": "2006-01-02T15:04:05Z", "explanation": "It waits.",
            "help": "/docs#waiting-preceding_delivery",
        });
        deliveries[1].waiting_for = Some(serde_json::from_value(waiting_for).expect("a wait"));
        for (width, reason) in [(80, "precedin"), (140, "preceding_delivery ")] {
            let text = shown(width, &deliveries);
            assert!(text.contains(reason) && text.contains("WAITS FOR") && text.contains("certific"), "{text}");
        }
    }

    fn shown(width: usize, deliveries: &[Delivery]) -> String {
        let rows: Vec<Vec<Cell>> = deliveries.iter().map(Show::row).collect();
        let text = table(Screen { width: Some(width), colour: false }, Delivery::COLUMNS, Delivery::OPTIONAL, &rows);
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        text
    }
}
