//! The accounts, event types and webhooks of the test.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::ledger::Webhook;
use super::receiver::Identity;
use super::trap;
use crate::rig::{DELIVERIES, NOTIFICATIONS, WEBHOOKS};
use crate::service::Service;
use crate::store::Engine;

pub(super) const ACCOUNTS: usize = 4;

/// Event types that several publishers use at the same time.
pub(super) const PLAIN: [&str; 2] = ["chaos.plain.a", "chaos.plain.b"];

/// The account of the planted abort. It has one webhook.
pub(super) const PLANTED: &str = "chaos-planted";

/// The event type of the ordered publisher of each account. No other publisher uses it.
pub(super) const ORDERED: &str = "chaos.ordered";

struct WebhookSettings {
    /// The event types of the webhook. If the list is empty, the webhook gets all event types.
    event_types: &'static [&'static str],
    ordered: bool,
    /// The user name and the password for basic authentication.
    credentials: Option<(&'static str, &'static str)>,
}

/// The webhooks of each account.
const SETTINGS: [WebhookSettings; 4] = [
    WebhookSettings { event_types: &[], ordered: false, credentials: None },
    WebhookSettings { event_types: &PLAIN, ordered: false, credentials: Some(("USERNAME", "PASSWORD")) },
    WebhookSettings { event_types: &[ORDERED], ordered: true, credentials: None },
    WebhookSettings { event_types: &["chaos.plain.b", ORDERED], ordered: false, credentials: None },
];

pub(super) fn account_name(account: usize) -> String {
    format!("chaos-{account}")
}

/// Returns the response time of a receiver that never fails, and `None` for other receivers. The receivers of the
/// first account never fail, so they show how soon deliveries continue after a fault. On PostgreSQL, these receivers
/// respond after some milliseconds, so that a killed server usually has leased deliveries.
fn response_time(engine: Engine, account: usize, ordered: bool) -> Option<Duration> {
    let milliseconds = match (engine, account) {
        (Engine::Sqlite, 0) => 0,
        // An ordered webhook gets one delivery at a time. So its receiver must respond faster than the publisher
        // publishes.
        (Engine::Postgres, 0) if ordered => 15,
        (Engine::Postgres, 0) => 100,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds))
}

/// Registers all webhooks. The target URL of each webhook is `url`, followed by `/` and the index of the webhook.
pub(super) async fn register(
    http: &reqwest::Client,
    service: &mut Service,
    engine: Engine,
    url: &str,
) -> anyhow::Result<(Vec<Webhook>, Vec<Identity>)> {
    let (mut webhooks, mut identities) = (Vec::new(), Vec::new());
    for account in 0..ACCOUNTS {
        let token = service.account_token(&account_name(account))?;
        for WebhookSettings { event_types, ordered, credentials } in SETTINGS {
            let index = webhooks.len();
            let mut registration = json!({ "targetURL": format!("{url}/{index}"), "ordered": ordered });
            if !event_types.is_empty() {
                registration["eventTypes"] = json!(event_types);
            }
            if let Some((username, password)) = credentials {
                registration["auth"] = json!({ "type": "basic", "username": username, "password": password });
            }
            let address = &service.nodes[index % service.nodes.len()].address;
            let base = format!("http://{address}{WEBHOOKS}");
            let webhook = call(http.post(&base).json(&registration), &token).await?;
            let id = webhook["id"].as_str().context("the webhook has no id")?.to_owned();
            let secret = call(http.get(format!("{base}/{id}/signing-secret")), &token).await?;
            let response_time = response_time(engine, account, ordered);
            let identity = Identity::new(secret["secret"].as_str().unwrap_or_default(), credentials, response_time);
            identities.push(identity.context("the webhook has no signing secret")?);
            webhooks.push(Webhook { id, account, event_types, ordered, reliable: response_time.is_some() });
        }
    }
    Ok((webhooks, identities))
}

/// Registers the webhook of the planted abort. Returns its id.
pub(super) async fn register_planted(http: &reqwest::Client, service: &mut Service, url: &str) -> anyhow::Result<String> {
    let token = service.account_token(PLANTED)?;
    let base = format!("http://{}{WEBHOOKS}", service.addresses()[0]);
    let registration = json!({ "targetURL": format!("{url}{}", trap::PATH) });
    let webhook = call(http.post(base).json(&registration), &token).await?;
    Ok(webhook["id"].as_str().context("the webhook has no id")?.to_owned())
}

/// Publishes the notification of the planted abort.
pub(super) async fn publish_planted(http: &reqwest::Client, server: &str, token: &str) -> anyhow::Result<()> {
    let publication = json!({ "type": "chaos.planted", "account": PLANTED, "data": {} });
    call(http.post(format!("http://{server}{NOTIFICATIONS}")).json(&publication), token).await.map(drop)
}

pub(super) async fn redeliver(http: &reqwest::Client, server: &str, token: &str, id: &str) -> anyhow::Result<()> {
    call(http.post(format!("http://{server}{DELIVERIES}/{id}/redelivery")), token).await.map(drop)
}

/// Returns at most 100 deliveries with this status.
pub(super) async fn deliveries(http: &reqwest::Client, server: &str, token: &str, status: &str) -> anyhow::Result<Vec<Value>> {
    let page = call(http.get(format!("http://{server}{DELIVERIES}?status={status}&limit=100")), token).await?;
    Ok(page["data"].as_array().context("the page has no `data`")?.clone())
}

/// Returns a delivery with this status, if there is one.
pub(super) async fn find_delivery(http: &reqwest::Client, server: &str, token: &str, status: &str) -> anyhow::Result<Option<Value>> {
    let page = call(http.get(format!("http://{server}{DELIVERIES}?status={status}&limit=1")), token).await?;
    Ok(page["data"].as_array().context("the page has no `data`")?.first().cloned())
}

pub(crate) async fn call(request: reqwest::RequestBuilder, token: &str) -> anyhow::Result<Value> {
    let response = request.header(AUTHORIZATION, format!("Bearer {token}")).send().await?;
    let (status, body) = (response.status(), response.bytes().await?);
    ensure!(status.is_success(), "the server responded {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}
