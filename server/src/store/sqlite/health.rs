//! The health of webhooks.

use super::*;
use crate::api::types::MAX_BACKLOG;
use crate::store::shared::health::health;

/// Returns the health of these webhooks, in the same order.
pub(super) fn of(connection: &Connection, webhooks: &[HealthQuery]) -> rusqlite::Result<Vec<WebhookHealth>> {
    let paused = pauses::read(connection)?;
    let mut failures = connection.prepare_cached("SELECT since, attempts FROM failures WHERE webhook_id = ?1")?;
    let mut backlog = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_waiting
             WHERE webhook_id = ?1 AND epoch = ?2 AND status = 0 LIMIT ?3)",
    )?;
    let mut of_webhook = |webhook: &HealthQuery| {
        let failures = failures
            .query_row([Key(webhook.id)], |row| Ok(Failures { since: row.get::<_, Millis>(0)?.0, attempts: row.get(1)? }))
            .optional()?;
        let backlog = backlog.query_row((Key(webhook.id), webhook.epoch, MAX_BACKLOG), |row| row.get(0))?;
        Ok(health(webhook, &paused, failures, backlog))
    };
    webhooks.iter().map(&mut of_webhook).collect()
}
