//! `webhooks health`: whether webhooks work, and why not.

use std::num::NonZeroU32;

use anyhow::Result;
use webhooks_client::types::{ListWebhooksAccount, Webhook, WebhookHealthState};
use webhooks_client::{List as _, Page};

use crate::api::Api;
use crate::arguments::Health;
use crate::output::{Format, HealthReport, print, print_listing, print_one};
use crate::{lookup, requests};

const PAGE_SIZE: NonZeroU32 = NonZeroU32::new(200).expect("not zero");

/// The maximum number of healthy webhooks that are counted. Each page costs a request.
const MAX_COUNTED: usize = 1000;

pub(crate) async fn run(api: &Api, arguments: &Health, format: Format) -> Result<()> {
    if let Some(reference) = &arguments.id {
        let webhook = api.settle(api.client.get_webhook().id(lookup::webhook(api, reference).await?).send().await)?;
        return Ok(print_one(&HealthReport(webhook), format)?);
    }
    let mut found = Vec::new();
    for state in [WebhookHealthState::Failing, WebhookHealthState::Deactivated, WebhookHealthState::Paused] {
        found.extend(webhooks(api, arguments, Some(state), usize::MAX).await?.into_iter().map(HealthReport));
    }
    found.sort_by_key(HealthReport::rank);
    if found.is_empty() && !format.is_json() {
        let count = webhooks(api, arguments, None, MAX_COUNTED).await?.len();
        return Ok(print(&all_healthy(count))?);
    }
    Ok(print_listing(&Page { data: found, cursor: None }, format)?)
}

/// Returns at least the first `max` webhooks in this state, if there are so many.
async fn webhooks(api: &Api, arguments: &Health, state: Option<WebhookHealthState>, max: usize) -> Result<Vec<Webhook>> {
    let mut request = api.client.list_webhooks().limit(PAGE_SIZE);
    if let Some(account) = &arguments.of_account.account {
        request = request.account(requests::parse::<ListWebhooksAccount>(account, requests::ACCOUNT)?);
    }
    if let Some(state) = state {
        request = request.health(state);
    }
    let mut page = request.page(None).await.map_err(|failure| api.failure(failure))?;
    while page.cursor.is_some() && page.data.len() < max {
        let next = request.page(page.cursor.take()).await.map_err(|failure| api.failure(failure))?;
        page.data.extend(next.data);
        page.cursor = next.cursor;
    }
    Ok(page.data)
}

fn all_healthy(count: usize) -> String {
    match count {
        0 => "there are no webhooks".to_owned(),
        1 => "the only webhook is healthy".to_owned(),
        MAX_COUNTED.. => format!("all webhooks are healthy ({MAX_COUNTED} or more)"),
        _ => format!("all {count} webhooks are healthy"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_healthy_webhooks_is_a_sentence() {
        let sentences = [0, 1, 2, 1000].map(all_healthy);
        let expected = [
            "there are no webhooks",
            "the only webhook is healthy",
            "all 2 webhooks are healthy",
            "all webhooks are healthy (1000 or more)",
        ];
        assert_eq!(sentences, expected);
    }
}
