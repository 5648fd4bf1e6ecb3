//! The normal form: a document without what has no meaning for the comparison, every part with the place it came from.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::Difference;

/// A value of the normal form, and the JSON pointer in its document that it came from.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) pointer: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Leaf(Value),
    Members(BTreeMap<String, Node>),
    /// In an order of its own, because the document's has no meaning.
    Items(Vec<Node>),
}

impl Node {
    fn leaf(pointer: impl Into<String>, value: Value) -> Node {
        Node { pointer: pointer.into(), kind: Kind::Leaf(canonical(value)) }
    }

    fn members(pointer: impl Into<String>, members: impl IntoIterator<Item = (String, Node)>) -> Node {
        Node { pointer: pointer.into(), kind: Kind::Members(members.into_iter().collect()) }
    }

    pub(super) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Leaf(value) => value.clone(),
            Kind::Members(members) => Value::Object(members.iter().map(|(name, node)| (name.clone(), node.to_value())).collect()),
            Kind::Items(items) => Value::Array(items.iter().map(Node::to_value).collect()),
        }
    }
}

/// 1.0 and 1 are one number.
fn canonical(value: Value) -> Value {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value,
    }
}

pub(super) fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A value, with references followed, and where it really stands.
fn resolve<'a>(value: &'a Value, pointer: &str, document: &'a Value) -> anyhow::Result<(&'a Value, String)> {
    let (mut value, mut pointer) = (value, pointer.to_owned());
    for _ in 0..32 {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Ok((value, pointer)) };
        let target =
            reference.strip_prefix('#').with_context(|| format!("{pointer}: the reference {reference} leads outside the document"))?;
        value = document.pointer(target).with_context(|| format!("{pointer}: the reference {reference} leads nowhere"))?;
        pointer = target.to_owned();
    }
    bail!("{pointer}: references lead in a circle")
}

/// The operations of a document. What contradicts itself in it is a difference already.
pub(super) fn document(document: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<Node> {
    let mut paths = BTreeMap::new();
    for (path, item) in object(document, "/paths")? {
        let at = format!("/paths/{}", token(path));
        let mut operations = BTreeMap::new();
        for (method, operation) in item.as_object().with_context(|| format!("{at} is not an object"))? {
            if ["get", "put", "post", "delete", "options", "head", "patch", "trace"].contains(&method.as_str()) {
                let at = format!("{at}/{method}");
                operations.insert(method.clone(), self::operation(operation, item, &at, document, differences)?);
            }
        }
        paths.insert(path.clone(), Node::members(at, operations));
    }
    Ok(Node::members("/paths", paths))
}

fn object<'a>(document: &'a Value, pointer: &str) -> anyhow::Result<&'a Map<String, Value>> {
    document.pointer(pointer).and_then(Value::as_object).with_context(|| format!("{pointer} is not an object"))
}

fn operation(operation: &Value, item: &Value, at: &str, document: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<Node> {
    let mut members = BTreeMap::new();
    for name in ["operationId", "summary", "deprecated"] {
        if let Some(value) = operation.get(name) {
            members.insert(name.to_owned(), Node::leaf(format!("{at}/{name}"), value.clone()));
        }
    }
    let mut tags: Vec<Value> = operation.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    tags.sort_by_key(Value::to_string);
    members.insert("tags".to_owned(), Node::leaf(format!("{at}/tags"), Value::Array(tags)));

    let mut parameters = BTreeMap::new();
    let shared = item.get("parameters").map(|list| (list, format!("{}/parameters", at.rsplit_once('/').map_or("", |(path, _)| path))));
    let own = operation.get("parameters").map(|list| (list, format!("{at}/parameters")));
    for (list, at) in shared.into_iter().chain(own) {
        for (index, parameter) in list.as_array().into_iter().flatten().enumerate() {
            let (parameter, at) = resolve(parameter, &format!("{at}/{index}"), document)?;
            let name = parameter["name"].as_str().with_context(|| format!("{at} has no name"))?;
            let place = parameter["in"].as_str().with_context(|| format!("{at} has no place"))?;
            // RFC 9110 §5.1: field names are case-insensitive.
            let key = format!("{place} {}", if place == "header" { name.to_lowercase() } else { name.to_owned() });
            parameters.insert(key, self::parameter(parameter, &at, document)?);
        }
    }
    members.insert("parameters".to_owned(), Node::members(format!("{at}/parameters"), parameters));

    if let Some(body) = operation.get("requestBody") {
        let (body, at) = resolve(body, &format!("{at}/requestBody"), document)?;
        let required = body.get("required").cloned().unwrap_or(Value::Bool(false));
        let members_of_body = [
            ("required".to_owned(), Node::leaf(format!("{at}/required"), required)),
            ("content".to_owned(), content(body, &at, document)?),
        ];
        members.insert("requestBody".to_owned(), Node::members(at, members_of_body));
    }
    let (successes, errors) = responses(operation, at, document, differences)?;
    members.insert("successes".to_owned(), successes);
    members.insert("errors".to_owned(), errors);
    Ok(Node::members(at, members))
}

/// Rule: a parameter is never nullable, and its default is the live ring's.
fn parameter(parameter: &Value, at: &str, document: &Value) -> anyhow::Result<Node> {
    let required = parameter.get("required").cloned().unwrap_or(Value::Bool(false));
    let mut schema = self::schema(&parameter["schema"], &format!("{at}/schema"), document)?;
    if let Kind::Members(members) = &mut schema.kind {
        members.remove("nullable");
        members.remove("default");
    }
    Ok(Node::members(at, [("required".to_owned(), Node::leaf(format!("{at}/required"), required)), ("schema".to_owned(), schema)]))
}

fn content(holder: &Value, at: &str, document: &Value) -> anyhow::Result<Node> {
    let at = format!("{at}/content");
    let mut types = BTreeMap::new();
    for (media_type, media) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
        let at = format!("{at}/{}/schema", token(media_type));
        types.insert(media_type.clone(), schema(media.get("schema").unwrap_or(&Value::Null), &at, document)?);
    }
    Ok(Node::members(at, types))
}

/// The successes as they are, and of all errors the one schema that they share.
fn responses(operation: &Value, at: &str, document: &Value, differences: &mut Vec<Difference>) -> anyhow::Result<(Node, Node)> {
    let at = format!("{at}/responses");
    let mut successes = BTreeMap::new();
    let mut errors: Option<Node> = None;
    for (status, response) in operation.get("responses").and_then(Value::as_object).with_context(|| format!("{at} is not an object"))? {
        let (response, at) = resolve(response, &format!("{at}/{status}"), document)?;
        let content = content(response, &at, document)?;
        if status.starts_with('2') {
            let mut headers = BTreeMap::new();
            for (name, header) in response.get("headers").and_then(Value::as_object).into_iter().flatten() {
                let (header, at) = resolve(header, &format!("{at}/headers/{}", token(name)), document)?;
                headers.insert(name.to_lowercase(), parameter(header, &at, document)?);
            }
            let headers = Node::members(format!("{at}/headers"), headers);
            successes.insert(status.clone(), Node::members(at, [("headers".to_owned(), headers), ("content".to_owned(), content)]));
            continue;
        }
        let Kind::Members(types) = content.kind else { continue };
        for (media_type, schema) in types {
            if !["application/json", "application/problem+json"].contains(&media_type.as_str()) {
                differences.push(Difference::new(
                    &schema.pointer,
                    Some(media_type.into()),
                    Some("application/json and application/problem+json".into()),
                ));
            }
            match &errors {
                Some(first) if first.to_value() != schema.to_value() => {
                    differences.push(Difference::new(&schema.pointer, Some(schema.to_value()), Some(first.to_value())));
                }
                Some(_) => {}
                None => errors = Some(schema),
            }
        }
    }
    let errors = errors.unwrap_or_else(|| Node::leaf(at.clone(), Value::Null));
    Ok((Node::members(at, successes), errors))
}

/// The schema of the callback's body, which dropshot cannot declare.
pub(super) fn callback(document: &Value) -> anyhow::Result<Node> {
    let mut found = Vec::new();
    for (path, item) in object(document, "/paths")? {
        for (method, operation) in item.as_object().into_iter().flatten() {
            for (name, callback) in operation.get("callbacks").and_then(Value::as_object).into_iter().flatten() {
                for (expression, item) in callback.as_object().into_iter().flatten() {
                    let at = format!("/paths/{}/{method}/callbacks/{}/{}/post", token(path), token(name), token(expression));
                    found.push((at, item));
                }
            }
        }
    }
    let [(at, item)] = found.as_slice() else { bail!("/paths: there are {} callbacks, and the engine sends one kind", found.len()) };
    let (body, at) = resolve(&item["post"]["requestBody"], &format!("{at}/requestBody"), document)?;
    schema(&body["content"]["application/json"]["schema"], &format!("{at}/content/application~1json/schema"), document)
}

/// What a schema says, wherever it says it.
pub(super) fn schema(schema: &Value, at: &str, document: &Value) -> anyhow::Result<Node> {
    nested(schema, at, document, 0)
}

fn nested(schema: &Value, at: &str, document: &Value, depth: usize) -> anyhow::Result<Node> {
    anyhow::ensure!(depth < 64, "{at}: schemas lead in a circle");
    let (schema, at) = resolve(schema, at, document)?;
    let Some(keywords) = schema.as_object() else { return Ok(Node::leaf(at, schema.clone())) };

    // `allOf` of one, which is how a reference gets a description or `nullable`, is that one.
    if let Some([only]) = keywords.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        let mut inner = nested(only, &format!("{at}/allOf/0"), document, depth + 1)?;
        if let (Kind::Members(members), Some(nullable)) =
            (&mut inner.kind, keywords.get("nullable").filter(|value| **value == Value::Bool(true)))
        {
            members.insert("nullable".to_owned(), Node::leaf(format!("{at}/nullable"), nullable.clone()));
        }
        return Ok(inner);
    }
    // `oneOf` of one-value enums, which is how schemars writes an enum whose values have documentation, is an enum.
    if let Some(values) = keywords.get("oneOf").and_then(Value::as_array).and_then(|variants| only_enums(variants)) {
        let value = sorted(values);
        return Ok(Node::members(
            at.clone(),
            [("type".to_owned(), Node::leaf(at.clone(), "string".into())), ("enum".to_owned(), Node::leaf(format!("{at}/oneOf"), value))],
        ));
    }
    let mut members = BTreeMap::new();
    for (keyword, value) in keywords {
        let at = format!("{at}/{}", token(keyword));
        let node = match keyword.as_str() {
            "description" | "title" | "example" | "examples" | "externalDocs" | "discriminator" | "xml" | "components" | "$schema" => {
                continue;
            }
            extension if extension.starts_with("x-") => continue,
            "nullable" | "deprecated" | "readOnly" | "writeOnly" | "uniqueItems" | "exclusiveMinimum" | "exclusiveMaximum"
                if *value == Value::Bool(false) =>
            {
                continue;
            }
            "minLength" | "minItems" | "minProperties" if value.as_u64() == Some(0) => continue,
            "required" if value.as_array().is_some_and(Vec::is_empty) => continue,
            "additionalProperties" if *value == Value::Bool(true) || *value == Value::Object(Map::new()) => continue,
            "required" | "enum" | "type" if value.is_array() => Node::leaf(at, sorted(value.as_array().cloned().unwrap_or_default())),
            "properties" => {
                let mut properties = BTreeMap::new();
                for (name, property) in value.as_object().into_iter().flatten() {
                    properties.insert(name.clone(), nested(property, &format!("{at}/{}", token(name)), document, depth + 1)?);
                }
                Node::members(at, properties)
            }
            "items" | "not" => nested(value, &at, document, depth + 1)?,
            "additionalProperties" if value.is_object() => nested(value, &at, document, depth + 1)?,
            "oneOf" | "anyOf" | "allOf" => {
                let mut variants = Vec::new();
                for (index, variant) in value.as_array().into_iter().flatten().enumerate() {
                    variants.push(nested(variant, &format!("{at}/{index}"), document, depth + 1)?);
                }
                variants.sort_by_key(variant_key);
                Node { pointer: at, kind: Kind::Items(variants) }
            }
            _ => Node::leaf(at, value.clone()),
        };
        members.insert(keyword.clone(), node);
    }
    Ok(Node::members(at, members))
}

/// A variant stands by its tag where it has one, so that a difference inside it is reported there and not as two strangers.
fn variant_key(variant: &Node) -> String {
    let value = variant.to_value();
    match value.pointer("/properties/type/enum") {
        Some(tag) => tag.to_string(),
        None => value.to_string(),
    }
}

fn only_enums(variants: &[Value]) -> Option<Vec<Value>> {
    variants
        .iter()
        .map(|variant| match variant.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
            Some([value]) if variant.get("properties").is_none() => Some(value.clone()),
            _ => None,
        })
        .collect()
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_key(Value::to_string);
    Value::Array(values)
}
