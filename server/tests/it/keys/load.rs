//! A rotation while a server publishes, delivers, registers, updates and rotates signing secrets.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{KeyFiles, id_in, rotate, sealed_otherwise, start_with_both};
use crate::harness::{Api, ApiResponse, Database, Receiver, eventually, id_of, with_timeout};

const PASSWORD: &str = "PASSWORD";

/// Slows down each change of a signing secret, so that a test can kill a rotation before it has finished.
pub(super) async fn slow_down(database: &Database) {
    let trigger = if database.is_embedded() {
        "CREATE TRIGGER slow AFTER UPDATE OF signing_secret ON webhooks BEGIN SELECT length(hex(randomblob(2000000))); END"
    } else {
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END';
         CREATE TRIGGER slow AFTER UPDATE OF signing_secret ON webhooks FOR EACH ROW EXECUTE FUNCTION slow()"
    };
    database.run(trigger).await;
}

/// Clients that call one or more servers until they are stopped. A request that gets no response, or a 503, is repeated.
pub(super) struct Load {
    publishers: JoinSet<Vec<String>>,
    writers: JoinSet<()>,
    stopping: Arc<AtomicBool>,
    /// The number of registrations, updates and rotations of signing secrets that succeeded.
    writes: Arc<AtomicUsize>,
}

impl Load {
    /// The webhooks `updated` belong to the clients: one is updated, and the signing secret of the other is rotated.
    pub(super) fn start(apis: &[Api], updated: [&str; 2]) -> Load {
        let mut load = Load { publishers: JoinSet::new(), writers: JoinSet::new(), stopping: Arc::default(), writes: Arc::default() };
        for first in 0..2 {
            load.publishers.spawn(publish(turns(apis, first), load.stopping.clone()));
        }
        let auth = json!({ "type": "basic", "username": "u", "password": PASSWORD });
        let registration = json!({ "targetURL": "https://example.com", "auth": auth, "eventTypes": ["never.published"] });
        let update = json!({ "auth": auth, "headers": [{ "name": "X-Test-Key", "value": "KEY" }] });
        let [updated, rotated] = updated;
        for (number, (method, path, body)) in [
            (Method::POST, "/webhooks".to_owned(), registration),
            (Method::PATCH, format!("/webhooks/{updated}"), update),
            (Method::POST, format!("/webhooks/{rotated}/signing-secret/rotation"), json!({ "overlapSeconds": 3600 })),
        ]
        .into_iter()
        .enumerate()
        {
            load.writers.spawn(write(turns(apis, number), load.stopping.clone(), load.writes.clone(), method, path, body));
        }
        load
    }

    /// Waits until the writing clients have succeeded `more` times from now on.
    pub(super) async fn wait_for_writes(&self, more: usize) {
        let enough = self.writes.load(Ordering::Relaxed) + more;
        eventually("more writes", async || (self.writes.load(Ordering::Relaxed) >= enough).then_some(())).await;
    }

    /// Stops the clients. Returns the ids of all accepted notifications.
    pub(super) async fn stop(mut self) -> Vec<String> {
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(ended) = with_timeout("the last write", self.writers.join_next()).await {
            ended.expect("no client panics");
        }
        let mut accepted = Vec::new();
        while let Some(ended) = with_timeout("the last publication", self.publishers.join_next()).await {
            accepted.extend(ended.expect("no client panics"));
        }
        accepted
    }
}

fn turns(apis: &[Api], first: usize) -> impl Iterator<Item = Api> + Send + use<> {
    let apis = apis.to_vec();
    (first..).map(move |turn| apis[turn % apis.len()].clone())
}

async fn publish(mut apis: impl Iterator<Item = Api> + Send, stopping: Arc<AtomicBool>) -> Vec<String> {
    let (publication, mut accepted) = (json!({ "type": "a.b", "data": {} }), Vec::new());
    while !stopping.load(Ordering::Relaxed) {
        accepted.push(id_of(&call(&mut apis, Method::POST, "/notifications", &publication).await.expect(202)));
    }
    accepted
}

async fn write(
    mut apis: impl Iterator<Item = Api> + Send,
    stopping: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
    method: Method,
    path: String,
    body: Value,
) {
    while !stopping.load(Ordering::Relaxed) {
        call(&mut apis, method.clone(), &path, &body).await.expect(200);
        writes.fetch_add(1, Ordering::Relaxed);
        // Limits the number of webhooks.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sends a request to one server after another, until one of them responds with another status than 503.
async fn call(apis: &mut (impl Iterator<Item = Api> + Send), method: Method, path: &str, body: &Value) -> ApiResponse {
    let key = Uuid::now_v7().to_string();
    loop {
        let api = apis.next().expect("the iterator is endless");
        match api.try_call(method.clone(), path, &key, body).await {
            Some(response) if response.status != 503 => return response,
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Registers the webhooks of the load: one that gets the notifications, one that is updated, one whose secret is rotated, and
/// others. All of them have a password.
pub(super) async fn register(api: &Api, receiver: &Receiver) -> [String; 3] {
    let auth = json!({ "type": "basic", "username": "u", "password": PASSWORD });
    let headers = json!([{ "name": "X-Test-Key", "value": "KEY" }]);
    for number in 0..40 {
        let url = format!("https://example.com/{number}");
        api.register(&json!({ "targetURL": url, "auth": auth, "headers": headers, "eventTypes": ["never.published"] })).await;
    }
    let delivered = json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers });
    let others = json!({ "targetURL": receiver.url(), "auth": auth, "eventTypes": ["never.published"] });
    [id_of(&api.register(&delivered).await), id_of(&api.register(&others).await), id_of(&api.register(&others).await)]
}

/// Checks that each accepted notification was delivered with the right credentials, and that no attempt failed.
pub(super) async fn check_deliveries(api: &Api, receiver: &mut Receiver, accepted: &[String], webhook: &str) {
    let secret = api.signing_secret(webhook).await;
    let mut missing: HashSet<&str> = accepted.iter().map(String::as_str).collect();
    while !missing.is_empty() {
        let callback = receiver.next().await;
        assert_eq!(callback.header("authorization"), format!("Basic {}", STANDARD.encode(format!("u:{PASSWORD}"))));
        assert_eq!(callback.header("x-test-key"), "KEY");
        assert!(callback.is_signed_with(&secret));
        missing.remove(callback.id());
    }
    eventually("the last outcomes", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    for status in ["failed", "cancelled"] {
        let deliveries = api.list(&format!("/deliveries?status={status}")).await;
        assert!(deliveries.is_empty(), "{deliveries:?}");
    }
}

#[tokio::test]
async fn a_rotation_under_load_survives_kills_of_the_command_and_of_the_server() {
    let keys = KeyFiles::create();
    let mut process = start_with_both(&keys).await;
    let mut receiver = process.receiver().await;
    let [delivered, updated, rotated] = register(&process.api(), &receiver).await;
    let keyed = |api: Api| async move {
        let body = r#"{"type":"c.d","data":{}}"#;
        id_of(&api.call(Method::POST, "/notifications", &[("idempotency-key", "before")], body).await.expect(202))
    };
    let first = keyed(process.api()).await;
    slow_down(process.database()).await;
    let load = Load::start(&[process.api()], [&updated, &rotated]);
    load.wait_for_writes(10).await;

    let (new, states) = (id_in(&keys.new), "keys WHERE kind = 'master' AND state = 'retiring'");
    let sealed_with_new = format!("webhooks WHERE {} = '{new}'", process.database().key_of("signing_secret"));
    let mut command = process.spawn(&[&["key", "rotate"], &keys.both()[..]].concat());
    eventually("the first values with the new key", async || (process.database().count(&sealed_with_new).await > 0).then_some(())).await;
    command.kill().await.expect("the kill succeeds");
    assert_eq!(process.database().count(states).await, 1, "the command had finished before it was killed");
    load.wait_for_writes(10).await;
    process.kill().await;
    process.start_again().await;
    let again = process.spawn(&[&["key", "rotate"], &keys.both()[..]].concat());
    load.wait_for_writes(10).await;
    process.kill().await;
    process.start_again().await;
    drop(again);

    rotate(&process, &keys.both()).await.expect("the rotation continues");
    // The server has not been restarted since the end of the rotation.
    load.wait_for_writes(10).await;
    assert_eq!(sealed_otherwise(process.database(), &new).await, 0);
    let accepted = load.stop().await;
    assert!(!accepted.is_empty());
    check_deliveries(&process.api(), &mut receiver, &accepted, &delivered).await;
    assert_eq!(sealed_otherwise(process.database(), &new).await, 0);
    assert_eq!(keyed(process.api()).await, first, "the key for digests is the same");
    assert!(!process.log().contains("cannot decrypt"), "{}", process.log());

    assert!(process.terminate().await.success());
    let error = process.start_error(&keys.only_old()).await;
    assert!(error.contains("which a rotation has retired"), "{error}");
    process.start_again_with(&keys.only_new()).await;
    let notification = process.api().publish_type("a.b").await;
    check_deliveries(&process.api(), &mut receiver, &[id_of(&notification)], &delivered).await;
}
