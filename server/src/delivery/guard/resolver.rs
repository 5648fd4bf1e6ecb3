//! Resolves the host names of callbacks and checks every address, so that the client connects only to checked addresses.
//!
//! The system resolver, `getaddrinfo`, blocks a thread and cannot be cancelled. If a name server hangs, lookups of a
//! few hundred names block all threads of a pool. Then no other name can be resolved. So this module uses
//! hickory-resolver, which blocks no threads. A lookup is a future. It is cancelled when its attempt ends, and it does
//! not delay other lookups.
//!
//! `/etc/resolv.conf` sets the name servers and options. The file is read again when it changes. The operator may replace
//! these name servers. The name `localhost` has the loopback addresses (RFC 6761 §6.3). Customers choose the names, so a
//! name is only what DNS says about exactly this name: `/etc/hosts` and the search domains contain names of the
//! operator's network. The operator can allow both. Then a name in `/etc/hosts` is not queried in DNS. Other sources in
//! `nsswitch.conf` (mDNS, LDAP) are not used.
//!
//! A name with a forbidden address gives the same error as a name that does not exist. Otherwise a customer could find
//! out which names exist in the operator's network.
//!
//! The number of concurrent lookups is limited, because each lookup uses sockets. A name that was found before needs no
//! lookup while its answer is valid. When the answer has expired, the lookup of this name may use a reserved permit.
//! Names that were never found cannot use reserved permits.

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
use tokio::sync::Semaphore;

use super::ranges::AddressPolicy;
use crate::clock::Clock;
use crate::slots::Slots;

mod servers;

pub use servers::ask_name_servers;

/// Number of names at which the cache is cleared.
const MAX_CACHED_NAMES: usize = 10_000;

/// Maximum number of concurrent queries on one connection. Long answers use one TCP connection to the name server. With hickory's
/// default of 32, a few slow names would block this connection.
const MAX_ACTIVE_QUERIES: usize = 512;

/// Time limit of one try of one query. Two tries together take less time than the default connect timeout. Some name
/// servers answer queries for IPv4 and ignore queries for IPv6. Such a server delays the attempt, but does not make it
/// fail.
const MAX_TRY: Duration = Duration::from_millis(1_500);
const RETRIES: usize = 1;

/// Maximum time that an answer is cached, even if its time to live is longer.
const MAX_TTL: Duration = Duration::from_secs(300);
/// Maximum time that a missing name is cached. This time is short, because the name may have just been created for a
/// new webhook.
const MAX_NEGATIVE_TTL: Duration = Duration::from_secs(10);

/// Maximum number of addresses of a name to which one attempt connects. Without this limit, a name with thousands of
/// addresses would turn one attempt into an attack on thousands of servers.
const MAX_ADDRESSES: usize = 8;

/// The default port of a name server (RFC 1035 §4.2).
pub const DNS_PORT: u16 = 53;

const HOSTS_FILE: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Minimum time between two checks of the files for changes.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// Why a name has no address to connect to. Customers may read the message of this error.
#[derive(thiserror::Error, Debug, Clone)]
pub enum NameError {
    /// The name does not exist, or at least one of its addresses is forbidden.
    #[error("the name {name} does not exist or has no public address; correct the URL or the DNS records")]
    NotFound { name: String },
    #[error("no name server answered for {name} in time; check the name servers of the domain")]
    TimedOut { name: String },
    #[error("the name {name} could not be resolved; check the name servers of the domain")]
    Failed { name: String, source: NetError },
    #[error("too many names are being resolved at once")]
    Busy,
    #[error("the service already sends the maximum number of requests to new hosts with this address")]
    AddressBusy,
}

/// The resolver of the transport.
pub(super) struct CheckingResolver {
    pub(super) names: Arc<Names>,
    pub(super) policy: Arc<AddressPolicy>,
    pub(super) new_hosts: Option<NewHosts>,
}

/// The limits for the addresses of hosts that have not accepted a callback yet.
#[derive(Debug, Clone)]
pub struct NewHosts {
    pub slots: Arc<Slots>,
    pub clock: Clock,
}

impl CheckingResolver {
    /// Returns the addresses to connect to, at least one and at most [`MAX_ADDRESSES`], in the order of the
    /// connections. A name with at least one forbidden address gets the error of a name that does not exist. A name
    /// with internal and public addresses is probably an attack: one of several attempts could reach the internal
    /// address.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NameError> {
        let addresses = self.names.lookup(name).await?;
        if addresses.iter().any(|&address| self.policy.denies(address) || self.policy.check(address).is_err()) {
            return Err(NameError::NotFound { name: name.to_owned() });
        }
        let addresses = in_order(addresses);
        if self.new_hosts.as_ref().is_some_and(|NewHosts { slots, clock }| !slots.may_connect(name, &addresses, clock.now())) {
            return Err(NameError::AddressBusy);
        }
        Ok(addresses)
    }
}

/// Returns at most [`MAX_ADDRESSES`] addresses, IPv6 and IPv4 alternating. So a broken network of one family delays a
/// connection only a little (RFC 8305 §4). The family of the first address stays first.
fn in_order(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_ipv4 = addresses.first().is_some_and(IpAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv4() == first_is_ipv4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::new();
    while ordered.len() < MAX_ADDRESSES {
        let before = ordered.len();
        ordered.extend(first.next().into_iter().chain(second.next()));
        if ordered.len() == before {
            break;
        }
    }
    ordered.truncate(MAX_ADDRESSES);
    ordered
}

/// Resolves names to addresses.
pub(super) struct Names {
    sources: Mutex<Sources>,
    /// Permits for lookups of any name.
    lookups: Semaphore,
    /// Permits reserved for names that have been found before.
    reserved_lookups: Semaphore,
}

struct Sources {
    current: Arc<Snapshot>,
    files: Files,
}

struct Snapshot {
    hosts: Hosts,
    dns: TokioResolver,
    /// The most recent answers of the name servers, and the expiry of each answer.
    found: Mutex<HashMap<String, Found>>,
}

#[derive(Clone)]
struct Found {
    addresses: Vec<IpAddr>,
    valid_until: Instant,
}

/// The configuration files, and their state at the most recent check.
struct Files {
    /// The hosts file, if the operator allows the hosts file and the search domains.
    hosts: Option<PathBuf>,
    /// If this list is not empty, it replaces the name servers of `/etc/resolv.conf`.
    name_servers: Vec<SocketAddr>,
    checked_at: Instant,
    stamps: Stamps,
}

/// The modification time and length of each file; `None` for a missing file.
type Stamps = [Option<(SystemTime, u64)>; 2];

impl Names {
    /// Returns a resolver with the given name servers. An empty list means those of the system. If `use_hosts_file` is
    /// true, the hosts file and the search domains of the system are used too.
    pub(super) fn of_system(use_hosts_file: bool, name_servers: Vec<SocketAddr>, max_lookups: usize) -> Result<Names, NetError> {
        Names::of_files(use_hosts_file.then(|| PathBuf::from(HOSTS_FILE)), name_servers, max_lookups)
    }

    fn of_files(hosts: Option<PathBuf>, name_servers: Vec<SocketAddr>, max_lookups: usize) -> Result<Names, NetError> {
        // The state is checked before the files are read, so that a change between these steps is not missed.
        let files = Files { checked_at: Instant::now(), stamps: stamps(hosts.as_deref()), hosts, name_servers };
        let current = Arc::new(files.read()?);
        // Because of the reserved permits, lookups that hang cannot block names that were found before.
        let reserved = max_lookups.div_ceil(2);
        Ok(Names {
            sources: Mutex::new(Sources { current, files }),
            lookups: Semaphore::new((max_lookups - reserved).max(1)),
            reserved_lookups: Semaphore::new(reserved),
        })
    }

    /// Returns all addresses of `name`, at least one.
    ///
    /// # Errors
    /// When the name cannot be resolved, or too many lookups are running. The function does not wait for running
    /// lookups, because the wait would only delay the attempt.
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
        let permit = self.lookups.try_acquire();
        let permit = if known.is_some() { permit.or_else(|_| self.reserved_lookups.try_acquire()) } else { permit };
        let _permit = permit.map_err(|_| NameError::Busy)?;
        let answer = snapshot.query(name).await;
        let mut cache = snapshot.found();
        match &answer {
            Ok(found) => {
                if cache.len() >= MAX_CACHED_NAMES {
                    cache.clear();
                }
                cache.insert(name.to_owned(), found.clone());
            }
            Err(_) => drop(cache.remove(name)),
        }
        drop(cache);
        answer.map(|found| found.addresses)
    }

    /// Returns the configuration in the files, at most [`RELOAD_INTERVAL`] old.
    fn current(&self) -> Arc<Snapshot> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reread) = sources.files.read_if_changed() {
            sources.current = Arc::new(reread);
        }
        sources.current.clone()
    }
}

impl Snapshot {
    async fn query(&self, name: &str) -> Result<Found, NameError> {
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

pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl Files {
    /// Returns the name servers and the options.
    fn configuration(&self) -> (ResolverConfig, ResolverOpts) {
        let config_of = |servers: &[SocketAddr]| {
            let servers = servers.iter().map(|address| {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                server.connections.iter_mut().for_each(|connection| connection.port = address.port());
                server
            });
            (ResolverConfig::from_parts(None, Vec::new(), servers.collect()), ResolverOpts::default())
        };
        if self.name_servers.is_empty() {
            // Without a usable `/etc/resolv.conf`, the name server is on this machine (resolv.conf(5)).
            system_conf::read_system_conf().unwrap_or_else(|_| config_of(&[SocketAddr::new(Ipv4Addr::LOCALHOST.into(), DNS_PORT)]))
        } else {
            config_of(&self.name_servers)
        }
    }

    fn read(&self) -> Result<Snapshot, NetError> {
        let (config, options) = self.configuration();
        // Without a hosts file, addresses come only from DNS.
        let hosts = Hosts(self.hosts.as_ref().and_then(|hosts| fs::read_to_string(hosts).ok()).unwrap_or_default());
        let config = match self.hosts {
            Some(_) => config,
            None => ResolverConfig::from_parts(None, Vec::new(), config.name_servers),
        };
        Ok(Snapshot { hosts, dns: dns(config, options)?, found: Mutex::default() })
    }

    fn read_if_changed(&mut self) -> Option<Snapshot> {
        if self.checked_at.elapsed() < RELOAD_INTERVAL {
            return None;
        }
        self.checked_at = Instant::now();
        let stamps = stamps(self.hosts.as_deref());
        if stamps == self.stamps {
            return None;
        }
        self.stamps = stamps;
        // If the changed files cannot be used, the previous configuration stays in use.
        self.read().ok()
    }
}

fn stamps(hosts: Option<&Path>) -> Stamps {
    [hosts, Some(Path::new(RESOLV_CONF))].map(|path| {
        let metadata = fs::metadata(path?).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn dns(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, NetError> {
    options.timeout = options.timeout.min(MAX_TRY);
    options.attempts = RETRIES;
    // Some name servers refuse queries with EDNS (FORMERR). Without EDNS, a long answer arrives over TCP (RFC 7766 §5).
    options.edns0 = false;
    // `CheckingResolver` checks all addresses of a name, so IPv4 and IPv6 addresses are queried.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // If a name has only IPv4 addresses in the hosts file, hickory also queries DNS for its IPv6 addresses. `Hosts`
    // makes no DNS query.
    options.use_hosts_file = ResolveHosts::Never;
    options.positive_max_ttl = Some(MAX_TTL);
    options.negative_max_ttl = Some(MAX_NEGATIVE_TTL);
    options.max_active_requests = MAX_ACTIVE_QUERIES;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options).build()
}

/// The text of a hosts file (hosts(5)). Each line has an address and its names.
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
