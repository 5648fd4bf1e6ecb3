//! Tests of a webhook. A test callback is sent at once and not stored.

use serde_json::value::RawValue;

use super::*;
use crate::api::callback::{CallbackBody, CallbackReference};
use crate::api::types::EventType;
use crate::slots::Visit;

/// Time limit of a test. The caller waits for the result, so this time is shorter than the usual timeout of an HTTP
/// client.
const TEST_TIMEOUT: Duration = Duration::from_secs(8);
/// If the limits of its host allow no test, a test tries again after this time. A host that refuses all requests allows
/// one request in this time by default.
const VISIT_INTERVAL: Duration = Duration::from_millis(100);
const MAX_VISIT_TRIES: u32 = 20;

/// Maximum number of concurrent tests per account.
const MAX_TESTS: usize = 2;

impl Engine {
    /// Sends a test callback at once, in any state of the webhook, and stores nothing.
    pub async fn test(&self, webhook: &store::Webhook, sample: Sample) -> anyhow::Result<Result<store::Attempt, TestRefusal>> {
        let Some(_running) = RunningTest::begin(&self.tests, webhook.account.as_str()) else { return Ok(Err(TestRefusal::Account)) };
        let destination = Arc::new(Destination::of(webhook));
        let target = self.targets.get(&destination)?;
        let Some((mut visit, waited)) = self.visit(&destination).await else { return Ok(Err(TestRefusal::Host)) };
        let now = self.clock.now();
        let notification_id = Uuid::now_v7();
        let body = CallbackBody {
            r#type: &sample.event_type,
            timestamp: now,
            data: &sample.data,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: webhook.id },
        };
        let timeout = self.settings.attempt_timeout.min(TEST_TIMEOUT.saturating_sub(waited));
        let call = Call { notification_id, body: body.to_json().into(), trace: None, timeout, discards_response: false, is_test: true };
        let sent = match attempt::send(&self.guard, &target, call, now).await {
            Err(NotMade::HostLimit(_)) => return Ok(Err(TestRefusal::Host)),
            sent => sent?,
        };
        visit.set_reached(sent.reached());
        visit.end(sent.accepted(), self.clock.now());
        Ok(Ok(sent.into_record(1)))
    }

    /// Waits for a short time until the limits of the hosts allow a test. Also returns how long it has waited.
    async fn visit(&self, destination: &Destination) -> Option<(Visit, Duration)> {
        for waits in 0..MAX_VISIT_TRIES {
            if let Some(visit) = self.slots.try_visit(&destination.hosts, self.clock.now()) {
                return Some((visit, VISIT_INTERVAL * waits));
            }
            tokio::time::sleep(VISIT_INTERVAL).await;
        }
        None
    }
}

/// The limit that a test would exceed.
#[derive(Clone, Copy, Debug)]
pub enum TestRefusal {
    /// The account has reached the maximum number of concurrent tests.
    Account,
    /// The host of the target URL or token URL has accepted too few callbacks for more attempts now.
    Host,
}

/// The event that a test callback reports.
pub struct Sample {
    pub event_type: EventType,
    pub data: Box<RawValue>,
}

impl Sample {
    pub const TEST: &str = "webhook.test";

    /// Returns the default sample.
    #[must_use]
    pub fn of_test() -> Sample {
        let data = r#"{"message":"This is a test of your callback."}"#.to_owned();
        Sample { event_type: EventType::stored(Sample::TEST.to_owned()), data: RawValue::from_string(data).expect("it is JSON") }
    }
}

/// A running test. It counts against the limit of its account until this value is dropped.
struct RunningTest<'a> {
    tests: &'a Mutex<HashMap<String, usize>>,
    account: String,
}

impl RunningTest<'_> {
    fn begin<'a>(tests: &'a Mutex<HashMap<String, usize>>, account: &str) -> Option<RunningTest<'a>> {
        let mut running = tests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(account.to_owned()).or_default();
        if *count >= MAX_TESTS {
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
