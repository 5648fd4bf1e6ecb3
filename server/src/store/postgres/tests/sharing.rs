//! Nodes that work on the same webhooks at the same time.

use super::*;

/// Deliveries that wait and that no node has in mind.
async fn backlog(node: &Bench, webhooks: &[Webhook], of_each: usize) -> Vec<Uuid> {
    assert!(node.store.pause_deliveries(PauseScope::All, T0).await.expect("stored"));
    for webhook in webhooks {
        let published = futures_util::future::join_all((0..of_each).map(|_| node.publish_to(webhook))).await;
        assert!(published.iter().all(Vec::is_empty));
    }
    assert!(node.store.resume_deliveries(PauseScope::All, T0).await.expect("stored"));
    let ids = node.place.ask("SELECT delivery_id FROM pending ORDER BY delivery_id");
    ids.lines().map(|id| id.parse().expect("an identifier")).collect()
}

#[tokio::test]
async fn nodes_that_look_at_the_same_at_once_get_each_its_own() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let mut webhooks = Vec::new();
    for _ in 0..6 {
        webhooks.push(one.webhook_beside(&other, |_| {}).await);
    }
    let waiting = backlog(&one, &webhooks, 10).await;
    let works: Vec<Work> = webhooks.iter().map(|webhook| Work { webhook_id: webhook.id, lane: Lane::Fresh }).collect();
    let mut taken = Vec::new();
    while taken.len() < waiting.len() {
        // Both have all of it in mind, as if both had found it.
        let look = async |node: &Bench| {
            let works = if taken.is_empty() { works.clone() } else { node.slots.awake(seconds(1), 1000) };
            node.store.lease_due(seconds(1), node.slots.clone(), works).await.expect("leased").leased
        };
        let (ours, theirs) = tokio::join!(look(&one), look(&other));
        assert!(!ours.is_empty() || !theirs.is_empty(), "{} of {}", taken.len(), waiting.len());
        for (node, leased) in [(&one, ours), (&other, theirs)] {
            for leased in leased {
                taken.push(leased.delivery_id);
                node.finish(&leased, Next::Succeeded).await;
            }
        }
    }
    taken.sort_unstable();
    assert_eq!(taken, waiting, "each once");
}

#[tokio::test]
async fn what_a_node_publishes_that_does_not_deliver_goes_to_one_that_does_and_rings_it() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let place = Arc::new(Place::database());
    let (serving, delivering) = (node(&place, "serving", false).await, node(&place, "delivering", true).await);
    let webhook = serving.webhook_beside(&delivering, |_| {}).await;
    let rung = delivering.store.rung();
    // Whether it hears already cannot be seen, so this goes on until it has.
    let publish = async {
        loop {
            assert!(serving.publish_to(&webhook).await.is_empty(), "it takes nothing itself");
        }
    };
    tokio::select! {
        () = rung => {}
        () = publish => {}
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("nothing was heard"),
    }
    assert!(!delivering.leased_at(1).await.is_empty());
}

#[tokio::test]
async fn order_holds_while_nodes_take_turns_in_publishing_and_in_recording() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let nodes: [Bench; 2] = nodes().await;
    let webhook = nodes[0].webhook_beside(&nodes[1], |webhook| webhook.ordered = true).await;
    let mut leased = Vec::new();
    for number in 0..20 {
        leased.extend(nodes[number % 2].publish_to(&webhook).await);
    }
    assert_eq!(leased.len(), 1, "one at a time");
    let (mut delivered, mut turn, mut now) = (Vec::new(), 0, 0);
    while let Some(in_flight) = leased.pop() {
        let (node, other) = (&nodes[turn % 2], &nodes[(turn + 1) % 2]);
        assert!(other.leased_at(now).await.is_empty(), "there is nothing for the other to do");
        // One in two is refused first, and then the other node takes it when it is due again.
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
async fn publishing_in_order_on_several_nodes_at_once_gives_no_place_twice() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |webhook| webhook.ordered = true).await;
    let publishers = (0..40).flat_map(|_| [one.publish_to(&webhook), other.publish_to(&webhook)]);
    let leased = futures_util::future::join_all(publishers).await;
    assert_eq!(leased.iter().flatten().count(), 1, "one at a time");
    let places = "SELECT string_agg(sequence::text, ' ' ORDER BY sequence) FROM pending";
    assert_eq!(one.place.ask(places), (1..=80).map(|place| place.to_string()).collect::<Vec<_>>().join(" "));
    assert_eq!(one.place.ask("SELECT sequence FROM pending WHERE leased_by IS NOT NULL"), "1");
}

#[tokio::test]
async fn a_rate_limit_holds_for_all_nodes_together() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |webhook| webhook.max_per_second = Some(2)).await;
    let first = one.publish_to(&webhook).await;
    assert_eq!(first.len(), 1);
    for node in [&one, &other, &one, &other] {
        assert!(node.publish_to(&webhook).await.is_empty(), "half a second has to pass");
    }
    for half_seconds in 1..=4 {
        let (before, now) = (milliseconds(half_seconds * 500 - 1), milliseconds(half_seconds * 500));
        assert!(one.lease(before).await.leased.is_empty() && other.lease(before).await.leased.is_empty(), "{half_seconds}");
        let (ours, theirs) = tokio::join!(one.lease(now), other.lease(now));
        assert_eq!(ours.leased.len() + theirs.leased.len(), 1, "{half_seconds}");
    }
}

#[tokio::test]
async fn a_handshake_is_one_nodes_until_it_ends_or_the_node_does() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let challenge = Challenge::stored("challenge".to_owned());
    let webhook = Webhook { deactivation: Some(Deactivation { reason: REASON_UNVERIFIED.to_owned(), at: T0 }), ..webhook_of("acme") };
    assert!(one.store.register_webhook(webhook.clone(), Some(challenge.clone()), 5).await.expect("stored"));
    let due = async |node: &Bench| {
        let due = node.store.due_handshakes(seconds(1)).await.expect("readable").due;
        due.iter().map(|handshake| handshake.webhook_id).collect::<Vec<_>>()
    };
    assert_eq!(due(&one).await, [webhook.id]);
    assert!(due(&other).await.is_empty());
    let again = HandshakeEnd::RetryAt(seconds(1));
    one.store.finish_handshake(webhook.id, challenge.clone(), again, seconds(1)).await.expect("stored");
    assert_eq!(due(&other).await, [webhook.id], "the next attempt is anybody's");
    assert!(due(&one).await.is_empty());
    overdue(&one.place, 1);
    one.keep_alive().await;
    assert_eq!(due(&one).await, [webhook.id]);
    let verified = one.store.finish_handshake(webhook.id, challenge, HandshakeEnd::Verified, seconds(1)).await.expect("stored");
    assert_eq!(verified, Some(2));
}

#[tokio::test]
async fn one_node_at_a_time_removes_what_is_old_and_others_wait_for_nobody() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.webhook_beside(&other, |_| {}).await;
    for _ in 0..20 {
        for leased in one.publish_to(&webhook).await {
            one.finish(&leased, Next::Succeeded).await;
        }
    }
    let now = T0 + TimeDelta::days(100);
    let steps = (0..10).flat_map(|_| [one.store.remove_old(now), other.store.remove_old(now)]);
    for step in futures_util::future::join_all(steps).await {
        step.expect("nobody is in the way");
    }
    while one.store.remove_old(now).await.expect("removed") {}
    assert_eq!((one.place.rows("deliveries"), one.place.rows("notifications")), (0, 0));
}

/// Tells of a success while a transaction holds its delivery, which ends only when that waits for it.
async fn finish_behind(node: &Bench, leased: &Leased, transaction: session::Transaction<'_>) {
    let [_, watch] = Connections::open(&node.place.options()).expect("connections");
    let watch = watch.session().await.expect("a session");
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let commit = async {
        while watch.query_one(waiting, &[]).await.expect("an answer").get::<_, i64>(0) == 0 {}
        transaction.commit().await.expect("committed");
    };
    tokio::join!(node.finish(leased, Next::Succeeded), commit);
    assert_eq!(node.status(leased).await, DeliveryStatus::Succeeded);
    assert_eq!(node.place.ask("SELECT count(*) FROM pending"), "0");
    assert_eq!(node.place.ask("SELECT count(*) FROM unsuccessful"), "0", "it is not among those that can be recovered");
}

/// A webhook that is deactivated while an attempt is under way, that attempt, and a session for what others do.
async fn deactivated_under_way(one: &Bench, other: &Bench) -> (Webhook, Leased, Session) {
    let webhook = one.webhook_beside(other, |_| {}).await;
    let leased = one.publish_to(&webhook).await.remove(0);
    one.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(1)).await.expect("stored").expect("a webhook");
    let [connections, _] = Connections::open(&one.place.options()).expect("connections");
    (webhook, leased, connections.session().await.expect("a session"))
}

#[tokio::test]
async fn a_success_counts_that_is_told_while_its_delivery_is_being_cancelled() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, leased, session) = deactivated_under_way(&one, &other).await;
    let transaction = session.begin().await.expect("begun");
    assert!(cancellations::carry_out(&transaction, Some(webhook.id), seconds(1)).await.expect("cancelled"));
    finish_behind(&one, &leased, transaction).await;
}

#[tokio::test]
async fn a_success_settles_a_redelivery_that_is_being_asked_for_as_it_is_told() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let (webhook, leased, session) = deactivated_under_way(&one, &other).await;
    while cancellations::carry_out_some(&session, seconds(1)).await.expect("cancelled") {}
    one.store.activate_webhook(webhook.account.clone(), webhook.id, None, seconds(1)).await.expect("stored").expect("a webhook");
    let transaction = session.begin().await.expect("begun");
    redelivery::redeliver(&transaction, &webhook.account, leased.delivery_id, seconds(2)).await.expect("due again");
    finish_behind(&one, &leased, transaction).await;
}
