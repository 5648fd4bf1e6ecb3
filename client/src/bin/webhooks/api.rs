//! The connection to the API: the address, the access token, and the errors of failed requests.

use std::time::Duration;

use anyhow::{Context as _, Result};
use webhooks_client::{Client, Error, Failure, ResponseValue, RetryPolicy, types::Problem};

use crate::arguments::Connection;
use crate::failure::ApiFailure;
use crate::secrets;

/// Time limit of a request, including its retries. The limit is short, because a person waits for the result.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Api {
    pub(crate) client: Client,
    url: String,
    token_source: String,
}

impl Api {
    pub(crate) fn connect(connection: &Connection) -> Result<Api> {
        let (token, token_source) = access_token(connection)?;
        let mut builder = Client::builder(&connection.url)
            .token(&token)
            .user_agent(concat!("webhooks/", env!("CARGO_PKG_VERSION")))
            .authorities(&authorities(connection)?)
            .retry(RetryPolicy::default().within(TIMEOUT));
        if let Some(proxy) = &connection.proxy {
            builder = builder.proxy(proxy);
        }
        let client = builder.build().with_context(|| format!("cannot use the API at {}", connection.url))?;
        Ok(Api { client, url: connection.url.clone(), token_source })
    }

    /// Returns the body of the response, or an [`ApiFailure`].
    pub(crate) fn settle<T>(&self, result: Result<ResponseValue<T>, Error<Problem>>) -> Result<T> {
        Ok(result.map_err(|error| self.failure(error.into()))?.into_inner())
    }

    pub(crate) fn failure(&self, failure: Failure) -> ApiFailure {
        ApiFailure { failure, url: self.url.clone(), token_source: self.token_source.clone() }
    }
}

/// Returns the certificate authorities (PEM) to trust in addition to the public certificate authorities.
pub(crate) fn authorities(connection: &Connection) -> Result<Vec<u8>> {
    let Some(file) = &connection.ca_file else { return Ok(Vec::new()) };
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Returns the access token and its source. `--token-file` has precedence over the environment variable.
fn access_token(connection: &Connection) -> Result<(String, String)> {
    if let Some(file) = &connection.token_file {
        return Ok((secrets::from_file(file)?, file.display().to_string()));
    }
    if let Ok(token) = std::env::var("API_ACCESS_TOKEN") {
        return Ok((token, "API_ACCESS_TOKEN".to_owned()));
    }
    let file = connection.data_dir.join("access-token");
    let token = secrets::from_file(&file).context(
        "there is no access token: set API_ACCESS_TOKEN, give --token-file, or give --data-dir of a server on this machine (a server \
         creates a token at its first start: `cargo run --release -- --dev`)",
    )?;
    Ok((token, file.display().to_string()))
}
