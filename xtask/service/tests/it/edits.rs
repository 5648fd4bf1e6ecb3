//! Reads and edits openapi.json.

use serde_json::Value;

pub(crate) fn text() -> anyhow::Result<String> {
    webhooks_spec::service()?.document()
}

pub(crate) fn document() -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&text()?)?)
}

/// Sets the value at `pointer`. If the new value is null, removes the member or the list item.
pub(crate) fn edit(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer to a member");
    let name = name.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent).expect(parent), value) {
        (Value::Object(members), Value::Null) => {
            members.shift_remove(&name).expect(pointer);
        }
        (Value::Object(members), value) => {
            members.insert(name, value);
        }
        (Value::Array(items), Value::Null) => {
            items.remove(name.parse().expect("an index"));
        }
        (Value::Array(items), value) => match name.parse::<usize>() {
            Ok(index) => items[index] = value,
            Err(_) => items.push(value),
        },
        (_, _) => panic!("{parent} has no members"),
    }
}

/// If `lists` is true, reverses the order of list items. Otherwise, reverses the order of object members. Examples and
/// `servers` do not change.
pub(crate) fn reverse(value: &mut Value, lists: bool) {
    match value {
        Value::Object(members) => {
            let reversed = std::mem::take(members).into_iter().rev();
            *members = if lists { reversed.rev().collect() } else { reversed.collect() };
            members
                .iter_mut()
                .filter(|(name, _)| !name.starts_with("example") && *name != "servers")
                .for_each(|(_, value)| reverse(value, lists));
        }
        Value::Array(items) => {
            if lists {
                items.reverse();
            }
            items.iter_mut().for_each(|item| reverse(item, lists));
        }
        _ => {}
    }
}
