//! The order of deliveries of webhooks that are delivered in order. The table `sequences` has the last number given.

use std::collections::{BTreeMap, HashMap};

use super::*;

/// The first of so many consecutive places in a webhook's order, behind all that were given before. Nobody else is given any,
/// or takes the next delivery of the webhook, before this transaction has ended.
pub(super) async fn reserve_block(session: &Session, webhook_id: Uuid, wanted: u32) -> Answer<i64> {
    Ok(reserve(session, &BTreeMap::from([(webhook_id, i64::from(wanted))])).await?.remove(&webhook_id).unwrap_or(1))
}

/// One place in the order of each of these webhooks.
pub(super) async fn next(session: &Session, webhooks: &[Uuid]) -> Answer<HashMap<Uuid, i64>> {
    reserve(session, &webhooks.iter().map(|id| (*id, 1)).collect()).await
}

/// The first of as many places as each of these webhooks wants.
pub(super) async fn reserve(session: &Session, wanted: &BTreeMap<Uuid, i64>) -> Answer<HashMap<Uuid, i64>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let webhooks: Vec<Uuid> = wanted.keys().copied().collect();
    let counts: Vec<i64> = wanted.values().copied().collect();
    let rows = session
        .query(
            "INSERT INTO sequences (webhook_id, last)
             SELECT webhook_id, wanted FROM UNNEST($1, $2) AS of_webhook (webhook_id, wanted) ORDER BY webhook_id
             ON CONFLICT (webhook_id) DO UPDATE SET last = sequences.last + excluded.last RETURNING webhook_id, last",
            &[&webhooks, &counts],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let (webhook_id, last): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
            Ok((webhook_id, last - wanted.get(&webhook_id).copied().unwrap_or(1) + 1))
        })
        .collect()
}

/// Holds the order of webhooks until the end of the transaction: what another has done to it is visible from here on.
pub(super) async fn hold(session: &Session, webhooks: &[Uuid]) -> Answer<()> {
    if webhooks.is_empty() {
        return Ok(());
    }
    let locked = "SELECT 1 FROM sequences WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE";
    session.query(locked, &[&webhooks.to_vec()]).await.map(drop)
}
