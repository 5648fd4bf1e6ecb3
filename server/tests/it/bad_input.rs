//! Refused requests: status, code and pointer of the response. A refused request changes nothing.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Server, Setup};

const BASIC: &str = r#"{"type":"basic","username":"u","password":"p"}"#;

/// Sends each body of the table. Checks that the response is a 400 with the given pointer, and that no object changes.
async fn expect_refused(server: &Server, method: Method, path: &str, table: &[(&str, &str)]) {
    let api = server.api();
    let before = snapshot(&api).await;
    let mut wrong = String::new();
    for (body, pointer) in table {
        let response = api.call(method.clone(), path, &[], (*body).to_owned()).await;
        let found = (response.status, response.json()["code"].clone(), response.pointer());
        if found != (400, json!("invalid_request"), Some((*pointer).to_owned())) {
            let shown: String = body.chars().take(200).collect();
            let _ = writeln!(wrong, "{shown}\n  expected a refusal at {pointer:?}, got {found:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(snapshot(&api).await, before);
}

async fn snapshot(api: &Api) -> [Vec<Value>; 3] {
    [api.list("/webhooks").await, api.list("/notifications").await, api.list("/deliveries").await]
}

fn registration(member: &str, value: &str) -> String {
    format!(r#"{{"targetURL":"https://example.com","{member}":{value}}}"#)
}

#[tokio::test]
async fn a_registration_that_is_not_a_json_object_is_refused() {
    let server = Server::start().await;
    let table = [
        ("{", ""),
        ("nonsense", ""),
        (r#"{"targetURL":"https://example.com",}"#, ""),
        (r#"{"targetURL":"https://example.com"} {}"#, ""),
        (r#"{"targetURL":"https://example.com"}x"#, ""),
        ("null", ""),
        ("[]", ""),
        (r#"["https://example.com"]"#, ""),
        (r#""https://example.com""#, ""),
        ("7", ""),
        (r#"{"targetURL":"https://example.com","targetURL":"https://example.org"}"#, ""),
        ("{}", ""),
    ];
    expect_refused(&server, Method::POST, "/webhooks", &table).await;
    expect_refused(&server, Method::POST, "/webhooks", &[("\u{feff}{}", "")]).await;
    let with_byte_order_mark = "\u{feff}{\"targetURL\":\"https://example.com\"}";
    server.api().call(Method::POST, "/webhooks", &[], with_byte_order_mark).await.expect(200);
}

#[tokio::test]
async fn a_registration_with_an_invalid_member_is_refused_with_a_pointer_to_it() {
    let server = Server::start().await;
    let owned = [
        (registration("colour", "1"), "/colour"),
        (registration("target_url", "1"), "/target_url"),
        (registration("description", "null"), "/description"),
        (registration("description", r#""""#), "/description"),
        (registration("description", &json!("x".repeat(513)).to_string()), "/description"),
        (registration("description", r#""a\u0000b""#), "/description"),
        (registration("headers", "null"), "/headers"),
        (registration("headers", "{}"), "/headers"),
        (registration("headers", r#"["X-Key: k"]"#), "/headers/0"),
        (registration("headers", r#"[["X-Key","k"]]"#), "/headers/0"),
        (registration("headers", r#"[{"name":"X-Key"}]"#), "/headers/0"),
        (registration("headers", r#"[{"name":"a","value":"k"},{"name":"Host","value":"k"}]"#), "/headers/1/name"),
        (registration("headers", r#"[{"name":"webhook_signature","value":"k"}]"#), "/headers/0/name"),
        (registration("headers", r#"[{"name":"X Key","value":"k"}]"#), "/headers/0/name"),
        (registration("headers", r#"[{"name":"X-Key:","value":"k"}]"#), "/headers/0/name"),
        (registration("headers", r#"[{"name":"X-Key\r\nHost","value":"k"}]"#), "/headers/0/name"),
        (registration("headers", r#"[{"name":"X-Key","value":""}]"#), "/headers/0/value"),
        (registration("headers", r#"[{"name":"X-Key","value":" k"}]"#), "/headers/0/value"),
        (registration("headers", r#"[{"name":"X-Key","value":"k\t"}]"#), "/headers/0/value"),
        (registration("headers", r#"[{"name":"X-Key","value":"k\r\nHost: h"}]"#), "/headers/0/value"),
        (registration("headers", r#"[{"name":"X-Key","value":"ü"}]"#), "/headers/0/value"),
        (registration("headers", r#"[{"name":"X-Key","value":"k"},{"name":"x_KEY","value":"k"}]"#), "/headers"),
        (registration("eventTypes", "null"), "/eventTypes"),
        (registration("eventTypes", "[]"), "/eventTypes"),
        (registration("eventTypes", r#""a.b""#), "/eventTypes"),
        (registration("eventTypes", r#"["a.b", "A.b"]"#), "/eventTypes/1"),
        (registration("eventTypes", r#"["a.*.b"]"#), "/eventTypes/0"),
        (registration("eventTypes", r#"["*.a"]"#), "/eventTypes/0"),
        (registration("eventTypes", r#"[null]"#), "/eventTypes/0"),
        (registration("eventTypes", &json!(vec!["a"; 101]).to_string()), "/eventTypes"),
        (registration("eventTypes", &json!(["a".repeat(131)]).to_string()), "/eventTypes/0"),
        (r#"{"targetURL":null}"#.to_owned(), "/targetURL"),
        (r#"{"targetURL":7}"#.to_owned(), "/targetURL"),
        (r#"{"targetURL":["https://example.com"]}"#.to_owned(), "/targetURL"),
    ];
    let table: Vec<(&str, &str)> = owned.iter().map(|(body, pointer)| (body.as_str(), *pointer)).collect();
    expect_refused(&server, Method::POST, "/webhooks", &table).await;
}

#[tokio::test]
async fn an_authentication_with_an_invalid_member_is_refused_with_a_pointer_to_it() {
    let server = Server::start().await;
    let long = "x".repeat(1025);
    let client = r#""type":"client_credential","clientID":"c","clientSecret":"s","tokenURL":"https://example.com""#;
    let owned = [
        ("null".to_owned(), "/auth"),
        ("[]".to_owned(), "/auth"),
        (r#""basic""#.to_owned(), "/auth"),
        (r#"["basic","u","p"]"#.to_owned(), "/auth"),
        ("{}".to_owned(), "/auth"),
        (r#"{"type":"hmac"}"#.to_owned(), "/auth/type"),
        (r#"{"type":null}"#.to_owned(), "/auth/type"),
        (r#"{"type":"basic"}"#.to_owned(), "/auth"),
        (r#"{"type":"basic","username":"u"}"#.to_owned(), "/auth"),
        (r#"{"type":"basic","username":"","password":"p"}"#.to_owned(), "/auth/username"),
        (r#"{"type":"basic","username":"u:v","password":"p"}"#.to_owned(), "/auth/username"),
        (r#"{"type":"basic","username":"u\n","password":"p"}"#.to_owned(), "/auth/username"),
        (r#"{"type":"basic","username":"u","password":""}"#.to_owned(), "/auth/password"),
        (r#"{"type":"basic","username":"u","password":"p\r\n"}"#.to_owned(), "/auth/password"),
        (r#"{"type":"basic","username":"u","password":7}"#.to_owned(), "/auth/password"),
        (format!(r#"{{"type":"basic","username":"{long}","password":"p"}}"#), "/auth/username"),
        (format!(r#"{{"type":"basic","username":"u","password":"{long}"}}"#), "/auth/password"),
        (r#"{"type":"basic","username":"u","password":"p","token":"t"}"#.to_owned(), "/auth/token"),
        (r#"{"type":"noauth","colour":1}"#.to_owned(), "/auth/colour"),
        (r#"{"type":"noauth","username":"u"}"#.to_owned(), "/auth"),
        (r#"{"type":"client_credential","clientID":"c","clientSecret":"s"}"#.to_owned(), "/auth"),
        (format!("{{{client},\"scope\":null}}"), "/auth/scope"),
        (format!("{{{client},\"scope\":\"a  b\"}}"), "/auth/scope"),
        (format!("{{{client},\"scope\":\"\"}}"), "/auth/scope"),
        (format!("{{{client},\"audience\":\"a b\"}}"), "/auth/audience"),
        (format!("{{{client},\"password\":\"p\"}}"), "/auth"),
        ("{".to_owned() + &client.replace("https://example.com", "http://example.com") + "}", "/auth/tokenURL"),
        ("{".to_owned() + &client.replace("https://example.com", "https://u@example.com") + "}", "/auth/tokenURL"),
        ("{".to_owned() + &client.replace("https://example.com", "https://10.0.0.1/") + "}", "/auth/tokenURL"),
        ("{".to_owned() + &client.replace(r#""c""#, r#""ü""#) + "}", "/auth/clientID"),
    ];
    let owned: Vec<(String, &str)> = owned.into_iter().map(|(auth, pointer)| (registration("auth", &auth), pointer)).collect();
    let table: Vec<(&str, &str)> = owned.iter().map(|(body, pointer)| (body.as_str(), *pointer)).collect();
    expect_refused(&server, Method::POST, "/webhooks", &table).await;
}

#[tokio::test]
async fn a_url_that_is_not_an_absolute_https_url_is_refused() {
    let server = Server::start().await;
    let long = format!("https://example.com/{}", "a".repeat(2048));
    for member in ["targetURL", "update"] {
        let urls = [
            "",
            "example.com",
            "/notify",
            "//example.com",
            "https:",
            "https://",
            "https:///x",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com",
            "HTTP://example.com",
            "https://user@example.com",
            "https://user:password@example.com",
            "https://@example.com",
            "https://example.com/#top",
            "https://example.com#",
            "https://example.com/a b",
            "https://example.com/\t",
            " https://example.com",
            "https://example.com ",
            "https:\\\\example.com",
            "https://exa\u{6d}ple.com\u{0}",
            "https://exämple.com",
            "https://example.com:0x50",
            "https://example.com:65536",
            "https://[::1",
            "https://exa mple.com",
            "https://%31%32%37.0.0.1",
            "https://a..b/",
            "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/",
            "https://example.com:0/",
            "https://bücher.example/",
            &long,
        ];
        let bodies: Vec<String> = urls.iter().map(|url| json!({ "targetURL": url }).to_string()).collect();
        let table: Vec<(&str, &str)> = bodies.iter().map(|body| (body.as_str(), "/targetURL")).collect();
        if member == "targetURL" {
            expect_refused(&server, Method::POST, "/webhooks", &table).await;
        } else {
            let id = server.api().register_url("https://example.com").await;
            expect_refused(&server, Method::PATCH, &format!("/webhooks/{id}"), &table).await;
        }
    }
}

#[tokio::test]
async fn a_private_address_is_refused_in_every_notation() {
    let server = Setup::production().start().await;
    let hosts = [
        "localhost",
        "localhost.",
        "a.LocalHost",
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7F000001",
        "017700000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.255.255.254",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
    ];
    let bodies: Vec<String> = hosts.iter().map(|host| json!({ "targetURL": format!("https://{host}/x") }).to_string()).collect();
    let table: Vec<(&str, &str)> = bodies.iter().map(|body| (body.as_str(), "/targetURL")).collect();
    expect_refused(&server, Method::POST, "/webhooks", &table).await;
    let id = server.api().register_url("https://1.1.1.1/x").await;
    expect_refused(&server, Method::PATCH, &format!("/webhooks/{id}"), &table).await;
}

#[tokio::test]
async fn an_invalid_update_is_refused() {
    let server = Server::start().await;
    let api = server.api();
    let id = api.register(&serde_json::from_str(&registration("auth", BASIC)).expect("JSON")).await["id"].clone();
    let path = format!("/webhooks/{}", id.as_str().expect("a string"));
    let table = [
        ("", ""),
        ("[]", ""),
        (r#"{"colour":1}"#, "/colour"),
        (r#"{"status":"deactivated"}"#, "/status"),
        (r#"{"targetURL":null}"#, "/targetURL"),
        (r#"{"auth":null}"#, "/auth"),
        (r#"{"auth":{"type":"basic","username":"new"}}"#, "/auth"),
        (r#"{"auth":{"username":"new"}}"#, "/auth"),
        (r#"{"eventTypes":[]}"#, "/eventTypes"),
        (r#"{"description":null}"#, "/description"),
        (r#"{"description":"new","eventTypes":["A"]}"#, "/eventTypes/0"),
    ];
    expect_refused(&server, Method::PATCH, &path, &table).await;
    let table =
        [("{}", ""), (r#"{"status":"active"}"#, "/status"), (r#"{"status":{"deactivated":null}}"#, "/status"), (r#"["deactivated"]"#, "")];
    expect_refused(&server, Method::PATCH, &format!("{path}/deactivation"), &table).await;
    let table = [("{}", ""), (r#"{"status":"deactivated"}"#, "/status"), (r#"{"status":"active","more":1}"#, "/more")];
    expect_refused(&server, Method::PATCH, &format!("{path}/activation"), &table).await;
}

#[tokio::test]
async fn an_invalid_publication_is_refused() {
    let server = Server::start().await;
    let long = format!(r#"{{"type":"{}","data":{{}}}}"#, "a".repeat(129));
    let table = [
        ("{}", ""),
        (r#"{"type":"a.b"}"#, ""),
        (r#"{"data":{}}"#, ""),
        (r#"{"type":"a.b","data":[]}"#, "/data"),
        (r#"{"type":"a.b","data":"{}"}"#, "/data"),
        (r#"{"type":"a.b","data":null}"#, "/data"),
        (r#"{"type":"a.b","data":{"a":}}"#, "/data/a"),
        (r#"{"type":"A.b","data":{}}"#, "/type"),
        (r#"{"type":"a..b","data":{}}"#, "/type"),
        (r#"{"type":".a","data":{}}"#, "/type"),
        (r#"{"type":"*","data":{}}"#, "/type"),
        (r#"{"type":"webhook.test","data":{}}"#, "/type"),
        (r#"{"type":"webhook.anything","data":{}}"#, "/type"),
        (r#"{"type":"a.b","data":{},"webhook":null}"#, "/webhook"),
        (r#"{"type":"a.b","data":{},"webhook":{}}"#, "/webhook"),
        (r#"{"type":"a.b","data":{},"webhook":["0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"]}"#, "/webhook"),
        (r#"{"type":"a.b","data":{},"webhook":{"id":"x"}}"#, "/webhook/id"),
        (r#"{"type":"a.b","data":{},"webhook":{"id":"0197a5a03c7e7d2a9f106b1f2f6f3d55"}}"#, "/webhook/id"),
        (r#"{"type":"a.b","data":{},"account":""}"#, "/account"),
        (r#"{"type":"a.b","data":{},"account":"UPPER"}"#, "/account"),
        (r#"{"type":"a.b","data":{},"extra":1}"#, "/extra"),
        (&long, "/type"),
    ];
    expect_refused(&server, Method::POST, "/notifications", &table).await;
}

#[tokio::test]
async fn an_invalid_idempotency_key_is_refused() {
    let server = Server::start().await;
    let api = server.api();
    let body = r#"{"type":"a.b","data":{}}"#;
    let long = "k".repeat(256);
    for keys in [
        &[("idempotency-key", "")][..],
        &[("idempotency-key", "a b")],
        &[("idempotency-key", "ü")],
        &[("idempotency-key", &long)],
        &[("idempotency-key", "a"), ("idempotency-key", "b")],
    ] {
        let response = api.call(Method::POST, "/notifications", keys, body).await;
        assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{keys:?}");
    }
    assert!(api.list("/notifications").await.is_empty());
}

#[tokio::test]
async fn an_invalid_id_or_query_is_refused() {
    let server = Server::start().await;
    let api = server.api();
    let id = api.register_url("https://example.com").await;
    let unhyphenated = id.replace('-', "");
    for path in [
        "/webhooks/x",
        "/webhooks/7",
        &format!("/webhooks/{unhyphenated}"),
        &format!("/webhooks/%7B{id}%7D"),
        "/webhooks/%00",
        "/notifications/x",
        "/deliveries/x",
        "/webhooks?limit=0",
        "/webhooks?limit=201",
        "/webhooks?limit=-1",
        "/webhooks?limit=ten",
        "/webhooks?limit=",
        "/webhooks?cursor=x",
        "/webhooks?cursor=AAAAAAAAAAAAAAAAAAAAAB",
        "/webhooks?status=gone",
        "/webhooks?colour=red",
        "/webhooks?limit=1&limit=2",
        "/notifications?type=A",
        "/notifications?cursor=",
        "/deliveries?webhookID=x",
        "/deliveries?notificationID=x",
        "/deliveries?status=x",
        "/deliveries?since=yesterday",
        "/deliveries?until=2026-01-01",
    ] {
        let response = api.get(path).await;
        assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_path_or_method_is_a_problem_like_all_others() {
    let server = Server::start().await;
    let api = server.api();
    let webhooks = "/api/notifications/v1/webhooks";
    for (method, path, status, code, detail) in [
        (Method::GET, "/", 404, "not_found", "`/openapi.json` and `/docs`"),
        (Method::GET, "/api/notifications/v1/nothing", 404, "not_found", "there is no such path"),
        (Method::GET, "/api/notifications/v2/webhooks", 404, "not_found", "did you mean `/api/notifications/v1/webhooks` (listWebhooks)?"),
        (Method::POST, "/webhooks", 404, "not_found", "did you mean `/api/notifications/v1/webhooks` (registerWebhook)?"),
        (Method::PUT, webhooks, 405, "method_not_allowed", "it has GET (listWebhooks), POST (registerWebhook)"),
        (Method::DELETE, webhooks, 405, "method_not_allowed", "it has GET (listWebhooks), POST (registerWebhook)"),
    ] {
        let response = api.send(method.clone(), path, &[], "").await;
        assert_eq!(response.problem(), (status, code.to_owned()), "{method} {path}");
        let problem = response.json();
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains(detail)), "{method} {path}: {problem}");
        assert_eq!(response.headers["content-type"], "application/problem+json");
        let response = api.send(method.clone(), path, &[("accept", "application/json")], "").await;
        assert_eq!(response.headers["content-type"], "application/json", "{method} {path}");
    }
}

#[tokio::test]
async fn a_refused_parameter_is_named() {
    let server = Server::start().await;
    let api = server.api();
    for (path, expected) in [
        ("/deliveries?since=yesterday", "the parameter `since` must be a time such as `2006-01-02T15:04:05Z` (RFC 3339)"),
        ("/deliveries?limit=10&until=tomorrow", "the parameter `until` must be a time"),
        ("/deliveries?since=2026-01-01T00:00:00+02:00", "write `+` as `%2B`"),
        ("/deliveries?limit=0", "the parameter `limit` must be a whole number from 1 to 200"),
        ("/deliveries?status=late", "the parameter `status` must be `pending`"),
        ("/deliveries?webhookID=7", "the parameter `webhookID` must be an identifier"),
        ("/deliveries?cursor=7", "the parameter `cursor`"),
        ("/webhooks/zzz", "in the path, `id` must be an identifier"),
    ] {
        let response = api.get(path).await;
        assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{path}");
        let detail = response.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(expected), "{path}: {detail}");
    }
}
