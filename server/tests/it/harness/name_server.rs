//! A DNS server (RFC 1035 §4) whose answers a test sets, and changes between two queries. So a test can rebind a name.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// The domain of all names. The certificates of [`super::Authority`] are valid for it.
pub(crate) const DOMAIN: &str = "names.test";

/// The types of records with addresses: A (RFC 1035 §3.2.2) and AAAA (RFC 3596 §2.1).
const A: u16 = 1;
const AAAA: u16 = 28;

#[derive(Default)]
struct Name {
    /// The addresses in the answer to each query. The last answer is repeated.
    answers: Vec<Vec<IpAddr>>,
    /// Number of queries for IPv4 addresses, and number of queries for IPv6 addresses.
    queries: [usize; 2],
}

pub(crate) struct NameServer {
    address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Name>>>,
    answering: tokio::task::JoinHandle<()>,
}

impl NameServer {
    pub(crate) async fn start() -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        let names: Arc<Mutex<HashMap<String, Name>>> = Arc::default();
        let known = names.clone();
        let answering = tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut query).await {
                let answer = answer(&query[..length], &mut known.lock().expect("no holder panics"));
                // The result is ignored, because the server under test may have stopped.
                let _ = socket.send_to(&answer, client).await;
            }
        });
        NameServer { address, names, answering }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Sets the addresses of a host in [`DOMAIN`] for each lookup, and returns the name of the host. The addresses of the
    /// last lookup are repeated. A host without addresses does not exist.
    pub(crate) fn set(&self, host: &str, answers: &[&[IpAddr]]) -> String {
        let name = format!("{host}.{DOMAIN}");
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        self.names.lock().expect("no holder panics").insert(name.clone(), Name { answers, queries: [0; 2] });
        name
    }

    /// The number of lookups of a name so far. Each lookup has one query for IPv4 and one for IPv6.
    pub(crate) fn lookups(&self, name: &str) -> usize {
        self.names.lock().expect("no holder panics").get(name).map_or(0, |name| name.queries.into_iter().max().unwrap_or(0))
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

/// Returns the answer to a query. The time to live is 0, so that every lookup leads to a query. Like some name servers, this
/// one does not know EDNS: it answers FORMERR to a query with an additional record (RFC 6891 §7).
fn answer(query: &[u8], names: &mut HashMap<String, Name>) -> Vec<u8> {
    let (name, end) = name_of(query);
    if query[10..12] != [0, 0] {
        return [&query[..2], &[0x81, 0x81, 0, 1, 0, 0, 0, 0, 0, 0], &query[12..end + 4]].concat();
    }
    let kind = u16::from_be_bytes([query[end], query[end + 1]]);
    let mut records = Vec::new();
    let name = names.get_mut(&name);
    let exists = name.as_ref().is_some_and(|name| !name.answers.is_empty());
    if let Some(name) = name.filter(|_| [A, AAAA].contains(&kind)) {
        let queries = &mut name.queries[usize::from(kind == AAAA)];
        let addresses = name.answers.get(*queries).or(name.answers.last()).cloned().unwrap_or_default();
        *queries += 1;
        for address in addresses.iter().filter(|address| address.is_ipv6() == (kind == AAAA)) {
            records.push(match address {
                IpAddr::V4(v4) => record(kind, &v4.octets()),
                IpAddr::V6(v6) => record(kind, &v6.octets()),
            });
        }
    }
    // A response, with recursion desired and available. The code 3 means that the name does not exist.
    let flags = [0x81, if exists { 0x80 } else { 0x83 }];
    let count = u8::try_from(records.len()).expect("few addresses");
    let header = [&query[..2], &flags, &[0, 1, 0, count, 0, 0, 0, 0]].concat();
    [header, query[12..end + 4].to_vec(), records.concat()].concat()
}

/// A record of the name in the question, to which the first two bytes point (RFC 1035 §4.1.4).
fn record(kind: u16, address: &[u8]) -> Vec<u8> {
    let length = u8::try_from(address.len()).expect("an address");
    [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 0, 0, length], address].concat()
}

/// Returns the name in the question in lower case, and the position after the name.
fn name_of(query: &[u8]) -> (String, usize) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), at + 1)
}
