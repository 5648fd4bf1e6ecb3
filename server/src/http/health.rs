//! Adds the health to webhooks that a caller reads.
//!
//! Only the operations that read webhooks do this. An operation that changes a webhook would need a second look-up after the
//! change, and an error of this look-up would hide that the change is stored.

use crate::api::problem::ApiError;
use crate::api::types;
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::convert::Shown;
use crate::model::WebhookHealth;
use crate::store::{HealthQuery, Webhook};

impl App {
    /// Returns the webhooks as the caller sees them, with their health. The order is the same.
    pub(super) async fn with_health(&self, webhooks: Vec<Webhook>, caller: &Caller) -> Result<Vec<types::Webhook>, ApiError> {
        let health = self.store.health_of(webhooks.iter().map(HealthQuery::of).collect()).await?;
        let shown = webhooks.into_iter().zip(health).map(|(webhook, health)| {
            let mut shown = webhook.shown_to(caller);
            shown.health = Some(shown_health(health));
            shown
        });
        Ok(shown.collect())
    }
}

fn shown_health(health: WebhookHealth) -> types::WebhookHealth {
    types::WebhookHealth {
        state: health.state.as_str().to_owned(),
        since: health.since,
        consecutive_failures: health.consecutive_failures,
        last_success_at: None,
        last_failure: None,
        backlog: health.backlog,
    }
}
