//! `webhooks-server delivery …`: pauses and resumes deliveries. Servers may run at the same time.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{audit, parse_account};
use crate::api::types::{Account, AuditEvent, AuditObject};
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::PauseScope;
use crate::node::open_store;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pause deliveries: after at most one second, no new attempts start; attempts in flight are completed
    ///
    /// Publishing continues. New deliveries and retries wait in the database, even if the server restarts. A wait does not
    /// count as an attempt. Test callbacks and handshakes are still sent.
    Pause(Target),
    /// End a pause; due deliveries are attempted after at most one second
    ///
    /// Give the same --all, --account or --webhook as in the command that started the pause. If another pause includes a
    /// delivery, the delivery stays paused.
    Resume(Target),
    /// Show each pause and the time when it began
    Status,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// The deliveries to all webhooks
    #[arg(long)]
    pub all: bool,
    /// The deliveries to the webhooks of this account
    #[arg(long, value_parser = parse_account)]
    pub account: Option<Account>,
    /// The deliveries to the webhook with this id
    #[arg(long, value_name = "ID")]
    pub webhook: Option<Uuid>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    let store = open_store::open_beside(settings).await?;
    let now = Clock::system().now();
    match command {
        Command::Pause(target) => {
            let scope = scope(target);
            let account = account_of(&*store, &scope).await?;
            if let (PauseScope::Webhook(id), None) = (&scope, &account) {
                bail!("there is no webhook {id}");
            }
            if let PauseScope::Account(name) = &scope
                && !store.has_webhooks(name).await.context("cannot look for webhooks")?
            {
                eprintln!("warning: the account {name} has no webhook; check the spelling");
            }
            let event = event("deliveries.paused", account, &scope, now);
            let paused = store.pause_deliveries(scope.clone(), now, &event).await.context("cannot pause deliveries")?;
            if paused {
                audit::append_to_log(settings, &event);
                eprintln!("paused {scope}: after at most one second, no new attempts start, and new deliveries wait");
            } else {
                eprintln!("nothing to do: there is already a pause of {scope}; `webhooks-server delivery status` shows when it began");
            }
        }
        Command::Resume(target) => {
            let scope = scope(target);
            let event = event("deliveries.resumed", account_of(&*store, &scope).await?, &scope, now);
            if !store.resume_deliveries(scope.clone(), now, &event).await.context("cannot resume deliveries")? {
                bail!("there is no pause of {scope}: `webhooks-server delivery status` lists the pauses");
            }
            audit::append_to_log(settings, &event);
            eprintln!("resumed {scope}: due deliveries are attempted within a second");
            for pause in store.list_pauses().await.context("resumed, but the other pauses cannot be listed")? {
                eprintln!("still paused: {}", pause.scope);
            }
        }
        Command::Status => {
            let pauses = store.list_pauses().await.context("cannot list the pauses")?;
            let mut lines: Vec<String> =
                pauses.iter().map(|pause| format!("{}  {}", pause.since.format("%Y-%m-%dT%H:%M:%SZ"), pause.scope)).collect();
            if lines.is_empty() {
                lines.push("nothing is paused".to_owned());
            } else {
                lines.insert(0, format!("{:20}  PAUSED", "SINCE"));
            }
            writeln!(std::io::stdout(), "{}", lines.join("\n")).context("cannot print the pauses")?;
        }
    }
    Ok(())
}

/// Returns the account of a scope, or `None` if the scope has no account or the webhook does not exist.
async fn account_of(store: &dyn Store, scope: &PauseScope) -> anyhow::Result<Option<Account>> {
    Ok(match scope {
        PauseScope::All => None,
        PauseScope::Account(account) => Some(account.clone()),
        PauseScope::Webhook(id) => {
            store.get_webhook(None, *id).await.context("cannot look for the webhook")?.map(|webhook| webhook.account)
        }
    })
}

fn event(action: &str, account: Option<Account>, scope: &PauseScope, now: DateTime<Utc>) -> AuditEvent {
    let event = audit::event(action, now);
    match scope {
        PauseScope::All => event,
        PauseScope::Account(name) => event.about(account, AuditObject::new("account", name)),
        PauseScope::Webhook(id) => event.about(account, AuditObject::webhook(*id)),
    }
}

/// Returns the scope that the option names. clap ensures that exactly one option is given.
fn scope(target: Target) -> PauseScope {
    let account = target.account.map(PauseScope::Account);
    account.or(target.webhook.map(PauseScope::Webhook)).unwrap_or(PauseScope::All)
}
