//! What the code says: the document that the trait generates, and beside it what dropshot cannot put there but the code
//! has all the same (see the rules).

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use serde_json::{Map, Value, json};
use webhooks_server_api::DEFAULT_LISTEN;
use webhooks_server_api::callback::{Answer, CallbackBody, CallbackHeaders};

/// Where the callback stands in the document, which is not the code's to say.
const CALLBACK: (&str, &str, &str) = ("registerWebhook", "notification", "{$request.body#/targetURL}");

/// Statuses that an operation may or may not answer: nothing in its shape tells.
const OPTIONAL: [&str; 3] = ["404", "409", "429"];

const STATUSES: [&str; 10] = ["400", "401", "403", "404", "409", "413", "415", "429", "500", "503"];

/// # Errors
/// When the trait's document cannot be made.
pub(super) fn document() -> anyhow::Result<Value> {
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION")).context("the version of this package")?;
    let api = webhooks_server_api::api_mod::stub_api_description().map_err(|error| anyhow!("the API trait: {error}"))?;
    api.openapi("", version).json().context("the API trait's document")
}

/// The callback's operation, from the types that the engine sends and from what it makes of an answer.
///
/// # Errors
/// When schemars gives no JSON.
pub(super) fn callback() -> anyhow::Result<Value> {
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

/// Adds to the generated document what dropshot cannot say. `spec` says only which of the optional statuses an
/// operation has.
///
/// # Errors
/// When the generated document has another shape than dropshot gives it.
pub(super) fn complete(document: &mut Value, callback: &Value, spec: &Value) -> anyhow::Result<()> {
    document["info"]["license"] = json!({"name": env!("CARGO_PKG_LICENSE")});
    document["servers"] = json!([{"url": format!("http://{DEFAULT_LISTEN}")}]);
    document["components"]["securitySchemes"] = json!({
        "bearerAuth": {"type": "http", "scheme": "bearer"},
        "callbackBasic": {"type": "http", "scheme": "basic"},
        "callbackBearer": {"type": "http", "scheme": "bearer"},
    });
    document["security"] = json!([{"bearerAuth": []}]);
    document["components"]["responses"] = error_responses(&document["components"]["responses"])?;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).context("the generated document has no paths")?;
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().context("a path of the generated document is no object")? {
            let spec = spec.get("paths").and_then(|paths| paths.get(path)?.get(method)?.get("responses")).and_then(Value::as_object);
            complete_errors(path, operation, spec)?;
            complete_defaults(operation);
            operation["security"] = json!([{"bearerAuth": []}]);
            let (operation_id, name, expression) = CALLBACK;
            if operation.get("operationId").is_some_and(|id| id == operation_id) {
                operation["callbacks"] = json!({name: {expression: {"post": callback}}});
            }
        }
    }
    Ok(())
}

/// dropshot says `4XX` and `5XX`; this says which.
fn complete_errors(path: &str, operation: &mut Value, spec: Option<&Map<String, Value>>) -> anyhow::Result<()> {
    let has_body = operation.get("requestBody").is_some();
    let has_input = has_body || operation.get("parameters").is_some();
    let mut statuses = BTreeSet::from(["401", "403", "500", "503"]);
    statuses.extend(has_input.then_some("400"));
    statuses.extend(path.contains('{').then_some("404"));
    statuses.extend(has_body.then_some(["413", "415"]).into_iter().flatten());
    statuses.extend(OPTIONAL.into_iter().filter(|status| spec.is_some_and(|responses| responses.contains_key(*status))));

    let responses = operation.get_mut("responses").and_then(Value::as_object_mut).context("a generated operation has no responses")?;
    for class in ["4XX", "5XX"] {
        let response = responses.remove(class).with_context(|| format!("a generated operation has no response {class}"))?;
        let name = response.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/responses/"));
        let name = name.with_context(|| format!("a generated response {class} is no reference"))?;
        for status in statuses.iter().filter(|status| status[..1] == class[..1]) {
            responses.insert((*status).to_owned(), json!({"$ref": format!("#/components/responses/{name}{status}")}));
        }
    }
    Ok(())
}

/// dropshot's error responses, once for each status: in both media types, and with its headers.
fn error_responses(responses: &Value) -> anyhow::Result<Value> {
    let mut completed = Map::new();
    for (name, response) in responses.as_object().context("the generated document has no error responses")? {
        let mut response = response.clone();
        let json = response.pointer("/content/application~1json").context("a generated error response is not JSON")?.clone();
        response["content"]["application/problem+json"] = json;
        for status in STATUSES {
            let mut response = response.clone();
            if let Some((name, header)) = error_header(status) {
                response["headers"] = json!({name: header});
            }
            completed.insert(format!("{name}{status}"), response);
        }
    }
    Ok(Value::Object(completed))
}

/// What an error of this status carries beside its problem.
fn error_header(status: &str) -> Option<(&'static str, Value)> {
    match status {
        // RFC 6750 §3.
        "401" => Some(("WWW-Authenticate", json!({"required": true, "schema": {"type": "string", "enum": ["Bearer"]}}))),
        // RFC 9110 §10.2.3, in seconds.
        "429" | "503" => {
            let seconds = json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 86400});
            Some(("Retry-After", json!({"required": true, "schema": seconds})))
        }
        _ => None,
    }
}

fn complete_defaults(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "query" && parameter["name"] == "limit" {
            parameter["schema"]["default"] = webhooks_server_api::types::PageLimit::DEFAULT.0.into();
        }
    }
}
