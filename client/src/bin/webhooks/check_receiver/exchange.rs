//! Sends one callback with the same limits as the service, and returns the outcome.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http::StatusCode;
use http::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::Url;
use rustls::CertificateError;
use serde_json::Value;
use tokio::time::timeout_at;

use super::cases::Callback;

/// Maximum number of bytes that this command reads from a response body. The service has the same limit.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Time limit for opening a connection. The service has the same limit by default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The `User-Agent` that a server of this version sends.
const SERVER_USER_AGENT: &str = concat!("webhooks-server/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Exchange {
    client: reqwest::Client,
    url: Url,
    limit: Duration,
}

/// The outcome of sending a callback.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Response {
        status: StatusCode,
        took: Duration,
        /// Whether the body has more than 64 KiB. The service reads only 64 KiB.
        large: bool,
        /// Whether the response agrees to the handshake.
        agreed: bool,
    },
    /// There was no response within the time limit.
    TimedOut,
    /// The connection failed before there was a response. The text is the reason.
    Broken(String),
    /// No connection was possible. The text is the reason.
    Unreachable(String),
}

impl Exchange {
    pub(crate) fn new(url: Url, authorities: &[u8], limit: Duration) -> Result<Exchange> {
        Ok(Exchange { client: client(&url, authorities, limit)?, url, limit })
    }

    pub(crate) async fn send(&self, callback: Callback) -> Outcome {
        let started = Instant::now();
        let deadline = tokio::time::Instant::now() + self.limit;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, SERVER_USER_AGENT)
            .headers(callback.headers)
            .body(callback.body.clone());
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Outcome::Unreachable(explain(&error)),
            Ok(Err(error)) => return Outcome::Broken(explain(&error)),
            Err(_) => return Outcome::TimedOut,
        };
        let (status, took) = (response.status(), started.elapsed());
        // Only the status shows whether the callback is accepted. The body may be incomplete.
        let mut body = Vec::new();
        let large = timeout_at(deadline, read(response, &mut body)).await.unwrap_or(false);
        Outcome::Response { status, took, large, agreed: status == StatusCode::OK && agrees(&callback.body, &body) }
    }
}

/// Returns an HTTP client for a receiver.
#[expect(clippy::disallowed_methods, reason = "the lint protects requests to URLs of customers; here the user chose the URL")]
pub(crate) fn client(url: &Url, authorities: &[u8], limit: Duration) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT.min(limit));
    if webhooks_client::is_loopback(url) {
        // Uses no proxy: a proxy on another machine would connect to the loopback address of the proxy's machine.
        builder = builder.no_proxy();
    }
    if !authorities.is_empty() {
        let certificates = reqwest::Certificate::from_pem_bundle(authorities);
        builder = builder.tls_certs_merge(certificates.context("the certificate authorities are not PEM certificates")?);
    }
    builder.build().context("cannot set up the HTTP client")
}

/// Reads at most `MAX_BODY_BYTES` of the body. Returns whether the body is longer.
pub(crate) async fn read(mut response: reqwest::Response, body: &mut Vec<u8>) -> bool {
    while let Ok(Some(chunk)) = response.chunk().await {
        if chunk.len() > MAX_BODY_BYTES - body.len() {
            return true;
        }
        body.extend_from_slice(&chunk);
    }
    false
}

/// Whether a response contains the challenge of the sent callback.
fn agrees(sent: &[u8], response: &[u8]) -> bool {
    let challenge = |json: &[u8], pointer: &str| {
        let value: Value = serde_json::from_slice(json).ok()?;
        value.pointer(pointer)?.as_str().map(str::to_owned)
    };
    challenge(sent, "/data/challenge").is_some_and(|expected| challenge(response, "/challenge") == Some(expected))
}

/// Returns the cause of an error. For an invalid certificate, adds advice.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| cause(*error));
    for cause in causes.clone() {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return "no server listens there".to_owned();
        }
        if let Some(rustls::Error::InvalidCertificate(error)) = cause.downcast_ref() {
            return explain_certificate(error);
        }
    }
    if error.is_timeout() {
        return "the connection timed out".to_owned();
    }
    causes.last().map_or_else(|| "the reason is unknown".to_owned(), ToString::to_string)
}

/// Returns the cause of an error. Unlike [`Error::source`], this function also returns the inner error of an I/O error. An
/// error of rustls can be inside an I/O error that is inside another I/O error.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn explain_certificate(error: &CertificateError) -> String {
    let advice = match error {
        CertificateError::UnknownIssuer => {
            "its certificate is not from a trusted authority, so the service would not call it\n  \
             configure the whole chain up to a public authority, or give --ca-file here and to the server"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name, so the service would not call it\n  get a certificate for the name in this URL"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, so the service would not call it\n  renew it, and check the automatic renewal"
        }
        other => return format!("its certificate is not valid ({other}), so the service would not call it"),
    };
    advice.to_owned()
}
