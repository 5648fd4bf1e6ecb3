//! Handshakes. A webhook has a handshake until its receiver has agreed.

use super::*;

/// Adds a handshake that is due now. Deactivates the webhook until its receiver has agreed. The caller must not pass a
/// deleted webhook.
pub(super) async fn require(session: &Session, webhook: &Webhook, challenge: &Challenge, now: DateTime<Utc>) -> SessionResult<()> {
    insert(session, webhook.id, challenge, now).await?;
    if webhook.deactivation.as_ref().is_none_or(|deactivation| deactivation.reason != REASON_UNVERIFIED) {
        deactivation::deactivate(session, webhook.account.as_str(), webhook.id, REASON_UNVERIFIED, now).await?;
    }
    Ok(())
}

pub(super) async fn insert(session: &Session, webhook_id: Uuid, challenge: &Challenge, now: DateTime<Utc>) -> SessionResult<()> {
    session
        .execute(
            "INSERT INTO handshakes (webhook_id, challenge, attempt_count, due_at) VALUES ($1, $2, 0, $3)
             ON CONFLICT (webhook_id) DO UPDATE SET challenge = excluded.challenge, attempt_count = 0, due_at = excluded.due_at,
                 taken_by = NULL",
            &[&webhook_id, &challenge.as_str(), &now],
        )
        .await
        .map(drop)
}

/// Handles a change of a webhook's URL. The handshake for the earlier URL is void. If the webhook was deactivated for a
/// reason other than a handshake, it stays deactivated. In this case, the next activation needs a handshake.
pub(super) async fn handle_url_change(
    session: &Session,
    webhook: &Webhook,
    challenge: Option<&Challenge>,
    now: DateTime<Utc>,
) -> SessionResult<()> {
    remove(session, webhook.id).await?;
    let needs_handshake = webhook.deactivation.as_ref().is_none_or(|deactivation| deactivation.reason == REASON_UNVERIFIED);
    match challenge.filter(|_| needs_handshake) {
        Some(challenge) => require(session, webhook, challenge, now).await,
        None => Ok(()),
    }
}

pub(super) async fn remove(session: &Session, webhook_id: Uuid) -> SessionResult<()> {
    session.execute("DELETE FROM handshakes WHERE webhook_id = $1", &[&webhook_id]).await.map(drop)
}

/// Whether the receiver at the webhook's current URL has agreed.
pub(super) async fn is_verified(session: &Session, webhook_id: Uuid) -> SessionResult<bool> {
    Ok(session.query_one("SELECT verified FROM webhooks WHERE id = $1", &[&webhook_id]).await?.try_get(0)?)
}

/// Reserves for this node the due handshakes that no other living node performs. Each reserved handshake belongs to
/// this node until the node has finished it.
pub(super) async fn due(session: &Session, incarnation: Uuid, now: DateTime<Utc>) -> SessionResult<DueHandshakes> {
    let due = session
        .query(
            &format!(
                "WITH free AS (
                     SELECT h.webhook_id, EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = h.taken_by) AS died
                     FROM handshakes h WHERE h.due_at <= $2 AND {IS_FREE}
                     ORDER BY h.due_at FOR UPDATE OF h SKIP LOCKED),
                 taken AS (
                     UPDATE handshakes SET taken_by = $1 WHERE webhook_id = ANY(ARRAY(SELECT webhook_id FROM free))
                     RETURNING webhook_id, challenge, attempt_count, due_at)
                 SELECT h.webhook_id, w.account, h.challenge, h.attempt_count,
                     coalesce((SELECT f.died FROM free f WHERE f.webhook_id = h.webhook_id), false)
                 FROM (SELECT * FROM taken UNION ALL
                       SELECT webhook_id, challenge, attempt_count, due_at FROM handshakes WHERE due_at <= $2 AND taken_by = $1) h
                 CROSS JOIN LATERAL (SELECT account FROM webhooks WHERE id = h.webhook_id LIMIT 1) w
                 ORDER BY h.due_at"
            ),
            &[&incarnation, &now],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(DueHandshake {
                webhook_id: row.try_get(0)?,
                account: row.try_get(1)?,
                challenge: Challenge::stored(row.try_get(2)?),
                attempt: count(row.try_get(3)?) + 1,
                died: row.try_get(4)?,
            })
        })
        .collect::<SessionResult<_>>()?;
    let sql = format!("SELECT min(h.due_at) FROM handshakes h WHERE h.due_at > $2 AND (h.taken_by = $1 OR {IS_FREE})");
    let next_due = session.query_one(&sql, &[&incarnation, &now]).await?.try_get(0)?;
    Ok(DueHandshakes { due, next_due })
}

/// Whether no living node performs the handshake in row `h` of `handshakes`. `$1` is this node's incarnation.
const IS_FREE: &str =
    "(h.taken_by IS NULL OR (h.taken_by <> $1 AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = h.taken_by)))";

/// Records the result of an attempt of a handshake. If the handshake has activated the webhook, returns the webhook's
/// new revision and the stored event.
pub(super) async fn finish(
    session: &Session,
    webhook_id: Uuid,
    challenge: &Challenge,
    end: HandshakeEnd,
    now: DateTime<Utc>,
) -> SessionResult<Option<(u32, AuditEvent)>> {
    if let HandshakeEnd::RetryAt(due_at) = end {
        session
            .execute(
                "UPDATE handshakes SET attempt_count = attempt_count + 1, due_at = $3, taken_by = NULL
                 WHERE webhook_id = $1 AND challenge = $2",
                &[&webhook_id, &challenge.as_str(), &due_at],
            )
            .await?;
        return Ok(None);
    }
    let Some(webhook) = webhook_rows::get_for_change(session, None, webhook_id).await? else { return Ok(None) };
    // An outdated challenge matches no row. It was sent to another URL, or before the webhook was deactivated.
    let ended =
        session.execute("DELETE FROM handshakes WHERE webhook_id = $1 AND challenge = $2", &[&webhook_id, &challenge.as_str()]).await?;
    if ended == 0 || end != HandshakeEnd::Verified {
        return Ok(None);
    }
    let verified = session
        .query_one(
            "UPDATE webhooks SET verified = true, deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1,
             revision = revision + 1, updated_at = $2 WHERE id = $1 RETURNING revision",
            &[&webhook_id, &now],
        )
        .await?;
    let revision = verified.try_get(0)?;
    let (account, event) =
        (webhook.account.as_str(), AuditEvent::of_service(ACTIVATED, webhook.account.as_str(), webhook_id, VERIFIED, now));
    audit::insert_with(session, &EventRow::from(&event), webhook_rows::note_change(session, account, webhook_id, revision)).await?;
    Ok(Some((count(revision), event)))
}
