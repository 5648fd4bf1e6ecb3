//! A service, the load on it, and the sink behind it: what most scenarios need, and the account of what was lost.

use std::collections::HashMap;
use std::time::Duration;

use crate::Bench;
use crate::figure::{Cpu, Tally};
use crate::load::{Done, Job, Load, Target};
use crate::service::{Computed as Served, Service};
use crate::sink::{Arrival, Report, SEQUENCE, Sink};

pub(crate) const WEBHOOKS: &str = "/api/notifications/v1/webhooks";
pub(crate) const NOTIFICATIONS: &str = "/api/notifications/v1/notifications";
pub(crate) const DELIVERIES: &str = "/api/notifications/v1/deliveries";

/// The size of a publication.
const PUBLICATION_BYTES: usize = 470;

/// The type of notifications where all are alike.
pub(crate) const EVENT: &str = "bench.purchase.closed";

/// When no callback comes for so long, none comes any more.
pub(crate) const IDLE: Duration = Duration::from_secs(20);

/// Soon after its arrival a callback has been recorded, and the server has nothing more to do with it.
pub(crate) const RECORDED: Duration = Duration::from_millis(100);

pub(crate) struct Rig {
    pub(crate) service: Service,
    pub(crate) sink: Sink,
    pub(crate) load: Load,
    /// Of the next publication.
    sequence: u32,
    /// Of the next webhook.
    webhook: u32,
}

/// What came of a job's notifications.
pub(crate) struct Settled {
    /// Of each notification.
    pub(crate) arrivals: HashMap<u32, Vec<Arrival>>,
    pub(crate) last_at: u64,
    pub(crate) tally: Tally,
    /// Of all callbacks, those over HTTP/2.
    pub(crate) http2: u64,
    /// Questions that the sink was asked for names.
    pub(crate) names: u64,
}

/// What some notifications took from the first publish to the last arrival.
pub(crate) struct Throughput {
    pub(crate) published_per_second: f64,
    pub(crate) delivered_per_second: f64,
    /// For a thousand deliveries.
    pub(crate) cpu: Cpu,
    /// Of the service's memory, in bytes.
    pub(crate) peak: u64,
    pub(crate) tally: Tally,
    /// Of all callbacks, those over HTTP/2.
    pub(crate) http2: u64,
}

/// What the service and the sink had computed at some time.
#[derive(Clone, Copy)]
pub(crate) struct Computed {
    service: Served,
    sink: Duration,
}

impl Rig {
    pub(crate) fn start(bench: &Bench, options: &[&str]) -> anyhow::Result<Rig> {
        Rig::before(Sink::start(&bench.directory.join("authority.pem"))?, bench, options)
    }

    /// With a sink that is there already.
    pub(crate) fn before(sink: Sink, bench: &Bench, options: &[&str]) -> anyhow::Result<Rig> {
        let ca_file = bench.directory.join("authority.pem");
        let mut options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        options.extend(["--ca-file".to_owned(), ca_file.display().to_string()]);
        let service = Service::start(&bench.server, &bench.directory, bench.store, &options, &bench.peak)?;
        Ok(Rig { service, sink, load: Load::start()?, sequence: 1, webhook: 1 })
    }

    /// Webhooks of one account, each with a path of its own under a URL, and with further members that a registration may have.
    pub(crate) fn register(&mut self, account: &str, url: &str, members: &str, count: u32) -> anyhow::Result<()> {
        let job = self.registrations(&[account], url, members, 1, count)?;
        self.load.run(&job)?.all().map(drop)
    }

    /// Registrations of webhooks of these accounts in turn.
    pub(crate) fn registrations(&mut self, accounts: &[&str], url: &str, members: &str, clients: usize, count: u32) -> anyhow::Result<Job> {
        let comma = if members.is_empty() { "" } else { "," };
        let before = format!(r#"{{"targetURL":"{url}/"#);
        let after = format!(r#""{comma}{members},"auth":{{"type":"basic","username":"USERNAME","password":"PASSWORD"}}}}"#);
        let targets = accounts
            .iter()
            .map(|account| Ok(Target { token: self.service.account(account)?, before: before.clone(), after: after.clone() }));
        let targets = targets.collect::<anyhow::Result<_>>()?;
        let first = self.webhook;
        self.webhook += count;
        let addresses = self.service.addresses();
        Ok(Job { addresses, path: WEBHOOKS.to_owned(), clients, first, count, per_second: None, targets, in_order: false })
    }

    /// An account for each, with one webhook that accepts everything at once.
    pub(crate) fn accounts_with_one_webhook(&mut self, count: u32, url: &str) -> anyhow::Result<Vec<String>> {
        let accounts: Vec<String> = (1..=count).map(|number| format!("account-{number}")).collect();
        for account in &accounts {
            self.register(account, url, "", 1)?;
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
        let token = self.service.platform()?;
        let targets = accounts.iter().map(|account| {
            let (before, after) = publication(account.as_ref(), event_type);
            Target { token: token.clone(), before, after }
        });
        let first = self.sequence;
        self.sequence += count;
        let (addresses, path) = (self.service.addresses(), NOTIFICATIONS.to_owned());
        let targets = targets.collect();
        Ok(Job { addresses, path, clients, first, count, per_second: None, targets, in_order: false })
    }

    /// Does a job, and waits until each notification has come to so many webhooks.
    pub(crate) fn throughput(&mut self, bench: &mut Bench, job: &Job, webhooks: usize) -> anyhow::Result<Throughput> {
        self.service.forget_peak()?;
        let before = self.computed()?;
        let done = self.load.run(job)?.all()?;
        let deliveries = done.accepted.len() * webhooks;
        self.sink.await_callbacks(deliveries, IDLE)?;
        // What came is yet to be recorded.
        std::thread::sleep(RECORDED);
        let cpu = self.cpu_since(before, done.cpu_seconds)?.per_thousand(deliveries as f64);
        let peak = self.service.memory()?.peak;
        let settled = self.settle(bench, &done, webhooks)?;
        Ok(Throughput {
            published_per_second: done.per_second(),
            delivered_per_second: deliveries as f64 / (settled.last_at.saturating_sub(done.started_at) as f64 / 1e9),
            cpu,
            peak,
            tally: settled.tally,
            http2: settled.http2,
        })
    }

    pub(crate) fn computed(&self) -> anyhow::Result<Computed> {
        Ok(Computed { service: self.service.cpu()?, sink: self.sink.cpu()? })
    }

    /// The load says itself what it computed.
    pub(crate) fn cpu_since(&self, before: Computed, load_seconds: f64) -> anyhow::Result<Cpu> {
        let now = self.computed()?;
        let seconds = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64();
        Ok(Cpu {
            servers: seconds(now.service.servers, before.service.servers),
            database: seconds(now.service.database, before.service.database),
            sink: seconds(now.sink, before.sink),
            load: load_seconds,
        })
    }

    /// Waits until each notification has come to so many webhooks, or none comes any more, and compares. What is lost fails
    /// the scenario in the end.
    pub(crate) fn settle(&mut self, bench: &mut Bench, done: &Done, webhooks: usize) -> anyhow::Result<Settled> {
        self.sink.await_callbacks(done.accepted.len() * webhooks, IDLE)?;
        let settled = Settled::of(done, self.sink.report()?, webhooks);
        bench.tally += settled.tally;
        Ok(settled)
    }
}

impl Settled {
    fn of(done: &Done, report: Report, webhooks: usize) -> Settled {
        let (arrivals, tally) = (HashMap::with_capacity(done.accepted.len()), Tally::default());
        let mut settled = Settled { arrivals, last_at: 0, tally, http2: report.http2, names: report.names };
        for arrival in report.arrivals {
            settled.arrivals.entry(arrival.sequence).or_default().push(arrival);
            settled.last_at = settled.last_at.max(arrival.at);
            settled.tally.repeated += u64::from(arrival.times - 1);
        }
        let came = |sequence| settled.arrivals.get(sequence).map_or(0, Vec::len);
        let lost: usize = done.accepted.iter().map(|sent| webhooks.saturating_sub(came(&sent.sequence))).sum();
        settled.tally.lost = lost as u64;
        settled
    }
}

/// The member of a registration that asks for notifications of this type alone.
pub(crate) fn only(event_type: &str) -> String {
    format!(r#""eventTypes":["{event_type}"]"#)
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::load::Sent;

    #[test]
    fn what_did_not_come_to_each_webhook_is_lost_and_what_came_again_is_told() {
        let accepted = (1..=3).map(|sequence| Sent { sequence, sent_at: 0, answered_at: 1 }).collect();
        let done = Done { accepted, refused: BTreeMap::new(), started_at: 0, ended_at: 1, cpu_seconds: 0.0 };
        let arrival = |webhook, sequence, times| Arrival { webhook, sequence, at: 10 * u64::from(sequence), times };
        // 4 was not answered, and came nevertheless.
        let arrivals = vec![arrival(1, 1, 1), arrival(2, 1, 3), arrival(1, 2, 1), arrival(1, 4, 1)];
        let settled = Settled::of(&done, Report { arrivals, ..Report::default() }, 2);
        assert_eq!((settled.tally, settled.last_at), (Tally { lost: 3, repeated: 2 }, 40));
    }

    #[test]
    fn a_publication_is_as_large_as_those_of_the_peers_were() {
        let (before, after) = publication("acme", EVENT);
        let body = format!("{before}10000{after}");
        assert_eq!(body.len(), PUBLICATION_BYTES);
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&body["account"], &body["data"]["sequence"]), (&"acme".into(), &10000.into()));
    }
}
