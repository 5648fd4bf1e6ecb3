//! `webhooks-server delivery …`: pausing and resuming deliveries, beside running servers.

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
    /// Begin no attempts any more: within a second nothing new goes out, and what is in flight ends
    ///
    /// Publishing goes on: what is published, and what is to be retried, waits in the store and costs no attempt, also over
    /// a restart. Tests of a webhook and handshakes still go out.
    Pause(Target),
    /// End a pause: within a second everything that is due goes on
    ///
    /// Each pause is ended by the name that it was made with: what another pause still holds goes on waiting.
    Resume(Target),
    /// Show what is paused, and since when
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
                eprintln!("paused {scope}: within a second nothing new goes out, and what is published waits");
            } else {
                eprintln!("nothing to do: there is a pause of {scope} already, and `webhooks-server delivery status` says since when");
            }
        }
        Command::Resume(target) => {
            let scope = scope(target);
            if !store.resume_deliveries(scope.clone(), now).await.context("cannot resume deliveries")? {
                bail!("there is no pause of {scope}: `webhooks-server delivery status` shows those that there are");
            }
            eprintln!("resumed {scope}: within a second what is due goes on");
            for pause in store.list_pauses().await.context("it is resumed, but the other pauses cannot be listed")? {
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

/// The command line takes one of the three.
fn scope(target: Target) -> PauseScope {
    let account = target.account.map(PauseScope::Account);
    account.or(target.webhook.map(PauseScope::Webhook)).unwrap_or(PauseScope::All)
}
