//! The events of the audit log for requests without a valid access token.
//!
//! Anyone can send such requests. So they are counted, and a background task stores one event for each address and reason
//! at most once per `INTERVAL`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use dropshot::RequestContext;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::types::{Account, AuditEvent};
use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::delivery::StoreMonitor;
use crate::http::App;
use crate::http::rate_limit::network_of;
use crate::model::Token;
use crate::store::{self, Store};

/// The time between two rounds that store the counted requests.
const INTERVAL: Duration = Duration::from_secs(60);

/// Maximum number of groups in one round. The requests of further groups are counted together, one group for each reason.
/// So the memory and the number of stored events are limited, whatever the callers send.
const MAX_GROUPS: usize = 50;

/// Counts a request without a valid access token. `token` is the record of the token that has expired or was revoked.
pub(super) fn count(rqctx: &RequestContext<App>, reason: Reason, token: Option<&Token>) {
    let app = rqctx.context();
    let network = network_of(rqctx.request.remote_addr().ip());
    app.refused_requests.add(network, reason, token, request_id(rqctx), app.clock.now());
}

/// Returns the identifier of a request, which is also in its response.
pub(super) fn request_id(rqctx: &RequestContext<App>) -> Option<Uuid> {
    rqctx.request_id.parse().ok()
}

/// Why a request was not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    MissingToken,
    MalformedToken,
    UnknownToken,
    ExpiredToken,
    RevokedToken,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Reason::MissingToken => "missing_token",
            Reason::MalformedToken => "malformed_token",
            Reason::UnknownToken => "unknown_token",
            Reason::ExpiredToken => "expired_token",
            Reason::RevokedToken => "revoked_token",
        }
    }
}

/// The requests without a valid access token since the last round.
#[derive(Default)]
pub struct RefusedRequests(Mutex<HashMap<Key, Group>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// `None` means the addresses for which there is no group of their own.
    network: Option<IpAddr>,
    reason: Reason,
    token_id: Option<Uuid>,
}

struct Group {
    account: Option<Account>,
    count: u32,
    first_at: DateTime<Utc>,
    request_id: Option<Uuid>,
}

impl RefusedRequests {
    fn add(&self, network: IpAddr, reason: Reason, token: Option<&Token>, request_id: Option<Uuid>, now: DateTime<Utc>) {
        let key = Key { network: Some(network), reason, token_id: token.map(|token| token.id) };
        let account = token.and_then(|token| token.account.clone());
        insert(&mut self.lock(), key, Group { account, count: 1, first_at: now, request_id });
    }

    /// Stores one event for each group. If the store is not available, keeps the groups for the next round.
    pub(crate) async fn store(&self, store: &dyn Store, audit_log: &AuditLog, now: DateTime<Utc>) -> store::Result<()> {
        let groups = std::mem::take(&mut *self.lock());
        if groups.is_empty() {
            return Ok(());
        }
        let events: Vec<AuditEvent> = groups.iter().map(|(key, group)| event_of(key, group, now)).collect();
        if let Err(error) = store.record_audit_events(&events).await {
            let mut gathered = self.lock();
            groups.into_iter().for_each(|(key, group)| insert(&mut gathered, key, group));
            return Err(error);
        }
        events.iter().for_each(|event| audit_log.write(event));
        Ok(())
    }

    /// Stores the groups after each interval. Ends when `stopping` is cancelled.
    pub(crate) async fn store_repeatedly(
        self: Arc<Self>,
        store: Arc<dyn Store>,
        audit_log: AuditLog,
        clock: Clock,
        stopping: CancellationToken,
        store_monitor: Arc<StoreMonitor>,
    ) {
        let interval = TimeDelta::from_std(INTERVAL).expect("a minute is in the range");
        loop {
            // The system clock can be set back, so the round does not only depend on it.
            tokio::select! {
                () = clock.sleep_until(clock.now() + interval) => {}
                () = tokio::time::sleep(INTERVAL) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = self.store(&*store, &audit_log, clock.now()).await {
                store_monitor.report("store the events of refused requests", &error, clock.now());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a group to the gathered groups. If there are too many groups, adds it to the group of its reason.
fn insert(gathered: &mut HashMap<Key, Group>, key: Key, group: Group) {
    let (key, group) = match gathered.contains_key(&key) || gathered.len() < MAX_GROUPS {
        true => (key, group),
        false => (Key { network: None, token_id: None, ..key }, Group { account: None, ..group }),
    };
    match gathered.entry(key) {
        std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(group)),
        std::collections::hash_map::Entry::Occupied(mut entry) => {
            let gathered = entry.get_mut();
            if group.first_at < gathered.first_at {
                (gathered.first_at, gathered.request_id) = (group.first_at, group.request_id);
            }
            gathered.count = gathered.count.saturating_add(group.count);
        }
    }
}

fn event_of(key: &Key, group: &Group, now: DateTime<Utc>) -> AuditEvent {
    let mut event = AuditEvent::new("authentication.failed", AuditEvent::UNKNOWN, now);
    event.account = group.account.clone();
    event.count = Some(group.count);
    let details = &mut event.details;
    details.result = AuditEvent::REFUSED.to_owned();
    details.reason = Some(key.reason.as_str().to_owned());
    (details.address, details.token_id) = (key.network, key.token_id);
    (details.request_id, details.first_at) = (group.request_id, Some(group.first_at));
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u16) -> IpAddr {
        let [high, low] = number.to_be_bytes();
        [192, 0, high, low].into()
    }

    fn events(requests: &RefusedRequests) -> Vec<AuditEvent> {
        requests.lock().iter().map(|(key, group)| event_of(key, group, DateTime::UNIX_EPOCH)).collect()
    }

    #[test]
    fn requests_are_counted_for_each_address_and_reason() {
        let requests = RefusedRequests::default();
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let first = Some(Uuid::now_v7());
        requests.add(network(1), Reason::UnknownToken, None, first, at(1));
        requests.add(network(1), Reason::UnknownToken, None, None, at(2));
        requests.add(network(1), Reason::MissingToken, None, None, at(3));
        requests.add(network(2), Reason::UnknownToken, None, None, at(4));
        let mut counts: Vec<(Option<IpAddr>, Option<String>, Option<u32>)> =
            events(&requests).into_iter().map(|event| (event.details.address, event.details.reason, event.count)).collect();
        counts.sort();
        let row = |number, reason: &str, count| (Some(network(number)), Some(reason.to_owned()), Some(count));
        assert_eq!(counts, [row(1, "missing_token", 1), row(1, "unknown_token", 2), row(2, "unknown_token", 1)]);
        let twice = events(&requests).into_iter().find(|event| event.count == Some(2)).expect("an event");
        assert_eq!((twice.details.first_at, twice.details.request_id), (Some(at(1)), first));
    }

    #[test]
    fn many_addresses_need_limited_memory_and_every_request_is_counted() {
        let requests = RefusedRequests::default();
        for number in 0..10_000 {
            let reason = if number % 2 == 0 { Reason::UnknownToken } else { Reason::MissingToken };
            requests.add(network(number), reason, None, None, DateTime::UNIX_EPOCH);
        }
        let events = events(&requests);
        assert_eq!(events.len(), MAX_GROUPS + 2, "one more for each of the two reasons");
        assert_eq!(events.iter().filter_map(|event| event.count).sum::<u32>(), 10_000);
        assert_eq!(events.iter().filter(|event| event.details.address.is_none()).count(), 2);
    }
}
