//! Sends received callbacks to another receiver, for `listen --forward-to` and `replay`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::Url;
use tokio::time::timeout;

use crate::arguments::Connection;
use crate::check_receiver::exchange::{self, explain};
use crate::check_receiver::trusted_authorities;

/// Time limit of one callback. The service waits for 15 s by default.
const LIMIT: Duration = Duration::from_secs(15);

/// Headers that belong to the connection to this program (RFC 9110 §7.6.1), and not to the callback.
const NOT_FORWARDED: [http::HeaderName; 7] = [CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

#[derive(Clone)]
pub(crate) struct Forwarder {
    client: reqwest::Client,
    url: Url,
}

/// The response of the other receiver.
pub(crate) struct Forwarded {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    /// At most the 64 KiB that the service reads.
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
}

impl Forwarder {
    pub(crate) fn new(text: &str, connection: &Connection) -> Result<Forwarder> {
        let url = Url::parse(text).with_context(|| format!("`{text}` is not a URL such as http://localhost:3000/hook"))?;
        match url.scheme() {
            "https" => {}
            "http" if webhooks_client::is_loopback(&url) => {}
            "http" => bail!("callbacks contain credentials: give an https URL, or the URL of a server on this machine"),
            _ => bail!("`{text}` is not an http or https URL"),
        }
        let client = exchange::client(&url, &trusted_authorities(&url, connection)?, LIMIT)?;
        Ok(Forwarder { client, url })
    }

    /// Sends a callback. The error is the reason why there is no response.
    pub(crate) async fn send(&self, mut headers: HeaderMap, body: Bytes) -> Result<Forwarded, String> {
        for name in NOT_FORWARDED {
            headers.remove(name);
        }
        let started = Instant::now();
        let exchange = async {
            let request = self.client.post(self.url.clone()).headers(headers).body(body);
            let response = request.send().await.map_err(|error| explain(&error))?;
            let (status, content_type) = (response.status(), response.headers().get(CONTENT_TYPE).cloned());
            let mut body = Vec::new();
            exchange::read(response, &mut body).await;
            Ok(Forwarded { status, content_type, body: body.into(), took: started.elapsed() })
        };
        timeout(LIMIT, exchange).await.unwrap_or_else(|_| Err(format!("no response within {} s", LIMIT.as_secs())))
    }
}
