//! Changes of operations and callbacks, and of their parameters, bodies, responses and headers.

use serde_json::{Map, Value, json};

use super::{Mutants, operations};
use crate::mutation::edit::{Edit, items, members};
use crate::openapi::node::child;

impl Mutants<'_> {
    pub(super) fn path_item(&mut self, at: &str, item: &Value, is_callback: bool) {
        if item.get("parameters").is_some() {
            self.parameters(at, item);
        }
        for (method, at, operation) in operations(item, at) {
            self.drop(&at);
            let other = ["put", "options", "head", "trace"].into_iter().find(|other| *other != method && item.get(other).is_none());
            if let Some(other) = other {
                self.push("rename", &at, Edit::Rename(other.to_owned()));
            }
            self.operation(&at, operation, is_callback);
        }
    }

    pub(super) fn security(&mut self, at: &str) {
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
                // If the other scheme is equal to the known scheme, the change alters no statement. So take a
                // different scheme.
                let content =
                    |scheme: &Value| (scheme["type"].clone(), scheme["scheme"].clone(), scheme["in"].clone(), scheme["name"].clone());
                let known = content(&self.document["components"]["securitySchemes"][name]);
                let other = self.schemes().find(|(_, scheme)| content(scheme) != known).map(|(other, _)| other.clone());
                if let Some(other) = other {
                    self.push("change", &at, Edit::Rename(other));
                }
                self.push("add", &at, Edit::Append(json!("scope")));
            }
        }
    }

    fn operation(&mut self, at: &str, operation: &Value, is_callback: bool) {
        if let Some(id) = operation["operationId"].as_str() {
            self.drop(&child(at, "operationId"));
            self.set("rename", &child(at, "operationId"), json!(format!("{id}s")));
        }
        if !is_callback {
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
                self.request_body(&body, request);
            }
        }
        let responses = child(at, "responses");
        let has = |status: &&str| operation["responses"].get(*status).is_some();
        let unused_status = ["418", "451", "499"].into_iter().find(|status| !has(status)).unwrap_or("498");
        for (_, at, response) in members(&operation["responses"], &responses) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(unused_status.to_owned()));
            self.response(&at, response);
        }
        for status in ["201", "204", "402", "404", "409", "418", "422", "502"] {
            if !has(&status) {
                self.set("add", &child(&responses, status), json!({ "description": "New." }));
            }
        }
        let callbacks = child(at, "callbacks");
        for (name, at, callback) in members(&operation["callbacks"], &callbacks) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            self.callback(&at, callback);
        }
    }

    pub(super) fn callback(&mut self, at: &str, callback: &Value) {
        if self.retarget(at, callback, "callbacks") {
            return;
        }
        for (url, at, item) in members(callback, at) {
            self.push("rename", &at, Edit::Rename(format!("{url}s")));
            self.path_item(&at, item, true);
        }
    }

    /// Changes the parameters of an operation or of a path.
    fn parameters(&mut self, at: &str, holder: &Value) {
        let parameters = child(at, "parameters");
        let new = json!({ "name": "new", "in": "query", "schema": { "type": "string" } });
        self.add(&parameters, Edit::Append(new));
        for (at, parameter) in items(&holder["parameters"], &parameters) {
            self.drop(&at);
            self.parameter(&at, parameter);
        }
    }

    pub(super) fn parameter(&mut self, at: &str, parameter: &Value) {
        if self.retarget(at, parameter, "parameters") {
            return;
        }
        self.set("rename", &child(at, "name"), json!(format!("{}s", parameter["name"].as_str().unwrap_or_default())));
        self.set("change", &child(at, "in"), json!(super::other(&parameter["in"], "query", "header")));
        self.flip(at, parameter, "required");
        self.flip(at, parameter, "deprecated");
        self.schema_of(at, parameter);
    }

    pub(super) fn request_body(&mut self, at: &str, request: &Value) {
        if self.retarget(at, request, "requestBodies") {
            return;
        }
        self.flip(at, request, "required");
        self.content(at, request);
    }

    pub(super) fn response(&mut self, at: &str, response: &Value) {
        if self.retarget(at, response, "responses") {
            return;
        }
        let headers = child(at, "headers");
        for (name, at, header) in members(&response["headers"], &headers) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(format!("{name}s")));
            self.header(&at, header);
        }
        let new = json!({ "required": true, "schema": { "type": "string" } });
        match response.get("headers") {
            None => self.set("add", &headers, json!({ "New": new })),
            Some(_) => self.set("add", &child(&headers, "New"), new),
        }
        self.content(at, response);
    }

    pub(super) fn header(&mut self, at: &str, header: &Value) {
        if self.retarget(at, header, "headers") {
            return;
        }
        self.flip(at, header, "required");
        self.schema_of(at, header);
    }

    fn content(&mut self, at: &str, holder: &Value) {
        let content = child(at, "content");
        let new = json!({ "schema": { "type": "string" } });
        match holder.get("content") {
            None => self.set("add", &content, json!({ "text/plain": new })),
            Some(_) => self.set("add", &child(&content, "text/plain"), new),
        }
        for (name, at, media_type) in members(&holder["content"], &content) {
            self.drop(&at);
            self.push("rename", &at, Edit::Rename(super::other(&json!(name), "application/xml", "application/yaml").to_owned()));
            self.schema_of(&at, media_type);
        }
    }

    /// Changes the member `schema` of a parameter, a header or a media type.
    fn schema_of(&mut self, at: &str, holder: &Value) {
        if let Some(schema) = holder.get("schema") {
            self.schema(&child(at, "schema"), schema);
        }
    }
}
