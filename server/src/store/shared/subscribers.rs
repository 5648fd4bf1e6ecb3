//! The active webhooks of an account, and their subscriptions to event types.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::api::types::{EventType, EventTypePattern};
use crate::store::Destination;

/// When a cache of webhooks has this number of entries, the whole cache is cleared.
pub(crate) const REMEMBERED_WEBHOOKS: usize = 20_000;

/// The maximum number of event types in the cache of one account. If an event type is not in the cache, each publish
/// compares it with the patterns again.
const MAX_CACHED_TYPES: usize = 256;

/// An active webhook.
pub(crate) struct Subscriber {
    pub(crate) destination: Arc<Destination>,
    /// The patterns of the subscribed event types, with spaces between them. `None` means all event types.
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

/// Returns whether a pattern in `event_types` matches an event type. Spaces separate the patterns.
pub(crate) fn wants(event_types: Option<&str>, event_type: &str) -> bool {
    event_types.unwrap_or("*").split(' ').any(|pattern| EventTypePattern::matches(pattern, event_type))
}
