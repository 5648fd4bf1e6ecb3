//! Tests of the audit log.

use super::*;
use crate::api::types::time_of;
use crate::secrets::master_key::MasterKey;
use crate::secrets::seal::Vault;

fn event_at(time: i64, action: &str, webhook: &Webhook) -> AuditEvent {
    AuditEvent::new(action, AuditEvent::ACCOUNT, seconds(time)).about(Some(webhook.account.clone()), AuditObject::webhook(webhook.id))
}

fn account(name: &str) -> Account {
    Account::parse(name).expect("an account")
}

impl Bench {
    /// Returns the selected events, without those of the helpers.
    async fn events(&self, filter: AuditFilter) -> Vec<AuditEvent> {
        let (mut events, mut after) = (Vec::new(), None);
        let of_helper =
            |event: &AuditEvent| event.action.as_str() == "test" || event.details.token_id == Some(Registrant::of_test().token_id);
        loop {
            let part = self.store.list_audit_events(filter.clone(), Page { after, limit: 3 }).await.expect("readable");
            events.extend(part.items.into_iter().filter(|event| !of_helper(event)));
            let Some(next) = part.next else { return events };
            after = Some(next);
        }
    }

    /// Returns the actions of all events, sorted by name.
    async fn actions(&self) -> Vec<String> {
        let events = self.events(AuditFilter::default()).await;
        let mut actions: Vec<String> = events.into_iter().map(|event| event.action.into_string()).collect();
        actions.sort_unstable();
        actions
    }
}

#[tokio::test]
async fn a_change_is_stored_together_with_its_event() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let (store, owner, id) = (&bench.store, || webhook.account.clone(), webhook.id);
    let event = |action: &str| event_at(1, action, &webhook);
    let change = || WebhookChange { ordered: Some(true), ..WebhookChange::default() };
    let failed = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&failed, Next::Failed).await;
    store.update_webhook(owner(), id, change(), T0, &event("updateWebhook")).await.expect("stored").expect("found").expect("allowed");
    store.rotate_signing_secret(owner(), id, Sealed(vec![3]), TimeDelta::zero(), T0, &event("rotateSigningSecret")).await.expect("stored");
    store.deactivate_webhook(owner(), id, T0, &event("deactivateWebhook")).await.expect("stored");
    store.deactivate_webhook(owner(), id, T0, &event("deactivateWebhook")).await.expect("stored");
    store.activate_webhook(owner(), id, None, T0, &event("activateWebhook")).await.expect("stored");
    store.redeliver(owner(), failed.delivery_id, T0, &event("redeliver")).await.expect("stored");
    store.pause_deliveries(PauseScope::Webhook(id), T0, &event("deliveries.paused")).await.expect("stored");
    store.resume_deliveries(PauseScope::Webhook(id), T0, &event("deliveries.resumed")).await.expect("stored");
    store.delete_notification(Some(owner()), failed.notification.id, T0, &event("deleteNotification")).await.expect("stored");
    store.delete_webhook(owner(), id, T0, &event("deleteWebhook")).await.expect("stored").expect("found");
    let [token, successor] = [(); 2].map(|()| tokens::token());
    store.create_token(token.clone(), &token_created(&token, AuditEvent::OPERATOR)).await.expect("stored");
    let events = [event("token.rotated"), token_created(&successor, AuditEvent::OPERATOR)];
    let rotation = TokenRotation { previous_mac: token.mac.clone(), replaced: token.clone(), successor };
    assert!(store.rotate_token(rotation, &events).await.expect("stored"));
    store.revoke_token(token.id, T0, &event("token.revoked")).await.expect("stored");
    let [old, new] = [MasterKey::generate(), MasterKey::generate()].map(Vault::new);
    keys::add_current_key(&bench.database, old.key_id());
    let next = new.next_record(new.key_id(), T0).expect("given");
    let begun = store.begin_key_rotation(next, false, &event("key.rotation_started")).await.expect("stored");
    assert_eq!(begun, RotationStart::Begun);
    assert!(store.finish_key_rotation(&event("key.rotated")).await.expect("stored"));
    assert_eq!(
        bench.actions().await,
        [
            "activateWebhook",
            "deactivateWebhook",
            "deactivateWebhook",
            "deleteNotification",
            "deleteWebhook",
            "deliveries.paused",
            "deliveries.resumed",
            "key.rotated",
            "key.rotation_started",
            "redeliver",
            "rotateSigningSecret",
            "token.created",
            "token.created",
            "token.revoked",
            "token.rotated",
            "updateWebhook"
        ]
    );
}

#[tokio::test]
async fn a_change_that_is_refused_or_finds_no_object_has_no_event() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let (store, stranger, owner, id) = (&bench.store, || account("stranger"), || webhook.account.clone(), webhook.id);
    let event = &event_at(1, "refused", &webhook);
    let leased = bench.publish_to(&webhook).await.remove(0);
    let elsewhere =
        WebhookChange { target_url: Some(OutboundUrl::parse("https://example.org").expect("a URL")), ..WebhookChange::default() };
    assert!(!store.register_webhook(webhook_of("acme"), None, 1, Registrant::of_test()).await.expect("refused"));
    assert!(!store.register_webhook(webhook_of("acme"), None, 0, Registrant::of_test()).await.expect("refused"));
    assert!(matches!(store.update_webhook(owner(), id, elsewhere.clone(), T0, event).await, Ok(Some(Err(UpdateRefusal::AuthRequired)))));
    assert!(store.update_webhook(stranger(), id, elsewhere, T0, event).await.expect("refused").is_none());
    assert!(store.deactivate_webhook(stranger(), id, T0, event).await.expect("refused").is_none());
    assert!(store.activate_webhook(stranger(), id, None, T0, event).await.expect("refused").is_none());
    assert!(store.delete_webhook(stranger(), id, T0, event).await.expect("refused").is_none());
    let rotated = store.rotate_signing_secret(stranger(), id, Sealed(vec![3]), TimeDelta::zero(), T0, event).await;
    assert!(rotated.expect("refused").is_none());
    assert!(store.delete_notification(Some(stranger()), leased.notification.id, T0, event).await.expect("refused").is_none());
    assert!(matches!(store.redeliver(stranger(), leased.delivery_id, T0, event).await, Ok(Redelivered::NoSuchDelivery)));
    assert!(!store.resume_deliveries(PauseScope::All, T0, event).await.expect("refused"));
    assert!(!store.revoke_token(id, T0, event).await.expect("refused"));
    let [replaced, successor] = [(); 2].map(|()| tokens::token());
    let rotation = TokenRotation { previous_mac: replaced.mac.clone(), replaced, successor };
    assert!(!store.rotate_token(rotation, std::slice::from_ref(event)).await.expect("refused"));
    let new = Vault::new(MasterKey::generate());
    let next = new.next_record(new.key_id(), T0).expect("given");
    assert_eq!(store.begin_key_rotation(next, false, event).await.expect("refused"), RotationStart::Changed, "there is no key");
    assert!(!store.finish_key_rotation(event).await.expect("refused"));
    let recovery = Recovery { webhook_id: id, since: T0, until: None, dry_run: true, after: None };
    store.recover_deliveries(owner(), recovery, Cause::default(), T0, event).await.expect("counted");
    store.recover_deliveries(stranger(), Recovery { dry_run: false, ..recovery }, Cause::default(), T0, event).await.expect("refused");
    store.deactivate_webhook(owner(), id, T0, &event_at(2, "deactivateWebhook", &webhook)).await.expect("stored");
    store.recover_deliveries(owner(), Recovery { dry_run: false, ..recovery }, Cause::default(), T0, event).await.expect("refused");
    assert!(matches!(store.redeliver(owner(), leased.delivery_id, T0, event).await, Ok(Redelivered::WebhookDeactivated)));
    assert_eq!(bench.actions().await, ["deactivateWebhook"]);
}

fn registrant() -> Registrant {
    Registrant { token_id: Uuid::from_u128(1), request_id: Some(Uuid::from_u128(2)), address: "2001:db8::1".parse().expect("an address") }
}

#[tokio::test]
async fn registrations_at_the_same_time_have_one_event_each() {
    let bench = Bench::new(100, 100).await;
    let webhooks: Vec<Webhook> = (0..20).map(|_| webhook_of("acme")).collect();
    let registered = webhooks.iter().map(|webhook| bench.store.register_webhook(webhook.clone(), None, 15, registrant()));
    let registered = futures_util::future::join_all(registered).await;
    let of = |webhook: &Webhook| registrant().event(webhook.id, webhook.account.clone());
    let mut expected: Vec<AuditEvent> =
        webhooks.iter().zip(registered).filter(|(_, stored)| *stored.as_ref().expect("stored")).map(|(webhook, _)| of(webhook)).collect();
    assert_eq!(expected.len(), 15);
    expected.sort_by_key(|event| std::cmp::Reverse(event.id));
    assert_eq!(bench.events(AuditFilter { account: Some(account("acme")), ..AuditFilter::default() }).await, expected);
}

#[tokio::test]
async fn the_event_of_a_registration_stays_when_its_webhook_is_deleted() {
    let bench = Bench::new(100, 100).await;
    let mut webhooks: Vec<Webhook> = (0..4).map(|number| webhook_of(if number < 3 { "acme" } else { "other" })).collect();
    webhooks.sort_by_key(|webhook| std::cmp::Reverse(webhook.id));
    let registrants = [registrant(), Registrant { request_id: None, address: "192.0.2.1".parse().expect("an address"), ..registrant() }];
    for (webhook, registrant) in webhooks.iter().zip(registrants.iter().cycle()) {
        assert!(bench.store.register_webhook(webhook.clone(), None, 10, *registrant).await.expect("stored"));
    }
    let registered: Vec<AuditEvent> = webhooks
        .iter()
        .zip(registrants.iter().cycle())
        .map(|(webhook, registrant)| registrant.event(webhook.id, webhook.account.clone()))
        .collect();
    let all = AuditFilter::default;
    let of_acme = || AuditFilter { account: Some(account("acme")), ..all() };
    let of_action = |action: &str| AuditFilter { action: Some(AuditAction::parse(action).expect("an action")), ..all() };
    let check = async |when: &str| {
        let expected: Vec<AuditEvent> = registered.iter().filter(|event| event.account == of_acme().account).cloned().collect();
        assert_eq!(bench.events(of_action(AuditEvent::REGISTERED)).await, registered, "{when}");
        assert_eq!(bench.events(AuditFilter { action: of_action(AuditEvent::REGISTERED).action, ..of_acme() }).await, expected, "{when}");
        let second = time_of(registered[0].id) + TimeDelta::milliseconds(1);
        assert_eq!(bench.events(AuditFilter { until: Some(second), ..of_action(AuditEvent::REGISTERED) }).await, registered, "{when}");
        assert_eq!(bench.events(AuditFilter { since: Some(second), ..of_action(AuditEvent::REGISTERED) }).await, [], "{when}");
        assert_eq!(bench.events(of_action("updateWebhook")).await, [], "{when}");
    };
    check("before").await;
    for webhook in &webhooks[..3] {
        let event = event_at(1, "deleteWebhook", webhook);
        bench.store.delete_webhook(webhook.account.clone(), webhook.id, T0, &event).await.expect("stored").expect("found");
        assert_eq!(bench.store.delete_webhook(webhook.account.clone(), webhook.id, T0, &event).await.expect("read"), None);
    }
    check("after").await;
    assert_eq!(bench.database.rows("audit_events"), 6, "three registrations and three deletions");
    assert_eq!(bench.events(all()).await.len(), 7);
}

#[tokio::test]
async fn the_steps_of_a_recovery_have_one_event_with_the_sum_of_their_deliveries() {
    let bench = Bench::new(1000, 1000).await;
    let webhook = bench.webhook("acme").await;
    for _ in 0..RECOVERY_STEP + 5 {
        bench.finish(&bench.publish_to(&webhook).await[0], Next::Failed).await;
    }
    let event = event_at(1, "recoverDeliveries", &webhook);
    let (mut after, mut steps) = (None, 0);
    loop {
        let recovery = Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: false, after };
        let step = bench
            .store
            .recover_deliveries(webhook.account.clone(), recovery, Cause::default(), seconds(1), &event)
            .await
            .expect("recovered");
        let RecoveryStep::Recovered { next, .. } = step else { panic!("{step:?}") };
        (after, steps) = (next, steps + 1);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(steps, 2);
    let recorded = bench.events(AuditFilter { action: Some(event.action.clone()), ..AuditFilter::default() }).await;
    assert_eq!(recorded, [AuditEvent { count: Some(RECOVERY_STEP + 5), ..event }]);
}

#[tokio::test]
async fn what_the_service_does_to_a_webhook_has_an_event_of_the_service() {
    let bench = Bench::new(100, 100).await;
    let (gone, failing) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let leased = bench.publish_to(&gone).await.remove(0);
    let of_gone = bench.finish(&leased, Next::Gone).await.event.expect("an event");
    let leased = bench.publish_to(&failing).await.remove(0);
    let policy = Some(DeactivationPolicy { time: TimeDelta::zero(), attempts: 1 });
    bench.end(&leased, bench.attempt(1, Next::RetryAt(seconds(5))), Next::RetryAt(seconds(5)), policy, seconds(1)).await;
    let leased = bench.lease(seconds(5)).await.leased.remove(0);
    let attempt = Attempt { started_at: seconds(8), ..bench.attempt(2, Next::Failed) };
    let of_failing = bench.end(&leased, attempt, Next::Failed, policy, seconds(9)).await.event.expect("an event");

    let unverified = Deactivation { reason: REASON_UNVERIFIED.to_owned(), at: T0 };
    let verified = Webhook { deactivation: Some(unverified), ..webhook_of("acme") };
    let challenge = Challenge::stored("challenge".to_owned());
    assert!(bench.store.register_webhook(verified.clone(), Some(challenge.clone()), 10, Registrant::of_test()).await.expect("stored"));
    let finished = bench.store.finish_handshake(verified.id, challenge, HandshakeEnd::Verified, seconds(20)).await;
    let of_verified = finished.expect("stored").expect("activated").1;

    let recorded = bench.events(AuditFilter { account: Some(account("acme")), ..AuditFilter::default() }).await;
    assert_eq!(recorded, [of_verified, of_failing, of_gone]);
    let shown: Vec<(String, Option<String>, Option<AuditObject>, String)> = recorded
        .into_iter()
        .map(|event| (event.action.into_string(), event.details.reason, event.details.object, event.details.actor))
        .collect();
    let row = |action: &str, reason: &str, id: Uuid| {
        (action.to_owned(), Some(reason.to_owned()), Some(AuditObject::webhook(id)), AuditEvent::SERVICE.to_owned())
    };
    assert_eq!(
        shown,
        [
            row("webhook.activated", "verified", verified.id),
            row("webhook.deactivated", "failing", failing.id),
            row("webhook.deactivated", "gone", gone.id)
        ]
    );
}

#[tokio::test]
async fn the_event_of_a_platform_concerns_the_account_of_the_notification() {
    let bench = Bench::new(100, 100).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    let event = AuditEvent::new("deleteNotification", AuditEvent::PLATFORM, T0);
    let owner = bench.store.delete_notification(None, leased.notification.id, T0, &event).await.expect("stored");
    assert_eq!(owner, Some(account("acme")));
    let recorded = bench.events(AuditFilter { account: owner.clone(), ..AuditFilter::default() }).await;
    assert_eq!(recorded, [AuditEvent { account: owner, ..event }]);
}

#[tokio::test]
async fn a_list_has_the_events_of_its_account_action_and_time_newest_first() {
    let bench = Bench::new(100, 100).await;
    let [acme, other] = ["acme", "other"].map(webhook_of);
    let mut events = Vec::new();
    for time in 0..10 {
        let (action, webhook) = (if time % 2 == 0 { "even" } else { "odd" }, if time < 7 { &acme } else { &other });
        events.push(event_at(time, action, webhook));
    }
    events.push(AuditEvent::new("even", AuditEvent::OPERATOR, seconds(10)));
    bench.store.record_audit_events(&events).await.expect("stored");
    let half = TimeDelta::milliseconds(500);
    let action = |name: &str| Some(AuditAction::parse(name).expect("an action"));
    let all = AuditFilter::default;
    for (filter, expected) in [
        (all(), &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0][..]),
        (AuditFilter { account: Some(account("acme")), ..all() }, &[6, 5, 4, 3, 2, 1, 0]),
        (AuditFilter { account: Some(account("acme")), action: action("odd"), ..all() }, &[5, 3, 1]),
        (AuditFilter { account: Some(account("acm")), ..all() }, &[]),
        (AuditFilter { account: Some(account("zero")), ..all() }, &[]),
        (AuditFilter { action: action("even"), ..all() }, &[10, 8, 6, 4, 2, 0]),
        (AuditFilter { since: Some(seconds(8)), ..all() }, &[10, 9, 8]),
        (AuditFilter { since: Some(seconds(8) + TimeDelta::microseconds(1)), ..all() }, &[10, 9]),
        (AuditFilter { until: Some(seconds(2)), ..all() }, &[1, 0]),
        (AuditFilter { until: Some(seconds(2) + half), ..all() }, &[2, 1, 0]),
        (AuditFilter { account: Some(account("other")), since: Some(seconds(8)), until: Some(seconds(9)), ..all() }, &[8]),
        (AuditFilter { since: Some(seconds(3)), until: Some(seconds(3)), ..all() }, &[]),
    ] {
        let expected: Vec<AuditEvent> = expected.iter().map(|index| events[*index].clone()).collect();
        assert_eq!(bench.events(filter.clone()).await, expected, "{filter:?}");
    }
    let range = AuditFilter { account: Some(account("acme")), until: Some(seconds(3)), ..all() };
    let part = bench.store.list_audit_events(range, Page { after: None, limit: 3 }).await.expect("readable");
    assert_eq!((part.items.len(), part.next), (3, None), "events outside the range cause no further page");
}

#[tokio::test]
async fn old_events_are_removed_in_steps_after_their_retention_time() {
    let database = TestDatabase::new();
    let limits = StorageLimits { keep_audit_events: TimeDelta::seconds(100), ..StorageLimits::default() };
    let bench = Bench { store: database.join("one", limits).await, slots: Slots::new(Caps::new(100, 100)), database: Arc::new(database) };
    let webhook = webhook_of("acme");
    let events: Vec<AuditEvent> = (0..1200).map(|number| event_at(number / 12, "test", &webhook)).collect();
    bench.store.record_audit_events(&events).await.expect("stored");
    assert!(!bench.store.remove_old(seconds(100)).await.expect("removed"));
    assert_eq!(bench.database.rows("audit_events"), 1200, "no event is older than its retention time");
    assert!(bench.store.remove_old(seconds(190)).await.expect("removed"), "there is more to do");
    assert_eq!(bench.database.rows("audit_events"), 700);
    while bench.store.remove_old(seconds(190)).await.expect("removed") {}
    assert_eq!(bench.database.rows("audit_events"), 1200 - 90 * 12);
}

#[tokio::test]
async fn the_registrant_of_a_webhook_is_removed_with_the_events_of_its_time() {
    let database = TestDatabase::new();
    let limits = StorageLimits { keep_audit_events: TimeDelta::seconds(100), ..StorageLimits::default() };
    let bench = Bench { store: database.join("one", limits).await, slots: Slots::new(Caps::new(100, 100)), database: Arc::new(database) };
    let registered_at = |time| {
        let id = first_id_at(seconds(time));
        Webhook { id, ..webhook_of("acme") }
    };
    let webhooks = [registered_at(1), registered_at(2), registered_at(150)];
    for webhook in &webhooks {
        assert!(bench.store.register_webhook(webhook.clone(), None, 10, registrant()).await.expect("stored"));
    }
    while bench.store.remove_old(seconds(200)).await.expect("removed") {}
    let recent = registrant().event(webhooks[2].id, webhooks[2].account.clone());
    assert_eq!(bench.events(AuditFilter::default()).await, std::slice::from_ref(&recent));
    assert_eq!(bench.database.rows("webhooks WHERE registrant IS NULL"), 2);
    for webhook in &webhooks {
        let event = event_at(199, "deleteWebhook", webhook);
        bench.store.delete_webhook(webhook.account.clone(), webhook.id, seconds(199), &event).await.expect("stored").expect("found");
    }
    let registrations =
        AuditFilter { action: Some(AuditAction::parse(AuditEvent::REGISTERED).expect("an action")), ..AuditFilter::default() };
    assert_eq!(bench.events(registrations).await, [recent]);
}
