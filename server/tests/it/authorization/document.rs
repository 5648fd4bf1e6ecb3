//! The operations of openapi.json, and how the matrix makes requests for them.
//!
//! A request names objects, accounts and positions in lists. This module finds the places of these names in the parameters
//! and in the schema of the body, so that the matrix can insert names of another account.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Map, Value, json};
use webhooks_server_api::Scope;

use crate::harness::PREFIX;

/// A kind of object that a request can name. [`super::world::Owner::create`] creates an object of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    Webhook,
    Notification,
    Delivery,
    Pause,
}

/// The kinds of objects, each with its collection in paths and its name in parameters and members.
const OBJECTS: [(Object, &str, &str); 4] = [
    (Object::Webhook, "webhooks", "webhook"),
    (Object::Notification, "notifications", "notification"),
    (Object::Delivery, "deliveries", "delivery"),
    (Object::Pause, "pauses", "pause"),
];

/// What a place in a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Object(Object),
    Account,
    /// A position in a list: the `cursor` of an earlier response.
    Position,
}

/// A place in a request that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) location: Location,
    pub(super) named: Named,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// The parameter in the path, for example `{id}`.
    Path(String),
    /// The name of the query parameter.
    Query(String),
    /// The JSON Pointer to the member of the body.
    Body(String),
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    /// The path after [`PREFIX`], with its parameters.
    path: String,
    /// `None` means that every valid token may call the operation.
    pub(super) scope: Option<Scope>,
    /// Whether only platform tokens may call the operation.
    pub(super) is_for_platform: bool,
    /// The documented statuses.
    pub(super) statuses: BTreeSet<u16>,
    pub(super) places: Vec<Place>,
    /// Whether the response is a page of a list.
    pub(super) is_page: bool,
    pub(super) has_limit: bool,
    /// The required parameters in the query.
    query: Vec<(String, String)>,
    /// The required headers.
    headers: Vec<(String, String)>,
    /// The first example of the body.
    body: Option<Value>,
}

pub(super) struct Request {
    /// Path and query, after [`PREFIX`].
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Returns every operation of a document.
///
/// # Errors
/// If the matrix cannot make a valid request for an operation. The message says what is missing.
pub(super) fn operations(document: &Value) -> Result<Vec<Operation>, String> {
    let mut operations = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item).filter(|(method, _)| METHODS.contains(&method.as_str())) {
            let id = operation["operationId"].as_str().ok_or_else(|| format!("{method} {path} has no operationId"))?;
            let read = Reader { document, id };
            operations.push(read.operation(path, method, item, operation).map_err(|reason| format!("{id}: {reason}"))?);
        }
    }
    Ok(operations)
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

struct Reader<'a> {
    document: &'a Value,
    id: &'a str,
}

impl<'a> Reader<'a> {
    fn resolve(&self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.resolve(self.document.pointer(reference.trim_start_matches('#')).expect("the reference exists")),
            None => value,
        }
    }

    fn operation(&self, path: &str, method: &str, item: &'a Value, operation: &'a Value) -> Result<Operation, String> {
        let needs_token = operation["security"].as_array().or(self.document["security"].as_array());
        if !needs_token.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.get("bearerAuth").is_some())) {
            return Err("the matrix knows only operations that require `bearerAuth`: extend the matrix".to_owned());
        }
        let path = path.strip_prefix(PREFIX).ok_or_else(|| format!("the path does not begin with {PREFIX}"))?;
        let scope = operation["x-required-scope"].as_str();
        let scope = scope.map(|name| Scope::parse(name).ok_or_else(|| format!("`Scope` does not have the scope `{name}`"))).transpose()?;
        let (success, response) =
            members(&operation["responses"]).find(|(status, _)| status.starts_with('2')).ok_or("no success status is documented")?;
        let page = &self.resolve(response)["content"]["application/json"]["schema"];
        let statuses = members(&operation["responses"]).map(|(status, _)| status.parse().map_err(|_| format!("the status {status}")));
        let mut read = Operation {
            id: self.id.to_owned(),
            method: method.to_uppercase().parse().expect("one of METHODS"),
            path: path.to_owned(),
            scope,
            is_for_platform: operation["x-required-token"] == "platform",
            statuses: statuses.collect::<Result<_, _>>()?,
            places: Vec::new(),
            is_page: success == "200" && self.resolve(page)["properties"]["data"]["type"] == "array",
            has_limit: false,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        for parameter in [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array).flatten() {
            self.parameter(self.resolve(parameter), &mut read)?;
        }
        if let Some(content) = self.resolve(&operation["requestBody"])["content"].get("application/json") {
            let example = members(&content["examples"]).next().map(|(_, example)| &example["value"]);
            read.body = Some(example.ok_or("the request body has no named example: add a valid example")?.clone());
            self.body_places(&content["schema"], "", "", "", &mut read.places)?;
        }
        Ok(read)
    }

    fn parameter(&self, parameter: &'a Value, read: &mut Operation) -> Result<(), String> {
        let name = parameter["name"].as_str().expect("a name").to_owned();
        let schema = self.resolve(&parameter["schema"]);
        let is_required = parameter["required"] == true;
        match parameter["in"].as_str() {
            Some("path") => {
                let collection = read.path.split(&format!("/{{{name}}}")).next().and_then(|before| before.rsplit('/').next());
                let named = OBJECTS.iter().find(|(_, known, _)| Some(*known) == collection).map(|(object, ..)| Named::Object(*object));
                let named = named.ok_or_else(|| {
                    format!(
                        "the matrix knows no objects of the collection {collection:?} for `{{{name}}}`: extend OBJECTS and `Owner::create`"
                    )
                })?;
                read.places.push(Place { location: Location::Path(name), named });
            }
            Some("query") => {
                read.has_limit |= name == "limit";
                if let Some(named) = named(&name, "", schema)? {
                    read.places.push(Place { location: Location::Query(name), named });
                } else if is_required {
                    read.query.push((name.clone(), example_of(parameter, schema, &name)?));
                }
            }
            Some("header") if is_required => read.headers.push((name.clone(), example_of(parameter, schema, &name)?)),
            _ => {}
        }
        Ok(())
    }

    /// Finds the places in the schema of a body. `pointer` is the position of the schema, `name` is the last member of the
    /// pointer, and `parent` is the member that contains it.
    fn body_places(&self, schema: &'a Value, pointer: &str, name: &str, parent: &str, places: &mut Vec<Place>) -> Result<(), String> {
        let schema = self.resolve(schema);
        for variant in ["oneOf", "anyOf", "allOf"].iter().filter_map(|kind| schema[kind].as_array()).flatten() {
            self.body_places(variant, pointer, name, parent, places)?;
        }
        if let Some(items) = schema.get("items") {
            self.body_places(items, &format!("{pointer}/0"), name, parent, places)?;
        }
        for (member, schema) in members(&schema["properties"]) {
            self.body_places(schema, &format!("{pointer}/{member}"), member, name, places)?;
        }
        if let Some(named) = named(name, parent, schema)? {
            let place = Place { location: Location::Body(pointer.to_owned()), named };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        Ok(())
    }
}

/// Returns what a parameter or a member names. `parent` is the member that contains it.
fn named(name: &str, parent: &str, schema: &Value) -> Result<Option<Named>, String> {
    if schema["format"] == "uuid" {
        let object = if name == "id" { parent } else { name.strip_suffix("ID").unwrap_or(name) };
        let known = OBJECTS.iter().find(|(_, _, known)| *known == object);
        return match known {
            Some((object, ..)) => Ok(Some(Named::Object(*object))),
            None => Err(format!("the matrix does not know the kind of object that `{name}` names: extend OBJECTS and `Owner::create`")),
        };
    }
    Ok(match name {
        "account" => Some(Named::Account),
        "cursor" => Some(Named::Position),
        _ => None,
    })
}

/// Returns a valid value of a required parameter.
fn example_of(parameter: &Value, schema: &Value, name: &str) -> Result<String, String> {
    let candidates = [&parameter["example"], &schema["example"], &schema["default"], &schema["enum"][0]];
    match candidates.into_iter().find(|value| !value.is_null()) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value) => Ok(value.to_string()),
        None => Err(format!("the required parameter `{name}` has no example: add one")),
    }
}

/// The names of the account that a request is for.
pub(super) struct Names<'a> {
    /// The account in the body. `None` means that the request does not name an account.
    pub(super) account: Option<&'a str>,
    pub(super) objects: &'a BTreeMap<Object, String>,
}

impl Operation {
    /// Makes a valid request, and then replaces the values of some places.
    pub(super) fn request(&self, names: &Names, changes: &[(&Place, String)]) -> Request {
        let mut path = self.path.clone();
        let mut query = self.query.clone();
        let mut body = self.body.clone();
        for place in &self.places {
            let change = changes.iter().find(|(changed, _)| *changed == place).map(|(_, value)| value.clone());
            let own = match place.named {
                Named::Object(object) => Some(names.objects[&object].clone()),
                Named::Account => names.account.map(str::to_owned),
                Named::Position => None,
            };
            match &place.location {
                Location::Path(name) => {
                    let value = change.or(own).expect("a path names only objects");
                    path = path.replace(&format!("{{{name}}}"), &value);
                }
                Location::Query(name) => query.extend(change.map(|value| (name.clone(), value))),
                Location::Body(pointer) => {
                    let body = body.as_mut().expect("an operation with places in its body has a body");
                    let is_present = body.pointer(pointer).is_some();
                    match (change, place.named) {
                        (Some(value), _) => set(body, pointer, json!(value)),
                        (None, Named::Object(_)) if is_present => set(body, pointer, json!(own)),
                        (None, Named::Account) if own.is_some() => set(body, pointer, json!(own)),
                        (None, _) if is_present => remove(body, pointer),
                        (None, _) => {}
                    }
                }
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish());
        }
        Request { path, headers: self.headers.clone(), body: body.map(|body| body.to_string()).unwrap_or_default() }
    }
}

/// Sets a value, and creates the objects and arrays that contain it.
fn set(body: &mut Value, pointer: &str, value: Value) {
    let mut target = body;
    for segment in pointer.split('/').skip(1) {
        target = if segment == "0" {
            if !target.is_array() {
                *target = json!([null]);
            }
            &mut target[0]
        } else {
            if !target.is_object() {
                *target = Map::new().into();
            }
            &mut target[segment]
        };
    }
    *target = value;
}

fn remove(body: &mut Value, pointer: &str) {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer to a member");
    if let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(member);
    }
}
