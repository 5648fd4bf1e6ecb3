//! Changes that state nothing: prose, order, a schema in place of its reference, a reference in place of what it names, an
//! extension.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::edit::{Edit, items, members};
use crate::openapi::node::child;

/// A change that must pass.
pub(super) struct Harmless {
    pub(super) what: &'static str,
    pub(super) pointer: String,
    edit: Edit,
    /// What has to come with it, so that every reference leads somewhere and every component is referred to.
    also: Option<(String, Edit)>,
}

const SHARED: &str = "/components/schemas/Shared";

/// A security scheme has a `type`, but is no schema.
const SECURITY_SCHEMES: &str = "/components/securitySchemes/";

impl Harmless {
    /// # Errors
    /// When nothing stands there.
    pub(super) fn apply(&self, document: &Value) -> anyhow::Result<Value> {
        let changed = self.edit.apply(document, &self.pointer)?;
        match &self.also {
            Some((pointer, edit)) => edit.apply(&changed, pointer),
            None => Ok(changed),
        }
    }
}

/// # Errors
/// When a reference leads nowhere.
pub(super) fn of(document: &Value) -> anyhow::Result<Vec<Harmless>> {
    let mut places = Vec::new();
    walk(document, "", &mut places);
    let text = document.to_string();
    let mut changes = Vec::new();
    for (at, value) in places {
        let mut add = |what, pointer: String, value: Value| changes.push(Harmless { what, pointer, edit: Edit::Set(value), also: None });
        if value["description"].is_string() {
            add("other prose", child(&at, "description"), json!("Said in other words."));
        }
        for list in ["required", "enum", "parameters", "security"] {
            if let Some(known) = value[list].as_array().filter(|known| known.len() > 1) {
                add("a list in another order", child(&at, list), known.iter().rev().cloned().collect());
            }
        }
        if at.is_empty() {
            continue;
        }
        if let Some(known) = value.as_object().filter(|members| members.len() > 1) {
            let reversed: Map<String, Value> = known.iter().rev().map(|(name, value)| (name.clone(), value.clone())).collect();
            add("members in another order", at.clone(), reversed.into());
        }
        if let Some(target) = value["$ref"].as_str() {
            let is_alone = text.matches(&format!("\"{target}\"")).count() == 1;
            let target = target.trim_start_matches('#');
            let edit = Edit::Set(document.pointer(target).context("a reference leads somewhere")?.clone());
            let also = is_alone.then(|| (target.to_owned(), Edit::Remove));
            changes.push(Harmless { what: "what is named, in place of its name", pointer: at, edit, also });
        } else if value["type"].is_string() && value.get("in").is_none() && !at.starts_with(SECURITY_SCHEMES) {
            add("an extension", child(&at, "x-note"), json!({ "of": "somebody" }));
            add("a title", child(&at, "title"), json!("A title"));
            // A component itself already has its name.
            if !at.starts_with("/components/schemas/") || at.matches('/').count() > 3 {
                let edit = Edit::Set(json!({ "$ref": format!("#{SHARED}") }));
                changes.push(Harmless {
                    what: "a name, in place of what it names",
                    pointer: at,
                    edit,
                    also: Some((SHARED.to_owned(), Edit::Set(value.clone()))),
                });
            }
        }
    }
    Ok(changes)
}

/// Every object that is not part of an example, with its pointer.
fn walk<'a>(value: &'a Value, at: &str, places: &mut Vec<(String, &'a Value)>) {
    if value.is_object() {
        places.push((at.to_owned(), value));
    }
    for (name, at, value) in members(value, at) {
        if !matches!(name, "example" | "examples" | "mapping" | "variables") {
            walk(value, &at, places);
        }
    }
    for (at, value) in items(value, at) {
        walk(value, &at, places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_scheme_is_no_schema() -> anyhow::Result<()> {
        let schemes = json!({
            "login": { "type": "oauth2", "description": "A login.", "flows": { "clientCredentials": { "scopes": { "type": "Prose." } } } },
            "other": { "type": "openIdConnect", "openIdConnectUrl": "https://example.com" },
            "key": { "type": "apiKey", "in": "header", "name": "key" },
        });
        let found = of(&json!({ "components": { "securitySchemes": schemes, "schemas": { "A": { "type": "string" } } } }))?;
        let of_schemes = found.iter().filter(|change| change.pointer.starts_with(SECURITY_SCHEMES));
        assert!(of_schemes.into_iter().all(|change| ["members in another order", "other prose"].contains(&change.what)));
        assert!(found.iter().any(|change| change.pointer == "/components/schemas/A/x-note"));
        Ok(())
    }
}
