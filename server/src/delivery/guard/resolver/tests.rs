use std::sync::Arc;

use tempfile::TempDir;
use tokio::net::UdpSocket;

use super::*;

const MAX_LOOKUPS: usize = 64;

/// Starts a name server on this machine. It never answers for `hang…`, answers only IPv4 queries for `half…`, and reports that
/// `none…` does not exist. Any other name has the address 192.0.2.7; for `brief…` the time to live is 0.
async fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let address = socket.local_addr().expect("its address");
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query).await {
            if let Some(answer) = answer(&query[..length]) {
                socket.send_to(&answer, client).await.expect("to answer");
            }
        }
    });
    address
}

/// Returns the answer to one query (RFC 1035 §4.1).
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let name_end = 12 + query[12..].iter().position(|&byte| byte == 0)? + 1;
    let is_ipv4 = query[name_end + 1] == 1;
    let label = &query[13..];
    let (code, answers): (u8, u8) = match is_ipv4 {
        _ if label.starts_with(b"hang") => return None,
        false if label.starts_with(b"half") => return None,
        _ if label.starts_with(b"none") => (3, 0),
        is_ipv4 => (0, is_ipv4.into()),
    };
    let mut answer = vec![query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0];
    answer.extend_from_slice(&query[12..name_end + 4]);
    if answers == 1 {
        let time_to_live = if label.starts_with(b"brief") { 0 } else { 60 };
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, time_to_live, 0, 4, 192, 0, 2, 7]);
    }
    Some(answer)
}

/// Returns a resolver with one name server and one hosts file. The file exists until the returned directory is dropped.
pub(in crate::delivery::guard) fn names_of(name_server: SocketAddr, hosts: &str) -> (Names, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("hosts");
    fs::write(&file, hosts).expect("a hosts file");
    (Names::of_files(Some(file), vec![name_server], MAX_LOOKUPS).expect("a resolver"), directory)
}

async fn names(hosts: &str) -> (Arc<Names>, TempDir) {
    let (names, directory) = names_of(name_server().await, hosts);
    (Arc::new(names), directory)
}

/// Starts lookups that hang. These lookups use all permits that are not reserved.
async fn hang(names: &Arc<Names>) -> Vec<tokio::task::JoinHandle<Result<Vec<IpAddr>, NameError>>> {
    let hanging = (0..MAX_LOOKUPS / 2)
        .map(|number| {
            let names = names.clone();
            tokio::spawn(async move { names.lookup(&format!("hang{number}.test")).await })
        })
        .collect();
    while names.lookups.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    hanging
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().expect("an address")).collect()
}

#[tokio::test]
async fn a_name_is_looked_up_in_dns() {
    let (names, _directory) = names("").await;
    for name in ["example.test", "example.test.", "under_score.example.test", "xn--bcher-kva.test"] {
        assert_eq!(names.lookup(name).await.expect(name), addresses(&["192.0.2.7"]));
    }
    assert!(matches!(names.lookup("none.test").await, Err(NameError::NotFound { name }) if name == "none.test"));
}

#[tokio::test]
async fn hanging_names_do_not_delay_names_found_before() {
    let (names, _directory) = names("").await;
    for name in ["lasting.test", "brief.test"] {
        names.lookup(name).await.expect("a quick answer");
    }
    let hanging = hang(&names).await;
    for _ in 0..20 {
        names.lookup("brief.test").await.expect("a reserved permit");
    }
    let reserved = names.reserved_lookups.acquire_many(MAX_LOOKUPS as u32 / 2).await.expect("all of them");
    names.lookup("lasting.test").await.expect("needs no permit while the answer is valid");
    assert!(matches!(names.lookup("brief.test").await, Err(NameError::Busy)));
    assert!(matches!(names.lookup("quick.test").await, Err(NameError::Busy)));
    drop(reserved);
    assert!(hanging.iter().all(|lookup| !lookup.is_finished()), "the lookups of hanging names still run");

    for lookup in hanging {
        assert!(matches!(lookup.await.expect("no panic"), Err(NameError::TimedOut { .. })));
    }
    assert_eq!(names.lookups.available_permits(), MAX_LOOKUPS / 2);
}

#[tokio::test]
async fn a_cancelled_lookup_releases_its_permit() {
    let (names, _directory) = names("").await;
    let hanging = hang(&names).await;
    assert!(matches!(names.lookup("quick.test").await, Err(NameError::Busy)));

    hanging.iter().for_each(|lookup| lookup.abort());
    for lookup in hanging {
        lookup.await.expect_err("aborted");
    }
    names.lookup("quick.test").await.expect("a free permit");
}

/// The two tries of a query must end before the connect timeout.
#[tokio::test]
async fn a_name_server_that_ignores_ipv6_queries_does_not_fail_the_attempt() {
    const { assert!(MAX_TRY.as_millis() * (RETRIES as u128 + 1) < super::super::DEFAULT_CONNECT_TIMEOUT.as_millis()) };
    assert_eq!(names("").await.0.lookup("half.test").await.expect("its IPv4 address"), addresses(&["192.0.2.7"]));
}

#[tokio::test]
async fn the_hosts_file_comes_before_dns_for_all_addresses_of_a_name() {
    let hosts = "# 10.0.0.9 hang.test\n\
        10.0.0.1\thang.test  other.test # hang3.test\n\
        not-an-address hang.test\n\
        \n\
        fd00::1 Hang.TEST\n\
        10.0.0.2 localhost\n";
    let (names, _directory) = names(hosts).await;
    for (name, expected) in [
        ("hang.test", &["10.0.0.1", "fd00::1"][..]),
        ("HANG.test.", &["10.0.0.1", "fd00::1"]),
        ("other.test", &["10.0.0.1"]),
        ("localhost", &["10.0.0.2"]),
        ("test", &["192.0.2.7"]),
    ] {
        assert_eq!(names.lookup(name).await.expect(name), addresses(expected), "{name}");
    }
}

#[tokio::test]
async fn the_hosts_file_is_not_used_unless_allowed() {
    let server = name_server().await;
    for use_hosts_file in [false, true] {
        let names = Names::of_system(use_hosts_file, vec![server], MAX_LOOKUPS).expect("a resolver");
        assert_eq!(names.current().hosts.0.is_empty(), !use_hosts_file, "the hosts file of this machine is not empty");
        assert_eq!(names.lookup("localhost.").await.expect("a loopback address")[0], Ipv4Addr::LOCALHOST);
    }
}

#[tokio::test]
async fn localhost_is_loopback_without_a_dns_query() {
    let (names, _directory) = names("").await;
    for name in ["localhost", "LocalHost.", "hang.localhost", "hang.localhost."] {
        assert_eq!(names.lookup(name).await.expect(name), addresses(&["127.0.0.1", "::1"]), "{name}");
    }
}

#[tokio::test]
async fn a_changed_hosts_file_is_read_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let hosts = directory.path().join("hosts");
    fs::write(&hosts, "10.0.0.1 changing.test\n").expect("to write");
    let names = Names::of_files(Some(hosts.clone()), Vec::new(), MAX_LOOKUPS).expect("a resolver");
    assert_eq!(names.lookup("changing.test").await.expect("listed"), addresses(&["10.0.0.1"]));

    fs::write(&hosts, "10.0.0.22 changing.test\n").expect("to write");
    let checked_at = Instant::now().checked_sub(RELOAD_INTERVAL).expect("a time");
    names.sources.lock().expect("not poisoned").files.checked_at = checked_at;
    assert_eq!(names.lookup("changing.test").await.expect("listed"), addresses(&["10.0.0.22"]));
}

#[test]
fn at_most_eight_addresses_are_used_and_the_families_alternate() {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect::<Vec<IpAddr>>();
    let mixed = addresses(&["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"]);
    assert_eq!(in_order(mixed), addresses(&["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"]));
    assert_eq!(in_order(addresses(&["2001:db8::1", "192.0.2.1"])), addresses(&["2001:db8::1", "192.0.2.1"]));
    let many: Vec<IpAddr> = (0..4000_u32).map(|number| std::net::Ipv4Addr::from(number).into()).collect();
    assert_eq!(in_order(many.clone()), many[..MAX_ADDRESSES]);
    assert_eq!(in_order(Vec::new()), Vec::<IpAddr>::new());
}
