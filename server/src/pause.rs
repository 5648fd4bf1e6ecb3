//! `webhooks-server delivery …`: pausing and resuming deliveries, beside running servers.

use std::fmt;
use std::io::Write as _;

use anyhow::{Context as _, bail};

use crate::clock::Clock;
use crate::config::{DeliveryCommand, Settings, Target};
use crate::model::PauseScope;
use crate::opening;

pub async fn run(settings: &Settings, command: DeliveryCommand) -> anyhow::Result<()> {
    let store = opening::open_beside(settings).await?;
    let now = Clock::system().now();
    match command {
        DeliveryCommand::Pause(target) => {
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
        DeliveryCommand::Resume(target) => {
            let scope = scope(target);
            if !store.resume_deliveries(scope.clone(), now).await.context("cannot resume deliveries")? {
                bail!("there is no pause of {scope}: `webhooks-server delivery status` shows those that there are");
            }
            eprintln!("resumed {scope}: within a second what is due goes on");
            for pause in store.list_pauses().await.context("it is resumed, but the other pauses cannot be listed")? {
                eprintln!("still paused: {}", pause.scope);
            }
        }
        DeliveryCommand::Status => {
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

impl fmt::Display for PauseScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PauseScope::All => formatter.write_str("all deliveries"),
            PauseScope::Account(account) => write!(formatter, "account {}", account.as_str()),
            PauseScope::Webhook(id) => write!(formatter, "webhook {id}"),
        }
    }
}
