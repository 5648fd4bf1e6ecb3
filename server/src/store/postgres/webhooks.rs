//! Changing, activating and deleting webhooks.
//!
//! A transaction first locks the row of the webhook, and then other rows. It locks the row of the account last, in
//! [`webhook_rows::note_change`], because all webhooks of the account share this row.

use super::*;
use crate::store::shared::texts;

pub(super) async fn update(
    session: &Session,
    account: &Account,
    id: Uuid,
    change: WebhookChange,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<std::result::Result<Webhook, UpdateRefusal>>> {
    let Some(mut webhook) = webhook_rows::get_for_change(session, Some(account), id).await? else { return Ok(None) };
    let (previous, handshake) = (webhook.clone(), change.handshake.clone());
    if let Err(refused) = webhook.change(change, now) {
        return Ok(Some(Err(refused)));
    }
    session
        .execute(
            "UPDATE webhooks SET target_url = $2, auth = $3, auth_secret = $4, event_types = $5, description = $6,
             max_per_second = $7, ordered = $8, revision = $9, updated_at = $10, header_names = $11, headers = $12,
             verified = verified AND NOT $13 WHERE id = $1",
            &[
                &id,
                &webhook.target_url.as_str(),
                &texts::auth_to_text(&webhook.auth).map_err(SessionError::damaged)?,
                &webhook.auth_secret.as_ref().map(|sealed| &sealed.0[..]),
                &webhook.event_types.as_ref().map(texts::event_types_to_text),
                &webhook.description.as_ref().map(Description::as_str),
                &webhook.max_per_second.map(int),
                &webhook.ordered,
                &int(webhook.revision),
                &webhook.updated_at,
                &webhook.headers.as_ref().map(texts::header_names_to_text),
                &webhook.headers.as_ref().map(|headers| &headers.sealed.0[..]),
                &webhook.needs_new_handshake(&previous),
            ],
        )
        .await?;
    holds::remove(session, id).await?;
    if webhook.target_url != previous.target_url {
        failures::remove(session, id).await?;
    }
    if webhook.needs_new_handshake(&previous) {
        handshakes::handle_url_change(session, &webhook, handshake.as_ref(), now).await?;
    }
    let updated = audit::insert_with(session, event, webhook_rows::get(session, Some(account), id)).await?;
    if let Some(updated) = &updated {
        webhook_rows::note_change(session, account.as_str(), id, int(updated.revision)).await?;
    }
    Ok(updated.map(Ok))
}

/// Deactivates a webhook and removes its handshake, if the webhook has one. If the webhook is already deactivated for a
/// reason other than a handshake, changes nothing.
pub(super) async fn deactivate(
    session: &Session,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<Webhook>> {
    let Some(webhook) = webhook_rows::get_for_change(session, Some(account), id).await? else { return Ok(None) };
    if webhook.deactivation.as_ref().is_none_or(|deactivation| deactivation.reason == REASON_UNVERIFIED) {
        handshakes::remove(session, id).await?;
        deactivation::deactivate(session, account.as_str(), id, REASON_REQUESTED, now).await?;
    }
    audit::insert_with(session, event, webhook_rows::get(session, Some(account), id)).await
}

pub(super) async fn activate(
    session: &Session,
    account: &Account,
    id: Uuid,
    handshake: Option<&Challenge>,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<Webhook>> {
    let Some(webhook) = webhook_rows::get_for_change(session, Some(account), id).await? else { return Ok(None) };
    if let Some(challenge) = handshake
        && webhook.deactivation.is_some()
        && !handshakes::is_verified(session, id).await?
    {
        handshakes::require(session, &webhook, challenge, now).await?;
        return audit::insert_with(session, event, webhook_rows::get(session, Some(account), id)).await;
    }
    handshakes::remove(session, id).await?;
    let activated = session
        .query_opt(
            "UPDATE webhooks SET deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1, revision = revision + 1, updated_at = $3
             WHERE id = $1 AND account = $2 AND deleted_at IS NULL AND deactivation_reason IS NOT NULL RETURNING revision",
            &[&id, &account.as_str(), &now],
        )
        .await?;
    if let Some(row) = activated {
        webhook_rows::note_change(session, account.as_str(), id, row.try_get(0)?).await?;
    }
    audit::insert_with(session, event, webhook_rows::get(session, Some(account), id)).await
}

/// Deletes a webhook. Leaves a tombstone without secrets, so that the deliveries of the webhook stay readable.
pub(super) async fn delete(
    session: &Session,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<u32>> {
    let deleted = session
        .query_opt(
            "UPDATE webhooks SET deleted_at = $3, auth_secret = NULL, headers = NULL, signing_secret = '', previous_secret = NULL, previous_valid_until = NULL,
             revision = revision + 1, updated_at = $3
             WHERE id = $1 AND account = $2 AND deleted_at IS NULL RETURNING revision, registrant",
            &[&id, &account.as_str(), &now],
        )
        .await?;
    let Some(row) = deleted else { return Ok(None) };
    let (revision, registrant): (i32, Option<&[u8]>) = (row.try_get(0)?, row.try_get(1)?);
    let registration = registrant.map(|registrant| registration_event(id, account.as_str(), registrant)).transpose();
    let registration = registration.map_err(SessionError::damaged)?.as_ref().map(EventRow::from);
    pauses::remove(session, &PauseScope::Webhook(id)).await?;
    handshakes::remove(session, id).await?;
    failures::remove(session, id).await?;
    cancellations::insert(session, id).await?;
    session.execute("UPDATE accounts SET webhook_count = webhook_count - 1 WHERE account = $1", &[&account.as_str()]).await?;
    let events: Vec<EventRow> = registration.into_iter().chain([event.clone()]).collect();
    session::both(audit::insert(session, &events), webhook_rows::note_change(session, account.as_str(), id, revision)).await?;
    Ok(Some(count(revision)))
}
