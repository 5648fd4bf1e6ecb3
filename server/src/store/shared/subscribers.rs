//! The active webhooks of an account, and which of them ask for an event type.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::api::types::{EventType, EventTypePattern};
use crate::store::Destination;

/// A cache of webhooks is cleared when it has this many entries.
pub(crate) const REMEMBERED_WEBHOOKS: usize = 20_000;

/// How many event types an account's entry remembers. Other types are matched at each publish.
const REMEMBERED_TYPES: usize = 256;

/// An active webhook, and the patterns of event types that it asks for, separated by spaces. `None` asks for all.
pub(crate) struct Subscriber {
    pub(crate) destination: Arc<Destination>,
    pub(crate) event_types: Option<String>,
}

pub(crate) struct Subscribers {
    all: Vec<Subscriber>,
    by_type: HashMap<String, Arc<[Arc<Destination>]>>,
}

impl Subscribers {
    pub(crate) fn new(all: Vec<Subscriber>) -> Subscribers {
        Subscribers { all, by_type: HashMap::new() }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Destination>> {
        self.all.iter().map(|subscriber| &subscriber.destination)
    }

    pub(crate) fn destination(&self, id: Uuid) -> Option<Arc<Destination>> {
        self.all().find(|destination| destination.webhook_id == id).cloned()
    }

    /// The webhooks that ask for an event type.
    pub(crate) fn of_type(&mut self, event_type: &EventType) -> Arc<[Arc<Destination>]> {
        if let Some(destinations) = self.by_type.get(event_type.as_str()) {
            return destinations.clone();
        }
        let wanted = self.all.iter().filter(|subscriber| wants(subscriber.event_types.as_deref(), event_type.as_str()));
        let destinations: Arc<[_]> = wanted.map(|subscriber| subscriber.destination.clone()).collect();
        if self.by_type.len() < REMEMBERED_TYPES {
            self.by_type.insert(event_type.as_str().to_owned(), destinations.clone());
        }
        destinations
    }
}

/// Whether patterns of event types, separated by spaces, match an event type.
pub(crate) fn wants(event_types: Option<&str>, event_type: &str) -> bool {
    event_types.unwrap_or("*").split(' ').any(|pattern| EventTypePattern::matches(pattern, event_type))
}
