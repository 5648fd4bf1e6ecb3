//! The commands that change many deliveries: they call an operation until it returns no cursor.

use anyhow::Result;
use serde_json::json;
use webhooks_client::types::{
    DeliveryRecovery, DeliveryRecoveryCursor, DeliveryRecoveryOutcome, DeliveryRecoveryType, DeliverySelection, DeliverySelectionCursor,
    DeliverySelectionOutcome, DeliverySelectionType,
};

use crate::api::Api;
use crate::arguments::{Recover, Selection};
use crate::output::{Format, print, print_json};
use crate::{lookup, requests};

pub(crate) async fn run(api: &Api, arguments: &Recover, format: Format) -> Result<()> {
    let webhook = lookup::webhook(api, &arguments.webhook).await?;
    let options = &arguments.options;
    let body = DeliveryRecovery {
        since: options.since,
        until: options.until,
        type_: options.event_type.as_deref().map(|text| requests::parse::<DeliveryRecoveryType>(text, requests::EVENT_TYPE)).transpose()?,
        outcome: options.outcome.as_deref().map(|text| requests::parse::<DeliveryRecoveryOutcome>(text, OUTCOME)).transpose()?,
        status_code: options.status_code.map(i32::from),
        dry_run: options.dry_run.then_some(true),
        cursor: None,
    };
    let call = async |cursor: Option<String>| {
        let cursor = cursor.map(|cursor| requests::parse::<DeliveryRecoveryCursor>(&cursor, requests::CURSOR)).transpose()?;
        let body = DeliveryRecovery { cursor, ..body.clone() };
        let recovery = api.settle(api.client.recover_deliveries().id(webhook).body(body).send().await)?;
        Ok((recovery.count.into(), recovery.cursor.map(String::from)))
    };
    let result = if options.dry_run { "would recover" } else { "recovered" };
    repeat(call, options.cursor.as_ref(), result, format).await
}

/// The operations that change selected deliveries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Redeliver,
    Cancel,
}

pub(crate) async fn change(api: &Api, change: Change, arguments: &Selection, format: Format) -> Result<()> {
    let options = &arguments.options;
    let body = DeliverySelection {
        webhook_id: lookup::optional_webhook(api, arguments.webhook.as_ref()).await?,
        since: options.since,
        until: options.until,
        type_: options
            .event_type
            .as_deref()
            .map(|text| requests::parse::<DeliverySelectionType>(text, requests::EVENT_TYPE))
            .transpose()?,
        outcome: options.outcome.as_deref().map(|text| requests::parse::<DeliverySelectionOutcome>(text, OUTCOME)).transpose()?,
        status_code: options.status_code.map(i32::from),
        dry_run: options.dry_run.then_some(true),
        cursor: None,
    };
    let call = async |cursor: Option<String>| {
        let cursor = cursor.map(|cursor| requests::parse::<DeliverySelectionCursor>(&cursor, requests::CURSOR)).transpose()?;
        let body = DeliverySelection { cursor, ..body.clone() };
        let changed = match change {
            Change::Redeliver => api.settle(api.client.redeliver_deliveries().body(body).send().await)?,
            Change::Cancel => api.settle(api.client.cancel_deliveries().body(body).send().await)?,
        };
        Ok((changed.count.into(), changed.cursor.map(String::from)))
    };
    let result = match (change, options.dry_run) {
        (Change::Redeliver, true) => "would repeat",
        (Change::Redeliver, false) => "repeated",
        (Change::Cancel, true) => "would cancel",
        (Change::Cancel, false) => "cancelled",
    };
    repeat(call, options.cursor.as_ref(), result, format).await
}

/// Completes the error message "`TEXT` is not …".
const OUTCOME: &str = "an outcome such as `rejected`";

/// Calls an operation until it returns no cursor, and prints the number of deliveries. If a call fails, prints the cursor with
/// which the user can continue.
async fn repeat(
    call: impl AsyncFn(Option<String>) -> Result<(i64, Option<String>)>,
    cursor: Option<&String>,
    result: &str,
    format: Format,
) -> Result<()> {
    let mut progress = Progress { count: 0, cursor: cursor.cloned() };
    if let Err(error) = progress.run(call).await {
        if let Some(reached) = progress.cursor.filter(|reached| Some(reached) != cursor) {
            eprintln!("interrupted after {}: continue with --cursor {reached}", deliveries(progress.count));
        }
        return Err(error);
    }
    if format.is_json() {
        return Ok(print_json(&json!({ "count": progress.count }))?);
    }
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
