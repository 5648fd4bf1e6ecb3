//! Decides whether and when a request is sent again.

use std::error::Error as _;
use std::io;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use reqwest::{Request, Response};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Limits for sending a request again after a temporary failure.
///
/// By default, the client makes up to 4 attempts within 60 seconds. Before each later attempt, the client waits for
/// the time in `Retry-After` plus a random time ("full jitter"). The random time before the second attempt is at most
/// 200 ms. This maximum doubles with each later attempt, up to 5 s. If the wait is longer than the rest of the
/// 60 seconds, the client returns the failure at once.
///
/// Temporary failures are: the client cannot connect, the response is late or incomplete, and the statuses 408, 429, 502,
/// 503 and 504. A TLS failure, such as an untrusted certificate, is not temporary. If the status is a success
/// but the body is late or incomplete, the request is not sent again.
///
/// The table shows which requests are sent again after a temporary failure:
///
/// | operations | sent again |
/// |---|---|
/// | `deleteWebhook`, `deleteNotification` and the operations that read | always; if the first attempt deleted the object, the second attempt returns `not_found` |
/// | `updateWebhook`, `deactivateWebhook`, `activateWebhook` | always: if the first attempt succeeded, the second attempt changes nothing |
/// | `publishNotification` with an `Idempotency-Key` | always: the service publishes only one notification for a key |
/// | `recoverDeliveries`, `cancelDeliveries`, `pauseDeliveries` | always: the operation skips what it has already changed |
/// | `publishNotification` without the key, `registerWebhook`, `rotateSigningSecret`, `testWebhook`, `redeliver`, `redeliverDeliveries` | only after 429, or if the client cannot connect: the service did not execute the operation |
///
/// If the response is 503, the service may have executed the operation. For example, the service responds with 503 if it
/// does not know whether its store committed the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    first_delay: Duration,
    longest_delay: Duration,
    within: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            attempts: 4,
            first_delay: Duration::from_millis(200),
            longest_delay: Duration::from_secs(5),
            within: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Returns a policy without retries: every request has one attempt.
    #[must_use]
    pub fn never() -> RetryPolicy {
        RetryPolicy::default().attempts(1)
    }

    /// Sets the maximum number of attempts, including the first. An attempt with a refused token does not count
    /// if the client repeats it with a new token.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> RetryPolicy {
        RetryPolicy { attempts, ..self }
    }

    /// Sets the maximum random wait before the second attempt. This maximum doubles with each later attempt.
    #[must_use]
    pub fn first_delay(self, first_delay: Duration) -> RetryPolicy {
        RetryPolicy { first_delay, ..self }
    }

    /// Sets the upper limit of each random wait. The time in `Retry-After` is not part of the random wait.
    #[must_use]
    pub fn longest_delay(self, longest_delay: Duration) -> RetryPolicy {
        RetryPolicy { longest_delay, ..self }
    }

    /// Sets the time limit of all attempts and waits together. The time starts with the first attempt. The first
    /// attempt can exceed this limit, because only [`ClientBuilder::timeout`](crate::ClientBuilder::timeout) limits it.
    #[must_use]
    pub fn within(self, within: Duration) -> RetryPolicy {
        RetryPolicy { within, ..self }
    }

    /// Returns the wait before the next attempt, or `None` if there must be no further attempt. `elapsed` is the time since
    /// the start of the first attempt. `random` is in `0.0..1.0`.
    pub(crate) fn delay(&self, attempts_made: u32, elapsed: Duration, retry_after: Option<Duration>, random: f64) -> Option<Duration> {
        if attempts_made >= self.attempts {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(2_u32.saturating_pow(attempts_made.saturating_sub(1)));
        let jitter = doubled.min(self.longest_delay).mul_f64(random);
        let delay = retry_after.unwrap_or_default().saturating_add(jitter);
        (elapsed.saturating_add(delay) < self.within).then_some(delay)
    }

    /// Returns the time limit of an attempt. For the first attempt, the limit is `usual`. For a later attempt, the
    /// limit is `usual` or the remaining time of all attempts, whichever is shorter.
    pub(crate) fn timeout(&self, attempts_made: u32, elapsed: Duration, usual: Duration) -> Duration {
        if attempts_made == 0 { usual } else { usual.min(self.within.saturating_sub(elapsed)) }
    }
}

/// What the result of an attempt shows about the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The operation succeeded, or the failure is not temporary.
    Final,
    /// The service did not execute the operation. Another attempt may succeed.
    NotExecuted,
    /// The service may have executed the operation.
    Uncertain,
}

impl Verdict {
    pub(crate) fn of(outcome: &reqwest::Result<Response>) -> Verdict {
        match outcome {
            Ok(response) => match response.status() {
                StatusCode::TOO_MANY_REQUESTS => Verdict::NotExecuted,
                StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    Verdict::Uncertain
                }
                _ => Verdict::Final,
            },
            Err(error) if error.is_connect() && is_tls_failure(error) => Verdict::Final,
            Err(error) if error.is_connect() => Verdict::NotExecuted,
            Err(error) if error.is_timeout() || error.is_request() || error.is_body() || error.is_decode() => Verdict::Uncertain,
            Err(_) => Verdict::Final,
        }
    }

    pub(crate) fn allows_another(self, repeatable: bool) -> bool {
        match self {
            Verdict::Final => false,
            Verdict::NotExecuted => true,
            Verdict::Uncertain => repeatable,
        }
    }
}

/// Whether TLS failed, for example because of an untrusted certificate. Another attempt would also fail. The cause of a
/// TLS failure is an I/O error of the kind `InvalidData`. This error can be nested in another I/O error. `source` skips
/// a nested I/O error, so this function also calls `get_ref`.
fn is_tls_failure(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |cause| (*cause).source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .flat_map(|error| std::iter::successors(Some(error), |error| error.get_ref()?.downcast_ref()))
        .any(|error| error.kind() == io::ErrorKind::InvalidData)
}

/// Whether it is safe to execute the request twice. GET and DELETE are idempotent (RFC 9110 §9.2.2). The result for another
/// method depends on the operation.
pub(crate) fn is_repeatable(operation: &str, request: &Request) -> bool {
    match *request.method() {
        Method::GET | Method::DELETE => true,
        _ => match operation {
            "update_webhook" | "deactivate_webhook" | "activate_webhook" | "recover_deliveries" | "pause_deliveries"
            | "cancel_deliveries" => true,
            "publish_notification" => request.headers().contains_key(IDEMPOTENCY_KEY),
            _ => false,
        },
    }
}

/// Returns the waiting time in `Retry-After` (RFC 9110 §10.2.3). The service sends seconds; proxies may send a
/// date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // If the number does not fit into a `u64`, the result is the maximum of `u64`.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn milliseconds(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_maximum_wait_doubles_up_to_a_limit_and_the_wait_is_random() {
        let policy = RetryPolicy::default().attempts(u32::MAX);
        for (attempts_made, maximum) in [(1, 200), (2, 400), (3, 800), (5, 3200), (6, 5000), (50, 5000), (u32::MAX - 1, 5000)] {
            for (random, expected) in [(0.0, 0), (0.5, maximum / 2), (0.75, maximum * 3 / 4)] {
                let delay = policy.delay(attempts_made, Duration::ZERO, None, random);
                assert_eq!(delay, Some(milliseconds(expected)), "{attempts_made} {random}");
            }
        }
    }

    #[test]
    fn the_jitter_is_added_to_retry_after() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, Duration::ZERO, Some(20 * SECOND), 0.0), Some(20 * SECOND));
        assert_eq!(policy.delay(1, Duration::ZERO, Some(20 * SECOND), 0.5), Some(milliseconds(20_100)));
    }

    #[test]
    fn attempts_and_time_are_limited() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(3, Duration::ZERO, None, 0.5).is_some());
        assert_eq!(policy.delay(4, Duration::ZERO, None, 0.5), None);
        assert_eq!(policy.delay(1, 60 * SECOND, None, 0.0), None);
        assert!(policy.delay(1, 30 * SECOND, Some(29 * SECOND), 0.0).is_some());
        assert_eq!(policy.delay(1, 30 * SECOND, Some(30 * SECOND), 0.0), None);
        assert_eq!(policy.delay(1, Duration::ZERO, Some(Duration::MAX), 0.9), None);
        assert_eq!(RetryPolicy::never().delay(1, Duration::ZERO, None, 0.0), None);
    }

    #[test]
    fn a_later_attempt_is_limited_by_the_remaining_time() {
        let policy = RetryPolicy::default();
        for (attempts_made, elapsed, usual, expected) in [(0, 0, 30, 30), (0, 0, 90, 90), (1, 20, 30, 30), (1, 45, 30, 15), (1, 70, 30, 0)]
        {
            assert_eq!(policy.timeout(attempts_made, elapsed * SECOND, usual * SECOND), expected * SECOND);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // This time is ten seconds before the first date below.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_767);
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().expect("a header value"))]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn each_status_has_its_verdict() {
        for (status, expected) in [
            (200, Verdict::Final),
            (400, Verdict::Final),
            (401, Verdict::Final),
            (404, Verdict::Final),
            (408, Verdict::Uncertain),
            (409, Verdict::Final),
            (429, Verdict::NotExecuted),
            (500, Verdict::Final),
            (502, Verdict::Uncertain),
            (503, Verdict::Uncertain),
            (504, Verdict::Uncertain),
        ] {
            let response = http::Response::builder().status(status).body("").expect("a response");
            assert_eq!(Verdict::of(&Ok(response.into())), expected, "{status}");
        }
    }

    async fn verdict(url: String) -> Verdict {
        let client = crate::Client::builder(&url).build().expect("a client");
        let request = Request::new(Method::GET, url.parse().expect("a URL"));
        Verdict::of(&progenitor_client::ClientInfo::client(&client).execute(request).await)
    }

    #[tokio::test]
    async fn a_failed_connection_means_not_executed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        assert_eq!(verdict(format!("http://{address}")).await, Verdict::NotExecuted);
    }

    #[tokio::test]
    async fn a_tls_failure_is_not_retried() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(b"this is not TLS").await.expect("the client reads");
            stream
        };
        assert_eq!(tokio::join!(verdict(format!("https://{address}")), server).0, Verdict::Final);
    }

    /// This test fails if openapi.json gets a new operation for which `is_repeatable` returns false.
    #[test]
    fn each_operation_is_classified_as_repeatable_or_not() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).expect("JSON");
        let mut not_repeatable = vec![];
        for path in document["paths"].as_object().expect("paths").values() {
            for (method, operation) in path.as_object().expect("a path").iter().filter(|(_, value)| value.get("operationId").is_some()) {
                let method = method.to_uppercase().parse().expect("a method");
                let url = "http://127.0.0.1/".parse().expect("a URL");
                let name = operation["operationId"].as_str().expect("a name");
                let snake_case: String =
                    name.chars().flat_map(|letter| letter.is_uppercase().then_some('_').into_iter().chain(letter.to_lowercase())).collect();
                if !is_repeatable(&snake_case, &Request::new(method, url)) {
                    not_repeatable.push(name);
                }
            }
        }
        not_repeatable.sort_unstable();
        assert_eq!(
            not_repeatable,
            ["publishNotification", "redeliver", "redeliverDeliveries", "registerWebhook", "rotateSigningSecret", "testWebhook"]
        );
    }
}
