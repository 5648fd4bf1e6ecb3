//! Tests of a webhook: a callback that is sent now, and of which nothing is stored.

use serde_json::value::RawValue;

use super::*;
use crate::api::callback::{CallbackBody, CallbackReference};
use crate::api::types::EventType;

/// A test of a webhook is waited for by its caller, so it ends well before a client gives up.
const TEST_TIMEOUT: Duration = Duration::from_secs(8);
const TESTS_AT_ONCE: usize = 2;

impl Engine {
    /// Sends a callback now, whatever the webhook's state, and stores nothing of it.
    /// `None` when the account tests as many webhooks at once as it may.
    pub async fn test(&self, webhook: &store::Webhook, sample: Sample) -> anyhow::Result<Option<store::Attempt>> {
        let Some(_running) = RunningTest::begin(&self.tests, webhook.account.as_str()) else { return Ok(None) };
        let destination = Arc::new(Destination::of(webhook));
        let target = self.targets.get(&destination)?;
        let now = self.clock.now();
        let notification_id = Uuid::now_v7();
        let body = CallbackBody {
            r#type: &sample.event_type,
            timestamp: now,
            data: &sample.data,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: webhook.id },
        };
        let timeout = self.settings.attempt_timeout.min(TEST_TIMEOUT);
        let call = Call { notification_id, body: body.to_json().into(), trace: None, deadline: tokio::time::Instant::now() + timeout };
        Ok(Some(attempt::send(&self.guard, &target, call, now).await?.into_record(1)))
    }
}

/// What a test says has happened.
pub struct Sample {
    pub event_type: EventType,
    pub data: Box<RawValue>,
}

impl Sample {
    pub const TEST: &str = "webhook.test";

    /// Unless another is asked for.
    #[must_use]
    pub fn of_test() -> Sample {
        let data = r#"{"message":"This is a test of your callback."}"#.to_owned();
        Sample { event_type: EventType::stored(Sample::TEST.to_owned()), data: RawValue::from_string(data).expect("it is JSON") }
    }
}

/// Counts for its account until it is dropped.
struct RunningTest<'a> {
    tests: &'a Mutex<HashMap<String, usize>>,
    account: String,
}

impl RunningTest<'_> {
    fn begin<'a>(tests: &'a Mutex<HashMap<String, usize>>, account: &str) -> Option<RunningTest<'a>> {
        let mut running = tests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(account.to_owned()).or_default();
        if *count >= TESTS_AT_ONCE {
            return None;
        }
        *count += 1;
        Some(RunningTest { tests, account: account.to_owned() })
    }
}

impl Drop for RunningTest<'_> {
    fn drop(&mut self) {
        let mut running = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.account);
            }
        }
    }
}
