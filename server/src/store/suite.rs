//! What every store must do, through [`Store`] alone.

use std::path::Path;

use chrono::TimeDelta;

use super::*;
use crate::api::types::{DeliveryStatus, Username};
use crate::delivery::schedule::Caps;
use crate::store::sqlite::Sqlite;

const T0: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn seconds(count: i64) -> DateTime<Utc> {
    T0 + TimeDelta::seconds(count)
}

/// A store on its files, and what the tests say most often.
struct Bench {
    store: Arc<dyn Store>,
    slots: Arc<Slots>,
    directory: tempfile::TempDir,
}

impl Bench {
    async fn new(total: usize, per_webhook: usize) -> Bench {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = open(directory.path()).await;
        Bench { store, slots: Slots::new(Caps::new(total, per_webhook)), directory }
    }

    /// The same files under a new process, as far as the store can tell.
    async fn restarted(self) -> Bench {
        drop(self.store);
        let store = open(self.directory.path()).await;
        Bench { store, slots: Slots::new(Caps::new(100, 100)), directory: self.directory }
    }

    async fn webhook(&self, account: &str) -> Webhook {
        let webhook = Webhook {
            id: Uuid::now_v7(),
            account: Account::parse(account).expect("an account"),
            target_url: OutboundUrl::parse("https://example.com/notify").expect("a URL"),
            auth: Auth::Basic { username: Username::parse("user").expect("a user name") },
            auth_secret: Some(Sealed(vec![1])),
            signing_secret: Sealed(vec![2]),
            event_types: None,
            description: None,
            deactivation: None,
            epoch: 1,
            revision: 1,
            created_at: T0,
            updated_at: T0,
        };
        assert!(self.store.register_webhook(webhook.clone(), 1000).await.expect("stored"));
        webhook
    }

    async fn publish(&self, audience: Audience, idempotency: Option<Idempotency>) -> Published {
        let publication = Publication {
            id: Uuid::now_v7(),
            event_type: EventType::parse("a.b").expect("a type"),
            data: RawValue::from_string("{}".to_owned()).expect("JSON"),
            created_at: T0,
            audience,
            idempotency,
        };
        self.store.publish_notification(publication, self.slots.clone()).await.expect("published")
    }

    async fn publish_to(&self, webhook: &Webhook) -> Vec<Leased> {
        match self.publish(Audience::Webhook { id: webhook.id, account: None }, None).await {
            Published::New { leased, .. } => leased,
            other => panic!("{other:?}"),
        }
    }

    async fn lease(&self, now: DateTime<Utc>) -> DueRound {
        self.store.lease_due(now, self.slots.clone()).await.expect("leased")
    }

    async fn finish(&self, leased: &Leased, next: Next) -> Finished {
        let attempt = Attempt {
            number: leased.attempt,
            started_at: T0,
            duration_ms: 1,
            outcome: if next == Next::Succeeded { "accepted" } else { "rejected" }.to_owned(),
            status_code: None,
            error: None,
            response_body: None,
            truncated: false,
        };
        let finish = Finish { delivery_id: leased.delivery_id, destination: leased.destination.clone(), attempt, next };
        self.store.finish_attempt(finish).await.expect("finished")
    }

    async fn delivery(&self, id: Uuid) -> (Delivery, Vec<Attempt>) {
        self.store.get_delivery(None, id).await.expect("readable").expect("a delivery")
    }

    async fn status(&self, leased: &Leased) -> DeliveryStatus {
        self.delivery(leased.delivery_id).await.0.status
    }
}

async fn open(directory: &Path) -> Arc<dyn Store> {
    let store = Sqlite::open(&directory.join("webhooks.db")).expect("opened");
    store.take_over(T0).await.expect("taken over");
    Arc::new(store)
}

#[tokio::test]
async fn a_publish_leases_what_finds_room_and_leaves_the_rest_due() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let first = bench.publish_to(&webhook).await;
    assert_eq!(first.len(), 1);
    assert!(bench.publish_to(&webhook).await.is_empty(), "the webhook's cap is one");
    assert!(bench.lease(seconds(1)).await.leased.is_empty());
    bench.finish(&first[0], Next::Succeeded).await;
    drop(first);
    let round = bench.lease(seconds(1)).await;
    assert_eq!(round.leased.len(), 1);
    assert_eq!(round.leased[0].attempt, 1);
    assert!(bench.lease(seconds(1)).await.leased.is_empty(), "what is leased is not leased again");
}

#[tokio::test]
async fn a_failed_attempt_is_due_again_at_its_time_and_not_before() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await;
    bench.finish(&leased[0], Next::RetryAt(seconds(60))).await;
    let early = bench.lease(seconds(59)).await;
    assert!(early.leased.is_empty());
    assert_eq!(early.next_due, Some(seconds(60)));
    let due = bench.lease(seconds(60)).await;
    assert_eq!(due.leased.iter().map(|leased| leased.attempt).collect::<Vec<_>>(), [2]);
    bench.finish(&due.leased[0], Next::Failed).await;
    let (delivery, attempts) = bench.delivery(leased[0].delivery_id).await;
    assert_eq!((delivery.status, delivery.attempt_count, delivery.due_at), (DeliveryStatus::Failed, 2, None));
    assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_restart_makes_what_was_leased_due_at_once() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let fresh = bench.publish_to(&webhook).await;
    let retried = bench.publish_to(&webhook).await;
    bench.finish(&retried[0], Next::RetryAt(seconds(3600))).await;
    let bench = bench.restarted().await;
    let round = bench.lease(seconds(1)).await;
    assert_eq!(round.leased.iter().map(|leased| leased.delivery_id).collect::<Vec<_>>(), [fresh[0].delivery_id]);
    assert_eq!(round.next_due, Some(seconds(3600)));
}

#[tokio::test]
async fn a_stale_finish_changes_nothing_but_a_success_counts() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::RetryAt(seconds(1))).await;
    bench.finish(&first, Next::Failed).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Pending, "the first attempt has been counted already");
    let second = bench.lease(seconds(1)).await.leased.remove(0);
    bench.finish(&second, Next::Succeeded).await;
    bench.finish(&second, Next::Failed).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Succeeded);
}

#[tokio::test]
async fn deliveries_of_a_webhook_that_went_are_cancelled_and_stay_so() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let in_flight = bench.publish_to(&webhook).await.remove(0);
    bench.publish_to(&webhook).await;
    bench.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(1)).await.expect("stored").expect("found");
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Cancelled, "before any row has been touched");
    bench.store.activate_webhook(webhook.account.clone(), webhook.id, seconds(2)).await.expect("stored").expect("found");
    assert!(bench.lease(seconds(3)).await.leased.is_empty(), "activation revives nothing");
    while bench.store.tidy(seconds(3)).await.expect("tidied") {}
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Cancelled);
    bench.finish(&in_flight, Next::RetryAt(seconds(4))).await;
    let (delivery, attempts) = bench.delivery(in_flight.delivery_id).await;
    assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Cancelled, 1), "the attempt is recorded, and not repeated");
    let all = DeliveryFilter {
        account: None,
        webhook_id: Some(webhook.id),
        notification_id: None,
        status: Some(DeliveryStatus::Cancelled),
        event_type: None,
        since: None,
        until: None,
    };
    assert_eq!(bench.store.list_deliveries(all, Page { after: None, limit: 10 }).await.expect("readable").len(), 2);
}

#[tokio::test]
async fn gone_deactivates_unless_the_webhook_has_moved() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (before, after) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    let moved = WebhookChange {
        target_url: Some(OutboundUrl::parse("https://example.com/moved").expect("a URL")),
        auth: None,
        event_types: None,
        description: None,
    };
    bench
        .store
        .update_webhook(webhook.account.clone(), webhook.id, moved, seconds(1))
        .await
        .expect("stored")
        .expect("found")
        .expect("allowed");
    assert_eq!(bench.finish(&before, Next::Gone).await, Finished::default());
    let after =
        Leased { destination: Arc::new(bench.store.current_destination(webhook.id).await.expect("readable").expect("active")), ..after };
    assert_eq!(bench.finish(&after, Next::Gone).await, Finished { deactivated: Some(3) });
    let webhook = bench.store.get_webhook(None, webhook.id).await.expect("readable").expect("found");
    assert_eq!(webhook.deactivation.map(|deactivation| deactivation.reason).as_deref(), Some(REASON_GONE));
}

#[tokio::test]
async fn one_key_publishes_once_even_in_one_commit() {
    let bench = Bench::new(100, 100).await;
    bench.webhook("acme").await;
    let account = || Audience::Account(Account::parse("acme").expect("an account"));
    let key = |fingerprint| Some(Idempotency { owner: "acme".to_owned(), key: "k".to_owned(), fingerprint: [fingerprint; 32] });
    let (one, two, other) =
        tokio::join!(bench.publish(account(), key(1)), bench.publish(account(), key(1)), bench.publish(account(), key(2)));
    let outcomes = [&one, &two, &other].map(|published| match published {
        Published::New { .. } => "new",
        Published::Repeated(_) => "repeated",
        Published::Conflict => "conflict",
        _ => "refused",
    });
    assert_eq!(outcomes, ["new", "repeated", "conflict"]);
    let all = bench.store.list_notifications(None, None, Page { after: None, limit: 10 }).await.expect("readable");
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn what_belongs_to_another_account_is_not_found() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let other = Account::parse("other").expect("an account");
    let leased = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.store.get_webhook(Some(other.clone()), webhook.id).await.expect("readable").is_none());
    assert!(bench.store.delete_webhook(other.clone(), webhook.id, T0).await.expect("stored").is_none());
    assert!(bench.store.deactivate_webhook(other.clone(), webhook.id, T0).await.expect("stored").is_none());
    assert!(bench.store.get_notification(Some(other.clone()), leased.notification.id).await.expect("readable").is_none());
    assert!(bench.store.get_delivery(Some(other.clone()), leased.delivery_id).await.expect("readable").is_none());
    let audience = Audience::Webhook { id: webhook.id, account: Some(other) };
    assert!(matches!(bench.publish(audience, None).await, Published::NoSuchWebhook));
}

#[tokio::test]
async fn a_deleted_webhook_keeps_no_secret_and_its_deliveries_stay_readable() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, seconds(1)).await.expect("stored").expect("found");
    assert!(bench.store.current_destination(webhook.id).await.expect("readable").is_none());
    assert_eq!(bench.status(&leased).await, DeliveryStatus::Cancelled);
    let file = rusqlite::Connection::open(bench.directory.path().join("webhooks.db")).expect("opened");
    let secrets: (Option<Vec<u8>>, Vec<u8>) =
        file.query_row("SELECT auth_secret, signing_secret FROM webhooks", [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a tombstone");
    assert_eq!(secrets, (None, vec![]));
}
