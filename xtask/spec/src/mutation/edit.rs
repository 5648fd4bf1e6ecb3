//! Changes of one value of a JSON document.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;

use crate::openapi::node::child;

/// A change of the value at a pointer.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Remove,
    /// Replaces the value. If the member does not exist, adds it.
    Set(Value),
    /// Gives the member another name, and keeps its position.
    Rename(String),
    /// Adds an item at the end of the list at the pointer.
    Append(Value),
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edit::Remove => formatter.write_str("removed"),
            Edit::Set(value) => write!(formatter, "set to {value:.80}"),
            Edit::Rename(name) => write!(formatter, "renamed to {name}"),
            Edit::Append(value) => write!(formatter, "{value:.80} appended"),
        }
    }
}

impl Edit {
    /// # Errors
    /// When the document has no value at `pointer` that this edit can change.
    pub(super) fn apply(&self, document: &Value, pointer: &str) -> anyhow::Result<Value> {
        let mut edited = document.clone();
        if let Edit::Append(item) = self {
            let list = edited.pointer_mut(pointer).and_then(Value::as_array_mut);
            list.with_context(|| format!("{pointer} is not a list"))?.push(item.clone());
            return Ok(edited);
        }
        let (parent, name) = pointer.rsplit_once('/').context("the pointer is empty")?;
        let name = name.replace("~1", "/").replace("~0", "~");
        let parent = edited.pointer_mut(parent).with_context(|| format!("there is no {parent}"))?;
        match (self, parent) {
            (Edit::Remove, Value::Object(members)) => drop(members.shift_remove(&name).with_context(|| format!("there is no {pointer}"))?),
            (Edit::Remove, Value::Array(items)) => drop(items.remove(name.parse()?)),
            (Edit::Set(value), Value::Object(members)) => drop(members.insert(name, value.clone())),
            (Edit::Set(value), Value::Array(items)) => {
                *items.get_mut(name.parse::<usize>()?).context("the item does not exist")? = value.clone()
            }
            (Edit::Rename(new), Value::Object(members)) => {
                let renamed = |(known, value): (String, Value)| (if known == name { new.clone() } else { known }, value);
                *members = std::mem::take(members).into_iter().map(renamed).collect();
            }
            (_, _) => anyhow::bail!("this edit does not apply to {pointer}"),
        }
        Ok(edited)
    }
}

/// Returns the name, pointer and value of each member of the object at `at`.
pub(super) fn members<'a, 'b>(value: &'a Value, at: &'b str) -> impl Iterator<Item = (&'a str, String, &'a Value)> + use<'a, 'b> {
    value.as_object().into_iter().flatten().map(move |(name, value)| (name.as_str(), child(at, name), value))
}

/// Returns the pointer and value of each item of the list at `at`.
pub(super) fn items<'a, 'b>(value: &'a Value, at: &'b str) -> impl Iterator<Item = (String, &'a Value)> + use<'a, 'b> {
    value.as_array().into_iter().flatten().enumerate().map(move |(index, value)| (format!("{at}/{index}"), value))
}
