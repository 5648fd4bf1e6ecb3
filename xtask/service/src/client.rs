//! `cargo xtask client`: generates the client of the API and mocks of its operations from openapi.json. The generated files are
//! committed, so users do not need the generator. A review shows how a change of openapi.json changes the client.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use openapi_proof::Service;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;
use serde_json::{Value, json};
use syn::punctuated::Punctuated;

/// Generates a source file from the text of openapi.json.
type Generate = fn(&str) -> anyhow::Result<String>;

const GENERATED: [(&str, Generate); 2] = [("client/src/generated.rs", generate), ("client/src/mock.rs", generate_mock)];
const HEADER: &str = "// Generated from openapi.json by `cargo xtask client`. Never edited.\n\n";

#[derive(clap::Args)]
pub struct Arguments {
    /// Write nothing; only check whether the committed files are up to date
    #[arg(long)]
    check: bool,
}

/// # Errors
/// If the generation fails, or a file cannot be read or written.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let document = service.document()?;
    let mut drift = false;
    for (name, generate) in GENERATED {
        let path = crate::repository(name);
        let expected = generate(&document)?;
        if !arguments.check {
            std::fs::write(&path, expected).with_context(|| format!("cannot write {}", path.display()))?;
            println!("wrote {name}");
        } else if let Some(line) = first_difference(&expected, &crate::read(&path)?) {
            drift = true;
            println!("{name}:{line}: differs from the file that openapi.json generates");
        }
    }
    if !drift {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "\nRun `cargo xtask client` and commit the files together with openapi.json. If you edited a file manually, make the\n\
         change in openapi.json, or in another file of client/src/."
    );
    Ok(ExitCode::from(openapi_proof::DRIFT))
}

/// Returns the source of client/src/generated.rs.
///
/// # Errors
/// If `document` is not an OpenAPI document, or the generator does not support it.
pub fn generate(document: &str) -> anyhow::Result<String> {
    let mut file = generate_file(document)?;
    hide_secrets(&mut file)?;
    hide_constructors(&mut file)?;
    // The examples that progenitor generates do not compile. They become plain text, so that they do not count as ignored tests.
    Ok(format!("{HEADER}{}", prettyplease::unparse(&file).replace("```ignore", "```text")))
}

/// Returns the source of client/src/mock.rs.
///
/// # Errors
/// In the same cases as [`generate`].
pub fn generate_mock(document: &str) -> anyhow::Result<String> {
    let document = prepare(document)?;
    let tokens = Generator::new(&settings()).httpmock(&document, "crate").context("the mocks cannot be generated")?;
    let file = syn::parse2(tokens).context("the generated mocks are not Rust")?;
    Ok(format!("{HEADER}{}", prettyplease::unparse(&file)))
}

fn generate_file(document: &str) -> anyhow::Result<syn::File> {
    let document = prepare(document)?;
    let mut settings = settings();
    settings.with_interface(InterfaceStyle::Builder).with_hooks(HooksMode::Expected).with_inner_type(quote!(crate::exchange::Exchange));
    let tokens = Generator::new(&settings).generate_tokens(&document).context("the client cannot be generated")?;
    syn::parse2(tokens).context("the generated client is not Rust")
}

/// The type of each member that contains any JSON object. It keeps the bytes of the object.
const PAYLOAD: &str = "Payload";

/// Members with an open vocabulary: the schema, the path of the member, and the type. Each type has a variant for each known value, and
/// keeps unknown values.
const VOCABULARIES: [(&str, &[&str], &str); 6] = [
    ("Attempt", &["outcome"], "Outcome"),
    ("Problem", &["code"], "Code"),
    ("Deactivation", &["reason"], "DeactivationReason"),
    ("WebhookHealth", &["state"], "HealthState"),
    ("WebhookFailure", &["outcome"], "Outcome"),
    ("WaitingFor", &["reason"], "WaitingReason"),
];

/// The settings of the client and of the mocks. The types in client/src/ replace the types that would be generated.
fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    // The members of a map are printed in the same order each time.
    settings.with_map_type("::std::collections::BTreeMap");
    for name in VOCABULARIES.iter().map(|(_, _, name)| *name).chain([PAYLOAD]) {
        settings.with_replacement(name, format!("crate::{name}"), [TypeImpl::Display, TypeImpl::FromStr].into_iter());
    }
    settings
}

/// Converts the document into the form that the generator needs.
fn prepare(document: &str) -> anyhow::Result<openapiv3::OpenAPI> {
    let mut document: Value = serde_json::from_str(document).context("openapi.json is not JSON")?;
    inline_variants(&mut document)?;
    for (schema, path, name) in VOCABULARIES {
        let mut member = document.pointer_mut("/components/schemas").and_then(|schemas| schemas.get_mut(schema));
        for step in path {
            member = member.and_then(|schema| schema.get_mut("properties")?.get_mut(step));
        }
        // A document without the schema, such as that of a test, needs no replacement.
        if let Some(member) = member {
            refer(member, name);
        }
    }
    name_payloads(&mut document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.context("openapi.json has no /components/schemas")?;
    for name in VOCABULARIES.iter().map(|(_, _, name)| *name).chain([PAYLOAD]) {
        schemas.insert(name.to_owned(), json!({ "type": "object" }));
    }
    // The order of the members in openapi.json must not change the client.
    document.sort_all_objects();
    serde_json::from_value(document).context("openapi.json is not an OpenAPI 3.0 document")
}

/// Replaces each schema of any JSON object with a reference to [`PAYLOAD`].
fn name_payloads(schema: &mut Value) {
    let is_payload =
        |schema: &Value| schema["type"] == "object" && schema["additionalProperties"] == true && schema.get("properties").is_none();
    if is_payload(schema) {
        refer(schema, PAYLOAD);
        return;
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(name_payloads),
        Value::Array(items) => items.iter_mut().for_each(name_payloads),
        _ => {}
    }
}

/// Replaces a schema with a reference to the schema `name`, and keeps its description.
fn refer(schema: &mut Value, name: &str) {
    let description = schema["description"].take();
    *schema = json!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }], "description": description });
}

/// Generated types that contain a secret. Their `Debug` must not show the secret.
const SECRETS: [&str; 4] = ["AuthInputPassword", "AuthInputClientSecret", "CustomHeaderInputValue", "SigningSecretSecret"];

fn hide_secrets(file: &mut syn::File) -> anyhow::Result<()> {
    let items = file.items.iter_mut().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content.as_mut().map(|(_, items)| items),
        _ => None,
    });
    let items = items.context("progenitor generated no module `types`")?;
    for name in SECRETS {
        let index = items.iter().position(|item| matches!(item, syn::Item::Struct(structure) if structure.ident == name));
        let index = index
            .with_context(|| format!("progenitor generated no type `{name}`: update SECRETS with the type that contains the secret"))?;
        let syn::Item::Struct(structure) = &mut items[index] else { bail!("`{name}` is not a struct") };
        for attribute in structure.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
            let derived = attribute.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated)?;
            let kept = derived.iter().filter(|path| path.segments.last().is_none_or(|last| last.ident != "Debug"));
            *attribute = syn::parse_quote!(#[derive(#(#kept),*)]);
        }
        let ident = &structure.ident;
        let debug = syn::parse_quote! {
            impl ::std::fmt::Debug for #ident {
                fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    formatter.write_str("[redacted]")
                }
            }
        };
        items.insert(index + 1, debug);
    }
    Ok(())
}

/// Removes `Client::new`, and makes `Client::new_with_client` private to the crate. Users create clients with the builder in
/// client/src/connect.rs.
fn hide_constructors(file: &mut syn::File) -> anyhow::Result<()> {
    let inherent = file.items.iter_mut().filter_map(|item| match item {
        syn::Item::Impl(block) if block.trait_.is_none() => Some(&mut block.items),
        _ => None,
    });
    let is = |item: &syn::ImplItem, name: &str| matches!(item, syn::ImplItem::Fn(function) if function.sig.ident == name);
    for items in inherent {
        if !items.iter().any(|item| is(item, "new_with_client")) {
            continue;
        }
        items.retain(|item| !is(item, "new"));
        for item in items.iter_mut().filter(|item| is(item, "new_with_client")) {
            let syn::ImplItem::Fn(function) = item else { continue };
            function.vis = syn::parse_quote!(pub(crate));
        }
        return Ok(());
    }
    bail!("progenitor generated no `Client::new_with_client`: update `hide_constructors`")
}

/// Inlines the variants of each `oneOf` with a discriminator, and removes the named schemas of the variants.
///
/// progenitor generates a tagged enum only from inline variants. progenitor makes an untagged enum from named variants,
/// and the errors of such an enum do not name the cause. Nothing else refers to the named schemas. If they stayed,
/// progenitor would also generate a type for each of them.
fn inline_variants(document: &mut Value) -> anyhow::Result<()> {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.context("openapi.json has no /components/schemas")?;
    let named = schemas.clone();
    for (union, schema) in named.iter().filter(|(_, schema)| schema.get("discriminator").is_some()) {
        let variants = schema.get("oneOf").and_then(Value::as_array);
        let variants = variants.with_context(|| format!("the schema {union} has a discriminator and no `oneOf`"))?;
        let mut inlined = Vec::with_capacity(variants.len());
        for variant in variants {
            let name = variant.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/components/schemas/"));
            let name = name.with_context(|| format!("a variant of the schema {union} is not a `$ref` to a schema"))?;
            inlined.push(named.get(name).with_context(|| format!("there is no schema {name}"))?.clone());
            schemas.shift_remove(name);
        }
        let mut schema = schema.clone();
        schema["oneOf"] = Value::Array(inlined);
        schema.as_object_mut().with_context(|| format!("the schema {union} is not an object"))?.shift_remove("discriminator");
        schemas.insert(union.clone(), schema);
    }
    Ok(())
}

/// Returns the number of the first line that differs. The first line of a text has number 1. Returns `None` if the
/// texts are equal.
fn first_difference(expected: &str, found: &str) -> Option<usize> {
    if expected == found {
        return None;
    }
    let same = expected.split('\n').zip(found.split('\n')).take_while(|(expected, found)| expected == found).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_client_is_up_to_date() -> anyhow::Result<()> {
        let document = crate::read(&crate::repository("openapi.json"))?;
        for (name, generate) in GENERATED {
            let found = crate::read(&crate::repository(name))?;
            assert_eq!(first_difference(&generate(&document)?, &found), None, "{name}: run `cargo xtask client`");
        }
        Ok(())
    }

    #[test]
    fn the_order_of_members_does_not_change_the_client() -> anyhow::Result<()> {
        fn reverse(value: &mut Value) {
            match value {
                Value::Object(members) => {
                    *members = std::mem::take(members).into_iter().rev().collect();
                    members.values_mut().for_each(reverse);
                }
                Value::Array(items) => items.iter_mut().for_each(reverse),
                _ => {}
            }
        }
        let text = crate::read(&crate::repository("openapi.json"))?;
        let mut document: Value = serde_json::from_str(&text)?;
        reverse(&mut document);
        for (name, generate) in GENERATED {
            assert_eq!(first_difference(&generate(&text)?, &generate(&document.to_string())?), None, "{name}");
        }
        Ok(())
    }

    #[test]
    fn discriminated_variants_become_a_tagged_enum() -> anyhow::Result<()> {
        let client = generate_file(
            r##"{"openapi": "3.0.3", "info": {"title": "t", "version": "1.0.0"}, "paths": {}, "components": {"schemas": {
                "Auth": {"oneOf": [{"$ref": "#/components/schemas/Basic"}, {"$ref": "#/components/schemas/None"}],
                         "discriminator": {"propertyName": "type"}},
                "Basic": {"type": "object", "required": ["type", "username", "password"],
                          "properties": {"type": {"type": "string", "enum": ["basic"]}, "username": {"type": "string"},
                                         "password": {"type": "string"}}},
                "None": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "enum": ["none"]}}}
            }}}"##,
        )?;
        let client = prettyplease::unparse(&client);
        assert!(client.contains(r#"#[serde(tag = "type")]"#), "{client}");
        let variant: String = client.split_whitespace().collect();
        assert!(variant.contains("Basic{password:::std::string::String,username:::std::string::String"), "{client}");
        assert!(!client.contains("pub struct Basic"), "{client}");
        Ok(())
    }

    #[test]
    fn the_first_different_line_is_found() {
        for (expected, found, line) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("a\nb\n", "a\n", Some(2)),
            ("a\n", "a\nb\n", Some(2)),
            ("a", "a\n", Some(2)),
        ] {
            assert_eq!(first_difference(expected, found), line, "{expected:?} {found:?}");
        }
    }
}
