//! `webhooks-server token …`: creates, lists, rotates and revokes access tokens. Servers may run at the same time.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::api::Scope;
use crate::api::types::{Account, AuditEvent, AuditObject};

use super::{audit, parse_account, scope_parser};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::{StoredToken, TOKEN_LIFETIME_DAYS, TokenName};
use crate::node::open_store;
use crate::secrets::access_token::{new_token, successor_of, verify, with_mac};
use crate::secrets::seal::Vault;
use crate::store::{Store, TokenRotation, token_created};

mod list;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an access token and print it; the token cannot be shown again. The command needs the master key
    Create(NewToken),
    /// List the access tokens without their secrets
    ///
    /// A use of a token appears in the list after at most one minute. If the command has the master key, it also shows
    /// which tokens servers refuse because their rows were not written by this program.
    List,
    /// Replace an access token: print a new one, and let the old one expire soon. The command needs the master key
    ///
    /// The new token has the same name, account, scopes and lifetime. It cannot be shown again.
    Rotate {
        /// The id of the token; `token list` shows the ids
        #[arg(value_name = "ID")]
        id: Uuid,
        /// The number of hours in which the old token is still valid. 0 means that servers refuse it after at most one second
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8760))]
        overlap_hours: u32,
    },
    /// Revoke an access token; after at most one second, all servers refuse the token
    Revoke {
        /// The id of the token; `token list` shows the ids
        #[arg(value_name = "ID")]
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub struct NewToken {
    /// The account whose data the token can access
    #[arg(long, value_parser = parse_account, required_unless_present = "platform", conflicts_with = "platform")]
    account: Option<Account>,
    /// Create a platform token, which is valid for all accounts. The token can publish, read and delete
    /// notifications, read webhooks and deliveries, and pause deliveries
    #[arg(long)]
    platform: bool,
    /// A scope of the token. You can repeat this option
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope_parser())]
    scopes: Vec<Scope>,
    /// The name of the token, which says who uses it; at most 128 printable characters [default: the account, or `platform`, and
    /// the date]
    #[arg(long, value_name = "NAME")]
    name: Option<TokenName>,
    /// The number of days after which the token expires
    #[arg(long, value_name = "DAYS", default_value_t = TOKEN_LIFETIME_DAYS, value_parser = clap::value_parser!(u32).range(1..=36500))]
    expires_in_days: u32,
    /// Create a token that never expires
    #[arg(long, conflicts_with = "expires_in_days")]
    never_expires: bool,
}

pub(super) async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    let now = Clock::system().now();
    match command {
        Command::Create(new) => create(settings, new, now).await,
        Command::List => list::run(settings, now).await,
        Command::Rotate { id, overlap_hours } => rotate(settings, id, TimeDelta::hours(overlap_hours.into()), now).await,
        Command::Revoke { id } => revoke(settings, id, now).await,
    }
}

async fn create(settings: &Settings, new: NewToken, now: DateTime<Utc>) -> anyhow::Result<()> {
    let NewToken { account, platform: _, scopes, name, expires_in_days, never_expires } = new;
    if account.is_none()
        && let Some(scope) = scopes.iter().find(|scope| !scope.for_platform())
    {
        bail!(
            "a platform token cannot have the scope {}: it can only publish and delete notifications, pause deliveries, and read",
            scope.as_str()
        );
    }
    if account.is_some()
        && let Some(scope) = scopes.iter().find(|scope| !scope.for_account())
    {
        bail!("a token of an account cannot have the scope {}: give --platform instead of --account", scope.as_str());
    }
    let name = match name {
        Some(name) => name,
        None => default_name(account.as_ref(), now)?,
    };
    let expires_at = (!never_expires).then(|| now + TimeDelta::days(expires_in_days.into()));
    let (store, vault) = open_store::open_beside_with_vault(settings).await?;
    let (token, secret) = new_token(&vault, &name, account, &scopes, now, expires_at)?;
    let id = token.id;
    let event = audit::by_operator(token_created(&token, AuditEvent::OPERATOR));
    store.create_token(token, &event).await.context("cannot store the token")?;
    audit::append_to_log(settings, &event);
    eprintln!("created the access token {id} ({name}), which {}; it is shown only this once:", expiry(expires_at));
    print_secret(&secret, id)
}

fn default_name(account: Option<&Account>, now: DateTime<Utc>) -> anyhow::Result<TokenName> {
    let owner = account.map_or("platform", Account::as_str);
    format!("{owner} {}", now.format("%Y-%m-%d")).parse().map_err(anyhow::Error::msg)
}

fn expiry(expires_at: Option<DateTime<Utc>>) -> String {
    expires_at.map_or("never expires".to_owned(), |at| format!("expires at {}", at.format("%Y-%m-%dT%H:%MZ")))
}

fn print_secret(secret: &str, id: Uuid) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{secret}").with_context(|| format!("cannot print the token: revoke {id} and create another"))
}

async fn rotate(settings: &Settings, id: Uuid, overlap: TimeDelta, now: DateTime<Utc>) -> anyhow::Result<()> {
    let (store, vault) = open_store::open_beside_with_vault(settings).await?;
    let old = rotatable(&*store, &vault, id, now).await?;
    let (successor, secret) = successor_of(&vault, &old, now)?;
    let (new_id, expires_at) = (successor.id, successor.expires_at);
    let ends_at = old.expires_at.map_or(now + overlap, |expires_at| expires_at.min(now + overlap));
    let rotated = audit::event("token.rotated", now).about(old.account.clone(), AuditObject::new("token", id));
    let events = [rotated, audit::by_operator(token_created(&successor, AuditEvent::OPERATOR))];
    let previous_mac = old.mac.clone();
    let replaced = with_mac(&vault, StoredToken { expires_at: Some(ends_at), ..old });
    if !store.rotate_token(TokenRotation { replaced, previous_mac, successor }, &events).await.context("cannot store the new token")? {
        bail!("the token {id} was changed at the same time, so it was not rotated: see `webhooks-server token list`");
    }
    events.iter().for_each(|event| audit::append_to_log(settings, event));
    eprintln!("the access token {id} {}", expiry(Some(ends_at)));
    eprintln!("created its successor {new_id}, which {}; it is shown only this once:", expiry(expires_at));
    print_secret(&secret, new_id)
}

/// Returns a token that can be rotated.
async fn rotatable(store: &dyn Store, vault: &Vault, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<StoredToken> {
    let tokens = store.list_tokens().await.context("cannot read the tokens")?;
    let Some(token) = tokens.into_iter().find(|token| token.id == id) else { return Err(unknown(id)) };
    if verify(vault, &token).is_none() {
        bail!("the row of the token {id} was not written by this program: revoke the token, and find out who can write to the database");
    }
    if let Some(successor) = token.replaced_by {
        bail!("the token {id} was already replaced by {successor}: rotate that one");
    }
    if !token.valid_at(now) {
        bail!("the token {id} is expired or revoked: create a new one with `webhooks-server token create`");
    }
    Ok(token)
}

async fn revoke(settings: &Settings, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
    let store = open_store::open_beside(settings).await?;
    let tokens = store.list_tokens().await.context("cannot look for the token")?;
    let account = tokens.into_iter().find(|token| token.id == id).and_then(|token| token.account);
    let event = audit::event("token.revoked", now).about(account, AuditObject::new("token", id));
    if !store.revoke_token(id, now, &event).await.context("cannot revoke the token")? {
        return Err(unknown(id));
    }
    audit::append_to_log(settings, &event);
    eprintln!("revoked the access token {id}");
    Ok(())
}

fn unknown(id: Uuid) -> anyhow::Error {
    anyhow::anyhow!("there is no token {id}: `webhooks-server token list` lists the tokens")
}
