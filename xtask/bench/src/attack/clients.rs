//! The hostile clients. Each entry of the table is one kind of attack on a listener of the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use super::conduct::Conduct::{self, Close, Drip, Flood, Stall, Unread};
use super::counts::{Row, SharedCounts};
use super::frames;
use crate::authority;
use crate::rig::WEBHOOKS;

/// The listeners of the server under attack, and the access token of a hostile customer.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Victim {
    pub(super) api: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) token: String,
    /// The certificate authority of the API. Without this file, the API uses no TLS. The admin listener never uses TLS.
    pub(super) ca_file: Option<PathBuf>,
}

struct Attack {
    name: &'static str,
    listener: Listener,
    /// Number of connections at the same time.
    connections: u32,
    /// Number of addresses from which the connections come.
    addresses: u32,
    conduct: Conduct,
}

#[derive(Clone, Copy)]
enum Listener {
    Api,
    Admin,
}
use Listener::{Admin, Api};

/// The head of a TLS record that contains a ClientHello, without its content (RFC 8446, section 5.1).
const CLIENT_HELLO_HEAD: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

/// The attacks on the layer below HTTP. They use TCP connections, also if the API uses TLS.
const TLS_STALL: &str = "TLS handshake that stalls";
const SILENT: &str = "silent, from one address";
const SILENT_MANY: &str = "silent, from 100 addresses";
const BELOW_HTTP: [&str; 3] = [TLS_STALL, SILENT, SILENT_MANY];

/// Idle connections that have sent a request. So a server may treat them better than silent connections.
const USED_MANY: &str = "used, from 100 addresses";

/// A document of several megabytes.
const LARGE_DOCUMENT: &str = "/docs";

/// Returns the time until an attack starts. Attacks with many connections start later. Otherwise, they would use all
/// connections that the server accepts, and other attacks would not reach the server.
fn delay(connections: u32) -> Duration {
    match connections {
        0..=10 => Duration::ZERO,
        11..=100 => Duration::from_millis(1_500),
        _ => Duration::from_secs(3),
    }
}

const NO_PAUSE: Duration = Duration::ZERO;
const SHORT_PAUSE: Duration = Duration::from_millis(5);

fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: attack.example\r\n{fields}\r\n").into_bytes()
}

fn attacks(token: &str, client_hello: &[u8]) -> Vec<Attack> {
    let attack = |name, listener, connections, addresses, conduct| Attack { name, listener, connections, addresses, conduct };
    // The beginning of a request by a hostile customer. The body follows.
    let post = |fields: &str| {
        let head = format!("POST {WEBHOOKS} HTTP/1.1\r\nHost: attack.example\r\nAuthorization: Bearer {token}\r\n");
        format!("{head}Content-Type: application/json\r\n{fields}\r\n").into_bytes()
    };
    let half_preface = || frames::PREFACE[..18].to_vec();
    let slow_field = || get("/", "").strip_suffix(b"\r\n").map(|head| [head, b"x: "].concat()).unwrap_or_default();
    let deep = "[".repeat(200_000);
    let deep_body = [post(&format!("Content-Length: {}\r\n", deep.len())), deep.into_bytes()].concat();
    vec![
        attack(SILENT, Api, 1_100, 1, Stall(Vec::new())),
        attack(SILENT_MANY, Api, 1_100, 100, Stall(Vec::new())),
        attack("header one byte at a time", Api, 50, 5, Drip(slow_field(), b'a')),
        attack("body one byte at a time", Api, 50, 5, Drip(post("Content-Length: 1000\r\n"), b' ')),
        attack(TLS_STALL, Api, 50, 5, Stall(client_hello.to_vec())),
        attack("HTTP/2 preface that stalls", Api, 50, 5, Stall(half_preface())),
        attack("idle HTTP/2", Api, 50, 5, Stall(frames::opening())),
        attack("idle after a response", Api, 50, 5, Stall(get("/healthz", ""))),
        attack(USED_MANY, Api, 1_100, 100, Stall(get("/healthz", ""))),
        attack("HTTP/2 PING", Api, 2, 1, Flood(frames::opening(), frames::pings, NO_PAUSE)),
        attack("HTTP/2 SETTINGS", Api, 2, 1, Flood(frames::opening(), frames::settings, NO_PAUSE)),
        attack("HTTP/2 PRIORITY", Api, 2, 1, Flood(frames::opening(), frames::priorities, NO_PAUSE)),
        attack("HTTP/2 WINDOW_UPDATE", Api, 2, 1, Flood(frames::opening(), frames::window_updates, NO_PAUSE)),
        attack("HTTP/2 cancelled requests", Api, 2, 1, Flood(frames::opening(), frames::cancelled_requests, NO_PAUSE)),
        attack("HTTP/2 empty DATA", Api, 2, 1, Flood(frames::open_request(), frames::empty_data, NO_PAUSE)),
        attack("HTTP/2 endless header", Api, 2, 1, Flood(frames::open_headers(), frames::continuations, NO_PAUSE)),
        attack("HTTP/2 without window", Api, 20, 2, Stall(frames::requests_without_window(LARGE_DOCUMENT))),
        attack("does not read responses", Api, 50, 5, Unread(get(LARGE_DOCUMENT, ""))),
        attack("endless header", Api, 2, 1, Flood(slow_field(), |_| vec![b'a'; 4096], NO_PAUSE)),
        attack("5,000 header fields", Api, 4, 1, Flood(Vec::new(), |_| get("/", &"a: b\r\n".repeat(5_000)), SHORT_PAUSE)),
        attack("body of 10 GB", Api, 4, 1, Flood(post("Content-Length: 10000000000\r\n"), |_| vec![b' '; 65_536], NO_PAUSE)),
        attack("endless chunks", Api, 4, 1, Flood(post("Transfer-Encoding: chunked\r\n"), |_| b"1\r\n \r\n".repeat(500), NO_PAUSE)),
        attack("deep JSON", Api, 4, 1, Stall(deep_body)),
        attack("wrong tokens", Api, 4, 4, Flood(Vec::new(), wrong_token, SHORT_PAUSE)),
        attack("connect and close", Api, 8, 8, Close),
        attack(SILENT, Admin, 1_100, 1, Stall(Vec::new())),
        attack(SILENT_MANY, Admin, 600, 100, Stall(Vec::new())),
        attack("header one byte at a time", Admin, 50, 5, Drip(slow_field(), b'a')),
        attack(USED_MANY, Admin, 600, 100, Stall(get("/healthz", ""))),
        attack("idle HTTP/2", Admin, 50, 5, Stall(frames::opening())),
        attack("HTTP/2 PING", Admin, 2, 1, Flood(frames::opening(), frames::pings, NO_PAUSE)),
        attack("does not read responses", Admin, 20, 2, Unread(get("/metrics", ""))),
        attack("connect and close", Admin, 8, 8, Close),
    ]
}

/// Returns a request with a token that has the right form.
fn wrong_token(index: u32) -> Vec<u8> {
    get(WEBHOOKS, &format!("Authorization: Bearer wht_{index:A>64}\r\n"))
}

/// TLS for hostile clients.
struct Tls {
    http1: TlsConnector,
    http2: TlsConnector,
    /// The first message of a handshake.
    client_hello: Vec<u8>,
}

impl Tls {
    fn new(ca_file: &Path) -> anyhow::Result<Tls> {
        let http1 = Arc::new(authority::client_config(ca_file, &[b"http/1.1"])?);
        let http2 = Arc::new(authority::client_config(ca_file, &[b"h2"])?);
        let mut client_hello = Vec::new();
        ClientConnection::new(http1.clone(), IpAddr::from(Ipv4Addr::LOCALHOST).into())?.write_tls(&mut client_hello)?;
        Ok(Tls { http1: http1.into(), http2: http2.into(), client_hello })
    }

    /// Returns the TLS settings for an attack, or `None` if the attack uses TCP connections.
    fn of(&self, attack: &Attack) -> Option<TlsConnector> {
        match attack.listener {
            Admin => None,
            Api if BELOW_HTTP.contains(&attack.name) => None,
            Api if attack.name.contains("HTTP/2") => Some(self.http2.clone()),
            Api => Some(self.http1.clone()),
        }
    }
}

/// The attacks that run.
pub(super) struct Clients {
    running: Vec<(String, SharedCounts)>,
    _tasks: JoinSet<std::convert::Infallible>,
}

impl Clients {
    /// Starts all attacks. They end when the returned value is dropped.
    pub(super) fn start(victim: &Victim) -> anyhow::Result<Clients> {
        let (mut running, mut tasks) = (Vec::new(), JoinSet::new());
        let tls = victim.ca_file.as_deref().map(Tls::new).transpose()?;
        let client_hello = tls.as_ref().map_or(CLIENT_HELLO_HEAD, |tls| &tls.client_hello);
        for (number, attack) in (1..).zip(attacks(&victim.token, client_hello)) {
            let counts = SharedCounts::default();
            let (listener, to) = match attack.listener {
                Api => ("API", victim.api),
                Admin => ("admin", victim.admin),
            };
            running.push((format!("{listener}: {}", attack.name), counts.clone()));
            let connector = tls.as_ref().and_then(|tls| tls.of(&attack));
            let conduct = Arc::new(attack.conduct);
            for connection in 0..attack.connections {
                let from = address(number, connection % attack.addresses);
                let (conduct, connector, counts) = (conduct.clone(), connector.clone(), counts.clone());
                let delay = delay(attack.connections);
                tasks.spawn(async move {
                    sleep(delay).await;
                    conduct.repeat(from, to, connector, &counts).await
                });
            }
        }
        Ok(Clients { running, _tasks: tasks })
    }

    pub(super) fn report(&self) -> Vec<Row> {
        self.running.iter().map(|(name, counts)| Row { name: name.clone(), counts: counts.get() }).collect()
    }
}

/// Each attack has its own loopback addresses. So a limit for the addresses of one attack does not limit other attacks.
fn address(attack: u8, index: u32) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, attack, index as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attack_has_its_own_name_and_valid_addresses() {
        let attacks = attacks("token", CLIENT_HELLO_HEAD);
        let mut names: Vec<_> = attacks.iter().map(|attack| (attack.name, matches!(attack.listener, Admin))).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), attacks.len());
        // The last byte of an address is at most 254.
        assert!(attacks.iter().all(|attack| (1..=254).contains(&attack.addresses) && attack.addresses <= attack.connections));
        assert!(attacks.len() < 255);
        assert!(BELOW_HTTP.iter().all(|name| attacks.iter().any(|attack| attack.name == *name)));
    }

    #[test]
    fn a_slow_header_has_no_end() {
        let endless =
            attacks("token", CLIENT_HELLO_HEAD).into_iter().find(|attack| attack.name == "header one byte at a time").expect("the attack");
        let Drip(head, _) = endless.conduct else { panic!("the attack is slow") };
        assert_eq!(head, b"GET / HTTP/1.1\r\nHost: attack.example\r\nx: ");
    }
}
