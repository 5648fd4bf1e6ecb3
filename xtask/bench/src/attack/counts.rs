//! Counts the connections of an attack, and how they ended.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::table::number;

/// The counts of one kind of hostile client or receiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Number of connections that were tried or accepted.
    pub(super) connections: u64,
    /// Number of requests or frames that a client sent, or of requests that a receiver read.
    pub(super) requests: u64,
    /// Number of bytes that a receiver sent.
    pub(super) sent_bytes: u64,
    /// Number of responses to a client for each status.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Number of ended connections for each way to end.
    pub(super) ends: BTreeMap<String, u64>,
}

impl Counts {
    /// Describes in a few words what happened to the connections.
    pub(super) fn describe(&self) -> String {
        let ended: u64 = self.ends.values().sum();
        let open = self.connections.saturating_sub(ended);
        let ends = self.ends.iter().map(|(end, count)| format!("{end} {}", number(*count as f64)));
        let open = (open > 0).then(|| format!("open {}", number(open as f64)));
        let sent = (self.sent_bytes > 0).then(|| format!("sent {}", size(self.sent_bytes)));
        let statuses = self.statuses.iter().map(|(status, count)| format!("{}× {status}", number(*count as f64)));
        ends.chain(open).chain(sent).chain(statuses).collect::<Vec<_>>().join(", ")
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", number(bytes as f64 / 1e3)),
        _ => format!("{} MB", number(bytes as f64 / 1e6)),
    }
}

/// [`Counts`] that several tasks change.
#[derive(Clone, Default)]
pub(super) struct SharedCounts(Arc<Mutex<Counts>>);

impl SharedCounts {
    pub(super) fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn end(&self, end: &str) {
        self.change(|counts| *counts.ends.entry(end.to_owned()).or_default() += 1);
    }

    pub(super) fn get(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The name and the counts of one kind of hostile client or receiver.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) counts: Counts,
}

/// Returns how a connection ended. The service closes a connection, or it resets the connection.
pub(super) fn end_of(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset => "reset",
        _ => "closed",
    }
}

/// Finds the status lines in a stream of HTTP/1.1 responses.
#[derive(Default)]
pub(super) struct Statuses {
    /// The last bytes of the previous part of the stream. A status line may begin there.
    rest: Vec<u8>,
}

const VERSION: &[u8] = b"HTTP/1.1 ";
const STATUS_BYTES: usize = VERSION.len() + 3;

impl Statuses {
    /// Returns the statuses that are complete after this part of the stream.
    pub(super) fn read(&mut self, part: &[u8]) -> Vec<u16> {
        self.rest.extend_from_slice(part);
        let lines = self.rest.windows(STATUS_BYTES).filter(|window| window.starts_with(VERSION));
        let status = |line: &[u8]| std::str::from_utf8(&line[VERSION.len()..]).ok()?.parse().ok();
        let statuses = lines.filter_map(status).collect();
        let kept = self.rest.len().saturating_sub(STATUS_BYTES - 1);
        self.rest.drain(..kept);
        statuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_found_once_wherever_the_stream_is_split() {
        let stream = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 429 Too Many Requests\r\n\r\n";
        for part in 1..stream.len() {
            let mut statuses = Statuses::default();
            let found: Vec<u16> = stream.chunks(part).flat_map(|part| statuses.read(part)).collect();
            assert_eq!(found, [401, 429], "in parts of {part} bytes");
        }
    }

    #[test]
    fn connections_that_did_not_end_are_open() {
        let counts = SharedCounts::default();
        assert_eq!(counts.get().describe(), "");
        counts.change(|counts| {
            (counts.connections, counts.sent_bytes) = (1_200, 2_500_000);
            counts.statuses.insert(408, 2);
        });
        counts.end("closed");
        counts.end("closed");
        counts.end("reset");
        assert_eq!(counts.get().describe(), "closed 2, reset 1, open 1,197, sent 2.5 MB, 2× 408");
    }
}
