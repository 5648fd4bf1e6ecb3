//! `webhooks-server token list`.

use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::api::types::Account;
use crate::config::Settings;
use crate::model::StoredToken;
use crate::node::open_store;
use crate::secrets::access_token::verify;

pub(super) async fn run(settings: &Settings, now: DateTime<Utc>) -> anyhow::Result<()> {
    let (store, vault) = if open_store::has_master_key(settings) {
        let (store, vault) = open_store::open_beside_with_vault(settings).await?;
        (store, Some(vault))
    } else {
        (open_store::open_beside(settings).await?, None)
    };
    let tokens = store.list_tokens().await.context("cannot list the tokens")?;
    let is_authentic = |token: &StoredToken| vault.as_ref().is_none_or(|vault| verify(vault, token).is_some());
    let mut rows = vec![["ID", "NAME", "ACCOUNT", "CREATED", "LAST USE", "EXPIRES", "STATE", "SCOPES"].map(str::to_owned)];
    rows.extend(tokens.iter().map(|token| row(token, is_authentic(token), now)));
    writeln!(std::io::stdout(), "{}", table(&rows)).context("cannot print the tokens")
}

fn row(token: &StoredToken, is_authentic: bool, now: DateTime<Utc>) -> [String; 8] {
    let minute = |time: DateTime<Utc>| time.format("%Y-%m-%dT%H:%MZ").to_string();
    [
        token.id.to_string(),
        token.name.clone(),
        token.account.as_ref().map_or("(platform)", Account::as_str).to_owned(),
        minute(token.created_at),
        token.last_used_at.map_or("never".to_owned(), minute),
        token.expires_at.map_or("never".to_owned(), minute),
        state(token, is_authentic, now).to_owned(),
        token.scopes.clone(),
    ]
}

/// Returns `valid` or `replaced` if servers accept the token. Otherwise returns why they refuse it.
fn state(token: &StoredToken, is_authentic: bool, now: DateTime<Utc>) -> &'static str {
    match token {
        _ if !is_authentic => "not authentic",
        StoredToken { revoked_at: Some(_), .. } => "revoked",
        token if !token.valid_at(now) => "expired",
        StoredToken { replaced_by: Some(_), .. } => "replaced",
        _ => "valid",
    }
}

/// Returns the rows as lines. Each column is as wide as its longest value.
fn table(rows: &[[String; 8]]) -> String {
    let widths: [usize; 8] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    fn token() -> StoredToken {
        StoredToken {
            id: Uuid::nil(),
            hash: Vec::new(),
            name: "a name".to_owned(),
            account: None,
            scopes: "notifications.read webhooks.read".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            mac: Vec::new(),
        }
    }

    #[test]
    fn the_list_shows_a_token_as_expired_or_revoked_exactly_when_it_is_refused() {
        let end = DateTime::UNIX_EPOCH + TimeDelta::minutes(90);
        let moment = TimeDelta::milliseconds(1);
        for (expires_at, revoked_at, replaced_by, now, expected) in [
            (None, None, None, end, "valid"),
            (Some(end), None, None, end - moment, "valid"),
            (Some(end), None, Some(Uuid::nil()), end - moment, "replaced"),
            (Some(end), None, Some(Uuid::nil()), end, "expired"),
            (Some(end), None, None, end, "expired"),
            (Some(end), None, None, end + moment, "expired"),
            (None, Some(end), None, end, "revoked"),
            (Some(end), Some(end), None, end + moment, "revoked"),
        ] {
            let token = StoredToken { expires_at, revoked_at, replaced_by, ..token() };
            assert_eq!(state(&token, true, now), expected);
            assert_eq!(token.valid_at(now), ["valid", "replaced"].contains(&expected), "{expected} at {now}");
            assert_eq!(state(&token, false, now), "not authentic");
        }
    }

    #[test]
    fn the_list_shows_the_name_the_last_use_and_the_expiry_in_aligned_columns() {
        let minute = DateTime::UNIX_EPOCH + TimeDelta::minutes(90);
        let account = Some(Account::stored("acme".to_owned()));
        let other = StoredToken { name: "ñame".to_owned(), account, last_used_at: Some(minute), expires_at: Some(minute), ..token() };
        let rows = [&token(), &other].map(|token| row(token, true, DateTime::UNIX_EPOCH));
        let id = Uuid::nil();
        assert_eq!(
            table(&rows),
            format!(
                "{id}  a name  (platform)  1970-01-01T00:00Z  never              never              valid  notifications.read webhooks.read\n\
                 {id}  ñame    acme        1970-01-01T00:00Z  1970-01-01T01:30Z  1970-01-01T01:30Z  valid  notifications.read webhooks.read"
            )
        );
    }
}
