//! Webhooks, and what their deactivation and deletion does to deliveries.
//!
//! Whoever changes a webhook holds its row first, and what else it needs after that; the account's row, which all its
//! webhooks share, comes last, in [`note_change`].

use super::directory::Subscriber;
use super::pages::Collecting;
use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};

const COLUMNS: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered, \
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, previous_secret, previous_valid_until, \
     header_names, headers";

/// So many deliveries are marked cancelled in one step, so that a backlog of a million holds nobody up.
const CANCELLED_AT_ONCE: i64 = 500;

/// When deliveries are looked at again that others held.
const HELD: &str = "interval '1 second'";

pub(super) async fn register(session: &Session, webhook: &Webhook, handshake: Option<&Challenge>, limit: u32) -> Answer<bool> {
    // The row that counts is that which is inserted or changed here, so two registrations never both find the last place.
    let registered = session
        .execute(
            &format!(
                "WITH counted AS (
                     INSERT INTO accounts (account, webhook_count, version) SELECT $2, 1, 1 WHERE $19 > 0
                     ON CONFLICT (account) DO UPDATE SET webhook_count = accounts.webhook_count + 1, version = accounts.version + 1
                     WHERE accounts.webhook_count < $19
                     RETURNING account)
                 INSERT INTO webhooks ({COLUMNS})
                 SELECT $1, account, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL, NULL, $17, $18 FROM counted"
            ),
            &[
                &webhook.id,
                &webhook.account.as_str(),
                &webhook.target_url.as_str(),
                &auth_to_text(&webhook.auth)?,
                &webhook.auth_secret.as_ref().map(|sealed| &sealed.0[..]),
                &&webhook.signing_secret.0[..],
                &webhook.event_types.as_ref().map(event_types_to_text),
                &webhook.description.as_ref().map(Description::as_str),
                &webhook.max_per_second.map(int),
                &webhook.ordered,
                &webhook.deactivation.as_ref().map(|deactivation| &*deactivation.reason),
                &webhook.deactivation.as_ref().map(|deactivation| deactivation.at),
                &int(webhook.epoch),
                &int(webhook.revision),
                &webhook.created_at,
                &webhook.updated_at,
                &webhook.headers.as_ref().map(header_names_to_text),
                &webhook.headers.as_ref().map(|headers| &headers.sealed.0[..]),
                &int(limit),
            ],
        )
        .await?;
    if registered == 0 {
        return Ok(false);
    }
    if let Some(challenge) = handshake {
        handshakes::insert(session, webhook.id, challenge, webhook.created_at).await?;
    }
    Ok(true)
}

pub(super) async fn list(session: &Session, account: Option<&Account>, status: Option<WebhookStatus>, page: Page) -> Answer<Part<Webhook>> {
    let (account, deactivated) = (account.map(Account::as_str), status.map(|status| status == WebhookStatus::Deactivated));
    // The index of an account's webhooks has none that are deleted. All rows have the same account, but with it in the order no
    // other index will do.
    let (of_account, order) = match account {
        Some(_) => ("(account, id) < ($1, $2) AND account >= $1 AND deleted_at IS NULL", "account DESC, id DESC"),
        None => ("$1 IS NULL AND id < $2", "id DESC"),
    };
    let sql = format!(
        "SELECT id, deleted_at IS NULL AND ($3 IS NULL OR (deactivation_reason IS NOT NULL) = $3), {COLUMNS}
         FROM webhooks WHERE {of_account} ORDER BY {order} LIMIT $4"
    );
    let mut found = Collecting::new(page);
    while let Some((before, limit)) = found.next_chunk() {
        let rows = session.query(&sql, &[&account, &before, &deactivated, &limit]).await?;
        found.add(&rows, |row| Ok((from_row(row, 2)?, 0)))?;
    }
    Ok(found.part())
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> Answer<Option<Webhook>> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND ($2 IS NULL OR account = $2) AND deleted_at IS NULL");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

/// As [`get`], and nobody else changes it before this transaction has ended.
pub(super) async fn get_for_change(session: &Session, account: Option<&Account>, id: Uuid) -> Answer<Option<Webhook>> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND ($2 IS NULL OR account = $2) AND deleted_at IS NULL FOR UPDATE");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

pub(super) async fn update(
    session: &Session,
    account: &Account,
    id: Uuid,
    change: WebhookChange,
    now: DateTime<Utc>,
) -> Answer<Option<std::result::Result<Webhook, CredentialsRequired>>> {
    let Some(mut webhook) = get_for_change(session, Some(account), id).await? else { return Ok(None) };
    let (target_url, handshake) = (webhook.target_url.clone(), change.handshake.clone());
    if let Err(refused) = webhook.change(change, now) {
        return Ok(Some(Err(refused)));
    }
    session
        .execute(
            "UPDATE webhooks SET target_url = $2, auth = $3, auth_secret = $4, event_types = $5, description = $6,
             max_per_second = $7, ordered = $8, revision = $9, updated_at = $10, header_names = $11, headers = $12,
             verified = verified AND target_url = $2 WHERE id = $1",
            &[
                &id,
                &webhook.target_url.as_str(),
                &auth_to_text(&webhook.auth)?,
                &webhook.auth_secret.as_ref().map(|sealed| &sealed.0[..]),
                &webhook.event_types.as_ref().map(event_types_to_text),
                &webhook.description.as_ref().map(Description::as_str),
                &webhook.max_per_second.map(int),
                &webhook.ordered,
                &int(webhook.revision),
                &webhook.updated_at,
                &webhook.headers.as_ref().map(header_names_to_text),
                &webhook.headers.as_ref().map(|headers| &headers.sealed.0[..]),
            ],
        )
        .await?;
    if webhook.target_url != target_url {
        failures::forget(session, id).await?;
        handshakes::moved(session, &webhook, handshake.as_ref(), now).await?;
    }
    let updated = get(session, Some(account), id).await?;
    if let Some(updated) = &updated {
        note_change(session, account.as_str(), id, int(updated.revision)).await?;
    }
    Ok(updated.map(Ok))
}

/// Deactivating again changes nothing, not even the reason, unless a handshake would end it.
pub(super) async fn deactivate(session: &Session, account: &Account, id: Uuid, now: DateTime<Utc>) -> Answer<Option<Webhook>> {
    let Some(webhook) = get_for_change(session, Some(account), id).await? else { return Ok(None) };
    if webhook.deactivation.as_ref().is_some_and(|deactivation| deactivation.reason != REASON_UNVERIFIED) {
        return Ok(Some(webhook));
    }
    handshakes::forget(session, id).await?;
    deactivate_because(session, account.as_str(), id, REASON_REQUESTED, now).await?;
    get(session, Some(account), id).await
}

/// Nothing of the webhook goes out any more, and what is pending counts as cancelled from here on. The account is told, unless
/// it is only asked for a handshake. Answers the revision that the webhook has now; `None` when it was not to be deactivated,
/// because what an attempt came to says nothing any more of a webhook that another has put out of service meanwhile.
pub(super) async fn deactivate_because(
    session: &Session,
    account: &str,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> Answer<Option<u32>> {
    let by_attempt = [REASON_GONE, REASON_FAILING].contains(&reason);
    let deactivated = session
        .query_opt(
            "UPDATE webhooks SET deactivation_reason = $2, deactivated_at = $3, revision = revision + 1, updated_at = $3
             WHERE id = $1 AND deleted_at IS NULL AND (NOT $4 OR deactivation_reason IS NULL)
             RETURNING target_url, revision",
            &[&id, &reason, &now, &by_attempt],
        )
        .await?;
    let Some(row) = deactivated else { return Ok(None) };
    let (target_url, revision): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
    failures::forget(session, id).await?;
    if reason != REASON_UNVERIFIED {
        let told = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
        operational::publish(session, account, &told, now).await?;
    }
    // Behind what others wait for: see there.
    cancel_pending(session, id).await?;
    note_change(session, account, id, revision).await?;
    Ok(Some(count(revision)))
}

pub(super) async fn activate(
    session: &Session,
    account: &Account,
    id: Uuid,
    handshake: Option<&Challenge>,
    now: DateTime<Utc>,
) -> Answer<Option<Webhook>> {
    let Some(webhook) = get_for_change(session, Some(account), id).await? else { return Ok(None) };
    if let Some(challenge) = handshake
        && webhook.deactivation.is_some()
        && !handshakes::is_verified(session, id).await?
    {
        handshakes::demand(session, &webhook, challenge, now).await?;
        return get(session, Some(account), id).await;
    }
    handshakes::forget(session, id).await?;
    let activated = session
        .query_opt(
            "UPDATE webhooks SET deactivation_reason = NULL, deactivated_at = NULL, epoch = epoch + 1, revision = revision + 1, updated_at = $3
             WHERE id = $1 AND account = $2 AND deleted_at IS NULL AND deactivation_reason IS NOT NULL RETURNING revision",
            &[&id, &account.as_str(), &now],
        )
        .await?;
    if let Some(row) = activated {
        note_change(session, account.as_str(), id, row.try_get(0)?).await?;
    }
    get(session, Some(account), id).await
}

/// Leaves a tombstone without secrets, so that the deliveries that name the webhook stay readable.
pub(super) async fn delete(session: &Session, account: &Account, id: Uuid, now: DateTime<Utc>) -> Answer<Option<u32>> {
    let deleted = session
        .query_opt(
            "UPDATE webhooks SET deleted_at = $3, auth_secret = NULL, headers = NULL, signing_secret = '', previous_secret = NULL, previous_valid_until = NULL,
             revision = revision + 1, updated_at = $3
             WHERE id = $1 AND account = $2 AND deleted_at IS NULL RETURNING revision",
            &[&id, &account.as_str(), &now],
        )
        .await?;
    let Some(row) = deleted else { return Ok(None) };
    let revision: i32 = row.try_get(0)?;
    pauses::forget(session, &PauseScope::Webhook(id)).await?;
    handshakes::forget(session, id).await?;
    failures::forget(session, id).await?;
    cancel_pending(session, id).await?;
    session.execute("UPDATE accounts SET webhook_count = webhook_count - 1 WHERE account = $1", &[&account.as_str()]).await?;
    note_change(session, account.as_str(), id, revision).await?;
    Ok(Some(count(revision)))
}

/// Makes void what nodes remember of the account's webhooks, and lets them hear which one has changed. From here to the commit
/// each other change of them waits, so this is what a transaction does last.
pub(super) async fn note_change(session: &Session, account: &str, id: Uuid, revision: i32) -> Answer<()> {
    session
        .execute(
            "WITH change AS (INSERT INTO changes (webhook_id, revision) VALUES ($2, $3))
             UPDATE accounts SET version = version + 1 WHERE account = $1",
            &[&account, &id, &revision],
        )
        .await
        .map(drop)
}

/// What waits in order and for its time is left alone where another holds it: whoever waited for that here, holding what others
/// wait for, might be waited for in turn. It does no harm, and goes when its time comes or with the tombstone.
async fn cancel_pending(session: &Session, id: Uuid) -> Answer<()> {
    // Before `ready`: a recovery holds this first and that last.
    session
        .execute(
            "INSERT INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = $1
             ON CONFLICT (webhook_id) DO UPDATE SET epoch = excluded.epoch, since = excluded.since, due_at = excluded.due_at",
            &[&id],
        )
        .await?;
    for table in ["sequences", "ready"] {
        let unheld = format!("SELECT ctid FROM {table} WHERE webhook_id = $1 FOR UPDATE SKIP LOCKED");
        session.execute(&format!("DELETE FROM {table} WHERE ctid = ANY(ARRAY({unheld}))"), &[&id]).await?;
    }
    Ok(())
}

/// Marks some deliveries cancelled that have counted as such since their webhook went. True when more may be left.
pub(super) async fn cancel_some(session: &Session, now: DateTime<Utc>) -> Answer<bool> {
    // The node that was to record their attempts is gone.
    let abandoned = session
        .execute(
            &format!(
                "DELETE FROM pending WHERE delivery_id IN (
                     SELECT delivery_id FROM pending
                     WHERE lane = 3 AND (leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = pending.leased_by))
                     LIMIT {CANCELLED_AT_ONCE} FOR UPDATE SKIP LOCKED)"
            ),
            &[],
        )
        .await?;
    let transaction = session.begin().await?;
    let cancelled = cancel_step(&transaction, None, now).await?;
    transaction.commit().await?;
    Ok(cancelled || abandoned > 0)
}

/// A step of that, of one webhook or of any. Of one, true while anything is left. The row of a delivery that is being attempted
/// stays until that attempt has ended.
pub(super) async fn cancel_step(session: &Session, of_webhook: Option<Uuid>, now: DateTime<Utc>) -> Answer<bool> {
    let next = match of_webhook {
        Some(id) => session.query_opt("SELECT webhook_id, epoch FROM cancellations WHERE webhook_id = $1 FOR UPDATE", &[&id]).await?,
        None => {
            let due = "SELECT webhook_id, epoch FROM cancellations WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED";
            session.query_opt(due, &[]).await?
        }
    };
    let Some(row) = next else { return Ok(false) };
    let (webhook_id, epoch): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
    // What others hold is passed over, and comes in a later step.
    let cancel = format!(
        "WITH found AS (
             SELECT delivery_id FROM pending WHERE webhook_id = $1 AND epoch <= $2 AND lane <> 3
             ORDER BY epoch, lane, due_at, delivery_id LIMIT {CANCELLED_AT_ONCE}),
         held AS (
             SELECT d.id FROM (SELECT delivery_id FROM found ORDER BY delivery_id) AS found
             CROSS JOIN LATERAL (SELECT id FROM deliveries WHERE id = found.delivery_id FOR UPDATE SKIP LOCKED) d),
         taken AS (
             SELECT p.* FROM held
             CROSS JOIN LATERAL (
                 SELECT delivery_id, EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = pending.leased_by) AS is_attempted
                 FROM pending WHERE delivery_id = held.id AND epoch <= $2 AND lane <> 3 FOR UPDATE SKIP LOCKED) p),
         kept AS (UPDATE pending SET lane = 3 WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM taken WHERE is_attempted))),
         removed AS (DELETE FROM pending WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM taken WHERE NOT is_attempted))),
         cancelled AS (
             UPDATE deliveries SET status = 3, ended_at = $3 WHERE id = ANY(ARRAY(SELECT delivery_id FROM taken)) AND status = 0
             RETURNING id, webhook_id, account, created_at),
         noted AS (
             INSERT INTO unsuccessful (delivery_id, webhook_id, account, created_at, status)
             SELECT id, webhook_id, account, created_at, 3 FROM cancelled
             ON CONFLICT (delivery_id) DO UPDATE SET status = excluded.status)
         SELECT count(*) FROM taken"
    );
    let cancelled: i64 = session.query_one(&cancel, &[&webhook_id, &epoch, &now]).await?.try_get(0)?;
    if cancelled == CANCELLED_AT_ONCE {
        return Ok(true);
    }
    let any_left = "SELECT EXISTS (SELECT 1 FROM pending WHERE webhook_id = $1 AND epoch <= $2 AND lane <> 3)";
    let any_left: bool = session.query_one(any_left, &[&webhook_id, &epoch]).await?.try_get(0)?;
    if any_left {
        let later = format!("UPDATE cancellations SET due_at = now() + {HELD} WHERE webhook_id = $1");
        session.execute(&later, &[&webhook_id]).await?;
        return Ok(cancelled > 0 || of_webhook.is_some());
    }
    // It only waits for a publish that had seen the webhook active, and may come late.
    let over = format!("DELETE FROM cancellations WHERE webhook_id = $1 AND since < now() - interval '{LONGEST_STATEMENT_SECONDS} s'");
    let finished = session.execute(&over, &[&webhook_id]).await?;
    if finished == 0 {
        let once_more = format!("UPDATE cancellations SET due_at = since + interval '{LONGEST_STATEMENT_SECONDS} s' WHERE webhook_id = $1");
        session.execute(&once_more, &[&webhook_id]).await?;
    }
    Ok(cancelled > 0 || finished > 0)
}

const DESTINATION: &str = "id, account, epoch, revision, target_url, auth, auth_secret, signing_secret, max_per_second, ordered, \
     previous_secret, previous_valid_until, headers";

pub(super) async fn destination(session: &Session, id: Uuid) -> Answer<Option<Destination>> {
    let sql = format!("SELECT {DESTINATION} FROM webhooks WHERE id = $1 AND deleted_at IS NULL AND deactivation_reason IS NULL");
    let row = session.query_opt(&sql, &[&id]).await?;
    row.as_ref().map(destination_from_row).transpose()
}

/// Of these webhooks, those that are active.
pub(super) async fn destinations(session: &Session, ids: Vec<Uuid>) -> Answer<Vec<Destination>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {DESTINATION} FROM webhooks WHERE id = ANY($1) AND deleted_at IS NULL AND deactivation_reason IS NULL");
    session.query(&sql, &[&ids]).await?.iter().map(destination_from_row).collect()
}

/// The account's active webhooks.
pub(super) async fn subscribers(session: &Session, account: &str) -> Answer<Vec<Subscriber>> {
    let sql = format!(
        "SELECT {DESTINATION}, event_types FROM webhooks
         WHERE account = $1 AND deleted_at IS NULL AND deactivation_reason IS NULL"
    );
    let rows = session.query(&sql, &[&account]).await?;
    rows.iter().map(|row| Ok(Subscriber { destination: Arc::new(destination_from_row(row)?), event_types: row.try_get(13)? })).collect()
}

/// Whose webhook it is, active or not.
pub(super) async fn account_of(session: &Session, id: Uuid) -> Answer<Option<String>> {
    let row = session.query_opt("SELECT account FROM webhooks WHERE id = $1 AND deleted_at IS NULL", &[&id]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

fn destination_from_row(row: &Row) -> Answer<Destination> {
    Ok(Destination {
        webhook_id: row.try_get(0)?,
        account: row.try_get::<_, &str>(1)?.into(),
        epoch: count(row.try_get(2)?),
        revision: count(row.try_get(3)?),
        target_url: row.try_get(4)?,
        auth: auth_from_row(row, 5)?,
        auth_secret: row.try_get::<_, Option<Vec<u8>>>(6)?.map(Sealed),
        signing_secret: Sealed(row.try_get(7)?),
        max_per_second: row.try_get::<_, Option<i32>>(8)?.map(count),
        ordered: row.try_get(9)?,
        previous_secret: signing_secrets::previous_from_row(row, 10)?,
        headers: row.try_get::<_, Option<Vec<u8>>>(12)?.map(Sealed),
    })
}

/// From the columns of `COLUMNS`, the first of which is at `first`.
fn from_row(row: &Row, first: usize) -> Answer<Webhook> {
    let event_types: Option<&str> = row.try_get(first + 6)?;
    let reason: Option<String> = row.try_get(first + 10)?;
    let at: Option<DateTime<Utc>> = row.try_get(first + 11)?;
    Ok(Webhook {
        id: row.try_get(first)?,
        account: Account::stored(row.try_get(first + 1)?),
        target_url: OutboundUrl::stored(row.try_get(first + 2)?),
        auth: auth_from_row(row, first + 3)?,
        auth_secret: row.try_get::<_, Option<Vec<u8>>>(first + 4)?.map(Sealed),
        signing_secret: Sealed(row.try_get(first + 5)?),
        previous_secret: signing_secrets::previous_from_row(row, first + 16)?,
        headers: custom_headers_from_row(row, first + 18)?,
        event_types: event_types
            .map(|text| EventTypes(text.split(' ').map(|pattern| EventTypePattern::stored(pattern.to_owned())).collect())),
        description: row.try_get::<_, Option<String>>(first + 7)?.map(Description::stored),
        max_per_second: row.try_get::<_, Option<i32>>(first + 8)?.map(count),
        ordered: row.try_get(first + 9)?,
        deactivation: reason.zip(at).map(|(reason, at)| Deactivation { reason, at }),
        epoch: count(row.try_get(first + 12)?),
        revision: count(row.try_get(first + 13)?),
        created_at: row.try_get(first + 14)?,
        updated_at: row.try_get(first + 15)?,
    })
}

fn auth_to_text(auth: &Auth) -> Answer<String> {
    serde_json::to_string(auth).map_err(Trouble::damaged)
}

fn auth_from_row(row: &Row, column: usize) -> Answer<Auth> {
    serde_json::from_str(row.try_get(column)?).map_err(Trouble::damaged)
}

fn header_names_to_text(headers: &CustomHeaders) -> String {
    headers.names.iter().map(CustomHeaderName::as_str).collect::<Vec<_>>().join(" ")
}

/// From the columns `header_names` and `headers`, which stand side by side.
fn custom_headers_from_row(row: &Row, first: usize) -> Answer<Option<CustomHeaders>> {
    let (names, sealed) = (row.try_get::<_, Option<&str>>(first)?, row.try_get::<_, Option<Vec<u8>>>(first + 1)?);
    Ok(names.zip(sealed).map(|(names, sealed)| CustomHeaders {
        names: names.split(' ').map(|name| CustomHeaderName::stored(name.to_owned())).collect(),
        sealed: Sealed(sealed),
    }))
}

fn event_types_to_text(event_types: &EventTypes) -> String {
    event_types.0.iter().map(EventTypePattern::as_str).collect::<Vec<_>>().join(" ")
}
