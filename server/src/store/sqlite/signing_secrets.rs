//! The rotation of signing secrets. A webhook has at most two valid secrets at the same time.

use super::*;

pub(super) fn rotate(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &Account,
    id: Uuid,
    secret: &Sealed,
    overlap: TimeDelta,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Webhook>> {
    cache.forget(account.as_str(), id);
    let valid_until = (overlap > TimeDelta::zero()).then(|| now + overlap);
    connection
        .prepare_cached(
            "UPDATE webhooks SET previous_secret = iif(?4 IS NULL, NULL, signing_secret), previous_valid_until = ?4, signing_secret = ?3,
             revision = revision + 1, updated_at = ?5 WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL",
        )?
        .execute((Key(id), account.as_str(), &secret.0, valid_until.map(Millis), Millis(now)))?;
    webhook_rows::get(connection, Some(account), id)
}

/// Removes previous secrets that have expired. The revision does not change, because each attempt itself checks
/// whether the previous secret is still valid.
pub(super) fn remove_expired(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE webhooks SET previous_secret = NULL, previous_valid_until = NULL WHERE previous_valid_until <= ?1")?
        .execute([Millis(now)])?;
    Ok(())
}
