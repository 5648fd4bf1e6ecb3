//! The outcome and the sentence for each failure of a request. This is the only place that maps causes to outcomes.

use std::io::ErrorKind;
use std::time::Duration;

use super::{NotMade, certificate};
use crate::delivery::error_text::ErrorText;
use crate::delivery::guard::{Cause, NameError, Step};
use crate::model::Outcome;

/// Returns the outcome of a failed request and a sentence for the customer.
///
/// # Errors
/// When this server could not make the attempt.
pub(super) fn describe(cause: &Cause) -> Result<(Outcome, ErrorText), NotMade> {
    Ok(match cause {
        Cause::Shortage(shortage) => return Err(NotMade::Shortage(shortage.clone())),
        Cause::Name(busy @ NameError::AddressBusy) => return Err(NotMade::HostLimit(busy.clone())),
        Cause::Refused(refusal) => (Outcome::AddressBlocked, refusal.to_string().into()),
        Cause::Name(error) => {
            let outcome = if matches!(error, NameError::NotFound { .. }) { Outcome::NameNotFound } else { Outcome::NameFailed };
            (outcome, error.to_string().into())
        }
        Cause::ConnectTimedOut { step: Step::Lookup, limit } => {
            let text = format!(
                "the name servers did not respond within the connect timeout of {}; check the name servers of the domain",
                seconds(*limit)
            );
            (Outcome::NameFailed, text.into())
        }
        Cause::ConnectTimedOut { step, limit } => {
            let text = format!(
                "no connection within the connect timeout of {}: {step} was not complete; check that the server is reachable from the internet",
                seconds(*limit)
            );
            (Outcome::TimedOut, text.into())
        }
        Cause::Connect(kind) => of_connect(*kind),
        Cause::Tls(error) => certificate::describe(error),
        Cause::ClientCertificateRequired => {
            let text = "the server requires a client certificate, but the service has none; accept callbacks without a client certificate, and check `webhook-signature`";
            (Outcome::ClientCertificateRequired, text.into())
        }
        Cause::LostInHandshake(kind) => {
            let text = format!(
                "the server {} the connection during the TLS handshake; check the TLS configuration and the log of the server",
                ended(*kind)
            );
            (Outcome::ConnectionLost, text.into())
        }
        Cause::Lost { kind, partial } => {
            let text = match partial {
                false => format!(
                    "the server {} the connection without a response; find the reason in the log of the server or of the proxy before it",
                    ended(*kind)
                ),
                true => format!(
                    "the server {} the connection in the middle of the response header; find the reason in the log of the server or of the proxy before it",
                    ended(*kind)
                ),
            };
            (Outcome::ConnectionLost, text.into())
        }
        Cause::NoPong => {
            let text = "the server did not respond on the HTTP/2 connection: it sent nothing for 5 s, and did not respond to a PING frame within 5 s; find out why the server hangs";
            (Outcome::ConnectionLost, text.into())
        }
        Cause::Reset(reason) => {
            let text = format!(
                "the server ended the HTTP/2 request without a response (error code {}: {}); find the reason in the log of the server or of the proxy before it",
                u32::from(*reason),
                reason.description()
            );
            (Outcome::ConnectionLost, text.into())
        }
        Cause::TooManyBytes => {
            let text = "the server sent too many bytes before the response body; send at most 64 KiB and 4,096 fields in the status line, the header fields and all 1xx responses together";
            (Outcome::ConnectionLost, text.into())
        }
        Cause::Http2Violation => (
            Outcome::ConnectionLost,
            "the server violated HTTP/2 on this connection, so the service closed the connection; update the server, or turn HTTP/2 off"
                .into(),
        ),
        Cause::InvalidResponse => (
            Outcome::ConnectionLost,
            "the response is not valid HTTP; respond with a status line and header fields as RFC 9112 specifies".into(),
        ),
    })
}

fn of_connect(kind: ErrorKind) -> (Outcome, ErrorText) {
    match kind {
        ErrorKind::ConnectionRefused => (
            Outcome::ConnectionRefused,
            "the server refused the connection: no program listens on this port, or a firewall refuses it; start the server, or open the port".into(),
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            (Outcome::ConnectionRefused, "the network of the server is unreachable; check its address and its routes".into())
        }
        ErrorKind::TimedOut => (Outcome::TimedOut, "the server did not accept the TCP connection in time; check that the server is reachable from the internet".into()),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => (Outcome::ConnectionLost, "the server reset the connection; find the reason in its log or in its firewall".into()),
        ErrorKind::PermissionDenied => (Outcome::ConnectionRefused, "a firewall of the service forbids the connection; ask the operator of the service".into()),
        _ => (Outcome::ConnectionLost, "the connection failed; check that the server is reachable from the internet".into()),
    }
}

/// Returns the verb for the end of a connection.
fn ended(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => "reset",
        _ => "closed",
    }
}

/// Returns a duration in seconds, for example `2.5 s`.
pub(in crate::delivery) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_millis() as f64 / 1000.0)
}
