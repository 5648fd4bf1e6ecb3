//! The documentation that the server serves: openapi.json, and the documentation page that is generated from it.
//!
//! The page loads nothing from other servers. The content security policy of the page allows requests only to the API.
//! The page and the document are not operations of the API, so openapi.json does not list them.

use std::io::Write as _;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use dropshot::{ApiDescription, ApiDescriptionRegisterError, Body, HttpError, RequestContext, endpoint};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::api::OPENAPI_JSON;
use crate::api::docs::Page;
use crate::api::negotiation::weights;
use crate::http::App;
use crate::http::contexts::Lent;

/// # Errors
/// If the API has a route with the same path.
pub(crate) fn register(api: &mut ApiDescription<App>) -> Result<(), ApiDescriptionRegisterError> {
    api.register(get_openapi_json)?;
    api.register(get_docs)
}

/// openapi.json
#[endpoint { method = GET, path = "/openapi.json", unpublished = true }]
async fn get_openapi_json(rqctx: RequestContext<App>) -> Result<Response<Body>, HttpError> {
    let rqctx = Lent::new(rqctx);
    static DOCUMENT: OnceLock<StaticContent> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| StaticContent::new("application/json", Bytes::from_static(OPENAPI_JSON.as_bytes())));
    Ok(document.response(rqctx.request.headers()))
}

/// The documentation page
#[endpoint { method = GET, path = "/docs", unpublished = true }]
async fn get_docs(rqctx: RequestContext<App>) -> Result<Response<Body>, HttpError> {
    let rqctx = Lent::new(rqctx);
    static PAGE: OnceLock<(StaticContent, HeaderValue)> = OnceLock::new();
    let (page, policy) = PAGE.get_or_init(|| {
        let Page { html, policy } = Page::new();
        // The directive `frame-ancestors` has no effect in the page itself, so the header contains it.
        let policy = format!("{policy}; frame-ancestors 'none'").try_into().expect("directives are ASCII");
        (StaticContent::new("text/html; charset=utf-8", html.into()), policy)
    });
    let mut response = page.response(rqctx.request.headers());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Content that is the same for every caller. The ETag is the hash of the content.
struct StaticContent {
    media_type: &'static str,
    plain: Encoded,
    /// Compressed when the first client accepts it.
    gzip: OnceLock<Encoded>,
}

struct Encoded {
    body: Bytes,
    etag: String,
}

impl StaticContent {
    fn new(media_type: &'static str, body: Bytes) -> StaticContent {
        let hash = HEXLOWER.encode(digest(&SHA256, &body).as_ref());
        StaticContent { media_type, plain: Encoded { body, etag: format!("\"{hash}\"") }, gzip: OnceLock::new() }
    }

    fn compress(&self) -> Encoded {
        let Encoded { body, etag } = &self.plain;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = encoder.write_all(body).and_then(|()| encoder.finish()).expect("writing to memory does not fail");
        // The two encodings have different bytes, so they need different strong ETags (RFC 9110 §8.8.3.3).
        Encoded { body: compressed.into(), etag: format!("{}-gzip\"", etag.trim_end_matches('"')) }
    }

    fn response(&self, request: &HeaderMap) -> Response<Body> {
        let compressed = accepts_gzip(request);
        let Encoded { body, etag } = if compressed { self.gzip.get_or_init(|| self.compress()) } else { &self.plain };
        let mut response = Response::builder()
            .header(header::ETAG, etag)
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::VARY, "Accept-Encoding");
        if is_cached(request, etag) {
            return response.status(StatusCode::NOT_MODIFIED).body(Body::empty()).expect("every header is ASCII");
        }
        if compressed {
            response = response.header(header::CONTENT_ENCODING, "gzip");
        }
        response.header(header::CONTENT_TYPE, self.media_type).body(Body::from(body.clone())).expect("every header is ASCII")
    }
}

/// Whether the client accepts gzip (RFC 9110 §12.5.3).
fn accepts_gzip(request: &HeaderMap) -> bool {
    let weights = weights(request, header::ACCEPT_ENCODING);
    let weight_of = |coding: &str| weights.iter().find(|(name, _)| name == coding).map(|(_, weight)| *weight);
    weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight| weight > 0.0)
}

/// Returns whether If-None-Match contains the ETag. The comparison is weak (RFC 9110 §13.1.2).
fn is_cached(request: &HeaderMap, etag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}
