//! What was published, what came, and which faults there were. Times are of [`monotonic`].

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process::monotonic;

/// Everything that the [audit](super::audit) judges.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) webhooks: Vec<Webhook>,
    /// The sequence number of each is its place here.
    pub(super) publications: Vec<Publication>,
    /// In the order in which they came.
    pub(super) arrivals: Vec<Arrival>,
    /// When servers were started again.
    pub(super) starts: Vec<u64>,
    /// Of servers, in the order in which they happened.
    pub(super) faults: Vec<Fault>,
    /// Of the database that they share.
    pub(super) outages: Vec<Outage>,
    /// Servers share a database: what one of them was on is another's when its lease has ended, and not before.
    pub(super) leases: bool,
    /// What was wrong at once, and needs no account.
    pub(super) breaches: Vec<Breach>,
}

/// Something that happened to a server.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) node: usize,
    pub(super) what: What,
    pub(super) at: u64,
    /// What it was on.
    pub(super) held: Vec<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Killed,
    /// It did nothing, and knew nothing of it.
    Paused {
        until: u64,
    },
}

impl Fault {
    pub(super) fn new(node: usize, what: What, at: u64) -> Fault {
        Fault { node, what, at, held: Vec::new() }
    }
}

/// A delivery, by what the database knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) webhook: String,
    pub(super) notification: String,
}

/// The database was away, or its connections were cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) away: bool,
}

/// The path of its callbacks ends with its place in [`Records::webhooks`].
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) account: usize,
    /// Empty: all.
    pub(super) event_types: &'static [&'static str],
    pub(super) ordered: bool,
    /// Its receiver is always well.
    pub(super) steady: bool,
}

impl Webhook {
    pub(super) fn asks_for(&self, publication: &Publication) -> bool {
        self.account == publication.account && (self.event_types.is_empty() || self.event_types.contains(&publication.event_type))
    }
}

#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) account: usize,
    pub(super) event_type: &'static str,
    /// It is wrong in some way, so it must be refused.
    pub(super) wrong: bool,
    pub(super) fate: Fate,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// No answer came, so it may have been stored or not.
    Unknown,
    /// With the notification's identifier.
    Accepted(String),
    /// With the status.
    Refused(u16),
}

/// A callback that came.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) webhook: usize,
    pub(super) sequence: usize,
    /// The identifier that it came under.
    pub(super) notification: String,
    pub(super) at: u64,
    /// Signed with the webhook's secret, and with its credentials.
    pub(super) genuine: bool,
    pub(super) answer: Answer,
    /// When it was answered, if it was.
    pub(super) answered_at: u64,
}

/// What the receiver did with a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// A whole answer with 204.
    Accepted,
    /// A 200 whose body broke off.
    BrokenOff,
    Refused(u16),
    /// The connection was dropped.
    Dropped,
    /// None, as long as the server waited.
    None,
}

/// A rule that was broken, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) rule: &'static str,
    pub(super) what: String,
}

#[derive(Default)]
pub(super) struct Ledger(Mutex<Records>);

impl Ledger {
    pub(super) fn of(webhooks: Vec<Webhook>, leases: bool) -> Ledger {
        Ledger(Mutex::new(Records { webhooks, leases, ..Records::default() }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sequence number of a publication that is about to be sent.
    pub(super) fn begin(&self, account: usize, event_type: &'static str, wrong: bool) -> usize {
        let mut records = self.lock();
        records.publications.push(Publication { account, event_type, wrong, fate: Fate::Unknown });
        records.publications.len() - 1
    }

    pub(super) fn settle(&self, sequence: usize, fate: Fate) {
        self.lock().publications[sequence].fate = fate;
    }

    /// Where its answer is [noted](Ledger::answered).
    pub(super) fn arrived(&self, webhook: usize, sequence: usize, notification: String, genuine: bool) -> usize {
        let mut records = self.lock();
        let arrival = Arrival { webhook, sequence, notification, at: monotonic(), genuine, answer: Answer::None, answered_at: 0 };
        records.arrivals.push(arrival);
        records.arrivals.len() - 1
    }

    pub(super) fn answered(&self, arrival: usize, answer: Answer) {
        let mut records = self.lock();
        let arrival = &mut records.arrivals[arrival];
        (arrival.answer, arrival.answered_at) = (answer, monotonic());
    }

    pub(super) fn started(&self) {
        self.lock().starts.push(monotonic());
    }

    /// What the node was on that the last fault befell.
    pub(super) fn held(&self, node: usize, held: Vec<Held>) {
        if let Some(fault) = self.lock().faults.iter_mut().rfind(|fault| fault.node == node) {
            fault.held = held;
        }
    }

    pub(super) fn woken(&self, node: usize) {
        if let Some(fault) = self.lock().faults.iter_mut().rfind(|fault| fault.node == node) {
            fault.what = What::Paused { until: monotonic() };
        }
    }

    pub(super) fn outage(&self, from: u64, until: u64, away: bool) {
        self.lock().outages.push(Outage { from, until, away });
    }

    pub(super) fn breach(&self, rule: &'static str, what: String) {
        self.lock().breaches.push(Breach { rule, what });
    }
}
