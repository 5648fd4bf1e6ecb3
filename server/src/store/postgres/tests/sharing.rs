//! Nodes that work on the same webhooks at the same time.

use super::*;

/// Creates waiting deliveries that no node has in its memory.
async fn backlog(node: &Bench, webhooks: &[Webhook], of_each: usize) -> Vec<Uuid> {
    assert!(node.store.pause_deliveries(PauseScope::All, T0, event()).await.expect("stored"));
    for webhook in webhooks {
        let published = futures_util::future::join_all((0..of_each).map(|_| node.publish_to(webhook))).await;
        assert!(published.iter().all(Vec::is_empty));
    }
    assert!(node.store.resume_deliveries(PauseScope::All, T0, event()).await.expect("stored"));
    let ids = node.database.ask("SELECT delivery_id FROM pending ORDER BY delivery_id");
    ids.lines().map(|id| id.parse().expect("an identifier")).collect()
}

#[tokio::test]
async fn nodes_that_lease_from_the_same_webhooks_get_different_deliveries() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let mut webhooks = Vec::new();
    for _ in 0..6 {
        webhooks.push(one.proven_webhook(&other, |_| {}).await);
    }
    let waiting = backlog(&one, &webhooks, 10).await;
    let work_items: Vec<WorkItem> = webhooks.iter().map(|webhook| WorkItem { webhook_id: webhook.id, lane: Lane::Fresh }).collect();
    let mut leased_ids = Vec::new();
    while leased_ids.len() < waiting.len() {
        // Both nodes try to lease all work items, as if each node had found them.
        let lease = async |node: &Bench| {
            let work_items = if leased_ids.is_empty() { work_items.clone() } else { node.slots.take_ready(seconds(1), 1000) };
            node.store.lease_due(seconds(1), node.slots.clone(), work_items).await.expect("leased").leased
        };
        let (ours, theirs) = tokio::join!(lease(&one), lease(&other));
        assert!(!ours.is_empty() || !theirs.is_empty(), "{} of {}", leased_ids.len(), waiting.len());
        for (node, leased) in [(&one, ours), (&other, theirs)] {
            for leased in leased {
                leased_ids.push(leased.delivery_id);
                node.finish(&leased, Next::Succeeded).await;
            }
        }
    }
    leased_ids.sort_unstable();
    assert_eq!(leased_ids, waiting, "each delivery is leased once");
}

#[tokio::test]
async fn one_round_leases_from_many_webhooks_that_could_each_take_all_of_its_room() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let mut webhooks = Vec::new();
    for _ in 0..20 {
        webhooks.push(one.proven_webhook(&other, |_| {}).await);
    }
    let waiting = backlog(&one, &webhooks, 1).await;
    let work_items = webhooks.iter().map(|webhook| WorkItem { webhook_id: webhook.id, lane: Lane::Fresh }).collect();
    let round = other.store.lease_due(seconds(1), other.slots.clone(), work_items).await.expect("leased");
    assert_eq!((deliveries(&round.leased), round.left.len()), (waiting, 0));
}

#[tokio::test]
async fn a_publication_on_a_node_that_does_not_deliver_wakes_a_node_that_does() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let database = Arc::new(TestDatabase::database());
    let (serving, delivering) = (node(&database, "serving", false).await, node(&database, "delivering", true).await);
    let webhook = serving.proven_webhook(&delivering, |_| {}).await;
    let is_woken = std::cell::Cell::new(false);
    let wake = async {
        delivering.store.wait_for_wakeup().await;
        is_woken.set(true);
    };
    // The test cannot see whether the node already listens, so it publishes repeatedly until the node is woken. The last
    // publication runs to its end, because leasing skips rows that a transaction has locked.
    let publish = async {
        while !is_woken.get() {
            assert!(serving.publish_to(&webhook).await.is_empty(), "the node leases nothing itself");
        }
    };
    let both = futures_util::future::join(wake, publish);
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("a wakeup is received");
    assert!(!delivering.leased_at(1).await.is_empty());
}

#[tokio::test]
async fn the_order_is_kept_while_nodes_alternate() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let nodes: [Bench; 2] = nodes().await;
    let webhook = nodes[0].proven_webhook(&nodes[1], |webhook| webhook.ordered = true).await;
    let mut leased = Vec::new();
    for number in 0..20 {
        leased.extend(nodes[number % 2].publish_to(&webhook).await);
    }
    assert_eq!(leased.len(), 1, "one delivery at a time");
    let (mut delivered, mut turn, mut now) = (Vec::new(), 0, 0);
    while let Some(in_flight) = leased.pop() {
        let (node, other) = (&nodes[turn % 2], &nodes[(turn + 1) % 2]);
        assert!(other.leased_at(now).await.is_empty(), "the other node has nothing to lease");
        // The first attempt of every second delivery fails. The other node leases such a delivery when the delivery is
        // due again.
        if in_flight.attempt == 1 && delivered.len() % 2 == 0 {
            now += 60;
            assert!(node.finish(&in_flight, Next::RetryAt(seconds(now))).await.next.is_none());
            drop(in_flight);
            assert!(node.leased_at(now - 1).await.is_empty() && other.leased_at(now - 1).await.is_empty());
            leased = other.leased_at(now).await;
            turn += 1;
        } else {
            delivered.push(in_flight.notification.id);
            leased.extend(node.finish(&in_flight, Next::Succeeded).await.next);
        }
    }
    let mut published = nodes[0].store.list_notifications(None, None, Page { after: None, limit: 100 }).await.expect("readable").items;
    published.reverse();
    assert_eq!(delivered, published.iter().map(|notification| notification.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn publishing_in_order_on_several_nodes_assigns_no_position_twice() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |webhook| webhook.ordered = true).await;
    let publishers = (0..40).flat_map(|_| [one.publish_to(&webhook), other.publish_to(&webhook)]);
    let leased = futures_util::future::join_all(publishers).await;
    assert_eq!(leased.iter().flatten().count(), 1, "one delivery at a time");
    let positions = "SELECT string_agg(sequence::text, ' ' ORDER BY sequence) FROM pending";
    assert_eq!(one.database.ask(positions), (1..=80).map(|position| position.to_string()).collect::<Vec<_>>().join(" "));
    assert_eq!(one.database.ask("SELECT sequence FROM pending WHERE leased_by IS NOT NULL"), "1");
}

#[tokio::test]
async fn a_rate_limit_applies_to_all_nodes_together() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |webhook| webhook.max_per_second = Some(2)).await;
    let first = one.publish_to(&webhook).await;
    assert_eq!(first.len(), 1);
    for node in [&one, &other, &one, &other] {
        assert!(node.publish_to(&webhook).await.is_empty(), "the next delivery is allowed after half a second");
    }
    for half_seconds in 1..=4 {
        let (before, now) = (milliseconds(half_seconds * 500 - 1), milliseconds(half_seconds * 500));
        assert!(one.lease(before).await.leased.is_empty() && other.lease(before).await.leased.is_empty(), "{half_seconds}");
        let (ours, theirs) = tokio::join!(one.lease(now), other.lease(now));
        assert_eq!(ours.leased.len() + theirs.leased.len(), 1, "{half_seconds}");
    }
}

#[tokio::test]
async fn a_handshake_belongs_to_one_node_until_it_ends_or_the_node_dies() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let challenge = Challenge::stored("challenge".to_owned());
    let webhook = Webhook { deactivation: Some(Deactivation { reason: REASON_UNVERIFIED.to_owned(), at: T0 }), ..webhook_of("acme") };
    assert!(one.store.register_webhook(webhook.clone(), Some(challenge.clone()), 5, Registrant::of_test()).await.expect("stored"));
    let due = async |node: &Bench| {
        let due = node.store.due_handshakes(seconds(1)).await.expect("readable").due;
        due.iter().map(|handshake| handshake.webhook_id).collect::<Vec<_>>()
    };
    assert_eq!(due(&one).await, [webhook.id]);
    assert!(due(&other).await.is_empty());
    let again = HandshakeEnd::RetryAt(seconds(1));
    one.store.finish_handshake(webhook.id, challenge.clone(), again, seconds(1)).await.expect("stored");
    assert_eq!(due(&other).await, [webhook.id], "any node may make the next attempt");
    assert!(due(&one).await.is_empty());
    expire_node(&one.database, 1);
    one.keep_alive().await;
    assert_eq!(due(&one).await, [webhook.id]);
    let verified = one.store.finish_handshake(webhook.id, challenge, HandshakeEnd::Verified, seconds(1)).await.expect("stored");
    assert_eq!(verified.map(|(revision, _)| revision), Some(2));
}

#[tokio::test]
async fn one_node_at_a_time_removes_old_rows_and_the_others_do_not_wait() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    for _ in 0..20 {
        for leased in one.publish_to(&webhook).await {
            one.finish(&leased, Next::Succeeded).await;
        }
    }
    let now = T0 + TimeDelta::days(100);
    let steps = (0..10).flat_map(|_| [one.store.remove_old(now), other.store.remove_old(now)]);
    for step in futures_util::future::join_all(steps).await {
        step.expect("the step succeeds");
    }
    while one.store.remove_old(now).await.expect("removed") {}
    assert_eq!((one.database.rows("deliveries"), one.database.rows("notifications")), (0, 0));
}

/// Reports the success of a delivery while `transaction` has locked the delivery. Commits the transaction when the
/// report waits for the lock.
async fn finish_during(node: &Bench, leased: &Leased, transaction: session::Transaction<'_>) {
    let [_, connections] = Connections::open(&node.database.options()).expect("connections");
    let observer = connections.session().await.expect("a session");
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let commit = async {
        while observer.query_one(waiting, &[]).await.expect("a row").get::<_, i64>(0) == 0 {}
        transaction.commit().await.expect("committed");
    };
    tokio::join!(node.finish(leased, Next::Succeeded), commit);
    assert_eq!(node.status(leased).await, DeliveryStatus::Succeeded);
    assert_eq!(node.database.ask("SELECT count(*) FROM pending"), "0");
    assert_eq!(node.database.ask("SELECT count(*) FROM unsuccessful"), "0", "the delivery is not recoverable");
}

/// Returns a webhook that was deactivated during an attempt, this attempt, and a session for concurrent statements.
async fn deactivated_during_attempt(one: &Bench, other: &Bench) -> (Webhook, Leased, Session) {
    let webhook = one.proven_webhook(other, |_| {}).await;
    let leased = one.publish_to(&webhook).await.remove(0);
    one.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(1), event()).await.expect("stored").expect("a webhook");
    let [connections, _] = Connections::open(&one.database.options()).expect("connections");
    (webhook, leased, connections.session().await.expect("a session"))
}

#[tokio::test]
async fn a_success_reported_during_the_cancellation_of_its_delivery_counts() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, leased, session) = deactivated_during_attempt(&one, &other).await;
    let transaction = session.begin().await.expect("begun");
    assert!(cancellations::cancel_step(&transaction, Some(webhook.id), seconds(1)).await.expect("cancelled"));
    finish_during(&one, &leased, transaction).await;
}

#[tokio::test]
async fn a_success_reported_during_a_redelivery_request_completes_the_redelivery() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, leased, session) = deactivated_during_attempt(&one, &other).await;
    while cancellations::cancel_some(&session, seconds(1)).await.expect("cancelled") {}
    one.store.activate_webhook(webhook.account.clone(), webhook.id, None, seconds(1), event()).await.expect("stored").expect("a webhook");
    let transaction = session.begin().await.expect("begun");
    redelivery::redeliver(&transaction, &webhook.account, leased.delivery_id, seconds(2), &EventRow::from(event()))
        .await
        .expect("due again");
    finish_during(&one, &leased, transaction).await;
}
