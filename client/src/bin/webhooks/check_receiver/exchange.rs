//! One callback sent, within the bounds that the service keeps, and what came back.

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

/// As the service does: so much of an answer is read.
const ANSWER_BYTES: usize = 64 * 1024;

/// As the service does, at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// That of the server of this version.
const SERVICE: &str = concat!("webhooks-server/", env!("CARGO_PKG_VERSION"));

pub(crate) struct Exchange {
    client: reqwest::Client,
    url: Url,
    limit: Duration,
}

/// What came of a callback.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    Answer {
        status: StatusCode,
        took: Duration,
        /// It has more than the 64 KiB that the service reads.
        large: bool,
        /// It is what agrees to the callback, if that was a handshake.
        agreed: bool,
    },
    /// No answer in time.
    Late,
    /// The connection was made and ended before an answer came, for this reason.
    Broken(String),
    /// There was no connection, for this reason.
    Unreachable(String),
}

impl Exchange {
    #[expect(clippy::disallowed_methods, reason = "the guard is for URLs that customers choose; this one its user chose")]
    pub(crate) fn new(url: Url, authorities: &[u8], limit: Duration) -> Result<Exchange> {
        let mut builder =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT.min(limit));
        if super::is_loopback(&url) {
            // A proxy would look for the receiver on its own machine.
            builder = builder.no_proxy();
        }
        if !authorities.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(authorities);
            builder = builder.tls_certs_merge(certificates.context("the certificate authorities are not certificates in PEM")?);
        }
        Ok(Exchange { client: builder.build().context("the HTTP client cannot be set up")?, url, limit })
    }

    pub(crate) async fn send(&self, callback: Callback) -> Got {
        let started = Instant::now();
        let deadline = tokio::time::Instant::now() + self.limit;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, SERVICE)
            .headers(callback.headers)
            .body(callback.body.clone());
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Got::Unreachable(explain(&error)),
            Ok(Err(error)) => return Got::Broken(explain(&error)),
            Err(_) => return Got::Late,
        };
        let (status, took) = (response.status(), started.elapsed());
        // The status says it all: a body that breaks off or never ends makes an accepted callback no less accepted.
        let mut body = Vec::new();
        let large = timeout_at(deadline, read(response, &mut body)).await.unwrap_or(false);
        Got::Answer { status, took, large, agreed: status == StatusCode::OK && agrees(&callback.body, &body) }
    }
}

/// Reads as much of the body as the service would; true when there is more.
async fn read(mut response: reqwest::Response, body: &mut Vec<u8>) -> bool {
    while let Ok(Some(chunk)) = response.chunk().await {
        if chunk.len() > ANSWER_BYTES - body.len() {
            return true;
        }
        body.extend_from_slice(&chunk);
    }
    false
}

/// Whether an answer has the challenge of the callback that was sent.
fn agrees(sent: &[u8], answer: &[u8]) -> bool {
    let challenge = |json: &[u8], pointer: &str| {
        let value: Value = serde_json::from_slice(json).ok()?;
        value.pointer(pointer)?.as_str().map(str::to_owned)
    };
    challenge(sent, "/data/challenge").is_some_and(|challenged| challenge(answer, "/challenge") == Some(challenged))
}

/// What is wrong, and what to do about it where that is known.
fn explain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| cause(*error));
    for cause in causes.clone() {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return "nothing listens there".to_owned();
        }
        if let Some(rustls::Error::InvalidCertificate(error)) = cause.downcast_ref() {
            return explain_certificate(error);
        }
    }
    if error.is_timeout() {
        return "there was no connection in time".to_owned();
    }
    causes.last().map_or_else(|| "no further reason is known".to_owned(), ToString::to_string)
}

/// As [`Error::source`], which leaves out what an I/O error is made of: of rustls's errors some are in there, in two layers.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn explain_certificate(error: &CertificateError) -> String {
    let advice = match error {
        CertificateError::UnknownIssuer => {
            "its certificate is not from an authority that is trusted, so the service would not call it\n  \
             have it show the whole chain up to a public authority, or give --ca-file, as the server then needs too"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name, so the service would not call it\n  get one for the name in this URL"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, so the service would not call it\n  renew it, and see why that did not happen by itself"
        }
        other => return format!("its certificate is not valid ({other}), so the service would not call it"),
    };
    advice.to_owned()
}
