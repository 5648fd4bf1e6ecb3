//! Deliveries and their attempts, as they are kept, taken and told.

use super::*;
use crate::api::types::DeliveryStatus;

/// A delivery that this node has taken to attempt. While it is held, `slot` keeps its place in flight.
#[derive(Debug)]
pub struct Leased {
    pub delivery_id: Uuid,
    /// Which attempt this is, from 1 on.
    pub attempt: u32,
    pub lane: Lane,
    /// The last attempt that the present retry schedule does not count; 0 until a delivery is made due again.
    pub schedule_start: u32,
    pub due_at: DateTime<Utc>,
    pub notification: Arc<Outbound>,
    pub destination: Arc<Destination>,
    /// Whom it is leased by: see [`Store::holds`].
    pub lease: Uuid,
    pub slot: Slot,
}

/// What of a notification goes out.
#[derive(Debug)]
pub struct Outbound {
    pub id: Uuid,
    /// The callback's body, serialised once for all webhooks.
    pub body: CallbackTemplate,
    pub trace: Option<TraceContext>,
}

/// What of a webhook an attempt needs, as it was at `revision`.
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
        }
    }
}

/// What a round of leasing found.
#[derive(Debug, Default)]
pub struct DueRound {
    pub leased: Vec<Leased>,
    /// When the next delivery falls due that is not due yet.
    pub next_due: Option<DateTime<Utc>>,
    /// The round ended at its limit and not for want of room or work: this is still to be looked at.
    pub left: Vec<Work>,
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
}

/// An attempt that has ended, and what is to become of its delivery.
#[derive(Clone, Debug)]
pub struct Finish {
    pub delivery_id: Uuid,
    pub lane: Lane,
    pub lease: Uuid,
    pub destination: Arc<Destination>,
    pub attempt: Attempt,
    pub next: Next,
    /// `None`: a webhook may fail for ever.
    pub patience: Option<Patience>,
}

/// For how long, and how often, a webhook may fail and accept nothing before it is deactivated: longer than `time` and at
/// least `attempts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub time: TimeDelta,
    pub attempts: u32,
}

/// What a finish led to, beside its delivery's own state.
#[derive(Debug, Default)]
pub struct Finished {
    /// The webhook has been deactivated.
    pub deactivated: Option<Deactivated>,
    /// What comes after it in order.
    pub next: Option<Leased>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deactivated {
    /// The one that the webhook has now.
    pub revision: u32,
    pub cause: DeactivationCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeactivationCause {
    /// The callback answered 410.
    Gone,
    Failing(Failures),
}

/// Attempts that failed, one after another without a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// When the first of them ended.
    pub since: DateTime<Utc>,
    pub attempts: u32,
}

#[derive(Debug)]
pub struct DeliveryFilter {
    pub account: Option<Account>,
    pub webhook_id: Option<Uuid>,
    pub notification_id: Option<Uuid>,
    pub status: Option<DeliveryStatus>,
    pub event_type: Option<EventType>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// So many attempts are shown with a delivery.
pub(super) const ATTEMPTS_SHOWN: u32 = 50;

#[derive(Debug)]
pub struct Delivery {
    pub id: Uuid,
    pub notification_id: Uuid,
    pub event_type: EventType,
    pub webhook_id: Uuid,
    pub status: DeliveryStatus,
    pub attempt_count: u32,
    pub created_at: DateTime<Utc>,
    /// Of a pending delivery.
    pub due_at: Option<DateTime<Utc>>,
    pub last_attempt: Option<Attempt>,
}

/// A status as the stores keep it.
pub(super) fn status_to_number(status: DeliveryStatus) -> u8 {
    match status {
        DeliveryStatus::Pending => 0,
        DeliveryStatus::Succeeded => 1,
        DeliveryStatus::Failed => 2,
        DeliveryStatus::Cancelled => 3,
    }
}

/// And back.
pub(super) fn status_from_number(number: i64) -> Option<DeliveryStatus> {
    match number {
        0 => Some(DeliveryStatus::Pending),
        1 => Some(DeliveryStatus::Succeeded),
        2 => Some(DeliveryStatus::Failed),
        3 => Some(DeliveryStatus::Cancelled),
        _ => None,
    }
}

/// What came of asking for a delivery again.
#[derive(Debug)]
pub enum Redelivered {
    /// It is pending and due.
    Due(Box<Delivery>),
    NoSuchDelivery,
    WebhookDeleted,
    WebhookDeactivated,
    NotificationDeleted,
}

/// Which failed and cancelled deliveries are to be due again.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    pub webhook_id: Uuid,
    /// Created at this time or later.
    pub since: DateTime<Utc>,
    /// Created before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only count them.
    pub dry_run: bool,
    /// Only what stands behind this, in the order of creation.
    pub after: Option<RecoveryPosition>,
}

/// When a delivery was created, and which it is among those of the same moment.
pub type RecoveryPosition = (DateTime<Utc>, Uuid);

/// What a step of a recovery did.
#[derive(Debug, PartialEq, Eq)]
pub enum RecoveryStep {
    /// So many are due again. The next step begins after `next`; there is none without it.
    Recovered {
        count: u32,
        next: Option<RecoveryPosition>,
    },
    /// It was spent on marking deliveries cancelled that count as such since the webhook was deactivated. The next step
    /// begins where this one did.
    Prepared,
    NoSuchWebhook,
    WebhookDeactivated,
}
