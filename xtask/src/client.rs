//! `cargo xtask client`: the typed client, generated from openapi.json and committed, so that its users build no
//! generator and a review shows what a change of the document does to them.

use std::path::Path;

use anyhow::{Context as _, bail};
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde_json::Value;
use syn::punctuated::Punctuated;

const HEADER: &str = "// Generated from openapi.json by `cargo xtask client`. Never edited.\n\n";

pub(crate) fn run(root: &Path, check: bool) -> anyhow::Result<()> {
    let path = root.join("client/src/generated.rs");
    let generated = generate(&root.join("openapi.json"))?;
    if !check {
        std::fs::write(&path, generated).with_context(|| format!("cannot write {}", path.display()))?;
        println!("wrote {}", path.display());
        return Ok(());
    }
    let committed = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if committed != generated {
        bail!("client/src/generated.rs is not what openapi.json gives: run `cargo xtask client` and commit what it writes");
    }
    println!("client/src/generated.rs is what openapi.json gives");
    Ok(())
}

fn generate(document: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    let mut document: Value = serde_json::from_str(&text).context("openapi.json is not JSON")?;
    inline_tagged_variants(&mut document)?;
    let document: openapiv3::OpenAPI = serde_json::from_value(document).context("openapi.json is not OpenAPI 3.0")?;
    let mut settings = GenerationSettings::new();
    settings.with_interface(InterfaceStyle::Builder);
    let tokens = Generator::new(&settings).generate_tokens(&document).context("progenitor cannot generate a client")?;
    let mut file = syn::parse2(tokens).context("what progenitor generated is not Rust")?;
    hide_secrets(&mut file)?;
    // progenitor's examples do not compile as they stand. As plain text they are read, and no test counts as left out.
    Ok(format!("{HEADER}{}", prettyplease::unparse(&file).replace("```ignore", "```text")))
}

/// Types whose values are secrets, which `Debug` must not show.
const SECRETS: [&str; 3] = ["AuthInputPassword", "AuthInputClientSecret", "SigningSecretSecret"];

fn hide_secrets(file: &mut syn::File) -> anyhow::Result<()> {
    let items = file.items.iter_mut().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content.as_mut().map(|(_, items)| items),
        _ => None,
    });
    let items = items.context("progenitor generated no module `types`")?;
    for name in SECRETS {
        let index = items.iter().position(|item| matches!(item, syn::Item::Struct(structure) if structure.ident == name));
        let index = index.with_context(|| format!("progenitor generated no type `{name}`: which one holds the secret now?"))?;
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

/// progenitor makes an enum with a tag only of variants that stand inline; of references it makes an untagged one, whose
/// errors say nothing. The document keeps the references, because they are models of their own in the docs.
fn inline_tagged_variants(document: &mut Value) -> anyhow::Result<()> {
    let schemas = document["components"]["schemas"].clone();
    let Some(components) = document["components"]["schemas"].as_object_mut() else { bail!("openapi.json has no components/schemas") };
    let mut inlined = Vec::new();
    for schema in components.values_mut() {
        let Some(schema) = schema.as_object_mut() else { continue };
        if schema.remove("discriminator").is_none() {
            continue;
        }
        let variants = schema.get_mut("oneOf").and_then(Value::as_array_mut).context("a discriminator without oneOf")?;
        for variant in variants {
            let name = variant["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            let name = name.context("a discriminated variant that is not a reference")?.to_owned();
            *variant = schemas[&name].clone();
            inlined.push(name);
        }
    }
    for name in inlined {
        components.remove(&name);
    }
    Ok(())
}
