//! The cost of the operations, in steps of SQLite's virtual machine. The number of steps is the same on every machine,
//! but the time is not. A query takes some steps for each row that it reads. If the cost does not grow with the stored
//! data, the operation does not read rows of other accounts or ended deliveries.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::api::types::DeliveryStatus;
use crate::slots::{Caps, Slots, WorkItem};
use crate::store::suite::webhook_of;

/// A time long after the creation of the stored data.
const NOW: DateTime<Utc> = DateTime::from_timestamp(20_000 * 24 * 60 * 60, 0).expect("a time");

/// A store in which a busy account has pending and ended deliveries, and a quiet account has only ended deliveries.
struct World {
    connection: Connection,
    cache: SubscriptionCache,
    slots: Arc<Slots>,
    incarnation: Uuid,
    steps: Arc<AtomicU64>,
    busy: Webhook,
    quiet: Webhook,
    ordered: Webhook,
}

impl World {
    fn with(count: u32) -> World {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(&MIGRATIONS.concat()).expect("a schema");
        let cache = SubscriptionCache::default();
        let (busy, quiet) = (webhook_of("busy"), webhook_of("quiet"));
        let ordered = Webhook { ordered: true, ..webhook_of("orderly") };
        for webhook in [&busy, &quiet, &ordered] {
            assert!(webhooks::register(&connection, &cache, webhook, None, 10, Registrant::of_test()).expect("stored"));
        }
        let steps = Arc::new(AtomicU64::new(0));
        let counter = steps.clone();
        let count_one = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        let mut world =
            World { connection, cache, slots: Slots::new(Caps::new(100, 10)), incarnation: Uuid::now_v7(), steps, busy, quiet, ordered };
        // The pending deliveries are new deliveries and retries. The ended deliveries have succeeded or failed.
        for (status, lane) in [(0, Lane::Fresh), (0, Lane::Retry), (1, Lane::Fresh), (2, Lane::Retry)] {
            world.fill(&world.busy, count, status, lane);
        }
        world.fill(&world.quiet, count, 1, Lane::Fresh);
        world.add_events(&world.busy, count);
        world.add_events(&world.quiet, 500);
        ready::rebuild(&world.connection).expect("found");
        world.connection.progress_handler(1, Some(count_one)).expect("a progress handler");
        world
    }

    /// Adds deliveries. Their identifiers are lower than the identifiers of later publications, so the added deliveries
    /// count as older.
    fn fill(&self, webhook: &Webhook, count: u32, status: u8, lane: Lane) {
        self.connection
            .execute_batch(&format!(
                "INSERT INTO notifications (id, account, type, created_at, delivery_count, data)
                 WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count})
                 SELECT CAST(x'00' || randomblob(15) AS BLOB), '{}', 'a.b', 1000, 1, '{{}}' FROM numbers;",
                webhook.account.as_str()
            ))
            .expect("stored");
        self.connection
            .execute(
                "INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, created_at)
                 SELECT CAST(x'00' || randomblob(15) AS BLOB), n.id, ?1, n.account, 1, ?2, ?3, 1, 1000, 1000 FROM notifications n
                 WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id)",
                (Key(webhook.id), status, lane),
            )
            .expect("stored");
    }

    /// Adds events of the audit log to the account of a webhook.
    fn add_events(&self, webhook: &Webhook, count: u32) {
        let added = "INSERT INTO audit_events (id, account, action, details)
             WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1)
             SELECT CAST(x'00' || randomblob(15) AS BLOB), ?2, 'redeliver', '{\"actor\":\"account\",\"result\":\"succeeded\"}' FROM numbers";
        self.connection.execute(added, (count, webhook.account.as_str())).expect("stored");
    }

    fn leasing(&self) -> LeaseTransaction<'_> {
        LeaseTransaction { connection: &self.connection, cache: &self.cache, slots: &self.slots, incarnation: self.incarnation, now: NOW }
    }

    fn publish(&self, webhook: &Webhook) -> Vec<Leased> {
        let publication = Publication {
            id: Uuid::now_v7(),
            event_type: EventType::parse("a.b").expect("a type"),
            data: RawValue::from_string("{}".to_owned()).expect("JSON"),
            created_at: NOW,
            audience: Audience::Account(webhook.account.clone()),
            idempotency: Some(Idempotency { owner: String::new(), key: Uuid::now_v7().to_string(), fingerprint: [0; 32] }),
            trace: None,
        };
        let published = publications::publish(&self.leasing(), publication).expect("stored");
        let Published::New { leased, .. } = published else { panic!("{published:?}") };
        leased
    }

    fn finish(&self, leased: &Leased, next: Next) {
        let attempt = Attempt {
            number: leased.attempt,
            started_at: NOW,
            duration_ms: 1,
            outcome: "accepted".to_owned(),
            status_code: Some(204),
            error: None,
            response_body: Some("x".to_owned()),
            truncated: false,
            facts: AttemptFacts::default(),
            exchange: None,
        };
        let policy = Some(DeactivationPolicy { time: TimeDelta::days(5), attempts: 10 });
        let Leased { delivery_id, lane, lease, schedule_start, ref destination, .. } = *leased;
        let destination = destination.clone();
        self.leasing()
            .finish(&EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy, hold_until: None })
            .expect("stored");
    }

    fn deliveries(&self, webhook: &Webhook, status: Option<DeliveryStatus>) -> Part<Delivery> {
        let account = Some(webhook.account.clone());
        let filter = DeliveryFilter { account, status, ..DeliveryFilter::default() };
        deliveries::list(&self.connection, &filter, Page { after: None, limit: 200 }).expect("readable")
    }
}

type Operation = (&'static str, fn(&World));

/// The operations, in the order in which they run.
const OPERATIONS: [Operation; 22] = [
    ("publish and accept", |world| {
        let leased = world.publish(&world.quiet).remove(0);
        world.finish(&leased, Next::Succeeded);
    }),
    ("publish and fail", |world| {
        let leased = world.publish(&world.quiet).remove(0);
        world.finish(&leased, Next::RetryAt(NOW));
    }),
    ("publish in order and fail", |world| {
        let leased = world.publish(&world.ordered).remove(0);
        world.finish(&leased, Next::Failed);
    }),
    ("publish to a webhook with a backlog", |world| drop(world.publish(&world.busy))),
    ("lease due deliveries", |world| assert!(!world.leasing().lease_due(Vec::new()).expect("leased").leased.is_empty())),
    ("lease from a backlog", |world| {
        let work = WorkItem { webhook_id: world.busy.id, lane: Lane::Retry };
        world.leasing().lease_due(vec![work]).expect("leased");
    }),
    ("list", |world| assert_eq!(world.deliveries(&world.busy, None).items.len(), 200)),
    ("list failed deliveries", |world| assert_eq!(world.deliveries(&world.busy, Some(DeliveryStatus::Failed)).items.len(), 200)),
    ("list deliveries of a status that none has", |world| {
        for (webhook, status) in [(&world.busy, DeliveryStatus::Cancelled), (&world.quiet, DeliveryStatus::Failed)] {
            let part = world.deliveries(webhook, Some(status));
            assert!(part.items.is_empty() && part.next.is_none(), "no other delivery is examined");
        }
    }),
    ("list few pending deliveries", |world| {
        let part = world.deliveries(&world.quiet, Some(DeliveryStatus::Pending));
        assert!(part.items.len() < 10 && part.next.is_none(), "no other delivery is examined");
    }),
    ("list notifications of an unused type", |world| {
        let page = Page { after: None, limit: 200 };
        let event_type = EventType::parse("no.such").expect("a type");
        let part = notifications::list(&world.connection, Some(&world.busy.account), Some(&event_type), page).expect("readable");
        assert!(part.items.is_empty() && part.next.is_some(), "the list continues");
    }),
    ("list events of an account", |world| {
        let filter = AuditFilter { account: Some(world.quiet.account.clone()), ..AuditFilter::default() };
        assert_eq!(audit::list(&world.connection, &filter, Page { after: None, limit: 200 }).expect("readable").items.len(), 200);
    }),
    ("remove old events", |world| assert!(audit::remove_old(&world.connection, NOW).expect("removed"))),
    ("redeliver", |world| {
        let id = world.deliveries(&world.busy, Some(DeliveryStatus::Failed)).items[0].id;
        let redelivered = redelivery::redeliver(&world.connection, &world.busy.account, id, NOW, world.incarnation);
        assert!(matches!(redelivered, Ok(Redelivered::Due(_))));
    }),
    ("recover", |world| {
        let recovery = Recovery { webhook_id: world.busy.id, since: DateTime::UNIX_EPOCH, until: None, dry_run: false, after: None };
        let step =
            recovery::step(&world.connection, &world.busy.account, recovery, &Cause::default(), NOW, world.incarnation).expect("recovered");
        assert!(matches!(step, RecoveryStep::Recovered { count: 1.., next: Some(_) }));
    }),
    ("redeliver many", |world| change_some(world, BulkChange::Redeliver)),
    ("cancel many", |world| change_some(world, BulkChange::Cancel)),
    ("delete a notification", |world| {
        let id = world.publish(&world.quiet)[0].notification.id;
        erasure::delete_notification(&world.connection, None, id, NOW, world.incarnation).expect("erased").expect("found");
        while erasure::erase_responses(&world.connection, id).expect("erased") {}
    }),
    ("remove old data", |world| {
        let limits = StorageLimits::default();
        assert!(retention::step(&world.connection, &limits, world.incarnation, NOW).expect("removed"));
    }),
    ("deactivate", |world| {
        let deactivated = webhooks::deactivate(&world.connection, &world.cache, &world.busy.account, world.busy.id, NOW);
        assert!(deactivated.expect("stored").is_some());
    }),
    ("mark cancelled deliveries", |world| assert!(cancellations::cancel_step(&world.connection, None, NOW).expect("marked"))),
    ("delete a webhook", |world| {
        let deleted = webhooks::delete(&world.connection, &world.cache, &world.busy.account, world.busy.id, NOW);
        assert!(deleted.expect("stored").is_some());
    }),
];

/// Runs one step with a cause that no delivery has, and one step without a cause.
fn change_some(world: &World, change: BulkChange) {
    let outcome = crate::api::types::OutcomeName::parse("rejected").expect("an outcome");
    for cause in [Cause { outcome: Some(outcome), ..Cause::default() }, Cause::default()] {
        let selection = Selection { change, since: DateTime::UNIX_EPOCH, until: None, cause, dry_run: false };
        let (account, start) = (&world.busy.account, SelectionStart { webhook_id: world.busy.id, after: None });
        let step = selection::step(&world.connection, account, &selection, start, NOW, world.incarnation).expect("changed");
        assert!(matches!(step, SelectionStep::Changed { next: Some(_), .. }), "{step:?}");
    }
}

#[test]
fn no_cost_grows_with_the_backlog_of_others_or_with_ended_deliveries() {
    let costs = [15_000, 30_000].map(|count| {
        let world = World::with(count);
        OPERATIONS.map(|(_, operation)| {
            let before = world.steps.load(Ordering::Relaxed);
            operation(&world);
            world.steps.load(Ordering::Relaxed) - before
        })
    });
    for (index, (name, _)) in OPERATIONS.iter().enumerate() {
        let (small, large) = (costs[0][index], costs[1][index]);
        // Random identifiers change the number of steps slightly.
        assert!(large <= small + small / 20 + 50, "{name}: {small} steps, and {large} with twice as much stored");
    }
}
