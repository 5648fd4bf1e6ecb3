//! `webhooks check-receiver` against real receivers: a right one, and one for each mistake that it must find.

mod program;
mod receiver;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde_json::Value;
use tempfile::TempDir;
use webhooks_client::callback::{SigningSecret, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, verify_signature};

use program::{Outcome, PATIENCE, SECRET, TOKEN, check_receiver, listen};
use receiver::{Callback, Receiver, Reply};

const TO_REFUSE: [&str; 10] = [
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

const WRONG: i32 = 3;

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
async fn headers_of_the_customers_own_come_with_every_check() {
    let directory = TempDir::new().expect("a directory");
    std::fs::write(directory.path().join("headers"), "X-API-Key: key\n").expect("a writable directory");
    let receiver = Receiver::start(directory.path(), |callback| {
        let has_key = callback.headers.get("x-api-key").is_some_and(|value| value == "key");
        if has_key { judge(callback.is_genuine()) } else { Reply::Status(500) }
    });
    let receiver = receiver.await;
    let ca_file = receiver.ca_file.display().to_string();
    let outcome = check_receiver(directory.path(), &[&receiver.url, "--ca-file", &ca_file, "--json", "--header-file", "headers"]).await;
    assert_eq!((outcome.code, outcome.checks("ok").len()), (0, 17), "{}{}", outcome.text, outcome.error);
}

#[tokio::test]
async fn whether_a_receiver_agrees_is_checked_when_that_is_asked_for() {
    let agree = |callback: &Callback, status: u16, body: &Value| {
        let is_handshake = callback.json()["type"] == "webhook.handshake";
        let wish = || {
            Reply::Body(status, body.to_string().replace("CHALLENGE", callback.json()["data"]["challenge"].as_str().unwrap_or_default()))
        };
        if is_handshake && callback.is_genuine() { wish() } else { judge(callback.is_genuine()) }
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
        assert_eq!(outcome.code, if agrees { 0 } else { WRONG }, "{shown}");
    }
}

#[tokio::test]
async fn each_mistake_is_found_and_no_other() {
    let all = TO_REFUSE.as_slice();
    let known = |callback: &Callback, types: &[&str]| types.iter().any(|known| callback.json()["type"] == *known);
    let seen = Mutex::new(BTreeSet::new());
    // What a receiver does wrong, what it is found to do, and what it does.
    type Behaviour = Box<dyn Fn(&Callback) -> Reply + Send + Sync>;
    let receivers: [(&str, &[&str], Behaviour); 12] = [
        ("checks nothing", all, Box::new(|_| Reply::Status(204))),
        (
            "looks only whether there is a signature",
            &all[1..],
            Box::new(|callback| if callback.headers.contains_key(WEBHOOK_SIGNATURE) { Reply::Status(204) } else { Reply::Status(401) }),
        ),
        ("does not look at the time", &["stale", "future"], Box::new(|callback| judge(callback.is_signed(callback.time())))),
        (
            "looks at the time in one direction",
            &["future"],
            Box::new(|callback| judge(callback.is_signed(SystemTime::now().max(callback.time())))),
        ),
        (
            "compares the first signature only",
            &["two-signatures"],
            Box::new(|callback| {
                let first = callback.signatures().split(' ').next().unwrap_or_default().to_owned();
                judge(callback.with(WEBHOOK_SIGNATURE, &first).is_genuine())
            }),
        ),
        (
            "takes the header for one signature",
            &["two-signatures", "new-version"],
            Box::new(|callback| judge(callback.is_genuine() && !callback.signatures().contains(' '))),
        ),
        (
            "checks the signature of JSON that it writes anew",
            &["spaces"],
            Box::new(|callback| {
                let body = callback.json().to_string().into();
                judge(Callback { body, ..callback.clone() }.is_genuine())
            }),
        ),
        (
            "takes the identifier from the body",
            &["altered-id", "no-id"],
            Box::new(|callback| {
                let body = callback.json();
                judge(callback.with(WEBHOOK_ID, body["notification"]["id"].as_str().unwrap_or_default()).is_genuine())
            }),
        ),
        ("refuses types that it does not know", &["new-type"], {
            Box::new(move |callback| judge_then(callback, if known(callback, &["webhook.test"]) { 204 } else { 422 }))
        }),
        ("refuses members that it does not know", &["new-member"], {
            Box::new(|callback| {
                let members = callback.json().as_object().map_or(0, serde_json::Map::len);
                judge_then(callback, if members == 5 { 204 } else { 400 })
            })
        }),
        ("refuses repetitions", &["repeated"], {
            Box::new(move |callback| {
                let id = callback.headers.get(WEBHOOK_ID).map(|id| id.as_bytes().to_owned());
                let new = !callback.is_genuine() || seen.lock().expect("no holder panics").insert(id);
                judge_then(callback, if new { 204 } else { 409 })
            })
        }),
        ("is right", &[], Box::new(|callback| judge(callback.is_genuine()))),
    ];
    for (mistake, expected, behaviour) in receivers {
        let outcome = check(&[], behaviour).await;
        assert_eq!(outcome.checks("wrong"), expected, "a receiver that {mistake}");
        assert_eq!(outcome.checks("unclear"), [""; 0], "a receiver that {mistake}");
        assert_eq!(outcome.code, if expected.is_empty() { 0 } else { WRONG }, "a receiver that {mistake}");
    }
}

#[tokio::test]
async fn a_refusal_must_be_a_refusal() {
    for status in [500, 410, 302] {
        let outcome = check(&[], move |callback| Reply::Status(if callback.is_genuine() { 200 } else { status })).await;
        assert_eq!(outcome.checks("wrong"), TO_REFUSE, "{status}");
        assert_eq!(outcome.code, WRONG);
    }
}

#[tokio::test]
async fn credentials_must_be_asked_for_and_compared() {
    let bearer = ["--bearer-file", "token"];
    for (mistake, expected, without, wrong) in [
        ("ignores Authorization", &["no-credentials", "wrong-credentials"][..], 204, 204),
        ("takes any Authorization", &["wrong-credentials"], 401, 204),
        ("answers 400", &["no-credentials", "wrong-credentials"], 400, 400),
        ("answers 403", &[], 403, 403),
        ("is right", &[], 401, 401),
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
async fn a_receiver_that_refuses_the_valid_callback_proves_nothing_else() {
    for reply in [|| Reply::Redirect, || Reply::Status(401), || Reply::Status(500)] {
        let outcome = check(&[], move |_| reply()).await;
        assert_eq!((outcome.checks("wrong"), outcome.checks("unclear").len()), (vec!["valid".to_owned()], 16));
        assert_eq!(outcome.code, WRONG);
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_is_left_after_the_first_callback() {
    let outcome = check(&[PATIENCE, "3"], |_| Reply::Hang).await;
    assert_eq!(outcome.checks("wrong"), ["valid"]);
    assert_eq!((&outcome.json()["checks"][0]["got"], &outcome.json()["notMade"]), (&Value::from("late"), &Value::from(16)));
    assert_eq!(outcome.code, WRONG);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_noted_and_does_no_harm() {
    let large = |bytes| move |callback: &Callback| if callback.is_genuine() { Reply::Large(bytes) } else { Reply::Status(401) };
    for (bytes, noted) in [(64 * 1024, false), (64 * 1024 + 1, true)] {
        let outcome = check(&[], large(bytes)).await;
        assert_eq!(outcome.code, 0);
        assert_eq!(outcome.json()["checks"][0]["explanation"].as_str().is_some_and(|text| text.contains("64 KiB")), noted);
    }
}

#[tokio::test]
async fn a_type_of_ones_own_is_sent_and_then_tests_are_another_check() {
    let outcome = check(&["--event-type", "catalog.purchase.closed", "--data", r#"{"purchase":{"id":"p-1"}}"#], |callback| {
        let body = callback.json();
        let known = body["type"] == "catalog.purchase.closed" && body["data"]["purchase"]["id"] == "p-1";
        judge_then(callback, if known { 204 } else { 422 })
    })
    .await;
    assert_eq!(outcome.checks("wrong"), ["new-type", "test"]);
}

#[tokio::test]
async fn the_valid_callbacks_are_as_openapi_json_says() {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), |_| Reply::Status(204)).await;
    check_receiver(directory.path(), &[&receiver.url, "--ca-file", &receiver.ca_file.display().to_string()]).await;
    let arrived = receiver.arrived();
    assert_eq!(arrived[0].headers[WEBHOOK_ID], arrived[1].headers[WEBHOOK_ID], "the second repeats the first");

    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json")).expect("openapi.json");
    let document: Value = serde_json::from_str(&document).expect("openapi.json is JSON");
    let callback = "/paths/~1api~1notifications~1v1~1webhooks/post/callbacks/notification/{$request.body#~1targetURL}/post";
    let callback = document.pointer(callback).expect("the callback of registerWebhook");
    let body = jsonschema::validator_for(&document["components"]["schemas"]["CallbackBody"]).expect("a schema");
    for callback_sent in &arrived[..4] {
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
async fn what_cannot_be_checked_is_an_error_that_says_what_to_do() {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), |_| Reply::Status(204)).await;
    let gone = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("https://{}/", socket.local_addr().expect("it is bound"))
    };
    let (ca_file, elsewhere) = (receiver.ca_file.display().to_string(), receiver.url.replace("127.0.0.1", "localhost"));
    for (arguments, expected) in [
        (&[receiver.url.as_str()][..], "not from an authority that is trusted"),
        (&[&receiver.url, "--ca-file", "secret"], "certificate"),
        (&[&elsewhere, "--ca-file", &ca_file], "for another name"),
        (&[&gone], "nothing listens there"),
        (&["http://192.0.2.1/notify"], "the service calls https only"),
    ] {
        let outcome = check_receiver(directory.path(), arguments).await;
        assert_eq!(outcome.code, 1, "{arguments:?}");
        assert!(outcome.error.contains(expected) && outcome.text.is_empty(), "{}{}", outcome.text, outcome.error);
    }
}

/// Checks a receiver with this behaviour.
async fn check(options: &[&str], behaviour: impl Fn(&Callback) -> Reply + Send + Sync + 'static) -> Outcome {
    let directory = TempDir::new().expect("a directory");
    let receiver = Receiver::start(directory.path(), behaviour).await;
    let ca_file = receiver.ca_file.display().to_string();
    check_receiver(directory.path(), &[&[receiver.url.as_str(), "--ca-file", &ca_file, "--json"], options].concat()).await
}

fn judge(genuine: bool) -> Reply {
    Reply::Status(if genuine { 204 } else { 401 })
}

/// Answers a genuine callback with a status, and any other with 401.
fn judge_then(callback: &Callback, status: u16) -> Reply {
    Reply::Status(if callback.is_genuine() { status } else { 401 })
}

impl Callback {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a callback is JSON")
    }

    fn is_genuine(&self) -> bool {
        self.is_signed(SystemTime::now())
    }

    /// Would it be genuine at that time?
    fn is_signed(&self, at: SystemTime) -> bool {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        verify_signature(&[secret], &self.headers, &self.body, at).is_ok()
    }

    /// The time that it claims to be of.
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
