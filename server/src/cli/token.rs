//! `webhooks-server token …`: creates, lists and revokes access tokens. Servers may run at the same time.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use uuid::Uuid;

use crate::api::Scope;
use crate::api::types::{Account, AuditEvent, AuditObject};

use super::{audit, parse_account, scope_parser};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::Token;
use crate::node::open_store;
use crate::secrets::access_token::{new_token, token_hash};
use crate::store::token_created;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an access token and print it; the token cannot be shown again
    Create {
        /// The account whose data the token can access
        #[arg(long, value_parser = parse_account, required_unless_present = "platform", conflicts_with = "platform")]
        account: Option<Account>,
        /// Create a platform token, which is valid for all accounts. The token can publish, read and delete
        /// notifications, and read webhooks and deliveries
        #[arg(long)]
        platform: bool,
        /// A scope of the token. You can repeat this option
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope_parser())]
        scopes: Vec<Scope>,
        /// The number of days after which the token expires [default: the token does not expire]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        expires_in_days: Option<u32>,
    },
    /// List the access tokens without their secrets
    List,
    /// Revoke an access token; after at most one second, all servers refuse the token
    Revoke {
        /// The id of the token; `token list` shows the ids
        #[arg(value_name = "ID")]
        id: Uuid,
    },
}

pub(super) async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    let store = open_store::open_beside(settings).await?;
    let now = Clock::system().now();
    match command {
        Command::Create { account, platform: _, scopes, expires_in_days } => {
            if account.is_none()
                && let Some(scope) = scopes.iter().find(|scope| !scope.for_platform())
            {
                bail!("a platform token cannot have the scope {}: it can only publish and delete notifications, and read", scope.as_str());
            }
            let expires_at = expires_in_days.map(|days| now + chrono::TimeDelta::days(i64::from(days)));
            let (token, secret) = new_token(account, &scopes, now, expires_at)?;
            let id = token.id;
            let event = audit::by_operator(token_created(&token, AuditEvent::OPERATOR));
            store.create_token(token, token_hash(&secret), &event).await.context("cannot store the token")?;
            audit::append_to_log(settings, &event);
            eprintln!("created the access token {id}; it is shown only this once:");
            writeln!(std::io::stdout(), "{secret}").with_context(|| format!("cannot print the token: revoke {id} and create another"))?;
        }
        Command::List => {
            let mut lines = vec![format!("{:36}  {:20}  {:24}  {:24}  SCOPES", "ID", "ACCOUNT", "CREATED", "STATE")];
            for token in store.list_tokens().await.context("cannot list the tokens")? {
                let account = token.account.as_ref().map_or("(platform)", Account::as_str);
                let state = state(&token, now);
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
                let created = token.created_at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                lines.push(format!("{}  {account:20}  {created:24}  {state:24}  {}", token.id, scopes.join(" ")));
            }
            writeln!(std::io::stdout(), "{}", lines.join("\n")).context("cannot print the tokens")?;
        }
        Command::Revoke { id } => {
            let tokens = store.list_tokens().await.context("cannot look for the token")?;
            let account = tokens.into_iter().find(|token| token.id == id).and_then(|token| token.account);
            let event = audit::event("token.revoked", now).about(account, AuditObject::new("token", id));
            if !store.revoke_token(id, now, &event).await.context("cannot revoke the token")? {
                bail!("there is no token {id}: `webhooks-server token list` lists the tokens");
            }
            audit::append_to_log(settings, &event);
            eprintln!("revoked the access token {id}");
        }
    }
    Ok(())
}

/// Returns the text in the column STATE: the time until which the token is valid, or why servers refuse the token.
fn state(token: &Token, now: chrono::DateTime<chrono::Utc>) -> String {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(at)) if at <= now => "expired".to_owned(),
        (None, Some(at)) => format!("until {}", at.format("%Y-%m-%dT%H:%MZ")),
        (None, None) => "valid".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn the_list_shows_a_token_as_expired_or_revoked_exactly_when_it_is_refused() {
        let end = DateTime::UNIX_EPOCH + TimeDelta::minutes(90);
        let moment = TimeDelta::milliseconds(1);
        for (expires_at, revoked_at, now, expected) in [
            (None, None, end, "valid"),
            (Some(end), None, end - moment, "until 1970-01-01T01:30Z"),
            (Some(end), None, end, "expired"),
            (Some(end), None, end + moment, "expired"),
            (None, Some(end), end, "revoked"),
            (Some(end), Some(end), end + moment, "revoked"),
        ] {
            let (token, _) = new_token(None, &[Scope::WebhooksRead], DateTime::UNIX_EPOCH, expires_at).expect("random bytes");
            let token = Token { revoked_at, ..token };
            assert_eq!(state(&token, now), expected);
            assert_eq!(token.valid_at(now), expected == "valid" || expected.starts_with("until"), "{expected} at {now}");
        }
    }
}
