//! Sends spans to a collector by OTLP: protobuf over HTTP.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::Utc;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfig, BatchSpanProcessor, SpanProcessor as _};
use slog::Logger;
use tokio::runtime::Handle;
use url::Url;

use crate::config::Settings;
use crate::delivery::egress;
use crate::delivery::guard::{Guard, GuardPolicy};
use crate::node::descriptors::Descriptors;
use crate::node::outbound;
use crate::sampler::Sampler;
use crate::spans::Spans;

/// Time limit of one request to the collector.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The path of a collector for spans (OTLP specification, "OTLP/HTTP request").
const PATH: &str = "v1/traces";

/// Returns the spans that go to the collector of the settings. Without a collector, all spans are dropped.
///
/// # Errors
/// If the requests to the collector cannot be set up.
pub(super) fn spans(settings: &Settings, descriptors: Descriptors, log: &Logger) -> anyhow::Result<Spans> {
    let Some(endpoint) = &settings.otlp_endpoint else { return Ok(Spans::default()) };
    // The operator chooses the collector, so it may have any address.
    let policy = GuardPolicy {
        allow_networks: ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("the constant is a network")).to_vec(),
        deny_networks: Vec::new(),
        allowed_ports: vec!["1-65535".parse().expect("the constant is a range of ports")],
        allow_http: true,
        use_hosts_file: true,
        ..outbound::policy(settings, descriptors, None, None)?
    };
    let guard = Guard::new(policy).context("cannot set up the requests to the collector of traces")?;
    let client = Client { guard, runtime: Handle::current(), failures: Sampler::default(), log: log.clone() };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(collector(endpoint))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(TIMEOUT)
        .build()
        .context("cannot set up the traces")?;
    let mut processor = BatchSpanProcessor::new(exporter, BatchConfig::default());
    processor.set_resource(&Resource::builder_empty().with_service_name("webhooks-server").build());
    Ok(Spans::to(processor))
}

/// Returns the URL for spans. If the endpoint has no path, it is the usual path of a collector.
fn collector(endpoint: &Url) -> String {
    if endpoint.path() == "/" { format!("{endpoint}{PATH}") } else { endpoint.to_string() }
}

/// Sends the requests of the exporter, which runs on a thread without a runtime.
struct Client {
    guard: Guard,
    runtime: Handle,
    failures: Sampler<()>,
    log: Logger,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let guard = self.guard.clone();
        let sent = self.runtime.spawn(async move { egress::send(&guard, request, TIMEOUT).await });
        let response = sent.await.map_err(|error| error.to_string()).flatten();
        let failure = match &response {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("the collector returned {}", response.status().as_u16())),
            Err(error) => Some(error.clone()),
        };
        if let Some(error) = failure
            && let Some(omitted) = self.failures.sample((), Utc::now())
        {
            slog::warn!(self.log, # "spans.not_sent", "cannot send spans to the collector of traces; some spans are lost";
                "error" => error, "omitted" => omitted);
        }
        Ok(response?)
    }
}
