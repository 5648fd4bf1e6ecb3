//! The changes between two documents, and the users that they affect.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::openapi::node::{Node, Shape, child};

/// A user of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// A user that calls the operations.
    Client,
    /// A user that receives the callbacks.
    Receiver,
}

/// Whether the user sends or reads a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The user sends the message. A change that allows fewer messages is breaking.
    Sends,
    /// The user reads the message. A change that allows more messages is breaking.
    Reads,
}

/// The user of a part of the document, and whether this user sends or reads the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub user: User,
    pub flow: Flow,
}

/// The severity of a change. It determines the required version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No user of the older document needs to change.
    Addition,
    /// A user that follows the older document may fail.
    Breaking,
}

/// A change between the two documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The JSON pointer in the newer document. If the changed part was removed, this is the JSON pointer in the older
    /// document.
    pub pointer: String,
    /// A pointer that exists in the newer document. The report prints the line number of this pointer.
    pub(super) existing: String,
    pub severity: Severity,
    pub view: View,
    /// The change as part of a sentence: "the operation was removed".
    pub change: String,
    /// The effect as part of a sentence whose subject is the user: "may call it".
    pub effect: &'static str,
    /// `METHOD path` of each affected operation. The set is empty if the change is about the whole document.
    pub operations: BTreeSet<String>,
}

/// How a change affects the set of allowed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Narrower,
    Wider,
    /// Neither set contains the other, or the effect is unknown.
    Other,
}

/// The location of a change.
pub(super) struct Location<'a> {
    /// The value for [`Finding::pointer`].
    pub(super) pointer: Cow<'a, str>,
    /// The value for [`Finding::existing`].
    pub(super) existing: &'a str,
}

/// A member of the older object, the newer object, or both.
pub(super) enum Pair<'a> {
    Removed(&'a Node),
    Added(&'a Node),
    Both(&'a Node, &'a Node),
}

impl<'a> Pair<'a> {
    pub(super) fn older(&self) -> Option<&'a Node> {
        match self {
            Pair::Removed(old) | Pair::Both(old, _) => Some(old),
            Pair::Added(_) => None,
        }
    }

    pub(super) fn newer(&self) -> Option<&'a Node> {
        match self {
            Pair::Added(new) | Pair::Both(_, new) => Some(new),
            Pair::Removed(_) => None,
        }
    }

    pub(super) fn is_same(&self) -> bool {
        matches!(self, Pair::Both(old, new) if is_same(old, new))
    }

    /// Returns the location of a change. `holder` is the newer object.
    pub(super) fn location(&self, holder: &'a Node) -> Location<'a> {
        match self {
            Pair::Removed(old) => Location { pointer: Cow::Borrowed(&old.at), existing: &holder.at },
            Pair::Added(new) | Pair::Both(_, new) => Location { pointer: Cow::Borrowed(&new.at), existing: &new.at },
        }
    }

    /// Returns the location of a member that may be a reference. If the member was added or removed, this is the
    /// location of the reference, not of the reference's target. `holders` are the objects with the member. If the
    /// newer object does not exist, `default` is used instead.
    pub(super) fn location_of_member(&self, name: &str, holders: &Pair<'a>, default: &'a Node) -> Location<'a> {
        let holder = match self {
            Pair::Removed(_) => holders.older(),
            Pair::Added(_) => holders.newer(),
            Pair::Both(..) => None,
        };
        let existing = holders.newer().unwrap_or(default);
        match holder {
            Some(holder) => Location { pointer: Cow::Owned(child(&holder.at, name)), existing: &existing.at },
            None => self.location(existing),
        }
    }
}

fn is_same(old: &Node, new: &Node) -> bool {
    match (&old.shape, &new.shape) {
        (Shape::Leaf(old), Shape::Leaf(new)) => old == new,
        (Shape::Map(old), Shape::Map(new)) => {
            old.len() == new.len() && old.iter().all(|(name, old)| new.get(name).is_some_and(|new| is_same(old, new)))
        }
        _ => false,
    }
}

/// Returns the members of two objects, by name. A missing object has no members.
pub(super) fn pairs<'a>(old: Option<&'a Node>, new: Option<&'a Node>) -> BTreeMap<&'a str, Pair<'a>> {
    let members =
        |node: Option<&'a Node>| node.and_then(Node::members).into_iter().flatten().map(|(name, node)| (name.as_str(), Rc::as_ref(node)));
    let mut pairs: BTreeMap<&str, Pair> = members(old).map(|(name, node)| (name, Pair::Removed(node))).collect();
    for (name, new) in members(new) {
        let pair = match pairs.get(name) {
            Some(Pair::Removed(old)) => Pair::Both(old, new),
            _ => Pair::Added(new),
        };
        pairs.insert(name, pair);
    }
    pairs
}

/// Collects the findings of a comparison.
#[derive(Default)]
pub(super) struct Changes {
    /// The operation that is being compared. The text is empty while other parts of the document are compared.
    pub(super) operation: String,
    findings: Vec<Finding>,
}

impl Changes {
    pub(super) fn between(old: &Node, new: &Node) -> Vec<Finding> {
        let mut changes = Changes::default();
        changes.documents(old, new);
        changes.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        changes.findings
    }

    /// Adds a finding for a change of the allowed messages.
    pub(super) fn changed(&mut self, view: View, location: Location, effect: Effect, change: String) {
        match (view.flow, effect) {
            (Flow::Sends, Effect::Narrower) => self.breaks(view, location, change, "may send messages that are now refused"),
            (Flow::Sends, Effect::Other) => self.breaks(view, location, change, "may send messages that are now refused or misunderstood"),
            (Flow::Reads, Effect::Wider) => self.breaks(view, location, change, "may get messages that it does not expect"),
            (Flow::Reads, Effect::Other) => self.breaks(view, location, change, "may misunderstand messages"),
            (Flow::Sends, Effect::Wider) => self.adds(view, location, change, "may send more messages than before"),
            (Flow::Reads, Effect::Narrower) => self.adds(view, location, change, "can rely on more than before"),
        }
    }

    pub(super) fn breaks(&mut self, view: View, location: Location, change: String, effect: &'static str) {
        self.add(Severity::Breaking, view, location, change, effect);
    }

    pub(super) fn adds(&mut self, view: View, location: Location, change: String, effect: &'static str) {
        self.add(Severity::Addition, view, location, change, effect);
    }

    fn add(&mut self, severity: Severity, view: View, location: Location, change: String, effect: &'static str) {
        let mut known = self.findings.iter_mut();
        let known = known
            .find(|known| known.pointer == location.pointer && known.change == change && known.view == view && known.severity == severity);
        let operation = (!self.operation.is_empty()).then(|| self.operation.clone());
        match known {
            Some(known) => known.operations.extend(operation),
            None => self.findings.push(Finding {
                pointer: location.pointer.into_owned(),
                existing: location.existing.to_owned(),
                severity,
                view,
                change,
                effect,
                operations: operation.into_iter().collect(),
            }),
        }
    }
}
