//! The rotation of signing secrets. At most two secrets of a webhook are valid.

use super::*;

/// The maximum number of expired secrets that one run removes.
const MAX_REMOVED_AT_ONCE: i64 = 500;

pub(super) async fn rotate(
    session: &Session,
    account: &Account,
    id: Uuid,
    secret: &Sealed,
    overlap: TimeDelta,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<Webhook>> {
    let valid_until = (overlap > TimeDelta::zero()).then(|| now + overlap);
    let rotated = session
        .query_opt(
            "UPDATE webhooks SET previous_secret = CASE WHEN $4 IS NOT NULL THEN signing_secret END, previous_valid_until = $4,
             signing_secret = $3, revision = revision + 1, updated_at = $5
             WHERE id = $1 AND account = $2 AND deleted_at IS NULL RETURNING revision",
            &[&id, &account.as_str(), &&secret.0[..], &valid_until, &now],
        )
        .await?;
    let Some(row) = rotated else { return Ok(None) };
    audit::insert_with(session, event, webhook_rows::note_change(session, account.as_str(), id, row.try_get(0)?)).await?;
    webhook_rows::get(session, Some(account), id).await
}

/// Removes previous secrets that have expired. The revision does not change, because each attempt itself checks
/// whether the previous secret is still valid.
pub(super) async fn remove_expired(session: &Session, now: DateTime<Utc>) -> SessionResult<()> {
    // If another transaction has locked a webhook, a later run removes the secret of this webhook.
    session
        .execute(
            &format!(
                "UPDATE webhooks SET previous_secret = NULL, previous_valid_until = NULL WHERE id = ANY(ARRAY(
                     SELECT id FROM webhooks WHERE previous_valid_until <= $1 LIMIT {MAX_REMOVED_AT_ONCE} FOR UPDATE SKIP LOCKED))"
            ),
            &[&now],
        )
        .await
        .map(drop)
}
