//! Rolling restarts under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::receive_all;
use crate::harness::{Api, Fleet, eventually, id_of};

/// A load balancer that sends requests only to ready nodes. It checks readiness ten times per second, reuses connections, and
/// never repeats a request.
struct Balancer {
    targets: Vec<Target>,
    next_target: AtomicUsize,
}

struct Target {
    /// Clients for the API listener and the admin listener of a node. The test replaces them when the node restarts.
    addresses: Mutex<(Api, Api)>,
    ready: AtomicBool,
}

impl Balancer {
    async fn new(fleet: &Fleet, nodes: usize) -> Balancer {
        let mut targets = Vec::new();
        for node in 0..nodes {
            targets.push(Target { addresses: Mutex::new(addresses(fleet, node).await), ready: AtomicBool::new(false) });
        }
        Balancer { targets, next_target: AtomicUsize::new(0) }
    }

    async fn probe(self: Arc<Self>, node: usize) {
        let target = &self.targets[node];
        loop {
            let (_, admin_api) = target.addresses();
            target.ready.store(admin_api.readiness().await == Some(200), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn next(&self) -> Api {
        for _ in 0..self.targets.len() {
            let target = &self.targets[self.next_target.fetch_add(1, Ordering::Relaxed) % self.targets.len()];
            if target.is_ready() {
                return target.addresses().0;
            }
        }
        panic!("no node is ready")
    }
}

impl Target {
    fn addresses(&self) -> (Api, Api) {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    async fn wait_until_ready_is(&self, ready: bool) {
        eventually("the readiness of a node", async || (self.is_ready() == ready).then_some(())).await;
    }
}

async fn addresses(fleet: &Fleet, node: usize) -> (Api, Api) {
    (fleet.direct_api(node), fleet.admin_api(node).await)
}

async fn publish_without_errors(balancer: Arc<Balancer>, stopping: Arc<AtomicBool>) -> Vec<String> {
    let mut accepted = Vec::new();
    while !stopping.load(Ordering::Relaxed) {
        let response = balancer.next().try_publish(&json!({ "type": "a.b", "data": {} }), &Uuid::now_v7().to_string()).await;
        accepted.push(id_of(&response.expect("a response").expect(202)));
    }
    accepted
}

#[tokio::test]
async fn a_rolling_restart_refuses_and_aborts_no_request() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &["--drain-delay-seconds", "2"]).await;
    let mut receiver = fleet.receiver().await;
    fleet.api(0).register_url(&receiver.url()).await;
    let balancer = Arc::new(Balancer::new(&fleet, 2).await);
    let mut probing = JoinSet::new();
    for node in [0, 1] {
        probing.spawn(balancer.clone().probe(node));
        balancer.targets[node].wait_until_ready_is(true).await;
    }
    let (stopping, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..3 {
        callers.spawn(publish_without_errors(balancer.clone(), stopping.clone()));
    }
    for node in [0, 1] {
        fleet.request_stop(node);
        balancer.targets[node].wait_until_ready_is(false).await;
        assert!(fleet.wait_for_exit(node).await.success());
        fleet.start_again(node).await;
        *balancer.targets[node].addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses(&fleet, node).await;
        balancer.targets[node].wait_until_ready_is(true).await;
    }
    stopping.store(true, Ordering::Relaxed);
    let published = callers.join_all().await.concat();
    let received = receive_all(&mut receiver, &published).await;
    assert_eq!(received.len(), published.len(), "each notification is delivered once");
}
