//! The pauses for which receivers have asked.

use std::collections::BTreeMap;

use super::*;

/// Stores holds, and removes those that have ended. A shorter hold does not replace a longer one. A hold begins now,
/// unless an earlier one has not ended. The holds must have different webhooks, in the order of their identifiers, so
/// that two transactions lock the rows in the same order.
pub(super) async fn store(session: &Session, holds: &BTreeMap<Uuid, DateTime<Utc>>, now: DateTime<Utc>) -> SessionResult<()> {
    let (webhooks, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = holds.iter().map(|(webhook_id, until)| (*webhook_id, *until)).unzip();
    let expired = "DELETE FROM holds WHERE webhook_id = ANY(ARRAY(
        SELECT webhook_id FROM holds WHERE held_until <= $1 ORDER BY webhook_id FOR UPDATE SKIP LOCKED))";
    session.execute(expired, &[&now]).await?;
    let insert = "INSERT INTO holds (webhook_id, since, held_until) SELECT id, $3, held_until FROM UNNEST($1, $2) AS new (id, held_until)
        ON CONFLICT (webhook_id) DO UPDATE SET held_until = greatest(holds.held_until, excluded.held_until),
            since = CASE WHEN holds.held_until <= $3 THEN $3 ELSE holds.since END";
    session.execute(insert, &[&webhooks, &times, &now]).await.map(drop)
}

pub(super) async fn remove(session: &Session, webhook_id: Uuid) -> SessionResult<()> {
    session.execute("DELETE FROM holds WHERE webhook_id = $1", &[&webhook_id]).await.map(drop)
}

/// Returns the holds that have not ended.
pub(super) async fn list(session: &Session, now: DateTime<Utc>) -> SessionResult<Vec<Hold>> {
    let rows = session.query("SELECT webhook_id, held_until FROM holds WHERE held_until > $1", &[&now]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
