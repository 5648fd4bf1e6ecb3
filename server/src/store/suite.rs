//! Tests that every store must pass. The tests call the operations of [`Store`]. Some tests also read the database
//! directly, through [`TestDatabase`].
//!
//! `WEBHOOKS_TEST_STORE` selects the store: `sqlite` (the default) or `postgres`. Tests of the SQLite file run for both
//! values. The tests with several nodes on PostgreSQL are in `postgres/tests.rs`.

use super::*;
use crate::api::types::{AuditObject, DeliveryStatus, Username};
use crate::slots::Caps;

mod audit;
pub(super) mod database;
mod erasure;
mod failures;
mod health;
mod keys;
mod lists;
mod operational;
mod order;
mod pauses;
mod quarantine;
mod recovery;
mod redelivery;
mod retention;
mod selection;
pub(super) mod statistics;
mod tokens;
mod waiting;

use database::TestDatabase;

pub(super) const T0: DateTime<Utc> = DateTime::UNIX_EPOCH;

pub(super) fn seconds(count: i64) -> DateTime<Utc> {
    T0 + TimeDelta::seconds(count)
}

pub(super) fn milliseconds(count: i64) -> DateTime<Utc> {
    T0 + TimeDelta::milliseconds(count)
}

/// A store with its database, and helpers for the tests.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) slots: Arc<Slots>,
    pub(super) database: Arc<TestDatabase>,
}

impl Bench {
    async fn new(total: usize, per_webhook: usize) -> Bench {
        Bench::at(TestDatabase::new(), total, per_webhook).await
    }

    async fn at(database: TestDatabase, total: usize, per_webhook: usize) -> Bench {
        let slots = Slots::new(Caps::new(total, per_webhook));
        Bench { store: database.join("one", StorageLimits::default()).await, slots, database: Arc::new(database) }
    }

    /// Simulates a restart: the old process is dead, and a new process opens the same data.
    async fn restarted(self) -> Bench {
        let Bench { store, database, .. } = self;
        drop(store);
        database.mark_dead("one");
        Bench { store: database.join("one", StorageLimits::default()).await, slots: Slots::new(Caps::new(100, 100)), database }
    }

    /// Registers a webhook, and simulates successful attempts of it. So the webhook gets as many slots as its cap
    /// allows.
    pub(super) async fn webhook(&self, account: &str) -> Webhook {
        self.webhook_with(account, |_| {}).await
    }

    pub(super) async fn webhook_with(&self, account: &str, change: impl FnOnce(&mut Webhook)) -> Webhook {
        let mut webhook = webhook_of(account);
        change(&mut webhook);
        assert!(self.store.register_webhook(webhook.clone(), None, 1000, Registrant::of_test()).await.expect("stored"));
        self.prove(&webhook);
        webhook
    }

    pub(super) fn prove(&self, webhook: &Webhook) {
        let work = WorkItem { webhook_id: webhook.id, lane: Lane::Fresh };
        for _ in 0..1000 {
            let slot = self.slots.try_take(&webhook.account.as_str().into(), &Hosts::default(), work, 1, T0);
            slot.expect("a free slot").end(true, T0);
        }
    }

    pub(super) async fn publish(&self, audience: Audience, idempotency: Option<Idempotency>) -> Published {
        let publication = Publication {
            id: Uuid::now_v7(),
            event_type: EventType::parse("a.b").expect("a type"),
            data: RawValue::from_string("{}".to_owned()).expect("JSON"),
            created_at: T0,
            audience,
            idempotency,
            trace: None,
        };
        self.store.publish_notification(publication, self.slots.clone()).await.expect("published")
    }

    pub(super) async fn publish_to(&self, webhook: &Webhook) -> Vec<Leased> {
        match self.publish(Audience::Webhook { id: webhook.id, account: None }, None).await {
            Published::New { leased, .. } => leased,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn lease(&self, now: DateTime<Utc>) -> DueRound {
        self.store.lease_due(now, self.slots.clone(), self.slots.take_ready(now, 1000)).await.expect("leased")
    }

    pub(super) async fn leased_at(&self, time: i64) -> Vec<Leased> {
        self.lease(seconds(time)).await.leased
    }

    pub(super) fn attempt(&self, number: u32, next: Next) -> Attempt {
        Attempt {
            number,
            started_at: T0,
            duration_ms: 1,
            outcome: if next == Next::Succeeded { "accepted" } else { "rejected" }.to_owned(),
            status_code: None,
            error: None,
            response_body: None,
            truncated: false,
            facts: AttemptFacts::default(),
            exchange: None,
        }
    }

    pub(super) async fn finish(&self, leased: &Leased, next: Next) -> FinishedAttempt {
        let attempt = self.attempt(leased.attempt, next);
        self.end(leased, attempt, next, None, T0).await
    }

    pub(super) async fn end(
        &self,
        leased: &Leased,
        attempt: Attempt,
        next: Next,
        policy: Option<DeactivationPolicy>,
        now: DateTime<Utc>,
    ) -> FinishedAttempt {
        let Leased { delivery_id, lane, lease, schedule_start, ref destination, .. } = *leased;
        let destination = destination.clone();
        let finish = EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy, hold_until: None };
        self.store.finish_attempt(finish, now, self.slots.clone()).await.expect("finished")
    }

    pub(super) async fn delivery(&self, id: Uuid) -> (Delivery, Vec<Attempt>) {
        self.store.get_delivery(None, id).await.expect("readable").expect("a delivery")
    }

    pub(super) async fn status(&self, leased: &Leased) -> DeliveryStatus {
        self.delivery(leased.delivery_id).await.0.status
    }
}

/// Returns an event, for tests that do not check the audit log. It is leaked, so that futures can borrow it.
pub(super) fn event() -> &'static AuditEvent {
    Box::leak(Box::new(AuditEvent::new("test", AuditEvent::SERVICE, T0)))
}

pub(super) fn webhook_of(account: &str) -> Webhook {
    Webhook {
        id: Uuid::now_v7(),
        account: Account::parse(account).expect("an account"),
        target_url: OutboundUrl::parse("https://example.com/notify").expect("a URL"),
        auth: Auth::Basic { username: Username::parse("user").expect("a user name") },
        auth_secret: Some(Sealed(vec![1])),
        headers: Some(CustomHeaders { names: vec![CustomHeaderName::parse("X-API-Key").expect("a name")], sealed: Sealed(vec![4]) }),
        signing_secret: Sealed(vec![2]),
        previous_secret: None,
        event_types: None,
        description: None,
        max_per_second: None,
        ordered: false,
        deactivation: None,
        epoch: 1,
        revision: 1,
        created_at: T0,
        updated_at: T0,
    }
}

#[tokio::test]
async fn a_publish_leases_deliveries_up_to_the_cap_and_leaves_the_rest_due() {
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
    assert!(bench.lease(seconds(1)).await.leased.is_empty(), "a leased delivery is not leased again");
}

#[tokio::test]
async fn a_retry_is_not_due_before_its_time() {
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
async fn a_restart_makes_leased_deliveries_due_at_once() {
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
async fn an_outdated_result_is_ignored_unless_it_is_a_success() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::RetryAt(seconds(1))).await;
    bench.finish(&first, Next::Failed).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Pending, "the first attempt was already counted");
    let second = bench.lease(seconds(1)).await.leased.remove(0);
    bench.finish(&second, Next::Succeeded).await;
    bench.finish(&second, Next::Failed).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Succeeded);
}

#[tokio::test]
async fn deliveries_of_a_deactivated_webhook_stay_cancelled_after_its_activation() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let in_flight = bench.publish_to(&webhook).await.remove(0);
    bench.publish_to(&webhook).await;
    bench.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(1), event()).await.expect("stored").expect("found");
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Cancelled, "cancelled before its row is changed");
    bench.store.activate_webhook(webhook.account.clone(), webhook.id, None, seconds(2), event()).await.expect("stored").expect("found");
    assert!(bench.lease(seconds(3)).await.leased.is_empty(), "an activation makes no cancelled delivery due");
    while bench.store.tidy(seconds(3)).await.expect("tidied") {}
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Cancelled);
    bench.finish(&in_flight, Next::RetryAt(seconds(4))).await;
    let (delivery, attempts) = bench.delivery(in_flight.delivery_id).await;
    assert_eq!((delivery.status, attempts.len()), (DeliveryStatus::Cancelled, 1), "the attempt is recorded and not repeated");
    let all = DeliveryFilter { webhook_id: Some(webhook.id), status: Some(DeliveryStatus::Cancelled), ..DeliveryFilter::default() };
    assert_eq!(bench.store.list_deliveries(all, Page { after: None, limit: 10 }).await.expect("readable").items.len(), 2);
}

#[tokio::test]
async fn gone_deactivates_a_webhook_unless_its_url_has_changed() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (before, after) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    let moved =
        WebhookChange { target_url: Some(OutboundUrl::parse("https://example.com/moved").expect("a URL")), ..WebhookChange::default() };
    bench
        .store
        .update_webhook(webhook.account.clone(), webhook.id, moved, seconds(1), event())
        .await
        .expect("stored")
        .expect("found")
        .expect("allowed");
    assert_eq!(bench.finish(&before, Next::Gone).await.deactivated, None);
    let after =
        Leased { destination: Arc::new(bench.store.current_destination(webhook.id).await.expect("readable").expect("active")), ..after };
    assert_eq!(bench.finish(&after, Next::Gone).await.deactivated, Some(Deactivated { revision: 3, cause: DeactivationCause::Gone }));
    let webhook = bench.store.get_webhook(None, webhook.id).await.expect("readable").expect("found");
    assert_eq!(webhook.deactivation.map(|deactivation| deactivation.reason).as_deref(), Some(REASON_GONE));
}

#[tokio::test]
async fn an_idempotency_key_publishes_once_even_within_one_commit() {
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
    let all = bench.store.list_notifications(None, None, Page { after: None, limit: 10 }).await.expect("readable").items;
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn data_of_another_account_is_not_found() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let other = Account::parse("other").expect("an account");
    let leased = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.store.get_webhook(Some(other.clone()), webhook.id).await.expect("readable").is_none());
    assert!(bench.store.delete_webhook(other.clone(), webhook.id, T0, event()).await.expect("stored").is_none());
    assert!(bench.store.deactivate_webhook(other.clone(), webhook.id, T0, event()).await.expect("stored").is_none());
    assert!(bench.store.get_notification(Some(other.clone()), leased.notification.id).await.expect("readable").is_none());
    assert!(bench.store.get_delivery(Some(other.clone()), leased.delivery_id).await.expect("readable").is_none());
    let audience = Audience::Webhook { id: webhook.id, account: Some(other) };
    assert!(matches!(bench.publish(audience, None).await, Published::NoSuchWebhook));
}

#[tokio::test]
async fn the_previous_signing_secret_is_kept_only_while_it_is_valid() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let rotate = async |secret: u8, overlap: i64| {
        let rotated = bench
            .store
            .rotate_signing_secret(
                webhook.account.clone(),
                webhook.id,
                Sealed(vec![secret]),
                TimeDelta::seconds(overlap),
                seconds(10),
                event(),
            )
            .await;
        rotated.expect("stored").expect("found")
    };
    let secrets = |webhook: &Webhook| {
        let previous = webhook.previous_secret.as_ref().map(|previous| (previous.secret.0.clone(), previous.valid_until));
        (webhook.signing_secret.0.clone(), previous, webhook.revision)
    };
    assert_eq!(secrets(&rotate(3, 60).await), (vec![3], Some((vec![2], seconds(70))), 2));
    assert_eq!(secrets(&rotate(4, 5).await), (vec![4], Some((vec![3], seconds(15))), 3));
    while bench.store.tidy(seconds(14)).await.expect("tidied") {}
    let found = async || bench.store.get_webhook(None, webhook.id).await.expect("readable").expect("found");
    assert_eq!(secrets(&found().await), (vec![4], Some((vec![3], seconds(15))), 3));
    let destination = bench.store.current_destination(webhook.id).await.expect("readable").expect("active");
    assert_eq!(destination.previous_secret.map(|previous| previous.secret.0), Some(vec![3]));
    while bench.store.tidy(seconds(15)).await.expect("tidied") {}
    assert_eq!(secrets(&found().await), (vec![4], None, 3));
    assert_eq!(secrets(&rotate(5, 0).await), (vec![5], None, 4));
    let other = Account::parse("other").expect("an account");
    let foreign = bench.store.rotate_signing_secret(other, webhook.id, Sealed(vec![6]), TimeDelta::zero(), seconds(20), event()).await;
    assert!(foreign.expect("stored").is_none());
    assert_eq!(secrets(&found().await).0, [5]);
}

#[tokio::test]
async fn a_deleted_webhook_has_no_secrets_and_its_deliveries_stay_readable() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    let rotated =
        bench.store.rotate_signing_secret(webhook.account.clone(), webhook.id, Sealed(vec![3]), TimeDelta::days(1), T0, event()).await;
    assert!(rotated.expect("stored").expect("found").previous_secret.is_some());
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, seconds(1), event()).await.expect("stored").expect("found");
    assert!(bench.store.current_destination(webhook.id).await.expect("readable").is_none());
    assert_eq!(bench.status(&leased).await, DeliveryStatus::Cancelled);
    let without_secrets =
        "webhooks WHERE auth_secret IS NULL AND headers IS NULL AND length(signing_secret) = 0 AND previous_secret IS NULL";
    assert_eq!((bench.database.rows("webhooks"), bench.database.rows(without_secrets)), (1, 1), "the webhook is a tombstone");
}
