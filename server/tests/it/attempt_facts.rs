//! What an attempt shows: the request as it was sent, the header of the response, the connection and the durations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Api, Callback, Receiver, Reply, Server, Setup, id_of};

const PASSWORD: &str = "a password for callbacks";
const KEY: &str = "a key of the receiver";

/// Starts a server, and registers a webhook with all kinds of secrets. Returns the id of the webhook.
async fn start() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let registration = json!({
        "targetURL": receiver.url(),
        "auth": { "type": "basic", "username": "user", "password": PASSWORD },
        "headers": [{ "name": "X-Test-Key", "value": KEY }],
    });
    let id = id_of(&api.register(&registration).await);
    (server, api, receiver, id)
}

/// Checks that the shown request is the one that the receiver got.
fn check_request(request: &Value, callback: &Callback, receiver: &Receiver) {
    assert_eq!(request["url"], receiver.url());
    let shown: BTreeSet<(&str, &str)> = fields(&request["headers"]);
    // HTTP/2 sends the host as `:authority`.
    let mut received: BTreeSet<&str> = callback.headers.keys().map(http::HeaderName::as_str).collect();
    received.insert("host");
    assert_eq!(shown.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), received);
    for (name, value) in shown {
        let expected = match name {
            "authorization" => "Basic [redacted]",
            "x-test-key" => "[redacted]",
            "webhook-signature" => "v1,[redacted]",
            "host" => receiver.url().split('/').nth(2).expect("an authority").to_owned().leak(),
            name => callback.header(name),
        };
        assert_eq!(value, expected, "{name}");
    }
}

fn fields(list: &Value) -> BTreeSet<(&str, &str)> {
    let text = |field: &'_ Value, member: &str| field[member].as_str().expect("a text").to_owned();
    let list = list.as_array().expect("a list of fields");
    list.iter().map(|field| (&*text(field, "name").leak(), &*text(field, "value").leak())).collect()
}

#[tokio::test]
async fn an_attempt_shows_the_request_as_sent_and_the_response_without_secrets() {
    let (server, api, mut receiver, id) = start().await;
    let headers = vec![("x-echo", format!("you sent {KEY}")), ("set-cookie", "session=1".to_owned()), ("retry-after", "7".to_owned())];
    receiver.reply_to_next([Reply::Full { status: 500, headers, body: "no".to_owned() }]);
    let notification = api.publish_type("a.b").await;
    let delivery = api.after_attempts(&notification, 1).await;
    server.advance(chrono::TimeDelta::seconds(10));
    let delivery_id = id_of(&delivery);
    let delivery = api.after_attempts(&notification, 2).await;
    let [failed, accepted] = delivery["attempts"].as_array().expect("attempts").as_slice() else { panic!("two attempts: {delivery}") };
    let callbacks = receiver.next_callbacks(2).await;

    assert_eq!(delivery["callbackBody"].as_str().map(str::as_bytes), Some(&*callbacks[0].body));
    // The request of the accepted attempt is derived from the webhook.
    check_request(&failed["request"], &callbacks[0], &receiver);
    check_request(&accepted["request"], &callbacks[1], &receiver);
    let response = fields(&failed["responseHeaders"]);
    for field in [("x-echo", "you sent [redacted]"), ("set-cookie", "[redacted]"), ("retry-after", "7")] {
        assert!(response.contains(&field), "{field:?} in {response:?}");
    }
    assert_eq!((accepted.get("responseHeaders"), &failed["help"]), (None, &json!("/docs#outcome-rejected")));
    let address = receiver.url().split('/').nth(2).map(str::to_owned);
    for (attempt, reused) in [(failed, false), (accepted, true)] {
        let connection =
            json!({ "remoteAddress": address, "httpVersion": "2", "tlsVersion": "1.3", "reused": reused, "requestRepeated": false });
        assert_eq!(attempt["connection"], connection);
        let phases = ["nameLookupMs", "connectMs", "tlsHandshakeMs"].map(|phase| attempt["timings"][phase].is_u64());
        assert_eq!((phases, attempt["timings"]["firstByteMs"].is_u64()), ([!reused; 3], true), "{attempt}");
    }
    // A list shows the facts, but not the texts.
    let listed = api.list("/deliveries").await.pop().expect("the delivery");
    assert_eq!((listed["lastAttempt"].get("request"), &listed["lastAttempt"]["connection"]), (None, &accepted["connection"]));

    // The stored request stays. The derived one would no longer be true.
    api.update(&id, &json!({ "targetURL": format!("{}/later", receiver.url()) })).await;
    let later = api.delivery(&delivery_id).await;
    assert_eq!(later["attempts"][0], *failed);
    assert_eq!((later["attempts"][1].get("request"), &later["attempts"][1]["connection"]), (None, &accepted["connection"]));

    // A later version of the service may have stored an outcome that this version cannot explain.
    server.database().run("UPDATE attempts SET outcome = 'later' WHERE number = 2").await;
    let unknown = &api.delivery(&delivery_id).await["attempts"][1];
    assert_eq!((&unknown["outcome"], unknown.get("help")), (&json!("later"), None));

    api.delete_notification(&id_of(&notification)).await;
    let erased = api.delivery(&delivery_id).await;
    let attempt = &erased["attempts"][0];
    let texts = [erased.get("callbackBody"), attempt.get("request"), attempt.get("responseHeaders"), attempt.get("responseBody")];
    assert_eq!((texts, &attempt["connection"]), ([None; 4], &failed["connection"]));
}

#[tokio::test]
async fn a_test_shows_its_request_with_the_body() {
    let (_server, api, mut receiver, id) = start().await;
    let attempt = api.test(&id).await;
    let callback = receiver.next().await;
    check_request(&attempt["request"], &callback, &receiver);
    assert_eq!(attempt["request"]["body"].as_str().map(str::as_bytes), Some(&*callback.body));
    assert!(attempt["responseHeaders"].as_array().is_some_and(|fields| !fields.is_empty()), "{attempt}");
}
