//! The documentation page: one HTML file that is made from openapi.json and loads nothing from elsewhere.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::OPENAPI_JSON;
use crate::problem::Kind;

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
