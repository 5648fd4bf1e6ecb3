//! Counting the failed attempts of webhooks since they last accepted something.

use super::*;

/// Forgets what was counted of webhooks that have accepted something. Two transactions that each forget what the other counts
/// would wait for one another: so what `count_many` is about to change is locked with it, in order.
pub(super) async fn forget_before_counting(session: &Session, accepting: Vec<Uuid>, failing: Vec<Uuid>) -> Answer<()> {
    if accepting.is_empty() {
        return Ok(());
    }
    let locked = [&accepting[..], &failing].concat();
    if !failing.is_empty() {
        session.query("SELECT 1 FROM webhooks WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", &[&failing]).await?;
    }
    session.query("SELECT 1 FROM failures WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE", &[&locked]).await?;
    session.execute("DELETE FROM failures WHERE webhook_id = ANY($1)", &[&accepting]).await.map(drop)
}

/// Counts attempts of webhooks that failed: of each, named once, when the first of them ended and how many they are. Answers
/// what has failed of each that is active, and whether its account has been warned. Nobody else changes these webhooks before
/// the transaction has ended.
pub(super) async fn count_many(session: &Session, counted: &[(Uuid, DateTime<Utc>, u32)]) -> Answer<Vec<(Uuid, Failures, bool)>> {
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

/// What was counted of a webhook says nothing any more: it has accepted something, or begins anew.
pub(super) async fn forget(session: &Session, webhook_id: Uuid) -> Answer<()> {
    session.execute("DELETE FROM failures WHERE webhook_id = $1", &[&webhook_id]).await.map(drop)
}
