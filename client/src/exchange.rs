//! Sends a request: adds the access token, retries temporary failures, and rejects responses that are not from the service.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use bytes::Bytes;
use http::StatusCode;
use http::header::AUTHORIZATION;
use progenitor_client::{ClientHooks, ClientInfo as _, OperationInfo};
use reqwest::{Request, Response, ResponseBuilderExt as _};
use tokio::time::Instant;

use crate::retry::{self, RetryPolicy, Verdict};
use crate::token::{TokenError, Tokens};
use crate::types::Problem;
use crate::{Client, Error};

/// After this number of bytes, the client stops reading the body of an error response. The problems of the service are
/// shorter.
const MAX_ERROR_BODY_BYTES: usize = 512 * 1024;

/// The settings of a [`Client`], except the address of the service and the HTTP client.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// The source of tokens. With `None`, the client sends requests without a token.
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub(crate) retry: RetryPolicy,
    /// Time limit of one attempt.
    pub(crate) timeout: Duration,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("retry", &self.retry).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The body of an error response. This body is an extension of the response, so that `Failure` can read it
/// synchronously.
#[derive(Clone)]
pub(crate) struct ErrorBody(pub(crate) Bytes);

/// The reason why there is no token. [`ClientHooks::exec`] cannot return this reason as an error. So `exec` returns a
/// placeholder response that contains the reason. From this response, [`ClientHooks::post`] returns the reason as an
/// error.
#[derive(Clone)]
struct NoToken(String);

impl ClientHooks<Exchange> for Client {
    async fn exec(&self, mut request: Request, operation: &OperationInfo) -> reqwest::Result<Response> {
        let exchange = self.inner();
        let mut issued = match &exchange.tokens {
            Some(tokens) => match tokens.issue().await {
                Ok(issued) => Some((tokens, issued)),
                Err(error) => return Ok(missing_token_response(&error)),
            },
            None => None,
        };
        let repeatable = retry::is_repeatable(operation.operation_id, &request);
        let started = Instant::now();
        let (mut attempts_made, mut renewed) = (0, false);
        loop {
            if let Some((_, issued)) = &issued {
                request.headers_mut().insert(AUTHORIZATION, issued.token.header());
            }
            *request.timeout_mut() = Some(exchange.retry.timeout(attempts_made, started.elapsed(), exchange.timeout));
            // Cloning fails only for a streamed body, and the generated client never streams a body.
            let Some(copy) = request.try_clone() else { return self.attempt(request).await };
            let outcome = self.attempt(copy).await;
            let is_refused = outcome.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED);
            if is_refused
                && !renewed
                && let Some((tokens, refused)) = &issued
            {
                renewed = true;
                match tokens.renew(refused).await {
                    Ok(Some(new)) => {
                        issued = Some((tokens, new));
                        continue;
                    }
                    Ok(None) => return outcome,
                    Err(error) => return Ok(missing_token_response(&error)),
                }
            }
            attempts_made += 1;
            if !Verdict::of(&outcome).allows_another(repeatable) {
                return outcome;
            }
            let retry_after = outcome.as_ref().ok().and_then(|response| retry::retry_after(response.headers(), SystemTime::now()));
            match exchange.retry.delay(attempts_made, started.elapsed(), retry_after, random_fraction()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return outcome,
            }
        }
    }

    async fn post<E>(&self, result: &reqwest::Result<Response>, _: &OperationInfo) -> Result<(), Error<E>> {
        let Ok(response) = result else { return Ok(()) };
        if let Some(NoToken(reason)) = response.extensions().get() {
            return Err(Error::Custom(reason.clone()));
        }
        match response.extensions().get::<ErrorBody>() {
            Some(body) if serde_json::from_slice::<Problem>(&body.0).is_err() => Err(Error::UnexpectedResponse(with_body(response, body))),
            _ => Ok(()),
        }
    }
}

impl Client {
    /// Sends the request once. If the response is an error, also reads the body. The body shows whether the service sent
    /// the response.
    async fn attempt(&self, request: Request) -> reqwest::Result<Response> {
        let mut response = self.client().execute(request).await?;
        if !response.status().is_client_error() && !response.status().is_server_error() {
            return Ok(response);
        }
        let mut body = Vec::new();
        while body.len() < MAX_ERROR_BODY_BYTES
            && let Some(chunk) = response.chunk().await?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(with_body(&response, &ErrorBody(body.into())))
    }
}

/// Returns a response with the status, URL and headers of `response`, and with `body`.
fn with_body(response: &Response, body: &ErrorBody) -> Response {
    let builder = http::Response::builder().status(response.status()).url(response.url().clone()).extension(body.clone());
    // The builder fails only for an invalid status, and a received status is always valid.
    let mut copy = Response::from(builder.body(body.0.clone()).expect("a received status is valid"));
    copy.headers_mut().clone_from(response.headers());
    copy
}

fn missing_token_response(error: &TokenError) -> Response {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let reason = causes.fold(error.to_string(), |reason, cause| format!("{reason}: {cause}"));
    let mut response = http::Response::new("");
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.extensions_mut().insert(NoToken(reason));
    response.into()
}

/// Returns a random number in `0.0..1.0`. If the system provides no random bytes, returns 1.0, which gives the longest
/// wait.
fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 1.0,
    }
}
