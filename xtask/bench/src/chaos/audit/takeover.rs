//! Measures takeovers: the time from a fault of one server until its leased deliveries arrive from another server.
//!
//! The leases are read from the database. Only deliveries to receivers that never fail are measured, so that a
//! receiver causes no delay.

use std::collections::HashMap;

use super::MAX_TRANSIT;
use crate::chaos::ledger::{FaultKind, LeasedDelivery, Records};

/// The takeover after one fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Takeover {
    pub(super) deliveries: usize,
    /// Time from the fault to the arrival of the delivery that arrived last, in nanoseconds.
    pub(super) longest: u64,
    /// The fault, and the delivery that arrived last.
    pub(super) details: String,
}

/// Returns the takeover after each fault at which a server had leased deliveries.
pub(super) fn takeovers(records: &Records) -> Vec<Takeover> {
    let mut arrivals: HashMap<(&str, &str), Vec<u64>> = HashMap::new();
    for arrival in records.arrivals.iter().filter(|arrival| records.webhooks[arrival.webhook].reliable) {
        arrivals.entry((&records.webhooks[arrival.webhook].id, &arrival.notification)).or_default().push(arrival.at);
    }
    let mut takeovers = Vec::new();
    for (index, fault) in records.faults.iter().enumerate() {
        let taken_over = fault.leased.iter().filter_map(|leased| {
            // Ignore callbacks until MAX_TRANSIT after the fault, because the killed or paused server may have sent
            // them before the fault.
            let arrived_at = arrivals.get(&(&*leased.webhook, &*leased.notification))?.iter().find(|at| **at > fault.at + MAX_TRANSIT)?;
            (!failed_again(records, index, leased, *arrived_at)).then_some((delay(records, fault.at, *arrived_at), leased))
        });
        let taken_over: Vec<(u64, &LeasedDelivery)> = taken_over.collect();
        if let Some((longest, leased)) = taken_over.iter().max_by_key(|(delay, _)| *delay) {
            let name = if fault.kind == FaultKind::Killed { "killed" } else { "paused" };
            let (number, node, LeasedDelivery { webhook, notification }) = (index + 1, fault.node + 1, leased);
            let details =
                format!("notification {notification} at webhook {webhook}, leased by node {node} when it was {name} (fault {number})");
            takeovers.push(Takeover { deliveries: taken_over.len(), longest: *longest, details });
        }
    }
    takeovers
}

/// Whether the server that took over had a fault itself before the delivery arrived.
fn failed_again(records: &Records, index: usize, leased: &LeasedDelivery, arrived_at: u64) -> bool {
    records.faults[index + 1..].iter().any(|fault| fault.at < arrived_at && fault.leased.contains(leased))
}

/// Returns the time from the fault to the arrival. If the database was down in this time, returns only the time from
/// the end of the outage. The reason is that a takeover needs the database.
fn delay(records: &Records, since: u64, arrived_at: u64) -> u64 {
    let outages = records.outages.iter().filter(|outage| outage.is_down && outage.until > since && outage.from < arrived_at);
    arrived_at.saturating_sub(outages.map(|outage| outage.until).fold(since, u64::max))
}
