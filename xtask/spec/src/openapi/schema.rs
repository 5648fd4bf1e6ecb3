//! The normal form of a schema. Schemas that allow the same values in different notations have equal normal forms.

use std::rc::Rc;

use anyhow::bail;
use serde_json::Value;

use super::node::{Cursor, Members, Node, Shared, child};
use super::rules::{Kind, Purpose, Rules};

/// Maximum depth of a schema after all references are replaced by their targets. A deeper schema counts as one that
/// contains itself.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Copy)]
pub(super) struct Schemas<'a> {
    pub(super) kind: Kind,
    pub(super) rules: Rules<'a>,
    pub(super) shared: &'a Shared,
}

impl Schemas<'_> {
    pub(super) fn normal(self, schema: &Cursor) -> anyhow::Result<Node> {
        self.at_depth(schema, MAX_DEPTH)
    }

    /// `depth` is the number of remaining levels.
    fn at_depth(self, schema: &Cursor, depth: usize) -> anyhow::Result<Node> {
        if depth == 0 {
            bail!("the schema at {} contains itself", schema.at);
        }
        let inner = |schema: &Cursor| self.at_depth(schema, depth - 1);
        let mut at = schema.at.clone();
        let mut members = Members::new();
        let mut inherited = Members::new();
        for (name, value) in schema.members()? {
            if self.rules.ignores(self.kind, name) || is_default(name, value.value) {
                continue;
            }
            let node = match (name, value.value) {
                ("$ref", _) => {
                    let target = schema.target(value.text()?)?;
                    let target = self.shared.get_or_make(&target, self.kind, || inner(&target))?;
                    at = target.at.clone();
                    inherited.extend(target.members().cloned().unwrap_or_default());
                    continue;
                }
                ("allOf", Value::Array(parts)) if parts.len() == 1 => {
                    for part in value.items()? {
                        inherited.extend(inner(&part)?.members().cloned().unwrap_or_default());
                    }
                    continue;
                }
                ("oneOf" | "anyOf", _) => {
                    let variants = value.items()?.iter().map(inner).collect::<anyhow::Result<Vec<Node>>>()?;
                    if let Some(enumeration) = enumeration(&variants) {
                        inherited.extend(enumeration);
                        continue;
                    }
                    if self.rules.purpose == Purpose::Code && name == "oneOf" {
                        members.extend(implied_discriminator(&value.at, &variants).map(|node| ("discriminator".to_owned(), Rc::new(node))));
                    }
                    keyed_variants(value.at, variants)
                }
                ("allOf", _) => {
                    let parts = value.items()?.iter().map(inner).collect::<anyhow::Result<Vec<Node>>>()?;
                    Node::map(value.at, parts.into_iter().enumerate().map(|(index, part)| (index.to_string(), part)))
                }
                ("discriminator", _) => self.discriminator(&value, depth)?,
                ("required" | "enum", _) => set(&value)?,
                ("properties", _) => {
                    let properties = value.members()?.into_iter().map(|(name, schema)| Ok((name.to_owned(), inner(&schema)?)));
                    Node::map(value.at.clone(), properties.collect::<anyhow::Result<Vec<_>>>()?)
                }
                ("items" | "not" | "additionalProperties", Value::Object(_)) => inner(&value)?,
                (_, scalar) => Node::leaf(value.at, canonical(scalar)),
            };
            members.insert(name.to_owned(), Rc::new(node));
        }
        for (name, node) in inherited {
            members.entry(name).or_insert(node);
        }
        Ok(Node::map(at, members))
    }

    /// Returns the normal form of a discriminator. In `mapping`, replaces the reference to each variant by the tag
    /// value of the variant (see [`tag_of`]).
    fn discriminator(self, discriminator: &Cursor, depth: usize) -> anyhow::Result<Node> {
        let mut members = Vec::new();
        for (name, value) in discriminator.members()? {
            let node = match name {
                "mapping" => {
                    let mut mapping = Vec::new();
                    for (tag, reference) in value.members()? {
                        let variant = self.at_depth(&reference.target(reference.text()?)?, depth - 1)?;
                        let tag_of_variant = tag_of(&variant).map_or(Value::Null, |(_, tag)| tag.into());
                        mapping.push((tag.to_owned(), Node::leaf(reference.at, tag_of_variant)));
                    }
                    Node::map(value.at, mapping)
                }
                _ => Node::leaf(value.at, value.value.clone()),
            };
            members.push((name.to_owned(), node));
        }
        Ok(Node::map(discriminator.at.clone(), members))
    }
}

/// Returns the normal form of a list whose order has no meaning. The normal form is a map. Each name in the map is the
/// text of an item, and the value is the item.
pub(super) fn set(list: &Cursor) -> anyhow::Result<Node> {
    let items = list.items()?.into_iter().map(|item| {
        let name = item.value.as_str().map_or_else(|| canonical(item.value).to_string(), str::to_owned);
        (name, Node::leaf(item.at, canonical(item.value)))
    });
    Ok(Node::map(list.at.clone(), items))
}

/// Whether the keyword has its default value. If so, the schema has the same meaning without the keyword.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "nullable" | "readOnly" | "writeOnly" | "deprecated" | "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum" => {
            value == &Value::Bool(false)
        }
        "minLength" | "minItems" | "minProperties" => value.as_f64() == Some(0.0),
        "additionalProperties" => value == &Value::Bool(true) || value.as_object().is_some_and(serde_json::Map::is_empty),
        "properties" => value.as_object().is_some_and(serde_json::Map::is_empty),
        "required" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    }
}

/// Converts equal numbers to the same form: `1.0` becomes `1`.
pub(super) fn canonical(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53 is exact in both types")]
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value.clone(),
    }
}

/// If all variants are enums, merges them into one enum. If the values of an enum have doc comments, schemars writes a
/// `oneOf` with one enum for each value.
fn enumeration(variants: &[Node]) -> Option<Members> {
    let mut merged: Option<Members> = None;
    for variant in variants {
        let members = variant.members()?;
        let (kind, values) = (members.get("type")?, members.get("enum")?);
        if members.len() != 2 {
            return None;
        }
        let merged = merged.get_or_insert_with(|| members.clone());
        if merged.get("type")?.to_value() != kind.to_value() {
            return None;
        }
        let all = merged.get("enum")?;
        let all = Node::map(all.at.clone(), all.members()?.clone().into_iter().chain(values.members()?.clone()));
        merged.insert("enum".to_owned(), Rc::new(all));
    }
    merged
}

/// Returns the tag of a variant: the name of a required property that has only one allowed value, and this value.
fn tag_of(variant: &Node) -> Option<(&str, &str)> {
    let required = variant.member("required")?.members()?;
    let properties = variant.member("properties")?.members()?;
    properties.iter().filter(|(name, _)| required.contains_key(*name)).find_map(|(name, property)| {
        let values = property.member("enum")?.members()?;
        (values.len() == 1).then(|| values.keys().next().map(|value| (name.as_str(), value.as_str())))?
    })
}

/// Derives a discriminator from the tags of the variants. Returns `None` if the variants do not all use the same
/// property as tag.
fn implied_discriminator(at: &str, variants: &[Node]) -> Option<Node> {
    let tags: Vec<(&str, &str)> = variants.iter().map(tag_of).collect::<Option<_>>()?;
    let (property, _) = *tags.first()?;
    if tags.iter().any(|(other, _)| *other != property) {
        return None;
    }
    let mapping = tags.into_iter().map(|(_, tag)| (tag.to_owned(), Node::leaf(at.to_owned(), tag.into())));
    let property = Node::leaf(at.to_owned(), property.into());
    let members = [("propertyName".to_owned(), property), ("mapping".to_owned(), Node::map(at.to_owned(), mapping))];
    Some(Node::map(at.to_owned(), members))
}

/// Returns a map of the variants, so that their order has no meaning. The key of a variant is its tag, or its position
/// if it has no tag.
fn keyed_variants(at: String, variants: Vec<Node>) -> Node {
    let mut keyed = Members::new();
    for (index, variant) in variants.into_iter().enumerate() {
        let key = tag_of(&variant).map_or_else(|| index.to_string(), |(_, tag)| tag.to_owned());
        let key = if keyed.contains_key(&key) { child(&key, &index.to_string()) } else { key };
        keyed.insert(key, Rc::new(variant));
    }
    Node::map(at, keyed)
}
