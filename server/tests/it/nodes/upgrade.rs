//! Nodes that are replaced one after another while callers publish.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::arrivals;
use crate::harness::{Api, Fleet, eventually, id_of};

/// What spreads requests over the nodes that said a moment ago that they are ready. It asks them ten times a second, keeps
/// its connections, and sends no request twice.
struct Balancer {
    targets: Vec<Target>,
    turn: AtomicUsize,
}

struct Target {
    /// A node's API and its address of operations, which change when it starts again.
    addresses: Mutex<(Api, Api)>,
    ready: AtomicBool,
}

impl Balancer {
    async fn before(fleet: &Fleet, nodes: usize) -> Balancer {
        let mut targets = Vec::new();
        for node in 0..nodes {
            targets.push(Target { addresses: Mutex::new(addresses(fleet, node).await), ready: AtomicBool::new(false) });
        }
        Balancer { targets, turn: AtomicUsize::new(0) }
    }

    async fn probe(self: Arc<Self>, node: usize) {
        let target = &self.targets[node];
        loop {
            let (_, operations) = target.addresses();
            target.ready.store(operations.readiness().await == Some(200), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn next(&self) -> Api {
        for _ in 0..self.targets.len() {
            let target = &self.targets[self.turn.fetch_add(1, Ordering::Relaxed) % self.targets.len()];
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

    async fn becomes(&self, ready: bool) {
        eventually("a node to be ready, or not", async || (self.is_ready() == ready).then_some(())).await;
    }
}

async fn addresses(fleet: &Fleet, node: usize) -> (Api, Api) {
    (fleet.direct_api(node), fleet.operations(node).await)
}

async fn publish_without_a_failure(balancer: Arc<Balancer>, stopping: Arc<AtomicBool>) -> Vec<String> {
    let mut accepted = Vec::new();
    while !stopping.load(Ordering::Relaxed) {
        let answer = balancer.next().try_publish(&json!({ "type": "a.b", "data": {} }), &Uuid::now_v7().to_string()).await;
        accepted.push(id_of(&answer.expect("no request is cut").expect(202)));
    }
    accepted
}

#[tokio::test]
async fn replacing_the_nodes_one_after_another_refuses_no_request_and_cuts_none() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &["--drain-delay-seconds", "2"]).await;
    let mut receiver = fleet.receiver().await;
    fleet.api(0).register_url(&receiver.url()).await;
    let balancer = Arc::new(Balancer::before(&fleet, 2).await);
    let mut probing = JoinSet::new();
    for node in [0, 1] {
        probing.spawn(balancer.clone().probe(node));
        balancer.targets[node].becomes(true).await;
    }
    let (stopping, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for _ in 0..3 {
        callers.spawn(publish_without_a_failure(balancer.clone(), stopping.clone()));
    }
    for node in [0, 1] {
        fleet.ask_to_stop(node);
        balancer.targets[node].becomes(false).await;
        assert!(fleet.end(node).await.success());
        fleet.start_again(node).await;
        *balancer.targets[node].addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses(&fleet, node).await;
        balancer.targets[node].becomes(true).await;
    }
    stopping.store(true, Ordering::Relaxed);
    let published = callers.join_all().await.concat();
    let arrived = arrivals(&mut receiver, &published).await;
    assert_eq!(arrived.len(), published.len(), "and each is delivered once");
}
