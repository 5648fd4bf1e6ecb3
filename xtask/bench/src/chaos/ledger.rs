//! What was published, what came, and when the server was killed. Times are of [`monotonic`].

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
    /// When the server was started, the first time included.
    pub(super) starts: Vec<u64>,
    pub(super) kills: Vec<u64>,
    /// What was wrong at once, and needs no account.
    pub(super) breaches: Vec<Breach>,
}

/// The path of its callbacks ends with its place in [`Records::webhooks`].
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) account: usize,
    /// Empty: all.
    pub(super) event_types: &'static [&'static str],
    pub(super) ordered: bool,
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
    pub(super) fn of(webhooks: Vec<Webhook>, started_at: u64) -> Ledger {
        Ledger(Mutex::new(Records { webhooks, starts: vec![started_at], ..Records::default() }))
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

    pub(super) fn breach(&self, rule: &'static str, what: String) {
        self.lock().breaches.push(Breach { rule, what });
    }
}
