//! Completes the document that dropshot generates. Adds the statements that dropshot cannot express (see `rules`).

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

use super::node::METHODS;
use crate::Profile;

/// Adds the statements of the profile to the generated document. `spec` is used only for [`crate::Errors::if_documented`].
///
/// # Errors
/// When the generated document does not have the structure that dropshot generates.
pub(super) fn complete(document: &mut Value, profile: &Profile, spec: &Value) -> anyhow::Result<()> {
    if let Some(license) = profile.license {
        document["info"]["license"] = json!({"name": license});
    }
    document["servers"] = json!([{"url": profile.server}]);
    document["components"]["securitySchemes"] = profile.security.schemes.clone();
    document["security"] = profile.security.required.clone();
    document["components"]["responses"] = error_responses(&document["components"]["responses"], profile)?;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).context("the generated document has no paths")?;
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().context("a path of the generated document is not an object")? {
            let spec = spec.get("paths").and_then(|paths| paths.get(path)?.get(method)?.get("responses")).and_then(Value::as_object);
            complete_errors(path, operation, spec, profile)?;
            complete_defaults(operation, profile);
            let is_public = profile.security.public.contains(&id(operation));
            operation["security"] = if is_public { json!([]) } else { profile.security.required.clone() };
            for callback in &profile.callbacks {
                if operation.get("operationId").is_some_and(|id| id == callback.operation_id) {
                    operation["callbacks"][callback.name][callback.url][callback.method] = callback.operation.clone();
                }
            }
        }
    }
    Ok(())
}

/// Checks that each entry of the profile applies to the generated document.
///
/// # Errors
/// When an entry matches nothing in the generated document.
pub(super) fn check(document: &Value, profile: &Profile) -> anyhow::Result<()> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let members = paths.flat_map(|(_, item)| item.as_object().into_iter().flatten());
    let operations: Vec<&Value> = members.filter(|(name, _)| METHODS.contains(&name.as_str())).map(|(_, operation)| operation).collect();
    let is_operation = |expected: &str| operations.iter().any(|operation| id(operation) == expected);
    let has_parameter = |name: &str| {
        let parameters = operations.iter().flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
        parameters.into_iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    };
    let statuses = profile.errors.statuses();
    let is_status = |status: &str| statuses.iter().any(|(_, statuses)| statuses.contains(&status));

    let security = &profile.security;
    let mut unmatched: Vec<String> = Vec::new();
    for (list, ids) in [("security.without_scope", security.without_scope), ("security.public", security.public)] {
        unmatched.extend(ids.iter().filter(|id| !is_operation(id)).map(|id| format!("{list}: there is no operation {id:?}")));
    }
    if security.scope.is_none() && !security.without_scope.is_empty() {
        unmatched.push("security.without_scope: there are no scopes".to_owned());
    }
    let callbacks = profile.callbacks.iter().filter(|callback| !is_operation(callback.operation_id));
    unmatched.extend(callbacks.map(|callback| format!("callbacks: there is no operation {:?}", callback.operation_id)));
    let defaults = profile.parameter_defaults.iter().filter(|(name, _)| !has_parameter(name));
    unmatched.extend(defaults.map(|(name, _)| format!("parameter_defaults: there is no query parameter {name:?}")));
    for header in &profile.errors.headers {
        let statuses = header.statuses.iter().filter(|status| !is_status(status));
        unmatched.extend(statuses.map(|status| format!("errors.headers: {} is for status {status}, which no error has", header.name)));
    }
    if profile.errors.media_types.is_empty() {
        unmatched.push("errors.media_types: the list is empty".to_owned());
    }
    ensure!(unmatched.is_empty(), "the profile has entries that do not apply: {}", unmatched.join("; "));
    Ok(())
}

fn id(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or_default()
}

/// Replaces the responses `4XX` and `5XX`, which dropshot generates, by one response for each status of the profile.
fn complete_errors(path: &str, operation: &mut Value, spec: Option<&Map<String, Value>>, profile: &Profile) -> anyhow::Result<()> {
    let (errors, security) = (&profile.errors, &profile.security);
    let has_body = operation.get("requestBody").is_some();
    let has_input = has_body || operation.get("parameters").is_some();
    let mut statuses: BTreeSet<&str> = errors.always.iter().copied().collect();
    for (applies, additional) in [
        (!security.public.contains(&id(operation)), errors.with_token),
        (security.needs_scope(id(operation)), errors.with_scope),
        (has_input, errors.with_input),
        (has_body, errors.with_body),
        (path.contains('{'), errors.with_path_parameter),
    ] {
        statuses.extend(additional.iter().filter(|_| applies));
    }
    statuses.extend(errors.if_documented.iter().filter(|status| spec.is_some_and(|responses| responses.contains_key(**status))));

    let responses = operation.get_mut("responses").and_then(Value::as_object_mut).context("a generated operation has no responses")?;
    for class in ["4XX", "5XX"] {
        let response = responses.remove(class).with_context(|| format!("a generated operation has no response {class}"))?;
        let name = response.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/responses/"));
        let name = name.with_context(|| format!("a generated response {class} is not a reference"))?;
        for status in statuses.iter().filter(|status| status[..1] == class[..1]) {
            responses.insert((*status).to_owned(), json!({"$ref": format!("#/components/responses/{name}{status}")}));
        }
    }
    Ok(())
}

/// Copies each error response of the generated document. Makes one copy for each error status of the profile. Each copy
/// has the media types and the headers of the profile.
fn error_responses(responses: &Value, profile: &Profile) -> anyhow::Result<Value> {
    let errors = &profile.errors;
    let mut completed = Map::new();
    for (name, response) in responses.as_object().context("the generated document has no error responses")? {
        let mut response = response.clone();
        let json = response.pointer("/content/application~1json").context("a generated error response is not JSON")?.clone();
        let content: Map<String, Value> = errors.media_types.iter().map(|name| ((*name).to_owned(), json.clone())).collect();
        response["content"] = content.into();
        for status in errors.statuses().into_iter().flat_map(|(_, statuses)| statuses) {
            let mut response = response.clone();
            for header in errors.headers.iter().filter(|header| header.statuses.contains(status)) {
                response["headers"][header.name] = header.header.clone();
            }
            completed.insert(format!("{name}{status}"), response);
        }
    }
    Ok(Value::Object(completed))
}

fn complete_defaults(operation: &mut Value, profile: &Profile) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let default = profile.parameter_defaults.iter().find(|(name, _)| parameter["in"] == "query" && parameter["name"] == *name);
        if let Some((_, default)) = default {
            parameter["schema"]["default"] = default.clone();
        }
    }
}
