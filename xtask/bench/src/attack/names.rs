//! A name server for the names of the receivers. One name has thousands of addresses, and for one name there is never
//! an answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use super::counts::SharedCounts;
use super::receivers::{MANY_ADDRESSES, SILENT_NAME, address_of};
use crate::authority::HONEST_HOST;

/// Number of addresses of the host [`MANY_ADDRESSES`]. An answer has at most 65,535 bytes, and an address takes 16.
const ADDRESSES: u16 = 4_000;

/// Maximum size of an answer over UDP without EDNS (RFC 1035, section 4.2.1).
const MAX_UDP_BYTES: usize = 512;

/// The counts of the two names for which the answer is hostile.
#[derive(Clone, Default)]
pub(super) struct NameCounts {
    pub(super) many: SharedCounts,
    pub(super) silent: SharedCounts,
}

/// Starts the name server, and returns its address.
pub(super) async fn start(counts: NameCounts) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let socket = UdpSocket::bind(address).await?;
    let of_tcp = counts.clone();
    tokio::spawn(async move {
        let mut serving = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            serving.spawn(serve(stream, of_tcp.clone()));
        }
    });
    tokio::spawn(async move {
        let mut query = [0; MAX_UDP_BYTES];
        while let Ok((length, client)) = socket.recv_from(&mut query).await {
            if let Some(answer) = answer(&query[..length], MAX_UDP_BYTES, &counts) {
                let _ = socket.send_to(&answer, client).await;
            }
        }
    });
    Ok(address)
}

/// Answers the queries of a connection. Over TCP, two bytes with the length precede each message (RFC 1035, section
/// 4.2.2).
async fn serve(mut stream: TcpStream, counts: NameCounts) -> io::Result<()> {
    loop {
        let mut query = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut query).await?;
        if let Some(answer) = answer(&query, usize::from(u16::MAX), &counts) {
            stream.write_u16(answer.len() as u16).await?;
            stream.write_all(&answer).await?;
        }
    }
}

/// Returns the answer to a query, or `None` if there is no answer to this query.
fn answer(query: &[u8], max_bytes: usize, counts: &NameCounts) -> Option<Vec<u8>> {
    const HEAD_BYTES: usize = 12;
    const ADDRESS_OF_IPV4: &[u8] = &[0, 1];
    let (name, after) = name(query.get(HEAD_BYTES..)?)?;
    let question = query.get(HEAD_BYTES..query.len() - after.len() + 4)?;
    let addresses: Vec<Ipv4Addr> = if !after.starts_with(ADDRESS_OF_IPV4) {
        Vec::new()
    } else if name == SILENT_NAME {
        counts.silent.change(|counts| counts.requests += 1);
        return None;
    } else if name == MANY_ADDRESSES {
        counts.many.change(|counts| counts.requests += 1);
        (0..ADDRESSES).map(|index| Ipv4Addr::from(0x7f09_0000 + u32::from(index))).collect()
    } else if name == HONEST_HOST {
        vec![Ipv4Addr::LOCALHOST]
    } else {
        address_of(&name).into_iter().collect()
    };
    let records: Vec<u8> = addresses.iter().flat_map(|address| record(*address)).collect();
    let is_truncated = HEAD_BYTES + question.len() + records.len() > max_bytes;
    let (count, records) = if is_truncated { (0, Vec::new()) } else { (addresses.len() as u16, records) };
    // The flags mean: a response, recursion desired and available. 0x02 means truncated.
    let flags = [if is_truncated { 0x83 } else { 0x81 }, 0x80];
    let counts = [[0, 1], count.to_be_bytes(), [0, 0], [0, 0]].concat();
    Some([&query[..2], &flags, &counts, question, &records].concat())
}

fn record(address: Ipv4Addr) -> Vec<u8> {
    // The name is a pointer to the question. The type is A, the class is IN, and the time to live is 300 s.
    [&[0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4][..], &address.octets()].concat()
}

/// Returns the name in lower case, and the bytes after the name.
fn name(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut labels: Vec<String> = Vec::new();
    loop {
        let (&length, rest) = bytes.split_first()?;
        if length == 0 {
            return Some((labels.join("."), rest));
        }
        let (label, rest) = rest.split_at_checked(length.into())?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u8) -> Vec<u8> {
        let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        let head = [7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        head.into_iter().chain(labels).chain([0, 0, kind, 0, 1]).collect()
    }

    #[test]
    fn a_receiver_has_one_address() {
        let answer = answer(&query("Hanging.attack.example", 1), MAX_UDP_BYTES, &NameCounts::default()).expect("an answer");
        assert_eq!(answer[..8], [7, 9, 0x81, 0x80, 0, 1, 0, 1]);
        assert_eq!(answer[answer.len() - 4..], [127, 2, 0, 1]);
    }

    #[test]
    fn no_receiver_has_an_ipv6_address() {
        let answer = answer(&query(MANY_ADDRESSES, 28), MAX_UDP_BYTES, &NameCounts::default()).expect("an answer");
        assert_eq!(answer[..8], [7, 9, 0x81, 0x80, 0, 1, 0, 0]);
    }

    #[test]
    fn a_long_answer_needs_tcp() {
        let counts = NameCounts::default();
        let answer = |max_bytes| answer(&query(MANY_ADDRESSES, 1), max_bytes, &counts).expect("an answer");
        assert_eq!(answer(MAX_UDP_BYTES)[..8], [7, 9, 0x83, 0x80, 0, 1, 0, 0]);
        let long = answer(usize::from(u16::MAX));
        assert_eq!((&long[..6], u16::from_be_bytes([long[6], long[7]])), (&[7, 9, 0x81, 0x80, 0, 1][..], ADDRESSES));
        assert_eq!(counts.many.get().requests, 2);
    }

    #[test]
    fn there_is_no_answer_for_the_silent_name_or_to_an_invalid_query() {
        let counts = NameCounts::default();
        assert_eq!(answer(&query(SILENT_NAME, 1), MAX_UDP_BYTES, &counts), None);
        assert_eq!(answer(&query("a.b", 1)[..14], MAX_UDP_BYTES, &counts), None);
    }
}
