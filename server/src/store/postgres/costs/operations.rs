//! Runs every operation of a store and measures its cost.

use super::*;
use crate::api::types::OutcomeName;

mod audit;
mod keys;
mod pauses;
mod statistics;
mod suspects;
mod tokens;
mod webhooks;

/// One run of each operation, and several runs of some operations in different situations.
pub(super) struct Round<'a> {
    measured: &'a Measured<'a>,
    world: &'a World,
    store: &'a Postgres,
    slots: Arc<Slots>,
    now: DateTime<Utc>,
}

impl<'a> Round<'a> {
    pub(super) fn new(measured: &'a Measured<'a>) -> Round<'a> {
        let slots = Slots::new(Caps::new(1000, 100));
        Round { measured, world: measured.world, store: &measured.store, slots, now: measured.world.now }
    }

    pub(super) async fn run(&self) {
        self.store.join(Vec::new()).await.expect("joined");
        self.webhooks().await;
        self.handshakes().await;
        self.publishing().await;
        self.stay_alive().await;
        self.special_webhooks().await;
        self.batches().await;
        self.ordered().await;
        self.stay_alive().await;
        self.leasing().await;
        self.suspects().await;
        self.backlog().await;
        self.stay_alive().await;
        self.deliveries().await;
        self.lists().await;
        self.statistics().await;
        self.stay_alive().await;
        self.redelivery().await;
        self.erasing().await;
        self.stay_alive().await;
        self.tidying().await;
        self.stay_alive().await;
        self.monitoring().await;
        self.pausing().await;
        self.tokens().await;
        self.keys().await;
        self.audit().await;
        self.nodes().await;
    }

    /// Sends a heartbeat. On a slow machine, a round takes longer than a node without heartbeats may lease.
    async fn stay_alive(&self) {
        self.store.keep_alive().await.expect("the heartbeat is stored");
    }

    async fn publishing(&self) {
        let quiet = self.register("quiet", |_| {}).await;
        let to = || Audience::Account(quiet.account.clone());
        let leased = self.publish("publish", to(), None).await.1.remove(0);
        self.finish("record a success", leased, Next::Succeeded).await;
        let leased = self.publish("publish", to(), None).await.1.remove(0);
        let id = leased.delivery_id;
        self.finish("record a failure with a retry", leased, Next::RetryAt(self.now + TimeDelta::hours(1))).await;
        let redelivered = self.store.redeliver(quiet.account.clone(), id, self.now, event());
        assert!(matches!(self.cost("redeliver a pending delivery", redelivered).await, Redelivered::Due(_)));
        self.world.hide_due_work().await;
        let leased = self.publish("publish", to(), None).await.1.remove(0);
        self.finish("record a failure", leased, Next::Failed).await;

        let key = Idempotency { owner: "quiet".to_owned(), key: Uuid::now_v7().to_string(), fingerprint: [0; 32] };
        let again = Idempotency { key: key.key.clone(), owner: key.owner.clone(), ..key };
        let leased = self.publish("publish with a key", to(), Some(key)).await.1.remove(0);
        let repeated = self.store.publish_notification(publication(self.now, to(), Some(again)), self.slots.clone());
        assert!(matches!(self.cost("publish again with a key", repeated).await, Published::Repeated(_)));
        self.cost("release a lease", self.store.release_delivery(leased.delivery_id, leased.lease)).await;
        self.delete(quiet.account, quiet.id).await;
    }

    async fn special_webhooks(&self) {
        let to_busy = Audience::Webhook { id: self.world.webhook(BUSY), account: None };
        let leased = self.publish("publish to a webhook with a backlog", to_busy, None).await.1.remove(0);
        self.finish("record a success of a webhook with a backlog", leased, Next::Succeeded).await;

        let limited = self.register("limited", |webhook| webhook.max_per_second = Some(1000)).await;
        let leased = self.publish("publish under a rate limit", Audience::Account(limited.account.clone()), None).await.1.remove(0);
        self.finish("record that a callback is gone", leased, Next::Gone).await.deactivated.expect("deactivated");
        self.delete(limited.account, limited.id).await;
    }

    /// Runs operations at the same time, so that the store writes them in one batch.
    async fn batches(&self) {
        let to = || Audience::Account(self.measured.wide.account.clone());
        let leased = self.publish("publish to ten webhooks", to(), None).await.1;
        assert_eq!(leased.len(), 10);
        let ends = leased.into_iter().map(|leased| self.record(leased, Next::Succeeded));
        self.cost("record ten successes", futures_util::future::try_join_all(ends)).await;

        // The caps are zero, so no delivery gets a slot.
        let full = Slots::new(Caps::new(0, 0));
        let published = (0..50).map(|_| self.store.publish_notification(publication(self.now, to(), None), full.clone()));
        self.cost("publish fifty to ten webhooks", futures_util::future::try_join_all(published)).await;

        let filter = DeliveryFilter { status: Some(DeliveryStatus::Succeeded), ..of_account(self.world.account(BUSY)) };
        let succeeded = self.store.list_deliveries(filter, self.page(200)).await.expect("readable").items;
        let destination = self.store.current_destination(self.world.webhook(BUSY)).await.expect("readable").expect("active");
        let destination = Arc::new(destination);
        let ends = succeeded.iter().map(|delivery| {
            let attempt = attempt(self.now, delivery.attempt_count + 1, Next::Succeeded);
            let (delivery_id, lane, lease, destination) = (delivery.id, Lane::Fresh, Uuid::nil(), destination.clone());
            let schedule_start = 0;
            let finish = EndedAttempt {
                delivery_id,
                lane,
                lease,
                schedule_start,
                destination,
                attempt,
                next: Next::Succeeded,
                policy: None,
                hold_until: None,
            };
            self.store.finish_attempt(finish, self.now, self.slots.clone())
        });
        self.cost("record two hundred successes", futures_util::future::try_join_all(ends)).await;
    }

    async fn ordered(&self) {
        let ordered = self.register("orderly", |webhook| webhook.ordered = true).await;
        let to = || Audience::Account(ordered.account.clone());
        let first = self.publish("publish in order", to(), None).await.1.remove(0);
        assert!(self.publish("publish after a waiting delivery", to(), None).await.1.is_empty(), "the delivery waits for its turn");
        // Takes the ready work from `slots`, as the lease loop does.
        let _ = self.slots.take_ready(self.now, 1000);
        let next = self.finish("record a success in order", first, Next::Succeeded).await.next.expect("the next one");
        let after = self.finish("record a failure in order", next, Next::RetryAt(self.now + TimeDelta::seconds(1))).await;
        assert!(after.next.is_none(), "the delivery is not due yet");
        let round = self.store.lease_due(self.now + TimeDelta::seconds(2), self.slots.clone(), Vec::new());
        let leased = self.cost("lease a due delivery in order", round).await.leased.remove(0);
        self.finish("record the last one in order", leased, Next::Succeeded).await;
        self.delete(ordered.account, ordered.id).await;

        let work_items = CONSTANT.filter(|number| number % 10 >= 7).map(|number| work(self.world.webhook(number), Lane::Ordered)).collect();
        let round = self.cost("lease from six ordered backlogs", self.store.lease_due(self.now, self.slots.clone(), work_items)).await;
        assert_eq!(round.leased.len(), 6);
        self.release_all(round).await;
    }

    async fn leasing(&self) {
        self.world.hide_due_work().await;
        let none = self.cost("look for due deliveries", self.store.lease_due(self.now, self.slots.clone(), Vec::new())).await;
        assert!(none.leased.is_empty());

        let quiet = self.register("quiet", |_| {}).await;
        let leased = self.publish("publish", Audience::Account(quiet.account.clone()), None).await.1.remove(0);
        self.finish("record a failure with a retry", leased, Next::RetryAt(self.now + TimeDelta::seconds(1))).await;
        let round = self.store.lease_due(self.now + TimeDelta::seconds(2), self.slots.clone(), Vec::new());
        let leased = self.cost("lease a due delivery", round).await.leased.remove(0);
        self.finish("record a success after a retry", leased, Next::Succeeded).await;
        self.delete(quiet.account, quiet.id).await;

        let work_items: Vec<WorkItem> = self.unordered().map(|id| work(id, Lane::Fresh)).collect();
        let count = work_items.len();
        let round = self.cost("lease from fourteen webhooks", self.store.lease_due(self.now, self.slots.clone(), work_items)).await;
        assert_eq!((round.leased.len(), count), (14, 14));
        self.release_all(round).await;
    }

    async fn backlog(&self) {
        let busy = self.world.webhook(BUSY);
        let lease = |lane| self.store.lease_due(self.now, self.slots.clone(), vec![work(busy, lane)]);
        prove(&self.slots, busy, self.now);
        let round = self.cost("lease from a backlog", lease(Lane::Fresh)).await;
        assert!(!round.leased.is_empty());
        let _ = self.slots.take_ready(self.now, 1000);
        assert!(self.cost("lease from a backlog at its cap", lease(Lane::Fresh)).await.leased.is_empty());
        self.release_all(round).await;
        assert!(self.cost("look for retries", lease(Lane::Retry)).await.leased.is_empty());
    }

    async fn deliveries(&self) {
        let account = || self.world.account(BUSY);
        let none = || Some(EventType::parse("no.such").expect("a type"));
        let of_webhook = || DeliveryFilter { webhook_id: Some(self.world.webhook(BUSY)), ..of_account(account()) };
        let list = |filter| self.store.list_deliveries(filter, self.page(100));
        let first = self.cost("list deliveries of an account", list(of_account(account()))).await.items.remove(0);
        self.cost("list all deliveries", list(DeliveryFilter::default())).await;
        self.cost("list deliveries of a webhook", list(of_webhook())).await;
        let of_time = DeliveryFilter { since: Some(self.world.days_ago(30)), until: Some(self.now), ..of_webhook() };
        self.cost("list deliveries of a time range", list(of_time)).await;
        let failed = DeliveryFilter { status: Some(DeliveryStatus::Failed), ..of_account(account()) };
        self.cost("list failed deliveries", list(failed)).await;
        let failed = |of| DeliveryFilter { status: Some(DeliveryStatus::Failed), ..of };
        self.cost("list failed deliveries of a webhook", list(failed(of_webhook()))).await;
        self.cost("list all failed deliveries", list(failed(DeliveryFilter::default()))).await;
        // The webhook and its account have a backlog that stays the same.
        let of_quiet_account = || of_account(self.world.account(0));
        let of_quiet_webhook = || DeliveryFilter { webhook_id: Some(self.world.webhook(0)), ..of_quiet_account() };
        // All deliveries of the webhook are older. No other operation has changed them, so their pages need not be read.
        let of_future = DeliveryFilter { since: Some(self.now + TimeDelta::days(1)), ..of_quiet_webhook() };
        let none_yet = self.cost("list deliveries since a time", list(of_future)).await;
        assert!(none_yet.items.is_empty() && none_yet.next.is_none());
        for (of, [of_pending, of_cancelled]) in [
            (of_quiet_webhook(), ["list pending deliveries of a webhook", "list cancelled deliveries of a webhook"]),
            (of_quiet_account(), ["list pending deliveries of an account", "list cancelled deliveries of an account"]),
            (DeliveryFilter::default(), ["list all pending deliveries", "list all cancelled deliveries"]),
        ] {
            let with = |status| DeliveryFilter { status: Some(status), ..of.clone() };
            self.cost(of_pending, list(with(DeliveryStatus::Pending))).await;
            self.cost(of_cancelled, list(with(DeliveryStatus::Cancelled))).await;
        }
        let of_none = DeliveryFilter { event_type: none(), ..of_account(account()) };
        self.cost("list deliveries of an unused type", list(of_none)).await;
        self.cost("list all deliveries of an unused type", list(DeliveryFilter { event_type: none(), ..DeliveryFilter::default() })).await;
        let of_notification = DeliveryFilter { notification_id: Some(first.notification_id), ..of_account(account()) };
        self.cost("list deliveries of a notification", list(of_notification)).await;
        self.cost("get a delivery", self.store.get_delivery(Some(account()), first.id)).await.expect("found");
        let get = self.store.get_notification(Some(account()), first.notification_id);
        self.cost("get a notification", get).await.expect("found");
    }

    async fn lists(&self) {
        let account = Some(self.world.account(BUSY));
        let none = Some(EventType::parse("no.such").expect("a type"));
        self.cost("list notifications", self.store.list_notifications(account.clone(), None, self.page(100))).await;
        self.cost("list all notifications", self.store.list_notifications(None, None, self.page(100))).await;
        self.cost("list notifications of an unused type", self.store.list_notifications(account, none, self.page(100))).await;

        self.webhook_lists().await;
    }

    async fn redelivery(&self) {
        let account = self.world.account(BUSY);
        self.world.fill(2, 1, 1, BUSY..BUSY + 1, "failed").await;
        let failed = DeliveryFilter { status: Some(DeliveryStatus::Failed), ..of_account(account.clone()) };
        let failed = self.store.list_deliveries(failed, Page { after: None, limit: 1 }).await.expect("readable").items.remove(0);
        let redelivered = self.store.redeliver(account.clone(), failed.id, self.now, event());
        assert!(matches!(self.cost("redeliver a failed delivery", redelivered).await, Redelivered::Due(_)));
        let since = self.world.days_ago(50);
        let counted = Recovery { webhook_id: self.world.webhook(BUSY), since, until: None, dry_run: true, after: None };
        let count = self.store.recover_deliveries(account.clone(), counted, Cause::default(), self.now, event());
        assert!(matches!(self.cost("count recoverable deliveries", count).await, RecoveryStep::Recovered { count: 1.., .. }));
        let recovery = Recovery { dry_run: false, ..counted };
        let recover = self.store.recover_deliveries(account, recovery, Cause::default(), self.now, event());
        assert!(matches!(self.cost("recover deliveries", recover).await, RecoveryStep::Recovered { count: 1.., .. }));
        self.world.hide_due_work().await;
        let outcome = OutcomeName::parse("no_such_outcome").expect("an outcome");
        let cause = Cause { outcome: Some(outcome), ..Cause::default() };
        let none = Selection { change: BulkChange::Redeliver, since, until: None, cause, dry_run: false };
        let all = Selection { cause: Cause::default(), ..none.clone() };
        let cancelled = Selection { change: BulkChange::Cancel, ..all.clone() };
        // A changed backlog would be missing in the next round.
        let quiet = self.register("quiet", |_| {}).await;
        let leased = self.publish("publish", Audience::Account(quiet.account.clone()), None).await.1.remove(0);
        self.finish("record a failure", leased, Next::Failed).await;
        let start = SelectionStart { webhook_id: quiet.id, after: None };
        for (name, selection) in [("redeliver no deliveries", none), ("redeliver deliveries", all), ("cancel deliveries", cancelled)] {
            let step = self.store.change_deliveries(quiet.account.clone(), selection, start, self.now, event());
            assert!(matches!(self.cost(name, step).await, SelectionStep::Changed { .. }));
            self.world.hide_due_work().await;
        }
        self.delete(quiet.account, quiet.id).await;
    }

    async fn erasing(&self) {
        let audience = Audience::Account(self.measured.wide.account.clone());
        let (id, mut leased) = self.publish("publish to ten webhooks", audience, None).await;
        for leased in leased.drain(..5) {
            self.record(leased, Next::Failed).await.expect("recorded");
        }
        drop(leased);
        self.cost("delete a notification", self.store.delete_notification(None, id, self.now, event())).await.expect("deleted");
        while self.cost("erase responses", self.store.erase_responses(id)).await {}
    }

    async fn tidying(&self) {
        self.world.fill(500, 1, 1, DEACTIVATED..DEACTIVATED + 1, "fresh").await;
        let webhook = self.world.webhook(DEACTIVATED);
        self.world
            .run(&format!(
                "UPDATE webhooks SET deactivation_reason = 'requested', deactivated_at = now() WHERE id = '{webhook}';
                 UPDATE webhooks SET previous_secret = '', previous_valid_until = created_at WHERE id = '{webhook}';
                 INSERT INTO cancellations (webhook_id, epoch) VALUES ('{webhook}', 1)
                     ON CONFLICT (webhook_id) DO UPDATE SET since = now(), due_at = now();
                 INSERT INTO idempotency_keys SELECT '', 'old-' || n, '', '{webhook}', now() - interval '1 day' FROM generate_series(1, 500) n;
                 DELETE FROM cancellations WHERE webhook_id <> '{webhook}'"
            ))
            .await;
        assert!(self.cost("tidy", self.store.tidy(self.now)).await);
        while self.store.tidy(self.now).await.expect("tidied") {}
        // Index entries of removed rows cost pages until a vacuum removes the entries.
        self.world.run("VACUUM idempotency_keys").await;
        assert!(!self.cost("tidy without work", self.store.tidy(self.now)).await);
        self.world.remove_deliveries(DEACTIVATED).await;
        self.cost("remove old rows", self.store.remove_old(self.now)).await;
    }

    async fn monitoring(&self) {
        let session = self.store.callers.session().await.expect("a session");
        let counted = async { Ok(backlog_counts::count_at_most(&session, BacklogScan::default(), 1000).await?) };
        self.cost("count pending deliveries", counted).await;
        drop(session);
        let of_webhooks = BacklogScan { position: ScanPosition::Webhooks { after: Uuid::nil() }, ..BacklogScan::default() };
        self.cost("count webhooks", self.store.scan_backlog(of_webhooks)).await;
        let waiting = self.unordered().map(|id| work(id, Lane::Fresh)).collect();
        self.cost("find the oldest due deliveries", self.store.oldest_due(waiting)).await;
        // If another test creates a database, the next call reads system catalogs again. The lowest cost of all calls counts.
        for _ in 0..3 {
            self.cost("measure the storage use", self.store.storage_use()).await;
        }
        self.cost("probe a write", self.store.probe_write()).await;
    }

    async fn nodes(&self) {
        // Without this statement, the measured heartbeat would read the changes of this round.
        self.world.run("TRUNCATE changes").await;
        self.cost("send a heartbeat", self.store.keep_alive()).await;
        let dead =
            "INSERT INTO nodes VALUES ('00000000-0000-7000-8000-000000000000', 'dead', '1', true, now(), now() - interval '1 second', '')";
        self.world.run(dead).await;
        assert_eq!(self.cost("take over", self.store.keep_alive()).await.taken_over_from, ["dead"]);
        self.world.hide_due_work().await;
        self.cost("leave", self.store.release_leases()).await;
        self.world.hide_due_work().await;
        self.cost("join", self.store.join(Vec::new())).await;
        self.world.hide_due_work().await;
        self.store.release_leases().await.expect("left");
    }

    async fn cost<T>(&self, name: &'static str, operation: impl Future<Output = Result<T>>) -> T {
        let (result, usage) = self.world.measure(operation).await;
        self.measured.record(name, usage);
        result.unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    async fn register(&self, account: &str, change: impl FnOnce(&mut Webhook)) -> Webhook {
        let mut webhook = webhook_of(account);
        change(&mut webhook);
        assert!(self.store.register_webhook(webhook.clone(), None, 10, Registrant::of_test()).await.expect("stored"));
        webhook
    }

    async fn delete(&self, account: Account, id: Uuid) {
        self.store.delete_webhook(account, id, self.now, event()).await.expect("stored").expect("found");
    }

    async fn publish(&self, name: &'static str, audience: Audience, idempotency: Option<Idempotency>) -> (Uuid, Vec<Leased>) {
        let published = self.store.publish_notification(publication(self.now, audience, idempotency), self.slots.clone());
        match self.cost(name, published).await {
            Published::New { notification, leased } => (notification.id, leased),
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn finish(&self, name: &'static str, leased: Leased, next: Next) -> FinishedAttempt {
        self.cost(name, self.record(leased, next)).await
    }

    async fn record(&self, leased: Leased, next: Next) -> Result<FinishedAttempt> {
        record(self.store, &self.slots, self.now, leased, next).await
    }

    async fn release_all(&self, round: DueRound) {
        for leased in &round.leased {
            self.store.release_delivery(leased.delivery_id, leased.lease).await.expect("released");
        }
    }

    /// Returns a page that leaves out the rows that these rounds have stored, because some of these rows are deleted.
    fn page(&self, limit: u32) -> Page {
        let milliseconds = (self.now - TimeDelta::hours(36)).timestamp_millis() as u128;
        Page { after: Some(Uuid::from_u128(milliseconds << 80)), limit }
    }

    /// The unordered webhooks with a constant backlog.
    fn unordered(&self) -> impl Iterator<Item = Uuid> {
        CONSTANT.filter(|number| number % 10 < 7).map(|number| self.world.webhook(number))
    }
}

/// Records many successes of a webhook. After these successes, only the cap of the webhook limits its attempts.
pub(super) fn prove(slots: &Arc<Slots>, webhook_id: Uuid, now: DateTime<Utc>) {
    for _ in 0..1000 {
        let slot = slots.try_take(&"proven".into(), &Hosts::default(), work(webhook_id, Lane::Fresh), 1, now);
        slot.expect("a slot").end(true, now);
    }
}

pub(super) fn publication(now: DateTime<Utc>, audience: Audience, idempotency: Option<Idempotency>) -> Publication {
    Publication {
        id: Uuid::now_v7(),
        event_type: EventType::parse("order.placed").expect("a type"),
        data: RawValue::from_string(format!("\"{}\"", "x".repeat(200))).expect("JSON"),
        created_at: now,
        audience,
        idempotency,
        trace: None,
    }
}

pub(super) async fn record(
    store: &Postgres,
    slots: &Arc<Slots>,
    now: DateTime<Utc>,
    leased: Leased,
    next: Next,
) -> Result<FinishedAttempt> {
    let attempt = attempt(now, leased.attempt, next);
    let policy = Some(DeactivationPolicy { time: TimeDelta::days(5), attempts: 10 });
    let Leased { delivery_id, lane, lease, schedule_start, destination, slot, .. } = leased;
    let _unrecorded = slot.end(next == Next::Succeeded, now);
    let finish = EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy, hold_until: None };
    store.finish_attempt(finish, now, slots.clone()).await
}

fn attempt(now: DateTime<Utc>, number: u32, next: Next) -> Attempt {
    let accepted = next == Next::Succeeded;
    Attempt {
        number,
        started_at: now,
        duration_ms: 12,
        outcome: if accepted { "accepted" } else { "rejected" }.to_owned(),
        status_code: Some(if accepted { 204 } else { 503 }),
        error: None,
        response_body: Some("try again later".to_owned()),
        truncated: false,
        facts: AttemptFacts::default(),
        exchange: None,
    }
}

pub(super) fn work(webhook_id: Uuid, lane: Lane) -> WorkItem {
    WorkItem { webhook_id, lane }
}

fn of_account(account: Account) -> DeliveryFilter {
    DeliveryFilter { account: Some(account), ..DeliveryFilter::default() }
}
