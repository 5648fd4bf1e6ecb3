//! The guard: whatever this server sends out goes through here, and only to where it may go.
//!
//! A customer chooses the URLs that this server calls, and this server stands inside an operator's network. So every address is judged
//! (`guard/ranges.rs`) before it is dialled, and at each attempt anew, since a name may mean another address by then:
//!
//! - [`Guard::judge_url`] judges what the URL itself says. It is also asked when a URL is stored, so that the customer hears of it at once.
//!   An address that stands in the URL is judged here, because the HTTP client dials it without asking a resolver.
//! - The resolver (`guard/resolver.rs`) judges each address of a name, and the client dials the very addresses that were judged.
//! - The client follows no redirect, and takes no proxy from the environment, for either would lead round the judgement.
//!
//! Clippy's `disallowed-methods` keeps the rest of the workspace from building another client.
//!
//! What a receiver can make this server hold in memory is bounded. The header of an HTTP/1 response has at most 100 fields and
//! 816 KiB (hyper gives up at 408 KiB, and reads as much again in one go; reqwest has no knob for it), that of an HTTP/2 response
//! at most 32 KiB.
//! Of a body that nobody has read yet, at most 64 KiB an HTTP/2 stream and 1 MiB a connection are on the way.
//! How much of a body is read, and how long an attempt takes, is for the attempt to bound.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::net::NetError;
use ipnet::IpNet;
use reqwest::redirect;
use rustix::io::Errno;
use url::{Host, Url};

mod ranges;
mod resolver;

pub use self::ranges::Range;
pub use self::resolver::{DNS_PORT, NameError};

use self::ranges::AddressPolicy;
use self::resolver::{JudgingResolver, Names};

use crate::slots::IDLE_TIMEOUT;

/// Resolving a name, connecting and the TLS handshake together take at most this, unless the policy says otherwise.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// As many as an account has in flight by default: fewer, and a host with several webhooks gets a new connection all the time.
const MOST_IDLE_PER_HOST: usize = 256;

/// An HTTP/2 connection whose peer has gone without a word is found out within both of these, not by one timed out attempt after another.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

const MOST_HEADER_BYTES: u32 = 32 * 1024;
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// What the operator allows.
#[derive(Debug, Clone)]
pub struct GuardPolicy {
    /// Networks that callbacks may reach though they are not globally reachable. Metadata services of clouds stay closed to
    /// any network that holds more than their own address.
    pub allow_networks: Vec<IpNet>,
    /// Whether `http` URLs are taken beside `https` ones.
    pub allow_http: bool,
    /// Certificate authorities that are trusted beside the usual ones.
    pub extra_root_certificates: Vec<reqwest::Certificate>,
    /// For resolving the name, connecting and the TLS handshake together.
    pub connect_timeout: Duration,
    /// What is asked for names; empty for what `/etc/resolv.conf` says.
    pub name_servers: Vec<SocketAddr>,
    /// Lookups under way at one time, each of which may hold up to four sockets.
    pub most_lookups: usize,
}

const DEFAULT_MOST_LOOKUPS: usize = 512;

impl Default for GuardPolicy {
    fn default() -> GuardPolicy {
        GuardPolicy {
            allow_networks: Vec::new(),
            allow_http: false,
            extra_root_certificates: Vec::new(),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            name_servers: Vec::new(),
            most_lookups: DEFAULT_MOST_LOOKUPS,
        }
    }
}

/// The only way out. Clones share one client and its connections.
#[derive(Debug, Clone)]
pub struct Guard {
    client: reqwest::Client,
    addresses: Arc<AddressPolicy>,
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

/// Why nothing is sent to a URL. A customer may read the message; it does not tell which inner address a name has.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    #[error("the URL must begin with {allowed}, not with {scheme}:")]
    SchemeNotAllowed { scheme: String, allowed: &'static str },
    #[error("the URL must name a host")]
    NoHost,
    #[error("the URL must not contain a user name or a password; give them as auth instead")]
    Userinfo,
    #[error("the URL must not contain a fragment (#); leave it out, since no server ever sees it")]
    Fragment,
    #[error("the address {address} is not publicly reachable ({range}); give the URL of a public server")]
    AddressForbidden { address: IpAddr, range: &'static Range },
    #[error("the name {name} has an address that is not publicly reachable ({}); let all its addresses be public", range.name)]
    NameForbidden { name: String, address: IpAddr, range: &'static Range },
}

impl Guard {
    pub fn new(policy: GuardPolicy) -> Result<Guard, GuardError> {
        let names = Names::of_system(policy.name_servers.clone(), policy.most_lookups).map_err(GuardError::Names)?;
        Guard::with_names(policy, names)
    }

    fn with_names(policy: GuardPolicy, names: Names) -> Result<Guard, GuardError> {
        let addresses = Arc::new(AddressPolicy::new(policy.allow_networks));
        let resolver = JudgingResolver { names: Arc::new(names), policy: addresses.clone() };
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
            .pool_max_idle_per_host(MOST_IDLE_PER_HOST)
            .http2_max_header_list_size(MOST_HEADER_BYTES)
            .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build()
            .map_err(GuardError::Client)?;
        Ok(Guard { client, addresses, allow_http: policy.allow_http })
    }

    /// Judges what the URL itself says, and looks up nothing: for a URL that is about to be stored.
    pub fn judge_url(&self, url: &Url) -> Result<(), Refusal> {
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
        // For these schemes the parser has already brought every spelling of an address (octal, hexadecimal, short, percent-encoded,
        // full-width) to the address that it means.
        let address: IpAddr = match url.host() {
            None => return Err(Refusal::NoHost),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
        };
        self.addresses.judge(address).map_err(|range| Refusal::AddressForbidden { address, range })
    }

    /// Starts a request; the only way to send anything out. A name is judged when the request is sent: [`refusal_in`] finds that verdict.
    pub fn request(&self, method: http::Method, url: &Url) -> Result<reqwest::RequestBuilder, Refusal> {
        self.judge_url(url)?;
        Ok(self.client.request(method, url.clone()))
    }
}

/// The guard's verdict, if that is why a request failed.
pub fn refusal_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Refusal> {
    find_in(error)
}

/// What kept a name from being resolved, if that is why a request failed.
pub fn name_error_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a NameError> {
    find_in(error)
}

/// What this server lacked, if that is why a request failed: neither the receiver nor the way there has anything to do with it.
pub fn shortage_in(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(busy @ NameError::Busy) = name_error_in(error) {
        return Some(busy.to_string());
    }
    let of_names = match name_error_in(error) {
        Some(NameError::Failed { source: NetError::Io(error), .. }) => Some(&**error),
        _ => None,
    };
    let error = of_names.or_else(|| find_in::<std::io::Error>(error))?;
    let shortage = matches!(Errno::from_io_error(error)?, Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM);
    shortage.then(|| error.to_string())
}

fn find_in<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// The client trusts what the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` included). In a container that brings no
/// certificates that would be nobody, so there the bundle that Mozilla keeps stands in.
fn with_bundled_roots_if_none(mut extra: Vec<reqwest::Certificate>) -> Vec<reqwest::Certificate> {
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        extra.extend(bundled_roots());
    }
    extra
}

fn bundled_roots() -> impl Iterator<Item = reqwest::Certificate> {
    // Nothing is parsed here, so nothing can fail: the client does that when it is built.
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| reqwest::Certificate::from_der(der).ok())
}

/// Appends the body up to `limit` bytes; true when there was more.
pub(super) async fn read_at_most(mut response: reqwest::Response, limit: usize, body: &mut Vec<u8>) -> Result<bool, reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok(true);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
