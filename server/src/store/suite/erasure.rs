//! Deleting notifications.

use super::*;

const PAYLOAD: &str = "a-marked-payload";
const ANSWER: &str = "a-marked-answer";

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

    async fn finish_answered(&self, leased: &Leased, next: Next) {
        let attempt = Attempt {
            number: leased.attempt,
            started_at: T0,
            duration_ms: 1,
            outcome: "rejected".to_owned(),
            status_code: Some(500),
            error: None,
            response_body: Some(ANSWER.repeat(50)),
            truncated: false,
        };
        self.end(leased, attempt, next, None, T0).await;
    }

    async fn delete(&self, id: Uuid) -> bool {
        self.store.delete_notification(None, id, T0).await.expect("stored")
    }

    async fn erase_answers(&self, id: Uuid) {
        while self.store.erase_answers(id).await.expect("stored") {}
    }

    async fn answers(&self, leased: &[Leased]) -> usize {
        let mut answers = 0;
        for leased in leased {
            answers += self.delivery(leased.delivery_id).await.1.iter().filter(|attempt| attempt.response_body.is_some()).count();
        }
        answers
    }
}

fn marked(length: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, PAYLOAD.repeat(length / PAYLOAD.len()))
}

#[tokio::test]
async fn a_deleted_notification_is_found_no_more_and_its_deliveries_are() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
    bench.finish(&leased[0], Next::RetryAt(seconds(1))).await;
    let stranger = Account::parse("other").expect("an account");
    assert!(!bench.store.delete_notification(Some(stranger), notification.id, T0).await.expect("stored"));
    assert!(bench.store.delete_notification(Some(webhook.account.clone()), notification.id, T0).await.expect("stored"));
    assert!(bench.store.get_notification(None, notification.id).await.expect("readable").is_none());
    let page = Page { after: None, limit: 10 };
    assert!(bench.store.list_notifications(None, None, page).await.expect("readable").items.is_empty());
    let (delivery, attempts) = bench.delivery(leased[0].delivery_id).await;
    assert_eq!((delivery.status, delivery.due_at, attempts.len()), (DeliveryStatus::Cancelled, None, 1));
    assert_eq!((delivery.notification_id, delivery.event_type.as_str()), (notification.id, "a.b"));
    assert!(bench.lease(seconds(1)).await.leased.is_empty());
    assert!(!bench.delete(notification.id).await, "there is none any more");
}

#[tokio::test]
async fn an_attempt_under_way_ends_and_is_recorded_without_its_answer() {
    for (next, expected) in [(Next::RetryAt(seconds(1)), DeliveryStatus::Cancelled), (Next::Succeeded, DeliveryStatus::Succeeded)] {
        let bench = Bench::new(100, 10).await;
        bench.webhook("acme").await;
        let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
        assert!(bench.delete(notification.id).await);
        bench.erase_answers(notification.id).await;
        bench.finish_answered(&leased[0], next).await;
        let (delivery, attempts) = bench.delivery(leased[0].delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count), (expected, 1));
        assert_eq!((attempts[0].status_code, attempts[0].response_body.as_deref()), (Some(500), None));
        assert!(bench.lease(seconds(2)).await.leased.is_empty());
    }
}

#[tokio::test]
async fn its_idempotency_key_stays_in_force() {
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
async fn an_erasure_that_was_cut_off_goes_on_by_itself() {
    let bench = Bench::new(1000, 1).await;
    for _ in 0..230 {
        bench.webhook("acme").await;
    }
    let (notification, leased) = bench.publish_marked("acme", marked(100), None).await;
    let (other, others) = bench.publish_marked("acme", marked(100), None).await;
    for leased in &leased {
        bench.finish_answered(leased, Next::Failed).await;
    }
    assert!(others.is_empty() && other.id != notification.id);
    assert_eq!(bench.answers(&leased).await, 230);
    assert!(bench.delete(notification.id).await);
    assert!(bench.store.erase_answers(notification.id).await.expect("stored"), "more is left");
    assert_eq!(bench.answers(&leased).await, 130);
    let bench = bench.restarted().await;
    bench.tidy().await;
    assert_eq!(bench.answers(&leased).await, 0);
    assert!(!bench.store.erase_answers(notification.id).await.expect("stored"));
}

#[tokio::test]
async fn no_byte_of_it_stays_in_the_file() {
    let bench = Bench::at(Place::file(), 100, 100).await;
    bench.webhook("acme").await;
    let mut published = Vec::new();
    // Many in a page, so that they have been moved when it filled up, and from one page to another; and one over many pages.
    for length in (0..200).map(|number| 20 + number * 37 % 60 * 50).chain([200_000]) {
        let (notification, leased) = bench.publish_marked("acme", marked(length), None).await;
        bench.finish_answered(&leased[0], Next::RetryAt(seconds(1))).await;
        published.push(notification.id);
    }
    bench.publish_marked("acme", r#"{"a":"of others"}"#.to_owned(), None).await;
    // What was written is in the file once it is closed.
    let Bench { store, slots, place } = bench;
    drop(store);
    let contains = |text: &str| {
        let files = std::fs::read_dir(place.directory()).expect("readable").map(|entry| std::fs::read(entry.expect("a file").path()));
        files.into_iter().any(|bytes| bytes.expect("readable").windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(contains(PAYLOAD) && contains(ANSWER));
    let bench = Bench { store: place.join("one", StorageLimits::default()).await, slots, place: place.clone() };
    for id in published {
        assert!(bench.delete(id).await);
        bench.erase_answers(id).await;
    }
    drop(bench);
    assert!(!contains(PAYLOAD), "of the payload");
    assert!(!contains(ANSWER), "of an answer");
    assert!(contains("of others"));
}

#[tokio::test]
async fn what_stands_behind_an_erased_head_waits_for_the_attempt_that_is_under_way() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let head = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert!(bench.store.delete_notification(None, head.notification.id, T0).await.expect("stored"));
    assert!(bench.lease(seconds(1)).await.leased.is_empty(), "one at a time");
    let next = bench.finish(&head, Next::Failed).await.next.expect("the one behind it");
    assert_eq!((next.lane, next.attempt), (Lane::Ordered, 1));
}
