//! The positions of deliveries in ordered webhooks. The table `sequences` has the last position of each webhook.

use std::collections::{BTreeMap, HashMap};

use super::*;

/// Reserves `count` consecutive positions at the end of a webhook's order and returns the first of these positions.
/// Until this transaction ends, no other transaction reserves positions of the webhook or leases its next delivery.
pub(super) async fn reserve_block(session: &Session, webhook_id: Uuid, count: u32) -> SessionResult<i64> {
    Ok(reserve(session, &BTreeMap::from([(webhook_id, i64::from(count))])).await?.remove(&webhook_id).unwrap_or(1))
}

/// Reserves one position in the order of each of these webhooks, and returns the positions.
pub(super) async fn next(session: &Session, webhooks: &[Uuid]) -> SessionResult<HashMap<Uuid, i64>> {
    reserve(session, &webhooks.iter().map(|id| (*id, 1)).collect()).await
}

/// Reserves the given number of positions for each webhook. Returns the first reserved position of each webhook.
pub(super) async fn reserve(session: &Session, counts: &BTreeMap<Uuid, i64>) -> SessionResult<HashMap<Uuid, i64>> {
    if counts.is_empty() {
        return Ok(HashMap::new());
    }
    let webhooks: Vec<Uuid> = counts.keys().copied().collect();
    let numbers: Vec<i64> = counts.values().copied().collect();
    let rows = session
        .query(
            "INSERT INTO sequences (webhook_id, last)
             SELECT webhook_id, wanted FROM UNNEST($1, $2) AS of_webhook (webhook_id, wanted) ORDER BY webhook_id
             ON CONFLICT (webhook_id) DO UPDATE SET last = sequences.last + excluded.last RETURNING webhook_id, last",
            &[&webhooks, &numbers],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let (webhook_id, last): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
            Ok((webhook_id, last - counts.get(&webhook_id).copied().unwrap_or(1) + 1))
        })
        .collect()
}

/// Locks the rows of these webhooks in `sequences` until the transaction ends. Later statements of this transaction see
/// the changes of all transactions that held these locks earlier.
pub(super) async fn lock(session: &Session, webhooks: &[Uuid]) -> SessionResult<()> {
    if webhooks.is_empty() {
        return Ok(());
    }
    let locked = "SELECT 1 FROM sequences WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE";
    session.query(locked, &[&webhooks.to_vec()]).await.map(drop)
}
