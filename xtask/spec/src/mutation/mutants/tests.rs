use serde_json::{Value, json};

use super::*;

fn found(document: &Value) -> Vec<Mutant> {
    let mut mutants = Mutants { document, scope: None, has_kinds: false, found: Vec::new() };
    for (_, at, item) in members(&document["paths"], "/paths") {
        mutants.path_item(&at, item, false);
    }
    for (_, at, schema) in members(&document["components"]["schemas"], "/components/schemas") {
        mutants.schema(&at, schema);
    }
    mutants.found
}

fn document() -> Value {
    json!({
        "paths": { "/a": {
            "summary": "A path", "description": "Prose.", "servers": [{ "url": "/" }],
            "parameters": [{ "$ref": "#/components/parameters/Page" }, { "name": "id", "in": "path", "schema": { "type": "string" } }],
            "get": { "operationId": "a", "tags": [], "responses": { "418": { "$ref": "#/components/responses/Only" } },
                "callbacks": { "done": { "{$url}": { "put": { "responses": {} } } } } } } },
        "components": {
            "parameters": { "Page": { "name": "page", "in": "query", "schema": { "type": "string" } } },
            "responses": { "Only": { "description": "A response." } },
            "schemas": {
                "Plain": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
                "Tagged": { "oneOf": [{ "$ref": "#/components/schemas/Plain" }], "discriminator": { "propertyName": "kind" } },
                "Values": { "type": "object", "additionalProperties": { "type": "string" }, "properties": {
                    "size": { "type": "integer", "format": "int64", "default": 5, "maximum": 1.0 },
                    "mail": { "type": "string", "format": "email", "minLength": 0 },
                    "word": { "type": "string", "enum": ["new"] } } } } },
    })
}

#[test]
fn every_edit_can_be_applied_and_changes_the_document() {
    let document = document();
    for mutant in found(&document) {
        let Mutant { operator, pointer, edit } = &mutant;
        let changed = mutant.apply(&document).unwrap_or_else(|error| panic!("{error:#}"));
        assert_ne!(changed, document, "{operator} {pointer} ({edit})");
    }
}

#[test]
fn each_location_gets_the_mutations_of_its_kind() {
    let document = document();
    let found = found(&document);
    let at = |pointer: &str| found.iter().filter(|mutant| mutant.pointer == pointer).count();
    for (pointer, count) in [
        ("/paths/~1a/summary", 0),
        ("/paths/~1a/servers", 0),
        ("/paths/~1a/parameters/responses", 0),
        ("/paths/~1a/parameters", 1),
        ("/paths/~1a/parameters/0", 1),
        // The document has only one component of this kind. So the only mutation is a reference without a target.
        ("/paths/~1a/parameters/0/$ref", 1),
        ("/paths/~1a/parameters/0/in", 0),
        ("/paths/~1a/parameters/1/in", 1),
        ("/paths/~1a/get/responses/418/$ref", 1),
        ("/paths/~1a/get/tags", 2),
        ("/paths/~1a/get/callbacks/done/{$url}/put", 2),
        ("/components/schemas/Plain/discriminator", 1),
        ("/components/schemas/Tagged/discriminator/propertyName", 1),
        ("/components/schemas/Values/properties/size/format", 2),
        ("/components/schemas/Values/properties/size/default", 1),
        ("/components/schemas/Values/properties/mail/minLength", 1),
        ("/components/schemas/Values/properties/word/enum", 2),
        ("/components/schemas/Values/additionalProperties", 3),
        ("/components/schemas/Values/additionalProperties/type", 2),
    ] {
        assert_eq!(at(pointer), count, "{pointer}");
    }
}

#[test]
fn an_edit_that_cannot_be_applied_is_an_error() {
    let mutant = Mutant { operator: "change", pointer: "/lost/member".to_owned(), edit: Edit::Set(json!(1)) };
    let error = format!("{:#}", mutant.apply(&json!({})).expect_err("the pointer does not exist"));
    assert!(error.contains("`change /lost/member` cannot be applied"), "{error}");
}
