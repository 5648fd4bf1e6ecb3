//! All outbound HTTP requests of this server go through the guard. The guard connects only to permitted addresses.
//!
//! Customers choose the URLs that this server calls, and this server runs inside an operator's network. So the guard
//! checks every address (`guard/ranges.rs`) before each connection. A name may resolve to another address at each
//! attempt. The guard has these parts:
//!
//! - [`Guard::check_url`] checks the URL itself. If its host is an IP address, the function checks that address,
//!   because the HTTP client then calls no resolver. The API also calls the function before it stores a URL, so that
//!   the customer gets the error at once.
//! - The resolver (`guard/resolver.rs`) checks each address of a name, and the client connects only to the checked addresses.
//! - The client follows no redirects and uses no proxy from the environment, because a redirect or a proxy would bypass
//!   the checks.
//!
//! Clippy's `disallowed-methods` prevents other HTTP clients in the rest of the workspace.
//!
//! The memory for each response is limited. The header of an HTTP/1 response has at most 100 fields and 816 KiB. The
//! library hyper stops at 408 KiB, but may read 408 KiB more in one step. The library reqwest has no setting for this
//! limit. The header of an HTTP/2 response has at most 32 KiB. Unread body data is limited to 64 KiB per HTTP/2 stream
//! and 1 MiB per connection. `delivery/attempt.rs` limits the size of the body that is read, and the time for reading
//! it.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::NetError;
use ipnet::IpNet;
use reqwest::redirect;
use rustix::io::Errno;
use url::{Host, Url};

mod ports;
mod ranges;
mod resolver;

pub use self::ports::Ports;
pub use self::ranges::Range;
pub use self::resolver::{DNS_PORT, NameError, NewHosts};

use self::ranges::AddressPolicy;
use self::resolver::{CheckingResolver, Names};

use crate::slots::IDLE_TIMEOUT;

/// Default time limit for name resolution, connecting and the TLS handshake together.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of idle connections per host. This maximum equals the default limit of attempts in flight per
/// account. If the maximum were lower, the client would often have to open new connections to a host with several
/// webhooks.
const MAX_IDLE_PER_HOST: usize = 256;

/// The sum of this time and the next time is the maximum time until a dead HTTP/2 connection is detected. Without this
/// check, several attempts on a dead connection can time out.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

const MAX_HEADER_BYTES: u32 = 32 * 1024;
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// The operator's settings of the guard.
#[derive(Debug, Clone)]
pub struct GuardPolicy {
    /// Networks that callbacks may reach although they are not globally reachable. The metadata service of a cloud is
    /// allowed only if a network is exactly the address of that service.
    pub allow_networks: Vec<IpNet>,
    /// Networks that callbacks must not reach. They take precedence over `allow_networks`.
    pub deny_networks: Vec<IpNet>,
    pub allowed_ports: Vec<Ports>,
    /// Whether `http` URLs are allowed in addition to `https` URLs.
    pub allow_http: bool,
    /// Certificate authorities that are trusted in addition to those of the system.
    pub extra_root_certificates: Vec<reqwest::Certificate>,
    /// Time limit for name resolution, connecting and the TLS handshake together.
    pub connect_timeout: Duration,
    /// The name servers. An empty list means those of `/etc/resolv.conf`.
    pub name_servers: Vec<SocketAddr>,
    /// Whether names are also looked up in the hosts file and the search domains of this machine.
    pub use_hosts_file: bool,
    /// The limits for the addresses of new hosts. `None` means no limits.
    pub new_hosts: Option<NewHosts>,
    /// Maximum number of concurrent lookups. Each lookup may use up to four sockets.
    pub max_lookups: usize,
}

const DEFAULT_MAX_LOOKUPS: usize = 512;

impl Default for GuardPolicy {
    fn default() -> GuardPolicy {
        GuardPolicy {
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
            allowed_ports: Ports::default_for(false),
            allow_http: false,
            extra_root_certificates: Vec::new(),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            name_servers: Vec::new(),
            use_hosts_file: false,
            new_hosts: None,
            max_lookups: DEFAULT_MAX_LOOKUPS,
        }
    }
}

/// The only way to send outbound requests. Clones share one client and its connections.
#[derive(Debug, Clone)]
pub struct Guard {
    client: reqwest::Client,
    addresses: Arc<AddressPolicy>,
    ports: Arc<[Ports]>,
    allow_http: bool,
}

/// Why the guard cannot be set up.
#[derive(thiserror::Error, Debug)]
pub enum GuardError {
    #[error("the name resolver could not be set up")]
    Names(#[source] NetError),
    #[error("the outbound HTTP client could not be built; is each CA file a PEM certificate?")]
    Client(#[source] reqwest::Error),
}

/// Why a URL is refused. Customers may read the message.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    #[error("the URL must begin with {allowed}, not with {scheme}:")]
    SchemeNotAllowed { scheme: String, allowed: &'static str },
    #[error("the URL must name a host")]
    NoHost,
    #[error("the URL must not contain a user name or password; use `auth` instead")]
    Userinfo,
    #[error("the URL must not contain a fragment (#), which is never sent to a server")]
    Fragment,
    #[error("the address {address} is not publicly reachable ({range}); use the URL of a public server")]
    AddressForbidden { address: IpAddr, range: &'static Range },
    #[error("the operator of this service allows no requests to the address {address}; use another server")]
    AddressDenied { address: IpAddr },
    #[error("the port {port} is not allowed; the allowed ports are {allowed}")]
    PortNotAllowed { port: u16, allowed: String },
}

impl Guard {
    pub fn new(policy: GuardPolicy) -> Result<Guard, GuardError> {
        let names = Names::of_system(policy.use_hosts_file, policy.name_servers.clone(), policy.max_lookups).map_err(GuardError::Names)?;
        Guard::with_names(policy, names)
    }

    fn with_names(policy: GuardPolicy, names: Names) -> Result<Guard, GuardError> {
        let addresses = Arc::new(AddressPolicy::new(policy.allow_networks, policy.deny_networks));
        let resolver = CheckingResolver { names: Arc::new(names), policy: addresses.clone(), new_hosts: policy.new_hosts };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that builds the outbound client")]
        let builder = reqwest::Client::builder();
        let client = builder
            .dns_resolver(resolver)
            .https_only(!policy.allow_http)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(policy.connect_timeout)
            .tls_certs_merge(with_bundled_roots_if_none(policy.extra_root_certificates))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build()
            .map_err(GuardError::Client)?;
        Ok(Guard { client, addresses, ports: policy.allowed_ports.into(), allow_http: policy.allow_http })
    }

    /// Checks the URL itself, for example before the URL is stored. The function does not resolve the host name.
    pub fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            scheme => {
                let allowed = if self.allow_http { "https: or http:" } else { "https:" };
                return Err(Refusal::SchemeNotAllowed { scheme: scheme.to_owned(), allowed });
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(Refusal::Fragment);
        }
        if let Some(port) = url.port_or_known_default().filter(|port| !self.ports.iter().any(|ports| ports.contains(*port))) {
            let allowed = self.ports.iter().map(Ports::to_string).collect::<Vec<_>>().join(", ");
            return Err(Refusal::PortNotAllowed { port, allowed });
        }
        // For `https` and `http`, the URL parser has already converted every spelling of an IP address (octal,
        // hexadecimal, short, percent-encoded, full-width).
        let address: IpAddr = match url.host() {
            None => return Err(Refusal::NoHost),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
        };
        if self.addresses.denies(address) {
            return Err(Refusal::AddressDenied { address });
        }
        self.addresses.check(address).map_err(|range| Refusal::AddressForbidden { address, range })
    }

    /// Creates a request. The addresses of a host name are checked later, when the request is sent. If that check
    /// refuses an address, [`name_error_in`] finds [`NameError::NotFound`] in the error.
    pub fn request(&self, method: http::Method, url: &Url) -> Result<reqwest::RequestBuilder, Refusal> {
        self.check_url(url)?;
        Ok(self.client.request(method, url.clone()))
    }
}

/// Returns the error if a request failed because of name resolution.
pub fn name_error_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a NameError> {
    find_in(error)
}

/// Returns the error text if a request failed because this server lacked a resource.
pub fn shortage_in(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(busy @ NameError::Busy) = name_error_in(error) {
        return Some(busy.to_string());
    }
    let name_io_error = match name_error_in(error) {
        Some(NameError::Failed { source: NetError::Io(error), .. }) => Some(&**error),
        _ => None,
    };
    let error = name_io_error.or_else(|| find_in::<std::io::Error>(error))?;
    let is_shortage = matches!(Errno::from_io_error(error)?, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM);
    is_shortage.then(|| error.to_string())
}

fn find_in<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// Adds Mozilla's root certificates if the system has none, for example in a container. If the system has root
/// certificates, the client trusts those (including `SSL_CERT_FILE` and `SSL_CERT_DIR`).
fn with_bundled_roots_if_none(mut extra: Vec<reqwest::Certificate>) -> Vec<reqwest::Certificate> {
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        extra.extend(bundled_roots());
    }
    extra
}

fn bundled_roots() -> impl Iterator<Item = reqwest::Certificate> {
    // `from_der` does not parse the certificate, so it cannot fail. The client parses each certificate when the client is built.
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| reqwest::Certificate::from_der(der).ok())
}

/// Appends at most `limit` bytes of the body. Returns whether the body has further bytes.
pub(super) async fn read_at_most(mut response: reqwest::Response, limit: usize, body: &mut Vec<u8>) -> Result<bool, reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let remaining = limit - body.len();
        if chunk.len() > remaining {
            body.extend_from_slice(&chunk[..remaining]);
            return Ok(true);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
