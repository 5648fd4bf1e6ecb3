//! Counting the failed attempts of each webhook since its most recent success.

use super::*;

/// Removes the stored failures of the webhooks in `succeeded`. To avoid deadlocks, also locks the rows that
/// `count_many` will change. Locks these rows in the order of their keys. Returns the removed failures about which the
/// account was warned.
pub(super) async fn remove_before_counting(
    session: &Session,
    succeeded: Vec<Uuid>,
    failing: Vec<Uuid>,
) -> SessionResult<Vec<(Uuid, Failures)>> {
    if succeeded.is_empty() {
        return Ok(Vec::new());
    }
    let locked = [&succeeded[..], &failing].concat();
    if !failing.is_empty() {
        session.query("SELECT 1 FROM webhooks WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", &[&failing]).await?;
    }
    session.query("SELECT 1 FROM failures WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE", &[&locked]).await?;
    let removed = "DELETE FROM failures WHERE webhook_id = ANY($1) RETURNING webhook_id, since, attempts, warned";
    let rows = session.query(removed, &[&succeeded]).await?;
    let mut warned = Vec::new();
    for row in &rows {
        if row.try_get(3)? {
            warned.push((row.try_get(0)?, Failures { since: row.try_get(1)?, attempts: count(row.try_get(2)?) }));
        }
    }
    Ok(warned)
}

/// Counts failed attempts. Each webhook occurs once in `counted`, with the end of its first failed attempt and the
/// number of its failed attempts. Returns the failures of each active webhook, and whether the account was already
/// warned. Locks the webhooks until the transaction ends.
pub(super) async fn count_many(session: &Session, counted: &[(Uuid, DateTime<Utc>, u32)]) -> SessionResult<Vec<(Uuid, Failures, bool)>> {
    if counted.is_empty() {
        return Ok(Vec::new());
    }
    let webhooks: Vec<Uuid> = counted.iter().map(|(webhook_id, ..)| *webhook_id).collect();
    let times: Vec<DateTime<Utc>> = counted.iter().map(|(_, since, _)| *since).collect();
    let attempts: Vec<i32> = counted.iter().map(|(.., attempts)| int(*attempts)).collect();
    let rows = session
        .query(
            "WITH active AS (
                 SELECT id FROM webhooks WHERE id = ANY($1) AND deleted_at IS NULL AND deactivation_reason IS NULL
                 ORDER BY id FOR NO KEY UPDATE)
             INSERT INTO failures (webhook_id, since, attempts, warned)
             SELECT counted.webhook_id, counted.since, counted.attempts, false
             FROM UNNEST($1, $2, $3) AS counted (webhook_id, since, attempts) JOIN active ON active.id = counted.webhook_id
             ORDER BY counted.webhook_id
             ON CONFLICT (webhook_id) DO UPDATE SET attempts = failures.attempts + excluded.attempts
             RETURNING webhook_id, since, attempts, warned",
            &[&webhooks, &times, &attempts],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let failures = Failures { since: row.try_get(1)?, attempts: count(row.try_get(2)?) };
            Ok((row.try_get(0)?, failures, row.try_get(3)?))
        })
        .collect()
}

/// Removes the stored failures of a webhook.
pub(super) async fn remove(session: &Session, webhook_id: Uuid) -> SessionResult<()> {
    session.execute("DELETE FROM failures WHERE webhook_id = $1", &[&webhook_id]).await.map(drop)
}
