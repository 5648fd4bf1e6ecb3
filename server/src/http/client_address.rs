//! Finds the address of a client behind trusted proxies, from the headers `X-Forwarded-For` and `Forwarded` (RFC 7239).

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of the proxies whose headers count. Anyone can send these headers, so headers from other addresses do
/// not count.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the address of the client that sent a request. It is `peer`, the other end of the connection, unless
    /// `peer` is a trusted proxy. Otherwise it is the last address in the header that is not a trusted proxy. If a
    /// proxy gave no valid address, the address of this proxy is returned.
    ///
    /// Many proxies write only one of the two headers, and pass the other header on as the client has sent it. So if
    /// the two headers disagree, neither of them counts.
    #[must_use]
    pub fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.contains(peer) {
            return peer;
        }
        let x_forwarded_for = self.last_untrusted(peer, headers, X_FORWARDED_FOR, |value| value.split(',').collect(), address_of);
        let forwarded = self.last_untrusted(peer, headers, header::FORWARDED, elements_of, for_of);
        match (x_forwarded_for, forwarded) {
            (Some(one), Some(other)) if one != other => peer,
            (Some(client), _) | (None, Some(client)) => client,
            (None, None) => peer,
        }
    }

    /// Returns the result for one header, or `None` if the request does not have this header. `split` returns the
    /// elements of a header line, and `parse` returns the address in an element.
    fn last_untrusted(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: HeaderName,
        split: impl Fn(&str) -> Vec<&str>,
        parse: impl Fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut last = None;
        // Several header lines count as one list (RFC 9110 §5.3).
        for value in headers.get_all(name).iter().rev() {
            last = last.or(Some(peer));
            for element in split(value.to_str().unwrap_or_default()).into_iter().rev() {
                match parse(element) {
                    Some(address) if self.contains(address) => last = Some(address),
                    Some(address) => return Some(address),
                    None => return last,
                }
            }
        }
        last
    }
}

/// Splits a text at the separators that are not in a quoted string (RFC 9110 §5.6.4). Returns `None` if a quoted string
/// does not end.
fn split_unquoted(value: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value
        .split(|character| {
            let splits = character == separator && !quoted;
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            splits
        })
        .collect();
    (!quoted).then_some(parts)
}

/// Returns the elements of a line of `Forwarded`. A client can send a line in which a quoted string does not end. The proxy
/// adds its element to this line, and the element would be in the string. So such a line has one element without an
/// address.
fn elements_of(line: &str) -> Vec<&str> {
    split_unquoted(line, ',').unwrap_or_else(|| vec![""])
}

/// Returns the address in the parameter `for` of an element of `Forwarded` (RFC 7239 §4).
fn for_of(element: &str) -> Option<IpAddr> {
    split_unquoted(element, ';')?.into_iter().find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| address_of(value))
    })?
}

/// Parses an address with or without quotes, brackets and port. An obfuscated or unknown address (RFC 7239 §6) has no value.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    let bracketed = || text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    // RFC 7239 §6.3 also allows an obfuscated port, such as `_x`. The port has no meaning here.
    let without_port = || text.rsplit_once(':').map(|(address, _)| address.trim_matches(['[', ']']));
    let parsed: Option<IpAddr> = text.parse().ok();
    let parsed = parsed.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    let parsed = parsed.or_else(|| bracketed()?.parse().ok()).or_else(|| without_port()?.parse().ok());
    parsed.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header value"));
        }
        proxies.client_of(peer.parse().expect("an address"), &map).to_string()
    }

    #[test]
    fn an_address_is_read_in_every_usual_form() {
        for (value, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1 ", "192.0.2.1"),
            ("192.0.2.1:5678", "192.0.2.1"),
            ("\"192.0.2.1:5678\"", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:5678", "2001:db8::1"),
            ("\"[2001:db8::1]:5678\"", "2001:db8::1"),
            ("\"[2001:db8::1]\"", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:_port", "192.0.2.1"),
            ("unknown", PROXY),
            ("_hidden", PROXY),
            ("", PROXY),
            ("192.0.2", PROXY),
            ("\"192.0.2.1", PROXY),
        ] {
            assert_eq!(client(PROXY, &[("x-forwarded-for", value)]), expected, "{value}");
            assert_eq!(client(PROXY, &[("forwarded", &format!("proto=https;For={value}; by=_x"))]), expected, "{value}");
        }
    }

    #[test]
    fn the_last_address_that_is_not_a_trusted_proxy_counts() {
        for (headers, expected) in [
            (&[("x-forwarded-for", "203.0.113.9, 192.0.2.1")][..], "192.0.2.1"),
            (&[("x-forwarded-for", "203.0.113.9, 192.0.2.1, 10.1.1.1, 10.2.2.2:80")], "192.0.2.1"),
            (&[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.1.1.1")], "192.0.2.1"),
            (&[("x-forwarded-for", "192.0.2.1, unknown, 10.1.1.1")], "10.1.1.1"),
            (&[("x-forwarded-for", "10.3.3.3, 10.1.1.1")], "10.3.3.3"),
            (&[("x-forwarded-for", "\"203.0.113.9, 192.0.2.1")], "192.0.2.1"),
            (&[("forwarded", "for=203.0.113.9, for=192.0.2.1;by=\"a,b;for=1.1.1.1\""), ("forwarded", "for=\"[fd00::1]:1\"")], "192.0.2.1"),
            (&[("forwarded", "for=192.0.2.1, by=10.1.1.1")], PROXY),
            (&[("forwarded", "for=203.0.113.9;x=\", for=192.0.2.1")], PROXY),
            (&[("forwarded", "for=203.0.113.9;x=\", for=\"[2001:db8::1]:80\"")], PROXY),
            (&[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")], "192.0.2.1"),
            (&[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=203.0.113.9")], PROXY),
            (&[], PROXY),
        ] {
            assert_eq!(client(PROXY, headers), expected, "{headers:?}");
            assert_eq!(client("::ffff:10.0.0.1", headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn headers_of_an_address_that_is_not_a_trusted_proxy_do_not_count() {
        for header in ["x-forwarded-for", "forwarded"] {
            assert_eq!(client("198.51.100.7", &[(header, "192.0.2.1")]), "198.51.100.7");
        }
    }

    #[test]
    fn a_header_that_is_not_text_names_no_client() {
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, http::HeaderValue::from_bytes(b"192.0.2.1, \xff").expect("a header value"));
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        assert_eq!(proxies.client_of([10, 0, 0, 1].into(), &headers), IpAddr::from([10, 0, 0, 1]));
    }
}
