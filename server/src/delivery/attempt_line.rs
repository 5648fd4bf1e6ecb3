//! The log lines and the spans of attempts, and the limits of repeated lines.

use chrono::{DateTime, SecondsFormat, Utc};
use opentelemetry::KeyValue;
use url::Url;
use uuid::Uuid;

use super::attempt::Sent;
use super::{Engine, Leased};
use crate::model::Next;
use crate::sampler::Sampler;
use crate::slots::HealthChange;
use crate::spans::Period;
use crate::store::Destination;

/// The fields of the line. `LOGS.md` describes them.
pub(super) struct AttemptLine<'a> {
    pub(super) account: &'a str,
    pub(super) webhook: Uuid,
    /// `None` for a handshake, which belongs to no delivery.
    pub(super) delivery: Option<Uuid>,
    pub(super) number: u32,
    pub(super) url: &'a Url,
    pub(super) sent: &'a Sent,
    /// When the next attempt is due.
    pub(super) next: Option<DateTime<Utc>>,
}

impl slog::KV for AttemptLine<'_> {
    fn serialize(&self, record: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        serializer.emit_str("account".into(), self.account)?;
        serializer.emit_arguments("webhook".into(), &format_args!("{}", self.webhook))?;
        if let Some(delivery) = self.delivery {
            serializer.emit_arguments("delivery".into(), &format_args!("{delivery}"))?;
        }
        serializer.emit_u32("attempt".into(), self.number)?;
        serializer.emit_str("host".into(), self.url.host_str().unwrap_or_default())?;
        slog::KV::serialize(&self.sent, record, serializer)?;
        serializer.emit_str("next".into(), &time(self.next))
    }
}

/// Returns the time of the next attempt as a text for the log.
pub(super) fn time(next: Option<DateTime<Utc>>) -> String {
    next.map_or_else(|| "none".to_owned(), |next| next.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Limits the repeated lines of the engine.
#[derive(Default)]
pub(super) struct SampledLines {
    /// By webhook and outcome.
    failed: Sampler<(Uuid, &'static str)>,
    pub(super) not_made: Sampler<()>,
    /// By action.
    pub(super) not_updated: Sampler<&'static str>,
    /// By action.
    pub(super) handshakes: Sampler<&'static str>,
}

impl Engine {
    /// Logs an attempt: a success at level `debug`, a failure at level `info`. Repeated failures of a webhook with the same
    /// outcome are sampled at level `info`.
    pub(super) fn log_attempt(&self, leased: &Leased, url: &Url, sent: &Sent, next: Next, now: DateTime<Utc>) {
        let Destination { webhook_id, account, .. } = &*leased.destination;
        let line = AttemptLine {
            account,
            webhook: *webhook_id,
            delivery: Some(leased.delivery_id),
            number: leased.attempt,
            url,
            sent,
            next: next.due_at(),
        };
        if sent.accepted() {
            slog::debug!(self.log, # "attempt.succeeded", "attempt ended"; line);
        } else if let Some(omitted) = self.lines.failed.sample((*webhook_id, sent.outcome.as_str()), now) {
            slog::info!(self.log, # "attempt.failed", "attempt ended"; line, "omitted" => omitted);
        } else {
            slog::debug!(self.log, # "attempt.failed", "attempt ended"; line, "omitted" => 0);
        }
    }

    pub(super) fn log_health(&self, destination: &Destination, change: HealthChange, now: DateTime<Utc>) {
        let (account, webhook) = (&*destination.account, destination.webhook_id.to_string());
        match change {
            HealthChange::Failing { failures } => {
                slog::warn!(self.log, # "webhook.failing", "the webhook fails; this node now sends it one delivery at a time, with pauses";
                    "account" => account, "webhook" => webhook, "failures" => failures);
            }
            HealthChange::Recovered { failures, failing_since } => {
                slog::info!(self.log, # "webhook.recovered", "the webhook accepts deliveries again";
                    "account" => account, "webhook" => webhook, "failures" => failures,
                    "duration_ms" => (now - failing_since).num_milliseconds());
            }
        }
    }
    /// Sends the span of an attempt and, if the delivery has ended, the span of the delivery.
    pub(super) fn send_spans(&self, leased: &Leased, url: &Url, sent: &Sent, next: Next, now: DateTime<Utc>) {
        let spans = &self.settings.spans;
        if !spans.are_on() {
            return;
        }
        let Destination { webhook_id, account, .. } = &*leased.destination;
        let mut attributes = vec![
            KeyValue::new("webhooks.account", account.to_string()),
            KeyValue::new("webhooks.webhook", webhook_id.to_string()),
            KeyValue::new("webhooks.delivery", leased.delivery_id.to_string()),
            KeyValue::new("webhooks.attempt", i64::from(leased.attempt)),
            KeyValue::new("webhooks.outcome", sent.outcome.as_str()),
            KeyValue::new("server.address", url.host_str().unwrap_or_default().to_owned()),
        ];
        attributes.extend(sent.status_code.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        let period = Period { begin: sent.started_at, duration: sent.duration, attributes, error: sent.error.clone() };
        let (notification, context) = (leased.notification.id, leased.notification.trace.as_ref());
        spans.attempt(notification, leased.delivery_id, leased.attempt, context, period);
        if next.due_at().is_none() {
            spans.delivery(notification, leased.delivery_id, context, now, sent.error.clone());
        }
    }
}
