//! Requests to URLs that the operator names, with the guard of the callbacks.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::callback::USER_AGENT;
use super::guard::{Guard, Observed, Request, SendError};
use super::outcome::Failure;

/// Maximum number of response body bytes that are read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Sends a HEAD request without credentials. Returns the status of the response.
///
/// # Errors
/// A text with the reason, if there is no response.
pub async fn probe(guard: &Guard, url: &Url, timeout: Duration) -> Result<u16, String> {
    guard.check_new_url(url).map_err(|refusal| refusal.to_string())?;
    let headers = HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))]);
    let request = Request { account: "check".into(), method: Method::HEAD, headers, body: Bytes::new(), observed: Observed::default() };
    let sent = tokio::time::timeout(timeout, guard.send(url, &request)).await;
    let response = sent.map_err(|_| format!("no response within {} s", timeout.as_secs()))?.map_err(text)?;
    Ok(response.status.as_u16())
}

/// Sends a request. Returns the response with at most 64 KiB of its body.
///
/// # Errors
/// A text with the reason, if there is no response.
pub async fn send(guard: &Guard, request: http::Request<Bytes>, timeout: Duration) -> Result<http::Response<Bytes>, String> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| error.to_string())?;
    let request = Request { account: "operator".into(), method: parts.method, headers: parts.headers, body, observed: Observed::default() };
    let exchange = async {
        let response = guard.send(&url, &request).await.map_err(text)?;
        let (status, mut body) = (response.status, Vec::new());
        response.read_at_most(MAX_RESPONSE_BYTES, &mut body).await;
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = status;
        Ok(response)
    };
    tokio::time::timeout(timeout, exchange).await.map_err(|_| format!("no response within {} s", timeout.as_secs()))?
}

fn text(error: SendError) -> String {
    match Failure::from(error) {
        Failure::Outcome { outcome, error, .. } => format!("{} (outcome {})", error.render(str::to_owned), outcome.as_str()),
        Failure::NotMade(not_made) => not_made.to_string(),
    }
}
