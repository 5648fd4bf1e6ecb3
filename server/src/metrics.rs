//! The metrics of a node for Prometheus. `server/observability/metrics.md` describes each metric.
//!
//! No label contains an account, a URL or an identifier. Such a label would disclose who uses the service. Each label
//! value also uses memory permanently, in this process and in Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::model::{BacklogCounts, DuePerLane, Fleet, Lane, Next, Outcome, Pause, PauseScope, StorageUse};

/// Buckets in seconds for disk and database operations.
const STORE_BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Buckets in seconds for the duration of attempts. The default time limit of an attempt is 15 seconds.
const CALLBACK_BUCKETS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0];

/// Buckets in seconds for the lag of deliveries, which may wait for hours.
const LAG_BUCKETS: [f64; 16] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];

const COMMAND_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

type Label = [(&'static str, &'static str); 1];

type Bytes = Gauge<u64, AtomicU64>;

type Histograms = Family<Label, Histogram, fn() -> Histogram>;

/// All metrics. Each update needs only a few atomic operations and a short lock.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    publish: Histogram,
    lag: Histograms,
    attempts: Family<Label, Counter>,
    callback: Histogram,
    in_flight: Gauge,
    in_flight_limit: Gauge,
    ended: Family<Label, Counter>,
    not_made: Counter,
    token_requests: Family<Label, Counter>,
    access_token_lookups: Counter,
    next_access_token_expiry: Gauge<f64, AtomicU64>,
    pending: Family<Label, Gauge>,
    suspects: Gauge,
    oldest_due_age: Family<Label, Gauge<f64, AtomicU64>>,
    webhooks: Family<Label, Gauge>,
    pauses: Family<Label, Gauge>,
    storage_full: Gauge,
    storage_used: Bytes,
    storage_limit: Bytes,
    disk_free: Bytes,
    disk_reserve: Bytes,
    write: Histograms,
    read: Histogram,
    commit: Histogram,
    batch: Histogram,
    queue: Gauge,
    nodes: Gauge,
    taken_over: Counter,
    given_up: Counter,
    connections: Family<Label, Gauge>,
    connections_refused: Family<ConnectionLabels, Counter>,
    connections_closed: Family<ConnectionLabels, Counter>,
    lost_audit_lines: Counter,
    store_unavailable: Gauge,
    deactivated: Family<Label, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    listener: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: String,
    status: u16,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut registry = Registry::with_prefix("webhooks");
        let metrics = Metrics {
            requests: registered(&mut registry, "http_requests", "API requests by operation and status", Family::default()),
            publish: seconds(
                &mut registry,
                "publish_duration",
                "Time from the last byte of a publication to its 202 response",
                Histogram::new(STORE_BUCKETS),
            ),
            lag: seconds(
                &mut registry,
                "delivery_lag",
                "Time between the due time and the start of an attempt",
                Family::new_with_constructor((|| Histogram::new(LAG_BUCKETS)) as fn() -> Histogram),
            ),
            attempts: registered(&mut registry, "attempts", "Ended attempts by outcome", Family::default()),
            callback: seconds(&mut registry, "callback_duration", "Duration of an attempt", Histogram::new(CALLBACK_BUCKETS)),
            in_flight: registered(&mut registry, "attempts_in_flight", "Attempts in flight", Gauge::default()),
            in_flight_limit: registered(
                &mut registry,
                "attempts_in_flight_limit",
                "Maximum number of normal attempts in flight",
                Gauge::default(),
            ),
            ended: registered(&mut registry, "deliveries_ended", "Deliveries that succeeded or finally failed", Family::default()),
            not_made: registered(
                &mut registry,
                "attempts_not_made",
                "Attempts that this server could not make; they are not counted as attempts",
                Counter::default(),
            ),
            token_requests: registered(&mut registry, "token_requests", "OAuth 2.0 token requests by result", Family::default()),
            access_token_lookups: registered(
                &mut registry,
                "access_token_lookups",
                "Look-ups of access tokens in the store",
                Counter::default(),
            ),
            next_access_token_expiry: seconds(
                &mut registry,
                "access_token_next_expiry_timestamp",
                "Unix time at which the next valid access token expires; 0 means none",
                Gauge::default(),
            ),
            pending: registered(&mut registry, "deliveries_pending", "Pending deliveries by lane", Family::default()),
            suspects: registered(
                &mut registry,
                "suspects",
                "Pending deliveries that may have ended processes; they are attempted alone",
                Gauge::default(),
            ),
            oldest_due_age: seconds(
                &mut registry,
                "oldest_due_age",
                "Age of the oldest due delivery that is not being attempted",
                Family::default(),
            ),
            webhooks: registered(&mut registry, "registered", "Registered webhooks by status", Family::default()),
            pauses: registered(&mut registry, "pauses", "Active pauses of deliveries by scope", Family::default()),
            storage_full: registered(
                &mut registry,
                "storage_full",
                "1 while writes are refused because the storage is full, else 0",
                Gauge::default(),
            ),
            storage_used: bytes(&mut registry, "storage_used", "Used size of the database"),
            storage_limit: bytes(&mut registry, "storage_limit", "Maximum size of the database; 0 means no limit"),
            disk_free: bytes(&mut registry, "storage_disk_free", "Free space on the database's disk"),
            disk_reserve: bytes(&mut registry, "storage_disk_reserve", "Space that must stay free on the database's disk"),
            write: seconds(
                &mut registry,
                "store_write_duration",
                "Time from enqueueing a write command to its result",
                Family::new_with_constructor((|| Histogram::new(STORE_BUCKETS)) as fn() -> Histogram),
            ),
            read: seconds(&mut registry, "store_read_duration", "Time from requesting a read to its result", Histogram::new(STORE_BUCKETS)),
            commit: seconds(&mut registry, "store_commit_duration", "Duration of a commit", Histogram::new(STORE_BUCKETS)),
            batch: registered(&mut registry, "store_commit_commands", "Commands in one commit", Histogram::new(COMMAND_BUCKETS)),
            queue: registered(&mut registry, "store_queue_commands", "Write commands that wait in the queue", Gauge::default()),
            nodes: registered(&mut registry, "nodes", "Nodes that deliver, including this one", Gauge::default()),
            taken_over: registered(&mut registry, "nodes_taken_over", "Dead nodes that this node took over from", Counter::default()),
            given_up: registered(
                &mut registry,
                "node_given_up",
                "Number of times that this node sent no heartbeat for ten seconds",
                Counter::default(),
            ),
            connections: registered(&mut registry, "connections", "Open connections of clients by listener", Family::default()),
            connections_refused: registered(
                &mut registry,
                "connections_refused",
                "Connections of clients that were refused because a limit was reached",
                Family::default(),
            ),
            connections_closed: registered(
                &mut registry,
                "connections_closed",
                "Closed connections of clients by reason",
                Family::default(),
            ),
            lost_audit_lines: registered(
                &mut registry,
                "audit_log_lost_lines",
                "Lines that could not be written to the audit log",
                Counter::default(),
            ),
            store_unavailable: registered(
                &mut registry,
                "store_unavailable",
                "1 while operations of the store fail that this server repeats all the time, else 0",
                Gauge::default(),
            ),
            deactivated: registered(
                &mut registry,
                "deactivations",
                "Webhooks that this server deactivated because of their responses, by reason",
                Family::default(),
            ),
            registry: Registry::default(),
        };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of the server", build);
        // Series exist from the start with the value 0. Otherwise an alert on an increase would miss the first event.
        for outcome in Outcome::ALL {
            let _ = metrics.attempts.get_or_create(&[("outcome", outcome.as_str())]);
        }
        for result in ["issued", Outcome::TokenRefused.as_str(), Outcome::TokenFailed.as_str(), Outcome::TimedOut.as_str(), "not_made"] {
            let _ = metrics.token_requests.get_or_create(&[("result", result)]);
        }
        for status in ["succeeded", "failed"] {
            let _ = metrics.ended.get_or_create(&[("status", status)]);
        }
        for listener in ["api", "admin"] {
            let _ = metrics.connections.get_or_create(&[("listener", listener)]);
            for reason in ["address", "total"] {
                let _ = metrics.connections_refused.get_or_create(&ConnectionLabels { listener, reason });
            }
            for reason in ["ended", "first_request_timeout", "idle_timeout", "displaced", "flood"] {
                let _ = metrics.connections_closed.get_or_create(&ConnectionLabels { listener, reason });
            }
        }
        for reason in ["gone", "failing"] {
            let _ = metrics.deactivated.get_or_create(&[("reason", reason)]);
        }
        for lane in Lane::ALL {
            let _ = metrics.lag.get_or_create(&of_lane(lane));
        }
        for urgency in ["now", "soon"] {
            let _ = metrics.write.get_or_create(&[("urgency", urgency)]);
        }
        Metrics { registry, ..metrics }
    }
}

fn registered<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Registers a metric in seconds. The unit becomes the suffix of the name.
fn seconds<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

fn bytes(registry: &mut Registry, name: &str, help: &str) -> Bytes {
    let metric = Bytes::default();
    registry.register_with_unit(name, help, Unit::Bytes, metric.clone());
    metric
}

fn of_lane(lane: Lane) -> Label {
    let name = match lane {
        Lane::Fresh => "fresh",
        Lane::Retry => "retry",
        Lane::Ordered => "ordered",
    };
    [("lane", name)]
}

impl Metrics {
    /// Returns all metrics in the OpenMetrics text format.
    ///
    /// # Errors
    /// Never, because writing to a `String` does not fail.
    pub fn to_text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub fn responded(&self, operation: &str, status: StatusCode) {
        self.requests.get_or_create(&RequestLabels { operation: operation.to_owned(), status: status.as_u16() }).inc();
    }

    pub fn published(&self, duration: Duration) {
        self.publish.observe(duration.as_secs_f64());
    }

    /// `lag` is the time since the attempt was due.
    pub fn attempt_begins(&self, lane: Lane, lag: TimeDelta) {
        self.lag.get_or_create(&of_lane(lane)).observe(lag.to_std().unwrap_or_default().as_secs_f64());
    }

    pub fn attempt_ended(&self, outcome: &'static str, duration: Duration, next: Next) {
        self.attempts.get_or_create(&[("outcome", outcome)]).inc();
        self.callback.observe(duration.as_secs_f64());
        let status = match next {
            Next::Succeeded => "succeeded",
            Next::Failed | Next::Gone => "failed",
            Next::RetryAt(_) => return,
        };
        self.ended.get_or_create(&[("status", status)]).inc();
    }

    pub fn attempt_not_made(&self) {
        self.not_made.inc();
    }

    pub fn set_in_flight(&self, in_flight: usize, limit: usize) {
        self.in_flight.set(in_flight as i64);
        self.in_flight_limit.set(limit as i64);
    }

    /// Returns a token request that is counted when it is dropped. It counts as timed out unless [`TokenRequest::ended`] sets
    /// another result.
    #[must_use]
    pub fn token_request(&self) -> TokenRequest<'_> {
        TokenRequest { metrics: self, result: "timed_out" }
    }

    pub fn access_token_looked_up(&self) {
        self.access_token_lookups.inc();
    }

    pub fn set_next_access_token_expiry(&self, expires_at: Option<DateTime<Utc>>) {
        self.next_access_token_expiry.set(expires_at.map_or(0.0, |expires_at| expires_at.timestamp() as f64));
    }

    pub fn set_backlog(&self, counts: &BacklogCounts) {
        for lane in Lane::ALL {
            self.pending.get_or_create(&of_lane(lane)).set(counts.pending[lane as usize] as i64);
        }
        for (status, count) in [("active", counts.active), ("deactivated", counts.deactivated)] {
            self.webhooks.get_or_create(&[("status", status)]).set(count as i64);
        }
    }

    pub fn set_suspects(&self, suspects: u32) {
        self.suspects.set(suspects.into());
    }

    pub fn set_oldest_due(&self, due: &DuePerLane, now: DateTime<Utc>) {
        for lane in Lane::ALL {
            let age = due[lane as usize].and_then(|due_at| (now - due_at).to_std().ok()).unwrap_or_default();
            self.oldest_due_age.get_or_create(&of_lane(lane)).set(age.as_secs_f64());
        }
    }

    pub fn set_pauses(&self, pauses: &[Pause]) {
        let mut counts = [("all", 0), ("account", 0), ("webhook", 0)];
        for pause in pauses {
            counts[match pause.scope {
                PauseScope::All => 0,
                PauseScope::Account(_) => 1,
                PauseScope::Webhook(_) => 2,
            }]
            .1 += 1;
        }
        for (scope, count) in counts {
            self.pauses.get_or_create(&[("scope", scope)]).set(count);
        }
    }

    pub fn set_storage(&self, storage: &StorageUse) {
        self.storage_full.set(storage.is_full().into());
        self.storage_used.set(storage.used_bytes);
        self.storage_limit.set(storage.max_bytes);
        self.disk_free.set(storage.disk_free_bytes);
        self.disk_reserve.set(storage.min_free_bytes);
    }

    pub fn wrote(&self, urgency: &'static str, duration: Duration) {
        self.write.get_or_create(&[("urgency", urgency)]).observe(duration.as_secs_f64());
    }

    pub fn read(&self, duration: Duration) {
        self.read.observe(duration.as_secs_f64());
    }

    pub fn committed(&self, commands: usize, duration: Duration) {
        self.batch.observe(commands as f64);
        self.commit.observe(duration.as_secs_f64());
    }

    pub fn audit_line_lost(&self) {
        self.lost_audit_lines.inc();
    }

    pub fn set_store_unavailable(&self, is_unavailable: bool) {
        self.store_unavailable.set(is_unavailable.into());
    }

    pub fn webhook_deactivated(&self, reason: &'static str) {
        self.deactivated.get_or_create(&[("reason", reason)]).inc();
    }

    pub fn set_fleet(&self, fleet: &Fleet) {
        self.nodes.set(fleet.delivering.into());
        self.taken_over.inc_by(fleet.taken_over_from.len() as u64);
        self.given_up.inc_by(fleet.was_given_up.into());
    }

    pub fn connection_opened(&self, listener: &'static str) {
        self.connections.get_or_create(&[("listener", listener)]).inc();
    }

    pub fn connection_refused(&self, listener: &'static str, reason: &'static str) {
        self.connections_refused.get_or_create(&ConnectionLabels { listener, reason }).inc();
    }

    pub fn connection_closed(&self, listener: &'static str, reason: &'static str) {
        self.connections.get_or_create(&[("listener", listener)]).dec();
        self.connections_closed.get_or_create(&ConnectionLabels { listener, reason }).inc();
    }

    /// Adds `commands` to the number of queued write commands. A negative value reduces this number.
    pub fn queued(&self, commands: i64) {
        self.queue.inc_by(commands);
    }
}

pub struct TokenRequest<'a> {
    metrics: &'a Metrics,
    result: &'static str,
}

impl TokenRequest<'_> {
    pub fn ended(mut self, result: &'static str) {
        self.result = result;
    }
}

impl Drop for TokenRequest<'_> {
    fn drop(&mut self) {
        self.metrics.token_requests.get_or_create(&[("result", self.result)]).inc();
    }
}
