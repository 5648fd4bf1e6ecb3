//! Determines whether an edit alters a statement of a document.
//!
//! This module does not use the normal form of the comparison. If the normal form omits a statement by mistake, this
//! module still finds that an edit alters the statement. Then no check reports the change, so the command `mutations`
//! shows the mistake.

use serde_json::{Map, Value};

use super::edit::Edit;

/// Whether `document` has the same statements after the edit. If `kinds` is true, examples of a component are also
/// statements.
pub(super) fn is_same(document: &Value, pointer: &str, edit: &Edit, kinds: bool) -> bool {
    let before = document.pointer(pointer);
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let name = name.replace("~1", "/").replace("~0", "~");
    // Names of properties are not keywords.
    let is_keyword = !parent.ends_with("/properties");
    let statement = |value: Option<&Value>| value.filter(|value| !(is_keyword && is_default(&name, value))).map(canonical);
    match edit {
        Edit::Remove => statement(before).is_none(),
        Edit::Rename(new) => *new == name,
        Edit::Set(after) if is_keyword && (name == "$ref" || parent.ends_with("/discriminator/mapping")) => {
            let target = |reference: Option<&Value>| resolved(document, reference?.as_str()?, kinds);
            before == Some(after) || before.is_some() && target(before).is_some_and(|known| target(Some(after)) == Some(known))
        }
        Edit::Set(after) => statement(before) == statement(Some(after)),
        Edit::Append(item) => before.and_then(Value::as_array).is_some_and(|list| list.iter().any(|known| is_same_item(known, item))),
    }
}

/// Whether two items of a list are equal. Items with a name count as equal if their `name` and `in` are equal.
fn is_same_item(known: &Value, item: &Value) -> bool {
    match (known["name"].as_str(), item["name"].as_str()) {
        (Some(known_name), Some(name)) => known_name == name && known["in"] == item["in"],
        _ => known == item,
    }
}

/// Whether the member has its default value. If so, the document has the same meaning without the member.
fn is_default(name: &str, value: &Value) -> bool {
    match value {
        Value::Bool(false) => matches!(
            name,
            "required"
                | "deprecated"
                | "nullable"
                | "readOnly"
                | "writeOnly"
                | "uniqueItems"
                | "exclusiveMinimum"
                | "exclusiveMaximum"
                | "allowEmptyValue"
                | "allowReserved"
        ),
        Value::Bool(true) => name == "additionalProperties",
        Value::Number(number) => matches!(name, "minLength" | "minItems" | "minProperties") && number.as_f64() == Some(0.0),
        Value::Array(items) => matches!(name, "tags" | "parameters" | "required") && items.is_empty(),
        Value::Object(members) => {
            matches!(name, "additionalProperties" | "properties" | "headers" | "content" | "callbacks") && members.is_empty()
        }
        _ => false,
    }
}

/// Converts equal numbers to the same form: `1.0` becomes `1`.
fn canonical(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53 is exact in both types")]
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value.clone(),
    }
}

/// Maximum depth of a component after all references are replaced by their targets. A deeper component counts as one
/// that contains itself.
const MAX_DEPTH: usize = 48;

/// Returns the target of a reference, without prose and extensions. If `kinds` is false, also removes the examples.
/// Returns `None` if there is no target, or if the target contains itself.
fn resolved(document: &Value, reference: &str, kinds: bool) -> Option<Value> {
    plain(document, document.pointer(reference.strip_prefix('#')?)?, kinds, false, MAX_DEPTH)
}

/// Replaces references by their targets. Removes prose and extensions. If `kinds` is false, also removes examples. If
/// `names` is true, the member names of `value` are not keywords.
fn plain(document: &Value, value: &Value, kinds: bool, names: bool, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                return plain(document, document.pointer(reference.strip_prefix('#')?)?, kinds, false, depth);
            }
            let is_prose = |name: &str, value: &Value| matches!(name, "description" | "summary" | "title") && value.is_string();
            let is_example = |name: &str| !kinds && matches!(name, "example" | "examples");
            let mut kept = Map::new();
            for (name, value) in members {
                if names || !is_prose(name, value) && !is_example(name) && !name.starts_with("x-") {
                    let names = !names && matches!(name.as_str(), "properties" | "headers");
                    kept.insert(name.clone(), plain(document, value, kinds, names, depth)?);
                }
            }
            kept.sort_keys();
            Some(kept.into())
        }
        Value::Array(items) => {
            items.iter().map(|item| plain(document, item, kinds, false, depth)).collect::<Option<Vec<_>>>().map(Value::from)
        }
        _ => Some(canonical(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_that_alter_no_statement_are_recognized() {
        let document = json!({
            "tags": [],
            "schema": { "format": "int64", "minLength": 0, "maximum": 1.0, "default": 5, "enum": ["new"], "nullable": false },
            "object": { "additionalProperties": {}, "properties": { "nullable": false, "tags": [] } },
            "a": { "$ref": "#/components/schemas/A" },
            "oneOf": { "discriminator": { "mapping": { "a": "#/components/schemas/A" } } },
            "components": { "schemas": {
                "A": { "type": "string", "description": "One." }, "B": { "description": "Another.", "example": "b", "type": "string" },
                "C": { "type": "integer" },
                "D": { "type": "object", "properties": { "example": { "type": "string" } } },
                "E": { "type": "object", "properties": { "example": { "type": "integer" } } } } },
            "d": { "$ref": "#/components/schemas/D" },
        });
        let to = |name: &str| Edit::Set(json!(format!("#/components/schemas/{name}")));
        for (pointer, edit, expected) in [
            ("/tags", Edit::Remove, true),
            ("/tags", Edit::Append(json!({ "name": "New" })), false),
            ("/schema/format", Edit::Set(json!("int64")), true),
            ("/schema/format", Edit::Set(json!("int32")), false),
            ("/schema/format", Edit::Remove, false),
            ("/schema/minLength", Edit::Remove, true),
            ("/schema/minLength", Edit::Set(json!(1)), false),
            ("/schema/maximum", Edit::Set(json!(1)), true),
            ("/schema/default", Edit::Set(json!(5)), true),
            ("/schema/enum", Edit::Append(json!("new")), true),
            ("/schema/nullable", Edit::Remove, true),
            ("/schema/nullable", Edit::Set(json!(true)), false),
            ("/schema/format", Edit::Rename("format".to_owned()), true),
            ("/object/additionalProperties", Edit::Set(json!(true)), true),
            ("/object/additionalProperties", Edit::Set(json!(false)), false),
            ("/object/properties/nullable", Edit::Remove, false),
            ("/object/properties/tags", Edit::Remove, false),
            ("/a/$ref", to("A"), true),
            ("/a/$ref", to("B"), true),
            ("/a/$ref", to("C"), false),
            ("/a/$ref", to("Lost"), false),
            ("/d/$ref", to("E"), false),
            ("/oneOf/discriminator/mapping/a", to("B"), true),
            ("/oneOf/discriminator/mapping/a", to("C"), false),
        ] {
            assert_eq!(is_same(&document, pointer, &edit, false), expected, "{pointer} {edit}");
        }
        assert!(!is_same(&document, "/a/$ref", &to("B"), true), "an example may show a kind of error");
    }
}
