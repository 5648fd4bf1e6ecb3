//! The normal form ([`Node`]), and a position in a document ([`Cursor`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::rules::Kind;

/// The members of a path item that are operations.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(super) type Members = BTreeMap<String, Rc<Node>>;

/// A part of a document in normal form. A list is converted to a map if the order of its items has no meaning. Two
/// normal forms are compared member by member.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The JSON pointer (RFC 6901) to the part of the document that the node represents.
    pub(super) at: String,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Leaf(Value),
    Map(Members),
}

impl Node {
    pub(super) fn leaf(at: String, value: Value) -> Node {
        Node { at, shape: Shape::Leaf(value) }
    }

    pub(super) fn map<N: Into<Rc<Node>>>(at: String, members: impl IntoIterator<Item = (String, N)>) -> Node {
        Node { at, shape: Shape::Map(members.into_iter().map(|(name, node)| (name, node.into())).collect()) }
    }

    pub(super) fn members(&self) -> Option<&Members> {
        match &self.shape {
            Shape::Map(members) => Some(members),
            Shape::Leaf(_) => None,
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        self.members()?.get(name).map(Rc::as_ref)
    }

    pub(super) fn to_value(&self) -> Value {
        match &self.shape {
            Shape::Leaf(value) => value.clone(),
            Shape::Map(members) => members.iter().map(|(name, node)| (name.clone(), node.to_value())).collect(),
        }
    }
}

/// The normal forms of components. Each normal form is made once, and all references to the component share it.
#[derive(Default)]
pub(super) struct Shared(RefCell<HashMap<(String, Kind), Rc<Node>>>);

impl Shared {
    pub(super) fn get_or_make(&self, target: &Cursor, kind: Kind, make: impl FnOnce() -> anyhow::Result<Node>) -> anyhow::Result<Rc<Node>> {
        let key = (target.at.clone(), kind);
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let made = Rc::new(make()?);
        self.0.borrow_mut().insert(key, Rc::clone(&made));
        Ok(made)
    }
}

/// A value in a document, and its JSON pointer.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    document: &'a Value,
    pub(crate) at: String,
    pub(crate) value: &'a Value,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(document: &'a Value) -> Cursor<'a> {
        Cursor { document, at: String::new(), value: document }
    }

    /// Returns the value at a pointer. The value must exist.
    pub(crate) fn at_pointer(&self, pointer: &str) -> Cursor<'a> {
        let value = self.document.pointer(pointer).unwrap_or(&Value::Null);
        Cursor { at: pointer.to_owned(), value, ..*self }
    }

    pub(crate) fn member(&self, name: &str) -> Option<Cursor<'a>> {
        Some(Cursor { at: child(&self.at, name), value: self.value.get(name)?, ..*self })
    }

    pub(crate) fn members(&self) -> anyhow::Result<Vec<(&'a str, Cursor<'a>)>> {
        let members = self.value.as_object().with_context(|| format!("{} is not an object", self.at))?;
        Ok(members.iter().map(|(name, value)| (name.as_str(), Cursor { at: child(&self.at, name), value, ..*self })).collect())
    }

    pub(crate) fn items(&self) -> anyhow::Result<Vec<Cursor<'a>>> {
        let items = self.value.as_array().with_context(|| format!("{} is not an array", self.at))?;
        Ok(items.iter().enumerate().map(|(index, value)| Cursor { at: format!("{}/{index}", self.at), value, ..*self }).collect())
    }

    pub(crate) fn text(&self) -> anyhow::Result<&'a str> {
        self.value.as_str().with_context(|| format!("{} is not a string", self.at))
    }

    /// Returns the target of the reference if the value has a `$ref`. Otherwise returns the value itself.
    pub(crate) fn follow(&self) -> anyhow::Result<Cursor<'a>> {
        let mut here = self.clone();
        for _ in 0..16 {
            match here.member("$ref") {
                None => return Ok(here),
                Some(reference) => here = self.target(reference.text()?).with_context(|| format!("at {}", reference.at))?,
            }
        }
        bail!("the `$ref` at {} refers to itself", self.at)
    }

    /// Returns the target of a reference such as `#/components/schemas/Webhook`.
    pub(crate) fn target(&self, reference: &str) -> anyhow::Result<Cursor<'a>> {
        let at = reference.strip_prefix('#').with_context(|| format!("`{reference}` refers to another document"))?;
        let value = self.document.pointer(at).with_context(|| format!("there is no `{reference}`"))?;
        Ok(Cursor { document: self.document, at: at.to_owned(), value })
    }
}

/// Returns the pointer of a member. Escapes `~` and `/` in the name.
pub(crate) fn child(at: &str, name: &str) -> String {
    if name.contains(['~', '/']) {
        return format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    }
    [at, name].join("/")
}
