//! The profile of this service for the crate `openapi-proof`.

use anyhow::{Context as _, anyhow};
use openapi_proof::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service, Unseen};
use serde_json::{Map, Value, json};
use webhooks_server_api::callback::{CallbackBody, CallbackHeaders, ResponseClass};
use webhooks_server_api::types::PageLimit;
use webhooks_server_api::{DEFAULT_LISTEN, NOT};

/// Returns the description of this service for the crate `openapi-proof`.
///
/// # Errors
/// If the checkout is missing, or if the document of the API trait or a schema of the callback cannot be generated.
pub fn service() -> anyhow::Result<Service> {
    let root = crate::repository("").canonicalize().context("cannot find the checkout")?;
    Ok(Service { root, exchanges: "target/contract/exchanges.jsonl".into(), generated: generated()?, profile: profile()? })
}

fn generated() -> anyhow::Result<Value> {
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION")).context("cannot parse the version of this package")?;
    let api = webhooks_server_api::api_mod::stub_api_description().map_err(|error| anyhow!("cannot describe the API trait: {error}"))?;
    let mut document = api.openapi("", version).json().context("cannot generate the document of the API trait")?;
    restore_not(&mut document);
    Ok(document)
}

/// Adds the keyword `not` to each schema for which the code has it as the extension [`NOT`].
fn restore_not(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(restore_not),
        Value::Object(members) => {
            members.values_mut().for_each(restore_not);
            if let Some(not) = members.shift_remove(NOT) {
                members.insert("not".to_owned(), not);
            }
        }
        _ => {}
    }
}

fn profile() -> anyhow::Result<Profile> {
    Ok(Profile {
        command: "cargo xtask",
        test_command: "cargo test -p webhooks-server --test it",
        license: Some(env!("CARGO_PKG_LICENSE")),
        server: format!("http://{DEFAULT_LISTEN}"),
        security: Security {
            schemes: json!({
                "bearerAuth": {"type": "http", "scheme": "bearer"},
                "callbackBasic": {"type": "http", "scheme": "basic"},
                "callbackBearer": {"type": "http", "scheme": "bearer"},
            }),
            required: json!([{"bearerAuth": []}]),
            scope: Some("x-required-scope"),
            without_scope: &["getCaller"],
            public: &[],
        },
        errors: Errors {
            always: &["500", "503"],
            with_token: &["401"],
            with_scope: &["403"],
            with_input: &["400"],
            with_body: &["413", "415"],
            with_path_parameter: &["404"],
            if_documented: &["404", "409", "429"],
            media_types: &["application/json", "application/problem+json"],
            headers: vec![
                // RFC 6750 §3.
                ErrorHeader {
                    statuses: &["401"],
                    name: "WWW-Authenticate",
                    header: json!({"required": true, "schema": {"type": "string", "enum": ["Bearer"]}}),
                },
                // RFC 9110 §10.2.3. The service sends a number of seconds.
                ErrorHeader {
                    statuses: &["429", "503"],
                    name: "Retry-After",
                    header: json!({
                        "required": true, "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 86400},
                    }),
                },
                // RFC 9110 §15.5.16.
                ErrorHeader {
                    statuses: &["415"],
                    name: "Accept",
                    header: json!({"schema": {"type": "string", "enum": ["application/json"]}}),
                },
                ErrorHeader {
                    statuses: &["415"],
                    name: "Accept-Encoding",
                    header: json!({"schema": {"type": "string", "enum": ["identity"]}}),
                },
            ],
            kind: Some("code"),
            refusal: Refusal {
                status: 400,
                kind: Some("invalid_request"),
                pointers: Some(("errors", "pointer")),
                beyond_the_schema: &[
                    "/targetURL",
                    "/auth/tokenURL",
                    "/account",
                    "/auth",
                    "/auth/password",
                    "/headers",
                    "/headers/*/name",
                    "/eventTypes/*",
                    "/type",
                    // Some JSON parsers cannot read some payloads.
                    "/data/**",
                    "/description",
                ],
                // A range of statistics depends on the current time.
                opaque_parameters: &["account", "cursor", "interval", "since", "until"],
            },
        },
        parameter_defaults: vec![("limit", PageLimit::DEFAULT.0.into())],
        callbacks: vec![Callback {
            operation_id: "registerWebhook",
            name: "notification",
            url: "{$request.body#/targetURL}",
            method: "post",
            operation: callback()?,
        }],
        checked_by: &[
            ("hosts", "server/tests/it: every test uses the documented paths, on the host where the test runs"),
            ("security", "server/tests/it/auth.rs: every operation refuses a call without a token"),
            ("scopes", "server/tests/it/auth.rs: every operation refuses a token without its scope, and accepts one with only this scope"),
            (
                "error statuses",
                "server/tests/it/harness/contract.rs: an undocumented status fails; `cargo xtask coverage`: an unseen status fails",
            ),
            ("error headers", "server/tests/it/harness/contract.rs: every response has the required headers with valid values"),
            ("error media type", "server/tests/it/auth.rs: a problem has the media type that the caller accepts"),
            ("parameter defaults", "server/tests/it/webhooks.rs: the default page size is ten"),
            ("parameters are never null", "server/tests/it/bad_input.rs: an invalid query is refused"),
            ("discriminator", "server/tests/it/bad_input.rs: an authentication with an invalid member is refused with a pointer to it"),
            (
                "callbacks",
                "`cargo xtask coverage`: there was a callback with each authentication, and a response with each status; \
                 server/tests/it/delivery.rs: the effect of each response of a receiver",
            ),
        ],
        evidence: Evidence {
            unseen: &[Unseen {
                status: "503",
                operation_ids: &[
                    "getCaller",
                    "getDelivery",
                    "getNotification",
                    "getServiceStatus",
                    "getStatistics",
                    "getWebhook",
                    "listAccounts",
                    "listAuditEvents",
                    "listDeliveries",
                    "listEventTypes",
                    "listNotifications",
                    "listPauses",
                    "listWebhooks",
                ],
                reason: "they only read, and readers of the embedded database never wait for a writer",
            }],
            // The tests of the server check these paths.
            outside_the_api: &["/docs", "/openapi.json"],
            variable_parts: &[
                r"v1,[A-Za-z0-9+/]{43}=",
                r"whsec_[A-Za-z0-9+/]{43}=",
                r#""durationMs\\":\d+"#,
                r#""webhook-timestamp","\d+""#,
            ],
            survivors: &[],
        },
    })
}

/// Generates the OpenAPI operation of the callback. Its sources are the types of the headers and of the body, and the response
/// classes.
fn callback() -> anyhow::Result<Value> {
    let headers = schema_of::<CallbackHeaders>()?;
    let required = headers["required"].as_array().context("the schema of the callback headers has no required members")?;
    let parameters = headers["properties"].as_object().context("the schema of the callback headers has no properties")?.iter();
    let parameters: Vec<Value> = parameters
        .map(|(name, schema)| json!({"name": name, "in": "header", "required": required.contains(&name.as_str().into()), "schema": schema}))
        .collect();
    let responses = ResponseClass::ALL.into_iter().flat_map(|class| {
        let response = match class {
            // RFC 9110 §10.2.3: a number of seconds or a date. Both fit in 64 characters.
            ResponseClass::Busy => json!({"headers": {"Retry-After": {"schema": {"type": "string", "minLength": 1, "maxLength": 64}}}}),
            _ => json!({}),
        };
        class.statuses().iter().map(move |status| ((*status).to_owned(), response.clone()))
    });
    Ok(json!({
        "operationId": "receiveNotification",
        "tags": ["Webhooks"],
        "security": [{"callbackBasic": []}, {"callbackBearer": []}, {}],
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema_of::<CallbackBody>()?}}},
        "responses": responses.collect::<Map<_, _>>(),
    }))
}

fn schema_of<T: schemars::JsonSchema>() -> anyhow::Result<Value> {
    let settings = schemars::r#gen::SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>().schema;
    let mut schema = serde_json::to_value(schema).with_context(|| format!("cannot generate the schema of {}", T::schema_name()))?;
    restore_not(&mut schema);
    Ok(schema)
}
