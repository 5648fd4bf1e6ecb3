//! Recovering what did not succeed, in small steps that leave room for everybody else's writes.

use super::*;
use crate::api::types::{Account, MOST_IN_A_CALL};
use crate::store::{RECOVERY_STEP, Recovery, RecoveryPosition, RecoveryStep};

/// What came of a call.
#[derive(Debug)]
pub enum Recovered {
    /// So many are due again, or with `dry_run` would be. There may be more behind `next`.
    Some {
        count: u32,
        next: Option<RecoveryPosition>,
    },
    NoSuchWebhook,
    WebhookDeactivated,
}

impl Engine {
    /// Makes a webhook's failed and cancelled deliveries due again, oldest first, as many as one call may. Repeating it does
    /// no harm: what it has recovered is neither failed nor cancelled any more.
    ///
    /// # Errors
    /// When the store is away. What the steps before did stays done.
    pub async fn recover(&self, account: &Account, recovery: Recovery) -> store::Result<Recovered> {
        let mut count = 0;
        let mut after = recovery.after;
        // Steps that only prepare are counted too: each costs about as much as another, and a call must end.
        for _ in 0..MOST_IN_A_CALL / RECOVERY_STEP {
            let step = self.store.recover_deliveries(account.clone(), Recovery { after, ..recovery }, self.clock.now()).await?;
            match step {
                RecoveryStep::Recovered { count: more, next } => {
                    count += more;
                    if more > 0 && !recovery.dry_run {
                        self.wake_up();
                    }
                    if next.is_none() {
                        return Ok(Recovered::Some { count, next });
                    }
                    after = next;
                }
                RecoveryStep::Prepared => {}
                RecoveryStep::NoSuchWebhook => return Ok(Recovered::NoSuchWebhook),
                RecoveryStep::WebhookDeactivated => return Ok(Recovered::WebhookDeactivated),
            }
        }
        // Before the very first delivery, where all that there was time for was to prepare.
        let next = after.unwrap_or((recovery.since, Uuid::nil()));
        Ok(Recovered::Some { count, next: Some(next) })
    }
}
