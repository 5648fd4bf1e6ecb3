//! The keys of hosts and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use url::{Host as UrlHost, Url};

/// The hosts to which an attempt may send requests: the host of the target URL and the host of the token URL. Without
/// hosts, only the other limits apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(pub(super) Arc<[Arc<str>]>);

impl Hosts {
    #[must_use]
    pub fn of<'a>(urls: impl IntoIterator<Item = &'a Url>) -> Hosts {
        let mut keys: Vec<Arc<str>> = urls.into_iter().filter_map(key_of_url).collect();
        keys.dedup();
        Hosts(keys.into())
    }
}

fn key_of_url(url: &Url) -> Option<Arc<str>> {
    let address: IpAddr = match url.host()? {
        UrlHost::Domain(name) => return Some(key_of_name(name)),
        UrlHost::Ipv4(address) => address.into(),
        UrlHost::Ipv6(address) => address.into(),
    };
    let is_local = match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    let port = url.port_or_known_default().filter(|_| is_local);
    Some(port.map_or_else(|| network_of(address), |port| format!("[{address}]:{port}")).into())
}

/// The name in the form in which names are compared: in lower case and without the dot at its end.
pub(super) fn key_of_name(name: &str) -> Arc<str> {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().into()
}

/// The first 96 bits of the IPv6 addresses that contain an IPv4 address for NAT64 (RFC 6052 §2.1).
const NAT64_PREFIX: u128 = 0x0064_ff9b_0000_0000_0000_0000;

/// Returns the address, or for IPv6 the network of 64 bits. One machine usually has all addresses of such a network. For
/// a NAT64 address, returns the IPv4 address. Otherwise all servers with IPv4 would be one host behind a NAT64.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) if address.to_bits() >> 32 == NAT64_PREFIX => Ipv4Addr::from_bits(address.to_bits() as u32).to_string(),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

/// The key of the limits that new hosts of an address share. No name contains the character `@`.
pub(super) fn key_of_address(address: IpAddr) -> Arc<str> {
    format!("@{}", network_of(address)).into()
}
