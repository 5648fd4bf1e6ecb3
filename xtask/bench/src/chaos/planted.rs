//! The planted abort: a webhook whose receiver kills the server that sends a callback to it. The service must fail this
//! delivery alone.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::faults::Faults;
use super::ledger::{Ledger, Planted};
use super::setup::{self, PLANTED};
use super::trap::Trap;
use crate::service::Service;

/// Time without a kill before the planted delivery is published. Attempts that hang end in this time.
const CALM: Duration = Duration::from_secs(4);

/// Time between two kills that no receiver causes. Such kills must not fail a delivery if the receivers respond within a
/// second.
const TIME_BETWEEN_KILLS: Duration = Duration::from_secs(10);

const KILLS: usize = 2;

/// Maximum time until the planted delivery has failed. On PostgreSQL, each kill is followed by a takeover.
const MAX_TIME: Duration = Duration::from_secs(150);

/// Publishes the planted notification, and kills the server at each of its callbacks until the delivery has failed. Then
/// kills servers for no reason. Finally makes the planted delivery due again.
pub(super) fn run(
    faults: &Faults<'_>,
    service: &mut Service,
    addresses: &watch::Sender<Vec<String>>,
    client: (&Runtime, &reqwest::Client),
    webhook: &str,
    (trap, hits): (&Trap, &mpsc::Receiver<()>),
) -> anyhow::Result<()> {
    std::thread::sleep(CALM);
    recover(faults.ledger, service, client)?;
    let (runtime, http) = client;
    let token = service.platform_token()?;
    runtime.block_on(setup::publish_planted(http, &service.addresses()[0], &token))?;
    let (started, mut deaths) = (Instant::now(), 0);
    let failed = loop {
        if hits.recv_timeout(Duration::from_millis(200)).is_ok() {
            if let Some(node) = sender(service, webhook) {
                faults.kill(node, &mut service.nodes[node])?;
                deaths += 1;
                restart(faults, service, node, addresses)?;
            }
            while hits.try_recv().is_ok() {}
            continue;
        }
        let failed = runtime.block_on(setup::deliveries(http, &service.addresses()[0], &token, "failed"))?;
        if let Some(delivery) = failed.into_iter().find(|delivery| delivery["webhook"]["id"] == webhook) {
            break Some(delivery);
        }
        if started.elapsed() > MAX_TIME {
            break None;
        }
    };
    let outcome = |delivery: &Value| delivery["lastAttempt"]["outcome"].as_str().unwrap_or_default().to_owned();
    faults.ledger.lock().planted = Some(Planted { deaths, outcome: failed.as_ref().map(outcome), recovered: false });
    for number in 0..KILLS {
        if number > 0 {
            std::thread::sleep(TIME_BETWEEN_KILLS);
        }
        let node = number % service.nodes.len();
        faults.kill(node, &mut service.nodes[node])?;
        restart(faults, service, node, addresses)?;
    }
    for delivery in runtime.block_on(setup::deliveries(http, &service.addresses()[0], &token, "failed"))? {
        if delivery["webhook"]["id"] != webhook {
            faults.ledger.add_violation("failed by kills, although its receiver responds within a second", delivery.to_string());
        }
    }
    trap.disarm();
    if let Some(delivery) = failed {
        redeliver(service, client, PLANTED, &delivery)?;
    }
    Ok(())
}

/// Makes deliveries due again that have failed because of many kills within a few seconds. Such kills cannot be
/// distinguished from a delivery that ends the server.
fn recover(ledger: &Ledger, service: &mut Service, client: (&Runtime, &reqwest::Client)) -> anyhow::Result<()> {
    let (runtime, http) = client;
    let token = service.platform_token()?;
    for delivery in runtime.block_on(setup::deliveries(http, &service.addresses()[0], &token, "failed"))? {
        let text = |pointer| delivery.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (webhook, notification) = (text("/webhook/id"), text("/notification/id"));
        let account = ledger.lock().webhooks.iter().find(|known| known.id == webhook).map(|known| known.account);
        if let Some(account) = account.filter(|_| text("/lastAttempt/outcome") == "aborted") {
            ledger.lock().redelivered.insert((webhook, notification));
            redeliver(service, client, &setup::account_name(account), &delivery)?;
        }
    }
    Ok(())
}

fn redeliver(service: &mut Service, client: (&Runtime, &reqwest::Client), account: &str, delivery: &Value) -> anyhow::Result<()> {
    let (runtime, http) = client;
    let token = service.account_token(account)?;
    let id = delivery["id"].as_str().context("a delivery has no id")?;
    runtime.block_on(setup::redeliver(http, &service.addresses()[0], &token, id))
}

/// Returns the index of the server that attempts the planted delivery.
fn sender(service: &Service, webhook: &str) -> Option<usize> {
    let Some(database) = &service.database else { return Some(0) };
    let sql = format!("SELECT n.name FROM nodes n JOIN pending p ON p.leased_by = n.incarnation WHERE p.webhook_id = '{webhook}'");
    let name = database.execute(&sql).ok()?;
    (0..service.nodes.len()).find(|index| Service::node_name(*index) == name.trim())
}

fn restart(faults: &Faults<'_>, service: &mut Service, node: usize, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
    let token = service.platform_token()?;
    faults.restart_server(&mut service.nodes[node], &token)?;
    addresses.send_replace(service.addresses());
    Ok(())
}
