//! Who publishes what to whom.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::ledger::Webhook;
use super::receiver::Identity;
use crate::rig::{DELIVERIES, WEBHOOKS};
use crate::service::Service;
use crate::store::Engine;

pub(super) const ACCOUNTS: usize = 4;

/// Published by several at once.
pub(super) const PLAIN: [&str; 2] = ["chaos.plain.a", "chaos.plain.b"];

/// Published by one alone, one after the other.
pub(super) const ORDERED: &str = "chaos.ordered";

struct Wish {
    /// Empty: all.
    event_types: &'static [&'static str],
    ordered: bool,
    /// For basic authentication.
    credentials: Option<(&'static str, &'static str)>,
}

/// The webhooks of each account.
const WISHES: [Wish; 4] = [
    Wish { event_types: &[], ordered: false, credentials: None },
    Wish { event_types: &PLAIN, ordered: false, credentials: Some(("USERNAME", "PASSWORD")) },
    Wish { event_types: &[ORDERED], ordered: true, credentials: None },
    Wish { event_types: &["chaos.plain.b", ORDERED], ordered: false, credentials: None },
];

pub(super) fn account_name(account: usize) -> String {
    format!("chaos-{account}")
}

/// The receivers of the first account are always well: they show how soon deliveries go on after a fault. What one of several
/// servers was on when it was killed is seen only where it is on something for a while.
fn steady_for(engine: Engine, account: usize, ordered: bool) -> Option<Duration> {
    let milliseconds = match (engine, account) {
        (Engine::Sqlite, 0) => 0,
        // One at a time, and still faster than it is published.
        (Engine::Postgres, 0) if ordered => 15,
        (Engine::Postgres, 0) => 100,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds))
}

/// Registers everything at a URL, to which the place of each webhook is added.
pub(super) async fn register(
    http: &reqwest::Client,
    service: &mut Service,
    engine: Engine,
    url: &str,
) -> anyhow::Result<(Vec<Webhook>, Vec<Identity>)> {
    let (mut webhooks, mut identities) = (Vec::new(), Vec::new());
    for account in 0..ACCOUNTS {
        let token = service.account(&account_name(account))?;
        for Wish { event_types, ordered, credentials } in WISHES {
            let place = webhooks.len();
            let mut registration = json!({ "targetURL": format!("{url}/{place}"), "ordered": ordered });
            if !event_types.is_empty() {
                registration["eventTypes"] = json!(event_types);
            }
            if let Some((username, password)) = credentials {
                registration["auth"] = json!({ "type": "basic", "username": username, "password": password });
            }
            let address = &service.nodes[place % service.nodes.len()].address;
            let base = format!("http://{address}{WEBHOOKS}");
            let webhook = ask(http.post(&base).json(&registration), &token).await?;
            let id = webhook["id"].as_str().context("a webhook without an id")?.to_owned();
            let secret = ask(http.get(format!("{base}/{id}/signing-secret")), &token).await?;
            let steady = steady_for(engine, account, ordered);
            let identity = Identity::new(secret["secret"].as_str().unwrap_or_default(), credentials, steady);
            identities.push(identity.context("a webhook without a signing secret")?);
            webhooks.push(Webhook { id, account, event_types, ordered, steady: steady.is_some() });
        }
    }
    Ok((webhooks, identities))
}

/// A delivery that is in this state, if the server has one.
pub(super) async fn delivery(http: &reqwest::Client, server: &str, token: &str, status: &str) -> anyhow::Result<Option<Value>> {
    let page = ask(http.get(format!("http://{server}{DELIVERIES}?status={status}&limit=1")), token).await?;
    Ok(page["data"].as_array().context("a list without items")?.first().cloned())
}

async fn ask(request: reqwest::RequestBuilder, token: &str) -> anyhow::Result<Value> {
    let response = request.header(AUTHORIZATION, format!("Bearer {token}")).send().await?;
    let (status, body) = (response.status(), response.bytes().await?);
    ensure!(status.is_success(), "the server answers {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}
