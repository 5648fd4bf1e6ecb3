//! Why a request has no response.

use std::fmt;
use std::io;
use std::time::Duration;

use hickory_resolver::net::NetError;
use rustix::io::Errno;

use super::facts::ConnectionFacts;
use super::meter::{End, Meter};
use crate::delivery::guard::Refusal;
use crate::delivery::guard::resolver::NameError;

/// A failed request.
#[derive(Clone, Debug)]
pub(in crate::delivery) struct SendError {
    pub(in crate::delivery) cause: Cause,
    pub(in crate::delivery) connection: Box<ConnectionFacts>,
}

#[derive(Clone, Debug)]
pub(in crate::delivery) enum Cause {
    Refused(Refusal),
    Name(NameError),
    /// This server lacks a resource. The text names it.
    Shortage(String),
    /// There was no connection within the connect timeout.
    ConnectTimedOut {
        step: Step,
        limit: Duration,
    },
    /// The TCP connection failed.
    Connect(io::ErrorKind),
    Tls(rustls::Error),
    ClientCertificateRequired,
    /// The connection ended during the TLS handshake, without an alert.
    LostInHandshake(io::ErrorKind),
    /// The connection ended before the response.
    Lost {
        kind: io::ErrorKind,
        partial: bool,
    },
    /// The receiver did not confirm that the HTTP/2 connection is alive.
    NoPong,
    /// The receiver ended the request with an HTTP/2 error.
    Reset(h2::Reason),
    TooManyBytes,
    /// The receiver violated HTTP/2, so this server closed the connection. Another request may be the reason.
    Http2Violation,
    /// The response violates HTTP.
    InvalidResponse,
}

impl From<NameError> for Cause {
    fn from(error: NameError) -> Cause {
        let shortage = match &error {
            NameError::Busy => Some(error.to_string()),
            NameError::Failed { source: NetError::Io(source), .. } => shortage_in(source),
            _ => None,
        };
        shortage.map_or(Cause::Name(error), Cause::Shortage)
    }
}

impl Cause {
    /// Returns the failure of a TCP connection.
    pub(super) fn of_connect(error: &io::Error) -> Cause {
        shortage_in(error).map_or(Cause::Connect(error.kind()), Cause::Shortage)
    }

    /// Whether a limit of this server prevented the request. Such an attempt is not counted.
    pub(super) fn is_of_this_server(&self) -> bool {
        matches!(self, Cause::Shortage(_) | Cause::Name(NameError::AddressBusy))
    }
}

/// Returns the error text if this server lacked a resource.
fn shortage_in(error: &io::Error) -> Option<String> {
    let is_shortage = matches!(Errno::from_io_error(error)?, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM);
    is_shortage.then(|| error.to_string())
}

/// A step of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Step {
    Lookup,
    Connect,
    TlsHandshake,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Lookup => "the name lookup",
            Step::Connect => "the TCP connection",
            Step::TlsHandshake => "the TLS handshake",
        })
    }
}

/// How far a failed request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The receiver has certainly not processed the request.
    NotProcessed,
    /// The connection ended before the first byte of the response.
    NoResponse,
    /// A part of a response arrived, or the receiver refused the request.
    Processed,
}

/// A request that failed on an established connection.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) cause: Cause,
    pub(super) progress: Progress,
}

impl Broken {
    /// Returns the failure of a request whose connection ended. The meter may know more than the HTTP library.
    /// `is_first` is whether the request was the first one of the connection.
    pub(super) fn ended(meter: &Meter, progress: Progress, is_first: bool) -> Broken {
        let partial = progress == Progress::Processed;
        let cause = match meter.end() {
            Some(End::TooManyBytes) => {
                let progress = if progress == Progress::NotProcessed { progress } else { Progress::Processed };
                return Broken { cause: Cause::TooManyBytes, progress };
            }
            Some(End::NoPong) => Cause::NoPong,
            // With TLS 1.3, the server verifies the client after the handshake has ended for the client. So the first
            // request fails if a client certificate is missing.
            _ if is_first && !partial && meter.client_certificate_requested() => Cause::ClientCertificateRequired,
            Some(End::Tls(error)) => Cause::Tls(error.clone()),
            Some(End::Io(kind)) => Cause::Lost { kind: *kind, partial },
            None => Cause::Lost { kind: io::ErrorKind::UnexpectedEof, partial },
        };
        Broken { cause, progress }
    }

    /// Whether the request may be sent again on a new connection. RFC 9110 §9.2.2 and RFC 9113 §8.7 allow it if the
    /// request was not processed. If a reused connection ends without any byte of a response, the receiver has
    /// probably closed it before the request arrived. A receiver recognizes a repeated callback by its `webhook-id`.
    pub(super) fn is_repeatable(&self, is_first: bool) -> bool {
        match self.progress {
            Progress::NotProcessed => true,
            Progress::NoResponse => !is_first,
            Progress::Processed => false,
        }
    }
}
