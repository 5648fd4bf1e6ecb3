//! The documentation page is one HTML file, which is generated from openapi.json. The page loads nothing from other
//! hosts.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::OPENAPI_JSON;
use crate::Outcome;
use crate::WaitingReason;
use crate::problem::Kind;

/// The documentation page.
pub struct Page {
    pub html: String,
    /// The Content-Security-Policy of the page. The page also contains this policy in a `meta` element.
    pub policy: String,
}

impl Page {
    #[must_use]
    pub fn new() -> Page {
        let scalar = scalar_api_reference::get_asset("scalar.js").expect("the crate has its script");
        // In an inline script, `<!--` starts a comment. This script has `<!--` only in strings and patterns. In strings
        // and patterns, `\x3C` means `<`.
        let scalar = String::from_utf8(scalar).expect("a script is UTF-8").replace("<!--", r"\x3C!--");
        let start = include_str!("docs/start.js");
        let policy = format!(
            "default-src 'none'; script-src {} {}; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'",
            hash_source(&scalar),
            hash_source(start),
        );
        let html = fill(
            include_str!("docs/page.html"),
            &[
                ("policy", &policy),
                ("title", &title()),
                ("problems", &problems()),
                ("outcomes", &outcomes()),
                ("reasons", &reasons()),
                ("document", &script_json(OPENAPI_JSON)),
                ("receivers", &script_json(&serde_json::Value::from(receivers()).to_string())),
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

/// Makes JSON safe inside a script element. JSON has `<` only in strings, where `\u003c` means `<`.
fn script_json(json: &str) -> String {
    json.replace('<', r"\u003c")
}

/// Returns the chapter about receivers, in Markdown: the rules and an example in each language. It is the section of the
/// client's README.md, without the last paragraph, which has a link to another file.
fn receivers() -> &'static str {
    let (_, section) = include_str!("../receivers.md").split_once("\n## Receivers\n").expect("README.md of the client has the section");
    let (section, _) = section.split_once("\n## ").expect("the section is not the last one");
    let end = section.rfind("```").expect("the section has examples") + "```".len();
    &section[..end]
}

/// Replaces each `{{name}}` in the template by its value. The template must have the names in the same order as
/// `values`. A `{{name}}` inside an inserted value is not replaced.
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

/// Returns the source expression that allows an inline script in a Content-Security-Policy.
fn hash_source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, script.as_bytes())))
}

fn title() -> String {
    let document: serde_json::Value = serde_json::from_str(OPENAPI_JSON).expect("openapi.json is JSON");
    escape(document["info"]["title"].as_str().unwrap_or_default())
}

/// Returns the explanations of all problems. The anchor of an explanation is the fragment in the `type` of the problem.
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

/// Returns the explanations of all outcomes. The anchor of an explanation is the fragment in the `help` of the attempt.
fn outcomes() -> String {
    Outcome::ALL.into_iter().map(|outcome| explanation("outcome", outcome.row())).collect()
}

/// Returns the explanations of all reasons to wait. The anchor of an explanation is the fragment in the `help` of
/// `waitingFor`.
fn reasons() -> String {
    WaitingReason::ALL.into_iter().map(|reason| explanation("waiting", reason.row())).collect()
}

fn explanation(kind: &str, (value, meaning, remedy): (&str, &str, &str)) -> String {
    let [meaning, remedy] = [meaning, remedy].map(|text| code_elements(&escape(text)));
    format!(
        "<article id=\"{kind}-{value}\"><h2><code>{value}</code></h2><p>Meaning: {meaning}.</p><p>What to do: {remedy}.</p></article>\n"
    )
}

/// Converts the code spans of Markdown to HTML.
fn code_elements(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(position, part)| if position % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns what the caller can do about a problem, in HTML.
const fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidRequest => "Correct the errors that <code>detail</code> and <code>errors</code> name, then send the request again.",
        Kind::CredentialsRequired => {
            "Send the member that <code>detail</code> names, with its secret, in the same update. Stored credentials are never sent to a new place."
        }
        Kind::Unauthenticated => "Send <code>Authorization: Bearer</code> with a valid access token. The operator creates access tokens.",
        Kind::InsufficientScope => "Use an access token with the scope that <code>detail</code> names.",
        Kind::NotFound => "Check the path and the identifier. Use a token of the account that owns the object.",
        Kind::MethodNotAllowed => "Use a method that <code>Allow</code> lists.",
        Kind::IdempotencyConflict => "Use a new <code>Idempotency-Key</code> for another body. To repeat a request, send the same body.",
        Kind::WebhookDeactivated => "Activate the webhook first.",
        Kind::WebhookLimit => "Delete a webhook that you no longer need, or ask the operator for a higher limit.",
        Kind::NotificationDeleted => {
            "A deleted notification cannot be sent again. Publish a new notification with a new <code>Idempotency-Key</code>."
        }
        Kind::PayloadTooLarge => "Send a smaller body.",
        Kind::UnsupportedMediaType => "Send uncompressed JSON, with <code>Content-Type: application/json</code>.",
        Kind::RateLimited => "Wait for the number of seconds in <code>Retry-After</code>, then send the request again.",
        Kind::Internal => {
            "Send the <code>instance</code> of the problem to the operator. The service's log has the cause under this identifier."
        }
        Kind::Overloaded => {
            "Wait for the number of seconds in <code>Retry-After</code>. If it is safe to repeat the request, send it again."
        }
    }
}
