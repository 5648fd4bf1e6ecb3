//! Resolves the names of callbacks and judges every address they have, so that what was judged is what is dialled.
//!
//! The system's own resolver, `getaddrinfo`, holds a thread until it is done, and nothing can call it back: some hundred names
//! whose name server hangs fill any pool of threads, and then no name resolves. So names are asked for without threads
//! (hickory-resolver): a lookup is a future, it ends with the attempt that wanted it, and it delays nobody but that attempt.
//!
//! What an operator expects of the system's resolver holds here too: `/etc/hosts` comes before DNS, `/etc/resolv.conf` says which name
//! servers, search domains and options there are, both are read again when they change, and `localhost` is loopback (RFC 6761 §6.3).
//! Other sources that `nsswitch.conf` may name (mDNS, LDAP) are not asked. Instead of the name servers of `/etc/resolv.conf` the
//! operator may name others.
//!
//! How many lookups are under way is bounded, because each holds sockets. Who has a name that was found before needs none
//! while that answer holds, and then has places of its own: names that nobody answers for cannot take these.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::{TokioResolver, system_conf};
use reqwest::dns::{Addrs, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::Refusal;
use super::ranges::AddressPolicy;

/// Names whose addresses are remembered. Beyond them it begins anew.
const REMEMBERED: usize = 10_000;

/// Long answers go through one TCP connection to the name server; hickory's 32 at once would let a few slow names block it.
const MOST_ON_A_CONNECTION: usize = 512;

/// One try of one query. Two tries end well within the time that connecting has, so that a name server that
/// answers for IPv4 and swallows the question for IPv6, as some do, costs time and not the attempt.
const LONGEST_TRY: Duration = Duration::from_millis(1_500);
const RETRIES: usize = 1;

/// How long an answer is believed at most, whatever its own time to live.
const LONGEST_TTL: Duration = Duration::from_secs(300);
/// Who has just made the name that a webhook needs should not wait long for it.
const LONGEST_NEGATIVE_TTL: Duration = Duration::from_secs(10);

/// Where a name server listens unless it is said otherwise (RFC 1035 §4.2).
pub const DNS_PORT: u16 = 53;

const HOSTS_FILE: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How often the files are looked at for a change.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Why a name has no address. A name that has a forbidden one is a [`Refusal`] instead. A customer may read the message.
#[derive(thiserror::Error, Debug, Clone)]
pub enum NameError {
    #[error("the name {name} does not exist or has no address")]
    NotFound { name: String },
    #[error("no name server answered for {name} in time")]
    TimedOut { name: String },
    #[error("the name {name} could not be resolved")]
    Failed { name: String, source: NetError },
    #[error("too many names are being resolved at once")]
    Busy,
}

/// What the shared client asks instead of the system.
pub(super) struct JudgingResolver {
    pub(super) names: Arc<Names>,
    pub(super) policy: Arc<AddressPolicy>,
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let (names, policy) = (self.names.clone(), self.policy.clone());
        Box::pin(async move {
            let addresses = names.lookup(name.as_str()).await?;
            // One forbidden address spoils the name: what mixes inner and outer addresses was made to be dialled until it hits.
            for &address in &addresses {
                policy.judge(address).map_err(|range| Refusal::NameForbidden { name: name.as_str().to_owned(), address, range })?;
            }
            // The client fills in the port of the URL.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Turns names into addresses.
pub(super) struct Names {
    sources: Mutex<Sources>,
    /// Of names that have not been found yet.
    lookups: Semaphore,
    /// Of names that have been found before.
    lookups_again: Semaphore,
}

struct Sources {
    current: Arc<Snapshot>,
    files: Files,
}

struct Snapshot {
    hosts: Hosts,
    dns: TokioResolver,
    /// What name servers answered last, and until when that holds.
    found: Mutex<HashMap<String, Found>>,
}

#[derive(Clone)]
struct Found {
    addresses: Vec<IpAddr>,
    valid_until: Instant,
}

/// The files that the sources come from, and what they were when they were last looked at.
struct Files {
    hosts: PathBuf,
    /// Instead of those of `/etc/resolv.conf`, if there are any.
    name_servers: Vec<SocketAddr>,
    looked_at: Instant,
    stamps: Stamps,
}

/// When each file was changed and how long it was; `None` for a file that is not there.
type Stamps = [Option<(SystemTime, u64)>; 2];

impl Names {
    /// Resolves as this machine is set up to, or by these name servers.
    pub(super) fn of_system(name_servers: Vec<SocketAddr>, most_lookups: usize) -> Result<Names, NetError> {
        Names::of_files(PathBuf::from(HOSTS_FILE), name_servers, most_lookups)
    }

    fn of_files(hosts: PathBuf, name_servers: Vec<SocketAddr>, most_lookups: usize) -> Result<Names, NetError> {
        // Looked at before they are read: a change in between is read once more rather than never.
        let files = Files { looked_at: Instant::now(), stamps: stamps(&hosts), hosts, name_servers };
        let current = Arc::new(files.read()?);
        // Nobody is shut out by names that hang while there are places for those that did not.
        let again = most_lookups.div_ceil(2);
        Ok(Names {
            sources: Mutex::new(Sources { current, files }),
            lookups: Semaphore::new((most_lookups - again).max(1)),
            lookups_again: Semaphore::new(again),
        })
    }

    /// All addresses of `name`, at least one. What is past the bound fails at once, and is no fault of the name's: a lookup
    /// that waited would only hold up the attempt behind it.
    pub(super) async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, NameError> {
        let snapshot = self.current();
        let listed = snapshot.hosts.addresses(name);
        if !listed.is_empty() {
            return Ok(listed);
        }
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let known = snapshot.found().get(name).cloned();
        if let Some(found) = &known
            && Instant::now() < found.valid_until
        {
            return Ok(found.addresses.clone());
        }
        let of_strangers = self.lookups.try_acquire();
        let permit = if known.is_some() { of_strangers.or_else(|_| self.lookups_again.try_acquire()) } else { of_strangers };
        let _permit = permit.map_err(|_| NameError::Busy)?;
        let answer = snapshot.ask(name).await;
        let mut remembered = snapshot.found();
        match &answer {
            Ok(found) => {
                if remembered.len() >= REMEMBERED {
                    remembered.clear();
                }
                remembered.insert(name.to_owned(), found.clone());
            }
            Err(_) => drop(remembered.remove(name)),
        }
        drop(remembered);
        answer.map(|found| found.addresses)
    }

    /// The sources as the files have them now, or had them at most [`RELOAD_INTERVAL`] ago.
    fn current(&self) -> Arc<Snapshot> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reread) = sources.files.read_if_changed() {
            sources.current = Arc::new(reread);
        }
        sources.current.clone()
    }
}

impl Snapshot {
    async fn ask(&self, name: &str) -> Result<Found, NameError> {
        let parsed = Name::from_ascii(name).map_err(|error| failure(name, error.into()))?;
        let answer = self.dns.lookup_ip(parsed).await.map_err(|error| failure(name, error))?;
        let addresses: Vec<IpAddr> = answer.iter().collect();
        if addresses.is_empty() {
            return Err(NameError::NotFound { name: name.to_owned() });
        }
        Ok(Found { addresses, valid_until: answer.valid_until() })
    }

    fn found(&self) -> MutexGuard<'_, HashMap<String, Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(name: &str, error: NetError) -> NameError {
    let name = name.to_owned();
    match error {
        NetError::Timeout => NameError::TimedOut { name },
        error if error.is_no_records_found() => NameError::NotFound { name },
        source => NameError::Failed { name, source },
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl Files {
    fn read(&self) -> Result<Snapshot, NetError> {
        let named = |servers: &[SocketAddr]| {
            let servers = servers.iter().map(|address| {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                server.connections.iter_mut().for_each(|connection| connection.port = address.port());
                server
            });
            (ResolverConfig::from_parts(None, Vec::new(), servers.collect()), ResolverOpts::default())
        };
        let (config, options) = if self.name_servers.is_empty() {
            // Without a usable file the name server is the one on this machine, as resolv.conf(5) says.
            system_conf::read_system_conf().unwrap_or_else(|_| named(&[SocketAddr::new(Ipv4Addr::LOCALHOST.into(), DNS_PORT)]))
        } else {
            named(&self.name_servers)
        };
        // Without a hosts file there are only the names of DNS.
        let hosts = Hosts(fs::read_to_string(&self.hosts).unwrap_or_default());
        Ok(Snapshot { hosts, dns: dns(config, options)?, found: Mutex::default() })
    }

    fn read_if_changed(&mut self) -> Option<Snapshot> {
        if self.looked_at.elapsed() < RELOAD_INTERVAL {
            return None;
        }
        self.looked_at = Instant::now();
        let stamps = stamps(&self.hosts);
        if stamps == self.stamps {
            return None;
        }
        self.stamps = stamps;
        // What resolves is better than what is new and cannot be read.
        self.read().ok()
    }
}

fn stamps(hosts: &Path) -> Stamps {
    [hosts, Path::new(RESOLV_CONF)].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn dns(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, NetError> {
    options.timeout = options.timeout.min(LONGEST_TRY);
    options.attempts = RETRIES;
    // All addresses are judged, so all are asked for.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // hickory would ask DNS for the IPv6 half of a name whose IPv4 half stands in the file; `Hosts` answers whole.
    options.use_hosts_file = ResolveHosts::Never;
    options.positive_max_ttl = Some(LONGEST_TTL);
    options.negative_max_ttl = Some(LONGEST_NEGATIVE_TTL);
    options.max_active_requests = MOST_ON_A_CONNECTION;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()
}

/// The text of a hosts file (hosts(5)): a line is an address and the names it has.
struct Hosts(String);

impl Hosts {
    fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let lines = self.0.lines().filter_map(|line| {
            let mut fields = line.split('#').next()?.split_ascii_whitespace();
            let address = fields.next()?.parse().ok()?;
            fields.any(|listed| listed.eq_ignore_ascii_case(name)).then_some(address)
        });
        lines.collect()
    }
}

#[cfg(test)]
pub(super) mod tests;
