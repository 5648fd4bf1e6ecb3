//! The normal form of a document. It contains only the statements about the API. Documents that make the same
//! statements in different notations have equal normal forms.

use std::rc::Rc;

use anyhow::Context as _;
use serde_json::Value;

use super::node::{Cursor, METHODS, Members, Node, Shape, Shared, child};
use super::rules::{Kind, Purpose, Rules};
use super::schema::{self, Schemas, canonical};

/// Returns the normal form of a document.
///
/// # Errors
/// When the document is not an OpenAPI 3.0 document, or a reference has no target.
pub(super) fn normal(document: &Value, rules: Rules<'_>) -> anyhow::Result<Node> {
    let form = Form { rules, shared: Shared::default() };
    object(rules, &Cursor::new(document), Kind::Document, |name, value| match name {
        "info" => object(rules, &value, Kind::Info, |name, value| match (name, value.member("name")) {
            ("license", Some(name)) => Ok(leaf(&name)),
            _ => Ok(leaf(&value)),
        }),
        "servers" => first_server(rules, &value),
        "tags" => keyed(&value, |tag| {
            let name = tag.member("name").context("a tag has no name")?.text()?;
            Ok((name.to_owned(), object(rules, tag, Kind::Tag, |_, value| Ok(leaf(&value)))?))
        }),
        "security" => security(rules, &value),
        "paths" => each(&value, |path| form.path_item(path, Kind::Operation)),
        _ => Ok(leaf(&value)),
    })
}

struct Form<'a> {
    rules: Rules<'a>,
    shared: Shared,
}

impl Form<'_> {
    fn path_item(&self, item: &Cursor, kind: Kind) -> anyhow::Result<Node> {
        let item = item.follow()?;
        let shared = item.member("parameters").map(|parameters| self.parameters(&parameters)).transpose()?;
        let shared = shared.as_ref().and_then(Node::members).cloned().unwrap_or_default();
        let mut node = object(self.rules, &item, Kind::PathItem, |name, value| match name {
            // The parameters of a path become parameters of each operation of the path.
            method if METHODS.contains(&method) => Ok(with_parameters(self.operation(&value, kind)?, &shared)),
            _ => Ok(leaf(&value)),
        })?;
        if let Shape::Map(members) = &mut node.shape {
            members.remove("parameters");
        }
        Ok(node)
    }

    fn operation(&self, operation: &Cursor, kind: Kind) -> anyhow::Result<Node> {
        object(self.rules, operation, kind, |name, value| match name {
            "tags" => schema::set(&value),
            "parameters" => self.parameters(&value),
            "requestBody" => object(self.rules, &value, Kind::RequestBody, |name, value| match name {
                "content" => self.content(&value),
                _ => Ok(leaf(&value)),
            }),
            "responses" => self.responses(&value),
            "security" => security(self.rules, &value),
            "callbacks" => each(&value, |callback| each(&callback.follow()?, |item| self.path_item(item, Kind::CallbackOperation))),
            _ => Ok(leaf(&value)),
        })
    }

    fn parameters(&self, parameters: &Cursor) -> anyhow::Result<Node> {
        keyed(parameters, |parameter| {
            let location = parameter.member("in").with_context(|| format!("{} has no `in`", parameter.at))?.text()?;
            let name = parameter.member("name").with_context(|| format!("{} has no `name`", parameter.at))?.text()?;
            // Names of headers are case-insensitive (RFC 9110 §5.1).
            let name = if location == "header" { name.to_lowercase() } else { name.to_owned() };
            let node = object(self.rules, parameter, Kind::Parameter, |member, value| match member {
                "schema" => self.schema(&value, Kind::ParameterSchema),
                "name" => Ok(Node::leaf(value.at, name.clone().into())),
                _ => Ok(leaf(&value)),
            })?;
            Ok((format!("{location} {name}"), without_style(node, if location == "query" { "form" } else { "simple" })))
        })
    }

    fn responses(&self, responses: &Cursor) -> anyhow::Result<Node> {
        let mut members = Members::new();
        for (status, response) in responses.members()? {
            let response = response.follow()?;
            let make = || {
                object(self.rules, &response, Kind::Response, |name, value| match name {
                    "content" => self.content(&value),
                    "headers" => self.headers(&value),
                    _ => Ok(leaf(&value)),
                })
            };
            members.insert(status.to_owned(), self.shared.get_or_make(&response, Kind::Response, make)?);
        }
        Ok(Node::map(responses.at.clone(), members))
    }

    fn headers(&self, headers: &Cursor) -> anyhow::Result<Node> {
        let mut members = Members::new();
        for (name, header) in headers.members()? {
            let node = object(self.rules, &header, Kind::Header, |member, value| match member {
                "schema" => self.schema(&value, Kind::Schema),
                _ => Ok(leaf(&value)),
            })?;
            members.insert(name.to_lowercase(), Rc::new(without_style(node, "simple")));
        }
        Ok(Node::map(headers.at.clone(), members))
    }

    fn content(&self, content: &Cursor) -> anyhow::Result<Node> {
        each(content, |media_type| {
            object(self.rules, media_type, Kind::MediaType, |name, value| match name {
                "schema" => self.schema(&value, Kind::Schema),
                _ => Ok(leaf(&value)),
            })
        })
    }

    fn schema(&self, schema: &Cursor, kind: Kind) -> anyhow::Result<Node> {
        Schemas { kind, rules: self.rules, shared: &self.shared }.normal(schema)
    }
}

/// Returns the URL of the first server. For the comparison with an older version, returns no URL, because servers are
/// not part of the contract.
fn first_server(rules: Rules<'_>, servers: &Cursor) -> anyhow::Result<Node> {
    let url = match (rules.purpose, servers.items()?.first()) {
        (Purpose::Compatibility, _) | (_, None) => None,
        (_, Some(server)) => server.member("url").map(|url| ("url".to_owned(), leaf(&url))),
    };
    Ok(Node::map(servers.at.clone(), url))
}

/// Returns the normal form of an object. Removes the members that a rule ignores, and converts the other members with
/// `member`.
fn object(
    rules: Rules<'_>,
    object: &Cursor,
    kind: Kind,
    mut member: impl FnMut(&str, Cursor) -> anyhow::Result<Node>,
) -> anyhow::Result<Node> {
    let object = object.follow()?;
    let mut members = Members::new();
    for (name, value) in object.members()? {
        if !rules.ignores(kind, name) && !is_default(name, value.value) {
            members.insert(name.to_owned(), Rc::new(member(name, value)?));
        }
    }
    Ok(Node::map(object.at, members))
}

/// Returns the normal form of a map whose names are not keywords.
fn each(map: &Cursor, mut normal: impl FnMut(&Cursor) -> anyhow::Result<Node>) -> anyhow::Result<Node> {
    let mut members = Members::new();
    for (name, value) in map.members()? {
        members.insert(name.to_owned(), Rc::new(normal(&value)?));
    }
    Ok(Node::map(map.at.clone(), members))
}

/// Returns the normal form of a list. For each item, `normal` returns a key that identifies the item, and the normal
/// form of the item.
fn keyed(list: &Cursor, mut normal: impl FnMut(&Cursor) -> anyhow::Result<(String, Node)>) -> anyhow::Result<Node> {
    let mut members = Members::new();
    for item in list.items()? {
        let (key, node) = normal(&item.follow()?)?;
        members.insert(key, Rc::new(node));
    }
    Ok(Node::map(list.at.clone(), members))
}

/// Returns the normal form of security requirements. The names of the schemes do not affect the normal form.
fn security(rules: Rules<'_>, requirements: &Cursor) -> anyhow::Result<Node> {
    keyed(requirements, |requirement| {
        let mut schemes = Members::new();
        for (name, scopes) in requirement.members()? {
            let scheme = scopes.target(&format!("#{}", child("/components/securitySchemes", name)))?;
            // The text of the scheme is used as its key. So sort its members.
            let scheme = object(rules, &scheme, Kind::SecurityScheme, |_, value| {
                let mut sorted = canonical(value.value);
                sorted.sort_all_objects();
                Ok(Node::leaf(value.at, sorted))
            })?;
            let (key, at) = (scheme.to_value().to_string(), scheme.at.clone());
            let members = [("scheme".to_owned(), scheme), ("scopes".to_owned(), schema::set(&scopes)?)];
            schemes.insert(key, Rc::new(Node::map(at, members)));
        }
        let key = schemes.keys().map(String::as_str).collect::<Vec<_>>().join(" and ");
        Ok((key, Node::map(requirement.at.clone(), schemes)))
    })
}

/// Adds the parameters of the path to an operation. If the operation and the path have a parameter with the
/// same location and name, the operation keeps its own parameter.
fn with_parameters(mut operation: Node, shared: &Members) -> Node {
    if let Shape::Map(members) = &mut operation.shape
        && !shared.is_empty()
    {
        let own = members.get("parameters");
        let mut parameters = shared.clone();
        parameters.extend(own.and_then(|own| own.members()).cloned().unwrap_or_default());
        let at = own.map_or_else(|| operation.at.clone(), |own| own.at.clone());
        members.insert("parameters".to_owned(), Rc::new(Node::map(at, parameters)));
    }
    operation
}

/// Removes `style` if it has the default value.
fn without_style(mut node: Node, default: &str) -> Node {
    if let Shape::Map(members) = &mut node.shape
        && members.get("style").is_some_and(|style| style.to_value() == default)
    {
        members.remove("style");
    }
    node
}

fn leaf(value: &Cursor) -> Node {
    Node::leaf(value.at.clone(), canonical(value.value))
}

/// Whether the member has its default value. If so, the document has the same meaning without the member.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "required" | "deprecated" | "allowEmptyValue" | "allowReserved" => value == &Value::Bool(false),
        "parameters" | "tags" => value.as_array().is_some_and(Vec::is_empty),
        "headers" | "content" | "callbacks" => value.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}
