//! The statement that stores a batch of publications with their deliveries.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::new_deliveries::{NewDeliveries, NewDelivery};
use super::*;
use crate::store::notifications::KEY_LIFE;

#[derive(Default)]
pub(super) struct Stored {
    pub(super) notifications: HashSet<Uuid>,
    /// The accounts whose version has changed since their publications were prepared, or all accounts of the batch if
    /// the pauses have changed. No publication of these accounts was stored.
    pub(super) stale: HashSet<String>,
}

impl PublicationWriter {
    /// Stores the batch in one statement.
    pub(super) async fn insert(
        &self,
        session: &Session,
        batch: &[Prepared],
        paused: &Paused,
        sequences: &HashMap<Uuid, i64>,
    ) -> SessionResult<Stored> {
        let versions: BTreeMap<&str, i64> = batch.iter().map(|prepared| (&*prepared.account, prepared.version)).collect();
        let (accounts, versions): (Vec<&str>, Vec<i64>) = versions.into_iter().unzip();
        let publications: Vec<&Publication> = batch.iter().map(|prepared| &prepared.command.publication).collect();
        let keyed: Vec<Option<&Idempotency>> = publications.iter().map(|publication| publication.idempotency.as_ref()).collect();
        let mut deliveries = Vec::new();
        for prepared in batch {
            let Prepared { command, account, leased, unleased, .. } = prepared;
            let (notification_id, created_at) = (command.publication.id, command.publication.created_at);
            let new = |id: Uuid, destination: &Destination, leased_by| NewDelivery {
                id,
                notification_id,
                webhook_id: destination.webhook_id,
                account,
                epoch: destination.epoch,
                lane: destination.new_work().lane,
                sequence: sequences.get(&id).copied(),
                created_at,
                leased_by,
            };
            deliveries.extend(leased.iter().map(|leased| new(leased.delivery_id, &leased.destination, Some(leased.lease))));
            deliveries.extend(unleased.iter().map(|(id, destination)| new(*id, destination, None)));
        }
        let NewDeliveries { ids, notifications, webhooks, accounts: owners, epochs, lanes, sequences, times, leases } =
            NewDeliveries::of(&deliveries);
        // If this node may not lease, the statement adds the due times of the deliveries to `ready`, for the other
        // nodes. If this node may lease, the deliveries that it has not leased wait in its memory.
        let mark_ready = !self.node.may_lease();
        let rows = session
            .query(
                STORE,
                &[
                    &accounts,
                    &versions,
                    &publications.iter().map(|publication| publication.id).collect::<Vec<_>>(),
                    &batch.iter().map(|prepared| &*prepared.account).collect::<Vec<_>>(),
                    &publications.iter().map(|publication| publication.event_type.as_str()).collect::<Vec<_>>(),
                    &publications.iter().map(|publication| publication.data.get()).collect::<Vec<_>>(),
                    &publications.iter().map(|publication| publication.created_at).collect::<Vec<_>>(),
                    &batch.iter().map(|prepared| prepared.destinations.len() as i32).collect::<Vec<_>>(),
                    &publications
                        .iter()
                        .map(|publication| publication.trace.as_ref().map(|trace| trace.parent.as_str()))
                        .collect::<Vec<_>>(),
                    &publications
                        .iter()
                        .map(|publication| publication.trace.as_ref().and_then(|trace| trace.state.as_ref()).map(|state| state.as_str()))
                        .collect::<Vec<_>>(),
                    &keyed.iter().map(|key| key.map(|key| key.owner.as_str())).collect::<Vec<_>>(),
                    &keyed.iter().map(|key| key.map(|key| key.key.as_str())).collect::<Vec<_>>(),
                    &keyed.iter().map(|key| key.map(|key| &key.fingerprint[..])).collect::<Vec<_>>(),
                    &publications.iter().map(|publication| publication.created_at + KEY_LIFE).collect::<Vec<_>>(),
                    &ids,
                    &notifications,
                    &webhooks,
                    &owners,
                    &epochs,
                    &lanes,
                    &sequences,
                    &times,
                    &leases,
                    &mark_ready,
                    &pauses::VERSION,
                    &paused.version.as_deref(),
                ],
            )
            .await?;
        let mut stored = Stored::default();
        for row in &rows {
            match row.try_get::<_, Option<Uuid>>(0)? {
                Some(id) => drop(stored.notifications.insert(id)),
                None => drop(stored.stale.insert(row.try_get(1)?)),
            }
        }
        Ok(stored)
    }
}

/// Stores nothing for an account whose version is not the expected version. Stores nothing at all if the pauses have
/// changed. `ON CONFLICT` waits for another transaction with the same idempotency key, and replaces an expired key. If
/// this clause returns no row for the key of a publication, the key is in use. Then the publication is not stored.
/// Because of `IS TRUE`, the planner makes no join. A join would be a nested loop over hundreds of rows.
const STORE: &str = "
WITH stale AS MATERIALIZED (
    SELECT expected.account FROM UNNEST($1, $2) AS expected (account, version)
    WHERE coalesce((SELECT accounts.version FROM accounts WHERE accounts.account = expected.account), 0) <> expected.version
        OR (SELECT value FROM properties WHERE name = $25) IS DISTINCT FROM $26
),
publication AS MATERIALIZED (
    SELECT * FROM UNNEST($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        AS publication (id, account, type, data, created_at, delivery_count, trace_parent, trace_state, owner, key, fingerprint, expires_at)
    WHERE account NOT IN (SELECT account FROM stale)
),
won AS (
    INSERT INTO idempotency_keys (owner, key, fingerprint, notification_id, expires_at)
    SELECT owner, key, fingerprint, id, expires_at FROM publication WHERE key IS NOT NULL ORDER BY owner, key
    ON CONFLICT (owner, key) DO UPDATE SET fingerprint = excluded.fingerprint, notification_id = excluded.notification_id,
        expires_at = excluded.expires_at
    WHERE idempotency_keys.expires_at <= excluded.expires_at - interval '24 hours'
    RETURNING notification_id
),
stored AS (
    INSERT INTO notifications (id, account, type, created_at, delivery_count, trace_parent, trace_state, data)
    SELECT id, account, type, created_at, delivery_count, trace_parent, trace_state, data FROM publication
    WHERE key IS NULL OR id IN (SELECT notification_id FROM won)
    RETURNING id
),
delivery AS MATERIALIZED (
    SELECT * FROM UNNEST($15, $16, $17, $18, $19, $20, $21, $22, $23)
        AS new (id, notification_id, webhook_id, account, epoch, lane, sequence, created_at, leased_by)
    WHERE (notification_id IN (SELECT id FROM stored)) IS TRUE
),
delivered AS (
    INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, created_at)
    SELECT id, notification_id, webhook_id, account, epoch, created_at FROM delivery
),
waits AS (
    INSERT INTO pending (delivery_id, webhook_id, epoch, lane, sequence, due_at, leased_by)
    SELECT id, webhook_id, epoch, lane, sequence, created_at, leased_by FROM delivery
),
found AS (
    INSERT INTO ready (webhook_id, lane, due_at)
    SELECT webhook_id, lane, min(created_at) FROM delivery WHERE $24 GROUP BY webhook_id, lane ORDER BY webhook_id, lane
    ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = least(ready.due_at, excluded.due_at)
)
SELECT id, NULL AS account FROM stored UNION ALL SELECT NULL, account FROM stale";
