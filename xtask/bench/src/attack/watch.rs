//! Watches the server under attack: whether it runs and is ready, and how much memory it uses.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep, timeout};

use super::counts::Statuses;
use crate::server::Server;

/// The address of the load balancer that asks whether the server is ready.
const PROBE_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 10);

const PROBE_PAUSE: Duration = Duration::from_millis(100);
const MEMORY_PAUSE: Duration = Duration::from_millis(50);

/// Maximum time for a response to a probe. Load balancers use similar limits.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Observed {
    pub(super) probes: Probes,
    /// Peak of the resident memory in bytes.
    pub(super) peak: u64,
    /// The status of the server and the time after the start of the attack, if the server ended during the attack.
    pub(super) ended: Option<(ExitStatus, Duration)>,
}

/// The responses to `GET /readyz`.
#[derive(Default)]
pub(super) struct Probes {
    pub(super) count: u32,
    /// The longest time until a probe ended, with or without a response.
    pub(super) longest: Duration,
    /// Number of probes without the status 200. The key is the status or the error.
    pub(super) failed: BTreeMap<String, u32>,
}

/// Watches the server for this time, or until it ends.
pub(super) async fn watch(server: &mut Server, admin: SocketAddr, time: Duration) -> anyhow::Result<Observed> {
    let end = Instant::now() + time;
    let (mut observed, mut probes) = (Observed::default(), Probes::default());
    tokio::select! {
        () = probe_until(end, admin, &mut probes) => {}
        result = measure(server, &mut observed) => result?,
    }
    observed.probes = probes;
    Ok(observed)
}

/// Measures the memory until the server ends.
async fn measure(server: &mut Server, observed: &mut Observed) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        if let Some(status) = server.ended()? {
            observed.ended = Some((status, started.elapsed()));
            return Ok(());
        }
        // The server may end between the two calls. Then the next call of `ended` reports it.
        if let Ok(memory) = server.memory() {
            observed.peak = observed.peak.max(memory.peak);
        }
        sleep(MEMORY_PAUSE).await;
    }
}

async fn probe_until(end: Instant, admin: SocketAddr, probes: &mut Probes) {
    while Instant::now() < end {
        let started = Instant::now();
        let failure = match timeout(PROBE_TIMEOUT, probe(admin)).await {
            Ok(Ok(Some(200))) => None,
            Ok(Ok(Some(status))) => Some(status.to_string()),
            Ok(Ok(None)) => Some("closed".to_owned()),
            Ok(Err(error)) => Some(error.kind().to_string()),
            Err(_) => Some("no response in time".to_owned()),
        };
        probes.count += 1;
        probes.longest = probes.longest.max(started.elapsed());
        if let Some(failure) = failure {
            *probes.failed.entry(failure).or_default() += 1;
        }
        sleep(PROBE_PAUSE).await;
    }
}

/// Sends a request on a new connection, as load balancers do. Returns the status.
async fn probe(admin: SocketAddr) -> io::Result<Option<u16>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((PROBE_ADDRESS, 0).into())?;
    let mut stream = socket.connect(admin).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: attack.example\r\nConnection: close\r\n\r\n").await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(Statuses::default().read(&response).first().copied())
}
