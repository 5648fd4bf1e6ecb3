//! The active webhooks of an account, and their subscriptions to event types.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::api::types::{EventType, EventTypePattern};
use crate::store::Destination;

/// The number of entries at which a cache of webhooks is cleared.
pub(crate) const REMEMBERED_WEBHOOKS: usize = 20_000;

/// The maximum number of event types cached per account. Other types are matched at each publish.
const MAX_CACHED_TYPES: usize = 256;

/// An active webhook.
pub(crate) struct Subscriber {
    pub(crate) destination: Arc<Destination>,
    /// The subscribed event types: patterns separated by spaces. `None`: all types.
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

    /// Returns the webhooks that subscribe to an event type.
    pub(crate) fn of_type(&mut self, event_type: &EventType) -> Arc<[Arc<Destination>]> {
        if let Some(destinations) = self.by_type.get(event_type.as_str()) {
            return destinations.clone();
        }
        let matching = self.all.iter().filter(|subscriber| wants(subscriber.event_types.as_deref(), event_type.as_str()));
        let destinations: Arc<[_]> = matching.map(|subscriber| subscriber.destination.clone()).collect();
        if self.by_type.len() < MAX_CACHED_TYPES {
            self.by_type.insert(event_type.as_str().to_owned(), destinations.clone());
        }
        destinations
    }
}

/// Whether patterns of event types, separated by spaces, match an event type.
pub(crate) fn wants(event_types: Option<&str>, event_type: &str) -> bool {
    event_types.unwrap_or("*").split(' ').any(|pattern| EventTypePattern::matches(pattern, event_type))
}
