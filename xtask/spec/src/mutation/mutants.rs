//! Every change of one statement: drop, rename, retype, widen, narrow, flip and add, wherever each applies. Prose, examples
//! and extensions state nothing; that changes of them pass is the other half of the proof.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Mutant;
use super::edit::{Edit, items, members};
use crate::Profile;
use crate::openapi::node::child;

/// All of them, in the order of the document.
pub(super) fn of(document: &Value, profile: &Profile) -> Vec<Mutant> {
    let mut mutants = Mutants { document, scope: profile.security.scope, found: Vec::new() };
    mutants.set("change", "/info/version", json!("9.9.9"));
    if document.pointer("/info/license/name").is_some() {
        mutants.set("change", "/info/license/name", json!("GPL-3.0"));
    }
    mutants.set("change", "/servers/0/url", json!("http://127.0.0.1:9090"));
    mutants.drop("/servers/0");
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
        for (_, at, operation) in members(item, &at) {
            mutants.drop(&at);
            let other = ["put", "options", "head"].into_iter().find(|other| item.get(other).is_none()).unwrap_or("trace");
            mutants.push("rename", &at, Edit::Rename(other.to_owned()));
            mutants.operation(&at, operation);
        }
    }
    for (_, at, response) in members(&document["components"]["responses"], "/components/responses") {
        mutants.drop(&at);
        mutants.response(&at, response);
    }
    for (_, at, schema) in members(&document["components"]["schemas"], "/components/schemas") {
        mutants.drop(&at);
        mutants.schema(&at, schema);
    }
    for (_, at, scheme) in members(&document["components"]["securitySchemes"], "/components/securitySchemes") {
        mutants.drop(&at);
        mutants.set("retype", &child(&at, "type"), json!("openIdConnect"));
        mutants.set("change", &child(&at, "scheme"), json!(if scheme["scheme"] == "basic" { "bearer" } else { "basic" }));
    }
    mutants.add("/components/schemas/New", Edit::Set(json!({ "type": "object" })));
    mutants.found
}

struct Mutants<'a> {
    document: &'a Value,
    /// The extension that names an operation's scope.
    scope: Option<&'a str>,
    found: Vec<Mutant>,
}

impl<'a> Mutants<'a> {
    /// Of what the document does not have, nothing can be dropped or renamed; a list that it does not have begins.
    fn push(&mut self, operator: &'static str, pointer: &str, edit: Edit) {
        let edit = match (edit, self.document.pointer(pointer)) {
            (Edit::Remove | Edit::Rename(_), None) => return,
            (Edit::Append(item), None) => Edit::Set(json!([item])),
            (edit, _) => edit,
        };
        self.found.push(Mutant { operator, pointer: pointer.to_owned(), edit });
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

    /// What is true becomes false; what is false or not said becomes true.
    fn flip(&mut self, at: &str, holder: &Value, name: &str) {
        self.set("flip", &child(at, name), json!(holder[name] != true));
    }

    fn schemes(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.document["components"]["securitySchemes"].as_object().into_iter().flatten()
    }

    /// Every scope of the document, and one that is not in it.
    fn scopes(&self, member: &str) -> BTreeSet<&'a str> {
        let operations = members(&self.document["paths"], "").flat_map(|(_, _, item)| members(item, ""));
        operations.filter_map(|(_, _, operation)| operation[member].as_str()).chain(["all"]).collect()
    }

    /// A reference to a schema that is no variant of this one.
    fn stranger(&self, schema: &Value) -> String {
        let variants: Vec<&str> = schema["oneOf"].as_array().into_iter().flatten().filter_map(|variant| variant["$ref"].as_str()).collect();
        let all = self.document["components"]["schemas"].as_object().into_iter().flatten().rev();
        let mut names = all.filter(|(_, known)| *known != schema).map(|(name, _)| format!("#{}", child("/components/schemas", name)));
        names.find(|name| !variants.contains(&name.as_str())).unwrap_or_else(|| "#/components/schemas/None".to_owned())
    }

    fn security(&mut self, at: &str) {
        let pointer = child(at, "security");
        self.drop(&pointer);
        self.set("flip", &pointer, json!([]));
        let requirements = self.document.pointer(&pointer).cloned().unwrap_or_default();
        let all: Map<String, Value> = self.schemes().map(|(name, _)| (name.clone(), json!([]))).collect();
        let known = requirements.as_array().cloned().unwrap_or_default();
        if let Some(new) = [Value::from(all), json!({})].into_iter().find(|new| !known.contains(new)) {
            self.push("add", &pointer, Edit::Append(new));
        }
        for (at, requirement) in items(&requirements, &pointer) {
            self.drop(&at);
            if requirement != &json!({}) {
                self.set("flip", &at, json!({}));
            }
            for (name, at, _) in members(requirement, &at) {
                // Of a scheme that says the same by another name, nobody could tell.
                let says =
                    |scheme: &Value| (scheme["type"].clone(), scheme["scheme"].clone(), scheme["in"].clone(), scheme["name"].clone());
                let known = says(&self.document["components"]["securitySchemes"][name]);
                let other = self.schemes().find(|(_, scheme)| says(scheme) != known).map(|(other, _)| other.clone());
                if let Some(other) = other {
                    self.push("change", &at, Edit::Rename(other));
                }
                self.push("add", &at, Edit::Append(json!("scope")));
            }
        }
    }

    fn operation(&mut self, at: &str, operation: &Value) {
        let is_callback = operation.get("operationId").is_none();
        if !is_callback {
            let id = operation["operationId"].as_str().unwrap_or_default();
            self.drop(&child(at, "operationId"));
            self.set("rename", &child(at, "operationId"), json!(format!("{id}s")));
            self.drop(&child(at, "summary"));
            self.set("change", &child(at, "summary"), json!("Another summary"));
            if let Some(scope) = self.scope {
                self.drop(&child(at, scope));
                for other in self.scopes(scope) {
                    if operation[scope] != other {
                        self.set("change", &child(at, scope), json!(other));
                    }
                }
            }
        }
        let tags = child(at, "tags");
        self.drop(&tags);
        let names = self.document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
        let other = names.into_iter().find(|name| operation["tags"][0] != *name).unwrap_or("Other");
        self.set("change", &tags, json!([other]));
        self.add(&tags, Edit::Append(json!("New")));
        self.flip(at, operation, "deprecated");
        self.security(at);
        self.set("add", &child(at, "servers"), json!([{ "url": "https://elsewhere.example.com" }]));
        self.parameters(at, operation);
        let body = child(at, "requestBody");
        match operation.get("requestBody") {
            None => self.set("add", &body, json!({ "content": { "application/json": { "schema": { "type": "object" } } } })),
            Some(request) => {
                self.drop(&body);
                self.flip(&body, request, "required");
                self.content(&body, request);
            }
        }
        let responses = child(at, "responses");
        for (_, at, response) in members(&operation["responses"], &responses) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename("418".to_owned()));
            match response["$ref"].as_str() {
                Some(target) => self.retarget(&at, target, "/components/responses"),
                None => self.response(&at, response),
            }
        }
        for status in ["201", "204", "402", "404", "409", "418", "422", "502"] {
            if operation["responses"].get(status).is_none() {
                self.set("add", &child(&responses, status), json!({ "description": "New." }));
            }
        }
        let callbacks = child(at, "callbacks");
        for (name, at, callback) in members(&operation["callbacks"], &callbacks) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            for (url, at, item) in members(callback, &at) {
                self.push("rename", &at, Edit::Rename(format!("{url}s")));
                for (_, at, operation) in members(item, &at) {
                    self.drop(&at);
                    self.push("rename", &at, Edit::Rename("put".to_owned()));
                    self.operation(&at, operation);
                }
            }
        }
    }

    fn parameters(&mut self, at: &str, operation: &Value) {
        let parameters = child(at, "parameters");
        let new = json!({ "name": "new", "in": "query", "schema": { "type": "string" } });
        match operation.get("parameters") {
            None => self.set("add", &parameters, json!([new])),
            Some(_) => self.add(&parameters, Edit::Append(new)),
        }
        for (at, parameter) in items(&operation["parameters"], &parameters) {
            self.drop(&at);
            self.set("rename", &child(&at, "name"), json!(format!("{}s", parameter["name"].as_str().unwrap_or_default())));
            self.set("change", &child(&at, "in"), json!(if parameter["in"] == "query" { "header" } else { "query" }));
            self.flip(&at, parameter, "required");
            self.flip(&at, parameter, "deprecated");
            self.schema(&child(&at, "schema"), &parameter["schema"]);
        }
    }

    fn response(&mut self, at: &str, response: &Value) {
        let headers = child(at, "headers");
        for (name, at, header) in members(&response["headers"], &headers) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            self.flip(&at, header, "required");
            self.schema(&child(&at, "schema"), &header["schema"]);
        }
        let new = json!({ "required": true, "schema": { "type": "string" } });
        match response.get("headers") {
            None => self.set("add", &headers, json!({ "New": new })),
            Some(_) => self.set("add", &child(&headers, "New"), new),
        }
        self.content(at, response);
    }

    fn content(&mut self, at: &str, holder: &Value) {
        let content = child(at, "content");
        let new = json!({ "schema": { "type": "string" } });
        match holder.get("content") {
            None => self.set("add", &content, json!({ "text/plain": new })),
            Some(_) => self.set("add", &child(&content, "text/plain"), new),
        }
        for (_, at, media_type) in members(&holder["content"], &content) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename("application/xml".to_owned()));
            self.schema(&child(&at, "schema"), &media_type["schema"]);
        }
    }

    /// A reference that leads to each of two other components, or nowhere.
    fn retarget(&mut self, at: &str, target: &str, kind: &str) {
        let pointer = child(at, "$ref");
        self.set("retarget", &pointer, json!(format!("{target}s")));
        let components = self.document.pointer(kind).and_then(Value::as_object);
        let names: Vec<&String> = components.into_iter().flatten().map(|(name, _)| name).collect();
        let here = names.iter().position(|name| target.ends_with(&format!("/{name}"))).unwrap_or(0);
        for step in [1, 2] {
            let other = names[(here + step) % names.len()];
            self.push("retarget", &pointer, Edit::Set(json!(format!("#{}", child(kind, other)))));
        }
    }

    fn schema(&mut self, at: &str, schema: &Value) {
        if let Some(target) = schema["$ref"].as_str() {
            self.retarget(at, target, "/components/schemas");
            return;
        }
        let member = |name: &str| child(at, name);
        self.flip(at, schema, "nullable");
        self.flip(at, schema, "deprecated");
        self.flip(at, schema, "readOnly");
        if schema.get("oneOf").is_some() {
            return self.variants(at, schema);
        }
        self.drop(&member("type"));
        self.set("retype", &member("type"), json!(if schema["type"] == "string" { "integer" } else { "string" }));
        self.set("change", &member("default"), json!(5));
        match schema["type"].as_str().unwrap_or_default() {
            "string" => {
                self.bounds(at, schema, "minLength", "maxLength");
                self.keyword(&member("format"), schema.get("format"), &json!("email"));
                self.keyword(&member("pattern"), schema.get("pattern"), &json!("^.*$"));
                if let Some(pattern) = schema["pattern"].as_str() {
                    self.set("narrow", &member("pattern"), json!(format!("^(?!zz){}", pattern.trim_start_matches('^'))));
                }
            }
            "integer" | "number" => {
                self.bounds(at, schema, "minimum", "maximum");
                self.flip(at, schema, "exclusiveMinimum");
                self.flip(at, schema, "exclusiveMaximum");
                self.keyword(&member("format"), schema.get("format"), &json!("int64"));
                self.set("add", &member("multipleOf"), json!(2));
            }
            "array" => {
                self.bounds(at, schema, "minItems", "maxItems");
                self.flip(at, schema, "uniqueItems");
                self.schema(&member("items"), &schema["items"]);
            }
            "object" => self.object(at, schema),
            _ => {}
        }
        let values = member("enum");
        match schema.get("enum") {
            None => self.set("narrow", &values, json!(["new"])),
            Some(known) => {
                self.drop(&values);
                self.add(&values, Edit::Append(json!("new")));
                for (at, value) in items(known, &values) {
                    self.drop(&at);
                    self.set("rename", &at, json!(format!("{}s", value.as_str().unwrap_or_default())));
                }
            }
        }
    }

    fn variants(&mut self, at: &str, schema: &Value) {
        let (variants, mapping) = (child(at, "oneOf"), child(&child(at, "discriminator"), "mapping"));
        for (at, variant) in items(&schema["oneOf"], &variants) {
            self.drop(&at);
            self.schema(&at, variant);
        }
        let stranger = self.stranger(schema);
        self.add(&variants, Edit::Append(json!({ "$ref": stranger })));
        self.push("change", &variants, Edit::Rename("anyOf".to_owned()));
        self.drop(&child(at, "discriminator"));
        self.set("change", &child(&child(at, "discriminator"), "propertyName"), json!("kind"));
        for (tag, at, _) in members(&schema["discriminator"]["mapping"], &mapping) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{tag}s")));
            self.set("retarget", &at, json!(stranger));
        }
    }

    fn object(&mut self, at: &str, schema: &Value) {
        let (properties, required) = (child(at, "properties"), child(at, "required"));
        for (name, at, property) in members(&schema["properties"], &properties) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            self.schema(&at, property);
            if schema["required"].as_array().is_none_or(|names| names.iter().all(|known| known != name)) {
                match schema.get("required") {
                    None => self.set("narrow", &required, json!([name])),
                    Some(_) => self.push("narrow", &required, Edit::Append(json!(name))),
                }
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
        let more = child(at, "additionalProperties");
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => {
                self.drop(&more);
                self.set("flip", &more, json!(true));
            }
            _ => self.set("flip", &more, json!(false)),
        }
        self.set("narrow", &more, json!({ "type": "string" }));
        self.bounds(at, schema, "minProperties", "maxProperties");
    }

    /// One more, one less, gone, and one where there is none.
    fn bounds(&mut self, at: &str, schema: &Value, lower: &str, upper: &str) {
        for (name, step) in [(lower, 1), (upper, -1)] {
            let pointer = child(at, name);
            match schema[name].as_i64() {
                None => self.set("narrow", &pointer, json!(if step == 1 { 1 } else { 7 })),
                Some(bound) => {
                    self.drop(&pointer);
                    self.set("narrow", &pointer, json!(bound + step));
                    if bound != 0 || name == "minimum" {
                        self.set("widen", &pointer, json!(bound - step));
                    }
                }
            }
        }
    }

    fn keyword(&mut self, pointer: &str, known: Option<&Value>, other: &Value) {
        match known {
            None => self.set("add", pointer, other.clone()),
            Some(_) => {
                self.drop(pointer);
                self.set("change", pointer, other.clone());
            }
        }
    }
}
