//! The deaths of nodes during attempts.

use super::*;

/// How long a dead node is remembered. The deaths of a delivery that is paused for longer may not be counted.
const REMEMBERED: &str = "interval '30 days'";

/// Whether the node that had leased the delivery in row `p` of `pending` died.
pub(super) const DIED: &str = "EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = p.leased_by)";

/// Counts one more death for each of these deliveries, and removes their void leases. So the lease of a dead node is
/// counted once. The caller must have locked the deliveries.
pub(super) async fn count(session: &Session, deliveries: &[Uuid]) -> SessionResult<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let counted = "UPDATE pending SET deaths = deaths + 1, leased_by = NULL WHERE delivery_id = ANY($1)";
    session.execute(counted, &[&deliveries.to_vec()]).await.map(drop)
}

/// Removes the rows of dead nodes, and records these nodes as dead. Skips nodes that another node is removing. Returns
/// the names of the removed nodes.
pub(super) async fn remove_dead(session: &Session) -> SessionResult<Vec<String>> {
    let rows = session
        .query(
            &format!(
                "WITH dead AS (
                     DELETE FROM nodes WHERE incarnation IN (
                         SELECT incarnation FROM nodes WHERE alive_until < clock_timestamp() ORDER BY incarnation FOR UPDATE SKIP LOCKED)
                     RETURNING incarnation, name),
                 recorded AS (INSERT INTO dead_incarnations (incarnation) SELECT incarnation FROM dead ON CONFLICT DO NOTHING),
                 forgotten AS (DELETE FROM dead_incarnations WHERE found_at < clock_timestamp() - {REMEMBERED})
                 SELECT name FROM dead"
            ),
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
