//! The events of the audit log for what callers do.

use std::net::IpAddr;

use dropshot::RequestContext;

use crate::api::types::{AuditEvent, AuditObject};
use crate::http::App;
use crate::http::auth::Caller;
use crate::http::refused_requests::request_id;
use crate::model::Outcome;
use crate::store::{self, Registrant};

/// Returns the event of an operation that a caller has requested. The action is the operationId.
pub(super) fn event(rqctx: &RequestContext<App>, caller: &Caller, object: AuditObject) -> AuditEvent {
    event_without_object(rqctx, caller).about(caller.account.clone(), object)
}

/// Like [`event`], for an operation on several objects.
pub(super) fn event_without_object(rqctx: &RequestContext<App>, caller: &Caller) -> AuditEvent {
    let actor = if caller.account.is_some() { AuditEvent::ACCOUNT } else { AuditEvent::PLATFORM };
    let mut event = AuditEvent::new(&rqctx.endpoint.operation_id, actor, rqctx.context().clock.now());
    event.account = caller.account.clone();
    event.details.token_id = Some(caller.token_id);
    event.details.address = Some(address(rqctx));
    event.details.request_id = request_id(rqctx);
    event
}

pub(super) fn registrant(rqctx: &RequestContext<App>, caller: &Caller) -> Registrant {
    Registrant { token_id: caller.token_id, request_id: request_id(rqctx), address: address(rqctx) }
}

fn address(rqctx: &RequestContext<App>) -> IpAddr {
    rqctx.request.remote_addr().ip().to_canonical()
}

/// Sets the result of a test to the outcome of its attempt.
pub(super) fn set_outcome(event: &mut AuditEvent, outcome: &str) {
    let result = if outcome == Outcome::Accepted.as_str() { AuditEvent::SUCCEEDED } else { AuditEvent::FAILED };
    (event.details.result, event.details.reason) = (result.to_owned(), Some(outcome.to_owned()));
}

impl App {
    /// Stores the event of an operation that changes nothing else in the store.
    pub(super) async fn record(&self, event: AuditEvent) -> store::Result<()> {
        self.store.record_audit_events(std::slice::from_ref(&event)).await?;
        self.audit_log.write(&event);
        Ok(())
    }
}
