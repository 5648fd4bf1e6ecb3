//! The setup of most scenarios: a service, the load and the sink. This module also counts lost and repeated
//! deliveries.

use std::collections::HashMap;
use std::time::Duration;

use crate::Bench;
use crate::figure::{Cpu, Tally};
use crate::load::{Job, Load, LoadResult, Route, Target};
use crate::service::{Service, ServiceCpu};
use crate::sink::{Arrival, Report, SEQUENCE, Sink};

pub(crate) const WEBHOOKS: &str = "/api/notifications/v1/webhooks";
pub(crate) const NOTIFICATIONS: &str = "/api/notifications/v1/notifications";
pub(crate) const DELIVERIES: &str = "/api/notifications/v1/deliveries";

/// The size of the body of a publication, in bytes.
const PUBLICATION_BYTES: usize = 470;

/// The event type of most notifications.
pub(crate) const EVENT: &str = "bench.purchase.closed";

/// If no callback arrives for this time, the wait for callbacks ends.
pub(crate) const IDLE: Duration = Duration::from_secs(20);

/// Time to wait after the last arrival. After this time, the server has recorded all attempts and is idle.
pub(crate) const RECORDED: Duration = Duration::from_millis(100);

pub(crate) struct Rig {
    pub(crate) service: Service,
    pub(crate) sink: Sink,
    pub(crate) load: Load,
    /// The sequence number of the next publication.
    sequence: u32,
    /// The number in the URL of the next webhook.
    webhook: u32,
}

/// The arrivals of the notifications of a job.
pub(crate) struct DeliveryResult {
    /// The arrivals of each notification. The key is the sequence number of the notification.
    pub(crate) arrivals: HashMap<u32, Vec<Arrival>>,
    pub(crate) last_at: u64,
    pub(crate) tally: Tally,
    /// Number of callbacks over HTTP/2.
    pub(crate) http2: u64,
    /// Number of DNS queries to the sink.
    pub(crate) dns_queries: u64,
}

/// Rates and costs of a job, from the first publication to the last arrival.
pub(crate) struct Throughput {
    pub(crate) published_per_second: f64,
    pub(crate) delivered_per_second: f64,
    /// CPU time per 1,000 deliveries.
    pub(crate) cpu: Cpu,
    /// Peak memory of the service, in bytes.
    pub(crate) peak: u64,
    pub(crate) tally: Tally,
    /// Number of callbacks over HTTP/2.
    pub(crate) http2: u64,
}

/// CPU time that the service and the sink have used since their start.
#[derive(Clone, Copy)]
pub(crate) struct CpuTimes {
    service: ServiceCpu,
    sink: Duration,
}

impl Rig {
    pub(crate) fn start(bench: &Bench, options: &[&str]) -> anyhow::Result<Rig> {
        Rig::with_sink(Sink::start(&bench.directory.join("authority.pem"))?, bench, options)
    }

    /// Starts the service and the load with an existing sink.
    pub(crate) fn with_sink(sink: Sink, bench: &Bench, options: &[&str]) -> anyhow::Result<Rig> {
        let ca_file = bench.directory.join("authority.pem");
        let mut options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        options.extend(["--ca-file".to_owned(), ca_file.display().to_string()]);
        let service = Service::start(&bench.server, &bench.directory, bench.store, &options, &bench.peak)?;
        Ok(Rig { service, sink, load: Load::start()?, sequence: 1, webhook: 1 })
    }

    /// Registers webhooks of one account. Each webhook has its own path below `url`. `members` are additional JSON
    /// members of each registration.
    pub(crate) fn register(&mut self, account: &str, url: &str, members: &str, count: u32) -> anyhow::Result<()> {
        let job = self.registrations(&[account], url, members, 1, count)?;
        self.load.run(&job)?.all_accepted().map(drop)
    }

    /// Returns a job that registers webhooks. The requests use the accounts one after another, and then begin with the
    /// first account again.
    pub(crate) fn registrations(&mut self, accounts: &[&str], url: &str, members: &str, clients: usize, count: u32) -> anyhow::Result<Job> {
        let comma = if members.is_empty() { "" } else { "," };
        let before = format!(r#"{{"targetURL":"{url}/"#);
        let after = format!(r#""{comma}{members},"auth":{{"type":"basic","username":"USERNAME","password":"PASSWORD"}}}}"#);
        let targets = accounts
            .iter()
            .map(|account| Ok(Target { token: self.service.account_token(account)?, before: before.clone(), after: after.clone() }));
        let targets = targets.collect::<anyhow::Result<_>>()?;
        let first = self.webhook;
        self.webhook += count;
        let addresses = self.service.addresses();
        Ok(Job {
            addresses,
            route: Route::default(),
            path: WEBHOOKS.to_owned(),
            clients,
            first,
            count,
            per_second: None,
            targets,
            in_order: false,
        })
    }

    /// Creates this number of accounts, each with one webhook.
    pub(crate) fn accounts_with_one_webhook(&mut self, count: u32, url: &str) -> anyhow::Result<Vec<String>> {
        let accounts: Vec<String> = (1..=count).map(|number| format!("account-{number}")).collect();
        for account in &accounts {
            self.register(account, url, "", 1)?;
        }
        Ok(accounts)
    }

    /// Returns a job that publishes. The requests use the accounts one after another, and then begin with the first
    /// account again.
    pub(crate) fn publications<A: AsRef<str>>(
        &mut self,
        accounts: &[A],
        event_type: &str,
        clients: usize,
        count: u32,
    ) -> anyhow::Result<Job> {
        let token = self.service.platform_token()?;
        let targets = accounts.iter().map(|account| {
            let (before, after) = publication(account.as_ref(), event_type);
            Target { token: token.clone(), before, after }
        });
        let first = self.sequence;
        self.sequence += count;
        let (addresses, path) = (self.service.addresses(), NOTIFICATIONS.to_owned());
        let targets = targets.collect();
        Ok(Job { addresses, route: Route::default(), path, clients, first, count, per_second: None, targets, in_order: false })
    }

    /// Runs a job, and waits until each notification has arrived at this number of webhooks.
    pub(crate) fn throughput(&mut self, bench: &mut Bench, job: &Job, webhooks: usize) -> anyhow::Result<Throughput> {
        self.service.reset_peak()?;
        let before = self.cpu_times()?;
        let done = self.load.run(job)?.all_accepted()?;
        let deliveries = done.accepted.len() * webhooks;
        self.sink.await_callbacks(deliveries, IDLE)?;
        // Wait until the server has recorded the last attempts.
        std::thread::sleep(RECORDED);
        let cpu = self.cpu_since(before, done.cpu_seconds)?.per_thousand(deliveries as f64);
        let peak = self.service.memory()?.peak;
        let result = self.collect_result(bench, &done, webhooks)?;
        Ok(Throughput {
            published_per_second: done.per_second(),
            delivered_per_second: deliveries as f64 / (result.last_at.saturating_sub(done.started_at) as f64 / 1e9),
            cpu,
            peak,
            tally: result.tally,
            http2: result.http2,
        })
    }

    pub(crate) fn cpu_times(&self) -> anyhow::Result<CpuTimes> {
        Ok(CpuTimes { service: self.service.cpu()?, sink: self.sink.cpu()? })
    }

    /// Returns the CPU time since `before`. `load_seconds` is the CPU time of the load, which the load measures itself.
    pub(crate) fn cpu_since(&self, before: CpuTimes, load_seconds: f64) -> anyhow::Result<Cpu> {
        let now = self.cpu_times()?;
        let seconds = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64();
        Ok(Cpu {
            servers: seconds(now.service.servers, before.service.servers),
            database: seconds(now.service.database, before.service.database),
            sink: seconds(now.sink, before.sink),
            load: load_seconds,
        })
    }

    /// Waits until each notification has arrived at this number of webhooks, or no callback arrives for the time
    /// [`IDLE`]. Counts lost deliveries. If a delivery is lost, the scenario fails at its end.
    pub(crate) fn collect_result(&mut self, bench: &mut Bench, done: &LoadResult, webhooks: usize) -> anyhow::Result<DeliveryResult> {
        self.sink.await_callbacks(done.accepted.len() * webhooks, IDLE)?;
        let result = DeliveryResult::new(done, self.sink.report()?, webhooks);
        bench.tally += result.tally;
        Ok(result)
    }
}

impl DeliveryResult {
    pub(crate) fn new(done: &LoadResult, report: Report, webhooks: usize) -> DeliveryResult {
        let (arrivals, tally) = (HashMap::with_capacity(done.accepted.len()), Tally::default());
        let mut result = DeliveryResult { arrivals, last_at: 0, tally, http2: report.http2, dns_queries: report.dns_queries };
        for arrival in report.arrivals {
            result.arrivals.entry(arrival.sequence).or_default().push(arrival);
            result.last_at = result.last_at.max(arrival.at);
            result.tally.repeated += u64::from(arrival.times - 1);
        }
        let arrived = |sequence| result.arrivals.get(sequence).map_or(0, Vec::len);
        let lost: usize = done.accepted.iter().map(|sent| webhooks.saturating_sub(arrived(&sent.sequence))).sum();
        result.tally.lost = lost as u64;
        result
    }
}

/// Returns the member of a registration that selects this event type only.
pub(crate) fn event_type_member(event_type: &str) -> String {
    format!(r#""eventTypes":["{event_type}"]"#)
}

/// Returns two parts of the body of a publication: the text before its sequence number, and the text after it.
pub(crate) fn publication(account: &str, event_type: &str) -> (String, String) {
    let before = format!(r#"{{"type":"{event_type}","account":"{account}","data":{{{SEQUENCE}"#);
    let after = |padding: &str| format!(r#","state":"delivered","padding":"{padding}"}}}}"#);
    let padding = "x".repeat(PUBLICATION_BYTES.saturating_sub(before.len() + after("").len() + 5));
    (before, after(&padding))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::Sent;

    #[test]
    fn missing_arrivals_are_lost_and_further_callbacks_are_repeated() {
        let accepted = (1..=3).map(|sequence| Sent { sequence, sent_at: 0, responded_at: 1 }).collect();
        let done = LoadResult { accepted, refused: BTreeMap::new(), started_at: 0, ended_at: 1, cpu_seconds: 0.0 };
        let arrival = |webhook, sequence, times| Arrival { webhook, sequence, at: 10 * u64::from(sequence), times };
        // The publisher got no response for publication 4, but the publication was delivered.
        let arrivals = vec![arrival(1, 1, 1), arrival(2, 1, 3), arrival(1, 2, 1), arrival(1, 4, 1)];
        let result = DeliveryResult::new(&done, Report { arrivals, ..Report::default() }, 2);
        assert_eq!((result.tally, result.last_at), (Tally { lost: 3, repeated: 2 }, 40));
    }

    #[test]
    fn a_publication_has_the_configured_size() {
        let (before, after) = publication("acme", EVENT);
        let body = format!("{before}10000{after}");
        assert_eq!(body.len(), PUBLICATION_BYTES);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&body["account"], &body["data"]["sequence"]), (&"acme".into(), &10000.into()));
    }
}
