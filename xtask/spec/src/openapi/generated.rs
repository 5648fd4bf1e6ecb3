//! What the code says: the document that dropshot generates, and beside it what dropshot cannot put there but the code
//! has all the same (see the rules).

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::Profile;
use crate::profile::Errors;

/// Adds to the generated document what dropshot cannot say. `spec` says only which of the undecided statuses an operation has.
///
/// # Errors
/// When the generated document has another shape than dropshot gives it.
pub(super) fn complete(document: &mut Value, profile: &Profile, spec: &Value) -> anyhow::Result<()> {
    if let Some(license) = profile.license {
        document["info"]["license"] = json!({"name": license});
    }
    document["servers"] = json!([{"url": profile.server}]);
    document["components"]["securitySchemes"] = profile.security.schemes.clone();
    document["security"] = profile.security.required.clone();
    document["components"]["responses"] = error_responses(&document["components"]["responses"], &profile.errors)?;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).context("the generated document has no paths")?;
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().context("a path of the generated document is no object")? {
            let spec = spec.get("paths").and_then(|paths| paths.get(path)?.get(method)?.get("responses")).and_then(Value::as_object);
            complete_errors(path, operation, spec, &profile.errors)?;
            complete_defaults(operation, profile);
            operation["security"] = profile.security.required.clone();
            for callback in &profile.callbacks {
                if operation.get("operationId").is_some_and(|id| id == callback.operation_id) {
                    operation["callbacks"][callback.name][callback.url][callback.method] = callback.operation.clone();
                }
            }
        }
    }
    Ok(())
}

/// dropshot says `4XX` and `5XX`; this says which.
fn complete_errors(path: &str, operation: &mut Value, spec: Option<&Map<String, Value>>, errors: &Errors) -> anyhow::Result<()> {
    let has_body = operation.get("requestBody").is_some();
    let has_input = has_body || operation.get("parameters").is_some();
    let mut statuses: BTreeSet<&str> = errors.always.iter().copied().collect();
    for (holds, more) in [(has_input, errors.with_input), (has_body, errors.with_body), (path.contains('{'), errors.with_path_parameter)] {
        statuses.extend(more.iter().filter(|_| holds));
    }
    statuses.extend(errors.undecided.iter().filter(|status| spec.is_some_and(|responses| responses.contains_key(**status))));

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
fn error_responses(responses: &Value, errors: &Errors) -> anyhow::Result<Value> {
    let lists = [errors.always, errors.with_input, errors.with_body, errors.with_path_parameter, errors.undecided];
    let mut completed = Map::new();
    for (name, response) in responses.as_object().context("the generated document has no error responses")? {
        let mut response = response.clone();
        let json = response.pointer("/content/application~1json").context("a generated error response is not JSON")?.clone();
        if let Some(media_type) = errors.media_type {
            response["content"][media_type] = json;
        }
        for status in lists.into_iter().flatten() {
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
