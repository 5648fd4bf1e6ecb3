//! The parsers of URLs, addresses and networks in the settings.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::Url;

use crate::delivery::guard::DNS_PORT;

pub(super) fn otlp_endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.filter(|url| url.username().is_empty() && url.password().is_none());
    url.ok_or_else(|| "must be a URL such as http://127.0.0.1:4318".to_owned())
}

pub(super) fn name_server(text: &str) -> Result<SocketAddr, String> {
    let alone = text.parse().map(|address: IpAddr| SocketAddr::new(address, DNS_PORT));
    alone.or_else(|_| text.parse()).map_err(|_| "must be an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53".to_owned())
}

/// Parses a network, or an address as the network of this one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let alone = text.parse().map(|address: IpAddr| IpNet::from(address));
    alone.or_else(|_| text.parse()).map_err(|_| "must be an address such as 192.0.2.1, or a network such as 10.0.0.0/8".to_owned())
}
