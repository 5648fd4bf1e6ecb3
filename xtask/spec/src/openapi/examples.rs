//! Every example of openapi.json against the schema that it is an example of.

use anyhow::Context as _;
use serde_json::Value;

use super::node::Cursor;
use crate::json_schema::{self, Style};

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
    let mut examples = Examples { document, bad: Vec::new() };
    examples.object(&Cursor::new(document))?;
    Ok(examples.bad)
}

struct Examples<'a> {
    document: &'a Value,
    bad: Vec<BadExample>,
}

impl Examples<'_> {
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
        // Closed, so that a misspelt member of an answer's example is found although answers may gain members.
        let validator = json_schema::validator(self.document, schema.value, Style::Closed)
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
