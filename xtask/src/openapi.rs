//! `cargo xtask openapi`: proves that openapi.json and the code say the same.
//!
//! The document that dropshot derives from the API trait, and openapi.json, are both brought to one [`normal`] form and
//! compared, both ways; so is the callback's body. What the code cannot express is dropped by a rule of
//! [`RULES`], and each rule names the check that holds it instead. Every example is validated against its schema.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

mod compare;
mod examples;
mod lines;
mod normal;

pub(crate) use compare::Difference;

/// What the comparison leaves out, and what holds it.
pub(crate) const RULES: [(&str, &str); 9] = [
    (
        "descriptions, titles, examples and extensions",
        "prose lives in openapi.json alone; examples are validated against their schemas here",
    ),
    ("error statuses", "dropshot knows only 4XX and 5XX: the live ring refuses a status that an operation does not document"),
    ("application/problem+json", "dropshot gives errors one media type: the live ring checks the media type and body of each problem"),
    ("headers of errors", "the live ring checks WWW-Authenticate and Retry-After where the document requires them"),
    ("security", "the tests send each operation a request without a token and one without its scope"),
    ("servers", "the README's commands are run as printed"),
    ("callback headers and answers", "the live ring checks each callback that the service sends; the delivery tests each answer"),
    ("discriminator", "the variants are compared one by one; a test sends a wrong `type`"),
    ("default of a parameter", "dropshot loses it: the tests list without a limit"),
];

pub(crate) enum Outcome {
    Agree,
    Drift,
}

pub(crate) fn run(root: &Path) -> anyhow::Result<Outcome> {
    let text = std::fs::read_to_string(root.join("openapi.json")).context("cannot read openapi.json")?;
    let differences = differences(&text)?;
    if differences.is_empty() {
        println!("openapi.json and the code say the same");
        return Ok(Outcome::Agree);
    }
    let lines = lines::of_pointers(&text);
    for difference in &differences {
        println!("{}", difference.render(lines::nearest(&lines, &difference.pointer)));
    }
    println!(
        "\n{} differences. openapi.json is the source of truth: change server/src/api.rs and server/src/api/types until they agree, \
         or, if the document is wrong, change it and run `cargo xtask client`.",
        differences.len()
    );
    Ok(Outcome::Drift)
}

pub(crate) fn print_rules() {
    println!("What dropshot cannot express is left out of the comparison, and held by another check:\n");
    for (left_out, held_by) in RULES {
        println!("{left_out:48}  {held_by}");
    }
}

/// Everything in which the document `text` differs from the code, or from itself.
pub(crate) fn differences(text: &str) -> anyhow::Result<Vec<Difference>> {
    let spec: Value = serde_json::from_str(text).context("openapi.json is not JSON")?;
    let (code, callback) = code_documents()?;
    let mut differences = Vec::new();
    let spec_form = normal::document(&spec, &mut differences)?;
    let code_form = normal::document(&code, &mut differences)?;
    compare::nodes(&spec_form, &code_form, &mut differences);
    compare::nodes(&normal::callback(&spec)?, &normal::schema(&callback, "", &callback)?, &mut differences);
    let version = spec.pointer("/info/version").cloned().unwrap_or_default();
    if version != env!("CARGO_PKG_VERSION") {
        differences.push(Difference::new("/info/version", Some(version), Some(env!("CARGO_PKG_VERSION").into())));
    }
    examples::validate(&spec, &mut differences)?;
    // What many places refer to differs once.
    let mut seen = std::collections::HashSet::new();
    differences.retain(|difference| seen.insert(difference.pointer.clone()));
    Ok(differences)
}

/// What the API trait says, and what the engine serialises as a callback's body.
fn code_documents() -> anyhow::Result<(Value, Value)> {
    let description = webhooks_server::api::api_mod::stub_api_description().map_err(|error| anyhow::anyhow!("the API trait: {error}"))?;
    let version = semver::Version::parse(env!("CARGO_PKG_VERSION"))?;
    let api = description.openapi("Notifications API", version).json().context("dropshot cannot write the trait's document")?;
    let callback =
        schemars::r#gen::SchemaSettings::openapi3().into_generator().into_root_schema_for::<webhooks_server::delivery::CallbackBody<'_>>();
    let mut schema = serde_json::to_value(callback.schema)?;
    schema["components"]["schemas"] = serde_json::to_value(callback.definitions)?;
    Ok((api, schema))
}

#[cfg(test)]
mod tests;
