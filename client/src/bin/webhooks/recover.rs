//! `webhooks recover`: one recovery, in as many calls as it takes.

use anyhow::Result;
use serde_json::json;
use webhooks_client::types::{DeliveryRecovery, DeliveryRecoveryCursor};

use crate::api::Api;
use crate::arguments::Recover;
use crate::output::{print, print_json};
use crate::requests;

pub(crate) async fn run(api: &Api, arguments: &Recover, json: bool) -> Result<()> {
    let mut progress = Progress { count: 0, cursor: arguments.cursor.clone() };
    let call = async |cursor: Option<String>| {
        let cursor = cursor.map(|cursor| requests::read::<DeliveryRecoveryCursor>(&cursor, requests::CURSOR)).transpose()?;
        let dry_run = arguments.dry_run.then_some(true);
        let body = DeliveryRecovery { since: arguments.since, until: arguments.until, dry_run, cursor };
        let answer = api.settle(api.client.recover_deliveries().id(arguments.webhook).body(body).send().await)?;
        Ok((answer.count.into(), answer.cursor.map(String::from)))
    };
    if let Err(error) = progress.follow(call).await {
        if let Some(cursor) = progress.cursor.filter(|cursor| Some(cursor) != arguments.cursor.as_ref()) {
            eprintln!("cut off after {}: go on with --cursor {cursor}", deliveries(progress.count));
        }
        return Err(error);
    }
    if json {
        return Ok(print_json(&json!({ "count": progress.count }))?);
    }
    let done = if arguments.dry_run { "would recover" } else { "recovered" };
    Ok(print(&format!("{done} {}", deliveries(progress.count)))?)
}

fn deliveries(count: i64) -> String {
    format!("{count} {}", if count == 1 { "delivery" } else { "deliveries" })
}

/// How many so far, and where it goes on.
struct Progress {
    count: i64,
    cursor: Option<String>,
}

impl Progress {
    async fn follow(&mut self, call: impl AsyncFn(Option<String>) -> Result<(i64, Option<String>)>) -> Result<()> {
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
    async fn a_recovery_is_followed_to_its_end_and_remembers_where_it_was_cut_off() {
        let call = async |cursor: Option<String>| match cursor.as_deref() {
            None => Ok((10_000, Some("a".to_owned()))),
            Some("a") => Ok((0, Some("b".to_owned()))),
            Some("b") => Ok((7, None)),
            Some(_) => Err(anyhow!("away")),
        };
        let mut progress = Progress { count: 0, cursor: None };
        progress.follow(call).await.expect("an end");
        assert_eq!((progress.count, progress.cursor.as_deref()), (10_007, None));
        let mut cut_off = Progress { count: 3, cursor: Some("z".to_owned()) };
        cut_off.follow(call).await.expect_err("it is away");
        assert_eq!((cut_off.count, cut_off.cursor.as_deref()), (3, Some("z")));
    }
}
