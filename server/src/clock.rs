//! The current time: from the system clock, or from a manual clock in tests.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::api::types::to_milliseconds;

#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<watch::Sender<DateTime<Utc>>>>);

impl Clock {
    #[must_use]
    pub fn system() -> Clock {
        Clock(None)
    }

    /// Returns a clock that stays at `start` until it is advanced.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Clock {
        Clock(Some(Arc::new(watch::Sender::new(to_milliseconds(start)))))
    }

    /// Advances a manual clock. Does nothing to the system clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(time) = &self.0 {
            time.send_modify(|time| *time += by);
        }
    }

    /// Returns the current time, truncated to milliseconds. The store has the same precision, so a time does not change
    /// when it is stored.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Some(time) => *time.borrow(),
            None => to_milliseconds(Utc::now()),
        }
    }

    pub async fn sleep_until(&self, due: DateTime<Utc>) {
        match &self.0 {
            Some(time) => {
                // `self` keeps the sender alive, so `wait_for` ends only when the condition is true.
                let _ = time.subscribe().wait_for(|now| *now >= due).await;
            }
            None => {
                // Somebody may change the system clock during a long wait, so the loop reads the clock once a minute.
                while let Ok(remaining) = (due - Utc::now()).to_std() {
                    tokio::time::sleep(remaining.min(std::time::Duration::from_secs(60))).await;
                }
            }
        }
    }
}
