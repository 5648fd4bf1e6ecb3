//! The profile of the charging stations.

use std::path::{Path, PathBuf};

use openapi_proof::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service};
use serde_json::{Map, Value, json};

use crate::station::{REPORT_STATUSES, Report, ReportHeaders, station_api_mod};

pub(crate) fn service(exchanges: &str) -> Service {
    let api = station_api_mod::stub_api_description().expect("the API is valid");
    Service {
        root: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"),
        exchanges: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(exchanges),
        generated: api.openapi("Charging stations", semver::Version::new(1, 2, 0)).json().expect("a document"),
        profile: profile(),
    }
}

fn profile() -> Profile {
    Profile {
        command: "stations",
        test_command: "cargo test",
        license: None,
        server: "http://127.0.0.1:7000".to_owned(),
        security: Security {
            schemes: json!({"token": {"type": "http", "scheme": "bearer"}}),
            required: json!([{"token": []}]),
            scope: None,
            without_scope: &[],
            public: &[],
        },
        errors: Errors {
            always: &["500"],
            with_token: &["401"],
            with_scope: &[],
            with_input: &["400"],
            with_body: &[],
            with_path_parameter: &["404"],
            if_documented: &["409"],
            media_types: &["application/json"],
            headers: vec![ErrorHeader {
                statuses: &["401"],
                name: "WWW-Authenticate",
                header: json!({"required": true, "schema": {"type": "string", "enum": ["Bearer"]}}),
            }],
            kind: Some("error_code"),
            refusal: Refusal { status: 400, kind: None, pointers: None, beyond_the_schema: &[], opaque_parameters: &["id"] },
        },
        parameter_defaults: vec![("limit", json!(20))],
        callbacks: vec![Callback {
            operation_id: "startSession",
            name: "finished",
            url: "{$request.body#/reportTo}",
            method: "post",
            operation: callback(),
        }],
        checked_by: &[
            ("hosts", "tests/it/exchange.rs"),
            ("security", "tests/it/exchange.rs"),
            ("error statuses", "tests/it/exchange.rs"),
            ("error headers", "tests/it/exchange.rs"),
            ("parameter defaults", "nothing: this is a test"),
            ("parameters are never null", "nothing: this is a test"),
            ("discriminator", "nothing: this is a test"),
            ("callbacks", "tests/it/exchange.rs"),
        ],
        evidence: Evidence { unseen: &[], outside_the_api: &[], variable_parts: &[], survivors: &[] },
    }
}

fn callback() -> Value {
    let headers = schema_of::<ReportHeaders>();
    let parameters = headers["properties"].as_object().into_iter().flatten();
    let parameters: Vec<Value> =
        parameters.map(|(name, schema)| json!({"name": name, "in": "header", "required": true, "schema": schema})).collect();
    let responses: Map<String, Value> = REPORT_STATUSES.iter().map(|status| ((*status).to_owned(), json!({}))).collect();
    json!({
        "security": [{}],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema_of::<Report>()}}},
        "responses": responses,
    })
}

fn schema_of<T: schemars::JsonSchema>() -> Value {
    let settings = schemars::r#gen::SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    serde_json::to_value(settings.into_generator().into_root_schema_for::<T>().schema).expect("a schema")
}
