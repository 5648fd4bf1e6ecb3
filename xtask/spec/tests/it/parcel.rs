//! The parcel service. It consists of documents and exchanges only. It has no implementation.
//!
//! Its document has features that the document of the charging stations lacks. The parcel document has two callbacks.
//! One callback has no body and no authentication. The document also has OAuth 2.0 with scopes, an operation without a
//! scope, and a public operation. The document has components of many kinds, a map, a `oneOf` without discriminator,
//! and values that mutations also use. The errors have only the media type `application/problem+json`, and no kinds.

use std::path::PathBuf;

use openapi_proof::evidence::{ApiExchange, Callback, Caller, Exchange};
use openapi_proof::{Callback as CallbackProfile, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service};
use serde_json::{Value, json};

pub(crate) fn service() -> Service {
    Service {
        root: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        exchanges: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("parcels.jsonl"),
        generated: generated(),
        profile: Profile {
            command: "parcels",
            test_command: "cargo test",
            license: None,
            server: "http://127.0.0.1:7000".to_owned(),
            security: Security {
                schemes: json!({"login": login()}),
                required: json!([{"login": []}]),
                scope: Some("x-scope"),
                without_scope: &["whoami"],
                public: &["alive"],
            },
            errors: Errors {
                always: &["500"],
                with_token: &["401"],
                with_scope: &["403"],
                with_input: &["400"],
                with_body: &[],
                with_path_parameter: &[],
                if_documented: &[],
                media_types: &["application/problem+json"],
                headers: vec![ErrorHeader { statuses: &["401"], name: "WWW-Authenticate", header: text_header() }],
                kind: None,
                refusal: Refusal {
                    status: 400,
                    kind: None,
                    pointers: Some(("errors", "pointer")),
                    beyond_the_schema: &["/contact"],
                    opaque_parameters: &[],
                },
            },
            parameter_defaults: vec![],
            callbacks: vec![
                CallbackProfile {
                    operation_id: "sendParcel",
                    name: "delivered",
                    url: "{$request.body#/url}",
                    method: "put",
                    operation: json!({
                        "security": [{}],
                        "requestBody": {"required": true, "content": {"application/json": {"schema": report()}}},
                        "responses": {"204": {}},
                    }),
                },
                CallbackProfile {
                    operation_id: "sendParcel",
                    name: "lost",
                    url: "{$request.body#/url}",
                    method: "post",
                    operation: json!({"responses": {"204": {}, "410": {}}}),
                },
            ],
            checked_by: &[
                ("hosts", "this test"),
                ("security", "this test"),
                ("scopes", "this test"),
                ("error statuses", "this test"),
                ("error headers", "this test"),
                ("error media type", "this test"),
                ("parameters are never null", "this test"),
                ("discriminator", "this test"),
                ("callbacks", "this test"),
            ],
            evidence: Evidence { unseen: &[], outside_the_api: &[], variable_parts: &[], survivors: &[] },
        },
    }
}

fn login() -> Value {
    json!({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://example.com/token", "scopes": {"send": "Send parcels."}}}})
}

fn text_header() -> Value {
    json!({"required": true, "schema": {"type": "string"}})
}

fn report() -> Value {
    json!({"type": "object", "required": ["number"], "properties": {"number": {"type": "integer", "format": "int64"}}})
}

fn number() -> Value {
    json!({"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64", "minimum": 0}})
}

fn schemas() -> Value {
    json!({
        "Parcel": {"type": "object", "required": ["contact", "content", "url"], "properties": {
            "contact": {"type": "string", "format": "email", "minLength": 0},
            "content": {"oneOf": [{"$ref": "#/components/schemas/Letter"}, {"$ref": "#/components/schemas/Box"}]},
            "url": {"type": "string"},
            "speed": {"type": "string", "enum": ["new", "old"]},
            "days": {"type": "integer", "format": "int64", "default": 5},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "example": {"description": "The sender.", "allOf": [{"$ref": "#/components/schemas/Who"}]},
        }},
        "Letter": {"type": "object", "required": ["pages"], "properties": {"pages": {"type": "integer", "format": "int32"}}},
        "Box": {"type": "object", "required": ["litres"], "properties": {"litres": {"type": "integer", "format": "int32"}}},
        "Who": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "Problem": {"type": "object", "required": ["title"], "properties": {
            "title": {"type": "string"},
            "errors": {"type": "array", "items": {
                "type": "object", "required": ["pointer"], "properties": {"pointer": {"type": "string"}}}},
        }},
    })
}

/// Returns the document that dropshot would generate.
fn generated() -> Value {
    let json = |name: &str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}});
    let with_errors = |mut responses: Value| {
        responses["4XX"] = json!({"$ref": "#/components/responses/Error"});
        responses["5XX"] = json!({"$ref": "#/components/responses/Error"});
        responses
    };
    let parcel = json!({"headers": {"etag": text_header()}, "content": json("Parcel")});
    json!({
        "openapi": "3.0.3",
        "info": {"title": "", "version": "9.9.9"},
        "paths": {
            "/parcels/{number}": {"put": {
                "operationId": "sendParcel",
                "summary": "Send a parcel",
                "parameters": [number()],
                "requestBody": {"required": true, "content": json("Parcel")},
                "responses": with_errors(json!({"200": parcel})),
            }},
            "/whoami": {"get": {
                "operationId": "whoami", "summary": "Who calls", "responses": with_errors(json!({"200": {"content": json("Who")}})),
            }},
            "/alive": {"head": {"operationId": "alive", "summary": "Whether it runs", "responses": with_errors(json!({"204": {}}))}},
        },
        "components": {"schemas": schemas(), "responses": {"Error": {"content": json("Problem")}}},
    })
}

/// Returns the document that is written by hand.
pub(crate) fn document() -> Value {
    let parcel = json!({"contact": "a@example.com", "content": {"pages": 2}, "url": "http://example.com/"});
    let of_parcel = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Parcel"}, "example": parcel}});
    let who = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Who"}, "example": {"name": "a"}}});
    let of_report = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Report"}, "example": {"number": 7}}});
    let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": {"title": "a"}}});
    let reference = |kind: &str, name: &str| json!({"$ref": format!("#/components/{kind}/{name}")});
    let failed = reference("responses", "Failed");
    let refused = reference("responses", "Unauthenticated");
    let mut schemas = schemas();
    schemas["Report"] = report();
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Parcels", "version": "9.9.9"},
        "servers": [{"url": "http://127.0.0.1:7000"}],
        "security": [{"login": []}],
        "tags": [],
        "paths": {
            "/parcels/{number}": {
                "summary": "A parcel",
                "description": "One of many.",
                "parameters": [reference("parameters", "Number")],
                "put": {
                    "operationId": "sendParcel",
                    "summary": "Send a parcel",
                    "tags": [],
                    "security": [{"login": []}],
                    "x-scope": "send",
                    "requestBody": reference("requestBodies", "Parcel"),
                    "responses": {
                        "200": {
                            "description": "It is sent.", "headers": {"ETag": reference("headers", "ETag")}, "content": of_parcel,
                        },
                        "400": failed, "401": refused, "403": failed, "500": failed,
                    },
                    "callbacks": {
                        "delivered": {"{$request.body#/url}": {"put": {
                            "security": [{}],
                            "requestBody": {"required": true, "content": of_report},
                            "responses": {"204": {"description": "Taken."}},
                        }}},
                        "lost": reference("callbacks", "Lost"),
                    },
                },
            },
            "/whoami": {"get": {
                "operationId": "whoami",
                "summary": "Who calls",
                "security": [{"login": []}],
                "responses": {"200": {"description": "This one.", "content": who}, "401": refused, "500": failed},
            }},
            "/alive": {"head": {
                "operationId": "alive",
                "summary": "Whether it runs",
                "security": [],
                "responses": {"204": {"description": "It does."}, "500": failed},
            }},
        },
        "components": {
            "securitySchemes": {"login": login()},
            "parameters": {"Number": number()},
            "headers": {"ETag": text_header()},
            "requestBodies": {"Parcel": {"required": true, "content": of_parcel}},
            "callbacks": {"Lost": {"{$request.body#/url}": {"post": {
                "responses": {"204": {"description": "Taken."}, "410": {"description": "Tell no more."}},
            }}}},
            "responses": {
                "Failed": {"description": "It failed.", "content": problem},
                "Unauthenticated": {
                    "description": "A token is needed.", "headers": {"WWW-Authenticate": text_header()}, "content": problem,
                },
            },
            "schemas": schemas,
        },
    })
}

fn api_exchange(method: &str, path: &str, caller: Caller, request: Option<Value>, status: u16, body: Value) -> Exchange {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let mut response_headers = vec![("content-type".to_owned(), media_type.to_owned())];
    response_headers.extend((status == 200).then(|| ("etag".to_owned(), "a".to_owned())));
    response_headers.extend((status == 401).then(|| ("www-authenticate".to_owned(), "Bearer".to_owned())));
    Exchange::Api(ApiExchange {
        method: method.to_owned(),
        path: path.to_owned(),
        query: String::new(),
        caller,
        request_headers: vec![],
        request_body: Some(request.map(|body| body.to_string()).unwrap_or_default()),
        status,
        response_headers,
        response_body: if body.is_null() { String::new() } else { body.to_string() },
    })
}

/// Returns a recorded callback. `name` is the recorded name of the callback.
pub(crate) fn callback(name: Option<&str>, method: &str, body: &str, status: u16) -> Callback {
    let mut headers = vec![
        ("user-agent".to_owned(), "parcels/1.0".to_owned()),
        ("traceparent".to_owned(), "00-1-2-01".to_owned()),
        ("accept-language".to_owned(), "en".to_owned()),
    ];
    headers.extend((!body.is_empty()).then(|| ("content-type".to_owned(), "application/json".to_owned())));
    Callback {
        name: name.map(str::to_owned),
        method: method.to_owned(),
        headers,
        authentication: None,
        body: body.to_owned(),
        status: Some(status),
        response_headers: vec![],
    }
}

/// Returns exchanges that show every statement of the document.
pub(crate) fn recorded() -> Vec<Exchange> {
    let scopes = |names: &[&str]| Caller::Scopes(names.iter().map(|name| (*name).to_owned()).collect());
    let sender = || scopes(&["send"]);
    let small = json!({"contact": "a@example.com", "content": {"pages": 2}, "url": "http://127.0.0.1/"});
    let full = |speed: &str| {
        json!({
            "contact": "a@example.com", "content": {"litres": 3}, "url": "http://127.0.0.1/", "speed": speed, "days": 1,
            "labels": {"colour": "red"}, "example": {"name": "a"},
        })
    };
    let wrong = json!({"contact": "a", "content": {"pages": 2}, "url": "http://127.0.0.1/"});
    let problem = json!({"title": "It failed"});
    let refusal = json!({"title": "It is wrong", "errors": [{"pointer": "#/contact"}]});
    let nothing = json!({"title": "It is wrong", "errors": []});
    let put = |caller, request: &Value, status, body: &Value| {
        api_exchange("PUT", "/parcels/7", caller, Some(request.clone()), status, body.clone())
    };
    vec![
        put(sender(), &small, 200, &small),
        put(sender(), &full("new"), 200, &full("new")),
        put(sender(), &full("old"), 200, &full("old")),
        // The contact matches its schema, but the service may still refuse it, for example because the address does
        // not exist.
        put(sender(), &small, 400, &refusal),
        put(sender(), &wrong, 400, &nothing),
        put(Caller::WithoutToken, &small, 401, &problem),
        put(scopes(&["read"]), &small, 403, &problem),
        put(sender(), &small, 500, &problem),
        api_exchange("GET", "/whoami", scopes(&["read"]), None, 200, json!({"name": "a"})),
        api_exchange("GET", "/whoami", Caller::WithoutToken, None, 401, problem.clone()),
        api_exchange("GET", "/whoami", scopes(&["read"]), None, 500, problem.clone()),
        api_exchange("HEAD", "/alive", Caller::WithoutToken, None, 204, Value::Null),
        api_exchange("HEAD", "/alive", Caller::WithoutToken, None, 500, Value::Null),
        Exchange::Callback(callback(Some("delivered"), "PUT", r#"{"number":7}"#, 204)),
        Exchange::Callback(callback(None, "POST", "", 204)),
        Exchange::Callback(callback(None, "POST", "", 410)),
    ]
}
