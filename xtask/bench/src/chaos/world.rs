//! Who publishes what to whom.

use anyhow::{Context as _, ensure};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::ledger::Webhook;
use super::receiver::Identity;
use crate::rig::{DELIVERIES, WEBHOOKS};
use crate::server::Server;

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

/// Registers everything at a URL, to which the place of each webhook is added.
pub(super) async fn register(http: &reqwest::Client, server: &mut Server, url: &str) -> anyhow::Result<(Vec<Webhook>, Vec<Identity>)> {
    let (mut webhooks, mut identities) = (Vec::new(), Vec::new());
    for account in 0..ACCOUNTS {
        let token = server.account(&account_name(account))?;
        for Wish { event_types, ordered, credentials } in WISHES {
            let place = webhooks.len();
            let mut registration = json!({ "targetURL": format!("{url}/{place}"), "ordered": ordered });
            if !event_types.is_empty() {
                registration["eventTypes"] = json!(event_types);
            }
            if let Some((username, password)) = credentials {
                registration["auth"] = json!({ "type": "basic", "username": username, "password": password });
            }
            let base = format!("http://{}{WEBHOOKS}", server.address);
            let webhook = ask(http.post(&base).json(&registration), &token).await?;
            let id = webhook["id"].as_str().context("a webhook without an id")?.to_owned();
            let secret = ask(http.get(format!("{base}/{id}/signing-secret")), &token).await?;
            // One is always well, which shows how soon deliveries go on after a start.
            let identity = Identity::new(secret["secret"].as_str().unwrap_or_default(), credentials, place == 0);
            identities.push(identity.context("a webhook without a signing secret")?);
            webhooks.push(Webhook { id, account, event_types, ordered });
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
