//! Changes that do not alter any statement. They change prose, change an order, add an extension, replace a reference
//! by its target, or replace a schema by a reference.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::edit::{Edit, items, members};
use crate::openapi::node::child;

/// A change that must not be reported.
pub(super) struct Harmless {
    pub(super) description: &'static str,
    pub(super) pointer: String,
    edit: Edit,
    /// A second edit, which adds or removes a component. It ensures that every reference has a target, and that every
    /// component is used.
    component_edit: Option<(String, Edit)>,
}

/// The pointer of the component that is added when a schema is replaced by a reference.
const SHARED: &str = "/components/schemas/Shared";

/// The objects below this pointer have a member `type`, but they are not schemas.
const SECURITY_SCHEMES: &str = "/components/securitySchemes/";

impl Harmless {
    /// # Errors
    /// When [`Edit::apply`] fails.
    pub(super) fn apply(&self, document: &Value) -> anyhow::Result<Value> {
        let changed = self.edit.apply(document, &self.pointer)?;
        match &self.component_edit {
            Some((pointer, edit)) => edit.apply(&changed, pointer),
            None => Ok(changed),
        }
    }
}

/// Returns all harmless changes of a document.
///
/// # Errors
/// When a reference has no target.
pub(super) fn of(document: &Value) -> anyhow::Result<Vec<Harmless>> {
    let mut objects = Vec::new();
    collect_objects(document, "", &mut objects);
    let text = document.to_string();
    let mut changes = Vec::new();
    for (at, value) in objects {
        let mut add = |description, pointer: String, value: Value| {
            changes.push(Harmless { description, pointer, edit: Edit::Set(value), component_edit: None });
        };
        if value["description"].is_string() {
            add("other prose", child(&at, "description"), json!("Another description."));
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
            let is_only_reference = text.matches(&format!("\"{target}\"")).count() == 1;
            let target = target.trim_start_matches('#');
            let edit = Edit::Set(document.pointer(target).context("a reference has no target")?.clone());
            let component_edit = is_only_reference.then(|| (target.to_owned(), Edit::Remove));
            changes.push(Harmless { description: "a reference replaced by its target", pointer: at, edit, component_edit });
        } else if value["type"].is_string() && value.get("in").is_none() && !at.starts_with(SECURITY_SCHEMES) {
            add("an extension", child(&at, "x-note"), json!({ "of": "somebody" }));
            add("a title", child(&at, "title"), json!("A title"));
            // A component schema is not replaced by a reference to another component. Only the schemas inside it are
            // replaced.
            if !at.starts_with("/components/schemas/") || at.matches('/').count() > 3 {
                let edit = Edit::Set(json!({ "$ref": format!("#{SHARED}") }));
                changes.push(Harmless {
                    description: "a schema replaced by a reference",
                    pointer: at,
                    edit,
                    component_edit: Some((SHARED.to_owned(), Edit::Set(value.clone()))),
                });
            }
        }
    }
    Ok(changes)
}

/// Collects every object, and the pointer of the object. Skips the objects in examples.
fn collect_objects<'a>(value: &'a Value, at: &str, objects: &mut Vec<(String, &'a Value)>) {
    if value.is_object() {
        objects.push((at.to_owned(), value));
    }
    for (name, at, value) in members(value, at) {
        if !matches!(name, "example" | "examples" | "mapping" | "variables") {
            collect_objects(value, &at, objects);
        }
    }
    for (at, value) in items(value, at) {
        collect_objects(value, &at, objects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_security_scheme_is_not_changed_like_a_schema() -> anyhow::Result<()> {
        let schemes = json!({
            "login": { "type": "oauth2", "description": "A login.", "flows": { "clientCredentials": { "scopes": { "type": "Prose." } } } },
            "other": { "type": "openIdConnect", "openIdConnectUrl": "https://example.com" },
            "key": { "type": "apiKey", "in": "header", "name": "key" },
        });
        let found = of(&json!({ "components": { "securitySchemes": schemes, "schemas": { "A": { "type": "string" } } } }))?;
        let of_schemes = found.iter().filter(|change| change.pointer.starts_with(SECURITY_SCHEMES));
        assert!(of_schemes.into_iter().all(|change| ["members in another order", "other prose"].contains(&change.description)));
        assert!(found.iter().any(|change| change.pointer == "/components/schemas/A/x-note"));
        Ok(())
    }
}
