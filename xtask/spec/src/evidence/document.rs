//! openapi.json, made ready to hold exchanges against.

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
    /// A JSON pointer, as every `at` here.
    pub(super) at: String,
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: Path,
    /// `None` when the profile says that it needs none.
    pub(super) scope: Option<Scope>,
    pub(super) needs_token: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Body>,
    pub(super) answers: BTreeMap<String, Response>,
}

pub(super) struct Scope {
    pub(super) at: String,
    pub(super) name: String,
}

pub(super) struct CallbackOperation {
    pub(super) at: String,
    /// The operation that has it.
    pub(super) operation_id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) method: String,
    /// Schemes of Authorization in lower case; the empty one stands for none. An empty list says the same as it alone.
    pub(super) authentications: Vec<(String, String)>,
    pub(super) headers: Vec<Parameter>,
    pub(super) body: Body,
    pub(super) answers: BTreeMap<String, Response>,
}

/// Segments of a path; a name in place of a parameter.
pub(super) struct Path(Vec<Result<String, String>>);

impl Path {
    fn of(template: &str) -> Path {
        let segments = template.trim_start_matches('/').split('/');
        Path(
            segments
                .map(|segment| match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
                    Some(name) => Err(name.to_owned()),
                    None => Ok(segment.to_owned()),
                })
                .collect(),
        )
    }

    /// The values of its parameters, if `path` is one of these.
    pub(super) fn parameters<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let found: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = self.0.len() == found.len()
            && self.0.iter().zip(&found).all(|(segment, found)| segment.as_ref().map_or(true, |literal| literal == found));
        let named = self.0.iter().zip(found).filter_map(|(segment, found)| Some((segment.as_ref().err()?.as_str(), found)));
        fits.then(|| named.collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| match segment {
            Ok(literal) => write!(formatter, "/{literal}"),
            Err(name) => write!(formatter, "/{{{name}}}"),
        })
    }
}

/// A parameter, or a header of an answer.
pub(super) struct Parameter {
    pub(super) at: String,
    /// `query`, `path` or `header`.
    pub(super) place: String,
    /// Of a header in lower case.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

pub(super) struct Response {
    pub(super) at: String,
    pub(super) headers: Vec<Parameter>,
    pub(super) content: BTreeMap<String, Schema>,
    /// The kinds of error of its examples, with their pointers.
    pub(super) kinds: Vec<(String, String)>,
}

pub(super) struct Body {
    pub(super) required: bool,
    pub(super) content: BTreeMap<String, Schema>,
}

/// Its validator is built when it is first needed.
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
    /// What is wrong with the schema itself.
    pub(super) fn validator(&self, style: Style) -> Result<&Validator, String> {
        let slot = if style == Style::Written { &self.written } else { &self.closed };
        let build = || json_schema::validator(&self.document, self.value(), style).map_err(|error| format!("{error:#}"));
        slot.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    fn value(&self) -> &Value {
        self.document.pointer(&self.at).expect("it was read there")
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor::new(&self.document).standing_at(&self.at)
    }

    /// Whether a text that is no JSON, such as a header's or a query's value, is one that the schema describes: as the
    /// text that it is, or as the number or truth value that it spells.
    pub(super) fn takes_text(&self, text: &str) -> Result<bool, String> {
        let validator = self.validator(Style::Closed)?;
        let spelled = serde_json::from_str(text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
        Ok(validator.is_valid(&text.into()) || spelled.is_some_and(|value| validator.is_valid(&value)))
    }
}

pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) callbacks: Vec<CallbackOperation>,
}

impl Document {
    /// # Errors
    /// When it is no OpenAPI document, an operation of it has no scope although it needs one, or a reference leads nowhere.
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
    /// Parameters of its path.
    shared: Option<Cursor<'a>>,
    operation: Cursor<'a>,
}

impl CallbackOperation {
    /// Identifies it among all callbacks, wherever it stands.
    pub(super) fn key(&self) -> String {
        format!("callback {} {} {} {}", self.operation_id, self.name, self.url, self.method)
    }

    /// How the profile's `unseen` names it.
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
            answers: self.answers(method)?,
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
            anyhow::ensure!(scope.is_none(), "{at} has {member}, and the profile says that {id} needs no scope");
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
                    // It has a header of its own, or none.
                    Some("apiKey") => String::new(),
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
            answers: self.answers(method)?,
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
                // A parameter of the operation replaces the same parameter of its path.
                if !parameters.iter().any(|known| known.place == parameter.place && known.name == parameter.name) {
                    parameters.push(parameter);
                }
            }
        }
        Ok(parameters)
    }

    fn parameter(&self, place: &str, name: &str, parameter: &Cursor) -> anyhow::Result<Parameter> {
        let schema = parameter.member("schema").with_context(|| format!("{} has no schema", parameter.at))?;
        Ok(Parameter {
            at: parameter.at.clone(),
            place: place.to_owned(),
            name: if place == "header" { name.to_lowercase() } else { name.to_owned() },
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

    fn answers(&self, method: &str) -> anyhow::Result<BTreeMap<String, Response>> {
        let responses = self.operation.member("responses").with_context(|| format!("{} has no responses", self.operation.at))?;
        let mut answers = BTreeMap::new();
        for (status, response) in responses.members()? {
            let response = response.follow()?;
            let mut headers = Vec::new();
            for (name, header) in response.member("headers").map(|headers| headers.members()).transpose()?.unwrap_or_default() {
                headers.push(self.parameter("header", name, &header.follow()?)?);
            }
            let (mut content, mut kinds) = (BTreeMap::new(), Vec::new());
            // A response to HEAD has no content, only what describes it (RFC 9110 §9.3.2).
            if method != "head" {
                content = self.content(&response)?;
                kinds = self.profile.errors.kind.map_or_else(|| Ok(Vec::new()), |member| kinds_of(&response, member))?;
            }
            answers.insert(status.to_owned(), Response { at: child(&responses.at, status), headers, content, kinds });
        }
        Ok(answers)
    }
}

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
