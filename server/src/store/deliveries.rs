//! Deliveries and their attempts: the stored data, leases and results.

use super::shared::pauses::Paused;
use super::*;
use crate::api::types::DeliveryStatus;

/// The number of deaths of a process during attempts of a delivery, without an outcome in between, after which the
/// delivery is a *suspect*: it may have ended these processes. The partial indexes of the suspects contain this number.
pub const SUSPECT_AFTER_DEATHS: u32 = 3;

/// The number of deaths after which a delivery fails with the outcome `aborted`. During the last deaths, no other
/// suspect was in flight. Deaths for another reason, for example a restart of the machine, raise the counts of many
/// deliveries, but they end the attempts of one suspect only rarely, and hardly ever twice in a row.
pub const MAX_DEATHS: u32 = 5;

/// A delivery that this node has leased for an attempt. The attempt has a slot until `slot` is dropped.
#[derive(Debug)]
pub struct Leased {
    pub delivery_id: Uuid,
    /// The number of this attempt, starting at 1.
    pub attempt: u32,
    pub lane: Lane,
    /// The number of the last attempt before the current retry schedule. The number is 0 if no redelivery or recovery
    /// made the delivery due again.
    pub schedule_start: u32,
    pub due_at: DateTime<Utc>,
    pub notification: Arc<Outbound>,
    pub destination: Arc<Destination>,
    /// The identity of the lease: see [`Store::holds`].
    pub lease: Uuid,
    /// How often a process died during an attempt of this delivery since the last outcome.
    pub deaths: u32,
    pub slot: Slot,
}

impl Leased {
    /// Returns whether the delivery may have ended processes. A suspect is attempted alone.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.deaths >= SUSPECT_AFTER_DEATHS
    }
}

/// The result of looking for the next suspect.
#[derive(Debug, Default)]
pub struct SuspectRound {
    /// The number of suspects, including the suspect in flight.
    pub suspects: u32,
    /// The suspect to attempt now.
    pub next: Option<Suspect>,
}

/// A leased suspect.
#[derive(Debug)]
pub struct Suspect {
    pub leased: Leased,
    /// The time at which the webhook's rate limit allows the attempt.
    pub begin_at: DateTime<Utc>,
}

/// The part of a notification that callbacks send.
#[derive(Debug)]
pub struct Outbound {
    pub id: Uuid,
    /// The body of the callbacks. It is serialized once for all webhooks.
    pub body: CallbackTemplate,
    pub trace: Option<TraceContext>,
}

impl Outbound {
    pub(super) fn new(
        id: Uuid,
        event_type: &EventType,
        created_at: DateTime<Utc>,
        data: &RawValue,
        trace: Option<TraceContext>,
    ) -> Outbound {
        Outbound { id, body: CallbackTemplate::new(id, event_type, created_at, data), trace }
    }
}

/// The webhook data that an attempt needs. The data is the state of the webhook at `revision`.
#[derive(Debug)]
pub struct Destination {
    pub webhook_id: Uuid,
    pub account: Arc<str>,
    pub epoch: u32,
    pub revision: u32,
    pub target_url: String,
    pub auth: Auth,
    pub auth_secret: Option<Sealed>,
    pub headers: Option<Sealed>,
    pub signing_secret: Sealed,
    pub max_per_second: Option<u32>,
    pub ordered: bool,
    pub previous_secret: Option<PreviousSecret>,
    pub hosts: Hosts,
}

impl Destination {
    #[must_use]
    pub fn of(webhook: &Webhook) -> Destination {
        Destination {
            webhook_id: webhook.id,
            account: webhook.account.as_str().into(),
            epoch: webhook.epoch,
            revision: webhook.revision,
            target_url: webhook.target_url.as_str().to_owned(),
            auth: webhook.auth.clone(),
            auth_secret: webhook.auth_secret.clone(),
            headers: webhook.headers.as_ref().map(|headers| headers.sealed.clone()),
            signing_secret: webhook.signing_secret.clone(),
            max_per_second: webhook.max_per_second,
            ordered: webhook.ordered,
            previous_secret: webhook.previous_secret.clone(),
            hosts: Destination::hosts(webhook.target_url.as_str(), &webhook.auth),
        }
    }

    /// Returns the hosts of the target URL and the token URL. A damaged target URL has no host, and no request is sent to it.
    pub(super) fn hosts(target_url: &str, auth: &Auth) -> Hosts {
        Hosts::of(Url::parse(target_url).ok().iter().chain(&auth.token_url().map(OutboundUrl::to_url)))
    }

    /// Returns the work item of a new delivery to this webhook.
    pub(super) fn new_work(&self) -> WorkItem {
        WorkItem { webhook_id: self.webhook_id, lane: if self.ordered { Lane::Ordered } else { Lane::Fresh } }
    }
}

/// The result of one leasing round.
#[derive(Debug, Default)]
pub struct DueRound {
    pub leased: Vec<Leased>,
    /// The time at which the next delivery falls due.
    pub next_due: Option<DateTime<Utc>>,
    /// The work items that the round did not reach, because it had already leased its maximum number of deliveries.
    pub left: Vec<WorkItem>,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: u32,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u32,
    pub outcome: String,
    pub status_code: Option<u16>,
    pub error: Option<String>,
    pub response_body: Option<String>,
    pub truncated: bool,
    pub facts: AttemptFacts,
    /// The texts of the request and the response. A page of deliveries does not have them.
    pub exchange: Option<Exchange>,
}

impl Attempt {
    /// Returns whether the attempt has texts that are erased with the notification.
    pub(super) fn has_texts(&self) -> bool {
        self.response_body.as_ref().is_some_and(|body| !body.is_empty()) || self.exchange.is_some()
    }

    /// Returns the facts as stored.
    pub(super) fn stored_facts(&self) -> Option<String> {
        (self.facts != AttemptFacts::default()).then(|| serde_json::to_string(&self.facts).expect("numbers and an address are JSON"))
    }

    /// Returns the texts as stored.
    pub(super) fn stored_exchange(&self) -> Option<String> {
        self.exchange.as_ref().map(|exchange| serde_json::to_string(exchange).expect("texts are JSON"))
    }

    /// Returns stored facts. Damaged facts are left out, so that the attempt itself can be read.
    pub(super) fn facts_of(stored: Option<&str>) -> AttemptFacts {
        stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Returns stored texts. Damaged texts are left out, so that the attempt itself can be read.
    pub(super) fn exchange_of(stored: Option<&str>) -> Option<Exchange> {
        stored.and_then(|text| serde_json::from_str(text).ok())
    }

    /// Returns when the attempt ended, but not later than `now`, because the clock may have been set back during the
    /// attempt.
    pub(crate) fn ended_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.min(self.started_at + TimeDelta::milliseconds(i64::from(self.duration_ms)))
    }
}

/// An ended attempt and the next state of its delivery.
#[derive(Clone, Debug)]
pub struct EndedAttempt {
    pub delivery_id: Uuid,
    pub lane: Lane,
    pub lease: Uuid,
    /// See [`Leased::schedule_start`].
    pub schedule_start: u32,
    pub destination: Arc<Destination>,
    pub attempt: Attempt,
    pub next: Next,
    /// `None` means that failures do not deactivate webhooks.
    pub policy: Option<DeactivationPolicy>,
    /// The time until which the receiver has asked to wait.
    pub hold_until: Option<DateTime<Utc>>,
}

/// A webhook whose receiver has asked for a pause until this time.
pub type Hold = (Uuid, DateTime<Utc>);

/// The condition for deactivating a failing webhook. There was no success for longer than `time`, and at least
/// `attempts` attempts have failed since the last success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeactivationPolicy {
    pub time: TimeDelta,
    pub attempts: u32,
}

/// The effects of an ended attempt on its webhook and on the webhook's next delivery.
#[derive(Debug, Default)]
pub struct FinishedAttempt {
    /// Set if the webhook was deactivated.
    pub deactivated: Option<Deactivated>,
    /// The stored event of the audit log, if the webhook was deactivated.
    pub event: Option<AuditEvent>,
    /// The next delivery of an ordered webhook, if it was leased.
    pub next: Option<Leased>,
    /// Whether the success has published `webhook.recovered` to other webhooks of the account.
    pub recovered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deactivated {
    pub revision: u32,
    pub cause: DeactivationCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeactivationCause {
    /// The response was 410 Gone.
    Gone,
    Failing(Failures),
}

impl DeactivationCause {
    /// Returns the reason in the API.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            DeactivationCause::Gone => REASON_GONE,
            DeactivationCause::Failing(_) => REASON_FAILING,
        }
    }
}

/// The failed attempts of a webhook since its last success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// The time at which the first of these attempts ended.
    pub since: DateTime<Utc>,
    pub attempts: u32,
}

#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub account: Option<Account>,
    pub webhook_id: Option<Uuid>,
    pub notification_id: Option<Uuid>,
    pub status: Option<DeliveryStatus>,
    pub event_type: Option<EventType>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

impl DeliveryFilter {
    /// Returns the identifiers of the deliveries that a page can contain: from the first to before the second. The
    /// identifier of a delivery contains its creation time, so the range contains only deliveries of the time range.
    pub(super) fn ids(&self, page: Page) -> (Uuid, Uuid) {
        let until = self.until.map_or(Uuid::max(), first_id_at);
        (self.since.map_or(Uuid::nil(), first_id_at), page.after.map_or(until, |after| after.min(until)))
    }
}

/// A list of pending deliveries, or of deliveries that a deactivation is cancelling, sorts the identifiers of all of them
/// if there are at most this many. The indexes of these deliveries have another order, because attempts need that order.
/// If there are more, the list examines all deliveries in its own order.
pub(super) const MAX_SORTED: usize = 100_000;

/// The maximum number of attempts that are shown with a delivery.
pub(super) const ATTEMPTS_SHOWN: u32 = 50;

#[derive(Debug)]
pub struct Delivery {
    pub id: Uuid,
    pub account: Account,
    pub notification_id: Uuid,
    pub event_type: EventType,
    pub webhook_id: Uuid,
    pub status: DeliveryStatus,
    pub attempt_count: u32,
    pub created_at: DateTime<Utc>,
    /// `None` if the delivery is not pending.
    pub due_at: Option<DateTime<Utc>>,
    /// `None` if the delivery is not pending or if an attempt is in flight.
    pub stored_wait: Option<StoredWait>,
    pub last_attempt: Option<Attempt>,
}

/// What the store knows about the wait of a pending delivery.
#[derive(Clone, Debug)]
pub struct StoredWait {
    pub lane: Lane,
    /// Whether no attempt has been made in the current retry schedule.
    pub is_first: bool,
    /// Whether the delivery may have ended processes.
    pub is_suspect: bool,
    /// The first delivery of an ordered webhook, if it is another delivery.
    pub preceding: Option<Uuid>,
    /// The start and the end of the pause for which the receiver has asked. The end may be in the past.
    pub hold: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub max_per_second: Option<u32>,
    pub theoretical_arrival_time: Option<DateTime<Utc>>,
    /// The start of the operator's oldest pause of the webhook.
    pub paused_since: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Adds the pauses of the operator.
    pub(super) fn add_pauses(&mut self, paused: &Paused) {
        if let Some(wait) = &mut self.stored_wait {
            wait.paused_since = paused.since(self.account.as_str(), self.webhook_id);
        }
    }

    /// Returns whether a delivery of a page waits, so that the pauses must be read.
    pub(super) fn any_waits<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> bool {
        deliveries.into_iter().any(|delivery| delivery.stored_wait.is_some())
    }
}

pub(super) fn status_to_number(status: DeliveryStatus) -> u8 {
    match status {
        DeliveryStatus::Pending => 0,
        DeliveryStatus::Succeeded => 1,
        DeliveryStatus::Failed => 2,
        DeliveryStatus::Cancelled => 3,
    }
}

pub(super) fn status_from_number(number: i64) -> Option<DeliveryStatus> {
    match number {
        0 => Some(DeliveryStatus::Pending),
        1 => Some(DeliveryStatus::Succeeded),
        2 => Some(DeliveryStatus::Failed),
        3 => Some(DeliveryStatus::Cancelled),
        _ => None,
    }
}

#[derive(Debug)]
pub enum Redelivered {
    /// The delivery is pending and due.
    Due(Box<Delivery>),
    NoSuchDelivery,
    WebhookDeleted,
    WebhookDeactivated,
    NotificationDeleted,
}

/// Selects the failed and cancelled deliveries that a recovery makes due again.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    pub webhook_id: Uuid,
    /// Selects deliveries created at this time or later.
    pub since: DateTime<Utc>,
    /// Selects deliveries created before this time.
    pub until: Option<DateTime<Utc>>,
    /// If true, the recovery only counts the deliveries and changes nothing.
    pub dry_run: bool,
    /// Selects deliveries after this position, in the order of creation.
    pub after: Option<RecoveryPosition>,
}

/// The creation time and the identifier of a delivery. The identifier gives the order of deliveries with the same
/// creation time.
pub type RecoveryPosition = (DateTime<Utc>, Uuid);

/// The result of one step of a recovery.
#[derive(Debug, PartialEq, Eq)]
pub enum RecoveryStep {
    /// The step made `count` deliveries due again, or a dry run counted them. The next step begins after `next`. If
    /// `next` is `None`, the recovery is complete.
    Recovered {
        count: u32,
        next: Option<RecoveryPosition>,
    },
    /// A deactivation had cancelled deliveries, and this step only stored their status `cancelled`. The next step
    /// begins at the same position as this step.
    Prepared,
    NoSuchWebhook,
    WebhookDeactivated,
}

impl RecoveryStep {
    /// Returns the number of deliveries that the step adds to the count of the recovery's event, or `None` if the step
    /// has no event.
    #[must_use]
    pub fn recovered(&self, dry_run: bool) -> Option<u32> {
        match self {
            RecoveryStep::Recovered { count, .. } if !dry_run => Some(*count),
            RecoveryStep::Prepared if !dry_run => Some(0),
            _ => None,
        }
    }
}
