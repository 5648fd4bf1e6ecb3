//! A database that dies, stops, does not answer or is taken over: what was accepted is delivered, and the nodes go on by
//! themselves.

use std::sync::Arc;

use webhooks_postgres::Cluster;

use super::Load;
use crate::harness::{Fleet, Receiver, Reply, aside, eventually};

/// Two nodes under load, and a receiver that accepts everything.
struct Scene {
    fleet: Fleet,
    receiver: Receiver,
    load: Load,
}

impl Scene {
    async fn set(mut fleet: Fleet, flags: &[&str]) -> Scene {
        fleet.start_many(2, flags).await;
        let apis = vec![fleet.api(0), fleet.api(1)];
        let receiver = fleet.receiver().await;
        receiver.always(Reply::Status(204));
        apis[0].register_url(&receiver.url()).await;
        let scene = Scene { fleet, receiver, load: Load::start(apis) };
        scene.goes_on().await;
        scene
    }

    /// Until some more has been delivered.
    async fn goes_on(&self) {
        let before = self.receiver.count();
        eventually("deliveries", async || (self.receiver.count() > before + 20).then_some(())).await;
    }

    /// Until no node is ready, and callers are refused.
    async fn is_down(&self) {
        let refused = self.load.refused();
        self.nodes_answer(503).await;
        eventually("a refusal", async || (self.load.refused() > refused).then_some(())).await;
    }

    async fn is_up(&self) {
        self.nodes_answer(200).await;
    }

    async fn nodes_answer(&self, status: u16) {
        for node in [0, 1] {
            let operations = self.fleet.operations(node).await;
            let answers = async || (operations.readiness().await == Some(status)).then_some(());
            eventually("a node to be ready, or not", answers).await;
        }
    }

    /// All that was accepted arrives, and each key stands for one notification.
    async fn ends_well(mut self) {
        self.goes_on().await;
        let accepted = self.load.stop().await;
        let api = self.fleet.api(0);
        assert_eq!(api.list("/notifications").await.len(), accepted.len());
        let arrived = super::arrivals(&mut self.receiver, &accepted).await;
        eventually("every outcome", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
        let given_up = [0, 1].iter().any(|node| self.fleet.log(*node).contains("had not been heard of"));
        let repeated = arrived.len() + self.receiver.arrived().len() - accepted.len();
        assert!(repeated == 0 || given_up, "{repeated} are repeated, and no node was believed dead");
    }
}

#[tokio::test]
async fn what_was_accepted_survives_a_database_that_is_killed_or_restarted_under_load() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Arc::new(Cluster::start().expect("PostgreSQL"));
    let scene = Scene::set(Fleet::on(&cluster).await, &[]).await;
    for kill in [true, false] {
        let of_test = cluster.clone();
        aside(move || if kill { of_test.kill() } else { of_test.stop() }).await.expect("it was up");
        scene.is_down().await;
        let of_test = cluster.clone();
        aside(move || of_test.restart()).await.expect("it starts again");
        scene.is_up().await;
        scene.goes_on().await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn what_was_accepted_survives_connections_that_are_cut_again_and_again_and_nothing_is_published_twice() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let scene = Scene::set(Fleet::new().await, &["--store-connections", "8"]).await;
    for _ in 0..20 {
        assert!(scene.fleet.cut_connections().await > 0);
        scene.goes_on().await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_waited_for_no_longer_than_its_time_limit() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Arc::new(Cluster::start().expect("PostgreSQL"));
    let scene = Scene::set(Fleet::on(&cluster).await, &["--store-statement-timeout-seconds", "1"]).await;
    let of_test = cluster.clone();
    aside(move || of_test.pause()).await.expect("it was up");
    scene.is_down().await;
    aside(move || cluster.resume()).await.expect("it was up");
    scene.is_up().await;
    scene.ends_well().await;
}

#[tokio::test]
async fn nodes_go_on_by_themselves_on_a_standby_that_takes_over_and_nothing_accepted_is_lost() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let primary = Arc::new(Cluster::start().expect("PostgreSQL"));
    let of_test = primary.clone();
    let standby = Arc::new(aside(move || of_test.standby()).await.expect("a standby"));
    let mut fleet = Fleet::on(&primary).await;
    let url = fleet.database_url();
    let (authority, name) = url.rsplit_once('/').expect("a URL");
    let both = format!("{authority},127.0.0.1:{}/{name}?target_session_attrs=read-write", standby.port());
    fleet.find_store_with(&["--store", &both]);
    let scene = Scene::set(fleet, &[]).await;
    aside(move || primary.kill()).await.expect("it was up");
    scene.is_down().await;
    let of_test = standby.clone();
    aside(move || of_test.promote()).await.expect("it takes over");
    scene.is_up().await;
    scene.ends_well().await;
}
