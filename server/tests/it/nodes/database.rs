//! The database is killed, hangs or fails over. Every accepted notification is delivered, and the nodes recover automatically.

use std::sync::Arc;

use webhooks_postgres::Cluster;

use super::Load;
use crate::harness::{Fleet, Receiver, Reply, eventually, run_blocking};

/// Two nodes under load, and a receiver that accepts everything.
struct Fixture {
    fleet: Fleet,
    receiver: Receiver,
    load: Load,
}

impl Fixture {
    async fn start(mut fleet: Fleet, flags: &[&str]) -> Fixture {
        fleet.start_many(2, flags).await;
        let apis = vec![fleet.api(0), fleet.api(1)];
        let receiver = fleet.receiver().await;
        receiver.always_reply(Reply::Status(204));
        apis[0].register_url(&receiver.url()).await;
        let fixture = Fixture { fleet, receiver, load: Load::start(apis) };
        fixture.wait_for_deliveries().await;
        fixture
    }

    /// Waits until the receiver has got more than 20 further callbacks.
    async fn wait_for_deliveries(&self) {
        let before = self.receiver.count();
        eventually("deliveries", async || (self.receiver.count() > before + 20).then_some(())).await;
    }

    /// Waits until no node is ready, and a node has refused a request.
    async fn wait_for_outage(&self) {
        let refused = self.load.refused();
        self.wait_for_readiness(503).await;
        eventually("a refusal", async || (self.load.refused() > refused).then_some(())).await;
    }

    async fn wait_for_recovery(&self) {
        self.wait_for_readiness(200).await;
    }

    async fn wait_for_readiness(&self, status: u16) {
        for node in [0, 1] {
            let admin_api = self.fleet.admin_api(node).await;
            let has_status = async || (admin_api.readiness().await == Some(status)).then_some(());
            eventually("the readiness of a node", has_status).await;
        }
    }

    /// Checks that every accepted notification is delivered, and that each idempotency key has only one notification.
    async fn expect_all_delivered(mut self) {
        self.wait_for_deliveries().await;
        let accepted = self.load.stop().await;
        let api = self.fleet.api(0);
        assert_eq!(api.list("/notifications").await.len(), accepted.len());
        let received = super::receive_all(&mut self.receiver, &accepted).await;
        eventually("every outcome", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
        let declared_dead = [0, 1].iter().any(|node| self.fleet.log(*node).contains("sent no heartbeat for ten seconds"));
        let repeated = received.len() + self.receiver.take_arrived().len() - accepted.len();
        assert!(repeated == 0 || declared_dead, "{repeated} repeated callbacks, although no node was declared dead");
    }
}

#[tokio::test]
async fn accepted_notifications_survive_a_killed_or_restarted_database() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Arc::new(Cluster::start().expect("PostgreSQL"));
    let fixture = Fixture::start(Fleet::on(&cluster).await, &[]).await;
    for kill in [true, false] {
        let own_cluster = cluster.clone();
        run_blocking(move || if kill { own_cluster.kill() } else { own_cluster.stop() }).await.expect("a running cluster");
        fixture.wait_for_outage().await;
        let own_cluster = cluster.clone();
        run_blocking(move || own_cluster.restart()).await.expect("the cluster starts again");
        fixture.wait_for_recovery().await;
        fixture.wait_for_deliveries().await;
    }
    fixture.expect_all_delivered().await;
}

#[tokio::test]
async fn accepted_notifications_survive_cut_connections_and_none_is_published_twice() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fixture = Fixture::start(Fleet::new().await, &["--store-connections", "8"]).await;
    for _ in 0..20 {
        assert!(fixture.fleet.terminate_connections().await > 0);
        fixture.wait_for_deliveries().await;
    }
    fixture.expect_all_delivered().await;
}

#[tokio::test]
async fn nodes_wait_for_a_hanging_database_only_until_the_statement_timeout() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Arc::new(Cluster::start().expect("PostgreSQL"));
    let fixture = Fixture::start(Fleet::on(&cluster).await, &["--store-statement-timeout-seconds", "1"]).await;
    let own_cluster = cluster.clone();
    run_blocking(move || own_cluster.pause()).await.expect("a running cluster");
    fixture.wait_for_outage().await;
    run_blocking(move || cluster.resume()).await.expect("a running cluster");
    fixture.wait_for_recovery().await;
    fixture.expect_all_delivered().await;
}

#[tokio::test]
async fn nodes_continue_on_a_promoted_standby_and_lose_nothing_accepted() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let primary = Arc::new(Cluster::start().expect("PostgreSQL"));
    let own_cluster = primary.clone();
    let standby = Arc::new(run_blocking(move || own_cluster.standby()).await.expect("a standby"));
    let mut fleet = Fleet::on(&primary).await;
    let url = fleet.database_url();
    let (authority, name) = url.rsplit_once('/').expect("a URL");
    let failover_url = format!("{authority},127.0.0.1:{}/{name}?target_session_attrs=read-write", standby.port());
    fleet.set_store_flags(&["--store", &failover_url]);
    let fixture = Fixture::start(fleet, &[]).await;
    run_blocking(move || primary.kill()).await.expect("a running cluster");
    fixture.wait_for_outage().await;
    let own_cluster = standby.clone();
    run_blocking(move || own_cluster.promote()).await.expect("the promotion succeeds");
    fixture.wait_for_recovery().await;
    fixture.expect_all_delivered().await;
}
