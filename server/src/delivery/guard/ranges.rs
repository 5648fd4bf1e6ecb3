//! The addresses to which callbacks may be sent.
//!
//! The table contains the ranges that the IANA special-purpose address registries
//! ([IPv4](https://www.iana.org/assignments/iana-ipv4-special-registry/),
//! [IPv6](https://www.iana.org/assignments/iana-ipv6-special-registry/)) do not mark as globally reachable. The table
//! also contains multicast, unallocated parts of IPv6, IPv6 addresses that contain an IPv4 address, and the metadata
//! services of clouds. Some small blocks are refused although the registries mark them as globally reachable. The
//! nearest router or relay responds to requests for 192.0.0.9 and 192.0.0.10. The blocks for AS112 and multicast
//! tunneling, and the blocks in 2001::/23, contain no receivers. ISATAP addresses can have any prefix, so the table
//! cannot contain them. The IPv4 address in them is checked.
//!
//! An operator may use a part of its own global addresses as a translation prefix (NAT64). The table cannot contain
//! this prefix. So the NAT64 gateway must refuse to translate to internal addresses, as RFC 6052 §5 requires. The same
//! applies if the operator allows 64:ff9b:1::/48 and uses a shorter prefix in it than /96: an address does not show the
//! length of its prefix, and only its last 32 bits are checked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net};

/// A range of addresses and its registration.
#[derive(Debug, PartialEq, Eq)]
pub struct Range {
    pub network: IpNet,
    /// The kind of the addresses, as an adjective: `loopback`, `private-use`.
    pub name: &'static str,
    /// The document that defines the range.
    pub source: &'static str,
    kind: Kind,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.network, self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The addresses are refused unless the operator allows them.
    Closed,
    /// The addresses are allowed although they are within a closed range. Each address contains an IPv4 address, which
    /// is checked instead.
    Carrier,
    /// A service that gives credentials to every client. It stays refused even if the operator allows a larger network.
    Metadata,
}

use Kind::{Carrier, Closed, Metadata};

/// The ranges as written in their sources. If several ranges contain an address, the range with the longest prefix
/// applies.
const TABLE: &[(&str, Kind, &str, &str)] = &[
    // IANA IPv4 special-purpose address registry.
    ("0.0.0.0/8", Closed, "this network", "RFC 791 §3.2"),
    ("10.0.0.0/8", Closed, "private-use", "RFC 1918"),
    ("100.64.0.0/10", Closed, "shared address space", "RFC 6598"),
    ("127.0.0.0/8", Closed, "loopback", "RFC 1122 §3.2.1.3"),
    ("169.254.0.0/16", Closed, "link-local", "RFC 3927"),
    ("172.16.0.0/12", Closed, "private-use", "RFC 1918"),
    ("192.0.0.0/24", Closed, "IETF protocol assignments", "RFC 6890 §2.1"),
    ("192.0.2.0/24", Closed, "documentation", "RFC 5737"),
    ("192.31.196.0/24", Closed, "AS112 redirection", "RFC 7535"),
    ("192.52.193.0/24", Closed, "automatic multicast tunneling", "RFC 7450"),
    ("192.88.99.0/24", Closed, "deprecated 6to4 relay", "RFC 7526"),
    ("192.168.0.0/16", Closed, "private-use", "RFC 1918"),
    ("192.175.48.0/24", Closed, "AS112 redirection", "RFC 7534"),
    ("198.18.0.0/15", Closed, "benchmarking", "RFC 2544"),
    ("198.51.100.0/24", Closed, "documentation", "RFC 5737"),
    ("203.0.113.0/24", Closed, "documentation", "RFC 5737"),
    ("224.0.0.0/4", Closed, "multicast", "RFC 5771"),
    ("240.0.0.0/4", Closed, "reserved", "RFC 1112 §4"),
    ("255.255.255.255/32", Closed, "limited broadcast", "RFC 919 §7"),
    // IANA IPv6 special-purpose address registry.
    ("::/128", Closed, "unspecified", "RFC 4291 §2.5.2"),
    ("::1/128", Closed, "loopback", "RFC 4291 §2.5.3"),
    ("::ffff:0:0/96", Closed, "IPv4-mapped", "RFC 4291 §2.5.5.2"),
    ("64:ff9b::/96", Carrier, "IPv4-IPv6 translation", "RFC 6052 §2.1"),
    ("64:ff9b:1::/48", Closed, "local-use IPv4-IPv6 translation", "RFC 8215"),
    ("100::/64", Closed, "discard-only", "RFC 6666"),
    ("100:0:0:1::/64", Closed, "dummy", "RFC 9780"),
    ("2001::/23", Closed, "IETF protocol assignments", "RFC 2928"),
    ("2001::/32", Closed, "Teredo", "RFC 4380"),
    ("2001:2::/48", Closed, "benchmarking", "RFC 5180"),
    ("2001:db8::/32", Closed, "documentation", "RFC 3849"),
    ("2002::/16", Closed, "6to4", "RFC 3056"),
    ("2620:4f:8000::/48", Closed, "AS112 redirection", "RFC 7534"),
    ("3fff::/20", Closed, "documentation", "RFC 9637"),
    ("5f00::/16", Closed, "segment routing", "RFC 9602"),
    ("fc00::/7", Closed, "unique-local", "RFC 4193"),
    ("fe80::/10", Closed, "link-local", "RFC 4291 §2.5.6"),
    // The rest of IPv6 outside 2000::/3, and returned blocks within 2000::/3.
    ("::/96", Closed, "IPv4-compatible", "RFC 4291 §2.5.5.1"),
    ("::ffff:0:0:0/96", Closed, "IPv4-translated", "RFC 2765 §2.1"),
    ("::/3", Closed, "unallocated", "IANA IPv6 address space"),
    ("3ffe::/16", Closed, "returned 6bone", "RFC 3701"),
    ("4000::/2", Closed, "unallocated", "IANA IPv6 address space"),
    ("8000::/1", Closed, "unallocated", "IANA IPv6 address space"),
    ("fec0::/10", Closed, "site-local", "RFC 3879"),
    ("ff00::/8", Closed, "multicast", "RFC 4291 §2.7"),
    // Metadata services.
    ("169.254.169.254/32", Metadata, "cloud metadata", "AWS, Azure, Google Cloud, DigitalOcean, Oracle, OpenStack"),
    ("169.254.170.2/32", Metadata, "cloud metadata", "AWS ECS task metadata"),
    ("169.254.170.23/32", Metadata, "cloud metadata", "AWS EKS Pod Identity"),
    ("169.254.0.23/32", Metadata, "cloud metadata", "Tencent Cloud"),
    ("169.254.42.42/32", Metadata, "cloud metadata", "Scaleway"),
    ("100.100.100.200/32", Metadata, "cloud metadata", "Alibaba Cloud"),
    ("168.63.129.16/32", Metadata, "cloud metadata", "Azure WireServer, in a public range"),
    ("192.0.0.192/32", Metadata, "cloud metadata", "Oracle Cloud Classic"),
    ("fd00:ec2::254/128", Metadata, "cloud metadata", "AWS over IPv6"),
    ("fd00:ec2::23/128", Metadata, "cloud metadata", "AWS EKS Pod Identity over IPv6"),
    ("fd20:ce::254/128", Metadata, "cloud metadata", "Google Cloud over IPv6"),
    ("fd00:42::42/128", Metadata, "cloud metadata", "Scaleway over IPv6"),
    ("fe80::a9fe:a9fe/128", Metadata, "cloud metadata", "OpenStack over IPv6"),
];

static RANGES: LazyLock<Vec<Range>> = LazyLock::new(|| {
    let parse = |text: &str| text.parse().unwrap_or_else(|_| panic!("the table has the invalid network {text}"));
    TABLE.iter().map(|&(network, kind, name, source)| Range { network: parse(network), name, source, kind }).collect()
});

/// Checks addresses against the table, and the networks that the operator allows or denies.
#[derive(Debug, Clone, Default)]
pub(super) struct AddressPolicy {
    allowed: Vec<IpNet>,
    denied: Vec<IpNet>,
}

impl AddressPolicy {
    pub(super) fn new(allowed: impl IntoIterator<Item = IpNet>, denied: impl IntoIterator<Item = IpNet>) -> AddressPolicy {
        AddressPolicy { allowed: allowed.into_iter().map(unmapped).collect(), denied: denied.into_iter().map(unmapped).collect() }
    }

    /// Returns whether the operator denies callbacks to an address, or to an IPv4 address that the address contains.
    pub(super) fn denies(&self, address: IpAddr) -> bool {
        let contained = match address {
            IpAddr::V4(_) => Vec::new(),
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| embedded_ipv4(v6), |v4| vec![v4]),
        };
        let mut forms = std::iter::once(address).chain(contained.into_iter().map(IpAddr::V4));
        forms.any(|form| self.denied.iter().any(|network| network.contains(&form)))
    }

    /// Checks whether callbacks may be sent to an address.
    ///
    /// If the address contains an IPv4 address, the IPv4 address is checked as well. An IPv4-mapped address is allowed
    /// if the operator allows its IPv4 address, because the system connects to an IPv4-mapped address over IPv4.
    ///
    /// # Errors
    /// Returns the range that contains the refused address.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), &'static Range> {
        let IpAddr::V6(v6) = address else { return self.check_directly(address) };
        if let Some(v4) = v6.to_ipv4_mapped() {
            self.check_directly(v4.into())?;
            return if self.allows(v4.into()) { Ok(()) } else { self.check_directly(address) };
        }
        self.check_directly(address)?;
        embedded_ipv4(v6).into_iter().try_for_each(|v4| self.check_directly(v4.into()))
    }

    fn check_directly(&self, address: IpAddr) -> Result<(), &'static Range> {
        let Some(range) = range_of(address) else { return Ok(()) };
        let is_open = match range.kind {
            Closed => self.allows(address),
            Carrier => true,
            // An operator who allows 169.254.0.0/16 or 0.0.0.0/0 wants to reach hosts and not the credentials of this
            // machine. So a metadata service is allowed only by a network that equals its range.
            Metadata => self.allowed.contains(&range.network),
        };
        if is_open { Ok(()) } else { Err(range) }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(&address))
    }
}

/// Returns the document that the table names for a network.
#[cfg(test)]
pub(super) fn listed_source(network: &IpNet) -> Option<&'static str> {
    RANGES.iter().find(|range| range.network == *network).map(|range| range.source)
}

fn range_of(address: IpAddr) -> Option<&'static Range> {
    RANGES.iter().filter(|range| range.network.contains(&address)).max_by_key(|range| range.network.prefix_len())
}

/// Returns the IPv4 addresses to which packets for `address` may be translated or tunnelled.
fn embedded_ipv4(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let (bytes, segments) = (address.octets(), address.segments());
    let v4_at = |at: usize| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    let mut embedded = match segments {
        // :: and ::1 match the patterns below but contain no IPv4 address.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Vec::new(),
        // For ::/96, ::ffff:0:0:0/96 and both translation prefixes, the IPv4 address is the last 32 bits.
        [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => vec![v4_at(12)],
        // For 6to4, the IPv4 address is the 32 bits after the prefix.
        [0x2002, ..] => vec![v4_at(2)],
        // For Teredo, the address of the server follows the prefix. The address of the client is at the end, with all
        // bits inverted (RFC 4380 §4).
        [0x2001, 0, ..] => vec![v4_at(4), Ipv4Addr::from_bits(!v4_at(12).to_bits())],
        _ => Vec::new(),
    };
    // ISATAP works under any prefix. Its interface identifiers are reserved, so no other address has such an
    // identifier (RFC 5214 §6.1).
    if let [_, _, _, _, 0 | 0x200, 0x5efe, ..] = segments {
        embedded.push(v4_at(12));
    }
    embedded
}

/// Converts an allowed network from IPv4-mapped form to IPv4.
fn unmapped(network: IpNet) -> IpNet {
    let network = network.trunc();
    let (IpAddr::V6(address), Some(prefix_len)) = (network.network(), network.prefix_len().checked_sub(96)) else { return network };
    let Some(v4) = address.to_ipv4_mapped() else { return network };
    Ipv4Net::new(v4, prefix_len).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str]) -> AddressPolicy {
        AddressPolicy::new(allowed.iter().map(|network| network.parse().expect("a network")), [])
    }

    fn refused_range(policy: &AddressPolicy, address: &str) -> Option<&'static str> {
        policy.check(address.parse().expect("an address")).err().map(|range| range.name)
    }

    #[test]
    fn every_range_is_a_valid_network_and_listed_once() {
        for (index, range) in RANGES.iter().enumerate() {
            assert_eq!(range.network, range.network.trunc(), "{range} has bits beyond its prefix");
            assert!(RANGES[..index].iter().all(|other| other.network != range.network), "{range} is listed twice");
        }
    }

    #[test]
    fn the_first_and_the_last_address_of_every_range_are_refused() {
        for range in RANGES.iter().filter(|range| range.kind != Carrier) {
            for address in [range.network.network(), range.network.broadcast()] {
                AddressPolicy::default().check(address).expect_err(&format!("{address} of {range}"));
            }
        }
    }

    #[test]
    fn the_narrowest_range_refuses_an_address() {
        for (address, expected) in [
            ("0.0.0.0", Some("this network")),
            ("9.255.255.255", None),
            ("10.0.0.1", Some("private-use")),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.1", Some("shared address space")),
            ("100.100.100.200", Some("cloud metadata")),
            ("127.255.255.254", Some("loopback")),
            ("168.63.129.15", None),
            ("168.63.129.16", Some("cloud metadata")),
            ("169.254.169.253", Some("link-local")),
            ("169.254.169.254", Some("cloud metadata")),
            ("172.15.255.255", None),
            ("172.31.255.255", Some("private-use")),
            ("172.32.0.0", None),
            ("192.0.0.9", Some("IETF protocol assignments")),
            ("192.0.1.0", None),
            ("198.17.255.255", None),
            ("198.19.0.1", Some("benchmarking")),
            ("223.255.255.255", None),
            ("224.0.0.1", Some("multicast")),
            ("240.0.0.1", Some("reserved")),
            ("255.255.255.255", Some("limited broadcast")),
            ("8.8.8.8", None),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::2", Some("IPv4-compatible")),
            ("::8.8.8.8", Some("IPv4-compatible")),
            ("::ffff:8.8.8.8", Some("IPv4-mapped")),
            ("::ffff:10.0.0.1", Some("private-use")),
            ("::ffff:169.254.169.254", Some("cloud metadata")),
            ("::ffff:0:8.8.8.8", Some("IPv4-translated")),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b::10.0.0.1", Some("private-use")),
            ("64:ff9b::168.63.129.16", Some("cloud metadata")),
            ("64:ff9b::ffff:8.8.8.8", Some("unallocated")),
            ("64:ff9b:1::8.8.8.8", Some("local-use IPv4-IPv6 translation")),
            ("100::1", Some("discard-only")),
            ("1fff::1", Some("unallocated")),
            ("2000::1", None),
            ("2001:0:808:808::1", Some("Teredo")),
            ("2001:1::1", Some("IETF protocol assignments")),
            ("2001:200::1", None),
            ("2001:db8::1", Some("documentation")),
            ("2002:808:808::1", Some("6to4")),
            ("2606:4700:4700::1111", None),
            ("2606:4700::5efe:10.0.0.1", Some("private-use")),
            ("2606:4700::200:5efe:169.254.169.254", Some("cloud metadata")),
            ("2606:4700::5efe:8.8.8.8", None),
            ("3fff:fff::1", Some("documentation")),
            ("3fff:1000::1", None),
            ("4000::1", Some("unallocated")),
            ("fc00::1", Some("unique-local")),
            ("fd00:ec2::254", Some("cloud metadata")),
            ("fe80::1", Some("link-local")),
            ("fe80::a9fe:a9fe", Some("cloud metadata")),
            ("fec0::1", Some("site-local")),
            ("ff02::1", Some("multicast")),
        ] {
            assert_eq!(refused_range(&AddressPolicy::default(), address), expected, "{address}");
        }
    }

    #[test]
    fn an_allowed_network_opens_its_addresses_in_every_form() {
        for (allowed, address, expected) in [
            ("127.0.0.0/8", "127.0.0.1", None),
            ("127.0.0.0/8", "::ffff:127.0.0.1", None),
            ("127.0.0.0/8", "64:ff9b::127.0.0.1", None),
            ("127.0.0.0/8", "::1", Some("loopback")),
            ("127.0.0.0/8", "10.0.0.1", Some("private-use")),
            ("10.1.2.3/8", "10.9.9.9", None),
            ("::ffff:10.0.0.0/104", "10.0.0.1", None),
            ("::ffff:10.0.0.0/104", "::ffff:10.0.0.1", None),
            ("::ffff:10.0.0.0/104", "11.0.0.1", None),
            ("::ffff:10.0.0.0/104", "192.168.0.1", Some("private-use")),
            ("::1/128", "::1", None),
            // Allowing all of IPv6 does not allow IPv4.
            ("::/0", "fd00::1", None),
            ("::/0", "::ffff:10.0.0.1", Some("private-use")),
            ("::/0", "::ffff:8.8.8.8", None),
            ("::/0", "64:ff9b::10.0.0.1", Some("private-use")),
            ("::/0", "2002:a00:1::1", Some("private-use")),
            ("::/0", "2001:0:808:808::f5ff:fffe", Some("private-use")),
            ("::/0", "2001:0:a00:1::1", Some("private-use")),
            ("64:ff9b:1::/48", "64:ff9b:1::8.8.8.8", None),
            ("64:ff9b:1::/48", "64:ff9b:1::10.0.0.1", Some("private-use")),
        ] {
            assert_eq!(refused_range(&policy(&[allowed]), address), expected, "{address} with {allowed} allowed");
        }
    }

    #[test]
    fn a_denied_network_denies_its_addresses_in_every_form() {
        for (denied, address, expected) in [
            ("8.8.8.0/24", "8.8.8.8", true),
            ("8.8.8.0/24", "8.8.9.8", false),
            ("8.8.8.0/24", "::ffff:8.8.8.8", true),
            ("8.8.8.0/24", "64:ff9b::8.8.8.8", true),
            ("8.8.8.0/24", "2002:808:808::1", true),
            ("::ffff:8.8.8.0/120", "8.8.8.8", true),
            ("2606:4700::/32", "2606:4700:4700::1111", true),
            ("2606:4700::/32", "2607::1", false),
            // Denying all of IPv6 does not deny IPv4.
            ("::/0", "8.8.8.8", false),
        ] {
            let policy = AddressPolicy::new([], [denied.parse().expect("a network")]);
            assert_eq!(policy.denies(address.parse().expect("an address")), expected, "{address} with {denied} denied");
        }
    }

    #[test]
    fn only_its_exact_address_opens_a_metadata_service() {
        for (allowed, address, expected) in [
            ("0.0.0.0/0", "169.254.169.254", Some("cloud metadata")),
            ("169.254.0.0/16", "169.254.169.254", Some("cloud metadata")),
            ("169.254.169.254/31", "169.254.169.254", Some("cloud metadata")),
            ("169.254.169.254/32", "169.254.169.254", None),
            ("169.254.169.254/32", "::ffff:169.254.169.254", None),
            ("::ffff:169.254.169.254/128", "169.254.169.254", None),
            ("169.254.169.254/32", "169.254.170.2", Some("cloud metadata")),
            ("0.0.0.0/0", "168.63.129.16", Some("cloud metadata")),
            ("0.0.0.0/0", "::ffff:169.254.169.254", Some("cloud metadata")),
            ("fd00::/8", "fd00:ec2::254", Some("cloud metadata")),
            ("fd00:ec2::254/128", "fd00:ec2::254", None),
        ] {
            assert_eq!(refused_range(&policy(&[allowed]), address), expected, "{address} with {allowed} allowed");
        }
    }
}
