//! The rate limits of webhooks. The table `rates` has the theoretical arrival times.

use std::collections::HashMap;

use super::leases::{LeaseTransaction, Target};
use super::*;

impl LeaseTransaction<'_> {
    /// Locks and returns the theoretical arrival times of webhooks with a rate limit.
    pub(super) async fn lock_rates(&self, targets: &[Target]) -> SessionResult<HashMap<Uuid, Option<DateTime<Utc>>>> {
        let mut limited: Vec<Uuid> =
            targets.iter().filter(|target| target.destination.max_per_second.is_some()).map(|target| target.work.webhook_id).collect();
        if limited.is_empty() {
            return Ok(HashMap::new());
        }
        limited.sort_unstable();
        limited.dedup();
        // A row must exist before it can be locked.
        let insert = "INSERT INTO rates (webhook_id, theoretical_arrival_time) SELECT id, '-infinity' FROM UNNEST($1) AS id ORDER BY id ON CONFLICT DO NOTHING";
        self.session.execute(insert, &[&limited]).await?;
        let select = "SELECT webhook_id, nullif(theoretical_arrival_time, '-infinity') FROM rates WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE";
        let rows = self.session.query(select, &[&limited]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    pub(super) async fn save_rates(&self, rates: HashMap<Uuid, Option<DateTime<Utc>>>) -> SessionResult<()> {
        let (webhooks, times): (Vec<Uuid>, Vec<DateTime<Utc>>) =
            rates.into_iter().filter_map(|(id, theoretical_arrival_time)| Some((id, theoretical_arrival_time?))).unzip();
        if webhooks.is_empty() {
            return Ok(());
        }
        let update = "UPDATE rates SET theoretical_arrival_time = moved.theoretical_arrival_time FROM UNNEST($1, $2) AS moved (webhook_id, theoretical_arrival_time)
                     WHERE rates.webhook_id = moved.webhook_id AND rates.webhook_id = ANY($1)";
        self.session.execute(update, &[&webhooks, &times]).await.map(drop)
    }
}
