//! The nodes: who is alive, and who takes over from whom.
//!
//! A node says every other second that it lives, and is believed for ten. A node that could not say so stops beginning
//! attempts by its own clock before anybody else takes over; a node that was taken over from comes back under another name, so
//! that nothing that it held then is held twice. All times here are the database's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::*;

/// How long a node is believed to live after it has said so, in SQL and as its own clock counts it: from before it said so.
const LIFE: &str = "interval '10 seconds'";
const OWN_LIFE: Duration = Duration::from_secs(9);

/// How far back changes are read: their identifiers are not in the order of their commits.
const LOOK_BACK: &str = "interval '30 seconds'";

/// How long changes are kept.
const CHANGES_KEPT: &str = "interval '2 minutes'";

/// How long a statement may still be carried out after the node that asked for it has gone, or has lost the connection.
const LAST_WORDS: Duration = Duration::from_secs(LONGEST_STATEMENT_SECONDS);

/// This process as a node.
pub(super) struct Node {
    name: String,
    delivers: AtomicBool,
    state: RwLock<State>,
}

struct State {
    incarnation: Uuid,
    /// `None` before it is one of the nodes.
    holds_until: Option<Instant>,
    /// How many nodes there are, and how many of them deliver.
    count: u32,
    delivering: u32,
    /// The changes that it has heard of.
    heard: std::collections::HashSet<i64>,
    /// Leases that may have been stored, or still may be, and that nobody is on; and since when.
    doubtful: HashMap<Uuid, Instant>,
    /// What is due may or may not have been taken out of `ready`, and nobody has it in mind.
    lost_sight: bool,
    /// When that is to be done next, whether or not this node knows a reason.
    looks_again_at: Option<Instant>,
}

impl Node {
    pub(super) fn new(name: String, delivers: bool) -> Node {
        let state = State {
            incarnation: Uuid::now_v7(),
            holds_until: None,
            count: 1,
            delivering: 1,
            heard: Default::default(),
            doubtful: HashMap::new(),
            lost_sight: false,
            looks_again_at: None,
        };
        Node { name, delivers: AtomicBool::new(delivers), state: RwLock::new(state) }
    }

    /// Names this process's leases.
    pub(super) fn incarnation(&self) -> Uuid {
        self.read().incarnation
    }

    /// Whether nobody else can have taken over what was leased under that name.
    pub(super) fn holds(&self, lease: Uuid) -> bool {
        let state = self.read();
        state.incarnation == lease && state.holds_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether it looks for what is due.
    pub(super) fn delivers(&self) -> bool {
        self.delivers.load(Ordering::Relaxed)
    }

    /// Whether something may be leased under the present name.
    pub(super) fn takes(&self) -> bool {
        self.delivers() && self.holds(self.incarnation())
    }

    /// How many nodes there are, as it has heard.
    pub(super) fn count(&self) -> u32 {
        self.read().count
    }

    /// How many nodes deliver, as it has heard.
    pub(super) fn delivering(&self) -> u32 {
        self.read().delivering
    }

    /// Notes deliveries that may have been leased in a transaction whose end is not known.
    pub(super) fn doubt(&self, deliveries: impl IntoIterator<Item = Uuid>) {
        let now = Instant::now();
        self.write().doubtful.extend(deliveries.into_iter().map(|delivery| (delivery, now)));
    }

    /// Notes deliveries that are leased anew, so that somebody is on them.
    pub(super) fn trust(&self, deliveries: &[Uuid]) {
        let mut state = self.write();
        if !state.doubtful.is_empty() {
            state.doubtful.retain(|delivery, _| !deliveries.contains(delivery));
        }
    }

    /// Notes that work may be due that no node has in mind.
    pub(super) fn lost_sight(&self) {
        self.write().lost_sight = true;
    }

    /// Has it found anew from a time on.
    pub(super) fn look_again_at(&self, at: Instant) {
        self.write().looks_again_at = Some(at);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Becomes one of the nodes. What nobody is on any more is found anew.
pub(super) async fn join(session: &Session, node: &Node) -> Answer<()> {
    let said = Instant::now();
    let incarnation = Uuid::now_v7();
    let transaction = session.begin().await?;
    transaction
        .execute(
            &format!(
                "INSERT INTO nodes (incarnation, name, version, delivers, started_at, alive_until)
                 VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + {LIFE})"
            ),
            &[&incarnation, &node.name, &env!("CARGO_PKG_VERSION"), &node.delivers()],
        )
        .await?;
    // A move that begins now waits for this and finds the node; one that began before is found here.
    migration_guard::refuse_unfinished(&transaction).await?;
    if node.delivers() {
        ready::find(&transaction, "$1::text IS NULL", &None::<String>).await?;
    }
    transaction.commit().await?;
    let mut state = node.write();
    state.incarnation = incarnation;
    state.holds_until = Some(said + OWN_LIFE);
    // What was doubtful under the name before is void.
    state.doubtful.clear();
    Ok(())
}

/// Says that this node lives, takes over from those that do not, and hears what others have changed.
pub(super) async fn keep_alive(session: &Session, node: &Node, bell: &Bell) -> Answer<Fleet> {
    let said = Instant::now();
    let renewed = session
        .execute(
            &format!(
                "UPDATE nodes SET alive_until = clock_timestamp() + {LIFE} WHERE incarnation = $1 AND alive_until > clock_timestamp()"
            ),
            &[&node.incarnation()],
        )
        .await?;
    let mut fleet = Fleet { is_shared: true, ..Fleet::default() };
    if renewed == 1 {
        node.write().holds_until = Some(said + OWN_LIFE);
    } else {
        join(session, node).await?;
        fleet.was_given_up = true;
    }
    give_back_doubtful(session, node).await?;
    find_again(session, node).await?;
    fleet.taken_over_from = take_over(session, bell).await?;
    if !fleet.taken_over_from.is_empty() {
        node.look_again_at(Instant::now() + LAST_WORDS);
    }
    let row = session.query_one("SELECT count(*) FILTER (WHERE delivers), count(*) FROM nodes", &[]).await?;
    let at_least_one = |count: i64| u32::try_from(count).unwrap_or(u32::MAX).max(1);
    fleet.delivering = at_least_one(row.try_get(0)?);
    hear_changes(session, node, &mut fleet).await?;
    let mut state = node.write();
    (state.delivering, state.count) = (fleet.delivering, at_least_one(row.try_get(1)?));
    drop(state);
    Ok(fleet)
}

/// Whose life is over: their leases are void, and what they held or had in mind is found anew. One node does it.
async fn take_over(session: &Session, bell: &Bell) -> Answer<Vec<String>> {
    // Looking costs less than a transaction, and nearly always that is all.
    let dead = session.query("SELECT 1 FROM nodes WHERE alive_until < clock_timestamp()", &[]).await?;
    if dead.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = session.begin().await?;
    let dead = transaction
        .query(
            "DELETE FROM nodes WHERE incarnation IN (
                 SELECT incarnation FROM nodes WHERE alive_until < clock_timestamp() ORDER BY incarnation FOR UPDATE SKIP LOCKED)
             RETURNING name",
            &[],
        )
        .await?;
    if !dead.is_empty() {
        ready::find(&transaction, "$1::text IS NULL", &None::<String>).await?;
    }
    transaction.commit().await?;
    bell.ring();
    dead.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Again and again, as they may come to be stored later.
async fn give_back_doubtful(session: &Session, node: &Node) -> Answer<()> {
    let asked = Instant::now();
    let doubtful: Vec<Uuid> = node.read().doubtful.keys().copied().collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    leases::give_back(session, &doubtful, node.incarnation()).await?;
    node.write().doubtful.retain(|_, since| asked.duration_since(*since) < LAST_WORDS);
    Ok(())
}

async fn find_again(session: &Session, node: &Node) -> Answer<()> {
    let wanted = {
        let mut state = node.write();
        let is_time = state.looks_again_at.take_if(|at| *at <= Instant::now()).is_some();
        std::mem::take(&mut state.lost_sight) || is_time
    };
    if !wanted {
        return Ok(());
    }
    let found = ready::find(session, "$1::text IS NULL", &None::<String>).await;
    if found.is_err() {
        node.lost_sight();
    }
    found
}

/// No index finds what is compared with `clock_timestamp()`, which may be another for each row.
async fn hear_changes(session: &Session, node: &Node, fleet: &mut Fleet) -> Answer<()> {
    let changes = session
        .query(
            &format!("SELECT id, webhook_id, revision, notification_id FROM changes WHERE at > statement_timestamp() - {LOOK_BACK}"),
            &[],
        )
        .await?;
    let mut heard = std::collections::HashSet::with_capacity(changes.len());
    for change in &changes {
        let id: i64 = change.try_get(0)?;
        heard.insert(id);
        if node.read().heard.contains(&id) {
            continue;
        }
        if let Some(webhook_id) = change.try_get(1)? {
            fleet.changed_webhooks.push((webhook_id, count(change.try_get::<_, Option<i32>>(2)?.unwrap_or_default())));
        }
        fleet.deleted_notifications.extend(change.try_get::<_, Option<Uuid>>(3)?);
    }
    node.write().heard = heard;
    Ok(())
}

/// Changes that every node has heard of.
pub(super) async fn forget_changes(session: &Session) -> Answer<()> {
    session.execute(&format!("DELETE FROM changes WHERE at < statement_timestamp() - {CHANGES_KEPT}"), &[]).await.map(drop)
}

/// Takes nothing any more. What it has in mind is due to the others at once, and what it is on when that has ended.
pub(super) async fn step_back(session: &Session, node: &Node) -> Answer<()> {
    // First, so that what is stored from now on is found by the others, and what was before is found here.
    node.delivers.store(false, Ordering::Relaxed);
    let transaction = session.begin().await?;
    transaction.execute("UPDATE nodes SET delivers = false WHERE incarnation = $1", &[&node.incarnation()]).await?;
    ready::find(&transaction, "$1::text IS NULL", &None::<String>).await?;
    transaction.commit().await
}

/// Is no node any more: what it held or had in mind is due to the others.
pub(super) async fn leave(session: &Session, node: &Node) -> Answer<()> {
    let transaction = session.begin().await?;
    transaction.execute("DELETE FROM nodes WHERE incarnation = $1", &[&node.incarnation()]).await?;
    ready::find(&transaction, "$1::text IS NULL", &None::<String>).await?;
    transaction.commit().await?;
    node.write().holds_until = None;
    Ok(())
}
