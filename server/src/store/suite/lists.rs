//! Tests of the filters of lists. Each store has more rows that the filter does not select than one page examines.

use super::*;
use crate::api::types::time_of;
use crate::store::AuditFilter;

/// One row more than the rows that a page examines.
const MANY: u32 = 10_001;

const PAGE: Page = Page { after: None, limit: 10 };

impl TestDatabase {
    /// Returns an SQL expression for the identifiers of rows that were created at `time`, one for each value of `n`.
    fn ids_at(&self, time: DateTime<Utc>) -> String {
        let milliseconds = time.timestamp_millis();
        match self {
            TestDatabase::File(_) => format!("unhex(printf('%012x70008000%012x', {milliseconds}, n))"),
            TestDatabase::Database(_) => {
                format!("(lpad(to_hex({milliseconds}::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid")
            }
        }
    }

    fn id(&self, id: Uuid) -> String {
        match self {
            TestDatabase::File(_) => format!("x'{}'", id.simple()),
            TestDatabase::Database(_) => format!("'{id}'::uuid"),
        }
    }

    /// Stores `MANY` rows. `insert` is an `INSERT` statement that selects from `numbers (n)`.
    fn add_many(&self, insert: &str) {
        self.ask(&format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY}) {insert} RETURNING 1"
        ));
    }

    fn add_succeeded_deliveries(&self, of: &Leased, time: DateTime<Utc>) {
        let Destination { webhook_id, account, .. } = &*of.destination;
        let (ids, notification_id, webhook_id) = (self.ids_at(time), self.id(of.notification.id), self.id(*webhook_id));
        let common = "id, notification_id, webhook_id, account, epoch, status, attempt_count, created_at";
        let values = format!("{ids}, {notification_id}, {webhook_id}, '{account}', 1, 1, 0");
        self.add_many(&match self {
            TestDatabase::File(_) => {
                let milliseconds = time.timestamp_millis();
                format!("INSERT INTO deliveries ({common}, due_at, lane) SELECT {values}, {milliseconds}, {milliseconds}, 0 FROM numbers")
            }
            TestDatabase::Database(_) => {
                format!("INSERT INTO deliveries ({common}, ended_at) SELECT {values}, '{time}', '{time}' FROM numbers")
            }
        });
    }

    /// Stores copies of a webhook. They are active.
    fn add_webhooks_like(&self, webhook: &Webhook) {
        let columns = "account, target_url, auth, signing_secret, ordered, epoch, revision, created_at, updated_at";
        let (ids, id) = (self.ids_at(seconds(1000)), self.id(webhook.id));
        self.add_many(&format!(
            "INSERT INTO webhooks (id, {columns}) SELECT {ids}, {columns} FROM webhooks CROSS JOIN numbers WHERE id = {id}"
        ));
    }
}

#[tokio::test]
async fn a_list_of_deliveries_by_status_or_time_examines_few_others() {
    let bench = Bench::new(100, 100).await;
    let (webhook, deactivated) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let (cancelled, being_cancelled) = (bench.publish_to(&deactivated).await.remove(0), bench.publish_to(&deactivated).await.remove(0));
    let (account, id) = (|| deactivated.account.clone(), deactivated.id);
    bench.store.deactivate_webhook(account(), id, seconds(1), event()).await.expect("stored").expect("found");
    bench.finish(&cancelled, Next::RetryAt(seconds(60))).await;
    let (failed, pending) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    bench.finish(&failed, Next::Failed).await;
    bench.database.add_succeeded_deliveries(&pending, seconds(1000));
    bench.database.add_succeeded_deliveries(&cancelled, seconds(2000));
    let other = bench.webhook("other").await;
    let succeeded = bench.publish_to(&other).await.remove(0);
    bench.finish(&succeeded, Next::Succeeded).await;

    let id = |leased: &Leased| leased.delivery_id;
    let of_status = |status| DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
    let of_range = |since, until| DeliveryFilter { since, until, ..DeliveryFilter::default() };
    let until = |time: i64| Some(milliseconds(time));
    let old = [id(&pending), id(&failed), id(&being_cancelled), id(&cancelled)];
    let cases = [
        (of_status(DeliveryStatus::Pending), vec![id(&pending)]),
        (of_status(DeliveryStatus::Failed), vec![id(&failed)]),
        (of_status(DeliveryStatus::Cancelled), vec![id(&being_cancelled), id(&cancelled)]),
        (of_range(None, until(1)), old.to_vec()),
        (of_range(None, Some(T0 + TimeDelta::microseconds(1))), old.to_vec()),
        (of_range(None, Some(T0)), Vec::new()),
        (of_range(Some(milliseconds(1)), until(1_000_000)), Vec::new()),
        (of_range(Some(seconds(3000)), None), Vec::new()),
        (DeliveryFilter { since: Some(T0), until: until(1), ..of_status(DeliveryStatus::Pending) }, vec![id(&pending)]),
    ];
    for tidied in [false, true] {
        for (filter, expected) in &cases {
            for webhook_id in [None, Some(webhook.id), Some(deactivated.id)] {
                for account in [None, Some(webhook.account.clone())] {
                    let filter = DeliveryFilter { webhook_id, account, ..filter.clone() };
                    let page = bench.store.list_deliveries(filter.clone(), PAGE).await.expect("readable");
                    let is_listed = |delivery: &&Delivery| delivery.webhook_id != other.id;
                    let found: Vec<Uuid> = page.items.iter().filter(is_listed).map(|delivery| delivery.id).collect();
                    let of_webhook = |delivery_id: &&Uuid| {
                        let of_deactivated = [id(&being_cancelled), id(&cancelled)].contains(delivery_id);
                        webhook_id.is_none_or(|webhook_id| of_deactivated == (webhook_id == deactivated.id))
                    };
                    assert_eq!(found, expected.iter().filter(of_webhook).copied().collect::<Vec<_>>(), "{filter:?}");
                    assert_eq!(page.next, None, "this is the last page of {filter:?}");
                    assert!(page.items.iter().all(|delivery| time_of(delivery.id) == delivery.created_at));
                }
            }
            let foreign = DeliveryFilter { webhook_id: Some(webhook.id), account: Some(other.account.clone()), ..filter.clone() };
            let page = bench.store.list_deliveries(foreign, PAGE).await.expect("readable");
            assert!(page.items.is_empty() && page.next.is_none(), "the webhook belongs to another account");
        }
        while !tidied && bench.store.tidy(seconds(2)).await.expect("tidied") {}
    }
}

#[tokio::test]
async fn a_list_by_status_has_no_gaps_between_its_pages() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let mut expected: Vec<_> = Vec::new();
    for number in 0..6 {
        let leased = bench.publish_to(&webhook).await.remove(0);
        if number % 2 == 0 {
            bench.finish(&leased, Next::Succeeded).await;
        } else {
            expected.insert(0, leased.delivery_id);
        }
    }
    let account = webhook.account.clone();
    bench.store.deactivate_webhook(account.clone(), webhook.id, seconds(1), event()).await.expect("stored").expect("found");
    for tidied in [false, true] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let filter =
                DeliveryFilter { account: Some(account.clone()), status: Some(DeliveryStatus::Cancelled), ..DeliveryFilter::default() };
            let page = bench.store.list_deliveries(filter, Page { after, limit: 1 }).await.expect("readable");
            found.extend(page.items.iter().map(|delivery| delivery.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, expected);
        while !tidied && bench.store.tidy(seconds(2)).await.expect("tidied") {}
    }
}

#[tokio::test]
async fn lists_of_webhooks_and_events_by_a_filter_examine_few_others() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let (account, id) = (webhook.account.clone(), webhook.id);
    bench.store.deactivate_webhook(account.clone(), id, seconds(1), event()).await.expect("stored").expect("found");
    bench.database.add_webhooks_like(&bench.webhook("acme").await);
    for filter in [
        WebhookFilter { status: Some(WebhookStatus::Deactivated), ..WebhookFilter::default() },
        WebhookFilter { health: Some(WebhookHealthState::Deactivated), ..WebhookFilter::default() },
    ] {
        let deactivated = bench.store.list_webhooks(filter, PAGE).await.expect("readable");
        assert_eq!((deactivated.items.iter().map(|webhook| webhook.id).collect::<Vec<_>>(), deactivated.next), (vec![id], None));
    }
    let failing = bench.webhook("other").await;
    for time in 1..6 {
        bench.attempt_at(&failing, time, Next::Failed).await;
    }
    let filter = WebhookFilter { health: Some(WebhookHealthState::Failing), ..WebhookFilter::default() };
    let listed = bench.store.list_webhooks(filter, PAGE).await.expect("readable");
    assert_eq!((listed.items.iter().map(|webhook| webhook.id).collect::<Vec<_>>(), listed.next), (vec![failing.id], None));

    let at = |action: &str, time| AuditEvent { account: Some(account.clone()), ..AuditEvent::new(action, AuditEvent::ACCOUNT, time) };
    let rare = at("rotateSigningSecret", seconds(2));
    let events: Vec<_> = std::iter::once(rare.clone()).chain((0..MANY).map(|_| at("redeliver", seconds(3)))).collect();
    for some in events.chunks(1000) {
        bench.store.record_audit_events(some).await.expect("stored");
    }
    for account in [None, Some(account)] {
        let filter = AuditFilter { account, action: Some(rare.action.clone()), ..AuditFilter::default() };
        let page = bench.store.list_audit_events(filter, PAGE).await.expect("readable");
        assert_eq!((page.items, page.next), (vec![rare.clone()], None));
    }
}
