//! What a change does to whom.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::openapi::node::{Node, Shape, child};

/// Who uses the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Calls the operations.
    Client,
    /// Gets the callbacks.
    Receiver,
}

/// Which way something goes, seen from the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Narrower breaks.
    Sends,
    /// Wider breaks.
    Reads,
}

/// Whose promise a part of the document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub user: User,
    pub flow: Flow,
}

/// What a change demands of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Every user of the older document can stay as it is.
    Addition,
    /// A user that did what the older document says may fail.
    Breaking,
}

/// One change, wherever in the document it is seen from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A JSON pointer into the newer document or, for what is gone, into the older one.
    pub pointer: String,
    /// Where in the newer document its line is.
    pub(super) near: String,
    pub weight: Weight,
    pub view: View,
    /// What changed, as a clause.
    pub what: String,
    /// What it does to the user, as the rest of a sentence that begins with the user.
    pub why: &'static str,
    /// `METHOD path` of each that it was seen in; none for what belongs to the whole document.
    pub operations: BTreeSet<String>,
}

/// How a set of what may be sent or read changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Narrower,
    Wider,
    /// Something else, or nothing that can be told.
    Other,
}

/// Where a change is.
pub(super) struct Place<'a> {
    pub(super) pointer: Cow<'a, str>,
    pub(super) near: &'a str,
}

/// The same member of two objects.
pub(super) enum Pair<'a> {
    Gone(&'a Node),
    New(&'a Node),
    Both(&'a Node, &'a Node),
}

impl<'a> Pair<'a> {
    pub(super) fn older(&self) -> Option<&'a Node> {
        match self {
            Pair::Gone(old) | Pair::Both(old, _) => Some(old),
            Pair::New(_) => None,
        }
    }

    pub(super) fn newer(&self) -> Option<&'a Node> {
        match self {
            Pair::New(new) | Pair::Both(_, new) => Some(new),
            Pair::Gone(_) => None,
        }
    }

    pub(super) fn is_same(&self) -> bool {
        matches!(self, Pair::Both(old, new) if is_same(old, new))
    }

    /// `holder` is the newer object.
    pub(super) fn place(&self, holder: &'a Node) -> Place<'a> {
        match self {
            Pair::Gone(old) => Place { pointer: Cow::Borrowed(&old.at), near: &holder.at },
            Pair::New(new) | Pair::Both(_, new) => Place { pointer: Cow::Borrowed(&new.at), near: &new.at },
        }
    }

    /// Of a member that is gone or new under its name: what it refers to may stand elsewhere, and stay.
    pub(super) fn place_as(&self, name: &str, holders: &Pair<'a>, otherwise: &'a Node) -> Place<'a> {
        let holder = match self {
            Pair::Gone(_) => holders.older(),
            Pair::New(_) => holders.newer(),
            Pair::Both(..) => None,
        };
        let near = holders.newer().unwrap_or(otherwise);
        match holder {
            Some(holder) => {
                let pointer = child(&holder.at, name);
                Place { near: &near.at, pointer: Cow::Owned(pointer) }
            }
            None => self.place(near),
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

/// The members of two objects by name; an object that is not there has none.
pub(super) fn pairs<'a>(old: Option<&'a Node>, new: Option<&'a Node>) -> BTreeMap<&'a str, Pair<'a>> {
    let members =
        |node: Option<&'a Node>| node.and_then(Node::members).into_iter().flatten().map(|(name, node)| (name.as_str(), Rc::as_ref(node)));
    let mut pairs: BTreeMap<&str, Pair> = members(old).map(|(name, node)| (name, Pair::Gone(node))).collect();
    for (name, new) in members(new) {
        let pair = match pairs.get(name) {
            Some(Pair::Gone(old)) => Pair::Both(old, new),
            _ => Pair::New(new),
        };
        pairs.insert(name, pair);
    }
    pairs
}

/// What is found while two documents are walked.
#[derive(Default)]
pub(super) struct Changes {
    /// The operation that is compared now.
    pub(super) operation: String,
    findings: Vec<Finding>,
}

impl Changes {
    pub(super) fn between(old: &Node, new: &Node) -> Vec<Finding> {
        let mut changes = Changes::default();
        changes.documents(old, new);
        changes.findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        changes.findings
    }

    /// A set of what goes in one direction changed.
    pub(super) fn changed(&mut self, view: View, place: Place, effect: Effect, what: String) {
        match (view.flow, effect) {
            (Flow::Sends, Effect::Narrower) => self.breaks(view, place, what, "may be refused what it sends today"),
            (Flow::Sends, Effect::Other) => self.breaks(view, place, what, "may be refused, or misread, for what it sends today"),
            (Flow::Reads, Effect::Wider) => self.breaks(view, place, what, "may read what it was told never comes"),
            (Flow::Reads, Effect::Other) => self.breaks(view, place, what, "may not understand what it reads"),
            (Flow::Sends, Effect::Wider) => self.adds(view, place, what, "may send more than before"),
            (Flow::Reads, Effect::Narrower) => self.adds(view, place, what, "can rely on more than before"),
        }
    }

    pub(super) fn breaks(&mut self, view: View, place: Place, what: String, why: &'static str) {
        self.add(Weight::Breaking, view, place, what, why);
    }

    pub(super) fn adds(&mut self, view: View, place: Place, what: String, why: &'static str) {
        self.add(Weight::Addition, view, place, what, why);
    }

    fn add(&mut self, weight: Weight, view: View, place: Place, what: String, why: &'static str) {
        let mut known = self.findings.iter_mut();
        let known =
            known.find(|known| known.pointer == place.pointer && known.what == what && known.view == view && known.weight == weight);
        let operation = (!self.operation.is_empty()).then(|| self.operation.clone());
        match known {
            Some(known) => known.operations.extend(operation),
            None => self.findings.push(Finding {
                pointer: place.pointer.into_owned(),
                near: place.near.to_owned(),
                weight,
                view,
                what,
                why,
                operations: operation.into_iter().collect(),
            }),
        }
    }
}
