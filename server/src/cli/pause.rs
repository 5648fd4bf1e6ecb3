//! `webhooks-server delivery …`: pauses and resumes deliveries. Servers may be running.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::parse_account;
use crate::api::types::Account;
use crate::clock::Clock;
use crate::config::Settings;
use crate::model::PauseScope;
use crate::node::open_store;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start no new attempts (takes effect within a second); attempts in flight run to their end
    ///
    /// Publishing continues. New deliveries and retries wait in the store, also across a restart, and use up no attempts.
    /// Tests of a webhook and handshakes are still sent.
    Pause(Target),
    /// End a pause; due deliveries are attempted within a second
    ///
    /// Use the option with which the pause was started. Deliveries that another pause covers keep waiting.
    Resume(Target),
    /// Show the pauses, and when each began
    Status,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Target {
    /// Every webhook
    #[arg(long)]
    pub all: bool,
    /// The webhooks of an account
    #[arg(long, value_parser = parse_account)]
    pub account: Option<Account>,
    /// One webhook
    #[arg(long, value_name = "ID")]
    pub webhook: Option<Uuid>,
}

pub(super) async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    let store = open_store::open_beside(settings).await?;
    let now = Clock::system().now();
    match command {
        Command::Pause(target) => {
            let scope = scope(target);
            if let PauseScope::Webhook(id) = scope
                && store.get_webhook(None, id).await.context("cannot look for the webhook")?.is_none()
            {
                bail!("there is no webhook {id}");
            }
            let paused = store.pause_deliveries(scope.clone(), now).await.context("cannot pause deliveries")?;
            if paused {
                eprintln!("paused {scope}: within a second no new attempts start, and new deliveries wait");
            } else {
                eprintln!("nothing to do: there is already a pause of {scope}; `webhooks-server delivery status` shows when it began");
            }
        }
        Command::Resume(target) => {
            let scope = scope(target);
            if !store.resume_deliveries(scope.clone(), now).await.context("cannot resume deliveries")? {
                bail!("there is no pause of {scope}: `webhooks-server delivery status` lists the pauses");
            }
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

/// Returns the scope of the given option. The parser makes sure that there is exactly one.
fn scope(target: Target) -> PauseScope {
    let account = target.account.map(PauseScope::Account);
    account.or(target.webhook.map(PauseScope::Webhook)).unwrap_or(PauseScope::All)
}
