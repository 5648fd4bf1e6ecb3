//! Deleting notifications.

use super::*;

const PAYLOAD: &str = "a-marked-payload";
const RESPONSE: &str = "a-marked-response";

impl Bench {
    async fn publish_marked(&self, account: &str, data: String, idempotency: Option<Idempotency>) -> (Notification, Vec<Leased>) {
        let publication = Publication {
            id: Uuid::now_v7(),
            event_type: EventType::parse("a.b").expect("a type"),
            data: RawValue::from_string(data).expect("JSON"),
            created_at: T0,
            audience: Audience::Account(Account::parse(account).expect("an account")),
            idempotency,
            trace: None,
        };
        match self.store.publish_notification(publication, self.slots.clone()).await.expect("published") {
            Published::New { notification, leased, .. } => (notification, leased),
            other => panic!("{other:?}"),
        }
    }

    async fn finish_with_response(&self, leased: &Leased, next: Next) {
        let attempt = Attempt {
            number: leased.attempt,
            started_at: T0,
            duration_ms: 1,
            outcome: "rejected".to_owned(),
            status_code: Some(500),
            error: None,
            response_body: Some(RESPONSE.repeat(50)),
            truncated: false,
            facts: AttemptFacts::default(),
            exchange: Some(Exchange { url: "https://example.com".to_owned(), request: Vec::new(), response: Vec::new(), body: None }),
        };
        self.end(leased, attempt, next, None, T0).await;
    }

    async fn delete(&self, id: Uuid) -> bool {
        self.store.delete_notification(None, id, T0, event()).await.expect("stored").is_some()
    }

    async fn erase_responses(&self, id: Uuid) {
        while self.store.erase_responses(id).await.expect("stored") {}
    }

    async fn count_responses(&self, leased: &[Leased]) -> usize {
        let mut count = 0;
        for leased in leased {
            count += self.delivery(leased.delivery_id).await.1.iter().filter(|attempt| attempt.has_texts()).count();
        }
        count
    }
}

fn marked(length: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, PAYLOAD.repeat(length / PAYLOAD.len()))
}

#[tokio::test]
async fn a_deleted_notification_is_not_found_but_its_deliveries_are() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
    bench.finish(&leased[0], Next::RetryAt(seconds(1))).await;
    let stranger = Account::parse("other").expect("an account");
    assert!(bench.store.delete_notification(Some(stranger), notification.id, T0, event()).await.expect("stored").is_none());
    assert!(bench.store.delete_notification(Some(webhook.account.clone()), notification.id, T0, event()).await.expect("stored").is_some());
    assert!(bench.store.get_notification(None, notification.id).await.expect("readable").is_none());
    let page = Page { after: None, limit: 10 };
    assert!(bench.store.list_notifications(None, None, page).await.expect("readable").items.is_empty());
    let (delivery, attempts) = bench.delivery(leased[0].delivery_id).await;
    assert_eq!((delivery.status, delivery.due_at, attempts.len()), (DeliveryStatus::Cancelled, None, 1));
    assert_eq!((delivery.notification_id, delivery.event_type.as_str()), (notification.id, "a.b"));
    assert!(bench.lease(seconds(1)).await.leased.is_empty());
    assert!(!bench.delete(notification.id).await, "the notification is already deleted");
}

#[tokio::test]
async fn an_attempt_in_progress_is_recorded_without_its_response() {
    for (next, expected) in [(Next::RetryAt(seconds(1)), DeliveryStatus::Cancelled), (Next::Succeeded, DeliveryStatus::Succeeded)] {
        let bench = Bench::new(100, 10).await;
        bench.webhook("acme").await;
        let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
        assert!(bench.delete(notification.id).await);
        bench.erase_responses(notification.id).await;
        bench.finish_with_response(&leased[0], next).await;
        let (delivery, attempts) = bench.delivery(leased[0].delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count), (expected, 1));
        assert_eq!((attempts[0].status_code, attempts[0].has_texts()), (Some(500), false));
        assert!(bench.lease(seconds(2)).await.leased.is_empty());
    }
}

#[tokio::test]
async fn the_idempotency_key_of_a_deleted_notification_stays_in_force() {
    let bench = Bench::new(100, 10).await;
    bench.webhook("acme").await;
    let key = |fingerprint| Some(Idempotency { owner: "acme".to_owned(), key: "k".to_owned(), fingerprint: [fingerprint; 32] });
    let (notification, _) = bench.publish_marked("acme", marked(100), key(1)).await;
    assert!(bench.delete(notification.id).await);
    let account = || Audience::Account(Account::parse("acme").expect("an account"));
    assert!(matches!(bench.publish(account(), key(1)).await, Published::Deleted));
    assert!(matches!(bench.publish(account(), key(2)).await, Published::Conflict));
}

#[tokio::test]
async fn an_interrupted_erasure_continues_by_itself() {
    let bench = Bench::new(1000, 1).await;
    for _ in 0..230 {
        bench.webhook("acme").await;
    }
    let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
    let (other, others) = bench.publish_marked("acme", marked(100), None).await;
    for leased in &leased {
        bench.finish_with_response(leased, Next::Failed).await;
    }
    assert!(others.is_empty() && other.id != notification.id);
    assert_eq!(bench.count_responses(&leased).await, 230);
    assert!(bench.delete(notification.id).await);
    assert!(bench.store.erase_responses(notification.id).await.expect("stored"), "more responses are left");
    assert_eq!(bench.count_responses(&leased).await, 130);
    let bench = bench.restarted().await;
    bench.tidy().await;
    assert_eq!(bench.count_responses(&leased).await, 0);
    assert!(!bench.store.erase_responses(notification.id).await.expect("stored"));
}

#[tokio::test]
async fn no_byte_of_a_deleted_notification_stays_in_the_file() {
    let bench = Bench::at(TestDatabase::file(), 100, 100).await;
    bench.webhook("acme").await;
    let mut published = Vec::new();
    // Many small payloads share a page, so SQLite moves them within a page and from page to page. The large payload
    // covers many pages.
    for length in (0..200).map(|number| 20 + number * 37 % 60 * 50).chain([200_000]) {
        let (notification, leased) = bench.publish_marked("acme", marked(length), None).await;
        bench.finish_with_response(&leased[0], Next::RetryAt(seconds(1))).await;
        published.push(notification.id);
    }
    bench.publish_marked("acme", r#"{"a":"of others"}"#.to_owned(), None).await;
    // When the database is closed, SQLite writes the contents of the log to the file.
    let Bench { store, slots, database } = bench;
    drop(store);
    let contains = |text: &str| {
        let files = std::fs::read_dir(database.directory()).expect("readable").map(|entry| std::fs::read(entry.expect("a file").path()));
        files.into_iter().any(|bytes| bytes.expect("readable").windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(contains(PAYLOAD) && contains(RESPONSE));
    let bench = Bench { store: database.join("one", StorageLimits::default()).await, slots, database: database.clone() };
    for id in published {
        assert!(bench.delete(id).await);
        bench.erase_responses(id).await;
    }
    drop(bench);
    assert!(!contains(PAYLOAD), "the payload is erased");
    assert!(!contains(RESPONSE), "the responses are erased");
    assert!(contains("of others"));
}

#[tokio::test]
async fn the_next_ordered_delivery_waits_for_the_attempt_of_an_erased_one() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let head = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert!(bench.store.delete_notification(None, head.notification.id, T0, event()).await.expect("stored").is_some());
    assert!(bench.lease(seconds(1)).await.leased.is_empty(), "one delivery at a time");
    let next = bench.finish(&head, Next::Failed).await.next.expect("the next delivery");
    assert_eq!((next.lane, next.attempt), (Lane::Ordered, 1));
}
