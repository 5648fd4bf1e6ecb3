//! Inserting deliveries.

use super::*;

/// A new pending delivery.
pub(super) struct NewDelivery<'a> {
    pub(super) id: Uuid,
    pub(super) notification_id: Uuid,
    pub(super) webhook_id: Uuid,
    pub(super) account: &'a str,
    pub(super) epoch: u32,
    pub(super) lane: Lane,
    pub(super) sequence: Option<i64>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) leased_by: Option<Uuid>,
}

pub(super) async fn insert(session: &Session, new: &[NewDelivery<'_>]) -> SessionResult<()> {
    let arrays = NewDeliveries::of(new);
    let NewDeliveries { ids, notifications, webhooks, accounts, epochs, lanes, sequences, times, leases } = &arrays;
    session
        .execute(
            "WITH new AS (
                 SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9)
                     AS new (id, notification_id, webhook_id, account, epoch, lane, sequence, created_at, leased_by)),
             delivery AS (
                 INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, created_at)
                 SELECT id, notification_id, webhook_id, account, epoch, created_at FROM new)
             INSERT INTO pending (delivery_id, webhook_id, epoch, lane, sequence, due_at, leased_by)
             SELECT id, webhook_id, epoch, lane, sequence, created_at, leased_by FROM new",
            &[ids, notifications, webhooks, accounts, epochs, lanes, sequences, times, leases],
        )
        .await
        .map(drop)
}

/// New deliveries as one array per column, for `UNNEST`.
pub(super) struct NewDeliveries<'a> {
    pub(super) ids: Vec<Uuid>,
    pub(super) notifications: Vec<Uuid>,
    pub(super) webhooks: Vec<Uuid>,
    pub(super) accounts: Vec<&'a str>,
    pub(super) epochs: Vec<i32>,
    pub(super) lanes: Vec<i16>,
    pub(super) sequences: Vec<Option<i64>>,
    pub(super) times: Vec<DateTime<Utc>>,
    pub(super) leases: Vec<Option<Uuid>>,
}

impl<'a> NewDeliveries<'a> {
    pub(super) fn of(new: &[NewDelivery<'a>]) -> NewDeliveries<'a> {
        NewDeliveries {
            ids: new.iter().map(|delivery| delivery.id).collect(),
            notifications: new.iter().map(|delivery| delivery.notification_id).collect(),
            webhooks: new.iter().map(|delivery| delivery.webhook_id).collect(),
            accounts: new.iter().map(|delivery| delivery.account).collect(),
            epochs: new.iter().map(|delivery| int(delivery.epoch)).collect(),
            lanes: new.iter().map(|delivery| delivery.lane as i16).collect(),
            sequences: new.iter().map(|delivery| delivery.sequence).collect(),
            times: new.iter().map(|delivery| delivery.created_at).collect(),
            leases: new.iter().map(|delivery| delivery.leased_by).collect(),
        }
    }
}
