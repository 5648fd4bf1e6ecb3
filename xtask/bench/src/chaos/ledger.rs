//! Records of publications, callbacks and faults. Times are from [`monotonic`].

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process::monotonic;

/// The input of the [audit](super::audit).
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) webhooks: Vec<Webhook>,
    /// The publications. The index of a publication is its sequence number.
    pub(super) publications: Vec<Publication>,
    /// The callbacks, in the order in which they arrived.
    pub(super) arrivals: Vec<Arrival>,
    /// The times of all restarts of servers.
    pub(super) starts: Vec<u64>,
    /// Faults of servers, sorted by time.
    pub(super) faults: Vec<Fault>,
    /// Outages of the shared database.
    pub(super) outages: Vec<Outage>,
    /// Whether the servers share a database. If true, another server takes over after the leases of a killed server
    /// expire.
    pub(super) shared_database: bool,
    /// The planted delivery, after it has failed or the test has stopped waiting for this.
    pub(super) planted: Option<Planted>,
    /// The ids of the webhook and the notification of each delivery that the test made due again.
    pub(super) redelivered: HashSet<(String, String)>,
    /// Violations that were found during the test.
    pub(super) violations: Vec<Violation>,
}

impl Records {
    /// Whether the test made the delivery of this callback due again.
    pub(super) fn is_redelivered(&self, arrival: &Arrival) -> bool {
        self.redelivered.contains(&(self.webhooks[arrival.webhook].id.clone(), arrival.notification.clone()))
    }
}

/// A fault of a server.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) node: usize,
    pub(super) kind: FaultKind,
    pub(super) at: u64,
    /// The deliveries that the server had leased at the time of the fault.
    pub(super) leased: Vec<LeasedDelivery>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Killed,
    /// The server was stopped with SIGSTOP.
    Paused {
        until: u64,
    },
}

impl Fault {
    pub(super) fn new(node: usize, kind: FaultKind, at: u64) -> Fault {
        Fault { node, kind, at, leased: Vec::new() }
    }
}

/// A leased delivery. It is identified by the ids of its webhook and its notification in the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LeasedDelivery {
    pub(super) webhook: String,
    pub(super) notification: String,
}

/// The database was down, or its connections were cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) is_down: bool,
}

/// A webhook. Its URL ends with its index in [`Records::webhooks`].
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) account: usize,
    /// The event types of the webhook. If the list is empty, the webhook gets all event types.
    pub(super) event_types: &'static [&'static str],
    pub(super) ordered: bool,
    /// Whether the receiver of the webhook never fails.
    pub(super) reliable: bool,
}

impl Webhook {
    pub(super) fn matches(&self, publication: &Publication) -> bool {
        self.account == publication.account && (self.event_types.is_empty() || self.event_types.contains(&publication.event_type))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) account: usize,
    pub(super) event_type: &'static str,
    /// Whether the request is invalid and must be refused.
    pub(super) invalid: bool,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The publisher got no response. It does not know whether the service stored the notification.
    Unknown,
    /// The id of the notification.
    Accepted(String),
    /// The status of the response.
    Refused(u16),
}

/// A callback that arrived.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) webhook: usize,
    pub(super) sequence: usize,
    /// The id of the notification in the callback.
    pub(super) notification: String,
    pub(super) at: u64,
    /// Whether the signature and the credentials are correct.
    pub(super) genuine: bool,
    pub(super) response: CallbackResponse,
    /// Time of the response, or 0 if the receiver has not responded yet.
    pub(super) responded_at: u64,
}

/// The response of a receiver to a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CallbackResponse {
    /// A complete response with status 204.
    Accepted,
    /// A response with status 200 whose body was cut off.
    CutOff,
    Refused(u16),
    /// The connection was dropped.
    Dropped,
    /// The receiver did not respond before the attempt timeout.
    None,
}

/// The delivery whose receiver kills the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planted {
    /// Number of kills that the receiver caused.
    pub(super) deaths: usize,
    /// The outcome of the last attempt, or `None` if the delivery has not failed.
    pub(super) outcome: Option<String>,
    /// Whether the delivery arrived after a redelivery.
    pub(super) recovered: bool,
}

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) rule: &'static str,
    pub(super) details: String,
}

#[derive(Default)]
pub(super) struct Ledger(Mutex<Records>);

impl Ledger {
    pub(super) fn new(webhooks: Vec<Webhook>, shared_database: bool) -> Ledger {
        Ledger(Mutex::new(Records { webhooks, shared_database, ..Records::default() }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a publication before it is sent. Returns its sequence number.
    pub(super) fn add_publication(&self, account: usize, event_type: &'static str, invalid: bool) -> usize {
        let mut records = self.lock();
        records.publications.push(Publication { account, event_type, invalid, outcome: Outcome::Unknown });
        records.publications.len() - 1
    }

    pub(super) fn set_outcome(&self, sequence: usize, outcome: Outcome) {
        self.lock().publications[sequence].outcome = outcome;
    }

    /// Records an arrival. Returns its index for [`Ledger::set_response`].
    pub(super) fn add_arrival(&self, webhook: usize, sequence: usize, notification: String, genuine: bool) -> usize {
        let mut records = self.lock();
        let arrival =
            Arrival { webhook, sequence, notification, at: monotonic(), genuine, response: CallbackResponse::None, responded_at: 0 };
        records.arrivals.push(arrival);
        records.arrivals.len() - 1
    }

    pub(super) fn set_response(&self, arrival: usize, response: CallbackResponse) {
        let mut records = self.lock();
        let arrival = &mut records.arrivals[arrival];
        (arrival.response, arrival.responded_at) = (response, monotonic());
    }

    pub(super) fn add_start(&self) {
        self.lock().starts.push(monotonic());
    }

    /// Records the deliveries that the node had leased at its most recent fault.
    pub(super) fn set_leased(&self, node: usize, leased: Vec<LeasedDelivery>) {
        if let Some(fault) = self.lock().faults.iter_mut().rfind(|fault| fault.node == node) {
            fault.leased = leased;
        }
    }

    /// Records that a paused node continues.
    pub(super) fn set_resumed(&self, node: usize) {
        if let Some(fault) = self.lock().faults.iter_mut().rfind(|fault| fault.node == node) {
            fault.kind = FaultKind::Paused { until: monotonic() };
        }
    }

    pub(super) fn add_outage(&self, from: u64, until: u64, is_down: bool) {
        self.lock().outages.push(Outage { from, until, is_down });
    }

    pub(super) fn add_violation(&self, rule: &'static str, details: String) {
        self.lock().violations.push(Violation { rule, details });
    }
}
