//! Runs `webhooks check-receiver` against real receivers: a correct receiver, and one receiver for each mistake that the
//! command must find.

mod program;
mod receiver;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::Value;
use tempfile::TempDir;
use webhooks_client::callback::{SigningSecret, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, verify_signature};

use program::{Outcome, SECRET, TIMEOUT, TOKEN, check_receiver, listen, run};
use receiver::{Callback, Receiver, Reply};

const REFUSED_CASES: [&str; 10] = [
    "unsigned",
    "altered-signature",
    "altered-body",
    "altered-id",
    "altered-time",
    "strange-secret",
    "stale",
    "future",
    "no-id",
    "no-time",
];

/// The exit status of the command if it finds a mistake of the receiver.
const MISTAKE_FOUND: i32 = 3;

#[tokio::test]
async fn listen_passes_every_check() {
    let directory = TempDir::new().expect("a directory");
    for credentials in [&[][..], &["--username", "Aladdin", "--password-file", "password"], &["--bearer-file", "token"]] {
        let listen = listen(directory.path(), credentials).await;
        let arguments = [&[&listen.url, "--ca-file", &listen.ca_file, "--json", "--handshake"], credentials].concat();
        let outcome = check_receiver(directory.path(), &arguments).await;
        assert_eq!(outcome.code, 0, "{}{}", outcome.text, outcome.error);
        assert_eq!(outcome.checks("ok").len(), if credentials.is_empty() { 18 } else { 20 });
        assert!(outcome.json()["checks"].as_array().expect("checks").iter().all(|check| check["explanation"].is_null()));
    }
}

#[tokio::test]
async fn data_is_sent_and_listed_byte_for_byte() {
    let data = r#"{"m":123456789012345678901234567890,"z":1.0, "a":"\u00e9","a":2}"#;
    let directory = TempDir::new().expect("a directory");
    let mut listen = listen(directory.path(), &[]).await;
    let arguments = [&listen.url, "--ca-file", &listen.ca_file, "--event-type", "a.b", "--data", data];
    assert_eq!(check_receiver(directory.path(), &arguments).await.code, 0);
    let received = listen.lines.recv().await.expect("a line for each callback");
    assert!(received.contains(&format!(r#""data":{data}"#)), "{received}");
}

#[tokio::test]
async fn listen_forwards_only_genuine_callbacks_and_replay_sends_them_again() {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), |callback| accept_if(callback.is_genuine())).await;
    let ca_file = receiver.ca_file.display().to_string();
    let forward = ["--forward-to", &receiver.url, "--ca-file", &ca_file];
    let mut listen = listen(directory.path(), &[&forward[..], &["--print-headers"]].concat()).await;
    let outcome = check_receiver(directory.path(), &[&listen.url, "--ca-file", &listen.ca_file, "--json"]).await;
    assert_eq!((outcome.code, outcome.checks("ok").len()), (0, 17), "{}{}", outcome.text, outcome.error);
    let forwarded = receiver.received();
    assert_eq!(forwarded.len(), 7, "the callbacks that a receiver must accept");
    assert!(forwarded.iter().all(Callback::is_genuine));
    let first: Value = serde_json::from_str(&listen.lines.recv().await.expect("a line")).expect("JSON");
    assert!(first["forwarded"].as_str().is_some_and(|text| text.starts_with("response 204 after ")), "{first}");
    assert!(first["headers"].to_string().contains(WEBHOOK_ID), "{first}");
    // `listen` records a callback before it prints the next one.
    for _ in 1..17 {
        listen.lines.recv().await.expect("a line for each callback");
    }

    let replayed = run(directory.path(), &[&["replay", "--all", "--json"], &forward[..]].concat()).await;
    assert_eq!((replayed.code, replayed.text.lines().count()), (0, 7), "{}{}", replayed.text, replayed.error);
    let again = receiver.received().split_off(7);
    let sent = |callbacks: &[Callback]| callbacks.iter().map(|callback| callback.body.clone()).collect::<Vec<_>>();
    assert_eq!(sent(&again), sent(&forwarded));
    let id = forwarded[2].headers[WEBHOOK_ID].to_str().expect("ASCII");
    let one = run(directory.path(), &[&["replay", id, "--json"], &forward[..]].concat()).await;
    assert_eq!((one.code, receiver.received().len()), (0, 15), "{}{}", one.text, one.error);
    assert_eq!(run(directory.path(), &["replay", "--json"]).await.json()["data"].as_array().map(Vec::len), Some(7));
    let refused = run(directory.path(), &["replay", "--all", "--forward-to", "http://192.0.2.1/hook"]).await;
    assert!(refused.code == 1 && refused.error.contains("callbacks contain credentials"), "{}", refused.error);
}

#[tokio::test]
async fn custom_headers_are_sent_with_every_callback() {
    let directory = TempDir::new().expect("a directory");
    std::fs::write(directory.path().join("headers"), "X-API-Key: key\n").expect("a writable directory");
    let receiver = Receiver::start(directory.path(), |callback| {
        let has_key = callback.headers.get("x-api-key").is_some_and(|value| value == "key");
        if has_key { accept_if(callback.is_genuine()) } else { Reply::Status(500) }
    });
    let receiver = receiver.await;
    let ca_file = receiver.ca_file.display().to_string();
    let outcome = check_receiver(directory.path(), &[&receiver.url, "--ca-file", &ca_file, "--json", "--header-file", "headers"]).await;
    assert_eq!((outcome.code, outcome.checks("ok").len()), (0, 17), "{}{}", outcome.text, outcome.error);
}

#[tokio::test]
async fn the_handshake_is_checked_on_request() {
    let agree = |callback: &Callback, status: u16, body: &Value| {
        let is_handshake = callback.json()["type"] == "webhook.handshake";
        let agreement = || {
            Reply::Body(status, body.to_string().replace("CHALLENGE", callback.json()["data"]["challenge"].as_str().unwrap_or_default()))
        };
        if is_handshake && callback.is_genuine() { agreement() } else { accept_if(callback.is_genuine()) }
    };
    for (status, body, agrees) in [
        (200, serde_json::json!({ "challenge": "CHALLENGE" }), true),
        (200, serde_json::json!({ "challenge": "CHALLENGE", "more": 1 }), true),
        (200, serde_json::json!({ "challenge": "another" }), false),
        (200, serde_json::json!({ "data": { "challenge": "CHALLENGE" } }), false),
        (202, serde_json::json!({ "challenge": "CHALLENGE" }), false),
    ] {
        let (sent, shown) = (body.clone(), format!("{status} {body}"));
        let outcome = check(&["--handshake"], move |callback| agree(callback, status, &sent)).await;
        let wrong: &[&str] = if agrees { &[] } else { &["handshake"] };
        assert_eq!(outcome.checks("wrong"), wrong, "{shown}");
        assert_eq!(outcome.code, if agrees { 0 } else { MISTAKE_FOUND }, "{shown}");
    }
}

#[tokio::test]
async fn each_mistake_is_found_and_nothing_else() {
    let all = REFUSED_CASES.as_slice();
    let known = |callback: &Callback, types: &[&str]| types.iter().any(|known| callback.json()["type"] == *known);
    let seen = Mutex::new(BTreeSet::new());
    // Each item has the mistake of a receiver, the names of the checks that must find the mistake, and the receiver's
    // behaviour.
    type Behaviour = Box<dyn Fn(&Callback) -> Reply + Send + Sync>;
    let receivers: [(&str, &[&str], Behaviour); 12] = [
        ("checks nothing", all, Box::new(|_| Reply::Status(204))),
        (
            "only checks that there is a signature",
            &all[1..],
            Box::new(|callback| if callback.headers.contains_key(WEBHOOK_SIGNATURE) { Reply::Status(204) } else { Reply::Status(401) }),
        ),
        ("does not check the time", &["stale", "future"], Box::new(|callback| accept_if(callback.is_genuine_at(callback.time())))),
        (
            "checks the time only for old callbacks",
            &["future"],
            Box::new(|callback| accept_if(callback.is_genuine_at(SystemTime::now().max(callback.time())))),
        ),
        (
            "compares only the first signature",
            &["two-signatures"],
            Box::new(|callback| {
                let first = callback.signatures().split(' ').next().unwrap_or_default().to_owned();
                accept_if(callback.with(WEBHOOK_SIGNATURE, &first).is_genuine())
            }),
        ),
        (
            "expects a single signature in the header",
            &["two-signatures", "new-version"],
            Box::new(|callback| accept_if(callback.is_genuine() && !callback.signatures().contains(' '))),
        ),
        (
            "verifies the signature over JSON that it serializes again",
            &["spaces"],
            Box::new(|callback| {
                let body = callback.json().to_string().into();
                accept_if(Callback { body, ..callback.clone() }.is_genuine())
            }),
        ),
        (
            "takes the id from the body",
            &["altered-id", "no-id"],
            Box::new(|callback| {
                let body = callback.json();
                accept_if(callback.with(WEBHOOK_ID, body["notification"]["id"].as_str().unwrap_or_default()).is_genuine())
            }),
        ),
        ("refuses unknown types", &["new-type"], {
            Box::new(move |callback| respond_if_genuine(callback, if known(callback, &["webhook.test"]) { 204 } else { 422 }))
        }),
        ("refuses unknown members", &["new-member"], {
            Box::new(|callback| {
                let members = callback.json().as_object().map_or(0, serde_json::Map::len);
                respond_if_genuine(callback, if members == 5 { 204 } else { 400 })
            })
        }),
        ("refuses repeated callbacks", &["repeated"], {
            Box::new(move |callback| {
                let id = callback.headers.get(WEBHOOK_ID).map(|id| id.as_bytes().to_owned());
                let new = !callback.is_genuine() || seen.lock().expect("no holder panics").insert(id);
                respond_if_genuine(callback, if new { 204 } else { 409 })
            })
        }),
        ("is correct", &[], Box::new(|callback| accept_if(callback.is_genuine()))),
    ];
    for (mistake, expected, behaviour) in receivers {
        let outcome = check(&[], behaviour).await;
        assert_eq!(outcome.checks("wrong"), expected, "a receiver that {mistake}");
        assert_eq!(outcome.checks("unclear"), [""; 0], "a receiver that {mistake}");
        assert_eq!(outcome.code, if expected.is_empty() { 0 } else { MISTAKE_FOUND }, "a receiver that {mistake}");
    }
}

#[tokio::test]
async fn an_invalid_callback_must_be_refused_with_a_4xx_status() {
    for status in [500, 410, 302] {
        let outcome = check(&[], move |callback| Reply::Status(if callback.is_genuine() { 200 } else { status })).await;
        assert_eq!(outcome.checks("wrong"), REFUSED_CASES, "{status}");
        assert_eq!(outcome.code, MISTAKE_FOUND);
    }
}

#[tokio::test]
async fn credentials_must_be_required_and_compared() {
    let bearer = ["--bearer-file", "token"];
    for (mistake, expected, without, wrong) in [
        ("ignores Authorization", &["no-credentials", "wrong-credentials"][..], 204, 204),
        ("accepts any Authorization", &["wrong-credentials"], 401, 204),
        ("responds with 400", &["no-credentials", "wrong-credentials"], 400, 400),
        ("responds with 403", &[], 403, 403),
        ("is correct", &[], 401, 401),
    ] {
        let outcome = check(&bearer, move |callback| match callback.headers.get("authorization") {
            _ if !callback.is_genuine() => Reply::Status(401),
            None => Reply::Status(without),
            Some(value) => Reply::Status(if *value == format!("Bearer {TOKEN}") { 204 } else { wrong }),
        })
        .await;
        assert_eq!(outcome.checks("wrong"), expected, "a receiver that {mistake}");
    }
}

#[tokio::test]
async fn other_checks_are_unclear_if_the_valid_callback_is_refused() {
    for reply in [|| Reply::Redirect, || Reply::Status(401), || Reply::Status(500)] {
        let outcome = check(&[], move |_| reply()).await;
        assert_eq!((outcome.checks("wrong"), outcome.checks("unclear").len()), (vec!["valid".to_owned()], 16));
        assert_eq!(outcome.code, MISTAKE_FOUND);
    }
}

#[tokio::test]
async fn checks_stop_if_the_first_callback_gets_no_response() {
    let outcome = check(&[TIMEOUT, "3"], |_| Reply::Hang).await;
    assert_eq!(outcome.checks("wrong"), ["valid"]);
    assert_eq!((&outcome.json()["checks"][0]["got"], &outcome.json()["notMade"]), (&Value::from("late"), &Value::from(16)));
    assert_eq!(outcome.code, MISTAKE_FOUND);
}

#[tokio::test]
async fn a_large_response_is_ok_but_has_an_explanation() {
    let large = |bytes| move |callback: &Callback| if callback.is_genuine() { Reply::Large(bytes) } else { Reply::Status(401) };
    for (bytes, noted) in [(64 * 1024, false), (64 * 1024 + 1, true)] {
        let outcome = check(&[], large(bytes)).await;
        assert_eq!(outcome.code, 0);
        assert_eq!(outcome.json()["checks"][0]["explanation"].as_str().is_some_and(|text| text.contains("64 KiB")), noted);
    }
}

#[tokio::test]
async fn a_given_event_type_is_sent_and_adds_a_check_of_webhook_test() {
    let outcome = check(&["--event-type", "catalog.purchase.closed", "--data", r#"{"purchase":{"id":"p-1"}}"#], |callback| {
        let body = callback.json();
        let known = body["type"] == "catalog.purchase.closed" && body["data"]["purchase"]["id"] == "p-1";
        respond_if_genuine(callback, if known { 204 } else { 422 })
    })
    .await;
    assert_eq!(outcome.checks("wrong"), ["new-type", "test"]);
}

#[tokio::test]
async fn the_valid_callbacks_match_openapi_json() {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), |_| Reply::Status(204)).await;
    check_receiver(directory.path(), &[&receiver.url, "--ca-file", &receiver.ca_file.display().to_string()]).await;
    let received = receiver.received();
    assert_eq!(received[0].headers[WEBHOOK_ID], received[1].headers[WEBHOOK_ID], "the second callback must repeat the first");

    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).expect("openapi.json");
    let document: Value = serde_json::from_str(&document).expect("openapi.json is JSON");
    let callback = "/paths/~1api~1notifications~1v1~1webhooks/post/callbacks/notification/{$request.body#~1targetURL}/post";
    let callback = document.pointer(callback).expect("the callback of registerWebhook");
    let body = serde_json::json!({ "$ref": "#/components/schemas/CallbackBody", "components": document["components"] });
    let body = jsonschema::validator_for(&body).expect("a schema");
    for callback_sent in &received[..4] {
        for parameter in callback["parameters"].as_array().expect("parameters") {
            let name = parameter["name"].as_str().expect("a name");
            let Some(value) = callback_sent.headers.get(name) else {
                assert_ne!(parameter["required"], true, "{name} is missing");
                continue;
            };
            let value = value.to_str().expect("ASCII");
            jsonschema::validate(&parameter["schema"], &value.into()).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert_eq!(callback_sent.headers["content-type"], "application/json");
        body.validate(&callback_sent.json()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(callback_sent.json()["notification"]["id"], callback_sent.headers[WEBHOOK_ID].to_str().expect("ASCII"));
    }
}

#[tokio::test]
async fn a_receiver_that_cannot_be_checked_is_an_error_with_advice() {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), |_| Reply::Status(204)).await;
    let closed = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("https://{}/", socket.local_addr().expect("the socket is bound"))
    };
    let (ca_file, other_name) = (receiver.ca_file.display().to_string(), receiver.url.replace("127.0.0.1", "localhost"));
    for (arguments, expected) in [
        (&[receiver.url.as_str()][..], "not from a trusted authority"),
        (&[&receiver.url, "--ca-file", "secret"], "certificate"),
        (&[&other_name, "--ca-file", &ca_file], "for another name"),
        (&[&closed], "no server listens there"),
        (&["http://192.0.2.1/notify"], "the service calls only https URLs"),
    ] {
        let outcome = check_receiver(directory.path(), arguments).await;
        assert_eq!(outcome.code, 1, "{arguments:?}");
        assert!(outcome.error.contains(expected) && outcome.text.is_empty(), "{}{}", outcome.text, outcome.error);
    }
}

/// Runs `webhooks check-receiver` against a receiver with this behaviour.
#[test]
fn the_licences_are_printed_whatever_the_environment_has() {
    let mut webhooks = std::process::Command::new(env!("CARGO_BIN_EXE_webhooks"));
    let output = webhooks.arg("--licenses").env("API_BASE_URL", "http://127.0.0.1:1").output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("licence MIT OR Apache-2.0"));
}

async fn check(options: &[&str], behaviour: impl Fn(&Callback) -> Reply + Send + Sync + 'static) -> Outcome {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), behaviour).await;
    let ca_file = receiver.ca_file.display().to_string();
    check_receiver(directory.path(), &[&[receiver.url.as_str(), "--ca-file", &ca_file, "--json"], options].concat()).await
}

fn accept_if(genuine: bool) -> Reply {
    Reply::Status(if genuine { 204 } else { 401 })
}

/// Responds with `status` to a genuine callback, and with 401 to any other callback.
fn respond_if_genuine(callback: &Callback, status: u16) -> Reply {
    Reply::Status(if callback.is_genuine() { status } else { 401 })
}

impl Callback {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a callback is JSON")
    }

    fn is_genuine(&self) -> bool {
        self.is_genuine_at(SystemTime::now())
    }

    /// Whether a receiver whose clock shows `at` accepts the callback.
    fn is_genuine_at(&self, at: SystemTime) -> bool {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        verify_signature(&[secret], &self.headers, &self.body, at).is_ok()
    }

    /// The time in `webhook-timestamp`.
    fn time(&self) -> SystemTime {
        let seconds = self.text(WEBHOOK_TIMESTAMP).parse().unwrap_or_default();
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn signatures(&self) -> &str {
        self.text(WEBHOOK_SIGNATURE)
    }

    fn text(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn with(&self, name: &'static str, value: &str) -> Callback {
        let mut headers: HeaderMap = self.headers.clone();
        headers.insert(name, value.parse().expect("a header value"));
        Callback { headers, body: self.body.clone() }
    }
}
