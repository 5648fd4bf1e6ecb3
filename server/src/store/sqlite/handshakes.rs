//! Handshakes. A webhook has a handshake as long as its receiver must agree and has not agreed yet.

use super::*;

/// Adds a handshake that is due now. Deactivates the webhook until its receiver has agreed. The caller must not pass a
/// deleted webhook.
pub(super) fn require(
    connection: &Connection,
    cache: &SubscriptionCache,
    webhook: &Webhook,
    challenge: &Challenge,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    if webhook.deactivation.as_ref().is_none_or(|deactivation| deactivation.reason != REASON_UNVERIFIED) {
        deactivation::deactivate(connection, cache, webhook.account.as_str(), webhook.id, REASON_UNVERIFIED, now)?;
    }
    insert(connection, webhook.id, challenge, now)
}

pub(super) fn insert(connection: &Connection, webhook_id: Uuid, challenge: &Challenge, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO handshakes (webhook_id, challenge, attempt_count, due_at) VALUES (?1, ?2, 0, ?3)")?
        .execute((Key(webhook_id), challenge.as_str(), Millis(now)))?;
    Ok(())
}

/// Handles a change of the target URL. Makes the handshake for the earlier URL void. If the webhook was deactivated for
/// another reason than a handshake, it stays deactivated. In that case, the next activation needs a handshake.
pub(super) fn handle_url_change(
    connection: &Connection,
    cache: &SubscriptionCache,
    webhook: &Webhook,
    challenge: Option<&Challenge>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    remove(connection, webhook.id)?;
    let needs_handshake = webhook.deactivation.as_ref().is_none_or(|deactivation| deactivation.reason == REASON_UNVERIFIED);
    match challenge.filter(|_| needs_handshake) {
        Some(challenge) => require(connection, cache, webhook, challenge, now),
        None => Ok(()),
    }
}

pub(super) fn remove(connection: &Connection, webhook_id: Uuid) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM handshakes WHERE webhook_id = ?1")?.execute([Key(webhook_id)])?;
    Ok(())
}

/// Whether the receiver at the current target URL has agreed.
pub(super) fn is_verified(connection: &Connection, webhook_id: Uuid) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT verified FROM webhooks WHERE id = ?1")?.query_row([Key(webhook_id)], |row| row.get(0))
}

/// Returns whether there is a due handshake that this process has not reserved yet.
pub(super) fn are_new_due(connection: &Connection, incarnation: Uuid, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM handshakes WHERE due_at <= ?1 AND taken_by IS NOT ?2")?.exists((Millis(now), Key(incarnation)))
}

/// Reserves the due handshakes for this process. So the next process knows which handshakes may have ended this process.
pub(super) fn take_due(connection: &Connection, incarnation: Uuid, now: DateTime<Utc>) -> rusqlite::Result<DueHandshakes> {
    let due = due(connection, now)?;
    connection
        .prepare_cached("UPDATE handshakes SET taken_by = ?2 WHERE due_at <= ?1 AND taken_by IS NOT ?2")?
        .execute((Millis(now), Key(incarnation)))?;
    Ok(due)
}

pub(super) fn due(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<DueHandshakes> {
    let due = connection
        .prepare_cached(
            "SELECT h.webhook_id, w.account, h.challenge, h.attempt_count,
                    EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = h.taken_by)
             FROM handshakes h JOIN webhooks w ON w.id = h.webhook_id WHERE h.due_at <= ?1 ORDER BY h.due_at",
        )?
        .query_map([Millis(now)], |row| {
            Ok(DueHandshake {
                webhook_id: row.get::<_, Key>(0)?.0,
                account: row.get(1)?,
                challenge: Challenge::stored(row.get(2)?),
                attempt: row.get::<_, u32>(3)? + 1,
                died: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let next_due = connection
        .prepare_cached("SELECT min(due_at) FROM handshakes WHERE due_at > ?1")?
        .query_row([Millis(now)], |row| row.get::<_, Option<Millis>>(0))?;
    Ok(DueHandshakes { due, next_due: next_due.map(|time| time.0) })
}

/// If the handshake made the webhook active, returns the revision of the webhook and the stored event.
pub(super) fn finish(
    connection: &Connection,
    cache: &SubscriptionCache,
    webhook_id: Uuid,
    challenge: &Challenge,
    end: HandshakeEnd,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<(u32, AuditEvent)>> {
    let webhook = Key(webhook_id);
    if let HandshakeEnd::RetryAt(due_at) = end {
        connection
            .prepare_cached(
                "UPDATE handshakes SET attempt_count = attempt_count + 1, due_at = ?3, taken_by = NULL WHERE webhook_id = ?1 AND challenge = ?2",
            )?
            .execute((&webhook, challenge.as_str(), Millis(due_at)))?;
        return Ok(None);
    }
    // An outdated challenge matches no row. An outdated challenge was sent to an earlier URL, or before the webhook was
    // deactivated again.
    let ended = connection
        .prepare_cached("DELETE FROM handshakes WHERE webhook_id = ?1 AND challenge = ?2")?
        .execute((&webhook, challenge.as_str()))?;
    if ended == 0 || end != HandshakeEnd::Verified {
        return Ok(None);
    }
    let verified = connection
        .prepare_cached(
            "UPDATE webhooks SET verified = 1, deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1,
             revision = revision + 1, updated_at = ?2 WHERE id = ?1 RETURNING account, revision",
        )?
        .query_row((&webhook, Millis(now)), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .optional()?;
    let Some((account, revision)) = verified else { return Ok(None) };
    cache.forget(&account, webhook_id);
    let event = AuditEvent::of_service(ACTIVATED, &account, webhook_id, VERIFIED, now);
    audit::insert(connection, &EventRow::from(&event))?;
    Ok(Some((revision, event)))
}
