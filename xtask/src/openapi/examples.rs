//! Every example of openapi.json against the schema that it is an example of.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::node::Cursor;

/// An example that is not what its schema says, or a body that has none.
#[derive(Clone, Debug, PartialEq)]
pub struct BadExample {
    /// A JSON pointer into openapi.json.
    pub pointer: String,
    pub reason: String,
}

/// # Errors
/// When a schema is none that can be checked with.
pub(super) fn check(document: &Value) -> anyhow::Result<Vec<BadExample>> {
    let mut components = document.get("components").cloned().unwrap_or_else(|| json!({}));
    for schema in components.get_mut("schemas").and_then(Value::as_object_mut).into_iter().flat_map(serde_json::Map::values_mut) {
        to_json_schema(schema);
    }
    let mut examples = Examples { components, bad: Vec::new() };
    examples.object(&Cursor::new(document))?;
    Ok(examples.bad)
}

struct Examples {
    components: Value,
    bad: Vec<BadExample>,
}

impl Examples {
    /// Looks for examples beside `schema`, and inside schemas; `properties` names members, which are no keywords.
    fn object(&mut self, here: &Cursor) -> anyhow::Result<()> {
        match here.value {
            Value::Object(_) => {}
            Value::Array(_) => return here.items()?.iter().try_for_each(|item| self.object(item)),
            _ => return Ok(()),
        }
        if let Some(schema) = here.member("schema") {
            self.beside(here, &schema)?;
        }
        for (name, value) in here.members()? {
            match name {
                "example" | "default" if is_schema(here.value) => self.example(&value, here)?,
                "example" | "examples" | "default" | "enum" => {}
                "properties" => value.members()?.iter().try_for_each(|(_, schema)| self.object(schema))?,
                "content" => {
                    for (_, media_type) in value.members()? {
                        if media_type.member("example").or(media_type.member("examples")).is_none() {
                            self.bad.push(BadExample { pointer: media_type.at.clone(), reason: "has no example".to_owned() });
                        }
                        self.object(&media_type)?;
                    }
                }
                _ => self.object(&value)?,
            }
        }
        Ok(())
    }

    fn beside(&mut self, here: &Cursor, schema: &Cursor) -> anyhow::Result<()> {
        if let Some(example) = here.member("example") {
            self.example(&example, schema)?;
        }
        if let Some(examples) = here.member("examples") {
            for (_, example) in examples.members()? {
                let example = example.follow()?;
                let value = example.member("value").with_context(|| format!("the example {} has no value", example.at))?;
                self.example(&value, schema)?;
            }
        }
        Ok(())
    }

    fn example(&mut self, example: &Cursor, schema: &Cursor) -> anyhow::Result<()> {
        let mut root = schema.value.clone();
        to_json_schema(&mut root);
        if let Some(root) = root.as_object_mut() {
            root.insert("components".to_owned(), self.components.clone());
        }
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .with_context(|| format!("the schema at {} cannot be checked with", schema.at))?;
        for error in validator.iter_errors(example.value) {
            let reason = format!("is not what {} says: {error}", schema.at);
            self.bad.push(BadExample { pointer: format!("{}{}", example.at, error.instance_path()), reason });
        }
        Ok(())
    }
}

fn is_schema(object: &Value) -> bool {
    ["type", "$ref", "oneOf", "anyOf", "allOf"].iter().any(|keyword| object.get(keyword).is_some()) && object.get("schema").is_none()
}

/// OpenAPI 3.0's dialect in the words of JSON Schema 2020-12. Objects are closed, so that a misspelt member of an answer's
/// example is found although answers may gain members.
fn to_json_schema(schema: &mut Value) {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => return items.iter_mut().for_each(to_json_schema),
        _ => return,
    };
    if members.contains_key("properties") && !members.contains_key("additionalProperties") {
        members.insert("additionalProperties".to_owned(), false.into());
    }
    for (limit, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if members.get(exclusive) == Some(&true.into())
            && let Some(value) = members.remove(limit)
        {
            members.insert(exclusive.to_owned(), value);
        } else if members.get(exclusive).is_some_and(Value::is_boolean) {
            members.remove(exclusive);
        }
    }
    for (name, value) in members.iter_mut() {
        match name.as_str() {
            "enum" | "default" | "example" | "mapping" => {}
            "properties" => value.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut).for_each(to_json_schema),
            _ => to_json_schema(value),
        }
    }
    if members.remove("nullable") == Some(true.into()) {
        let schema_or_null = json!({"anyOf": [members.clone(), {"type": "null"}]});
        *schema = schema_or_null;
    }
}
