//! Spans for OpenTelemetry: a publication, its deliveries, and their attempts.
//!
//! The identifiers of spans follow from the identifiers of the notification and the delivery. So every node, and every
//! process after a restart, knows the parent of an attempt, and nothing has to be stored. If the publication had a
//! `traceparent`, its spans belong to that trace, and a trace that is not sampled has no spans. Otherwise the notification
//! begins a trace. The callbacks have the `traceparent` of the publication, unchanged.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor as _};
use uuid::Uuid;

use crate::api::trace::TraceContext;

/// Sends spans, or drops them if traces are off.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<BatchSpanProcessor>>);

/// The trace of a notification.
struct Trace {
    id: TraceId,
    /// The span of the publisher.
    publisher: Option<SpanId>,
    /// The span of the publication.
    publication: SpanId,
}

/// What all spans have.
pub struct Period {
    pub begin: DateTime<Utc>,
    pub duration: Duration,
    pub attributes: Vec<KeyValue>,
    /// Why the operation failed.
    pub error: Option<String>,
}

impl Spans {
    #[must_use]
    pub fn to(processor: BatchSpanProcessor) -> Spans {
        Spans(Some(Arc::new(processor)))
    }

    #[must_use]
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Sends the span of a publication.
    pub fn publication(&self, notification: Uuid, context: Option<&TraceContext>, period: Period) {
        let Some(trace) = Trace::of(notification, context) else { return };
        let parent = trace.publisher.unwrap_or(SpanId::INVALID);
        self.send("publishNotification", SpanKind::Server, &trace, trace.publication, parent, period);
    }

    /// Sends the span of an ended delivery. It begins when the delivery was created.
    pub fn delivery(&self, notification: Uuid, delivery: Uuid, context: Option<&TraceContext>, end: DateTime<Utc>, error: Option<String>) {
        let Some(trace) = Trace::of(notification, context) else { return };
        let created = delivery.get_timestamp().map(|timestamp| timestamp.to_unix());
        let begin = created.and_then(|(seconds, nanoseconds)| DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds));
        let begin = begin.unwrap_or(end).min(end);
        let attributes = vec![KeyValue::new("webhooks.delivery", delivery.to_string())];
        let period = Period { begin, duration: (end - begin).to_std().unwrap_or_default(), attributes, error };
        self.send("delivery", SpanKind::Producer, &trace, last_half(delivery), trace.publication, period);
    }

    /// Sends the span of an attempt, which belongs to the span of its delivery.
    pub fn attempt(&self, notification: Uuid, delivery: Uuid, number: u32, context: Option<&TraceContext>, period: Period) {
        let Some(trace) = Trace::of(notification, context) else { return };
        let [.., a, b, c, d] = last_half(delivery).to_bytes();
        let [e, f, g, h, ..] = last_half(delivery).to_bytes();
        // Attempts are numbered from 1, so this differs from the span of the delivery.
        let [i, j, k, l] = (u32::from_be_bytes([a, b, c, d]) ^ number).to_be_bytes();
        let id = SpanId::from_bytes([e, f, g, h, i, j, k, l]);
        self.send("attempt", SpanKind::Client, &trace, id, last_half(delivery), period);
    }

    /// Sends all spans, but waits no longer than `timeout`.
    pub async fn stop(&self, timeout: Duration) {
        let Some(processor) = self.0.clone() else { return };
        // This call waits for another thread.
        let stopped = tokio::task::spawn_blocking(move || processor.shutdown_with_timeout(timeout));
        let _ = tokio::time::timeout(timeout, stopped).await;
    }

    fn send(&self, name: &'static str, span_kind: SpanKind, trace: &Trace, id: SpanId, parent_span_id: SpanId, period: Period) {
        let Some(processor) = &self.0 else { return };
        let start_time = SystemTime::from(period.begin);
        processor.on_end(SpanData {
            span_context: SpanContext::new(trace.id, id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id,
            parent_span_is_remote: trace.publisher == Some(parent_span_id),
            span_kind,
            name: name.into(),
            start_time,
            end_time: start_time + period.duration,
            attributes: period.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: period.error.map_or(Status::Unset, Status::error),
            instrumentation_scope: InstrumentationScope::builder("webhooks-server").with_version(env!("CARGO_PKG_VERSION")).build(),
        });
    }
}

impl Trace {
    /// Returns `None` if the publisher does not sample its trace (W3C Trace Context, level 1, §3.2.2.5.1).
    fn of(notification: Uuid, context: Option<&TraceContext>) -> Option<Trace> {
        let publication = last_half(notification);
        let Some(context) = context else {
            return Some(Trace { id: TraceId::from_bytes(*notification.as_bytes()), publisher: None, publication });
        };
        let mut parts = context.parent.as_str().split('-').skip(1);
        let (id, publisher) = (TraceId::from_hex(parts.next()?).ok()?, SpanId::from_hex(parts.next()?).ok()?);
        let is_sampled = u8::from_str_radix(parts.next()?, 16).ok()? & 1 == 1;
        is_sampled.then_some(Trace { id, publisher: Some(publisher), publication })
    }
}

/// Returns the random half of a UUIDv7 (RFC 9562 §5.7). Its variant bits are not zero, so the identifier is valid.
fn last_half(id: Uuid) -> SpanId {
    let [.., a, b, c, d, e, f, g, h] = *id.as_bytes();
    SpanId::from_bytes([a, b, c, d, e, f, g, h])
}
