//! How long what a server was on waits when that is killed or paused, until it goes on elsewhere.
//!
//! The database says what that was. It is looked for at receivers that are always well, so that nothing but the servers keeps
//! it waiting.

use std::collections::HashMap;

use super::ON_ITS_WAY;
use crate::chaos::ledger::{Held, Records, What};

/// What became of the deliveries of one fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Takeover {
    pub(super) deliveries: usize,
    /// From the fault to the last one, in nanoseconds.
    pub(super) longest: u64,
    /// Which fault it was, and which delivery came last.
    pub(super) what: String,
}

/// Of each fault that a server was on something at.
pub(super) fn takeovers(records: &Records) -> Vec<Takeover> {
    let mut arrivals: HashMap<(&str, &str), Vec<u64>> = HashMap::new();
    for arrival in records.arrivals.iter().filter(|arrival| records.webhooks[arrival.webhook].steady) {
        arrivals.entry((&records.webhooks[arrival.webhook].id, &arrival.notification)).or_default().push(arrival.at);
    }
    let mut takeovers = Vec::new();
    for (place, fault) in records.faults.iter().enumerate() {
        let came = fault.held.iter().filter_map(|held| {
            // What comes sooner had been sent before.
            let came = arrivals.get(&(&*held.webhook, &*held.notification))?.iter().find(|at| **at > fault.at + ON_ITS_WAY)?;
            (!befell_again(records, place, held, *came)).then_some((waited(records, fault.at, *came), held))
        });
        let came: Vec<(u64, &Held)> = came.collect();
        if let Some((longest, held)) = came.iter().max_by_key(|(waited, _)| *waited) {
            let name = if fault.what == What::Killed { "killed" } else { "paused" };
            let (number, node, Held { webhook, notification }) = (place + 1, fault.node + 1, held);
            let what =
                format!("notification {notification} at webhook {webhook}, which node {node} was on when it was {name} (fault {number})");
            takeovers.push(Takeover { deliveries: came.len(), longest: *longest, what });
        }
    }
    takeovers
}

/// Whoever had taken it over was killed or paused too.
fn befell_again(records: &Records, place: usize, held: &Held, came: u64) -> bool {
    records.faults[place + 1..].iter().any(|fault| fault.at < came && fault.held.contains(held))
}

/// Since the fault, or since the database was back, without which nobody takes over.
fn waited(records: &Records, since: u64, came: u64) -> u64 {
    let back = records.outages.iter().filter(|outage| outage.away && outage.until > since && outage.from < came);
    came.saturating_sub(back.map(|outage| outage.until).fold(since, u64::max))
}
