use std::collections::BTreeSet;
use std::io::Read as _;

use http::Method;
use serde_json::{Value, json};
use webhooks_server_api::problem::Kind;

use crate::harness::{Browser, PREFIX, Server, id_of};

const OPENAPI_JSON: &str = include_str!("../../../openapi.json");

fn document() -> Value {
    serde_json::from_str(OPENAPI_JSON).expect("openapi.json is JSON")
}

#[tokio::test]
async fn openapi_json_is_served_unchanged() {
    let server = Server::start().await;
    let response = server.api_without_token().send(Method::GET, "/openapi.json", &[], "").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    assert!(response.body == OPENAPI_JSON.as_bytes());
}

#[tokio::test]
async fn a_matching_etag_gets_304_without_a_body() {
    let server = Server::start().await;
    let api = server.api_without_token();
    for path in ["/docs", "/openapi.json"] {
        let first = api.send(Method::GET, path, &[], "").await;
        assert_eq!(first.headers["cache-control"], "no-cache", "{path}");
        let etag = first.headers["etag"].to_str().expect("ASCII").to_owned();
        assert!(etag.len() == 66 && etag.starts_with('"'), "{path}: {etag} is not a strong ETag with a SHA-256 hash");
        for (known, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let again = api.send(Method::GET, path, &[("if-none-match", &known)], "").await;
            assert_eq!((again.status, again.body.is_empty()), (status, status == 304), "{path}: {known}");
            assert_eq!(again.headers["etag"], etag, "{path}: {known}");
        }
    }
}

#[tokio::test]
async fn the_page_and_the_document_are_compressed_for_clients_that_accept_it() {
    let server = Server::start().await;
    let api = server.api_without_token();
    for path in ["/docs", "/openapi.json"] {
        let plain = api.send(Method::GET, path, &[], "").await;
        for (accepted, compressed) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("*", true), ("gzip;q=0", false), ("*, gzip;q=0", false), ("br", false)]
        {
            let response = api.send(Method::GET, path, &[("accept-encoding", accepted)], "").await;
            assert_eq!(response.headers["vary"], "Accept-Encoding");
            assert_eq!(response.headers.contains_key("content-encoding"), compressed, "{path}: {accepted}");
            let mut body = Vec::new();
            if compressed {
                assert!(response.body.len() * 3 < plain.body.len(), "{path}: {} bytes", response.body.len());
                flate2::read::GzDecoder::new(&response.body[..]).read_to_end(&mut body).expect("gzip");
                let known = [("accept-encoding", accepted), ("if-none-match", response.headers["etag"].to_str().expect("ASCII"))];
                assert_eq!(api.send(Method::GET, path, &known, "").await.status, 304);
                assert_ne!(response.headers["etag"], plain.headers["etag"]);
            } else {
                body.extend_from_slice(&response.body);
            }
            assert!(body == plain.body, "{path}: {accepted}");
        }
    }
}

#[tokio::test]
async fn the_page_has_a_strict_security_policy() {
    let server = Server::start().await;
    let page = server.api_without_token().send(Method::GET, "/docs", &[], "").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let policy = page.headers["content-security-policy"].to_str().expect("ASCII");
    let directives: Vec<&str> = policy.split("; ").collect();
    for expected in ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(directives.contains(&expected), "{expected} is not in {policy}");
    }
    let scripts = directives.iter().find_map(|directive| directive.strip_prefix("script-src ")).expect("a directive for scripts");
    assert!(scripts.split(' ').all(|source| source.starts_with("'sha256-")), "{policy}");
}

#[tokio::test]
async fn each_problem_type_links_to_its_explanation() {
    let server = Server::start().await;
    let page = server.api_without_token().send(Method::GET, "/docs", &[], "").await.body;
    let page = String::from_utf8(page.to_vec()).expect("UTF-8");
    let codes: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.row().1).collect();
    for code in &codes {
        assert_eq!(page.matches(&format!("id=\"problem-{code}\"")).count(), 1, "{code}");
    }
    // No documented operation responds with this problem, so the document has no example of it.
    let without_example = "method_not_allowed";
    let types = OPENAPI_JSON.split("\"/docs#problem-").skip(1).filter_map(|rest| rest.split('"').next());
    assert_eq!(types.chain([without_example]).collect::<BTreeSet<_>>(), codes);
}

#[tokio::test]
async fn a_browser_shows_the_whole_api_without_requests_to_other_hosts() {
    if webhooks_postgres::skip_without(&["chromium"]) {
        return;
    }
    let server = Server::start().await;
    let mut browser = Browser::start().await;
    let page = format!("{}/docs", server.base());

    browser.open(&format!("{page}#tag/webhooks/POST{PREFIX}/webhooks")).await;
    let document = document();
    let operations = document["paths"].as_object().expect("paths").values().flat_map(|item| item.as_object().expect("operations").values());
    for summary in operations.filter_map(|operation| operation["summary"].as_str()) {
        browser.wait_for_text(summary).await;
    }
    // The types of authentication are visible without a click.
    for shown in [
        "basic (HTTP Basic)",
        "client_credential (OAuth 2.0 client credentials)",
        "noauth (no authentication)",
        "https://callbacks.example/notify",
    ] {
        browser.wait_for_text(shown).await;
    }
    browser.click("text.includes('One of') && text.includes('BasicAuthInput')").await;
    for authentication in ["basic", "client_credential", "noauth"] {
        let options = "[...document.querySelectorAll('[role=option]')]";
        browser.wait_for(&format!("{options}.some(option => option.innerText.startsWith('{authentication} '))")).await;
    }
    browser.click("text.includes('{$request.body#/targetURL}')").await;
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        browser.wait_for_text(header).await;
    }

    browser.open(&format!("{page}#tag/receive-callbacks/webhook/POST/notification")).await;
    for shown in ["hmac.compare_digest", "The service sends this request to your callback server", "catalog.purchase.closed"] {
        browser.wait_for_text(shown).await;
    }
    // On a phone and on a desktop, nothing is wider than the window, and no path of an operation is cut off.
    for width in [390, 1280] {
        browser.set_width(width).await;
        browser.wait_for("document.querySelectorAll('.endpoint-path').length > 10").await;
        browser.wait_for(&format!("innerWidth == {width} && document.documentElement.scrollWidth <= {width}")).await;
        let cut_off = "[...document.querySelectorAll('.endpoints')].filter(list => list.scrollWidth > list.clientWidth).length";
        assert_eq!(browser.evaluate(cut_off).await, 0, "{width}");
    }

    browser.open(&format!("{page}#problem-rate_limited")).await;
    browser.wait_for_text("Notifications API").await;
    let top = "document.getElementById('problem-rate_limited').getBoundingClientRect().top";
    browser.wait_for(&format!("{top} >= 0 && {top} < innerHeight")).await;
    assert_eq!(browser.evaluate("location.hash").await, "#problem-rate_limited");

    assert!(browser.requests.contains(&page), "{:?}", browser.requests);
    let other_hosts = browser.requests.iter().filter(|url| !url.starts_with(&format!("{}/", server.base())) && !url.starts_with("data:"));
    assert_eq!(other_hosts.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(browser.errors, [""; 0]);

    // The content security policy of the page blocks a request to another origin.
    let attempt = "new Promise(resolve => {
        addEventListener('securitypolicyviolation', violation => resolve(violation.effectiveDirective))
        fetch('http://127.0.0.1:9/').catch(() => {})
    })";
    assert_eq!(browser.evaluate(attempt).await, "connect-src");
}

#[tokio::test]
async fn a_request_can_be_sent_from_the_page() {
    if webhooks_postgres::skip_without(&["chromium"]) {
        return;
    }
    let server = Server::start().await;
    let api = server.api();
    let id = id_of(&api.register(&json!({ "targetURL": "https://example.com/tried" })).await);
    let mut browser = Browser::start().await;
    browser.open(&format!("{}/docs#tag/webhooks/GET{PREFIX}/webhooks", server.base())).await;
    let token = json!(api.token());
    let enter = format!(
        "(field => field && (field.value = {token}, field.dispatchEvent(new Event('input', {{ bubbles: true }}))))\
         (document.querySelector('input[placeholder=Token]'))"
    );
    browser.wait_for(&enter).await;
    browser.click(&format!("text.includes('(get {PREFIX}/webhooks)')")).await;
    browser.click("text.includes('Send get request to')").await;
    browser.wait_for_text(&id).await;
    assert_eq!(browser.errors, [""; 0]);
}
