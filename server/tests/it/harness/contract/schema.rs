//! From the schemas of OpenAPI 3.0 to closed ones of JSON Schema 2020-12.

use std::collections::HashMap;

use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::{Answer, Body, Contract, Operation, RequiredHeader};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

pub(super) fn read(document: &Value) -> Contract {
    let reader = Reader::new(document);
    let operations = members(&document["paths"]).flat_map(|(path, item)| reader.operations(path, item)).collect();
    let register = members(&document["paths"])
        .flat_map(|(_, item)| members(item))
        .find(|(_, operation)| operation["operationId"] == "registerWebhook")
        .expect("openapi.json has registerWebhook")
        .1;
    let callback = members(&register["callbacks"])
        .flat_map(|(_, callback)| members(reader.resolve(callback)))
        .map(|(_, item)| &item["post"])
        .next()
        .expect("registerWebhook declares its callback");
    let parameters = callback["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    Contract {
        operations,
        callback: reader.body(reader.resolve(&callback["requestBody"])),
        callback_headers: parameters
            .iter()
            .map(|parameter| reader.resolve(parameter))
            .filter(|parameter| parameter["in"] == "header")
            .map(|parameter| reader.header(parameter["name"].as_str().expect("a name"), parameter))
            .collect(),
        unrouted: reader.validator(&json!({
            "type": "object",
            "required": ["request_id", "message"],
            "properties": { "request_id": { "type": "string", "format": "uuid" }, "message": { "type": "string" } },
        })),
    }
}

struct Reader<'a> {
    document: &'a Value,
    /// Every component twice, closed and open, as `$defs` for each schema.
    definitions: Value,
}

impl<'a> Reader<'a> {
    fn new(document: &'a Value) -> Reader<'a> {
        let mut definitions = Map::new();
        for (name, schema) in members(&document["components"]["schemas"]) {
            definitions.insert(format!("closed.{name}"), convert(schema, true));
            definitions.insert(format!("open.{name}"), convert(schema, false));
        }
        Reader { document, definitions: definitions.into() }
    }

    fn operations(&self, path: &str, item: &Value) -> Vec<Operation> {
        let segments: Vec<Option<String>> =
            path.trim_start_matches('/').split('/').map(|segment| (!segment.starts_with('{')).then(|| segment.to_owned())).collect();
        let methods = METHODS.into_iter().filter_map(|method| Some((item.get(method.as_str().to_lowercase())?, method)));
        methods
            .map(|(operation, method)| Operation {
                id: operation["operationId"].as_str().expect("every operation has an id").to_owned(),
                method,
                path: segments.clone(),
                scope: operation["x-required-scope"].as_str().expect("every operation says its scope").to_owned(),
                answers: members(&operation["responses"])
                    .map(|(status, answer)| (status.parse().expect("a status is a number"), self.answer(self.resolve(answer))))
                    .collect(),
            })
            .collect()
    }

    fn answer(&self, answer: &Value) -> Answer {
        let headers = members(&answer["headers"]).map(|(name, header)| self.header(name, self.resolve(header))).collect();
        Answer { headers, body: self.body(answer) }
    }

    fn header(&self, name: &str, header: &Value) -> RequiredHeader {
        RequiredHeader { name: name.to_owned(), required: header["required"] == true, validator: self.validator(&header["schema"]) }
    }

    fn body(&self, body: &Value) -> Body {
        let media_types: HashMap<String, Validator> = members(&body["content"])
            .map(|(media_type, content)| (media_type.to_ascii_lowercase(), self.validator(&content["schema"])))
            .collect();
        media_types
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = convert(schema, true);
        schema["$defs"] = self.definitions.clone();
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("a schema of openapi.json is not valid: {error}"))
    }

    /// Follows a `$ref` to anything but a schema.
    fn resolve<'b>(&self, value: &'b Value) -> &'b Value
    where
        'a: 'b,
    {
        match value["$ref"].as_str() {
            Some(reference) => {
                self.document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }
}

/// Members that only people and generators read.
const IGNORED: [&str; 8] = ["description", "title", "example", "discriminator", "xml", "externalDocs", "readOnly", "writeOnly"];

/// One schema in JSON Schema's terms. A closed one refuses members that it does not declare; the members of a
/// composition stay open, and what is around them is closed instead.
fn convert(schema: &Value, closed: bool) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/components/schemas/").expect("schemas refer to components");
        return json!({ "$ref": format!("#/$defs/{}.{name}", if closed { "closed" } else { "open" }) });
    }
    let mut converted = Map::new();
    for (key, value) in members(schema) {
        let value = match key {
            _ if IGNORED.contains(&key) || key.starts_with("x-") => continue,
            "nullable" | "exclusiveMinimum" | "exclusiveMaximum" => continue,
            "properties" => members(value).map(|(name, property)| (name.to_owned(), convert(property, true))).collect::<Map<_, _>>().into(),
            "items" | "additionalProperties" if value.is_object() => convert(value, true),
            "not" => convert(value, false),
            "allOf" | "oneOf" | "anyOf" => {
                value.as_array().expect("a list of schemas").iter().map(|member| convert(member, false)).collect::<Vec<_>>().into()
            }
            // Only the document's own closing counts, and answers do not say it: a member of a composition must stay open.
            "additionalProperties" if value == false => continue,
            _ => value.clone(),
        };
        converted.insert(key.to_owned(), value);
    }
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if schema[flag] == true
            && let Some(value) = converted.remove(bound)
        {
            converted.insert(flag.to_owned(), value);
        }
    }
    let composed = ["properties", "allOf", "oneOf", "anyOf"].iter().any(|key| converted.contains_key(*key));
    if closed && composed && !converted.contains_key("additionalProperties") {
        converted.insert("unevaluatedProperties".to_owned(), false.into());
    }
    if schema["nullable"] == true {
        return json!({ "anyOf": [converted, { "type": "null" }] });
    }
    converted.into()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schemas: Value, value: &Value) -> bool {
        let document = json!({ "components": { "schemas": schemas } });
        Reader::new(&document).validator(&json!({ "$ref": "#/components/schemas/Answer" })).is_valid(value)
    }

    #[test]
    fn a_member_that_no_schema_declares_is_a_leak() {
        let plain = json!({ "Answer": { "type": "object", "required": ["id"], "properties": {
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
            assert_eq!(check(plain.clone(), &value), valid, "{value}");
        }
    }

    #[test]
    fn a_composition_is_closed_as_a_whole() {
        let composed = json!({ "Answer": { "allOf": [{ "$ref": "#/components/schemas/Base" },
            { "type": "object", "properties": { "more": { "type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true } } }] },
            "Base": { "type": "object", "properties": { "base": { "type": "string" } } } });
        for (value, valid) in [
            (json!({ "base": "b", "more": 1 }), true),
            (json!({ "more": null }), true),
            (json!({ "more": 0 }), false),
            (json!({ "base": "b", "leak": 1 }), false),
        ] {
            assert_eq!(check(composed.clone(), &value), valid, "{value}");
        }
    }
}
