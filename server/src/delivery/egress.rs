//! Sends one request to a URL that the operator names, with the guard of the callbacks.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::callback::USER_AGENT;
use super::guard::{Guard, Observed, Request};
use super::outcome::Failure;

/// Sends a HEAD request without credentials. Returns the status of the response.
///
/// # Errors
/// A text with the reason, if there is no response.
pub async fn probe(guard: &Guard, url: &Url, timeout: Duration) -> Result<u16, String> {
    guard.check_new_url(url).map_err(|refusal| refusal.to_string())?;
    let headers = HeaderMap::from_iter([(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))]);
    let request = Request { account: "check".into(), method: Method::HEAD, headers, body: Bytes::new(), observed: Observed::default() };
    let sent = tokio::time::timeout(timeout, guard.send(url, &request));
    match sent.await.map_err(|_| format!("no response within {} s", timeout.as_secs()))? {
        Ok(response) => Ok(response.status.as_u16()),
        Err(error) => Err(match Failure::from(error) {
            Failure::Outcome { outcome, error, .. } => format!("{} (outcome {})", error.render(str::to_owned), outcome.as_str()),
            Failure::NotMade(not_made) => not_made.to_string(),
        }),
    }
}
