//! Registering, changing, activating and deleting webhooks.

use super::webhook_rows::WEBHOOK;
use super::*;
use crate::store::shared::texts;

pub(super) fn register(
    connection: &Connection,
    cache: &SubscriptionCache,
    webhook: &Webhook,
    handshake: Option<&Challenge>,
    limit: u32,
    registrant: Registrant,
) -> rusqlite::Result<bool> {
    if cache.count(connection, &webhook.account)? >= limit {
        return Ok(false);
    }
    connection
        .prepare_cached(&format!(
            "INSERT INTO webhooks ({WEBHOOK}, registrant)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, NULL, NULL, ?17, ?18, ?19)"
        ))?
        .execute(rusqlite::params![
            Key(webhook.id),
            webhook.account.as_str(),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.signing_secret.0,
            webhook.event_types.as_ref().map(texts::event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.max_per_second,
            webhook.ordered,
            webhook.deactivation.as_ref().map(|deactivation| &deactivation.reason),
            webhook.deactivation.as_ref().map(|deactivation| Millis(deactivation.at)),
            webhook.epoch,
            webhook.revision,
            Millis(webhook.created_at),
            Millis(webhook.updated_at),
            webhook.headers.as_ref().map(texts::header_names_to_text),
            webhook.headers.as_ref().map(|headers| &headers.sealed.0),
            registrant.to_bytes(),
        ])?;
    cache.added(&webhook.account);
    if let Some(challenge) = handshake {
        handshakes::insert(connection, webhook.id, challenge, webhook.created_at)?;
    }
    Ok(true)
}

pub(super) fn update(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &Account,
    id: Uuid,
    change: WebhookChange,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<std::result::Result<Webhook, UpdateRefusal>>> {
    let Some(mut webhook) = webhook_rows::get(connection, Some(account), id)? else { return Ok(None) };
    let (previous, handshake) = (webhook.clone(), change.handshake.clone());
    if let Err(refused) = webhook.change(change, now) {
        return Ok(Some(Err(refused)));
    }
    connection
        .prepare_cached(
            "UPDATE webhooks SET target_url = ?2, auth = ?3, auth_secret = ?4, event_types = ?5, description = ?6,
             max_per_second = ?7, ordered = ?8, revision = ?9, updated_at = ?10, header_names = ?11, headers = ?12,
             verified = iif(?13, 0, verified) WHERE id = ?1",
        )?
        .execute((
            Key(id),
            webhook.target_url.as_str(),
            auth_to_text(&webhook.auth)?,
            webhook.auth_secret.as_ref().map(|sealed| &sealed.0),
            webhook.event_types.as_ref().map(texts::event_types_to_text),
            webhook.description.as_ref().map(Description::as_str),
            webhook.max_per_second,
            webhook.ordered,
            webhook.revision,
            Millis(webhook.updated_at),
            webhook.headers.as_ref().map(texts::header_names_to_text),
            webhook.headers.as_ref().map(|headers| &headers.sealed.0),
            webhook.needs_new_handshake(&previous),
        ))?;
    cache.forget(account.as_str(), id);
    holds::remove(connection, id)?;
    if webhook.target_url != previous.target_url {
        failures::remove(connection, cache, id)?;
    }
    if webhook.needs_new_handshake(&previous) {
        handshakes::handle_url_change(connection, cache, &webhook, handshake.as_ref(), now)?;
    }
    Ok(webhook_rows::get(connection, Some(account), id)?.map(Ok))
}

/// Deactivates a webhook, and removes the handshake if the webhook has one. Changes nothing if the webhook is already
/// deactivated for another reason than a handshake.
pub(super) fn deactivate(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Webhook>> {
    let Some(webhook) = webhook_rows::get(connection, Some(account), id)? else { return Ok(None) };
    if webhook.deactivation.as_ref().is_some_and(|deactivation| deactivation.reason != REASON_UNVERIFIED) {
        return Ok(Some(webhook));
    }
    handshakes::remove(connection, id)?;
    deactivation::deactivate(connection, cache, account.as_str(), id, REASON_REQUESTED, now)?;
    webhook_rows::get(connection, Some(account), id)
}

pub(super) fn activate(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &Account,
    id: Uuid,
    handshake: Option<&Challenge>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Webhook>> {
    let Some(webhook) = webhook_rows::get(connection, Some(account), id)? else { return Ok(None) };
    if let Some(challenge) = handshake
        && webhook.deactivation.is_some()
        && !handshakes::is_verified(connection, id)?
    {
        handshakes::require(connection, cache, &webhook, challenge, now)?;
        return webhook_rows::get(connection, Some(account), id);
    }
    cache.forget(account.as_str(), id);
    handshakes::remove(connection, id)?;
    connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1, revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL AND deactivation_reason IS NOT NULL",
        )?
        .execute((Key(id), account.as_str(), Millis(now)))?;
    webhook_rows::get(connection, Some(account), id)
}

/// Deletes a webhook. Leaves a tombstone without secrets, so that the deliveries of the webhook stay readable.
pub(super) fn delete(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<u32>> {
    cache.forget(account.as_str(), id);
    let deleted: Option<(u32, Option<AuditEvent>)> = connection
        .prepare_cached(
            "UPDATE webhooks SET deleted_at = ?3, auth_secret = NULL, headers = NULL, signing_secret = x'', previous_secret = NULL, previous_valid_until = NULL,
             revision = revision + 1, updated_at = ?3
             WHERE id = ?1 AND account = ?2 AND deleted_at IS NULL RETURNING revision, registrant",
        )?
        .query_row((Key(id), account.as_str(), Millis(now)), |row| {
            let registrant = row.get_ref(1)?.as_blob_or_null()?;
            let event = registrant.map(|registrant| registration_event(id, account.as_str(), registrant)).transpose();
            Ok((row.get(0)?, event.map_err(|error| corrupt(1, error))?))
        })
        .optional()?;
    if let Some((_, registration)) = &deleted {
        registration.iter().try_for_each(|event| audit::insert(connection, &event.into()))?;
        cancellations::insert(connection, id)?;
        handshakes::remove(connection, id)?;
        failures::remove(connection, cache, id)?;
        pauses::remove(connection, cache, &PauseScope::Webhook(id))?;
    }
    Ok(deleted.map(|(revision, _)| revision))
}

fn auth_to_text(auth: &Auth) -> rusqlite::Result<String> {
    texts::auth_to_text(auth).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
