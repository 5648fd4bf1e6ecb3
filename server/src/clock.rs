//! The time, as a parameter: the system's, or one that a test moves by hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::api::types::to_milliseconds;

#[derive(Clone)]
pub struct Clock(Option<Arc<watch::Sender<DateTime<Utc>>>>);

impl Clock {
    #[must_use]
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Clock {
        Clock(Some(Arc::new(watch::Sender::new(to_milliseconds(start)))))
    }

    /// Moves a manual clock; the system's goes by itself.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(time) = &self.0 {
            time.send_modify(|time| *time += by);
        }
    }

    /// Now, in whole milliseconds, which is what the store keeps: so a registration and a later look-up agree.
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
                // The sender lives in `self`, so waiting ends only with the condition.
                let _ = time.subscribe().wait_for(|now| *now >= due).await;
            }
            None => {
                // The system's clock may be set while this sleeps, so long waits look at it again.
                while let Ok(left) = (due - Utc::now()).to_std() {
                    tokio::time::sleep(left.min(std::time::Duration::from_secs(60))).await;
                }
            }
        }
    }
}
