//! Converts schemas of OpenAPI 3.0 to JSON Schema 2020-12, because the validator does not support OpenAPI 3.0.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// Whether an object may have members that its schema does not declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Undeclared members are allowed unless `additionalProperties` forbids them. OpenAPI has the same rule.
    Written,
    /// Undeclared members are not allowed. Clients must ignore unknown members of a response, but in a check, an
    /// unknown member shows a leak or a typing error.
    Closed,
    /// The style of the schemas in `allOf`, `oneOf`, `anyOf` or `not` of a closed schema. Each of these schemas must
    /// allow the properties that the others declare. The closed schema around them forbids undeclared members.
    Part,
}

impl Style {
    const ALL: [Style; 3] = [Style::Written, Style::Closed, Style::Part];

    fn name(self) -> &'static str {
        match self {
            Style::Written => "written",
            Style::Closed => "closed",
            Style::Part => "part",
        }
    }

    /// Returns the style for the schemas of properties and items.
    fn inside(self) -> Style {
        if self == Style::Written { Style::Written } else { Style::Closed }
    }

    /// Returns the style for the schemas in `allOf`, `oneOf`, `anyOf` and `not`.
    fn composed(self) -> Style {
        if self == Style::Written { Style::Written } else { Style::Part }
    }
}

/// Returns a validator of `schema`. The schema may refer to component schemas of `document`. The validator also checks
/// formats.
///
/// # Errors
/// When the schema is invalid, or refers to a schema that does not exist.
pub fn validator(document: &Value, schema: &Value, style: Style) -> anyhow::Result<Validator> {
    let mut converted = convert(schema, style)?;
    let mut definitions = Map::new();
    let mut needed = references(&converted);
    while let Some(name) = needed.pop_first() {
        let (style, component) = name.split_once('.').context("the name of a definition must begin with its style")?;
        let schema = document["components"]["schemas"].get(component);
        let schema = schema.with_context(|| format!("there is no schema `{component}`"))?;
        let style = Style::ALL.into_iter().find(|known| known.name() == style);
        let style = style.context("the name of a definition must begin with its style")?;
        let definition = convert(schema, style)?;
        needed.extend(references(&definition));
        definitions.insert(name, definition);
        needed.retain(|name| !definitions.contains_key(name));
    }
    converted["$defs"] = definitions.into();
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.should_ignore_unknown_formats(true).build(&converted).map_err(|error| anyhow::anyhow!("invalid schema: {error}"))
}

const DEFINITIONS: &str = "#/$defs/";

/// Returns the names of the definitions that a converted schema refers to.
fn references(converted: &Value) -> BTreeSet<String> {
    match converted {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str().and_then(|target| target.strip_prefix(DEFINITIONS)) {
                Some(target) if name == "$ref" => BTreeSet::from([target.to_owned()]),
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// Keywords that do not affect validation.
const IGNORED: [&str; 9] = ["description", "title", "example", "default", "discriminator", "xml", "externalDocs", "readOnly", "writeOnly"];

/// Converts one schema.
fn convert(schema: &Value, style: Style) -> anyhow::Result<Value> {
    if let Some(reference) = schema.get("$ref") {
        let name = reference.as_str().and_then(|target| target.strip_prefix("#/components/schemas/"));
        let name = name.with_context(|| format!("{reference} does not refer to /components/schemas"))?;
        return Ok(json!({ "$ref": format!("{DEFINITIONS}{}.{name}", style.name()) }));
    }
    let mut converted = Map::new();
    for (key, value) in schema.as_object().context("a schema must be an object")? {
        let value = match key.as_str() {
            key if IGNORED.contains(&key) || key.starts_with("x-") => continue,
            "nullable" | "exclusiveMinimum" | "exclusiveMaximum" => continue,
            "properties" => {
                let properties = value.as_object().context("`properties` must be an object")?.iter();
                properties
                    .map(|(name, property)| Ok((name.clone(), convert(property, style.inside())?)))
                    .collect::<anyhow::Result<Map<_, _>>>()?
                    .into()
            }
            "items" | "additionalProperties" if value.is_object() => convert(value, style.inside())?,
            "not" => convert(value, style.composed())?,
            "allOf" | "oneOf" | "anyOf" => {
                let members = value.as_array().with_context(|| format!("`{key}` must be a list of schemas"))?.iter();
                members.map(|member| convert(member, style.composed())).collect::<anyhow::Result<Vec<_>>>()?.into()
            }
            // The schema around this one forbids undeclared members. This schema must allow the members that the other
            // schemas of the `allOf`, `oneOf` or `anyOf` declare.
            "additionalProperties" if value == false && style == Style::Part => continue,
            _ => value.clone(),
        };
        converted.insert(key.clone(), value);
    }
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if schema.get(flag) == Some(&true.into())
            && let Some(value) = converted.remove(bound)
        {
            converted.insert(flag.to_owned(), value);
        }
    }
    let composed = ["properties", "allOf", "oneOf", "anyOf"].iter().any(|key| converted.contains_key(*key));
    if style == Style::Closed && composed && !converted.contains_key("additionalProperties") {
        converted.insert("unevaluatedProperties".to_owned(), false.into());
    }
    if schema.get("nullable") == Some(&true.into()) {
        return Ok(json!({ "anyOf": [converted, { "type": "null" }] }));
    }
    Ok(converted.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(schemas: &Value, value: &Value) -> bool {
        let document = json!({ "components": { "schemas": schemas } });
        validator(&document, &json!({ "$ref": "#/components/schemas/Response" }), Style::Closed).expect("a valid schema").is_valid(value)
    }

    #[test]
    fn an_undeclared_member_is_invalid() {
        let plain = json!({ "Response": { "type": "object", "required": ["id"], "properties": {
            "id": { "type": "string", "format": "uuid" }, "data": { "type": "object" }, "auth": { "$ref": "#/components/schemas/Auth" } } },
            "Auth": { "oneOf": [{ "$ref": "#/components/schemas/Basic" }, { "$ref": "#/components/schemas/Noauth" }] },
            "Basic": { "type": "object", "properties": { "type": { "enum": ["basic"] }, "username": { "type": "string" } } },
            "Noauth": { "type": "object", "properties": { "type": { "enum": ["noauth"] } } } });
        let id = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";
        for (value, valid) in [
            (json!({ "id": id, "data": { "anything": 1 }, "auth": { "type": "basic", "username": "u" } }), true),
            (json!({ "id": id, "auth": { "type": "noauth" } }), true),
            (json!({ "id": id, "auth": { "type": "basic", "password": "p" } }), false),
            (json!({ "id": id, "auth": { "type": "noauth", "username": "u" } }), false),
            (json!({ "id": id, "leak": 1 }), false),
            (json!({ "id": "not a uuid" }), false),
            (json!({}), false),
        ] {
            assert_eq!(is_valid(&plain, &value), valid, "{value}");
        }
    }

    #[test]
    fn a_composition_is_closed_as_a_whole() {
        let composed = json!({ "Response": { "allOf": [{ "$ref": "#/components/schemas/Base" }, { "type": "object", "properties": {
            "more": { "type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true } } }] },
            "Base": { "type": "object", "properties": { "base": { "type": "string" } }, "additionalProperties": false } });
        for (value, valid) in [
            (json!({ "base": "b", "more": 1 }), true),
            (json!({ "more": null }), true),
            (json!({ "more": 0 }), false),
            (json!({ "base": "b", "leak": 1 }), false),
        ] {
            assert_eq!(is_valid(&composed, &value), valid, "{value}");
        }
    }

    #[test]
    fn an_invalid_schema_is_an_error() {
        let document = json!({ "components": { "schemas": {} } });
        for (schema, expected) in [
            (json!({ "$ref": "#/components/schemas/Lost" }), "there is no schema `Lost`"),
            (json!({ "type": "objekt" }), "invalid schema"),
            (json!({ "properties": 1 }), "`properties` must be an object"),
        ] {
            let error = validator(&document, &schema, Style::Closed).expect_err("the schema is invalid").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
