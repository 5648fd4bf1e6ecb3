//! `webhooks-server token …`: access tokens, made beside running servers.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use uuid::Uuid;

use crate::api::Scope;
use crate::api::types::Account;

use super::{parse_account, scope_parser};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::Token;
use crate::node::open_store;
use crate::secrets::access_token::{new_token, token_hash};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an access token and print it, once
    Create {
        /// The account that the token acts for
        #[arg(long, value_parser = parse_account, required_unless_present = "platform", conflicts_with = "platform")]
        account: Option<Account>,
        /// Make a platform token: it publishes to every account and reads everything, and registers nothing
        #[arg(long)]
        platform: bool,
        /// What the token allows; may be given more than once
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope_parser())]
        scopes: Vec<Scope>,
        /// When the token ends; without this it does not
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        expires_in_days: Option<u32>,
    },
    /// List the access tokens, without the tokens themselves
    List,
    /// Revoke an access token: within a second it is refused
    Revoke {
        /// As `token list` shows it
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
                bail!(
                    "a platform token cannot have the scope {}: it publishes, deletes notifications and reads, and a customer's webhooks are the customer's",
                    scope.as_str()
                );
            }
            let expires_at = expires_in_days.map(|days| now + chrono::TimeDelta::days(i64::from(days)));
            let (token, secret) = new_token(account, &scopes, now, expires_at)?;
            let id = token.id;
            store.create_token(token, token_hash(&secret)).await.context("cannot store the token")?;
            eprintln!("made the access token {id}; it is shown this once:");
            writeln!(std::io::stdout(), "{secret}").with_context(|| format!("cannot print the token: revoke {id} and make another"))?;
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
            if !store.revoke_token(id, now).await.context("cannot revoke the token")? {
                bail!("there is no token {id}: `webhooks-server token list` shows them");
            }
            eprintln!("revoked the access token {id}");
        }
    }
    Ok(())
}

/// What the list says of a token: from the moment that it is refused, why.
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
    fn a_token_is_called_expired_or_revoked_from_the_moment_that_it_is_refused() {
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
