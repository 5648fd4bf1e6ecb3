//! OpenTelemetry traces. A collector in this process decodes the protobuf messages of OTLP.

use std::collections::BTreeMap;
use std::convert::Infallible;

use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::harness::{PREFIX, Reply, Setup};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PUBLISHER: &str = "00f067aa0ba902b7";

/// Decodes each request, and passes its spans on.
async fn collect(listener: TcpListener, spans: UnboundedSender<Span>) {
    while let Ok((stream, _)) = listener.accept().await {
        let spans = spans.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let spans = spans.clone();
            async move {
                assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/v1/traces"));
                assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                let body = request.into_body().collect().await.expect("a body").to_bytes();
                for resource in ExportTraceServiceRequest::decode(body).expect("a message of OTLP").resource_spans {
                    let attributes = resource.resource.expect("a resource").attributes;
                    assert!(attributes.iter().any(|attribute| attribute.key == "service.name"), "{attributes:?}");
                    resource.scope_spans.into_iter().flat_map(|scope| scope.spans).for_each(|span| drop(spans.send(span)));
                }
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_publication_its_delivery_and_each_attempt_are_spans_of_the_publishers_trace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("a bound listener"));
    let (sender, mut spans) = unbounded_channel();
    let collector = tokio::spawn(collect(listener, sender));
    let mut server = Setup::dev().flags(&["--otlp-endpoint", &endpoint, "--retry-schedule", "1s"]).start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    receiver.reply_to_next([Reply::Status(500)]);
    api.register_url(&receiver.url()).await;
    let authorization = format!("Bearer {}", api.token());
    let publish = async |parent: Option<&str>| {
        let mut headers = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(parent.map(|parent| ("traceparent", parent)));
        let body = json!({ "type": "a.b", "data": {} }).to_string();
        api.send(Method::POST, &format!("{PREFIX}/notifications"), &headers, body).await.expect(202)
    };
    let sampled = format!("00-{TRACE}-{PUBLISHER}-01");
    let notification = publish(Some(&sampled)).await;
    for _ in 0..2 {
        assert_eq!(receiver.next().await.header("traceparent"), sampled, "the callback has the publisher's trace");
    }
    let delivery = api.after_attempts(&notification, 2).await;
    // Neither of these has spans in this trace: the publisher does not sample it, and the notification begins a trace.
    api.after_attempts(&publish(Some(&format!("00-{TRACE}-{PUBLISHER}-00"))).await, 1).await;
    let without = publish(None).await;
    api.after_attempts(&without, 1).await;
    server.stop().await;
    collector.abort();

    let mut received = Vec::new();
    while let Ok(span) = spans.try_recv() {
        received.push(span);
    }
    let own_trace = without["id"].as_str().expect("an id").replace('-', "");
    let names = |trace: &str| {
        let mut names: Vec<&str> = received.iter().filter(|span| hex(&span.trace_id) == trace).map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(TRACE), ["attempt", "attempt", "delivery", "publishNotification"]);
    assert_eq!(names(&own_trace), ["attempt", "delivery", "publishNotification"]);
    assert_eq!(received.len(), 7, "a trace that is not sampled has no spans");

    let find = |name: &str| {
        let found = received.iter().filter(|span| span.name == name && hex(&span.trace_id) == TRACE);
        found.cloned().collect::<Vec<Span>>()
    };
    let ([published], [delivered]) = (&find("publishNotification")[..], &find("delivery")[..]) else { panic!("{received:?}") };
    assert_eq!((hex(&published.parent_span_id), &delivered.parent_span_id), (PUBLISHER.to_owned(), &published.span_id));
    let mut outcomes = BTreeMap::new();
    for attempt in find("attempt") {
        assert_eq!(attempt.parent_span_id, delivered.span_id);
        assert!(attempt.span_id != delivered.span_id && attempt.start_time_unix_nano <= attempt.end_time_unix_nano);
        let failed = attempt.status.as_ref().is_some_and(|status| status.code == 2);
        let attributes: BTreeMap<String, String> =
            attempt.attributes.into_iter().map(|attribute| (attribute.key, format!("{:?}", attribute.value))).collect();
        assert!(attributes["webhooks.delivery"].contains(delivery["id"].as_str().expect("an id")), "{attributes:?}");
        outcomes.insert(attempt.span_id, (attributes["webhooks.outcome"].contains("accepted"), failed));
    }
    let mut outcomes: Vec<_> = outcomes.into_values().collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(false, true), (true, false)], "the attempts have different identifiers");
}
