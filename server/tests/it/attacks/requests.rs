//! Requests of the service: their destination, their headers, and what the API shows of them.

use serde_json::{Value, json};

use super::world::{ALLOWED, CountingListener, INTERNAL, World, ip};
use crate::harness::{Api, HostileBehaviour, HostileReceiver, Process, Receiver, Reply, Server, eventually, id_of};

/// A response that closes the connection, so that the next attempt opens a new one.
fn accept_and_close() -> Reply {
    Reply::Full { status: 200, headers: vec![("connection", "close".to_owned())], body: String::new() }
}

/// Returns the URL of a receiver with a name instead of an address.
fn with_name(receiver: &Receiver, name: &str) -> String {
    receiver.url().replace(ALLOWED, name)
}

pub(super) async fn use_no_proxy_of_the_environment(_: &World) {
    let proxy = CountingListener::start("127.0.0.1").await;
    let address = proxy.address;
    let environment = move |_: &std::path::Path| {
        let proxies = ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"];
        let proxies = proxies.map(|name| format!("{name}=http://{address}"));
        [vec!["env".to_owned()], proxies.to_vec(), vec!["NO_PROXY=::ffff:127.0.0.1".to_owned()]].concat()
    };
    let process = Process::start_wrapped(environment, &[]).await;
    let mut receiver = process.receiver().await;
    let api = process.api();
    // The receiver has a certificate for 127.0.0.1. The TLS handshake with the mapped form fails, but it also needs a
    // connection.
    let mapped = receiver.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
    for (url, outcome) in [(receiver.url(), "accepted"), (mapped, "certificate_invalid")] {
        let webhook = api.register_url(&url).await;
        assert_eq!(api.test(&webhook).await["outcome"], outcome, "{url}");
    }
    receiver.next().await;
    assert_eq!(proxy.connections(), 0);
}

pub(super) async fn follow_no_redirect(world: &World) {
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("redirected").await);
    let internal = world.internal_address();
    let webhook = api.register_url(&receiver.url()).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [format!("https://{internal}/"), format!("http://{internal}/"), format!("//{internal}/")] {
            let redirect = Reply::Full { status, headers: vec![("location", location.clone())], body: String::new() };
            receiver.reply_to_next([redirect.clone(), redirect]);
            let attempt = api.test(&webhook).await;
            assert_eq!((&attempt["outcome"], &attempt["statusCode"]), (&json!("redirected"), &json!(status)), "{location}: {attempt}");
            let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
            assert_eq!(delivery["lastAttempt"]["outcome"], "redirected", "{location}: {delivery}");
            // The retry of this delivery must not get the response to a later test.
            api.deactivate(&webhook).await;
            api.activate(&webhook).await;
            receiver.next_callbacks(2).await;
        }
    }
    follow_no_redirect_of_a_token_server(world, &api, &receiver).await;
    follow_no_redirect_of_a_handshake(world).await;
    assert_eq!(world.internal_connections(), 0);
}

async fn follow_no_redirect_of_a_token_server(world: &World, api: &Api, receiver: &Receiver) {
    let location = format!("HTTP/1.1 307 Moved\r\nlocation: https://{}/\r\ncontent-length: 0\r\n\r\n", world.internal_address());
    let token_server = HostileReceiver::start(&world.authority, HostileBehaviour::Respond(location.leak())).await;
    let callbacks = receiver.count();
    let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": token_server.url() });
    let webhook = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await);
    let attempt = api.test(&webhook).await;
    assert_eq!(attempt["outcome"], "token_failed", "{attempt}");
    assert_eq!(receiver.count(), callbacks, "no callback is sent without a token");
}

async fn follow_no_redirect_of_a_handshake(world: &World) {
    let (receiver, api) = (world.receiver().await, world.with_handshake.api_of("redirected").await);
    let location = format!("https://{}/", world.internal_address());
    receiver.always_reply(Reply::Full { status: 307, headers: vec![("location", location)], body: String::new() });
    let webhook = api.register_url(&receiver.url()).await;
    eventually("the refusal", async || world.with_handshake.log().contains("redirected").then_some(())).await;
    assert_eq!(api.webhook(&webhook).await["status"], "deactivated");
}

pub(super) async fn connect_only_to_checked_addresses(world: &World) {
    let (receiver, api) = (world.receiver().await, world.server.api_of("rebinding").await);
    receiver.always_reply(accept_and_close());
    let (public, internal) = (ip(ALLOWED), ip(INTERNAL));
    let mapped = ip(&format!("::ffff:{INTERNAL}"));
    for (host, answers, outcomes) in [
        ("rebound", &[&[public][..], &[internal]][..], &["accepted", "name_not_found"][..]),
        ("rebound-to-mapped", &[&[public], &[mapped]], &["accepted", "name_not_found"]),
        ("mixed", &[&[public, internal]], &["name_not_found"]),
        ("mixed-with-mapped", &[&[public, mapped]], &["name_not_found"]),
        ("returning", &[&[internal], &[public]], &["name_not_found", "accepted"]),
    ] {
        let name = world.name_server.set(host, answers);
        // The internal server listens at another port than the receiver. So a connection to the internal address would be
        // refused, and the outcome would be `connection_refused`.
        let webhook = api.register_url(&with_name(&receiver, &name)).await;
        assert_eq!(world.name_server.lookups(&name), 0, "{host}: a registration looks up nothing");
        for (number, outcome) in outcomes.iter().enumerate() {
            let attempt = api.test(&webhook).await;
            assert_eq!(attempt["outcome"], *outcome, "{host}: {attempt}");
            assert_eq!(world.name_server.lookups(&name), number + 1, "{host}: one lookup for each connection");
        }
    }
    let name = world.name_server.set("internal", &[&[internal]]);
    let webhook = api.register_url(&format!("https://{name}:{}/", world.internal_address().port())).await;
    assert_eq!(api.test(&webhook).await["outcome"], "name_not_found");
    assert_eq!(world.internal_connections(), 0);
}

pub(super) async fn show_nothing_of_internal_servers(world: &World) {
    let api = world.server.api_of("curious").await;
    let (port, closed) = (world.internal_address().port(), 9999);
    let absent = world.name_server.set("host-0", &[]);
    let present = world.name_server.set("host-1", &[&[ip(INTERNAL)]]);
    let attempt_at = async |name: &str, port: u16| {
        let webhook = api.register_url(&format!("https://{name}:{port}/")).await;
        let mut attempt = api.test(&webhook).await;
        let members = attempt.as_object_mut().expect("an object");
        // The request has its own identifier, time, signature and port.
        members.retain(|member, _| !["startedAt", "durationMs", "request"].contains(&member.as_str()));
        attempt.to_string().replace(name, "NAME")
    };
    let expected = attempt_at(&absent, port).await;
    assert!(expected.contains("name_not_found"), "{expected}");
    assert_eq!(attempt_at(&present, port).await, expected);
    assert_eq!(attempt_at(&present, closed).await, expected);
    assert_eq!(world.internal_connections(), 0);
}

pub(super) async fn send_nothing_at_registration(world: &World) {
    let receiver = world.receiver().await;
    let name = world.name_server.set("registered", &[&[ip(ALLOWED)]]);
    let api = world.server.api_of("registering").await;
    let token_url = format!("https://{name}/token");
    let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": token_url });
    let webhook = api.register(&json!({ "targetURL": with_name(&receiver, &name), "auth": auth })).await;
    api.update(&id_of(&webhook), &json!({ "targetURL": format!("{}/moved", with_name(&receiver, &name)) })).await;
    assert_eq!((world.name_server.lookups(&name), receiver.connections()), (0, 0));

    let (api, receiver) = (world.with_handshake.api_of("registering").await, world.receiver().await);
    let body = "text-of-an-internal-server";
    receiver.always_reply(Reply::Full { status: 500, headers: vec![("x-test-internal", body.to_owned())], body: body.to_owned() });
    let webhook = api.register_url(&receiver.url()).await;
    eventually("the handshake", async || (receiver.count() > 0).then_some(())).await;
    eventually("its outcome", async || world.with_handshake.log().contains("rejected").then_some(())).await;
    api.webhook(&webhook).await;
    let shown = String::from_utf8_lossy(&world.with_handshake.responses()).into_owned();
    assert!(!shown.contains(body), "the API shows the response to a handshake");
}

/// The lines that an attacker tries to add.
const INJECTED: &str = "x-injected";

pub(super) async fn have_no_injected_headers(world: &World) {
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("injecting").await);
    let url = receiver.url();
    for line_end in ["\r\n", "\n", "\r", "\r\n ", "\u{0}", "\u{85}", "\u{2028}", "\u{10d}\u{10a}"] {
        let text = format!("a{line_end}{INJECTED}: 1");
        let basic = |username: &str, password: &str| json!({ "type": "basic", "username": username, "password": password });
        let headers = |name: &str, value: &str| json!([{ "name": name, "value": value }]);
        let name = text.replace(": 1", "");
        for (body, pointer) in [
            (json!({ "targetURL": url, "headers": headers(&name, "1") }), "/headers/0/name"),
            (json!({ "targetURL": url, "headers": headers("x-test-a", &text) }), "/headers/0/value"),
            (json!({ "targetURL": format!("{url}/{text}") }), "/targetURL"),
        ] {
            let response = api.post("/webhooks", &body).await;
            assert_eq!((response.status, response.pointer().as_deref()), (400, Some(pointer)), "{text:?}: {response:?}");
        }
        // HTTP Basic encodes its text, so only control characters are refused.
        if line_end.chars().all(char::is_control) {
            let response = api.post("/webhooks", &json!({ "targetURL": url, "auth": basic("u", &text) })).await;
            assert_eq!((response.status, response.pointer().as_deref()), (400, Some("/auth/password")), "{text:?}: {response:?}");
        }
    }
    let path = format!("/%0d%0a{INJECTED}:%201");
    let webhook = api.register_url(&format!("{url}{path}")).await;
    api.test(&webhook).await;
    let callback = receiver.next().await;
    assert!(callback.path.ends_with(&path) && callback.find_header(INJECTED).is_none(), "{callback:?}");
    take_no_header_from_a_token(world, &api, &receiver).await;
}

/// The access token of a token server is also foreign text in a header.
async fn take_no_header_from_a_token(world: &World, api: &Api, receiver: &Receiver) {
    let body = format!(r#"{{"access_token":"a\r\n{INJECTED}: 1","token_type":"Bearer"}}"#);
    let response = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let token_server = HostileReceiver::start(&world.authority, HostileBehaviour::Respond(response.leak())).await;
    let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": token_server.url() });
    let webhook = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await);
    let callbacks = receiver.count();
    let attempt = api.test(&webhook).await;
    assert_eq!((&attempt["outcome"], receiver.count()), (&json!("token_failed"), callbacks), "{attempt}");
}

pub(super) async fn show_no_secret_in_deliveries(world: &World) {
    let (receiver, api) = (world.receiver().await, world.server.api_of("logging").await);
    receiver.always_reply(Reply::Echo);
    let (password, key) = ("password-in-the-log", "key-in-the-log");
    let auth = json!({ "type": "basic", "username": "u", "password": password });
    let headers = json!([{ "name": "x-test-key", "value": key }]);
    let webhook = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers })).await);
    let secret = api.signing_secret(&webhook).await;
    api.test(&webhook).await;
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    let shown: Vec<Value> = [api.list("/deliveries").await, api.list("/webhooks").await, vec![delivery]].concat();
    let shown = format!("{shown:?} {}", logged_and_stored(&world.server).await);
    for secret in [password, key, secret.trim_start_matches("whsec_")] {
        assert!(!shown.contains(secret), "the service shows or stores {secret}");
    }
}

/// Returns the log and the database of a server as text.
async fn logged_and_stored(server: &Server) -> String {
    let mut text = server.log();
    for (_, bytes) in server.database().contents().await {
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}
