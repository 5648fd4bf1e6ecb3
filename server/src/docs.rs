//! The documentation that the server serves beside the API: openapi.json as it stands, and a page made from it.
//!
//! Nothing of the page comes from elsewhere, and its policy lets no request leave it but to the API itself. Both are for
//! people and their tools rather than operations of the API, so openapi.json does not list them.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dropshot::{ApiDescription, ApiDescriptionRegisterError, Body, HttpError, RequestContext, endpoint};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::App;
use crate::problem::Kind;

/// The source of truth, byte by byte.
pub const OPENAPI_JSON: &str = include_str!("../../openapi.json");

/// # Errors
/// When the API has a route of the same path.
pub(crate) fn register(api: &mut ApiDescription<App>) -> Result<(), ApiDescriptionRegisterError> {
    api.register(get_openapi_json)?;
    api.register(get_docs)
}

/// The document
#[endpoint { method = GET, path = "/openapi.json", unpublished = true }]
async fn get_openapi_json(rqctx: RequestContext<App>) -> Result<Response<Body>, HttpError> {
    static DOCUMENT: OnceLock<Served> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Served::new("application/json", Bytes::from_static(OPENAPI_JSON.as_bytes())));
    Ok(document.answer(rqctx.request.headers()))
}

/// The page
#[endpoint { method = GET, path = "/docs", unpublished = true }]
async fn get_docs(rqctx: RequestContext<App>) -> Result<Response<Body>, HttpError> {
    static PAGE: OnceLock<(Served, HeaderValue)> = OnceLock::new();
    let (page, policy) = PAGE.get_or_init(|| {
        let Page { html, policy } = Page::new();
        // The only directive that a page cannot set for itself.
        let policy = format!("{policy}; frame-ancestors 'none'").try_into().expect("directives are ASCII");
        (Served::new("text/html; charset=utf-8", html.into()), policy)
    });
    let mut answer = page.answer(rqctx.request.headers());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

/// What is the same for every caller, and told apart by its hash.
struct Served {
    media_type: &'static str,
    body: Bytes,
    etag: String,
}

impl Served {
    fn new(media_type: &'static str, body: Bytes) -> Served {
        let hash: String = digest(&SHA256, &body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Served { media_type, body, etag: format!("\"{hash}\"") }
    }

    fn answer(&self, request: &HeaderMap) -> Response<Body> {
        let response = Response::builder()
            .header(header::ETAG, &self.etag)
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let response = if is_known(request, &self.etag) {
            response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
        } else {
            response.header(header::CONTENT_TYPE, self.media_type).body(Body::from(self.body.clone()))
        };
        response.expect("every header is ASCII")
    }
}

/// If-None-Match (RFC 9110 §13.1.2), which compares weakly.
fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}

/// One file that needs no other.
pub struct Page {
    pub html: String,
    /// Its Content-Security-Policy, which the page also states itself.
    pub policy: String,
}

impl Page {
    #[must_use]
    pub fn new() -> Page {
        let scalar = scalar_api_reference::get_asset("scalar.js").expect("the crate has its script");
        // In a page, `<!--` in a script would begin a comment; in the script's strings and patterns `\x3C` is the same.
        let scalar = String::from_utf8(scalar).expect("a script is UTF-8").replace("<!--", r"\x3C!--");
        let start = include_str!("docs/start.js");
        let policy = format!(
            "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'",
            source(&scalar),
            source(start),
        );
        let html = fill(
            include_str!("docs/page.html"),
            &[
                ("policy", &policy),
                ("title", &title()),
                ("problems", &problems()),
                // JSON has `<` in strings alone, where this is the same.
                ("document", &OPENAPI_JSON.replace('<', r"\u003c")),
                ("scalar", &scalar),
                ("start", start),
            ],
        );
        Page { html, policy }
    }
}

impl Default for Page {
    fn default() -> Page {
        Page::new()
    }
}

/// Replaces each `{{name}}`, which stand in this order, and looks at nothing that was put in.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    for (name, value) in values {
        let (before, after) = rest.split_once(&format!("{{{{{name}}}}}")).expect("the template has every name");
        filled.extend([before, value]);
        rest = after;
    }
    filled + rest
}

/// How a policy names an inline script.
fn source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, script.as_bytes())))
}

fn title() -> String {
    let document: serde_json::Value = serde_json::from_str(OPENAPI_JSON).expect("openapi.json is JSON");
    escape(document["info"]["title"].as_str().unwrap_or_default())
}

/// Each problem under the anchor that its `type` names.
fn problems() -> String {
    let article = |kind: &Kind| {
        let (status, code, title) = kind.row();
        format!(
            "<article id=\"problem-{code}\"><h2>{title}</h2><p><code>{code}</code>, status {}</p><p>{}</p></article>\n",
            status.as_u16(),
            remedy(*kind),
            title = escape(title),
        )
    };
    Kind::ALL.iter().map(article).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What the caller can do, in HTML.
const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidRequest => "Correct what <code>detail</code> and <code>errors</code> name, then send the request again.",
        Kind::CredentialsRequired => {
            "Send <code>auth</code> with its secret in the same update: stored credentials never go to a new place."
        }
        Kind::Unauthenticated => {
            "Send <code>Authorization: Bearer</code> with an access token that has neither expired nor been revoked; the operator makes one."
        }
        Kind::InsufficientScope => "Use a token with the scope that <code>detail</code> names.",
        Kind::NotFound => "Check the identifier, and that the token belongs to the account that the object belongs to.",
        Kind::IdempotencyConflict => "Use a new <code>Idempotency-Key</code> for another body; repeat the same body to repeat a request.",
        Kind::WebhookDeactivated => "Activate the webhook first.",
        Kind::WebhookLimit => "Delete a webhook that is no longer needed, or ask the operator for a higher limit.",
        Kind::NotificationDeleted => {
            "What was deleted cannot be sent again: publish a new notification, with an <code>Idempotency-Key</code> of its own."
        }
        Kind::PayloadTooLarge => "Send a smaller body.",
        Kind::UnsupportedMediaType => "Send JSON, with <code>Content-Type: application/json</code>.",
        Kind::RateLimited => "Wait for as many seconds as <code>Retry-After</code> says, then send the request again.",
        Kind::Internal => "Tell the operator the <code>instance</code> of the problem: the service's log has the cause under it.",
        Kind::Overloaded => "Wait for as many seconds as <code>Retry-After</code> says, then send the same request again.",
    }
}
