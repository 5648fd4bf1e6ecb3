//! Whether a request is sent again, and when.

use std::error::Error as _;
use std::io;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use reqwest::{Request, Response};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How often, how soon and how long a request that failed for the moment is sent again.
///
/// By default up to 4 attempts are made within 60 seconds. The wait before each is chosen at random between nothing and
/// 200 ms, which doubles up to 5 s ("full jitter"), and comes on top of what `Retry-After` asks. Where that would be too
/// long the failure is returned at once.
///
/// Failures for the moment are no connection, an answer that is late or breaks off before its body, and the statuses
/// 408, 429, 502, 503 and 504. Which requests are sent again after them:
///
/// | operations | sent again |
/// |---|---|
/// | those that read, `deleteWebhook` and `deleteNotification` | always; a deletion whose first answer was lost ends with `not_found` |
/// | `updateWebhook`, `deactivateWebhook`, `activateWebhook` | always: they say what is to be, and doing so twice changes no more |
/// | `publishNotification` with an `Idempotency-Key` | always: the service publishes once |
/// | `recoverDeliveries` | always: what is on its way again is not recovered twice |
/// | `publishNotification` without one, `registerWebhook`, `rotateSigningSecret`, `testWebhook`, `redeliver` | after 429, or without a connection: nothing was done |
///
/// A 503 is no proof that nothing was done: the service may not know whether its store kept what it was given.
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
    /// Every request is sent once.
    #[must_use]
    pub fn never() -> RetryPolicy {
        RetryPolicy::default().attempts(1)
    }

    /// How many attempts are made at most, the first one included.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> RetryPolicy {
        RetryPolicy { attempts, ..self }
    }

    /// The longest wait before the second attempt; before each later one it doubles.
    #[must_use]
    pub fn first_delay(self, first_delay: Duration) -> RetryPolicy {
        RetryPolicy { first_delay, ..self }
    }

    /// Where the doubling ends. What `Retry-After` asks may be longer.
    #[must_use]
    pub fn longest_delay(self, longest_delay: Duration) -> RetryPolicy {
        RetryPolicy { longest_delay, ..self }
    }

    /// How long all attempts take at most, waits included, from the start of the first. That one alone may take longer,
    /// if its time limit says so.
    #[must_use]
    pub fn within(self, within: Duration) -> RetryPolicy {
        RetryPolicy { within, ..self }
    }

    /// How long to wait before the next attempt, or `None` when there is none. `elapsed` is counted from the start of
    /// the first attempt; `random` lies in `0.0..1.0`.
    pub(crate) fn delay(&self, attempts_made: u32, elapsed: Duration, retry_after: Option<Duration>, random: f64) -> Option<Duration> {
        if attempts_made >= self.attempts {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(2_u32.saturating_pow(attempts_made.saturating_sub(1)));
        let jitter = doubled.min(self.longest_delay).mul_f64(random);
        let delay = retry_after.unwrap_or_default().saturating_add(jitter);
        (elapsed.saturating_add(delay) < self.within).then_some(delay)
    }

    /// The time limit of an attempt: the usual one, or what is left of the time of all.
    pub(crate) fn timeout(&self, attempts_made: u32, elapsed: Duration, usual: Duration) -> Duration {
        if attempts_made == 0 { usual } else { usual.min(self.within.saturating_sub(elapsed)) }
    }
}

/// What an attempt proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is answered, or will never be.
    Settled,
    /// The service did nothing, and may do it later.
    NothingDone,
    /// The service may have done it.
    Doubtful,
}

impl Verdict {
    pub(crate) fn of(outcome: &reqwest::Result<Response>) -> Verdict {
        match outcome {
            Ok(response) => match response.status() {
                StatusCode::TOO_MANY_REQUESTS => Verdict::NothingDone,
                StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    Verdict::Doubtful
                }
                _ => Verdict::Settled,
            },
            Err(error) if error.is_connect() && is_mistrust(error) => Verdict::Settled,
            Err(error) if error.is_connect() => Verdict::NothingDone,
            Err(error) if error.is_timeout() || error.is_request() || error.is_body() || error.is_decode() => Verdict::Doubtful,
            Err(_) => Verdict::Settled,
        }
    }

    pub(crate) fn allows_another(self, repeatable: bool) -> bool {
        match self {
            Verdict::Settled => false,
            Verdict::NothingDone => true,
            Verdict::Doubtful => repeatable,
        }
    }
}

/// TLS that failed, say for a certificate that is not trusted, fails again. It comes as invalid data, which an error of
/// the connection may have inside: `source` would go past that.
fn is_mistrust(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |cause| (*cause).source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .flat_map(|error| std::iter::successors(Some(error), |error| error.get_ref()?.downcast_ref()))
        .any(|error| error.kind() == io::ErrorKind::InvalidData)
}

/// Whether the request may be carried out twice without harm. GET and DELETE are idempotent by RFC 9110 §9.2.2; other
/// methods are where the operation is known to be.
pub(crate) fn is_repeatable(operation: &str, request: &Request) -> bool {
    match *request.method() {
        Method::GET | Method::DELETE => true,
        _ => match operation {
            "update_webhook" | "deactivate_webhook" | "activate_webhook" | "recover_deliveries" => true,
            "publish_notification" => request.headers().contains_key(IDEMPOTENCY_KEY),
            _ => false,
        },
    }
}

/// How long `Retry-After` asks to wait: in seconds, as the service says it, or until a date, as proxies may (RFC 9110
/// §10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is for ever.
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
    fn the_wait_doubles_up_to_a_limit_and_is_random_below_it() {
        let policy = RetryPolicy::default().attempts(u32::MAX);
        for (attempts_made, longest) in [(1, 200), (2, 400), (3, 800), (5, 3200), (6, 5000), (50, 5000), (u32::MAX - 1, 5000)] {
            for (random, expected) in [(0.0, 0), (0.5, longest / 2), (0.75, longest * 3 / 4)] {
                let delay = policy.delay(attempts_made, Duration::ZERO, None, random);
                assert_eq!(delay, Some(milliseconds(expected)), "{attempts_made} {random}");
            }
        }
    }

    #[test]
    fn retry_after_is_waited_for_and_the_jitter_on_top() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, Duration::ZERO, Some(20 * SECOND), 0.0), Some(20 * SECOND));
        assert_eq!(policy.delay(1, Duration::ZERO, Some(20 * SECOND), 0.5), Some(milliseconds(20_100)));
    }

    #[test]
    fn attempts_and_time_have_an_end() {
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
    fn a_later_attempt_has_what_is_left_of_the_time() {
        let policy = RetryPolicy::default();
        for (attempts_made, elapsed, usual, expected) in [(0, 0, 30, 30), (0, 0, 90, 90), (1, 20, 30, 30), (1, 45, 30, 15), (1, 70, 30, 0)]
        {
            assert_eq!(policy.timeout(attempts_made, elapsed * SECOND, usual * SECOND), expected * SECOND);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // Ten seconds before the date below.
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
    fn each_status_proves_what_it_proves() {
        for (status, expected) in [
            (200, Verdict::Settled),
            (400, Verdict::Settled),
            (401, Verdict::Settled),
            (404, Verdict::Settled),
            (408, Verdict::Doubtful),
            (409, Verdict::Settled),
            (429, Verdict::NothingDone),
            (500, Verdict::Settled),
            (502, Verdict::Doubtful),
            (503, Verdict::Doubtful),
            (504, Verdict::Doubtful),
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
    async fn without_a_connection_nothing_is_done() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        assert_eq!(verdict(format!("http://{address}")).await, Verdict::NothingDone);
    }

    #[tokio::test]
    async fn tls_that_fails_is_not_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(b"this is no TLS").await.expect("the client reads");
            stream
        };
        assert_eq!(tokio::join!(verdict(format!("https://{address}")), server).0, Verdict::Settled);
    }

    /// openapi.json's operations, so that a new one is not forgotten here.
    #[test]
    fn each_operation_is_known_to_be_repeatable_or_not() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
        let mut once = vec![];
        for path in document["paths"].as_object().expect("paths").values() {
            for (method, operation) in path.as_object().expect("a path").iter().filter(|(_, value)| value.get("operationId").is_some()) {
                let method = method.to_uppercase().parse().expect("a method");
                let url = "http://127.0.0.1/".parse().expect("a URL");
                let name = operation["operationId"].as_str().expect("a name");
                let snake_case: String =
                    name.chars().flat_map(|letter| letter.is_uppercase().then_some('_').into_iter().chain(letter.to_lowercase())).collect();
                if !is_repeatable(&snake_case, &Request::new(method, url)) {
                    once.push(name);
                }
            }
        }
        once.sort_unstable();
        assert_eq!(once, ["publishNotification", "redeliver", "registerWebhook", "rotateSigningSecret", "testWebhook"]);
    }
}
