//! HTTP requests to the sink without the service. They use reqwest, a usual HTTP client.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};

use super::Work;
use crate::rig::publication;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// The target URLs. The requests use them one after another, and then begin with the first URL again.
    pub(crate) urls: Vec<String>,
    pub(crate) count: u32,
    pub(crate) concurrency: u32,
    /// Whether connections are opened before the measurement.
    pub(crate) warm: bool,
    /// The file with the certificate of the sink's certificate authority. It is needed only for HTTPS.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Requests {
    pub(super) fn measure(&self) -> anyhow::Result<Work> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = self.client()?;
        if self.warm {
            runtime.block_on(self.send(&client, self.concurrency.max(self.urls.len() as u32)))?;
        }
        Work::measure(self.count, || runtime.block_on(self.send(&client, self.count)))
    }

    #[expect(clippy::disallowed_methods, reason = "the measurement needs the bare client, and it calls only the sink")]
    fn client(&self) -> anyhow::Result<reqwest::Client> {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).dns_resolver(Arc::new(Loopback));
        let Some(ca_file) = &self.ca_file else { return Ok(builder.build()?) };
        let authority = std::fs::read(ca_file).with_context(|| format!("cannot read {}", ca_file.display()))?;
        Ok(builder.tls_certs_only([reqwest::Certificate::from_pem(&authority)?]).build()?)
    }

    async fn send(&self, client: &reqwest::Client, count: u32) -> anyhow::Result<()> {
        let mut clients = tokio::task::JoinSet::new();
        let urls: Arc<[String]> = self.urls.as_slice().into();
        let step = self.concurrency;
        for first in 0..step.min(count) {
            let (client, urls) = (client.clone(), urls.clone());
            clients.spawn(async move {
                for sequence in (first..count).step_by(step as usize) {
                    let (before, after) = publication("floor", "bench.floor");
                    let body = format!("{before}{sequence}{after}");
                    let url = &urls[sequence as usize % urls.len()];
                    let request = client.post(url).header("content-type", "application/json").body(body);
                    request.send().await?.error_for_status()?.bytes().await?;
                }
                reqwest::Result::Ok(())
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.context("a client panicked")?.context("a request failed")?;
        }
        Ok(())
    }
}

/// Resolves every host name to this machine, because name resolution is not part of the measurement.
struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
