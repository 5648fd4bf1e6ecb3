//! All outbound HTTP requests of this server go through the guard. The guard connects only to permitted addresses.
//!
//! Customers choose the URLs that this server calls, and this server runs inside an operator's network. So the guard
//! checks every address (`guard/ranges.rs`) before each connection. A name may resolve to another address at each
//! attempt. The guard has these parts:
//!
//! - [`Guard::check_url`] checks the URL itself. If its host is an IP address, the function checks that address,
//!   because the transport then calls no resolver. The API also calls the function before it stores a URL, so that
//!   the customer gets the error at once.
//! - The resolver (`guard/resolver.rs`) checks each address of a name.
//! - The transport (`guard/transport.rs`) connects only to the checked addresses. It follows no redirects and uses no
//!   proxy, because a redirect or a proxy would bypass the checks. It limits what a receiver can send.
//!
//! Clippy's `disallowed-methods` prevents other HTTP clients in the rest of the workspace.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::NetError;
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use url::{Host, Url};

mod ports;
mod ranges;
mod resolver;
mod transport;

pub use self::ports::Ports;
pub use self::ranges::Range;
pub use self::resolver::{DNS_PORT, NameError, NewHosts, ask_name_servers};
pub use self::transport::TlsSetupError;
pub(super) use self::transport::{
    Cause, ConnectionFacts, Observed, Request, Response, SelfSigned, SendError, Step, is_authority_as_server, milliseconds,
};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::transport::requested;

use self::ranges::AddressPolicy;
use self::resolver::{CheckingResolver, Names};
use self::transport::Transport;

/// Default time limit for name resolution, connecting and the TLS handshake together.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
    pub extra_root_certificates: Vec<CertificateDer<'static>>,
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
    /// Maximum number of connections to receivers that are open between two requests.
    pub max_idle_connections: usize,
}

const DEFAULT_MAX_LOOKUPS: usize = 512;
const DEFAULT_MAX_IDLE_CONNECTIONS: usize = 1024;

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
            max_idle_connections: DEFAULT_MAX_IDLE_CONNECTIONS,
        }
    }
}

/// The only way to send outbound requests. Clones share their connections.
#[derive(Clone)]
pub struct Guard {
    transport: Arc<Transport>,
    addresses: Arc<AddressPolicy>,
    ports: Arc<[Ports]>,
    allow_http: bool,
}

/// Why the guard cannot be set up.
#[derive(thiserror::Error, Debug)]
pub enum GuardError {
    #[error("the name resolver could not be set up")]
    Names(#[source] NetError),
    #[error("TLS for outgoing requests could not be set up")]
    Tls(#[source] TlsSetupError),
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
        let settings = transport::Settings {
            authorities: policy.extra_root_certificates,
            connect_timeout: policy.connect_timeout,
            max_idle_connections: policy.max_idle_connections,
        };
        let transport = Arc::new(Transport::new(settings, resolver).map_err(GuardError::Tls)?);
        Ok(Guard { transport, addresses, ports: policy.allowed_ports.into(), allow_http: policy.allow_http })
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

    /// Like [`Guard::check_url`], for a URL that a customer gives. Also refuses the names that always mean this machine
    /// (RFC 6761 §6.3), unless its addresses are allowed.
    ///
    /// # Errors
    /// If no request may be sent to the URL.
    pub fn check_new_url(&self, url: &Url) -> Result<(), Refusal> {
        self.check_url(url)?;
        if !url.domain().is_some_and(resolver::is_localhost) {
            return Ok(());
        }
        let address = IpAddr::from(Ipv4Addr::LOCALHOST);
        self.addresses.check(address).map_err(|range| Refusal::AddressForbidden { address, range })
    }

    /// Sends a request, and returns the response before its body. The response may be a redirect.
    pub(super) async fn send(&self, url: &Url, request: &Request) -> Result<Response, SendError> {
        self.check_url(url).map_err(|refusal| SendError { cause: Cause::Refused(refusal), connection: Box::default() })?;
        self.transport.send(url, request).await
    }
}

#[cfg(test)]
mod tests;
