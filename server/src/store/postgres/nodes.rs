//! The nodes: heartbeats, and takeover from dead nodes.
//!
//! A node sends a heartbeat every two seconds. After each heartbeat, the node counts as alive for ten seconds. If the
//! last successful heartbeat of a node is nine seconds old, the node starts no attempts. The node measures the nine
//! seconds with its own clock. So before another node takes over, the first node no longer starts attempts. If a node
//! is still alive after another node has taken over, it joins again with a new incarnation. Its earlier leases stay
//! void. Times in the database come from the clock of the database server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::*;

/// How long a node counts as alive after a heartbeat.
const LIFETIME: &str = "interval '10 seconds'";

/// How long a node considers its leases valid. The node measures this time with its own clock. The time begins before
/// the node sends the heartbeat.
const OWN_LIFETIME: Duration = Duration::from_secs(9);

/// The maximum age of the changes that a heartbeat reads. A heartbeat also looks for changes below the highest
/// identifier that it has read. The reason is that a change with a lower identifier may commit later than a change with
/// a higher identifier.
const LOOK_BACK: &str = "interval '30 seconds'";

/// How long changes are kept.
const CHANGE_RETENTION: &str = "interval '2 minutes'";

/// How long a statement may still run after its node has died or has lost the connection.
const MAX_STATEMENT_TIME: Duration = Duration::from_secs(MAX_STATEMENT_SECONDS);

/// The state of this process as a node.
pub(super) struct Node {
    name: String,
    delivers: AtomicBool,
    state: RwLock<State>,
}

struct State {
    incarnation: Uuid,
    /// The master keys that this process holds, in the form of the column `master_keys`.
    master_keys: String,
    /// When the leases of this node expire, by its own clock. `None` means that the node has not joined yet.
    holds_until: Option<Instant>,
    /// The number of nodes at the last heartbeat.
    count: u32,
    /// The number of nodes that delivered at the last heartbeat.
    delivering: u32,
    /// The recent changes that this node has read.
    seen_changes: std::collections::HashSet<i64>,
    /// Deliveries that a statement with unknown result may have leased or may still lease. The value is the time at
    /// which the delivery was added to this map.
    uncertain: HashMap<Uuid, Instant>,
    /// Whether `ready` must be refreshed. The reason is that a transaction may have removed due work from `ready`
    /// without leasing the work.
    rescan_requested: bool,
    /// When `ready` is refreshed, even if `rescan_requested` is false.
    rescan_at: Option<Instant>,
}

impl Node {
    pub(super) fn new(name: String, delivers: bool) -> Node {
        let state = State {
            incarnation: Uuid::now_v7(),
            master_keys: String::new(),
            holds_until: None,
            count: 1,
            delivering: 1,
            seen_changes: Default::default(),
            uncertain: HashMap::new(),
            rescan_requested: false,
            rescan_at: None,
        };
        Node { name, delivers: AtomicBool::new(delivers), state: RwLock::new(state) }
    }

    /// Returns the incarnation, which identifies the leases of this process.
    pub(super) fn incarnation(&self) -> Uuid {
        self.read().incarnation
    }

    pub(super) fn set_master_keys(&self, master_keys: String) {
        self.write().master_keys = master_keys;
    }

    /// Whether a lease of this node is still valid. If the lease is valid, no other node has taken over the delivery.
    pub(super) fn holds(&self, lease: Uuid) -> bool {
        let state = self.read();
        state.incarnation == lease && state.holds_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether this node looks for due deliveries.
    pub(super) fn delivers(&self) -> bool {
        self.delivers.load(Ordering::Relaxed)
    }

    /// Whether this node may lease deliveries now.
    pub(super) fn may_lease(&self) -> bool {
        self.delivers() && self.holds(self.incarnation())
    }

    /// Returns the number of nodes at the last heartbeat.
    pub(super) fn count(&self) -> u32 {
        self.read().count
    }

    /// Returns the number of nodes that delivered at the last heartbeat.
    pub(super) fn delivering(&self) -> u32 {
        self.read().delivering
    }

    /// Records deliveries that a transaction with unknown result may have leased.
    pub(super) fn mark_uncertain(&self, deliveries: impl IntoIterator<Item = Uuid>) {
        let now = Instant::now();
        self.write().uncertain.extend(deliveries.into_iter().map(|delivery| (delivery, now)));
    }

    /// Records that this node has leased these deliveries again, so their leases are no longer uncertain.
    pub(super) fn clear_uncertain(&self, deliveries: &[Uuid]) {
        let mut state = self.write();
        if !state.uncertain.is_empty() {
            state.uncertain.retain(|delivery, _| !deliveries.contains(delivery));
        }
    }

    /// Requests a refresh of `ready`, because there may be due work that no node has in its memory.
    pub(super) fn request_rescan(&self) {
        self.write().rescan_requested = true;
    }

    pub(super) fn schedule_rescan(&self, at: Instant) {
        self.write().rescan_at = Some(at);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registers this process as a node. Adds the due times of deliveries with void leases to `ready`.
pub(super) async fn join(session: &Session, node: &Node) -> SessionResult<()> {
    let started = Instant::now();
    let (incarnation, master_keys) = (Uuid::now_v7(), node.read().master_keys.clone());
    let transaction = keys::begin(session).await?;
    transaction
        .execute(
            &format!(
                "INSERT INTO nodes (incarnation, name, version, delivers, started_at, alive_until, master_keys)
                 VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + {LIFETIME}, $5)"
            ),
            &[&incarnation, &node.name, &env!("CARGO_PKG_VERSION"), &node.delivers(), &master_keys],
        )
        .await?;
    // A rotation of the master key that begins later finds this node. After an earlier one, the node must hold the new key.
    keys::check_held(&transaction, &master_keys).await?;
    // If a move to PostgreSQL starts now, it waits for this transaction and then finds this node. If a move has started
    // earlier, `refuse_unfinished` returns an error.
    migration_guard::refuse_unfinished(&transaction).await?;
    if node.delivers() {
        ready::refresh_all(&transaction).await?;
    }
    transaction.commit().await?;
    let mut state = node.write();
    state.incarnation = incarnation;
    state.holds_until = Some(started + OWN_LIFETIME);
    // Uncertain leases of the previous incarnation are void.
    state.uncertain.clear();
    Ok(())
}

/// Sends a heartbeat, takes over from dead nodes, and reads the changes that other nodes have made.
pub(super) async fn keep_alive(session: &Session, node: &Node, wakeup: &Wakeup) -> SessionResult<Fleet> {
    let started = Instant::now();
    let renewed = session
        .execute(
            &format!(
                "UPDATE nodes SET alive_until = clock_timestamp() + {LIFETIME} WHERE incarnation = $1 AND alive_until > clock_timestamp()"
            ),
            &[&node.incarnation()],
        )
        .await?;
    let mut fleet = Fleet { is_shared: true, ..Fleet::default() };
    if renewed == 1 {
        node.write().holds_until = Some(started + OWN_LIFETIME);
    } else {
        join(session, node).await?;
        fleet.was_given_up = true;
    }
    release_uncertain(session, node).await?;
    rescan(session, node).await?;
    fleet.taken_over_from = take_over(session, wakeup).await?;
    if !fleet.taken_over_from.is_empty() {
        node.schedule_rescan(Instant::now() + MAX_STATEMENT_TIME);
    }
    let row = session.query_one("SELECT count(*) FILTER (WHERE delivers), count(*) FROM nodes", &[]).await?;
    let at_least_one = |count: i64| u32::try_from(count).unwrap_or(u32::MAX).max(1);
    fleet.delivering = at_least_one(row.try_get(0)?);
    read_changes(session, node, &mut fleet).await?;
    let mut state = node.write();
    (state.delivering, state.count) = (fleet.delivering, at_least_one(row.try_get(1)?));
    drop(state);
    Ok(fleet)
}

/// Removes dead nodes and makes their deliveries due again. If several nodes find the same dead node, only one of them
/// removes it. Returns the names of the nodes that this call has removed.
async fn take_over(session: &Session, wakeup: &Wakeup) -> SessionResult<Vec<String>> {
    // Usually there is no dead node. In that case, this query avoids the cost of a transaction.
    let dead = session.query("SELECT 1 FROM nodes WHERE alive_until < clock_timestamp()", &[]).await?;
    if dead.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = session.begin().await?;
    let dead = deaths::remove_dead(&transaction).await?;
    if !dead.is_empty() {
        ready::refresh_all(&transaction).await?;
    }
    transaction.commit().await?;
    wakeup.notify();
    Ok(dead)
}

/// Releases uncertain leases. A statement with unknown result may still run and store a lease. So each heartbeat
/// releases these leases again until [`MAX_STATEMENT_TIME`] has passed.
async fn release_uncertain(session: &Session, node: &Node) -> SessionResult<()> {
    let started = Instant::now();
    let uncertain: Vec<Uuid> = node.read().uncertain.keys().copied().collect();
    if uncertain.is_empty() {
        return Ok(());
    }
    leases::release_and_mark(session, &uncertain, node.incarnation()).await?;
    node.write().uncertain.retain(|_, since| started.duration_since(*since) < MAX_STATEMENT_TIME);
    Ok(())
}

/// Refreshes `ready` if a refresh was requested, or if the time `rescan_at` has come.
async fn rescan(session: &Session, node: &Node) -> SessionResult<()> {
    let is_due = {
        let mut state = node.write();
        let is_scheduled = state.rescan_at.take_if(|at| *at <= Instant::now()).is_some();
        std::mem::take(&mut state.rescan_requested) || is_scheduled
    };
    if !is_due {
        return Ok(());
    }
    let refreshed = ready::refresh_all(session).await;
    if refreshed.is_err() {
        node.request_rescan();
    }
    refreshed
}

/// Adds to `fleet` the changes that this node has not read before. The query uses `statement_timestamp()`. With
/// `clock_timestamp()`, PostgreSQL could not use an index, because the value of `clock_timestamp()` can differ for each
/// row.
async fn read_changes(session: &Session, node: &Node, fleet: &mut Fleet) -> SessionResult<()> {
    let changes = session
        .query(
            &format!("SELECT id, webhook_id, revision, notification_id FROM changes WHERE at > statement_timestamp() - {LOOK_BACK}"),
            &[],
        )
        .await?;
    let mut seen = std::collections::HashSet::with_capacity(changes.len());
    for change in &changes {
        let id: i64 = change.try_get(0)?;
        seen.insert(id);
        if node.read().seen_changes.contains(&id) {
            continue;
        }
        if let Some(webhook_id) = change.try_get(1)? {
            fleet.changed_webhooks.push((webhook_id, count(change.try_get::<_, Option<i32>>(2)?.unwrap_or_default())));
        }
        fleet.deleted_notifications.extend(change.try_get::<_, Option<Uuid>>(3)?);
    }
    node.write().seen_changes = seen;
    Ok(())
}

/// Removes changes that are so old that every node has read them.
pub(super) async fn remove_old_changes(session: &Session) -> SessionResult<()> {
    session.execute(&format!("DELETE FROM changes WHERE at < statement_timestamp() - {CHANGE_RETENTION}"), &[]).await.map(drop)
}

/// Stops leasing. Lets the other nodes immediately find the work that was only in this node's memory. If an attempt of
/// a delivery is in flight, other nodes can lease the delivery after the attempt has ended.
pub(super) async fn stop_leasing(session: &Session, node: &Node) -> SessionResult<()> {
    // From now on, if this node stores a new delivery, it also adds the due time to `ready`. The refresh below adds the
    // due times of older deliveries.
    node.delivers.store(false, Ordering::Relaxed);
    let transaction = session.begin().await?;
    transaction.execute("UPDATE nodes SET delivers = false WHERE incarnation = $1", &[&node.incarnation()]).await?;
    ready::refresh_all(&transaction).await?;
    transaction.commit().await
}

/// Unregisters this node. Lets the other nodes lease the deliveries that this node has leased or has in its memory.
pub(super) async fn release_leases(session: &Session, node: &Node) -> SessionResult<()> {
    let transaction = session.begin().await?;
    transaction.execute("DELETE FROM nodes WHERE incarnation = $1", &[&node.incarnation()]).await?;
    ready::refresh_all(&transaction).await?;
    transaction.commit().await?;
    node.write().holds_until = None;
    Ok(())
}
