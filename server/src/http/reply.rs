//! Converts the outcome of every handler to a response. Logs and counts each response.

use std::panic::AssertUnwindSafe;

use dropshot::{HttpResponse, RequestContext};
use futures_util::FutureExt as _;

use crate::api::problem::{ApiError, Kind, Reply};
use crate::api::types::Problem;
use crate::http::App;

/// Runs a handler and returns its [`Reply`]. Converts an error to a problem response, and logs the cause of the error.
/// The response does not show the cause. Also converts a panic to a problem response. Otherwise the response would not be a
/// problem, and the log would not have the message of the panic.
pub async fn reply<R: HttpResponse>(
    rqctx: &RequestContext<App>,
    body: impl Future<Output = Result<R, ApiError>>,
) -> Result<Reply<R>, Problem> {
    let outcome = AssertUnwindSafe(body).catch_unwind().await.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ApiError::internal(anyhow::anyhow!("a handler panicked: {}", message.unwrap_or_default())))
    });
    if let Err(error) = &outcome {
        log_error(rqctx, error);
    }
    let reply = Reply::new(outcome, &rqctx.request_id, rqctx.request.headers());
    rqctx.context().metrics.responded(&rqctx.endpoint.operation_id, reply.status_code());
    Ok(reply)
}

/// Logs why a request failed. A fault of the service is always logged, so that the operator finds the `instance` of a
/// response in the log. Other failures with a cause are sampled: while the store is not available, all requests fail.
fn log_error(rqctx: &RequestContext<App>, error: &ApiError) {
    let (status, code, _) = error.kind.row();
    let Some(cause) = error.cause() else {
        slog::debug!(rqctx.log, # "request.refused", "request refused"; "status" => status.as_u16(), "code" => code);
        return;
    };
    let app = rqctx.context();
    let omitted = if error.kind == Kind::Internal { Some(0) } else { app.lines.failed.sample(code, app.clock.now()) };
    match omitted {
        Some(omitted) => slog::error!(rqctx.log, # "request.failed", "request failed";
            "status" => status.as_u16(), "code" => code, "error" => format!("{cause:#}"), "omitted" => omitted),
        None => slog::debug!(rqctx.log, # "request.failed", "request failed";
            "status" => status.as_u16(), "code" => code, "error" => format!("{cause:#}"), "omitted" => 0),
    }
}
