//! Tests of removing old data, and of refusing new data when the store is full.

use super::*;

fn days(count: i64) -> DateTime<Utc> {
    T0 + TimeDelta::days(count)
}

impl Bench {
    async fn limited(database: TestDatabase, limits: StorageLimits) -> Bench {
        Bench { store: database.join("one", limits).await, slots: Slots::new(Caps::new(100, 100)), database: Arc::new(database) }
    }

    async fn try_publish_at(&self, now: DateTime<Utc>, account: &str, bytes: usize) -> Result<(Notification, Vec<Leased>)> {
        let publication = Publication {
            id: Uuid::now_v7(),
            event_type: EventType::parse("a.b").expect("a type"),
            data: RawValue::from_string(format!("\"{}\"", incompressible(bytes))).expect("JSON"),
            created_at: now,
            audience: Audience::Account(Account::parse(account).expect("an account")),
            idempotency: None,
            trace: None,
        };
        match self.store.publish_notification(publication, self.slots.clone()).await? {
            Published::New { notification, leased } => Ok((notification, leased)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn publish_at(&self, now: DateTime<Utc>, account: &str) -> (Notification, Vec<Leased>) {
        self.try_publish_at(now, account, 10).await.expect("published")
    }

    async fn finish_at(&self, now: DateTime<Utc>, leased: &Leased, next: Next) {
        let attempt = Attempt { response_body: Some("no".repeat(100)), ..self.attempt(leased.attempt, next) };
        self.end(leased, attempt, next, None, now).await;
    }

    async fn remove_old(&self, now: DateTime<Utc>) {
        while self.store.tidy(now).await.expect("tidied") {}
        while self.store.remove_old(now).await.expect("removed") {}
    }

    /// Returns whether the delivery exists, and whether its notification exists.
    async fn kept(&self, leased: &Leased) -> (bool, bool) {
        let delivery = self.store.get_delivery(None, leased.delivery_id).await.expect("readable");
        let notification = self.store.get_notification(None, leased.notification.id).await.expect("readable");
        (delivery.is_some(), notification.is_some())
    }
}

/// Returns random letters, because compression does not reduce the stored size of random letters much.
fn incompressible(bytes: usize) -> String {
    let mut state = 1_u32;
    let letters = (0..bytes).map(|_| {
        // This is the example of a random number generator in the C99 standard, but it keeps all bits of its state.
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(state >> 27) as usize])
    });
    letters.collect()
}

#[tokio::test]
async fn an_ended_delivery_is_removed_with_its_data_after_its_retention_time() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let (_, succeeded) = bench.publish_at(T0, "acme").await;
    let (_, failed) = bench.publish_at(T0, "acme").await;
    let (_, erased) = bench.publish_at(T0, "acme").await;
    let (_, waiting) = bench.publish_at(T0, "acme").await;
    bench.finish_at(days(1), &succeeded[0], Next::Succeeded).await;
    bench.finish_at(days(3), &failed[0], Next::Failed).await;
    bench.finish_at(days(3), &erased[0], Next::Failed).await;
    assert!(bench.store.delete_notification(None, erased[0].notification.id, days(4), event()).await.expect("stored").is_some());
    bench.finish_at(days(1), &waiting[0], Next::RetryAt(days(100))).await;
    bench.remove_old(days(7)).await;
    assert_eq!(bench.kept(&succeeded[0]).await, (true, true), "the delivery ended a day after it was published");
    bench.remove_old(days(8)).await;
    assert_eq!(bench.kept(&succeeded[0]).await, (false, false));
    bench.remove_old(days(33) - TimeDelta::milliseconds(1)).await;
    assert_eq!((bench.kept(&failed[0]).await, bench.kept(&erased[0]).await), ((true, true), (true, false)));
    // The walk waits for an additional eighth of the retention time, and starts again every day.
    for day in 33..36 {
        bench.remove_old(days(day)).await;
    }
    assert_eq!((bench.kept(&failed[0]).await, bench.kept(&erased[0]).await), ((false, false), (false, false)));
    assert_eq!(
        (
            bench.database.rows("notifications"),
            bench.database.rows("deliveries"),
            bench.database.rows("attempts"),
            bench.database.rows("erasures")
        ),
        (1, 1, 1, 0)
    );
    bench.remove_old(days(99)).await;
    assert_eq!(bench.kept(&waiting[0]).await, (true, true), "a pending delivery is never removed");
    let again = bench.lease(days(100)).await.leased.remove(0);
    assert_eq!((again.delivery_id, again.destination.webhook_id), (waiting[0].delivery_id, webhook.id));
    bench.finish_at(days(100), &again, Next::Succeeded).await;
    bench.remove_old(days(107) - TimeDelta::milliseconds(1)).await;
    assert_eq!(bench.kept(&again).await, (true, true), "the retention time begins when the delivery ends");
    bench.remove_old(days(108)).await;
    assert_eq!(bench.kept(&again).await, (false, false), "a delivery that a walk skipped is removed later");
}

#[tokio::test]
async fn a_payload_stays_until_its_last_delivery_is_removed() {
    let bench = Bench::new(100, 100).await;
    let (one, other) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let (notification, leased) = bench.publish_at(T0, "acme").await;
    bench.finish_at(T0, &leased[0], Next::Succeeded).await;
    bench.finish_at(T0, &leased[1], Next::Failed).await;
    bench.remove_old(days(8)).await;
    assert_eq!(bench.kept(&leased[0]).await, (false, true));
    assert_ne!(one.id, other.id);
    let redelivered = bench.store.redeliver(one.account.clone(), leased[1].delivery_id, days(9), event()).await.expect("stored");
    assert!(matches!(redelivered, Redelivered::Due(_)), "{redelivered:?}");
    let again = bench.lease(days(9)).await.leased.remove(0);
    assert_eq!(again.notification.id, notification.id);
    // A cancelled delivery stays while it is leased, because its attempt must still be recorded.
    bench.store.delete_webhook(one.account.clone(), again.destination.webhook_id, days(9), event()).await.expect("stored").expect("found");
    bench.remove_old(days(60)).await;
    bench.remove_old(days(90)).await;
    assert_eq!(bench.kept(&again).await, (true, true));
    bench.finish_at(days(90), &again, Next::Failed).await;
    bench.remove_old(days(91)).await;
    bench.remove_old(days(150)).await;
    assert_eq!(bench.kept(&again).await, (false, false));
}

#[tokio::test]
async fn a_notification_without_deliveries_is_removed_after_the_shorter_time() {
    let bench = Bench::new(100, 100).await;
    let (old, _) = bench.publish_at(T0, "nobody").await;
    let (recent, _) = bench.publish_at(days(1), "nobody").await;
    let found = async |id| bench.store.get_notification(None, id).await.expect("readable").is_some();
    bench.remove_old(days(7) - TimeDelta::milliseconds(1)).await;
    assert!(found(old.id).await);
    bench.remove_old(days(7)).await;
    assert_eq!((found(old.id).await, found(recent.id).await), (false, true));
}

#[tokio::test]
async fn a_deleted_webhook_leaves_no_rows_after_its_last_delivery() {
    let bench = Bench::new(100, 100).await;
    let limited = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(1)).await;
    let ordered = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let staying = bench.webhook("acme").await;
    let (_, leased) = bench.publish_at(T0, "acme").await;
    for leased in &leased {
        bench.finish_at(T0, leased, Next::Succeeded).await;
    }
    for webhook in [&limited, &ordered] {
        bench.store.delete_webhook(webhook.account.clone(), webhook.id, days(1), event()).await.expect("stored").expect("found");
    }
    bench.remove_old(days(7)).await;
    assert_eq!((bench.database.rows("webhooks"), bench.database.rows("rates")), (3, 1));
    bench.remove_old(days(8)).await;
    bench.remove_old(days(10)).await;
    assert_eq!((bench.database.rows("webhooks"), bench.database.rows("rates")), (1, 0));
    assert!(bench.store.get_webhook(None, staying.id).await.expect("readable").is_some());
}

#[tokio::test]
async fn every_table_with_a_webhook_id_is_cleared() {
    let bench = Bench::at(TestDatabase::file(), 1, 1).await;
    let file = rusqlite::Connection::open(bench.database.directory().join("webhooks.db")).expect("opened");
    let tables: Vec<String> = file
        .prepare(
            "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'webhook_id' ORDER BY 1",
        )
        .and_then(|mut tables| tables.query_map([], |row| row.get(0))?.collect())
        .expect("readable");
    let mut cleared = [&crate::store::shared::retention::OF_WEBHOOK[..], &["deliveries"]].concat();
    cleared.sort_unstable();
    assert_eq!(tables, cleared);
}

#[tokio::test]
async fn a_round_examines_a_large_backlog_once_and_removes_newer_deliveries() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let (_, mut first) = bench.publish_at(T0, "acme").await;
    // The test publishes in two parts, because all publications together would exceed the queue limit of one account.
    for _ in 0..2 {
        futures_util::future::join_all((0..1250).map(|_| bench.publish_at(T0, "acme"))).await;
    }
    bench.finish_at(T0, &first.remove(0), Next::RetryAt(days(1000))).await;
    let (_, last) = bench.publish_at(days(1), "nobody").await;
    assert!(last.is_empty());
    let other = bench.webhook("other").await;
    let (_, behind) = bench.publish_at(days(1), "other").await;
    bench.finish_at(days(1), &behind[0], Next::Failed).await;
    assert_ne!(webhook.id, other.id);
    let mut steps = 0;
    while bench.store.remove_old(days(40)).await.expect("removed") {
        steps += 1;
    }
    assert_eq!(bench.kept(&behind[0]).await, (false, false));
    assert!(steps <= 4, "{steps} steps for 2,502 deliveries");
    assert!(!bench.store.remove_old(days(40)).await.expect("removed"), "no second round begins on the same day");
    assert_eq!(bench.database.rows("deliveries"), 2501);
}

#[tokio::test]
async fn a_removal_continues_after_a_restart() {
    let bench = Bench::new(2000, 2000).await;
    bench.webhook("acme").await;
    let delivered = async || {
        let (_, leased) = bench.publish_at(T0, "acme").await;
        bench.finish_at(T0, &leased[0], Next::Succeeded).await;
    };
    for _ in 0..30 {
        futures_util::future::join_all((0..20).map(|_| delivered())).await;
    }
    assert!(bench.store.remove_old(days(8)).await.expect("removed"), "a step removes some of them");
    assert!((1..600).contains(&bench.database.rows("deliveries")));
    let bench = bench.restarted().await;
    bench.remove_old(days(8)).await;
    assert_eq!((bench.database.rows("deliveries"), bench.database.rows("notifications"), bench.database.rows("attempts")), (0, 0, 0));
}

#[tokio::test]
async fn under_constant_traffic_the_store_does_not_grow() {
    let bench = Bench::new(1000, 1000).await;
    bench.webhook("acme").await;
    let mut sizes = Vec::new();
    // The number of days is more than ten times the longer retention time. Each day has twenty notifications of 2 KB.
    // One of every ten deliveries fails.
    for day in 0..350 {
        let published = futures_util::future::join_all((0..20).map(|_| bench.try_publish_at(days(day), "acme", 2000))).await;
        let leased: Vec<Leased> = published.into_iter().flat_map(|published| published.expect("published").1).collect();
        let finishes = leased.iter().enumerate().map(|(number, leased)| {
            let next = if number % 10 == 0 { Next::Failed } else { Next::Succeeded };
            bench.finish_at(days(day), leased, next)
        });
        futures_util::future::join_all(finishes).await;
        bench.remove_old(days(day)).await;
        if day % 10 == 9 {
            bench.database.vacuum();
        }
        if day % 35 == 34 {
            sizes.push(bench.database.bytes());
        }
    }
    let (settled, maximum) = (sizes[1], sizes[1..].iter().copied().max().expect("sizes"));
    // A PostgreSQL database keeps its free space until the next vacuum, so it may grow more than an SQLite file.
    let leeway = if webhooks_postgres::is_wanted() { settled / 2 } else { settled / 10 };
    assert!(maximum <= settled + leeway, "{sizes:?}");
    assert!(bench.database.rows("deliveries") < 250, "{}", bench.database.rows("deliveries"));
    bench.remove_old(days(400)).await;
    bench.remove_old(days(401)).await;
    assert_eq!(bench.database.rows("deliveries"), 0);
    if let TestDatabase::File(_) = *bench.database {
        // A checkpoint shrinks the file.
        let bench = bench.restarted().await;
        assert!(bench.database.bytes() < 1_400_000, "of {settled}: {}", bench.database.bytes());
    }
}

#[tokio::test]
async fn free_pages_are_returned_to_the_disk() {
    let bench = Bench::at(TestDatabase::file(), 100, 100).await;
    for _ in 0..40 {
        bench.try_publish_at(T0, "nobody", 200_000).await.expect("published");
    }
    // A checkpoint writes the changes to the file.
    let bench = bench.restarted().await;
    assert!(bench.database.bytes() > 8_000_000);
    bench.remove_old(days(8)).await;
    let bench = bench.restarted().await;
    assert!(bench.database.bytes() < 1_400_000, "{}", bench.database.bytes());
}

#[tokio::test]
async fn a_full_store_refuses_new_data_until_there_is_room_again() {
    let database = TestDatabase::new();
    let empty = database.join("one", StorageLimits::default()).await.storage_use().await.expect("measured").used_bytes;
    database.mark_dead("one");
    let bench = Bench::limited(database, StorageLimits { max_bytes: empty + 4_000_000, ..StorageLimits::default() }).await;
    let webhook = bench.webhook("acme").await;
    let (_, leased) = bench.publish_at(T0, "acme").await;
    let mut stored = Vec::new();
    let refused = loop {
        match bench.try_publish_at(T0, "nobody", 100_000).await {
            Ok((notification, _)) => stored.push(notification.id),
            Err(error) => break error,
        }
        assert!(stored.len() < 60, "60 times 100,000 bytes are more than 4,000,000");
    };
    assert!(matches!(refused, Error::Full), "{refused:?}");
    let again = Webhook { id: Uuid::now_v7(), ..webhook.clone() };
    assert!(matches!(bench.store.register_webhook(again.clone(), None, 1000, Registrant::of_test()).await, Err(Error::Full)));
    // A full store still records an attempt in flight.
    bench.finish_at(T0, &leased[0], Next::Failed).await;
    assert_eq!(bench.status(&leased[0]).await, DeliveryStatus::Failed);
    assert!(matches!(bench.store.redeliver(webhook.account.clone(), leased[0].delivery_id, T0, event()).await, Err(Error::Full)));
    let recovery = Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: false, after: None };
    assert!(matches!(
        bench.store.recover_deliveries(webhook.account.clone(), recovery, Cause::default(), T0, event()).await,
        Err(Error::Full)
    ));
    assert!(bench.store.delete_notification(None, stored[0], T0, event()).await.expect("a full store allows deletion").is_some());
    bench.remove_old(days(7)).await;
    bench.database.shrink();
    let mut tries = 0;
    while bench.store.register_webhook(again.clone(), None, 1000, Registrant::of_test()).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "the store is still full");
        bench.finish_at(T0, &leased[0], Next::Failed).await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    bench.try_publish_at(days(7), "nobody", 100_000).await.expect("accepted again");
}

#[tokio::test]
async fn a_store_is_full_when_its_disk_is_nearly_full() {
    let bench = Bench::limited(TestDatabase::file(), StorageLimits { min_free_bytes: u64::MAX, ..StorageLimits::default() }).await;
    assert!(matches!(bench.try_publish_at(T0, "nobody", 1).await, Err(Error::Full)));
    let bench = Bench::limited(TestDatabase::file(), StorageLimits { min_free_bytes: 1, ..StorageLimits::default() }).await;
    bench.try_publish_at(T0, "nobody", 1).await.expect("a byte is free");
}
