//! Authenticates the caller, and then reads the request's body. If a request has several errors, the status is the
//! first status in this list that applies: 401, 403, 415, 413, 400.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use dropshot::RequestContext;
use http_body_util::BodyExt as _;

use crate::api::Scope;
use crate::api::extract::{JsonBody, RequestBody, parse};
use crate::api::problem::{ApiError, Kind};
use crate::http::App;
use crate::http::auth::{self, Caller};
use crate::model::byte_order_mark;

/// Time limit for receiving a body. dropshot itself sets no limit.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// After a refusal, the server still reads the rest of the body. It stops after this number of bytes or after this
/// time. If the connection closes while a client sends, the client cannot read the response.
const DRAIN_BYTES: usize = 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the caller and the parsed body. The caller must have the scope.
///
/// # Errors
/// If the caller is not authenticated or does not have the scope, or if the body is refused.
pub async fn read<T: RequestBody>(body: JsonBody<T>, rqctx: &RequestContext<App>, scope: Scope) -> Result<(Caller, T), ApiError> {
    let (caller, value, _) = read_with_bytes(body, rqctx, scope).await?;
    Ok((caller, value))
}

/// Like [`read`], but the token must also be a platform token.
///
/// # Errors
/// In the same cases as [`read`], and if the token belongs to an account.
pub async fn read_as_platform<T: RequestBody>(
    body: JsonBody<T>,
    rqctx: &RequestContext<App>,
    scope: Scope,
) -> Result<(Caller, T), ApiError> {
    let (caller, bytes) = read_bytes(body, rqctx, scope, Caller::require_platform).await?;
    Ok((caller, parse(&bytes)?))
}

/// Like [`read`], but also returns the received bytes.
///
/// # Errors
/// In the same cases as [`read`].
pub async fn read_with_bytes<T: RequestBody>(
    body: JsonBody<T>,
    rqctx: &RequestContext<App>,
    scope: Scope,
) -> Result<(Caller, T, BytesMut), ApiError> {
    let (caller, bytes) = read_bytes(body, rqctx, scope, |_| Ok(())).await?;
    Ok((caller, parse(&bytes)?, bytes))
}

async fn read_bytes<T>(
    body: JsonBody<T>,
    rqctx: &RequestContext<App>,
    scope: Scope,
    check: fn(&Caller) -> Result<(), ApiError>,
) -> Result<(Caller, BytesMut), ApiError> {
    let limit = rqctx.context().request_body_max_bytes;
    let (parts, mut body) = body.into_request().into_parts();
    let result = async {
        let caller = auth::caller(rqctx, scope).await?;
        check(&caller)?;
        require_json(&parts.headers)?;
        let mut bytes = tokio::time::timeout(READ_TIMEOUT, collect(&mut body, limit)).await.map_err(|_| {
            ApiError::new(Kind::InvalidRequest, format!("the body did not arrive within {} seconds", READ_TIMEOUT.as_secs()))
        })??;
        // RFC 8259 §8.1 permits a parser to ignore a byte order mark.
        bytes.advance(bytes.len() - byte_order_mark::skipped(&bytes).len());
        Ok((caller, bytes))
    };
    match result.await {
        Ok(read) => Ok(read),
        Err(error) => {
            // The response does not wait for the rest of the body. So a refused request is no longer in progress.
            tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(body)));
            Err(error)
        }
    }
}

/// Reads the rest of a body. If the client sends more than [`DRAIN_BYTES`], it may not receive the response.
async fn drain(mut body: dropshot::Body) {
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, bytes::Bytes::len);
        if drained > DRAIN_BYTES {
            break;
        }
    }
}

/// Checks the Content-Type and the Content-Encoding. A request without a Content-Type counts as JSON, because the
/// recipient may assume a type (RFC 9110 §8.3).
fn require_json(headers: &http::HeaderMap) -> Result<(), ApiError> {
    let encodings = headers.get_all(http::header::CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    if encodings.flat_map(|value| value.split(',')).any(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity")) {
        let detail = "send the body uncompressed, without `Content-Encoding`";
        return Err(ApiError::unsupported(http::header::ACCEPT_ENCODING, "identity", detail));
    }
    let Some(value) = headers.get(http::header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().ok().and_then(|value| value.split(';').next()).map(str::trim);
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => {
            let detail = "send the body as JSON, with `Content-Type: application/json`";
            Err(ApiError::unsupported(http::header::ACCEPT, "application/json", detail))
        }
    }
}

async fn collect(body: &mut dropshot::Body, limit: usize) -> Result<BytesMut, ApiError> {
    let too_large = || ApiError::new(Kind::PayloadTooLarge, format!("the body may have at most {limit} bytes"));
    if http_body::Body::size_hint(body).lower() > limit as u64 {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Kind::InvalidRequest, "the connection ended before the end of the body"))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
