//! Which of the statements that a schema makes about a value the value shows.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::openapi::node::Cursor;

/// What can be seen of a schema's members, at their pointers: `… present`, `… absent`, `… is <value>`.
pub(super) type Facts = BTreeSet<String>;

/// Everything that values of the schema can show: each member present and, where it may, absent; each value of an enum;
/// each variant; each list with and without items.
///
/// # Errors
/// When a reference leads nowhere.
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
        facts.insert(format!("{} present", items.at));
        possible(&items, facts)?;
    }
    for (name, property) in properties(&schema)? {
        facts.insert(format!("{} present", property.at));
        if !is_required(&schema, name) {
            facts.insert(format!("{} absent", property.at));
        }
        possible(&property, facts)?;
    }
    Ok(())
}

/// What one value shows, which is valid.
///
/// # Errors
/// When a reference leads nowhere.
pub(super) fn shown(schema: &Cursor, value: &Value, facts: &mut Facts) -> anyhow::Result<()> {
    let schema = schema.follow()?;
    if schema.member("enum").is_some() {
        facts.insert(format!("{} is {value}", schema.at));
    }
    for (keyword, members) in compositions(&schema)? {
        for member in members {
            if keyword == "allOf" {
                shown(&member, value, facts)?;
            } else if names(&member, value)? {
                facts.insert(format!("{} chosen", member.at));
                shown(&member, value, facts)?;
            }
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.member("items"), value) {
        for value in values {
            facts.insert(format!("{} present", items.at));
            shown(&items, value, facts)?;
        }
    }
    if let Value::Object(members) = value {
        for (name, property) in properties(&schema)? {
            match members.get(name) {
                Some(value) => {
                    facts.insert(format!("{} present", property.at));
                    shown(&property, value, facts)?;
                }
                None => {
                    facts.insert(format!("{} absent", property.at));
                }
            }
        }
    }
    Ok(())
}

/// Whether a variant's one-value enums are what the value has there.
fn names(variant: &Cursor, value: &Value) -> anyhow::Result<bool> {
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

/// A fact about a parameter or header, which is seen or not.
pub(super) fn seen(at: &str) -> String {
    format!("{at} present")
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
        let schema = Cursor::new(&document).standing_at("/webhook");
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
