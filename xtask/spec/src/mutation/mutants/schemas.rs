//! Changes of schemas.

use serde_json::{Value, json};

use super::{Mutants, other};
use crate::mutation::edit::{Edit, items, members};
use crate::openapi::node::child;

impl Mutants<'_> {
    pub(super) fn schema(&mut self, at: &str, schema: &Value) {
        if self.retarget(at, schema, "schemas") {
            return;
        }
        let member = |name: &str| child(at, name);
        self.flip(at, schema, "nullable");
        self.flip(at, schema, "deprecated");
        self.flip(at, schema, "readOnly");
        if schema.get("oneOf").is_some() {
            return self.variants(at, schema);
        }
        for keyword in ["allOf", "anyOf"] {
            for (at, part) in items(&schema[keyword], &member(keyword)) {
                self.drop(&at);
                self.schema(&at, part);
            }
        }
        self.drop(&member("type"));
        self.set("retype", &member("type"), json!(if schema["type"] == "string" { "integer" } else { "string" }));
        self.set("change", &member("default"), json!(if schema["default"] == 5 { 6 } else { 5 }));
        match schema["type"].as_str().unwrap_or_default() {
            "string" => {
                self.bounds(at, schema, "minLength", "maxLength");
                self.keyword(at, schema, "format", ["email", "uuid"]);
                self.keyword(at, schema, "pattern", ["^.*$", "^.+$"]);
                if let Some(pattern) = schema["pattern"].as_str() {
                    self.set("narrow", &member("pattern"), json!(format!("^(?!zz){}", pattern.trim_start_matches('^'))));
                }
            }
            "integer" | "number" => {
                self.bounds(at, schema, "minimum", "maximum");
                self.flip(at, schema, "exclusiveMinimum");
                self.flip(at, schema, "exclusiveMaximum");
                self.keyword(at, schema, "format", ["int64", "int32"]);
                self.set("add", &member("multipleOf"), json!(if schema["multipleOf"] == 2 { 3 } else { 2 }));
            }
            "array" => {
                self.bounds(at, schema, "minItems", "maxItems");
                self.flip(at, schema, "uniqueItems");
                if let Some(items) = schema.get("items") {
                    self.schema(&member("items"), items);
                }
            }
            "object" => self.object(at, schema),
            _ => {}
        }
        let values = member("enum");
        match schema.get("enum") {
            None => self.set("narrow", &values, json!(["new"])),
            Some(known) => {
                self.drop(&values);
                let is_known = known.as_array().is_some_and(|known| known.contains(&json!("new")));
                self.add(&values, Edit::Append(json!(if is_known { "newer" } else { "new" })));
                for (at, value) in items(known, &values) {
                    self.drop(&at);
                    self.set("rename", &at, json!(format!("{}s", value.as_str().unwrap_or_default())));
                }
            }
        }
    }

    /// Returns a reference to a schema that is not a variant of `schema`. If there is none, returns a reference
    /// without a target.
    fn unrelated_schema(&self, schema: &Value) -> String {
        let variants: Vec<&str> = schema["oneOf"].as_array().into_iter().flatten().filter_map(|variant| variant["$ref"].as_str()).collect();
        let all = self.document["components"]["schemas"].as_object().into_iter().flatten().rev();
        let mut names = all.filter(|(_, known)| *known != schema).map(|(name, _)| format!("#{}", child("/components/schemas", name)));
        names.find(|name| !variants.contains(&name.as_str())).unwrap_or_else(|| "#/components/schemas/None".to_owned())
    }

    fn variants(&mut self, at: &str, schema: &Value) {
        let (variants, discriminator) = (child(at, "oneOf"), child(at, "discriminator"));
        for (at, variant) in items(&schema["oneOf"], &variants) {
            self.drop(&at);
            self.schema(&at, variant);
        }
        let unrelated_schema = self.unrelated_schema(schema);
        self.add(&variants, Edit::Append(json!({ "$ref": unrelated_schema })));
        self.push("change", &variants, Edit::Rename("anyOf".to_owned()));
        let Some(known) = schema.get("discriminator") else {
            return self.set("add", &discriminator, json!({ "propertyName": "kind" }));
        };
        self.drop(&discriminator);
        self.set("change", &child(&discriminator, "propertyName"), json!(other(&known["propertyName"], "kind", "type")));
        for (tag, at, _) in members(&known["mapping"], &child(&discriminator, "mapping")) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{tag}s")));
            self.set("retarget", &at, json!(unrelated_schema));
        }
    }

    fn object(&mut self, at: &str, schema: &Value) {
        let (properties, required) = (child(at, "properties"), child(at, "required"));
        for (name, at, property) in members(&schema["properties"], &properties) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            self.schema(&at, property);
            if schema["required"].as_array().is_none_or(|names| names.iter().all(|known| known != name)) {
                self.push("narrow", &required, Edit::Append(json!(name)));
            }
        }
        for (at, _) in items(&schema["required"], &required) {
            self.drop(&at);
        }
        let new = json!({ "type": "string" });
        match schema.get("properties") {
            None => self.set("add", &properties, json!({ "new": new })),
            Some(_) => self.set("add", &child(&properties, "new"), new),
        }
        let additional = child(at, "additionalProperties");
        let known = &schema["additionalProperties"];
        match known {
            Value::Bool(false) => {
                self.drop(&additional);
                self.set("flip", &additional, json!(true));
            }
            _ => self.set("flip", &additional, json!(false)),
        }
        let other_type = if known["type"] == "string" { "integer" } else { "string" };
        self.set("narrow", &additional, json!({ "type": other_type }));
        if known.as_object().is_some_and(|known| !known.is_empty()) {
            self.drop(&additional);
            self.schema(&additional, known);
        }
        self.bounds(at, schema, "minProperties", "maxProperties");
    }

    /// Adds changes that raise, lower or remove an existing bound, and changes that add a missing bound.
    fn bounds(&mut self, at: &str, schema: &Value, lower: &str, upper: &str) {
        for (name, step) in [(lower, 1), (upper, -1)] {
            let pointer = child(at, name);
            match schema[name].as_f64() {
                None => self.set("narrow", &pointer, json!(if step == 1 { 1 } else { 7 })),
                Some(bound) => {
                    self.drop(&pointer);
                    self.set("narrow", &pointer, moved(&schema[name], bound, step));
                    if bound != 0.0 || name == "minimum" {
                        self.set("widen", &pointer, moved(&schema[name], bound, -step));
                    }
                }
            }
        }
    }

    fn keyword(&mut self, at: &str, schema: &Value, name: &str, others: [&str; 2]) {
        let pointer = child(at, name);
        let operator = if schema.get(name).is_some() { "change" } else { "add" };
        self.drop(&pointer);
        self.set(operator, &pointer, json!(other(&schema[name], others[0], others[1])));
    }
}

/// Returns the bound plus `step`.
fn moved(bound: &Value, as_number: f64, step: i32) -> Value {
    match bound.as_i64().and_then(|bound| bound.checked_add(step.into())) {
        Some(moved) => moved.into(),
        None => (as_number + f64::from(step)).into(),
    }
}
