//! Delivery of a notification: which responses count as success, and what happens after a failure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{Api, NameServer, Receiver, Reply, Server, Setup, TokenEndpoint, eventually, id_of};

pub(crate) fn with_headers(status: u16, headers: &[(&'static str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Full { status, headers, body: String::new() }
}

pub(crate) fn next_attempt_at(delivery: &Value) -> DateTime<Utc> {
    delivery["nextAttemptAt"].as_str().unwrap_or_else(|| panic!("no time in {delivery}")).parse().expect("a time")
}

/// Starts a receiver, and a server with a manual clock. Registers a webhook for the receiver. Also returns the id of
/// the webhook.
pub(crate) async fn start_with_webhook() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Advances the clock to the time at which the next attempt of the delivery is due.
fn advance_to_next_attempt(server: &Server, delivery: &Value) {
    server.advance(next_attempt_at(delivery) - server.now());
}

#[tokio::test]
async fn every_2xx_status_is_a_success() {
    let (_server, api, receiver, _) = start_with_webhook().await;
    for status in [200, 201, 202, 204, 206, 299] {
        receiver.reply_to_next([Reply::Status(status)]);
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        assert_eq!(delivery["status"], "succeeded", "{status}");
        assert_eq!(delivery.get("nextAttemptAt"), None);
        assert_eq!(delivery["lastAttempt"]["number"], delivery["attempts"][0]["number"]);
        assert_eq!((&delivery["attempts"][0]["outcome"], &delivery["attempts"][0]["statusCode"]), (&json!("accepted"), &json!(status)));
    }
}

#[tokio::test]
async fn every_other_status_is_retried() {
    let (server, api, mut receiver, _) = start_with_webhook().await;
    for (status, outcome) in [
        (300, "redirected"),
        (304, "redirected"),
        (400, "rejected"),
        (401, "rejected"),
        (404, "rejected"),
        (409, "rejected"),
        (429, "rate_limited"),
        (500, "rejected"),
        (502, "rejected"),
        (503, "unavailable"),
        (599, "rejected"),
    ] {
        receiver.reply_to_next([Reply::Status(status)]);
        let notification = api.publish_type("a.b").await;
        let delivery = api.after_attempts(&notification, 1).await;
        assert_eq!(delivery["status"], "pending", "{status}");
        assert_eq!((&delivery["attempts"][0]["outcome"], &delivery["attempts"][0]["statusCode"]), (&json!(outcome), &json!(status)));
        advance_to_next_attempt(&server, &delivery);
        let delivery = api.after_attempts(&notification, 2).await;
        assert_eq!(delivery["status"], "succeeded");
        assert_eq!(delivery["attempts"][1]["number"], 2);
        let [first, second] = &receiver.next_callbacks(2).await[..] else { panic!("two callbacks") };
        assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    }
}

#[tokio::test]
async fn a_failing_delivery_follows_the_whole_retry_schedule() {
    let (server, api, receiver, id) = start_with_webhook().await;
    receiver.always_reply(Reply::Status(500));
    let notification = api.publish_type("a.b").await;
    let minutes = |minutes: i64| TimeDelta::minutes(minutes);
    let hours = |hours: i64| TimeDelta::hours(hours);
    let delays = [TimeDelta::seconds(5), minutes(5), minutes(30), hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)];
    for (made, expected_delay) in (1..).zip(delays) {
        let delivery = api.after_attempts(&notification, made).await;
        let delay = next_attempt_at(&delivery) - server.now();
        assert!(expected_delay <= delay && delay <= expected_delay + expected_delay / 5, "{delay} after attempt {made}");
        advance_to_next_attempt(&server, &delivery);
    }
    let delivery = api.after_attempts(&notification, 10).await;
    assert_eq!(delivery["status"], "failed");
    assert_eq!(delivery.get("nextAttemptAt"), None);
    assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(10));
    assert_eq!(api.webhook(&id).await["status"], "active");
    server.advance(TimeDelta::days(30));
    api.publish_type("c.d").await;
    eventually("the next notification", async || (receiver.count() == 11).then_some(())).await;
}

#[tokio::test]
async fn no_delivery_is_retried_before_its_due_time() {
    let (server, api, mut receiver, _) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let first = api.publish_type("a.b").await;
    receiver.next().await;
    let delivery = api.after_attempts(&first, 1).await;
    server.advance(next_attempt_at(&delivery) - server.now() - TimeDelta::milliseconds(1));
    let second = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&second));
    api.after_attempts(&second, 1).await;
    assert_eq!(api.delivery_of(&first).await["attemptCount"], 1);
    server.advance(TimeDelta::milliseconds(1));
    assert_eq!(receiver.next().await.id(), id_of(&first));
}

#[tokio::test]
async fn a_delivery_that_one_webhook_refuses_is_retried_only_there() {
    let (server, api, mut accepting, accepting_id) = start_with_webhook().await;
    let mut failing = server.receiver().await;
    failing.reply_to_next([Reply::Status(500), Reply::Status(500)]);
    let failing_id = api.register_url(&failing.url()).await;
    let notification = api.publish_type("a.b").await;
    assert_eq!(notification["deliveryCount"], 2);
    let of_webhook = async |webhook: &str, status: &str, attempts: u64| {
        let path = format!("/deliveries?webhookID={webhook}&status={status}");
        let found = async || api.list(&path).await.pop().filter(|delivery| delivery["attemptCount"] == attempts);
        eventually(&format!("{status} after {attempts} attempts"), found).await
    };
    let accepted = of_webhook(&accepting_id, "succeeded", 1).await;
    for attempts in 1..=2 {
        advance_to_next_attempt(&server, &of_webhook(&failing_id, "pending", attempts).await);
    }
    of_webhook(&failing_id, "succeeded", 3).await;
    let repeated = failing.next_callbacks(3).await;
    assert!(repeated.iter().all(|callback| callback.id() == id_of(&notification)));
    assert_eq!(accepting.next().await.id(), id_of(&notification));
    // If the server wrongly retried the accepted delivery, that callback would arrive before this notification.
    api.publish_type("c.d").await;
    assert_eq!((accepting.next().await.json()["type"].as_str(), accepting.count()), (Some("c.d"), 2));
    assert_eq!(api.delivery(&id_of(&accepted)).await["attemptCount"], 1);
}

#[tokio::test]
async fn a_410_deactivates_the_webhook() {
    let (_server, api, receiver, id) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500), Reply::Status(410)]);
    let waiting = api.publish_type("a.b").await;
    api.after_attempts(&waiting, 1).await;
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    assert_eq!((&delivery["status"], &delivery["lastAttempt"]["outcome"]), (&json!("failed"), &json!("gone")));
    let webhook = api.webhook(&id).await;
    assert_eq!((&webhook["status"], &webhook["deactivation"]["reason"]), (&json!("deactivated"), &json!("gone")));
    assert_eq!(api.delivery_of(&waiting).await["status"], "cancelled");
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, api, receiver, _) = start_with_webhook().await;
    let elsewhere = server.receiver().await;
    for status in [301, 302, 303, 307, 308] {
        receiver.reply_to_next([with_headers(status, &[("location", &elsewhere.url())])]);
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["status"], &delivery["lastAttempt"]["outcome"]), (&json!("pending"), &json!("redirected")));
        assert_eq!(delivery["lastAttempt"]["statusCode"], status);
        let error = format!("redirects are not followed; register the final URL; the receiver redirects to {}", elsewhere.url());
        assert_eq!(delivery["lastAttempt"]["error"], error);
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn a_dropped_connection_is_a_failed_attempt() {
    let (server, api, receiver, _) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Reset]);
    let notification = api.publish_type("a.b").await;
    let delivery = api.after_attempts(&notification, 1).await;
    assert_eq!((&delivery["status"], &delivery["lastAttempt"]["outcome"]), (&json!("pending"), &json!("connection_lost")));
    assert_eq!(delivery["lastAttempt"].get("statusCode"), None);
    advance_to_next_attempt(&server, &delivery);
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn an_unreachable_or_untrusted_receiver_is_a_failed_attempt() {
    let (server, api, receiver, id) = start_with_webhook().await;
    drop(receiver);
    assert_eq!(api.test(&id).await["outcome"], "connection_refused");
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let untrusted = Receiver::start(&crate::harness::Authority::create(directory.path()).0).await;
    let id = api.register_url(&untrusted.url()).await;
    let attempt = api.test(&id).await;
    assert_eq!(attempt["outcome"], "certificate_invalid");
    assert!(attempt["error"].as_str().is_some_and(|error| error.contains("certificate")), "{attempt}");
    assert_eq!(untrusted.count(), 0);
    assert!(!attempt.to_string().contains(&server.data_dir().display().to_string()), "an error contains no paths of the server");
}

#[tokio::test]
async fn the_words_of_the_service_are_never_redacted() {
    let server = Server::start().await;
    let (api, token_server) = (server.api(), TokenEndpoint::start(&server.authority(), "id", "another secret").await);
    let closed = server.receiver().await;
    let url = closed.url();
    drop(closed);
    let without_receiver = api.register_url(&url).await;
    let refused = api.test(&without_receiver).await["error"].clone();
    for password in ["s", "connect", "connection", "the server"] {
        let auth = json!({ "type": "basic", "username": "u", "password": password });
        let webhook = api.register(&json!({ "targetURL": url, "auth": auth })).await;
        assert_eq!(api.test(&id_of(&webhook)).await["error"], refused, "{password}");
    }
    let auth = json!({ "type": "client_credential", "tokenURL": token_server.url(), "clientID": "id", "clientSecret": "s" });
    let error = "the token URL returned 401 (invalid_client); check the client id and the client secret of the webhook";
    let webhook = api.register(&json!({ "targetURL": url, "auth": auth })).await;
    assert_eq!(api.test(&id_of(&webhook)).await["error"], error);
}

#[tokio::test]
async fn a_secret_in_the_location_of_a_redirect_is_redacted() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": "very-secret" });
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
    receiver.always_reply(with_headers(307, &[("location", "https://example.com/very-secret?very-secret")]));
    let error = api.test(&id_of(&webhook)).await["error"].clone();
    assert!(error.as_str().is_some_and(|error| error.ends_with("the receiver redirects to https://example.com/[redacted]")), "{error}");
}

#[tokio::test]
async fn an_authority_that_the_operator_configures_is_trusted() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (authority, file) = crate::harness::Authority::create(directory.path());
    let flags = ["--allow-network", "127.0.0.0/8", "--ca-file", &file.display().to_string()];
    let server = Setup::production().flags(&flags).start().await;
    let mut receiver = Receiver::start(&authority).await;
    server.api().register_url(&receiver.url()).await;
    server.api().publish_type("a.b").await;
    receiver.next().await;
}

#[tokio::test]
async fn a_hanging_receiver_makes_the_attempt_time_out() {
    let server = Setup::dev().flags(&["--attempt-timeout-seconds", "1"]).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    receiver.always_reply(Reply::Hang);
    api.register_url(&receiver.url()).await;
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    assert_eq!((&delivery["status"], &delivery["lastAttempt"]["outcome"]), (&json!("pending"), &json!("timed_out")));
}

#[tokio::test]
async fn an_endless_body_is_truncated_and_accepted() {
    let (_server, api, receiver, _) = start_with_webhook().await;
    receiver.always_reply(Reply::Endless);
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    assert_eq!(delivery["status"], "succeeded");
    assert_eq!(delivery["lastAttempt"]["truncated"], true);
    assert_eq!(delivery["lastAttempt"]["responseBody"].as_str().map(str::len), Some(4096));
}

#[tokio::test]
async fn an_attempt_records_the_beginning_of_the_response_body() {
    let (_server, api, receiver, _) = start_with_webhook().await;
    for (body, kept, truncated) in [
        ("sorry".to_owned(), "sorry".to_owned(), false),
        ("x".repeat(4096), "x".repeat(4096), false),
        ("x".repeat(4097), "x".repeat(4096), true),
    ] {
        receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body }]);
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["lastAttempt"]["responseBody"], &delivery["lastAttempt"]["truncated"]), (&json!(kept), &json!(truncated)));
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_not_contacted() {
    let names = NameServer::start().await;
    let name = names.set("private", &[&["127.0.0.1".parse().expect("an address")]]);
    let server = Setup::production().flags(&["--name-server", &names.address()]).start().await;
    let api = server.api();
    let id = api.register_url(&format!("https://{name}/x")).await;
    assert_eq!(api.test(&id).await["outcome"], "name_not_found");
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    assert_eq!((&delivery["status"], &delivery["lastAttempt"]["outcome"]), (&json!("pending"), &json!("name_not_found")));
}

#[tokio::test]
async fn deliveries_can_be_filtered() {
    let (server, api, receiver, id) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let failed = api.publish_type("a.b").await;
    let pending = api.after_attempts(&failed, 1).await;
    server.advance(TimeDelta::seconds(1));
    let succeeded = api.after_attempts(&api.publish_type("c.d").await, 1).await;
    let (pending, succeeded) = (id_of(&pending), id_of(&succeeded));
    for (query, expected) in [
        (String::new(), vec![&succeeded, &pending]),
        ("status=pending".to_owned(), vec![&pending]),
        ("status=succeeded".to_owned(), vec![&succeeded]),
        ("status=failed".to_owned(), vec![]),
        ("type=c.d".to_owned(), vec![&succeeded]),
        (format!("notificationID={}", id_of(&failed)), vec![&pending]),
        (format!("webhookID={id}&status=succeeded&type=c.d"), vec![&succeeded]),
        ("webhookID=0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55".to_owned(), vec![]),
        ("since=2026-01-02T15:04:06Z".to_owned(), vec![&succeeded]),
        ("until=2026-01-02T15:04:06Z".to_owned(), vec![&pending]),
    ] {
        let listed: Vec<String> = api.list(&format!("/deliveries?{query}")).await.iter().map(id_of).collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_of_deliveries_have_no_gaps_or_overlaps() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    api.register_url(&receiver.url()).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let notification = api.publish_type("a.b").await;
        expected.insert(0, id_of(&api.delivery_of(&notification).await));
    }
    let mut path = "/deliveries?limit=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = api.get(&path).await.expect(200);
        pages.push(page["data"].as_array().expect("an array").iter().map(id_of).collect::<Vec<_>>());
        match page["cursor"].as_str() {
            Some(cursor) => path = format!("/deliveries?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(pages.concat(), expected);
}

#[tokio::test]
async fn a_list_shows_each_delivery_like_the_single_delivery_does() {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).start().await;
    let api = server.api();
    let (accepting, failing, hanging) = (server.receiver().await, server.receiver().await, server.receiver().await);
    failing.always_reply(Reply::Status(500));
    hanging.always_reply(Reply::Hang);
    api.register_url(&accepting.url()).await;
    api.register_url(&failing.url()).await;
    api.register_url(&hanging.url()).await;
    let cancelled = api.register_url(&hanging.url()).await;
    let path = format!("/deliveries?notificationID={}", id_of(&api.publish_type("a.b").await));
    api.deactivate(&cancelled).await;
    let listed = eventually("four states", async || {
        let listed = api.list(&path).await;
        let states: BTreeSet<&str> = listed.iter().filter_map(|delivery| delivery["status"].as_str()).collect();
        (states == BTreeSet::from(["cancelled", "failed", "pending", "succeeded"])).then_some(listed.clone())
    })
    .await;
    for delivery in listed {
        let mut detail = api.delivery(&id_of(&delivery)).await;
        for member in ["attempts", "callbackBody"] {
            detail.as_object_mut().expect("an object").remove(member);
        }
        assert_eq!(detail, delivery);
    }
}
