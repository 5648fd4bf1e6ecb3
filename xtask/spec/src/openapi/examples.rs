//! Checks the examples of openapi.json against their schemas.

use anyhow::Context as _;
use serde_json::Value;

use super::node::Cursor;
use crate::json_schema::{self, Style};

/// An example that does not match its schema, or a body without an example.
#[derive(Clone, Debug, PartialEq)]
pub struct BadExample {
    /// A JSON pointer into openapi.json.
    pub pointer: String,
    pub reason: String,
}

/// # Errors
/// When a schema is invalid.
pub(super) fn check(document: &Value) -> anyhow::Result<Vec<BadExample>> {
    let mut examples = Examples { document, bad: Vec::new() };
    examples.object(&Cursor::new(document))?;
    Ok(examples.bad)
}

struct Examples<'a> {
    document: &'a Value,
    bad: Vec<BadExample>,
}

impl Examples<'_> {
    /// Checks all examples in an object. Schemas can have examples. Objects with a member `schema` can have examples
    /// too.
    fn object(&mut self, here: &Cursor) -> anyhow::Result<()> {
        match here.value {
            Value::Object(_) => {}
            Value::Array(_) => return here.items()?.iter().try_for_each(|item| self.object(item)),
            _ => return Ok(()),
        }
        if let Some(schema) = here.member("schema") {
            self.check_examples(here, &schema)?;
        }
        for (name, value) in here.members()? {
            match name {
                "example" | "default" if is_schema(here.value) => self.check_example(&value, here)?,
                "example" | "examples" | "default" | "enum" => {}
                // The names of properties are not keywords.
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

    fn check_examples(&mut self, here: &Cursor, schema: &Cursor) -> anyhow::Result<()> {
        if let Some(example) = here.member("example") {
            self.check_example(&example, schema)?;
        }
        if let Some(examples) = here.member("examples") {
            for (_, example) in examples.members()? {
                let example = example.follow()?;
                let value = example.member("value").with_context(|| format!("the example {} has no value", example.at))?;
                self.check_example(&value, schema)?;
            }
        }
        Ok(())
    }

    fn check_example(&mut self, example: &Cursor, schema: &Cursor) -> anyhow::Result<()> {
        // `Closed` forbids undeclared members, so that misspelled members are found. Real responses may have unknown
        // members.
        let validator = json_schema::validator(self.document, schema.value, Style::Closed)
            .with_context(|| format!("the schema at {} is invalid", schema.at))?;
        for error in validator.iter_errors(example.value) {
            let reason = format!("does not match the schema {}: {error}", schema.at);
            self.bad.push(BadExample { pointer: format!("{}{}", example.at, error.instance_path()), reason });
        }
        Ok(())
    }
}

fn is_schema(object: &Value) -> bool {
    ["type", "$ref", "oneOf", "anyOf", "allOf"].iter().any(|keyword| object.get(keyword).is_some()) && object.get("schema").is_none()
}
