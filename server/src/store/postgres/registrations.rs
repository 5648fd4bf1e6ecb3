//! Registering webhooks. One transaction stores a batch of registrations, so that the registrations of one account do
//! not wait for each other's commits.

use std::collections::{BTreeMap, BTreeSet};

use super::batching::ResultSender;
use super::session::shared;
use super::webhook_rows::WEBHOOK;
use super::*;
use crate::store::shared::texts;

pub(super) struct Command {
    pub(super) webhook: Webhook,
    pub(super) handshake: Option<Challenge>,
    /// The maximum number of webhooks of the account.
    pub(super) limit: u32,
    pub(super) registrant: Registrant,
    pub(super) sender: ResultSender<bool>,
}

#[derive(Clone)]
pub(super) struct RegistrationWriter {
    pub(super) connections: Connections,
}

impl RegistrationWriter {
    /// Stores the batch, and sends to each caller whether the account had room for the webhook.
    pub(super) async fn run(self, batch: Vec<Command>) {
        // All registrations of a server usually have the same limit.
        let mut by_limit: BTreeMap<u32, Vec<Command>> = BTreeMap::new();
        batch.into_iter().for_each(|command| by_limit.entry(command.limit).or_default().push(command));
        for (limit, commands) in by_limit {
            self.store(commands, limit).await;
        }
    }

    async fn store(&self, batch: Vec<Command>, limit: u32) {
        let accounts: BTreeSet<&str> = batch.iter().map(|command| command.webhook.account.as_str()).collect();
        let outcome = if accounts.len() == batch.len() {
            in_transaction!(keys::begin, self.connections, |transaction| register_one_of_each(&transaction, &batch, limit))
        } else {
            in_transaction!(keys::begin, self.connections, |transaction| register(&transaction, &batch, limit))
        };
        match outcome {
            Ok(stored) => {
                for (command, stored) in batch.into_iter().zip(stored) {
                    // If the caller has stopped waiting, the result is dropped. The webhook is already stored.
                    let _ = command.sender.send(Ok(stored));
                }
            }
            // One of the registrations may have caused the error, so each of them is now stored alone. If the result is
            // unknown, the batch may be stored.
            Err(error) if batch.len() > 1 && !error.is_unknown() => {
                for command in batch {
                    Box::pin(self.store(vec![command], limit)).await;
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                batch.into_iter().for_each(|command| drop(command.sender.send(Err(shared(&error)))));
            }
        }
    }
}

/// Like [`register`], for webhooks of different accounts. Few registrations arrive together, so this is the usual case. It
/// needs one statement less.
async fn register_one_of_each(session: &Session, batch: &[Command], limit: u32) -> SessionResult<Vec<bool>> {
    let sql =
        format!("{WANTED}, {COUNT_ONE} INSERT INTO webhooks ({WEBHOOK}, registrant) SELECT {COLUMNS} FROM wanted {COUNTED} RETURNING id");
    let (commands, others): (Vec<&Command>, [&dyn Value; 1]) = (batch.iter().collect(), [&int(limit)]);
    let ((), rows) = session::both(check_keys(session, batch), insert(session, &sql, &commands, &others)).await?;
    let stored = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<BTreeSet<Uuid>>>()?;
    Ok(batch.iter().map(|command| stored.contains(&command.webhook.id)).collect())
}

/// Stores the webhooks for which their accounts have room. Returns for each command whether its webhook is stored.
async fn register(session: &Session, batch: &[Command], limit: u32) -> SessionResult<Vec<bool>> {
    if limit == 0 {
        return Ok(vec![false; batch.len()]);
    }
    let mut wanted: BTreeMap<&str, i32> = BTreeMap::new();
    batch.iter().for_each(|command| *wanted.entry(command.webhook.account.as_str()).or_default() += 1);
    let (accounts, counts): (Vec<&str>, Vec<i32>) = wanted.iter().map(|(account, count)| (*account, *count)).unzip();
    // The statement locks the rows of the accounts, so concurrent registrations cannot exceed the limit. It counts all
    // registrations of an account that has any room. The next statement corrects the number of an account that had too
    // little room.
    let values: [&dyn Value; 3] = [&accounts, &counts, &int(limit)];
    // Both statements are sent together.
    let ((), rows) = session::both(check_keys(session, batch), session.query(COUNT, &values)).await?;
    let mut room: BTreeMap<&str, i32> = BTreeMap::new();
    for row in &rows {
        let (account, counted): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
        let excess = (counted - int(limit)).max(0);
        room.insert(account, wanted.get(account).copied().unwrap_or_default() - excess);
    }
    let mut stored = Vec::with_capacity(batch.len());
    for command in batch {
        let left = room.get_mut(command.webhook.account.as_str()).filter(|left| **left > 0);
        stored.push(left.is_some());
        left.into_iter().for_each(|left| *left -= 1);
    }
    let commands: Vec<&Command> = batch.iter().zip(&stored).filter_map(|(command, stored)| stored.then_some(command)).collect();
    if !commands.is_empty() {
        let sql = format!("{WANTED}, {CORRECT} INSERT INTO webhooks ({WEBHOOK}, registrant) SELECT {COLUMNS} FROM wanted");
        insert(session, &sql, &commands, &[&accounts, &int(limit)]).await?;
    }
    Ok(stored)
}

async fn check_keys(session: &Session, batch: &[Command]) -> SessionResult<()> {
    let sealed: Vec<&Sealed> = batch.iter().flat_map(|command| command.webhook.sealed()).collect();
    keys::check(session, &sealed).await
}

/// Runs a statement with the columns of [`WANTED`] as its first parameters, and then `others`.
async fn insert(session: &Session, sql: &str, commands: &[&Command], others: &[&dyn Value]) -> SessionResult<Vec<Row>> {
    let webhooks: Vec<&Webhook> = commands.iter().map(|command| &command.webhook).collect();
    let auth: Vec<String> = webhooks
        .iter()
        .map(|webhook| texts::auth_to_text(&webhook.auth))
        .collect::<serde_json::Result<_>>()
        .map_err(SessionError::damaged)?;
    let registrants: Vec<Vec<u8>> = commands.iter().map(|command| command.registrant.to_bytes()).collect();
    let columns: [&dyn Value; 20] = [
        &webhooks.iter().map(|webhook| webhook.id).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.account.as_str()).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.target_url.as_str()).collect::<Vec<_>>(),
        &auth,
        &webhooks.iter().map(|webhook| webhook.auth_secret.as_ref().map(|sealed| &sealed.0[..])).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| &webhook.signing_secret.0[..]).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.event_types.as_ref().map(texts::event_types_to_text)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.description.as_ref().map(Description::as_str)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.max_per_second.map(int)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.ordered).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.deactivation.as_ref().map(|deactivation| &*deactivation.reason)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.deactivation.as_ref().map(|deactivation| deactivation.at)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| int(webhook.epoch)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| int(webhook.revision)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.created_at).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.updated_at).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.headers.as_ref().map(texts::header_names_to_text)).collect::<Vec<_>>(),
        &webhooks.iter().map(|webhook| webhook.headers.as_ref().map(|headers| &headers.sealed.0[..])).collect::<Vec<_>>(),
        &commands.iter().map(|command| command.handshake.as_ref().map(Challenge::as_str)).collect::<Vec<_>>(),
        &registrants.iter().map(Vec::as_slice).collect::<Vec<_>>(),
    ];
    session.query(sql, &[&columns, others].concat()).await
}

/// Adds the new webhooks to the number of each account. The row of a full account does not change, so the caches of the
/// account stay valid.
const COUNT: &str = "INSERT INTO accounts (account, webhook_count, version)
     SELECT account, number, 1 FROM UNNEST($1, $2) AS wanted (account, number) ORDER BY account
     ON CONFLICT (account) DO UPDATE SET webhook_count = accounts.webhook_count + excluded.webhook_count, version = accounts.version + 1
     WHERE accounts.webhook_count < $3
     RETURNING account, webhook_count";

const WANTED: &str = "WITH wanted AS MATERIALIZED (
         SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             AS wanted (id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered,
                 deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, header_names, headers, challenge,
                 registrant))";

/// Counts one new webhook of each account that has room, and starts the handshakes of the new webhooks. The row of a full account does not change, so the caches of the account stay valid.
const COUNT_ONE: &str = "counted AS (
         INSERT INTO accounts (account, webhook_count, version) SELECT account, 1, 1 FROM wanted WHERE $21 > 0 ORDER BY account
         ON CONFLICT (account) DO UPDATE SET webhook_count = accounts.webhook_count + 1, version = accounts.version + 1
         WHERE accounts.webhook_count < $21
         RETURNING account),
     started AS (
         INSERT INTO handshakes (webhook_id, challenge, attempt_count, due_at)
         SELECT id, challenge, 0, created_at FROM wanted WHERE challenge IS NOT NULL AND account IN (SELECT account FROM counted))";

const COUNTED: &str = "WHERE account IN (SELECT account FROM counted)";

/// Corrects the number of webhooks of the accounts whose limit would be exceeded, and starts the handshakes of the new
/// webhooks.
const CORRECT: &str = "corrected AS (UPDATE accounts SET webhook_count = $22 WHERE account = ANY($21) AND webhook_count > $22),
     started AS (
         INSERT INTO handshakes (webhook_id, challenge, attempt_count, due_at)
         SELECT id, challenge, 0, created_at FROM wanted WHERE challenge IS NOT NULL)";

/// The columns of [`WEBHOOK`] and the registrant in `wanted`. A new webhook has no previous secret.
const COLUMNS: &str = "id, account, target_url, auth, auth_secret, signing_secret, event_types, description, max_per_second, ordered,
     deactivation_reason, deactivated_at, epoch, revision, created_at, updated_at, NULL, NULL, header_names, headers, registrant";
