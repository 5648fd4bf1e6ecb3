//! Facts that exchanges can show about a part of the document: the part was present, was absent, or had a certain
//! value.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::openapi::node::Cursor;

/// A fact is a JSON pointer with an observation: `… present`, `… absent`, `… is <value>`, `… chosen`.
pub(super) type Facts = BTreeSet<String>;

/// Adds all facts that values of a schema can show. Each member can be present, and an optional member can be absent.
/// Each value of an enum, each variant, and the items of each list can occur.
///
/// # Errors
/// When a reference has no target.
pub(super) fn possible(schema: &Cursor, facts: &mut Facts) -> anyhow::Result<()> {
    let schema = schema.follow()?;
    for value in items(&schema, "enum")? {
        facts.insert(format!("{} is {}", schema.at, value.value));
    }
    for (keyword, members) in compositions(&schema)? {
        for member in members {
            if keyword != "allOf" {
                facts.insert(format!("{} chosen", member.at));
            }
            possible(&member, facts)?;
        }
    }
    if let Some(items) = schema.member("items") {
        facts.insert(present(&items.at));
        possible(&items, facts)?;
    }
    for (name, property) in properties(&schema)? {
        facts.insert(present(&property.at));
        if !is_required(&schema, name) {
            facts.insert(absent(&property.at));
        }
        possible(&property, facts)?;
    }
    Ok(())
}

/// Adds all facts that this value shows. The value must be valid.
///
/// # Errors
/// When a reference has no target.
pub(super) fn shown(schema: &Cursor, value: &Value, facts: &mut Facts) -> anyhow::Result<()> {
    let schema = schema.follow()?;
    if schema.member("enum").is_some() {
        facts.insert(format!("{} is {value}", schema.at));
    }
    for (keyword, members) in compositions(&schema)? {
        for member in members {
            if keyword == "allOf" {
                shown(&member, value, facts)?;
            } else if is_variant(&member, value)? {
                facts.insert(format!("{} chosen", member.at));
                shown(&member, value, facts)?;
            }
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.member("items"), value) {
        for value in values {
            facts.insert(present(&items.at));
            shown(&items, value, facts)?;
        }
    }
    if let Value::Object(members) = value {
        for (name, property) in properties(&schema)? {
            match members.get(name) {
                Some(value) => {
                    facts.insert(present(&property.at));
                    shown(&property, value, facts)?;
                }
                None => {
                    facts.insert(absent(&property.at));
                }
            }
        }
    }
    Ok(())
}

/// Whether the value belongs to the variant. If a property of the variant has only one allowed value, the property must
/// have this value.
fn is_variant(variant: &Cursor, value: &Value) -> anyhow::Result<bool> {
    let variant = variant.follow()?;
    for (name, property) in properties(&variant)? {
        let property = property.follow()?;
        if let [only] = &items(&property, "enum")?[..]
            && value.get(name) != Some(only.value)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compositions<'a>(schema: &Cursor<'a>) -> anyhow::Result<Vec<(&'static str, Vec<Cursor<'a>>)>> {
    ["allOf", "oneOf", "anyOf"].into_iter().map(|keyword| Ok((keyword, items(schema, keyword)?))).collect()
}

fn items<'a>(schema: &Cursor<'a>, keyword: &str) -> anyhow::Result<Vec<Cursor<'a>>> {
    Ok(schema.member(keyword).map(|list| list.items()).transpose()?.unwrap_or_default())
}

fn properties<'a>(schema: &Cursor<'a>) -> anyhow::Result<Vec<(&'a str, Cursor<'a>)>> {
    Ok(schema.member("properties").map(|properties| properties.members()).transpose()?.unwrap_or_default())
}

fn is_required(schema: &Cursor, name: &str) -> bool {
    schema.value["required"].as_array().is_some_and(|required| required.iter().any(|required| required == name))
}

pub(super) fn present(at: &str) -> String {
    format!("{at} present")
}

pub(super) fn absent(at: &str) -> String {
    format!("{at} absent")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openapi::node::child;

    #[test]
    fn a_value_shows_its_members_enums_and_variants() -> anyhow::Result<()> {
        let document = json!({
            "webhook": { "required": ["auth"], "properties": {
                "auth": { "oneOf": [{ "$ref": "#/basic" }, { "$ref": "#/noauth" }] },
                "types": { "items": { "enum": ["a", "b"] } } } },
            "basic": { "properties": { "type": { "enum": ["basic"] } } },
            "noauth": { "properties": { "type": { "enum": ["noauth"] } } },
        });
        let schema = Cursor::new(&document).at_pointer("/webhook");
        let (mut all, mut seen) = (Facts::new(), Facts::new());
        possible(&schema, &mut all)?;
        shown(&schema, &json!({ "auth": { "type": "basic" }, "types": ["a"] }), &mut seen)?;
        let missing: Vec<&str> = all.difference(&seen).map(String::as_str).collect();
        let at = child("/webhook", "properties");
        let expected = [
            "/noauth/properties/type absent".to_owned(),
            "/basic/properties/type absent".to_owned(),
            "/noauth/properties/type is \"noauth\"".to_owned(),
            "/noauth/properties/type present".to_owned(),
            format!("{at}/auth/oneOf/1 chosen"),
            format!("{at}/types absent"),
            format!("{at}/types/items is \"b\""),
        ];
        assert_eq!(missing.into_iter().collect::<BTreeSet<_>>(), expected.iter().map(String::as_str).collect());
        Ok(())
    }
}
