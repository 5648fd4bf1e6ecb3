//! Reads openapi.json into types that are suitable for the comparison with exchanges.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use jsonschema::Validator;
use serde_json::Value;

use crate::Profile;
use crate::json_schema::{self, Style};
use crate::openapi::node::{Cursor, METHODS, child};

pub(super) struct Operation {
    /// The JSON pointer of the operation. In this file, every member `at` is a JSON pointer.
    pub(super) at: String,
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: Path,
    /// The scope, or `None` if the profile says that the operation needs no scope.
    pub(super) scope: Option<Scope>,
    pub(super) needs_token: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Body>,
    pub(super) responses: BTreeMap<String, Response>,
}

pub(super) struct Scope {
    pub(super) at: String,
    pub(super) name: String,
}

pub(super) struct CallbackOperation {
    pub(super) at: String,
    /// The id of the operation that declares the callback.
    pub(super) operation_id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) method: String,
    /// The alternatives of `security`. Each has its pointer, and the scheme of the header Authorization in lower case.
    /// If the scheme is empty, the callback has no header Authorization. If the list is empty, no callback may have
    /// this header.
    pub(super) authentications: Vec<(String, String)>,
    pub(super) headers: Vec<Parameter>,
    pub(super) body: Body,
    pub(super) responses: BTreeMap<String, Response>,
}

/// The template of a path.
pub(super) struct Path(Vec<Segment>);

enum Segment {
    Literal(String),
    /// The name of a parameter.
    Parameter(String),
}

impl Path {
    fn of(template: &str) -> Path {
        let segments = template.trim_start_matches('/').split('/');
        Path(
            segments
                .map(|segment| match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
                    Some(name) => Segment::Parameter(name.to_owned()),
                    None => Segment::Literal(segment.to_owned()),
                })
                .collect(),
        )
    }

    /// Returns the names and values of the parameters, or `None` if `path` does not match the template.
    pub(super) fn parameters<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let found: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if self.0.len() != found.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, value) in self.0.iter().zip(found) {
            match segment {
                Segment::Literal(literal) if literal != value => return None,
                Segment::Literal(_) => {}
                Segment::Parameter(name) => parameters.push((name.as_str(), value)),
            }
        }
        Some(parameters)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| match segment {
            Segment::Literal(literal) => write!(formatter, "/{literal}"),
            Segment::Parameter(name) => write!(formatter, "/{{{name}}}"),
        })
    }
}

/// A parameter, or a header of a response.
pub(super) struct Parameter {
    pub(super) at: String,
    /// `query`, `path` or `header`.
    pub(super) location: String,
    /// The name. The name of a header is in lower case.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

pub(super) struct Response {
    pub(super) at: String,
    pub(super) headers: Vec<Parameter>,
    pub(super) content: BTreeMap<String, Schema>,
    /// The kinds of error in the examples of the response. Each entry has the pointer of the example, and the kind.
    pub(super) kinds: Vec<(String, String)>,
}

pub(super) struct Body {
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Schema>,
}

/// A schema. Its validators are built on first use.
pub(super) struct Schema {
    pub(super) at: String,
    document: Arc<Value>,
    closed: OnceLock<Result<Validator, String>>,
    written: OnceLock<Result<Validator, String>>,
}

impl Schema {
    fn of(document: &Arc<Value>, schema: &Cursor) -> Schema {
        Schema { at: schema.at.clone(), document: document.clone(), closed: OnceLock::new(), written: OnceLock::new() }
    }

    /// # Errors
    /// When the schema is invalid.
    pub(super) fn validator(&self, style: Style) -> Result<&Validator, String> {
        let slot = if style == Style::Written { &self.written } else { &self.closed };
        let build = || json_schema::validator(&self.document, self.value(), style).map_err(|error| format!("{error:#}"));
        slot.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    fn value(&self) -> &Value {
        self.document.pointer(&self.at).expect("the schema was read at this pointer")
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.document).at_pointer(&self.at)
    }

    /// Whether the text of a header or parameter is valid. The text may be valid as a string, or as the number or
    /// boolean that it represents.
    ///
    /// # Errors
    /// When the schema is invalid.
    pub(super) fn accepts_text(&self, text: &str) -> Result<bool, String> {
        let validator = self.validator(Style::Closed)?;
        let parsed = serde_json::from_str(text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
        Ok(validator.is_valid(&text.into()) || parsed.is_some_and(|value| validator.is_valid(&value)))
    }
}

pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) callbacks: Vec<CallbackOperation>,
}

impl Document {
    /// # Errors
    /// When `document` is not an OpenAPI document, an operation lacks a required scope, or a reference has no target.
    pub(super) fn read(document: &Arc<Value>, profile: &Profile) -> anyhow::Result<Document> {
        let root = Cursor::new(document);
        let (mut operations, mut callbacks) = (Vec::new(), Vec::new());
        let default_security = root.member("security");
        for (path, item) in root.member("paths").context("openapi.json has no paths")?.members()? {
            let item = item.follow()?;
            for (method, operation) in METHODS.iter().filter_map(|method| Some((method, item.member(method)?))) {
                let reader = Reader { document, profile, shared: item.member("parameters"), operation };
                let security = reader.operation.member("security").or_else(|| default_security.clone());
                operations.push(reader.operation(method, path, security)?);
                callbacks.extend(reader.callbacks()?);
            }
        }
        Ok(Document { operations, callbacks })
    }
}

struct Reader<'a> {
    document: &'a Arc<Value>,
    profile: &'a Profile,
    /// The parameters of the path. They apply to all operations of the path.
    shared: Option<Cursor<'a>>,
    operation: Cursor<'a>,
}

impl CallbackOperation {
    /// Returns a key that identifies the callback. The key does not depend on the position of the callback in the
    /// document.
    pub(super) fn key(&self) -> String {
        format!("callback {} {} {} {}", self.operation_id, self.name, self.url, self.method)
    }

    /// Returns the id that `unseen` of the profile uses for the callback.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.operation_id, self.name)
    }
}

impl<'a> Reader<'a> {
    fn operation(&self, method: &str, path: &str, security: Option<Cursor>) -> anyhow::Result<Operation> {
        let here = &self.operation;
        let id = self.id()?;
        let security = security.map(|security| security.items()).transpose()?.unwrap_or_default();
        Ok(Operation {
            at: here.at.clone(),
            id: id.to_owned(),
            method: method.to_uppercase(),
            path: Path::of(path),
            scope: self.profile.security.scope.map(|member| self.scope(member, id)).transpose()?.flatten(),
            needs_token: !security.is_empty() && security.iter().all(|requirement| requirement.value != &serde_json::json!({})),
            parameters: self.parameters()?,
            request: here.member("requestBody").map(|body| self.body(&body.follow()?)).transpose()?,
            responses: self.responses(method)?,
        })
    }

    fn id(&self) -> anyhow::Result<&'a str> {
        let here = &self.operation;
        here.member("operationId").with_context(|| format!("{} has no operationId", here.at))?.text()
    }

    fn scope(&self, member: &str, id: &str) -> anyhow::Result<Option<Scope>> {
        let at = &self.operation.at;
        let scope = self.operation.member(member);
        if !self.profile.security.needs_scope(id) {
            anyhow::ensure!(scope.is_none(), "{at} has {member}, but {id} needs no scope according to the profile");
            return Ok(None);
        }
        let scope = scope.with_context(|| format!("{at} has no {member}"))?;
        Ok(Some(Scope { at: scope.at.clone(), name: scope.text()?.to_owned() }))
    }

    fn callbacks(&self) -> anyhow::Result<Vec<CallbackOperation>> {
        let mut callbacks = Vec::new();
        for (name, callback) in self.operation.member("callbacks").map(|callbacks| callbacks.members()).transpose()?.unwrap_or_default() {
            for (url, item) in callback.follow()?.members()? {
                let item = item.follow()?;
                for (method, operation) in METHODS.iter().filter_map(|method| Some((method, item.member(method)?))) {
                    let reader = Reader { shared: item.member("parameters"), operation, ..*self };
                    callbacks.push(reader.callback(self.id()?, name, url, method)?);
                }
            }
        }
        Ok(callbacks)
    }

    fn callback(&self, operation_id: &str, name: &str, url: &str, method: &str) -> anyhow::Result<CallbackOperation> {
        let body = self.operation.member("requestBody").map(|body| self.body(&body.follow()?)).transpose()?;
        let mut authentications = Vec::new();
        for requirement in self.operation.member("security").map(|security| security.items()).transpose()?.unwrap_or_default() {
            let mut scheme = String::new();
            for (name, scopes) in requirement.members()? {
                let target = scopes.target(&format!("#{}", child("/components/securitySchemes", name)))?;
                scheme = match target.value["type"].as_str() {
                    Some("oauth2" | "openIdConnect") => "bearer".to_owned(),
                    // An API key is not in the header Authorization.
                    Some("apiKey") => continue,
                    _ => target.member("scheme").with_context(|| format!("{} has no scheme", target.at))?.text()?.to_lowercase(),
                };
            }
            authentications.push((requirement.at, scheme));
        }
        Ok(CallbackOperation {
            at: self.operation.at.clone(),
            operation_id: operation_id.to_owned(),
            name: name.to_owned(),
            url: url.to_owned(),
            method: method.to_uppercase(),
            authentications,
            headers: self.parameters()?,
            body: body.unwrap_or(Body { required: false, content: BTreeMap::new() }),
            responses: self.responses(method)?,
        })
    }

    fn parameters(&self) -> anyhow::Result<Vec<Parameter>> {
        let own = self.operation.member("parameters");
        let mut parameters: Vec<Parameter> = Vec::new();
        for list in own.iter().chain(&self.shared) {
            for parameter in list.items()? {
                let parameter = parameter.follow()?;
                let text = |name: &str| parameter.member(name).with_context(|| format!("{} has no {name}", parameter.at))?.text();
                let parameter = self.parameter(text("in")?, text("name")?, &parameter)?;
                // If the operation and the path have a parameter with the same location and name, the operation keeps
                // its own parameter.
                if !parameters.iter().any(|known| known.location == parameter.location && known.name == parameter.name) {
                    parameters.push(parameter);
                }
            }
        }
        Ok(parameters)
    }

    fn parameter(&self, location: &str, name: &str, parameter: &Cursor) -> anyhow::Result<Parameter> {
        let schema = parameter.member("schema").with_context(|| format!("{} has no schema", parameter.at))?;
        Ok(Parameter {
            at: parameter.at.clone(),
            location: location.to_owned(),
            name: if location == "header" { name.to_lowercase() } else { name.to_owned() },
            required: parameter.member("required").is_some_and(|required| required.value == true),
            schema: Schema::of(self.document, &schema),
        })
    }

    fn body(&self, body: &Cursor) -> anyhow::Result<Body> {
        Ok(Body { required: body.member("required").is_some_and(|required| required.value == true), content: self.content(body)? })
    }

    fn content(&self, holder: &Cursor) -> anyhow::Result<BTreeMap<String, Schema>> {
        let content = holder.member("content").map(|content| content.members()).transpose()?.unwrap_or_default();
        content
            .into_iter()
            .map(|(media_type, content)| {
                let schema = content.member("schema").with_context(|| format!("{} has no schema", content.at))?;
                Ok((media_type.to_ascii_lowercase(), Schema::of(self.document, &schema)))
            })
            .collect()
    }

    fn responses(&self, method: &str) -> anyhow::Result<BTreeMap<String, Response>> {
        let documented = self.operation.member("responses").with_context(|| format!("{} has no responses", self.operation.at))?;
        let mut responses = BTreeMap::new();
        for (status, response) in documented.members()? {
            let response = response.follow()?;
            let mut headers = Vec::new();
            for (name, header) in response.member("headers").map(|headers| headers.members()).transpose()?.unwrap_or_default() {
                headers.push(self.parameter("header", name, &header.follow()?)?);
            }
            let (mut content, mut kinds) = (BTreeMap::new(), Vec::new());
            // A response to HEAD has the same headers as a response to GET, but no content (RFC 9110 §9.3.2).
            if method != "head" {
                content = self.content(&response)?;
                kinds = self.profile.errors.kind.map_or_else(|| Ok(Vec::new()), |member| kinds_of(&response, member))?;
            }
            responses.insert(status.to_owned(), Response { at: child(&documented.at, status), headers, content, kinds });
        }
        Ok(responses)
    }
}

/// Returns the kinds of error in the examples of a response. Each entry has the pointer of the example, and the kind.
fn kinds_of(response: &Cursor, member: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut kinds = Vec::new();
    for (_, content) in response.member("content").map(|content| content.members()).transpose()?.unwrap_or_default() {
        let mut examples: Vec<Cursor> = content.member("example").into_iter().collect();
        for (_, example) in content.member("examples").map(|examples| examples.members()).transpose()?.unwrap_or_default() {
            examples.extend(example.follow()?.member("value"));
        }
        let found = examples.iter().filter_map(|example| example.member(member));
        kinds.extend(found.filter_map(|kind| Some((kind.at.clone(), kind.value.as_str()?.to_owned()))));
    }
    Ok(kinds)
}
