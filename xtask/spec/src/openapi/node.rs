//! What both documents are brought to, and how one is walked.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::rules::Kind;

/// The members of a path item that are operations.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(super) type Members = BTreeMap<String, Rc<Node>>;

/// A statement in normal form, with the place in its document that made it. Lists have become maps, because the order
/// of what they hold says nothing, so two normal forms are compared member by member.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// A JSON pointer (RFC 6901).
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

/// Normal forms of what is referred to, so that what many places share is made once.
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

/// A value in a document, and where it stands.
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

    /// What stands at a pointer that is known to lead somewhere.
    pub(crate) fn standing_at(&self, pointer: &str) -> Cursor<'a> {
        let value = self.document.pointer(pointer).unwrap_or(&Value::Null);
        Cursor { at: pointer.to_owned(), value, ..*self }
    }

    pub(crate) fn member(&self, name: &str) -> Option<Cursor<'a>> {
        Some(Cursor { at: child(&self.at, name), value: self.value.get(name)?, ..*self })
    }

    pub(crate) fn members(&self) -> anyhow::Result<Vec<(&'a str, Cursor<'a>)>> {
        let members = self.value.as_object().with_context(|| format!("{} is no object", self.at))?;
        Ok(members.iter().map(|(name, value)| (name.as_str(), Cursor { at: child(&self.at, name), value, ..*self })).collect())
    }

    pub(crate) fn items(&self) -> anyhow::Result<Vec<Cursor<'a>>> {
        let items = self.value.as_array().with_context(|| format!("{} is no array", self.at))?;
        Ok(items.iter().enumerate().map(|(index, value)| Cursor { at: format!("{}/{index}", self.at), value, ..*self }).collect())
    }

    pub(crate) fn text(&self) -> anyhow::Result<&'a str> {
        self.value.as_str().with_context(|| format!("{} is no string", self.at))
    }

    /// What a `$ref` stands for, or itself.
    pub(crate) fn follow(&self) -> anyhow::Result<Cursor<'a>> {
        let mut here = self.clone();
        for _ in 0..16 {
            match here.member("$ref") {
                None => return Ok(here),
                Some(reference) => here = self.target(reference.text()?).with_context(|| format!("at {}", reference.at))?,
            }
        }
        bail!("the `$ref`s from {} lead in a circle", self.at)
    }

    /// What a reference such as `#/components/schemas/Webhook` names.
    pub(crate) fn target(&self, reference: &str) -> anyhow::Result<Cursor<'a>> {
        let at = reference.strip_prefix('#').with_context(|| format!("`{reference}` is not in this document"))?;
        let value = self.document.pointer(at).with_context(|| format!("there is no `{reference}`"))?;
        Ok(Cursor { document: self.document, at: at.to_owned(), value })
    }
}

pub(crate) fn child(at: &str, name: &str) -> String {
    if name.contains(['~', '/']) {
        return format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    }
    [at, name].join("/")
}
