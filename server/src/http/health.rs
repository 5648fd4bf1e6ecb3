//! Adds the health to webhooks that a caller reads.
//!
//! Only the operations that read webhooks do this. An operation that changes a webhook would need a second look-up after the
//! change, and an error of this look-up would hide that the change is stored.

use std::collections::HashMap;

use uuid::Uuid;

use crate::api::problem::ApiError;
use crate::api::types;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::convert::{Shown, help};
use crate::model::{Outcome, WebhookHealth};
use crate::store::{HealthQuery, LatestAttempts, Webhook};

impl App {
    /// Returns the webhooks as the caller sees them, with their health. The order is the same.
    pub(super) async fn with_health(&self, webhooks: Vec<Webhook>, caller: &Caller) -> Result<Vec<types::Webhook>, ApiError> {
        let (queries, ids) = (webhooks.iter().map(HealthQuery::of).collect(), webhooks.iter().map(|webhook| webhook.id).collect());
        let (health, latest) = tokio::try_join!(self.store.health_of(queries), self.store.latest_attempts(ids))?;
        let mut latest: HashMap<Uuid, LatestAttempts> = latest.into_iter().collect();
        let shown = webhooks.into_iter().zip(health).map(|(webhook, health)| {
            let latest = latest.remove(&webhook.id).unwrap_or_default();
            types::Webhook { health: Some(shown_health(health, latest)), ..webhook.shown_to(caller) }
        });
        Ok(shown.collect())
    }
}

fn shown_health(health: WebhookHealth, latest: LatestAttempts) -> types::WebhookHealth {
    types::WebhookHealth {
        state: health.state.as_str().to_owned(),
        since: health.since,
        consecutive_failures: health.consecutive_failures,
        last_success_at: latest.succeeded_at,
        last_failure: latest.failed.map(|failed| {
            let known = Outcome::parse(&failed.outcome);
            types::WebhookFailure {
                at: failed.at,
                status_code: failed.status_code,
                explanation: known.map(Outcome::explanation),
                help: known.map(help),
                outcome: failed.outcome,
            }
        }),
        backlog: health.backlog,
    }
}
