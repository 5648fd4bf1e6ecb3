//! Compares the guard with the text of the IANA special-purpose address registries (RFC 6890). The expected results come
//! from that text and from the short lists below, and never from the table of the guard.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use super::*;
use crate::delivery::guard::ranges::listed_source;

const IPV4: &str = include_str!("registries/iana-ipv4-special-registry.csv");
const IPV6: &str = include_str!("registries/iana-ipv6-special-registry.csv");

/// Blocks that the guard refuses although the registries mark them as globally reachable. They contain no receivers.
const STRICTER: [(&str, &str); 11] = [
    ("192.0.0.9/32", "the nearest router responds"),
    ("192.0.0.10/32", "the nearest relay responds"),
    ("192.31.196.0/24", "AS112 name servers"),
    ("192.52.193.0/24", "relays of multicast"),
    ("192.175.48.0/24", "AS112 name servers"),
    ("2001:1::1/128", "the nearest router responds"),
    ("2001:1::2/128", "the nearest relay responds"),
    ("2001:1::3/128", "the nearest registrar responds"),
    ("2001:3::/32", "relays of multicast"),
    ("2001:4:112::/48", "AS112 name servers"),
    ("2620:4f:8000::/48", "AS112 name servers"),
];

/// Identifiers in the form of addresses. Nothing can be sent to them.
const NOT_LOCATORS: [&str; 2] = ["2001:20::/28", "2001:30::/28"];

/// Blocks that are refused and that the special-purpose registries do not contain.
const OTHERS: [(&str, &str); 3] = [
    ("224.0.0.0/4", "IANA IPv4 multicast address space registry, RFC 5771"),
    ("168.63.129.16/32", "the metadata service of a cloud, in a public range"),
    ("3ffe::/16", "returned to IANA, RFC 3701"),
];

/// The only part of IPv6 that IANA has allocated as global unicast addresses (RFC 4291 §2.4).
const GLOBAL_UNICAST: &str = "2000::/3";

/// The seed of all random addresses. A failure prints it.
const SEED: u64 = 0x5eed_0000_2026_0718;

/// Number of random addresses in each block.
const MEMBERS: usize = 40;

/// One address block of a registry.
#[derive(Debug)]
struct Block {
    network: IpNet,
    /// The text of the column "RFC".
    documents: String,
    /// The column "Globally Reachable" is `True`. The other values are `False`, `N/A` and an empty field.
    is_reachable: bool,
}

static BLOCKS: LazyLock<Vec<Block>> = LazyLock::new(|| [IPV4, IPV6].into_iter().flat_map(blocks).collect());

/// Returns the blocks of a registry. A field may have footnotes such as `False [1]`.
fn blocks(registry: &str) -> Vec<Block> {
    let mut records = records(registry).into_iter();
    let header = records.next().expect("a header");
    let column = |name: &str| header.iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
    let (address_block, documents, reachable) = (column("Address Block"), column("RFC"), column("Globally Reachable"));
    let without_footnote = |field: &str| field.split(" [").next().unwrap_or_default().to_owned();
    let mut blocks = Vec::new();
    for record in records {
        for network in without_footnote(&record[address_block]).split(", ") {
            blocks.push(Block {
                network: parse_network(network),
                documents: record[documents].clone(),
                is_reachable: without_footnote(&record[reachable]) == "True",
            });
        }
    }
    blocks
}

/// Returns the records of a CSV file (RFC 4180). Each line of the file ends with LF.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            character => field.push(character),
        }
    }
    records
}

fn parse_network(text: &str) -> IpNet {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn is_in(network: &str, address: IpAddr) -> bool {
    parse_network(network).contains(&address)
}

/// Returns the smallest block of the registries that contains the address.
fn block_of(address: IpAddr) -> Option<&'static Block> {
    BLOCKS.iter().filter(|block| block.network.contains(&address)).max_by_key(|block| block.network.prefix_len())
}

/// Returns whether the guard must allow an address if the operator has configured nothing.
fn is_public(address: IpAddr) -> bool {
    let contained = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => contained_in_public(v6),
    };
    let is_reachable = match block_of(address) {
        Some(block) => block.is_reachable && !STRICTER.iter().any(|(stricter, _)| parse_network(stricter) == block.network),
        None => address.is_ipv4() || is_in(GLOBAL_UNICAST, address),
    };
    is_reachable
        && !OTHERS.iter().any(|(other, _)| is_in(other, address))
        && !NOT_LOCATORS.iter().any(|block| is_in(block, address))
        && contained.is_none_or(|v4| is_public(v4.into()))
}

/// Returns the IPv4 address in an address of the two forms that can be public: NAT64 (RFC 6052 §2.1) and ISATAP (RFC
/// 5214 §6.1).
fn contained_in_public(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., upper, lower] = address.segments();
    let is_isatap = matches!(address.segments(), [_, _, _, _, 0 | 0x200, 0x5efe, _, _]);
    let contains = is_isatap || is_in("64:ff9b::/96", address.into());
    contains.then(|| Ipv4Addr::from_bits(u32::from(upper) << 16 | u32::from(lower)))
}

/// Returns `v4` in every form in which an IPv6 address can contain an IPv4 address.
fn forms_of(v4: Ipv4Addr) -> Vec<(&'static str, Ipv6Addr)> {
    let public = Ipv4Addr::new(8, 8, 8, 8);
    let at_the_end = |prefix: &str| Ipv6Addr::from_bits(prefix.parse::<Ipv6Addr>().expect(prefix).to_bits() | u128::from(v4.to_bits()));
    let teredo = |server: Ipv4Addr, client: Ipv4Addr| {
        let flags_and_port = 0x1234_u128;
        Ipv6Addr::from_bits(0x2001_0000 << 96 | u128::from(server.to_bits()) << 64 | flags_and_port << 32 | u128::from(!client.to_bits()))
    };
    let mut forms = vec![
        ("IPv4-mapped", v4.to_ipv6_mapped()),
        ("IPv4-translated", at_the_end("::ffff:0:0:0")),
        ("NAT64", at_the_end("64:ff9b::")),
        ("local-use NAT64", at_the_end("64:ff9b:1::")),
        ("6to4", Ipv6Addr::from_bits(0x2002 << 112 | u128::from(v4.to_bits()) << 80 | 1)),
        ("client of Teredo", teredo(public, v4)),
        ("server of Teredo", teredo(v4, public)),
        ("ISATAP", at_the_end("2a00:1450:4001::5efe:0:0")),
        ("ISATAP with a global interface identifier", at_the_end("2a00:1450:4001:0:200:5efe:0:0")),
    ];
    // `::` and `::1` are the unspecified address and the loopback address, and no IPv4-compatible addresses.
    if v4.to_bits() > 1 {
        forms.push(("IPv4-compatible", at_the_end("::")));
    }
    forms
}

/// A generator of pseudo-random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a random address of a network.
    fn member(&mut self, network: &IpNet) -> IpAddr {
        let random = u128::from(self.next()) << 64 | u128::from(self.next());
        match network {
            IpNet::V4(network) => {
                let host = random as u32 & network.hostmask().to_bits();
                Ipv4Addr::from_bits(network.network().to_bits() | host).into()
            }
            IpNet::V6(network) => Ipv6Addr::from_bits(network.network().to_bits() | random & network.hostmask().to_bits()).into(),
        }
    }
}

/// Returns the first and the last address of a network, and the addresses before and after the network.
fn edges(network: &IpNet) -> Vec<IpAddr> {
    match network {
        IpNet::V4(network) => {
            let (first, last) = (network.network().to_bits(), network.broadcast().to_bits());
            let bits = [Some(first), Some(last), first.checked_sub(1), last.checked_add(1)];
            bits.into_iter().flatten().map(|bits| Ipv4Addr::from_bits(bits).into()).collect()
        }
        IpNet::V6(network) => {
            let (first, last) = (network.network().to_bits(), network.broadcast().to_bits());
            let bits = [Some(first), Some(last), first.checked_sub(1), last.checked_add(1)];
            bits.into_iter().flatten().map(|bits| Ipv6Addr::from_bits(bits).into()).collect()
        }
    }
}

/// Returns whether the guard allows a URL with this address.
fn allows(guard: &Guard, address: IpAddr) -> bool {
    let host = match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    match guard.check_url(&parse(&format!("https://{host}/"))) {
        Ok(()) => true,
        Err(Refusal::AddressForbidden { .. }) => false,
        Err(other) => panic!("{address}: {other}"),
    }
}

/// Returns the edges and random members of every block of the registries and of [`OTHERS`].
fn samples() -> Vec<(IpNet, IpAddr)> {
    let mut random = Random(SEED);
    let others = OTHERS.iter().map(|(other, _)| parse_network(other));
    let networks: Vec<IpNet> = BLOCKS.iter().map(|block| block.network).chain(others).collect();
    let mut samples = Vec::new();
    for network in networks {
        let members: Vec<IpAddr> = (0..MEMBERS).map(|_| random.member(&network)).collect();
        samples.extend(edges(&network).into_iter().chain(members).map(|address| (network, address)));
    }
    samples
}

#[test]
fn the_registries_are_read_completely() {
    for (text, blocks_and_columns) in [(IPV4, (26, 10)), (IPV6, (25, 10))] {
        assert!(records(text).iter().all(|record| record.len() == blocks_and_columns.1), "every record has the columns of the header");
        assert_eq!(blocks(text).len(), blocks_and_columns.0);
    }
    assert!(BLOCKS.iter().all(|block| block.network == block.network.trunc() && block.documents.contains("RFC")));
}

#[test]
fn a_block_is_refused_unless_its_registry_says_that_it_is_globally_reachable() {
    let guard = strict();
    for (network, address) in samples() {
        let expected = is_public(address);
        assert_eq!(allows(&guard, address), expected, "{address}, a sample for {network}, seed {SEED:#x}");
    }
}

#[test]
fn an_ipv4_block_is_judged_in_the_same_way_inside_every_ipv6_address() {
    // The second guard allows every IPv6 address that contains no forbidden IPv4 address.
    let open = Guard::new(GuardPolicy { allow_networks: vec![parse_network("::/0")], ..GuardPolicy::default() }).expect("a guard");
    let strict = strict();
    for (network, address) in samples() {
        let IpAddr::V4(v4) = address else { continue };
        for (form, v6) in forms_of(v4) {
            let place = format!("{form} {v6} of {v4}, a sample for {network}, seed {SEED:#x}");
            assert_eq!(allows(&strict, v6.into()), is_public(v6.into()), "{place}");
            assert!(is_public(v4.into()) || !allows(&strict, v6.into()), "{place}");
            assert_eq!(allows(&open, v6.into()), is_public(v4.into()), "{place}, all of IPv6 is allowed");
        }
    }
}

#[test]
fn any_address_is_judged_as_the_registries_say() {
    let (guard, mut random) = (strict(), Random(SEED));
    for network in ["0.0.0.0/0", "::/0", GLOBAL_UNICAST, "2001::/16", "::/32"].map(parse_network) {
        for _ in 0..1_000 {
            let address = random.member(&network);
            assert_eq!(allows(&guard, address), is_public(address), "{address}, seed {SEED:#x}");
        }
    }
}

/// Without this test, an exception could hide an error of the table.
#[test]
fn an_exception_is_needed_and_refused() {
    let guard = strict();
    let exceptions: Vec<IpNet> = STRICTER.iter().map(|(stricter, _)| *stricter).chain(NOT_LOCATORS).map(parse_network).collect();
    for exception in &exceptions {
        let block = BLOCKS.iter().find(|block| block.network == *exception);
        assert!(block.is_some_and(|block| block.is_reachable), "{exception} is no globally reachable block of the registries");
        assert!(!allows(&guard, exception.network()), "{exception} is not refused");
    }
    let reachable: Vec<IpNet> = BLOCKS.iter().filter(|block| block.is_reachable).map(|block| block.network).collect();
    let allowed: Vec<&IpNet> = reachable.iter().filter(|network| !exceptions.contains(network)).collect();
    assert_eq!(allowed, [&parse_network("64:ff9b::/96")]);
    for (other, _) in OTHERS {
        assert!(block_of(parse_network(other).network()).is_none(), "the registries contain {other}");
    }
}

#[test]
fn the_table_names_the_document_of_the_registry() {
    let mut compared = 0;
    for block in BLOCKS.iter() {
        let Some(source) = listed_source(&block.network) else { continue };
        let document = source.split(" §").next().unwrap_or_default().replace(' ', "");
        assert!(block.documents.contains(&format!("[{document}]")), "{}: {source} instead of {}", block.network, block.documents);
        compared += 1;
    }
    assert!(compared > 30, "only {compared} ranges of the table were compared");
}
