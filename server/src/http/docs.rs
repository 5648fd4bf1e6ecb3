//! The documentation that the server serves beside the API: openapi.json as it stands, and a page made from it.
//!
//! Nothing of the page comes from elsewhere, and its policy lets no request leave it but to the API itself. Both are for
//! people and their tools rather than operations of the API, so openapi.json does not list them.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use dropshot::{ApiDescription, ApiDescriptionRegisterError, Body, HttpError, RequestContext, endpoint};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::api::OPENAPI_JSON;
use crate::api::docs::Page;
use crate::http::App;

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
        let hash = HEXLOWER.encode(digest(&SHA256, &body).as_ref());
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
