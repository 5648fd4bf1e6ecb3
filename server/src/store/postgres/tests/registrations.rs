//! Registrations that share a transaction.

use super::*;

impl Bench {
    /// Registers these webhooks at the same time. Returns for each of them whether it is stored.
    async fn register_all(&self, webhooks: Vec<Webhook>, limit: u32) -> Vec<Result<bool>> {
        futures_util::future::join_all(
            webhooks.into_iter().map(|webhook| self.store.register_webhook(webhook, None, limit, Registrant::of_test())),
        )
        .await
    }
}

#[tokio::test]
async fn registrations_of_an_account_share_transactions_and_never_exceed_its_limit() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhooks = || ["acme", "other"].into_iter().cycle().take(80).map(webhook_of).collect();
    let (here, there) = tokio::join!(one.register_all(webhooks(), 30), other.register_all(webhooks(), 30));
    let stored = here.into_iter().chain(there).filter(|stored| *stored.as_ref().expect("stored")).count();
    assert_eq!(stored, 60, "each of the two accounts has 30 webhooks");
    let numbers = one.database.ask("SELECT account, webhook_count FROM accounts ORDER BY account");
    assert_eq!(numbers, "acme|30\nother|30");
    assert_eq!(one.database.ask("SELECT account, count(*) FROM webhooks GROUP BY account ORDER BY account"), numbers);
    let transactions: usize = one.database.ask("SELECT max(version) FROM accounts").parse().expect("a number");
    assert!(transactions < 15, "30 registrations took {transactions} transactions");
    let (before, full) = (one.database.ask("SELECT * FROM accounts"), one.register_all(vec![webhook_of("acme")], 30).await);
    assert!(matches!(full[..], [Ok(false)]));
    assert_eq!(one.database.ask("SELECT * FROM accounts"), before, "a refused registration does not invalidate caches");
}

#[tokio::test]
async fn a_registration_that_fails_does_not_affect_the_others_of_its_transaction() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one] = nodes().await;
    let mut webhooks: Vec<Webhook> = (0..20).map(|_| webhook_of("acme")).collect();
    webhooks[13].id = webhooks[7].id;
    let stored = one.register_all(webhooks, 30).await;
    let failed: Vec<usize> = stored.iter().enumerate().filter(|(_, stored)| stored.is_err()).map(|(number, _)| number).collect();
    assert_eq!(failed, [13], "the identifier is already in use");
    assert!(stored.iter().flatten().all(|stored| *stored));
    assert_eq!(one.database.ask("SELECT webhook_count FROM accounts"), "19");
}

#[tokio::test]
async fn each_registration_of_a_transaction_gets_its_own_handshake() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one] = nodes().await;
    let webhooks: Vec<Webhook> = (0..6).map(|_| webhook_of("acme")).collect();
    let registered = webhooks.iter().enumerate().map(|(number, webhook)| {
        let challenge = (number % 2 == 0).then(|| Challenge::stored(format!("challenge-{number}")));
        one.store.register_webhook(webhook.clone(), challenge, 30, Registrant::of_test())
    });
    assert!(futures_util::future::join_all(registered).await.into_iter().all(|stored| stored.expect("stored")));
    let mut due: Vec<(Uuid, String)> = one
        .store
        .due_handshakes(T0)
        .await
        .expect("found")
        .due
        .into_iter()
        .map(|due| (due.webhook_id, due.challenge.as_str().to_owned()))
        .collect();
    due.sort_unstable();
    let expected: Vec<(Uuid, String)> = [0, 2, 4].map(|number| (webhooks[number].id, format!("challenge-{number}"))).into();
    assert_eq!(due, expected);
}
