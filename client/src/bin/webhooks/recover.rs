//! `webhooks recover`: calls recoverDeliveries until all selected deliveries are due again.

use anyhow::Result;
use serde_json::json;
use webhooks_client::types::{DeliveryRecovery, DeliveryRecoveryCursor};

use crate::api::Api;
use crate::arguments::Recover;
use crate::output::{Format, print, print_json};
use crate::{lookup, requests};

pub(crate) async fn run(api: &Api, arguments: &Recover, format: Format) -> Result<()> {
    let webhook = lookup::webhook(api, &arguments.webhook).await?;
    let mut progress = Progress { count: 0, cursor: arguments.cursor.clone() };
    let call = async |cursor: Option<String>| {
        let cursor = cursor.map(|cursor| requests::parse::<DeliveryRecoveryCursor>(&cursor, requests::CURSOR)).transpose()?;
        let dry_run = arguments.dry_run.then_some(true);
        let body = DeliveryRecovery { since: arguments.since, until: arguments.until, dry_run, cursor };
        let recovery = api.settle(api.client.recover_deliveries().id(webhook).body(body).send().await)?;
        Ok((recovery.count.into(), recovery.cursor.map(String::from)))
    };
    if let Err(error) = progress.run(call).await {
        if let Some(cursor) = progress.cursor.filter(|cursor| Some(cursor) != arguments.cursor.as_ref()) {
            eprintln!("interrupted after {}: continue with --cursor {cursor}", deliveries(progress.count));
        }
        return Err(error);
    }
    if format.is_json() {
        return Ok(print_json(&json!({ "count": progress.count }))?);
    }
    let result = if arguments.dry_run { "would recover" } else { "recovered" };
    Ok(print(&format!("{result} {}", deliveries(progress.count)))?)
}

fn deliveries(count: i64) -> String {
    format!("{count} {}", if count == 1 { "delivery" } else { "deliveries" })
}

/// The number of recovered deliveries, and the cursor for the next call.
struct Progress {
    count: i64,
    cursor: Option<String>,
}

impl Progress {
    async fn run(&mut self, call: impl AsyncFn(Option<String>) -> Result<(i64, Option<String>)>) -> Result<()> {
        loop {
            let (count, cursor) = call(self.cursor.clone()).await?;
            self.count += count;
            self.cursor = cursor;
            if self.cursor.is_none() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[tokio::test]
    async fn a_recovery_runs_to_its_end_and_keeps_its_cursor_when_interrupted() {
        let call = async |cursor: Option<String>| match cursor.as_deref() {
            None => Ok((10_000, Some("a".to_owned()))),
            Some("a") => Ok((0, Some("b".to_owned()))),
            Some("b") => Ok((7, None)),
            Some(_) => Err(anyhow!("the API is down")),
        };
        let mut progress = Progress { count: 0, cursor: None };
        progress.run(call).await.expect("an end");
        assert_eq!((progress.count, progress.cursor.as_deref()), (10_007, None));
        let mut interrupted = Progress { count: 3, cursor: Some("z".to_owned()) };
        interrupted.run(call).await.expect_err("the API is down");
        assert_eq!((interrupted.count, interrupted.cursor.as_deref()), (3, Some("z")));
    }
}
