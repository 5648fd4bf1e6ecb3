//! The scopes that the operator has paused.
//!
//! A separate command writes the pauses, and each round of leasing reads them. A publish uses cached pauses. If the
//! version of the cached pauses is not current, the publish stores nothing and reads the pauses again. A round of
//! leasing removes paused work from `ready`. After that, the paused deliveries wait only in `pending`. The transaction
//! that removes a pause also restores `ready`. So a node that finds the due work in `ready` also sees that the pause
//! has ended.

use super::*;
use crate::store::shared::pauses::{self as shared, from_columns, to_columns};

/// The current pauses, and their version.
#[derive(Default)]
pub(super) struct Paused {
    /// The version changes with each pause and each resumption. `None` means that there has been no pause yet.
    pub(super) version: Option<Vec<u8>>,
    paused: shared::Paused,
}

impl Paused {
    /// Reads the version first, and then the pauses. If the pauses change between the two queries, the version that was
    /// read is outdated.
    pub(super) async fn read(session: &Session) -> SessionResult<Paused> {
        let version = properties::get(session, VERSION).await?;
        Ok(Paused { version, paused: list(session).await?.into_iter().collect() })
    }

    pub(super) fn scopes(&self) -> &shared::Paused {
        &self.paused
    }

    pub(super) fn has(&self, account: &str, webhook_id: Uuid) -> bool {
        self.paused.has(account, webhook_id)
    }
}

/// The property with the version of the pauses.
pub(super) const VERSION: &str = "pauses_version";

/// A part of a statement that sets a new version if the part `changed` returns a row.
const NEW_VERSION: &str = "version AS (
         INSERT INTO properties (name, value) SELECT 'pauses_version', uuid_send(gen_random_uuid()) FROM changed
         ON CONFLICT (name) DO UPDATE SET value = excluded.value)";

/// Returns false if the scope was already paused.
pub(super) async fn pause(session: &Session, scope: &PauseScope, now: DateTime<Utc>) -> SessionResult<bool> {
    let (scope, name) = to_columns(scope);
    let paused = format!(
        "WITH changed AS (INSERT INTO pauses (scope, name, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING since),
         {NEW_VERSION} SELECT since FROM changed"
    );
    Ok(session.query_opt(&paused, &[&scope, &name, &now]).await?.is_some())
}

/// Returns false if the scope was not paused.
pub(super) async fn resume(session: &Session, scope: &PauseScope, now: DateTime<Utc>) -> SessionResult<bool> {
    let Some(since) = remove(session, scope).await? else { return Ok(false) };
    let (filter, parameter) = (filter(scope), parameter(scope));
    // The duration of the pause does not count as time in which a webhook failed. The statement computes the interval
    // in seconds, because a day can have 23 hours.
    session
        .execute(
            &format!(
                "WITH failing AS (
                     SELECT f.webhook_id FROM (SELECT w.id FROM webhooks w WHERE {filter} ORDER BY w.id) w
                     CROSS JOIN LATERAL (SELECT webhook_id FROM failures WHERE webhook_id = w.id LIMIT 1 FOR UPDATE) f)
                 UPDATE failures f
                 SET since = f.since + make_interval(secs => greatest(0, extract(epoch FROM $2 - greatest(f.since, $3)))::double precision)
                 WHERE f.webhook_id = ANY(ARRAY(SELECT webhook_id FROM failing))"
            ),
            &[&*parameter, &now, &since],
        )
        .await?;
    ready::refresh(session, filter, &*parameter).await?;
    Ok(true)
}

/// Removes a pause. Returns the start of the pause, or `None` if the scope was not paused.
pub(super) async fn remove(session: &Session, scope: &PauseScope) -> SessionResult<Option<DateTime<Utc>>> {
    let (scope, name) = to_columns(scope);
    let ended = format!(
        "WITH changed AS (DELETE FROM pauses WHERE scope = $1 AND name = $2 RETURNING since), {NEW_VERSION} SELECT since FROM changed"
    );
    let row = session.query_opt(&ended, &[&scope, &name]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// The condition that selects the webhooks of a scope. It uses the table alias `w` and the parameter `$1`.
fn filter(scope: &PauseScope) -> &'static str {
    match scope {
        PauseScope::All => ready::ALL_WEBHOOKS,
        PauseScope::Account(_) => "w.id = ANY(ARRAY(SELECT id FROM webhooks WHERE account = $1 AND deleted_at IS NULL))",
        PauseScope::Webhook(_) => "w.id = $1",
    }
}

fn parameter(scope: &PauseScope) -> Box<dyn Value + Send> {
    match scope {
        PauseScope::All => Box::new(None::<String>),
        PauseScope::Account(account) => Box::new(account.as_str().to_owned()),
        PauseScope::Webhook(id) => Box::new(*id),
    }
}

pub(super) async fn list(session: &Session) -> SessionResult<Vec<Pause>> {
    let rows = session.query("SELECT scope, name, since FROM pauses ORDER BY scope, name", &[]).await?;
    rows.iter()
        .map(|row| {
            let scope = from_columns(row.try_get(0)?, row.try_get(1)?).map_err(SessionError::damaged)?;
            Ok(Pause { scope, since: row.try_get(2)? })
        })
        .collect()
}
