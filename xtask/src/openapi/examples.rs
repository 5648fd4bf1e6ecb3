//! Every example of the document is what its schema says.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::Difference;
use super::normal::token;

pub(super) fn validate(document: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<()> {
    let components = closed(document["components"].clone());
    walk(document, "", &components, differences)
}

/// Looks for whatever has a schema and an example beside it: media types, parameters, headers; and schemas themselves.
fn walk(value: &Value, pointer: &str, components: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<()> {
    match value {
        Value::Object(members) => {
            if let Some(schema) = members.get("schema") {
                for (at, example) in examples(members, pointer) {
                    check(schema, &example, &at, components, differences)?;
                }
            } else if let (Some(example), true) = (members.get("example"), members.contains_key("type")) {
                check(value, example, &format!("{pointer}/example"), components, differences)?;
            }
            for (name, member) in members {
                // What stands inside an example is a value, not a part of the document.
                if !["example", "examples", "enum", "default"].contains(&name.as_str()) || pointer.ends_with("/properties") {
                    walk(member, &format!("{pointer}/{}", token(name)), components, differences)?;
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), components, differences)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn examples(members: &Map<String, Value>, pointer: &str) -> Vec<(String, Value)> {
    let one = members.get("example").map(|value| (format!("{pointer}/example"), value.clone()));
    let named = members.get("examples").and_then(Value::as_object).into_iter().flatten();
    let named = named.map(|(name, example)| (format!("{pointer}/examples/{}/value", token(name)), example["value"].clone()));
    one.into_iter().chain(named).collect()
}

fn check(schema: &Value, example: &Value, at: &str, components: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<()> {
    let mut schema = json!({ "allOf": [closed(schema.clone())] });
    schema["components"] = components.clone();
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .should_validate_formats(true)
        .build(&schema)
        .with_context(|| format!("{at}: its schema is not valid"))?;
    for error in validator.iter_errors(example) {
        let at = format!("{at}{}", error.instance_path());
        differences.push(Difference::new(&at, Some(error.instance().clone().into_owned()), Some(error.to_string().into())));
    }
    Ok(())
}

/// An example shows no member that its schema does not name, though answers may gain some.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if members.contains_key("properties")
                && members.get("type") == Some(&"object".into())
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            for member in members.values_mut() {
                *member = closed(member.take());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = closed(item.take())),
        _ => {}
    }
    schema
}
