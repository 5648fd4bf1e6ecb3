use super::*;
use crate::model::KeyState;
use crate::secrets::master_key::MasterKey;
use crate::secrets::seal::Vault;

/// Adds the current master key to the table `keys`, as a server does that creates the database.
pub(super) fn add_current_key(database: &TestDatabase, id: KeyId) {
    let (sealed, created_at) = match database {
        TestDatabase::File(_) => ("x'00'", "0"),
        TestDatabase::Database(_) => ("''", "now()"),
    };
    database.ask(&format!(
        "INSERT INTO keys (id, kind, state, sealed, created_at) VALUES ('{id}', 'master', 'current', {sealed}, {created_at}) RETURNING 1"
    ));
}

fn sealed_with(vault: &Vault) -> Sealed {
    Sealed(vault.seal("context", b"secret"))
}

fn webhook_sealed_with(vault: &Vault) -> Webhook {
    let headers = CustomHeaders { names: vec![CustomHeaderName::parse("X-API-Key").expect("a name")], sealed: sealed_with(vault) };
    Webhook { auth_secret: Some(sealed_with(vault)), headers: Some(headers), signing_secret: sealed_with(vault), ..webhook_of("acme") }
}

/// The ids of the master keys by state.
async fn states(bench: &Bench) -> Vec<(String, KeyState)> {
    bench.store.list_keys().await.expect("readable").into_iter().map(|key| (key.id, key.state)).collect()
}

#[tokio::test]
async fn only_values_sealed_with_the_current_key_are_stored() {
    let bench = Bench::new(10, 10).await;
    let [old, new] = [MasterKey::generate(), MasterKey::generate()].map(Vault::new);
    add_current_key(&bench.database, old.key_id());
    let register = async |webhook: &Webhook| bench.store.register_webhook(webhook.clone(), None, 10, Registrant::of_test()).await;
    let webhook = webhook_sealed_with(&old);
    assert!(register(&webhook).await.expect("stored"));
    let next = new.next_record(new.key_id(), T0).expect("given");
    assert_eq!(bench.store.begin_key_rotation(next.clone(), false, event()).await.expect("stored"), RotationStart::Begun);

    let current = webhook_sealed_with(&new);
    for outdated in [
        webhook_sealed_with(&old),
        Webhook { auth_secret: Some(sealed_with(&old)), ..webhook_sealed_with(&new) },
        Webhook { headers: webhook.headers.clone(), ..webhook_sealed_with(&new) },
        Webhook { signing_secret: sealed_with(&old), ..webhook_sealed_with(&new) },
        Webhook { signing_secret: Sealed(Vec::new()), ..webhook_sealed_with(&new) },
    ] {
        assert!(matches!(register(&outdated).await, Err(Error::OutdatedKey)));
        assert!(bench.store.get_webhook(None, outdated.id).await.expect("readable").is_none());
    }
    assert!(register(&current).await.expect("stored"));

    let update = async |change| bench.store.update_webhook(webhook.account.clone(), webhook.id, change, T0, event()).await;
    let auth = |vault| WebhookChange { auth: Some((webhook.auth.clone(), Some(sealed_with(vault)))), ..WebhookChange::default() };
    let headers = |vault| WebhookChange { headers: Some(webhook_sealed_with(vault).headers), ..WebhookChange::default() };
    for outdated in [auth(&old), headers(&old)] {
        assert!(matches!(update(outdated).await, Err(Error::OutdatedKey)));
    }
    let rotate = async |vault| {
        let day = TimeDelta::days(1);
        bench.store.rotate_signing_secret(webhook.account.clone(), webhook.id, sealed_with(vault), day, T0, event()).await
    };
    assert!(matches!(rotate(&old).await, Err(Error::OutdatedKey)));
    let stored = bench.store.get_webhook(None, webhook.id).await.expect("readable").expect("a webhook");
    assert_eq!((SealedValues::of(&stored), stored.revision), (SealedValues::of(&webhook), webhook.revision));
    // An update without new secrets keeps the values that are not sealed again yet.
    for change in [WebhookChange { description: Some(None), ..WebhookChange::default() }, auth(&new), headers(&new)] {
        update(change).await.expect("stored").expect("found").expect("allowed");
    }
    rotate(&new).await.expect("stored").expect("found");
}

#[tokio::test]
async fn a_webhook_is_sealed_again_only_if_its_values_are_unchanged_and_keeps_its_revision() {
    let bench = Bench::new(10, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.previous_secret = None).await;
    let before = SealedValues::of(&webhook);
    let after = SealedValues { signing_secret: Sealed(vec![9]), ..before.clone() };
    let reseal = async |before: &SealedValues, after: &SealedValues| {
        bench.store.reseal_webhook(webhook.id, before.clone(), after.clone()).await.expect("stored")
    };
    for changed in [
        SealedValues { auth_secret: None, ..before.clone() },
        SealedValues { headers: Some(Sealed(vec![7])), ..before.clone() },
        SealedValues { signing_secret: Sealed(vec![7]), ..before.clone() },
        SealedValues { previous_secret: Some(Sealed(vec![7])), ..before.clone() },
    ] {
        assert!(!reseal(&changed, &after).await);
    }
    assert!(reseal(&before, &after).await);
    assert!(!reseal(&before, &after).await, "the values were replaced before");
    let stored = bench.store.get_webhook(None, webhook.id).await.expect("readable").expect("a webhook");
    assert_eq!((SealedValues::of(&stored), stored.revision), (after, webhook.revision));
}

#[tokio::test]
async fn a_rotation_begins_only_once_and_only_if_each_live_node_holds_the_new_key() {
    let bench = Bench::new(10, 10).await;
    let [old, new, third] = [MasterKey::generate(), MasterKey::generate(), MasterKey::generate()].map(Vault::new);
    let [old_id, new_id] = [&old, &new].map(|vault| vault.key_id().to_string());
    let next = new.next_record(new.key_id(), T0).expect("given");
    let begin =
        async |next: &KeyRecord, check_nodes| bench.store.begin_key_rotation(next.clone(), check_nodes, event()).await.expect("stored");
    assert_eq!(begin(&next, true).await, RotationStart::Changed, "the database has no key");
    add_current_key(&bench.database, old.key_id());
    assert!(matches!(begin(&next, true).await, RotationStart::NotHeld(nodes) if nodes.len() == 1));
    assert_eq!(states(&bench).await, [(old_id.clone(), KeyState::Current)]);
    bench.store.release_leases().await.expect("left");
    bench.store.join(vec![old.key_id(), new.key_id()]).await.expect("joined");
    assert_eq!(begin(&next, true).await, RotationStart::Begun);
    let mut both = states(&bench).await;
    both.sort_by_key(|(_, state)| *state == KeyState::Current);
    assert_eq!(both, [(old_id.clone(), KeyState::Retiring), (new_id.clone(), KeyState::Current)]);
    let another = third.next_record(third.key_id(), T0).expect("given");
    assert_eq!((begin(&next, false).await, begin(&another, false).await), (RotationStart::Changed, RotationStart::Changed));

    assert!(bench.store.finish_key_rotation(event()).await.expect("stored"));
    assert!(!bench.store.finish_key_rotation(event()).await.expect("stored"), "the rotation is finished already");
    let mut both = states(&bench).await;
    both.sort_by_key(|(_, state)| *state == KeyState::Current);
    assert_eq!(both, [(old_id.clone(), KeyState::Retired), (new_id.clone(), KeyState::Current)]);
    assert_eq!(
        begin(&old.next_record(old.key_id(), T0).expect("given"), false).await,
        RotationStart::Changed,
        "a retired key stays retired"
    );

    let error = bench.store.join(vec![old.key_id()]).await.expect_err("the current key is missing");
    let error = format!("{:#}", anyhow::Error::from(error));
    assert!(error.contains(&format!("the master key {new_id} became the current one")), "{error}");
    bench.store.join(vec![new.key_id()]).await.expect("joined");
}
