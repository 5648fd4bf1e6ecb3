//! A server, the load on it, and the sink behind it: what most scenarios need, and the account of what was lost.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::ensure;

use crate::Bench;
use crate::load::{Done, Job, Load, Target};
use crate::server::Server;
use crate::sink::{SEQUENCE, Sink};

pub(crate) const WEBHOOKS: &str = "/api/notifications/v1/webhooks";
pub(crate) const NOTIFICATIONS: &str = "/api/notifications/v1/notifications";
pub(crate) const DELIVERIES: &str = "/api/notifications/v1/deliveries";

/// The size of a publication.
const PUBLICATION_BYTES: usize = 470;

/// The type of notifications where all are alike.
pub(crate) const EVENT: &str = "bench.purchase.closed";

/// When no callback comes for so long, none comes any more.
pub(crate) const IDLE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) sink: Sink,
    pub(crate) load: Load,
    /// Of the next publication.
    sequence: u32,
    /// Of the next webhook.
    webhook: u32,
}

/// What came of a job's notifications.
pub(crate) struct Settled {
    /// Of each notification, when it came to each webhook.
    pub(crate) arrivals: HashMap<u32, Vec<u64>>,
    pub(crate) last_at: u64,
    pub(crate) lost: usize,
    pub(crate) repeated: u64,
}

/// What some notifications took from the first publish to the last arrival.
pub(crate) struct Throughput {
    pub(crate) published_per_second: f64,
    pub(crate) delivered_per_second: f64,
    /// Seconds that were computed for a thousand deliveries.
    pub(crate) server_cpu: f64,
    pub(crate) sink_cpu: f64,
    pub(crate) load_cpu: f64,
}

impl Rig {
    pub(crate) fn start(bench: &Bench, options: &[&str]) -> anyhow::Result<Rig> {
        let ca_file = bench.directory.join("authority.pem");
        let sink = Sink::start(&ca_file)?;
        let mut options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        options.extend(["--ca-file".to_owned(), ca_file.display().to_string()]);
        let server = Server::start(&bench.server, &bench.directory, &options)?;
        Ok(Rig { server, sink, load: Load::start()?, sequence: 1, webhook: 1 })
    }

    /// Webhooks of one account, each with a path of its own under a URL, for one type of notifications or all.
    pub(crate) fn register(&mut self, account: &str, url: &str, event_type: Option<&str>, count: u32) -> anyhow::Result<()> {
        let job = self.registrations(&[account], url, event_type, 1, count)?;
        self.load.run(&job)?.all().map(drop)
    }

    /// Registrations of webhooks of these accounts in turn.
    pub(crate) fn registrations(
        &mut self,
        accounts: &[&str],
        url: &str,
        event_type: Option<&str>,
        clients: usize,
        count: u32,
    ) -> anyhow::Result<Job> {
        let event_types = event_type.map(|name| format!(r#","eventTypes":["{name}"]"#)).unwrap_or_default();
        let before = format!(r#"{{"targetURL":"{url}/"#);
        let after = format!(r#""{event_types},"auth":{{"type":"basic","username":"USERNAME","password":"PASSWORD"}}}}"#);
        let targets = accounts
            .iter()
            .map(|account| Ok(Target { token: self.server.account(account)?, before: before.clone(), after: after.clone() }));
        let targets = targets.collect::<anyhow::Result<_>>()?;
        let first = self.webhook;
        self.webhook += count;
        let address = self.server.address.clone();
        Ok(Job { address, path: WEBHOOKS.to_owned(), clients, first, count, per_second: None, targets })
    }

    /// An account for each, with one webhook that accepts everything at once.
    pub(crate) fn accounts_with_one_webhook(&mut self, count: u32, url: &str) -> anyhow::Result<Vec<String>> {
        let accounts: Vec<String> = (1..=count).map(|number| format!("account-{number}")).collect();
        for account in &accounts {
            self.register(account, url, None, 1)?;
        }
        Ok(accounts)
    }

    /// Publications to these accounts in turn.
    pub(crate) fn publications<A: AsRef<str>>(
        &mut self,
        accounts: &[A],
        event_type: &str,
        clients: usize,
        count: u32,
    ) -> anyhow::Result<Job> {
        let token = self.server.platform()?;
        let targets = accounts.iter().map(|account| {
            let (before, after) = publication(account.as_ref(), event_type);
            Target { token: token.clone(), before, after }
        });
        let first = self.sequence;
        self.sequence += count;
        let (address, path) = (self.server.address.clone(), NOTIFICATIONS.to_owned());
        Ok(Job { address, path, clients, first, count, per_second: None, targets: targets.collect() })
    }

    /// Does a job, and waits until each notification has come to so many webhooks.
    pub(crate) fn throughput(&mut self, bench: &mut Bench, job: &Job, webhooks: usize) -> anyhow::Result<Throughput> {
        let (server_cpu, sink_cpu) = (self.server.cpu()?, self.sink.cpu()?);
        let done = self.load.run(job)?.all()?;
        let deliveries = done.accepted.len() * webhooks;
        self.sink.await_callbacks(deliveries, IDLE)?;
        // What came is yet to be recorded.
        std::thread::sleep(Duration::from_millis(100));
        let thousands = deliveries as f64 / 1000.0;
        let (server_cpu, sink_cpu) = (self.server.cpu()? - server_cpu, self.sink.cpu()? - sink_cpu);
        let settled = self.settle(&done, webhooks)?.none_lost(bench)?;
        Ok(Throughput {
            published_per_second: done.per_second(),
            delivered_per_second: deliveries as f64 / ((settled.last_at - done.started_at) as f64 / 1e9),
            server_cpu: server_cpu.as_secs_f64() / thousands,
            sink_cpu: sink_cpu.as_secs_f64() / thousands,
            load_cpu: done.cpu_seconds / thousands,
        })
    }

    /// Waits until each notification has come to so many webhooks, or none comes any more, and compares.
    pub(crate) fn settle(&mut self, done: &Done, webhooks: usize) -> anyhow::Result<Settled> {
        self.sink.await_callbacks(done.accepted.len() * webhooks, IDLE)?;
        let report = self.sink.report()?;
        let mut settled = Settled { arrivals: HashMap::with_capacity(done.accepted.len()), last_at: 0, lost: 0, repeated: 0 };
        for arrival in report.arrivals {
            settled.arrivals.entry(arrival.sequence).or_default().push(arrival.at);
            settled.last_at = settled.last_at.max(arrival.at);
            settled.repeated += u64::from(arrival.times - 1);
        }
        let came = |sequence| settled.arrivals.get(sequence).map_or(0, Vec::len);
        settled.lost = done.accepted.iter().map(|sent| webhooks.saturating_sub(came(&sent.sequence))).sum();
        Ok(settled)
    }
}

impl Settled {
    pub(crate) fn none_lost(self, bench: &mut Bench) -> anyhow::Result<Settled> {
        bench.repeated += self.repeated;
        ensure!(self.lost == 0, "{} deliveries of accepted notifications did not come within {} s", self.lost, IDLE.as_secs());
        Ok(self)
    }
}

/// The body of a publication, before and after its sequence number.
pub(crate) fn publication(account: &str, event_type: &str) -> (String, String) {
    let before = format!(r#"{{"type":"{event_type}","account":"{account}","data":{{{SEQUENCE}"#);
    let after = |padding: &str| format!(r#","state":"delivered","padding":"{padding}"}}}}"#);
    let padding = "x".repeat(PUBLICATION_BYTES.saturating_sub(before.len() + after("").len() + 5));
    (before, after(&padding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_as_large_as_those_of_the_peers_were() {
        let (before, after) = publication("acme", EVENT);
        let body = format!("{before}10000{after}");
        assert_eq!(body.len(), PUBLICATION_BYTES);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&body["account"], &body["data"]["sequence"]), (&"acme".into(), &10000.into()));
    }
}
