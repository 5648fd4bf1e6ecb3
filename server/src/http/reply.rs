//! Converts the outcome of every handler to a response. Logs and counts each response.

use std::panic::AssertUnwindSafe;

use dropshot::{HttpResponse, RequestContext};
use futures_util::FutureExt as _;

use crate::api::problem::{ApiError, Reply};
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
        let (status, code, _) = error.kind.row();
        match error.cause() {
            Some(cause) => {
                slog::error!(rqctx.log, "request failed"; "status" => status.as_u16(), "code" => code, "error" => format!("{cause:#}"))
            }
            None => slog::debug!(rqctx.log, "request refused"; "status" => status.as_u16(), "code" => code),
        }
    }
    let reply = Reply::new(outcome, &rqctx.request_id, rqctx.request.headers());
    rqctx.context().metrics.responded(&rqctx.endpoint.operation_id, reply.status_code());
    Ok(reply)
}
