//! Changes of one statement. Their operators are drop, rename, retype, change, retarget, widen, narrow, flip and add.
//!
//! Prose, examples and extensions are not statements. The module `harmless` makes changes that alter no statement. This
//! module omits edits that do not alter any statement.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::edit::{Edit, items, members};
use super::{Mutant, statement};
use crate::Profile;
use crate::openapi::node::{METHODS, child};

mod operations;
mod schemas;

/// Returns all changes of one statement, in the order of the document.
pub(super) fn of(document: &Value, profile: &Profile) -> Vec<Mutant> {
    let mut mutants = Mutants { document, scope: profile.security.scope, has_kinds: profile.errors.kind.is_some(), found: Vec::new() };
    mutants.set("change", "/info/version", json!(other(&document["info"]["version"], "9.9.9", "9.9.8")));
    if document.pointer("/info/license/name").is_some() {
        mutants.set("change", "/info/license/name", json!("GPL-3.0"));
    }
    if document.pointer("/servers/0").is_some() {
        mutants.set("change", "/servers/0/url", json!("http://127.0.0.1:9090"));
        mutants.drop("/servers/0");
    }
    mutants.security("");
    for (at, tag) in items(&document["tags"], "/tags") {
        mutants.drop(&at);
        mutants.set("rename", &child(&at, "name"), json!(format!("{}s", tag["name"].as_str().unwrap_or_default())));
    }
    mutants.add("/tags", Edit::Append(json!({ "name": "New" })));
    mutants.add("/paths/~1new", Edit::Set(json!({})));
    for (path, at, item) in members(&document["paths"], "/paths") {
        mutants.drop(&at);
        mutants.push("rename", &at, Edit::Rename(format!("{path}s")));
        mutants.path_item(&at, item, false);
    }
    for kind in ["parameters", "headers", "requestBodies", "responses", "callbacks", "schemas"] {
        let all = child("/components", kind);
        for (_, at, component) in members(&document["components"][kind], &all) {
            mutants.drop(&at);
            match kind {
                "parameters" => mutants.parameter(&at, component),
                "headers" => mutants.header(&at, component),
                "requestBodies" => mutants.request_body(&at, component),
                "responses" => mutants.response(&at, component),
                "callbacks" => mutants.callback(&at, component),
                _ => mutants.schema(&at, component),
            }
        }
    }
    for (_, at, scheme) in members(&document["components"]["securitySchemes"], "/components/securitySchemes") {
        mutants.drop(&at);
        mutants.set("retype", &child(&at, "type"), json!(other(&scheme["type"], "openIdConnect", "http")));
        mutants.set("change", &child(&at, "scheme"), json!(other(&scheme["scheme"], "basic", "bearer")));
        for (name, at, value) in members(scheme, &at) {
            if !matches!(name, "type" | "scheme" | "description") {
                mutants.drop(&at);
                if let Some(text) = value.as_str() {
                    mutants.set("change", &at, json!(format!("{text}s")));
                }
            }
        }
    }
    mutants.add("/components/schemas/New", Edit::Set(json!({ "type": "object" })));
    mutants.found
}

/// Returns `first`, or `second` if `known` already equals `first`.
fn other<'a>(known: &Value, first: &'a str, second: &'a str) -> &'a str {
    if known == first { second } else { first }
}

struct Mutants<'a> {
    document: &'a Value,
    /// The extension with the scope of an operation.
    scope: Option<&'a str>,
    /// Whether examples are statements. They are statements if they show the kinds of error.
    has_kinds: bool,
    found: Vec<Mutant>,
}

impl<'a> Mutants<'a> {
    /// Adds a change. Adds nothing if the edit alters no statement, or if it removes or renames a missing member. If
    /// the list for `Append` does not exist, creates the list.
    fn push(&mut self, operator: &'static str, pointer: &str, edit: Edit) {
        let edit = match (edit, self.document.pointer(pointer)) {
            (Edit::Remove | Edit::Rename(_), None) => return,
            (Edit::Append(item), None) => Edit::Set(json!([item])),
            (edit, _) => edit,
        };
        if !statement::is_same(self.document, pointer, &edit, self.has_kinds) {
            self.found.push(Mutant { operator, pointer: pointer.to_owned(), edit });
        }
    }

    fn drop(&mut self, pointer: &str) {
        self.push("drop", pointer, Edit::Remove);
    }

    fn add(&mut self, pointer: &str, edit: Edit) {
        self.push("add", pointer, edit);
    }

    fn set(&mut self, operator: &'static str, pointer: &str, value: Value) {
        self.push(operator, pointer, Edit::Set(value));
    }

    /// Changes the member from true to false. If the member is false or missing, changes it to true.
    fn flip(&mut self, at: &str, holder: &Value, name: &str) {
        self.set("flip", &child(at, name), json!(holder[name] != true));
    }

    fn schemes(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.document["components"]["securitySchemes"].as_object().into_iter().flatten()
    }

    /// Returns every scope of the document, and the additional scope `all`.
    fn scopes(&self, member: &str) -> BTreeSet<&'a str> {
        let operations = members(&self.document["paths"], "").flat_map(|(_, _, item)| operations(item, ""));
        operations.filter_map(|(_, _, operation)| operation[member].as_str()).chain(["all"]).collect()
    }

    /// Adds changes of a reference. After one change, the reference has no target. Up to two other changes replace the
    /// target by another component. Returns false if `value` is not a reference.
    fn retarget(&mut self, at: &str, value: &Value, kind: &str) -> bool {
        let Some(target) = value["$ref"].as_str() else { return false };
        let (pointer, kind) = (child(at, "$ref"), child("/components", kind));
        self.set("retarget", &pointer, json!(format!("{target}s")));
        let components = self.document.pointer(&kind).and_then(Value::as_object);
        let all: Vec<String> = components.into_iter().flatten().map(|(name, _)| format!("#{}", child(&kind, name))).collect();
        let here = all.iter().position(|known| known == target).unwrap_or(0);
        for step in [1, 2] {
            if let Some(other) = all.get((here + step) % all.len().max(1)) {
                self.set("retarget", &pointer, json!(other));
            }
        }
        true
    }
}

/// Returns the operations of a path item. The other members of the path item apply to all operations of the path item.
fn operations<'a, 'b>(item: &'a Value, at: &'b str) -> impl Iterator<Item = (&'a str, String, &'a Value)> + use<'a, 'b> {
    members(item, at).filter(|(name, _, _)| METHODS.contains(name))
}

#[cfg(test)]
mod tests;
