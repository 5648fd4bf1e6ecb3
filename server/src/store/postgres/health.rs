//! The health of webhooks.

use std::collections::HashMap;

use super::pauses::Paused;
use super::*;
use crate::api::types::MAX_BACKLOG;
use crate::store::shared::health::health;

/// Reads the failures and the backlog of webhooks. Counts at most `$3` pending deliveries of each webhook.
const FACTS: &str = "SELECT asked.id, failing.since, failing.attempts,
         (SELECT count(*) FROM (
             SELECT 1 FROM pending WHERE webhook_id = asked.id AND epoch = asked.epoch AND lane < 3
             ORDER BY webhook_id, epoch, lane, due_at, delivery_id LIMIT $3) counted)
     FROM UNNEST($1, $2) AS asked (id, epoch)
     LEFT JOIN LATERAL (SELECT since, attempts FROM failures WHERE webhook_id = asked.id LIMIT 1) failing ON true";

/// Returns the health of these webhooks, in the same order.
pub(super) async fn of(session: &Session, webhooks: &[HealthQuery]) -> SessionResult<Vec<WebhookHealth>> {
    if webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let paused = Paused::read(session).await?;
    let ids: Vec<Uuid> = webhooks.iter().map(|webhook| webhook.id).collect();
    let epochs: Vec<i32> = webhooks.iter().map(|webhook| int(webhook.epoch)).collect();
    let mut facts = HashMap::with_capacity(webhooks.len());
    for row in session.query(FACTS, &[&ids, &epochs, &i64::from(MAX_BACKLOG)]).await? {
        let failures: (Option<DateTime<Utc>>, Option<i32>) = (row.try_get(1)?, row.try_get(2)?);
        let failures = failures.0.zip(failures.1).map(|(since, attempts)| Failures { since, attempts: count(attempts) });
        let backlog = u32::try_from(row.try_get::<_, i64>(3)?).unwrap_or(MAX_BACKLOG);
        facts.insert(row.try_get::<_, Uuid>(0)?, (failures, backlog));
    }
    let of_webhook = |webhook: &HealthQuery| {
        let (failures, backlog) = facts.get(&webhook.id).copied().unwrap_or_default();
        health(webhook, paused.scopes(), failures, backlog)
    };
    Ok(webhooks.iter().map(of_webhook).collect())
}
