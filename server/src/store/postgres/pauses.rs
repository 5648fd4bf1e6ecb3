//! What the operator has paused.
//!
//! A command beside the servers writes it, and each round of leasing reads it. A publish goes by what is remembered, and
//! stores nothing if the version of that is not the present one; then it is read anew. What is paused is looked at once and then
//! waits in `pending` alone, however much it is; a resumption finds anew when it falls due, in its own transaction, so that
//! whoever sees that sees the resumption, too.

use super::*;
use crate::store::shared::pauses::{self as shared, from_columns, to_columns};

/// What is paused, and the version of that.
#[derive(Default)]
pub(super) struct Paused {
    /// Another one with each pause and resumption; `None` before the first.
    pub(super) version: Option<Vec<u8>>,
    paused: shared::Paused,
}

impl Paused {
    /// Reads the version before the pauses. If they change in between, the version is out of date.
    pub(super) async fn read(session: &Session) -> Answer<Paused> {
        let version = properties::get(session, VERSION).await?;
        Ok(Paused { version, paused: list(session).await?.into_iter().collect() })
    }

    pub(super) fn has(&self, account: &str, webhook_id: Uuid) -> bool {
        self.paused.has(account, webhook_id)
    }
}

/// The property that has the version of what is paused.
pub(super) const VERSION: &str = "pauses_version";

/// To be put behind the part `changed` of a statement, which has a row if a pause has been made or ended.
const NEW_VERSION: &str = "version AS (
         INSERT INTO properties (name, value) SELECT 'pauses_version', uuid_send(gen_random_uuid()) FROM changed
         ON CONFLICT (name) DO UPDATE SET value = excluded.value)";

/// False when it was paused already.
pub(super) async fn pause(session: &Session, scope: &PauseScope, now: DateTime<Utc>) -> Answer<bool> {
    let (scope, name) = to_columns(scope);
    let paused = format!(
        "WITH changed AS (INSERT INTO pauses (scope, name, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING since),
         {NEW_VERSION} SELECT since FROM changed"
    );
    Ok(session.query_opt(&paused, &[&scope, &name, &now]).await?.is_some())
}

/// False when it was not paused.
pub(super) async fn resume(session: &Session, scope: &PauseScope, now: DateTime<Utc>) -> Answer<bool> {
    let Some(since) = forget(session, scope).await? else { return Ok(false) };
    let (filter, parameter) = (filter(scope), parameter(scope));
    // In that time nothing could be accepted. An interval of seconds alone has no days, which have 23 hours once a year.
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
    ready::find(session, filter, &*parameter).await?;
    Ok(true)
}

/// Since when it was paused, if it was.
pub(super) async fn forget(session: &Session, scope: &PauseScope) -> Answer<Option<DateTime<Utc>>> {
    let (scope, name) = to_columns(scope);
    let ended = format!(
        "WITH changed AS (DELETE FROM pauses WHERE scope = $1 AND name = $2 RETURNING since), {NEW_VERSION} SELECT since FROM changed"
    );
    let row = session.query_opt(&ended, &[&scope, &name]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Which webhooks, as a condition on `w` with the parameter `$1`.
fn filter(scope: &PauseScope) -> &'static str {
    match scope {
        PauseScope::All => "$1::text IS NULL",
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

pub(super) async fn list(session: &Session) -> Answer<Vec<Pause>> {
    let rows = session.query("SELECT scope, name, since FROM pauses ORDER BY scope, name", &[]).await?;
    rows.iter()
        .map(|row| {
            let scope = from_columns(row.try_get(0)?, row.try_get(1)?).map_err(Trouble::damaged)?;
            Ok(Pause { scope, since: row.try_get(2)? })
        })
        .collect()
}
