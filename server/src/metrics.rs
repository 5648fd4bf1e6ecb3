//! What a node counts and measures of itself, as Prometheus reads it. `server/observability/metrics.md` says what each
//! is for.
//!
//! No label holds an account, a URL or an identifier: these would tell who uses the service, and each value of a label
//! costs memory here and in Prometheus for ever.

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

use crate::model::{BacklogCounts, DuePerLane, Fleet, Lane, Next, Pause, PauseScope, StorageUse};

/// In seconds: what takes a disk or a network a moment, up to what a callback may take.
const QUICK: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// In seconds, with the time limit of an attempt among them.
const CALLBACK: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0];

/// In seconds: a delivery may also wait for hours.
const LAG: [f64; 16] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];

const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// One label.
type Label = [(&'static str, &'static str); 1];

type Bytes = Gauge<u64, AtomicU64>;

type Histograms = Family<Label, Histogram, fn() -> Histogram>;

/// Each is a handful of atomic operations, and no lock is held for longer.
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
    pending: Family<Label, Gauge>,
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
            requests: registered(&mut registry, "http_requests", "Requests that reached an operation", Family::default()),
            publish: seconds(
                &mut registry,
                "publish_duration",
                "From a publication's last byte to its 202, once it is on disk",
                Histogram::new(QUICK),
            ),
            lag: seconds(
                &mut registry,
                "delivery_lag",
                "How long after it was due an attempt began",
                Family::new_with_constructor((|| Histogram::new(LAG)) as fn() -> Histogram),
            ),
            attempts: registered(&mut registry, "attempts", "Attempts that ended", Family::default()),
            callback: seconds(&mut registry, "callback_duration", "How long an attempt took", Histogram::new(CALLBACK)),
            in_flight: registered(&mut registry, "attempts_in_flight", "Deliveries that are being attempted", Gauge::default()),
            in_flight_limit: registered(&mut registry, "attempts_in_flight_limit", "How many may be", Gauge::default()),
            ended: registered(&mut registry, "deliveries_ended", "Deliveries that no attempt will follow", Family::default()),
            not_made: registered(
                &mut registry,
                "attempts_not_made",
                "Attempts that this server could not make, which cost their receivers none",
                Counter::default(),
            ),
            token_requests: registered(&mut registry, "token_requests", "OAuth 2.0 access tokens asked for", Family::default()),
            pending: registered(&mut registry, "deliveries_pending", "Deliveries that wait or are attempted", Family::default()),
            oldest_due_age: seconds(
                &mut registry,
                "oldest_due_age",
                "How long the delivery has been due that waits longest for a first byte",
                Family::default(),
            ),
            webhooks: registered(&mut registry, "registered", "Webhooks that are not deleted", Family::default()),
            pauses: registered(&mut registry, "pauses", "Pauses of deliveries that are in force", Family::default()),
            storage_full: registered(&mut registry, "storage_full", "Whether nothing new is taken for want of room", Gauge::default()),
            storage_used: bytes(&mut registry, "storage_used", "What the database holds"),
            storage_limit: bytes(&mut registry, "storage_limit", "What it may hold; 0 sets no limit"),
            disk_free: bytes(&mut registry, "storage_disk_free", "What the database's disk has left"),
            disk_reserve: bytes(&mut registry, "storage_disk_reserve", "What must stay free there"),
            write: seconds(
                &mut registry,
                "store_write_duration",
                "From when a command is handed to the thread that writes until it is answered",
                Family::new_with_constructor((|| Histogram::new(QUICK)) as fn() -> Histogram),
            ),
            read: seconds(&mut registry, "store_read_duration", "From a question to its answer", Histogram::new(QUICK)),
            commit: seconds(&mut registry, "store_commit_duration", "How long a commit took to be on disk", Histogram::new(QUICK)),
            batch: registered(&mut registry, "store_commit_commands", "Commands that shared a commit", Histogram::new(COMMANDS)),
            queue: registered(&mut registry, "store_queue_commands", "Commands that wait for the thread that writes", Gauge::default()),
            nodes: registered(&mut registry, "nodes", "Nodes that deliver, this one included", Gauge::default()),
            taken_over: registered(&mut registry, "nodes_taken_over", "Nodes that this one found dead", Counter::default()),
            given_up: registered(
                &mut registry,
                "node_given_up",
                "How often this node was found dead by others, or could not say that it lives",
                Counter::default(),
            ),
            registry: Registry::default(),
        };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs here", build);
        // What has not happened yet is 0, not absent: an alert on its growth would miss the first.
        for outcome in ["accepted", "rejected", "timed_out", "unreachable", "address_blocked", "token_refused"] {
            let _ = metrics.attempts.get_or_create(&[("outcome", outcome)]);
        }
        for result in ["issued", "token_refused", "timed_out", "unreachable", "address_blocked", "not_made"] {
            let _ = metrics.token_requests.get_or_create(&[("result", result)]);
        }
        for status in ["succeeded", "failed"] {
            let _ = metrics.ended.get_or_create(&[("status", status)]);
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

/// The unit becomes the end of the name.
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
    /// What Prometheus reads, in the OpenMetrics text format 1.0.
    pub const MEDIA_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// # Errors
    /// Never: a text takes all that is written to it.
    pub fn to_text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    pub fn answered(&self, operation: &str, status: StatusCode) {
        self.requests.get_or_create(&RequestLabels { operation: operation.to_owned(), status: status.as_u16() }).inc();
    }

    pub fn published(&self, took: Duration) {
        self.publish.observe(took.as_secs_f64());
    }

    /// `late` is the time since it was due.
    pub fn attempt_begins(&self, lane: Lane, late: TimeDelta) {
        self.lag.get_or_create(&of_lane(lane)).observe(late.to_std().unwrap_or_default().as_secs_f64());
    }

    pub fn attempt_ended(&self, outcome: &'static str, took: Duration, next: Next) {
        self.attempts.get_or_create(&[("outcome", outcome)]).inc();
        self.callback.observe(took.as_secs_f64());
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

    pub fn in_flight(&self, now: usize, limit: usize) {
        self.in_flight.set(now as i64);
        self.in_flight_limit.set(limit as i64);
    }

    /// Counts a request for a token when it is dropped, as timed out unless it is told more.
    #[must_use]
    pub fn token_request(&self) -> TokenRequest<'_> {
        TokenRequest { metrics: self, result: "timed_out" }
    }

    pub fn counted(&self, counts: &BacklogCounts) {
        for lane in Lane::ALL {
            self.pending.get_or_create(&of_lane(lane)).set(counts.pending[lane as usize] as i64);
        }
        for (status, count) in [("active", counts.active), ("deactivated", counts.deactivated)] {
            self.webhooks.get_or_create(&[("status", status)]).set(count as i64);
        }
    }

    pub fn oldest_due(&self, due: &DuePerLane, now: DateTime<Utc>) {
        for lane in Lane::ALL {
            let age = due[lane as usize].and_then(|due_at| (now - due_at).to_std().ok()).unwrap_or_default();
            self.oldest_due_age.get_or_create(&of_lane(lane)).set(age.as_secs_f64());
        }
    }

    pub fn paused(&self, pauses: &[Pause]) {
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

    pub fn stored(&self, storage: &StorageUse) {
        self.storage_full.set(storage.is_full().into());
        self.storage_used.set(storage.used_bytes);
        self.storage_limit.set(storage.max_bytes);
        self.disk_free.set(storage.disk_free_bytes);
        self.disk_reserve.set(storage.min_free_bytes);
    }

    pub fn wrote(&self, urgency: &'static str, took: Duration) {
        self.write.get_or_create(&[("urgency", urgency)]).observe(took.as_secs_f64());
    }

    pub fn read(&self, took: Duration) {
        self.read.observe(took.as_secs_f64());
    }

    pub fn committed(&self, commands: usize, took: Duration) {
        self.batch.observe(commands as f64);
        self.commit.observe(took.as_secs_f64());
    }

    pub fn heard_of(&self, fleet: &Fleet) {
        self.nodes.set(fleet.delivering.into());
        self.taken_over.inc_by(fleet.taken_over_from.len() as u64);
        self.given_up.inc_by(fleet.was_given_up.into());
    }

    /// So many more commands wait to be written; fewer, if it is negative.
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
