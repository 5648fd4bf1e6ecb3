//! Somebody can write to the database, but does not have the master key. No change of a row makes the service send a stored
//! secret to another place. The deliveries of the changed webhook wait.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use webhooks_server_api::Scope;

use crate::harness::{Api, Receiver, Reply, Server, Setup, TokenEndpoint, eventually, id_of};

const PASSWORD: &str = "PASSWORD-OF-THE-VICTIM";
const CLIENT_SECRET: &str = "CLIENT-SECRET-OF-THE-VICTIM";

/// The message that the operator gets.
const MESSAGE: &str = "cannot decrypt the webhook's secrets, so nothing is sent to it";

/// The webhooks of a victim, and the servers of a thief. The thief also has an account with a webhook.
struct Fixture {
    server: Server,
    victim: Api,
    thief: Api,
    receiver: Receiver,
    endpoint: TokenEndpoint,
    thief_receiver: Receiver,
    thief_endpoint: TokenEndpoint,
    basic: String,
    client: String,
    webhook_of_thief: String,
}

impl Fixture {
    async fn start() -> Fixture {
        let server = Setup::dev().manual_clock().start().await;
        let (victim, thief) = (server.api(), server.api_of("thief").await);
        let (mut receiver, mut thief_receiver) = (server.receiver().await, server.receiver().await);
        let endpoint = server.token_endpoint("client", CLIENT_SECRET).await;
        let thief_endpoint = server.token_endpoint("client", CLIENT_SECRET).await;
        let headers = |value: &str| json!([{ "name": "X-Test-Key", "value": value }]);
        let basic = json!({ "type": "basic", "username": "u", "password": PASSWORD });
        let basic = json!({ "targetURL": receiver.url(), "auth": basic, "headers": headers("KEY-OF-THE-VICTIM") });
        let client =
            json!({ "type": "client_credential", "clientID": "client", "clientSecret": CLIENT_SECRET, "tokenURL": endpoint.url() });
        let client = json!({ "targetURL": receiver.url(), "auth": client });
        let own = json!({ "type": "basic", "username": "u", "password": "own" });
        let own = json!({ "targetURL": thief_receiver.url(), "auth": own, "headers": headers("own") });
        let [basic, client] = [id_of(&victim.register(&basic).await), id_of(&victim.register(&client).await)];
        let webhook_of_thief = id_of(&thief.register(&own).await);
        // The decrypted secrets are in memory when the rows are changed.
        victim.publish_type("a.b").await;
        thief.publish_type("a.b").await;
        receiver.next_callbacks(2).await;
        thief_receiver.next().await;
        Fixture { server, victim, thief, receiver, endpoint, thief_receiver, thief_endpoint, basic, client, webhook_of_thief }
    }

    /// Returns an SQL expression for the sealed value of a column of the victim's webhook.
    fn stolen(&self, column: &str) -> String {
        format!("{column} = (SELECT victim.{column} FROM webhooks victim WHERE victim.id = {})", self.server.database().id(&self.basic))
    }

    /// Publishes to an account, and waits until another webhook of this account has got the callback.
    async fn publish(&mut self, publisher: &Api) -> Value {
        // A new webhook lets the server read the webhooks of the account again.
        let other = self.server.receiver().await;
        publisher.register_url(&other.url()).await;
        let notification = publisher.publish_type("a.b").await;
        eventually("the callback of the other webhook", async || (other.count() > 0).then_some(())).await;
        notification
    }

    /// Waits until the log names the webhook.
    async fn wait_for_message(&self, webhook: &str) {
        let contains_message = |log: &str| log.lines().any(|line| line.contains(MESSAGE) && line.contains(webhook));
        eventually("the error in the log", async || contains_message(&self.server.log()).then_some(())).await;
    }
}

/// A change of a row: who publishes to the webhook, which webhook it is, the columns to set, and the columns that repair the row.
struct Change {
    name: &'static str,
    publisher: Api,
    webhook: String,
    columns: String,
    repair: Option<String>,
}

fn changes(fixture: &Fixture) -> Vec<Change> {
    let Fixture { victim, thief, basic, client, webhook_of_thief, .. } = fixture;
    let client_auth = |token_url: &str| json!({ "type": "client_credential", "clientID": "client", "tokenURL": token_url });
    let (target, other_target) = (fixture.receiver.url(), fixture.thief_receiver.url());
    let change = |name, publisher: &Api, webhook: &str, columns: String, repair: Option<String>| {
        let (publisher, webhook) = (publisher.clone(), webhook.to_owned());
        Change { name, publisher, webhook, columns, repair }
    };
    vec![
        change("target URL", victim, basic, format!("target_url = '{other_target}'"), Some(format!("target_url = '{target}'"))),
        change("target URL of a client", victim, client, format!("target_url = '{other_target}'"), None),
        change(
            "token URL",
            victim,
            client,
            format!("auth = '{}'", client_auth(&fixture.thief_endpoint.url())),
            Some(format!("auth = '{}'", client_auth(&fixture.endpoint.url()))),
        ),
        change(
            "authentication type",
            victim,
            basic,
            format!("auth = '{}'", client_auth(&fixture.thief_endpoint.url())),
            Some(r#"auth = '{"type":"basic","username":"u"}'"#.to_owned()),
        ),
        change("no authentication", victim, basic, format!("auth = '{{\"type\":\"noauth\"}}', target_url = '{other_target}'"), None),
        change(
            "headers alone",
            victim,
            basic,
            format!("auth = '{{\"type\":\"noauth\"}}', auth_secret = NULL, target_url = '{other_target}'"),
            None,
        ),
        change("account", thief, basic, "account = 'thief'".to_owned(), None),
        change("copied password", thief, webhook_of_thief, fixture.stolen("auth_secret"), None),
        change("copied headers", thief, webhook_of_thief, fixture.stolen("headers"), None),
        change("copied signing secret", thief, webhook_of_thief, fixture.stolen("signing_secret"), None),
        change("no password", thief, webhook_of_thief, "auth_secret = NULL".to_owned(), None),
    ]
}

#[tokio::test]
async fn a_changed_row_never_sends_a_secret_to_another_place_and_loses_no_delivery() {
    let count = changes(&Fixture::start().await).len();
    for number in 0..count {
        let mut fixture = Fixture::start().await;
        let Change { name, publisher, webhook, columns, repair } = changes(&fixture).swap_remove(number);
        fixture.server.database().change_webhook(&webhook, &columns).await;
        let (at_target, at_endpoint) = (fixture.thief_receiver.count(), fixture.endpoint.requests().len());
        let notification = fixture.publish(&publisher).await;
        fixture.wait_for_message(&webhook).await;
        assert_eq!(
            publisher.post(&format!("/webhooks/{webhook}/test"), &json!({})).await.problem(),
            (500, "internal".to_owned()),
            "{name}"
        );
        for _ in 0..3 {
            fixture.server.advance(TimeDelta::seconds(31));
            fixture.publish(&publisher).await;
        }
        assert_eq!(fixture.server.log().matches(MESSAGE).count(), 1, "{name}: the error is logged once for each revision");
        assert_eq!(fixture.thief_endpoint.requests().len(), 0, "{name}");
        assert_eq!(fixture.endpoint.requests().len(), at_endpoint, "{name}");
        if name != "account" {
            assert_eq!(fixture.thief_receiver.count(), at_target, "{name}");
        }
        // The thief's own webhook may get the notifications of the thief.
        for callback in fixture.thief_receiver.take_arrived() {
            assert_eq!(callback.header("authorization"), format!("Basic {}", STANDARD.encode("u:own")), "{name}");
            assert_eq!(callback.header("x-test-key"), "own", "{name}");
        }
        let path = format!("/deliveries?webhookID={webhook}&notificationID={}", id_of(&notification));
        let delivery = publisher.list(&path).await.remove(0);
        assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("pending"), &json!(0)), "{name}");

        let Some(repair) = repair else { continue };
        fixture.server.database().change_webhook(&webhook, &repair).await;
        fixture.server.advance(TimeDelta::seconds(31));
        eventually("the waiting delivery", async || (publisher.delivery(&id_of(&delivery)).await["status"] == "succeeded").then_some(()))
            .await;
    }
}

#[tokio::test]
async fn a_changed_row_is_detected_after_a_restart_too() {
    let mut fixture = Fixture::start().await;
    let columns = format!("target_url = '{}'", fixture.thief_receiver.url());
    fixture.server.database().change_webhook(&fixture.basic, &columns).await;
    let before = fixture.thief_receiver.count();
    fixture.server.restart().await;
    let publisher = fixture.victim.clone();
    fixture.publish(&publisher).await;
    fixture.wait_for_message(&fixture.basic).await;
    assert_eq!(fixture.thief_receiver.count(), before);
}

#[tokio::test]
async fn a_signing_secret_cannot_be_read_from_another_account_or_webhook() {
    let fixture = Fixture::start().await;
    let (server, thief) = (&fixture.server, &fixture.thief);
    server.database().change_webhook(&fixture.basic, "account = 'thief'").await;
    server.database().change_webhook(&fixture.webhook_of_thief, &fixture.stolen("signing_secret")).await;
    for webhook in [&fixture.basic, &fixture.webhook_of_thief] {
        let path = format!("/webhooks/{webhook}/signing-secret");
        assert_eq!(thief.get(&path).await.problem(), (500, "internal".to_owned()));
    }
}

#[tokio::test]
async fn new_credentials_of_a_changed_webhook_need_the_target_url() {
    let mut fixture = Fixture::start().await;
    let (id, victim) = (fixture.basic.clone(), fixture.victim.clone());
    let columns = format!("target_url = '{}'", fixture.thief_receiver.url());
    fixture.server.database().change_webhook(&id, &columns).await;
    let before = fixture.thief_receiver.count();
    let auth = json!({ "type": "basic", "username": "u", "password": "another" });
    let headers = json!([{ "name": "X-Test-Key", "value": "another" }]);
    for update in [json!({ "auth": auth }), json!({ "headers": headers }), json!({ "auth": auth, "headers": headers })] {
        let refused = victim.patch(&format!("/webhooks/{id}"), &update).await;
        assert_eq!((refused.problem(), refused.pointer().as_deref()), ((400, "credentials_required".to_owned()), Some("/targetURL")));
    }
    let update = json!({ "targetURL": fixture.receiver.url(), "auth": auth, "headers": headers });
    victim.update(&id, &update).await;
    fixture.receiver.take_arrived();
    victim.publish_type("a.b").await;
    let callbacks = fixture.receiver.next_callbacks(2).await;
    assert!(callbacks.iter().any(|callback| callback.find_header("x-test-key") == Some("another")));
    assert_eq!(fixture.thief_receiver.count(), before);
}

#[tokio::test]
async fn a_handshake_sends_no_secret_to_another_place() {
    let server = Setup::dev().manual_clock().flags(&["--require-handshake"]).start().await;
    let (api, mut receiver, thief_receiver) = (server.api(), server.receiver().await, server.receiver().await);
    receiver.always_reply(Reply::Status(500));
    let auth = json!({ "type": "basic", "username": "u", "password": PASSWORD });
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await);
    receiver.next().await;
    eventually("the end of the handshake", async || server.log().contains("handshake ended").then_some(())).await;
    server.database().change_webhook(&id, &format!("target_url = '{}'", thief_receiver.url())).await;
    server.advance(TimeDelta::seconds(10));
    eventually("the error in the log", async || server.log().contains(MESSAGE).then_some(())).await;
    // Another handshake is made, so the task for handshakes works.
    receiver.always_reply(Reply::ConfirmHandshake);
    let other = api.register_url(&receiver.url()).await;
    eventually("the other handshake", async || (api.webhook(&other).await["status"] == "active").then_some(())).await;
    assert_eq!((thief_receiver.count(), server.log().matches(MESSAGE).count()), (0, 1));
}

#[tokio::test]
async fn an_update_that_keeps_the_origins_keeps_the_credentials() {
    let server = Server::start().await;
    let api = server.api_with(&server.token(Some("acme"), &Scope::ALL, None).await);
    let mut receiver = server.receiver().await;
    let endpoint = server.token_endpoint("client", CLIENT_SECRET).await;
    let client = |path: &str| json!({ "type": "client_credential", "clientID": "client", "clientSecret": CLIENT_SECRET, "tokenURL": format!("{}{path}", endpoint.url()) });
    let headers = json!([{ "name": "X-Test-Key", "value": "kept" }]);
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": client(""), "headers": headers })).await);
    let other_path = format!("{}?other", receiver.url());
    for update in [
        json!({ "targetURL": other_path }),
        json!({ "description": "kept" }),
        json!({ "auth": client("?other") }),
        json!({ "headers": headers }),
        json!({ "targetURL": receiver.url(), "auth": client("") }),
    ] {
        api.update(&id, &update).await;
        api.publish_type("a.b").await;
        let callback = receiver.next().await;
        assert_eq!(callback.header("x-test-key"), "kept", "{update}");
        assert!(callback.header("authorization").starts_with("Bearer issued-token"), "{update}");
    }
}
