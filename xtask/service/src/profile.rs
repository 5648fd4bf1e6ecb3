//! What the drift proof has to know of this service.

use anyhow::{Context as _, anyhow};
use openapi_proof::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service, Unseen};
use serde_json::{Map, Value, json};
use webhooks_server_api::DEFAULT_LISTEN;
use webhooks_server_api::callback::{Answer, CallbackBody, CallbackHeaders};
use webhooks_server_api::types::PageLimit;

/// This service under proof.
///
/// # Errors
/// When the checkout is gone, or the API trait's document, or the schema of a callback, cannot be made.
pub fn service() -> anyhow::Result<Service> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    Ok(Service { root, exchanges: "target/contract/exchanges.jsonl".into(), generated: generated()?, profile: profile()? })
}

fn generated() -> anyhow::Result<Value> {
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION")).context("the version of this package")?;
    let api = webhooks_server_api::api_mod::stub_api_description().map_err(|error| anyhow!("the API trait: {error}"))?;
    api.openapi("", version).json().context("the API trait's document")
}

fn profile() -> anyhow::Result<Profile> {
    Ok(Profile {
        command: "cargo xtask",
        record_with: "cargo test -p webhooks-server --test it",
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
            without_scope: &[],
            public: &[],
        },
        errors: Errors {
            always: &["500", "503"],
            with_token: &["401"],
            with_scope: &["403"],
            with_input: &["400"],
            with_body: &["413", "415"],
            with_path_parameter: &["404"],
            undecided: &["404", "409", "429"],
            media_types: &["application/json", "application/problem+json"],
            headers: vec![
                // RFC 6750 §3.
                ErrorHeader {
                    statuses: &["401"],
                    name: "WWW-Authenticate",
                    header: json!({"required": true, "schema": {"type": "string", "enum": ["Bearer"]}}),
                },
                // RFC 9110 §10.2.3, in seconds.
                ErrorHeader {
                    statuses: &["429", "503"],
                    name: "Retry-After",
                    header: json!({
                        "required": true, "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 86400},
                    }),
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
                ],
                opaque_parameters: &["cursor"],
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
        held_by: &[
            ("hosts", "server/tests/it: every test calls the paths as they are written, at whatever host the test runs"),
            ("security", "server/tests/it/auth.rs: every operation refuses a call without a token"),
            ("scopes", "server/tests/it/auth.rs: every operation refuses a token without its scope, and takes one with it alone"),
            (
                "error statuses",
                "server/tests/it/harness/contract.rs: an undocumented status fails; `cargo xtask coverage`: so does one never seen",
            ),
            ("error headers", "server/tests/it/harness/contract.rs: the required headers of every answer are there and valid"),
            ("error media type", "server/tests/it/auth.rs: a problem comes in the media type that is accepted"),
            ("parameter defaults", "server/tests/it/webhooks.rs: a page has ten items unless asked otherwise"),
            ("parameters are never null", "server/tests/it/bad_input.rs: a wrong query is refused"),
            ("discriminator", "server/tests/it/bad_input.rs: an authentication with a wrong member is refused where it is wrong"),
            (
                "callbacks",
                "`cargo xtask coverage`: a callback came with each authentication, and was answered with each status; \
                 server/tests/it/delivery.rs: what each answer of a receiver leads to",
            ),
        ],
        evidence: Evidence {
            unseen: &[Unseen {
                status: "503",
                operation_ids: &[
                    "getDelivery",
                    "getNotification",
                    "getSigningSecret",
                    "getWebhook",
                    "listDeliveries",
                    "listEventTypes",
                    "listNotifications",
                    "listWebhooks",
                    "testWebhook",
                ],
                reason: "they only read, and nothing that holds the embedded database up keeps its readers waiting",
            }],
            // The server's own tests hold these.
            beside_the_api: &["/docs", "/openapi.json"],
            new_each_time: &[
                r"v1,[A-Za-z0-9+/]{43}=",
                r"whsec_[A-Za-z0-9+/]{43}=",
                r#""durationMs\\":\d+"#,
                r#""webhook-timestamp","\d+""#,
            ],
            survivors: &[],
        },
    })
}

/// The callback's operation, from the types that the engine sends and from what it makes of an answer.
fn callback() -> anyhow::Result<Value> {
    let headers = schema_of::<CallbackHeaders>()?;
    let required = headers["required"].as_array().context("the schema of a callback's headers requires nothing")?;
    let parameters = headers["properties"].as_object().context("the schema of a callback's headers has no properties")?.iter();
    let parameters: Vec<Value> = parameters
        .map(|(name, schema)| json!({"name": name, "in": "header", "required": required.contains(&name.as_str().into()), "schema": schema}))
        .collect();
    let responses = Answer::ALL.into_iter().flat_map(|answer| {
        let response = match answer {
            // RFC 9110 §10.2.3, in seconds or as a date, none of which is longer.
            Answer::Busy => json!({"headers": {"Retry-After": {"schema": {"type": "string", "minLength": 1, "maxLength": 64}}}}),
            _ => json!({}),
        };
        answer.statuses().iter().map(move |status| ((*status).to_owned(), response.clone()))
    });
    Ok(json!({
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
    serde_json::to_value(schema).with_context(|| format!("the schema of {}", T::schema_name()))
}
