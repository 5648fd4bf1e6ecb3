//! What is specific to one service. The rest of this crate knows nothing of any service.

use std::path::PathBuf;

use serde_json::Value;

/// Everything that the proof needs to know of a service and cannot read from its document.
#[derive(Debug)]
pub struct Profile {
    /// How the commands are called, for messages: `cargo xtask`.
    pub command: &'static str,
    /// The command that runs the service's tests and so records exchanges, for messages.
    pub record_with: &'static str,
    /// `info.license.name`; `None` when the document has no licence.
    pub license: Option<&'static str>,
    /// The URL at which the service listens by default: the first of `servers`.
    pub server: String,
    pub security: Security,
    pub errors: Errors,
    /// Defaults of query parameters, by their names. Dropshot loses them.
    pub parameter_defaults: Vec<(&'static str, Value)>,
    pub callbacks: Vec<Callback>,
    /// For each rule of `openapi --rules` that the service uses: the check that holds what the comparison cannot.
    pub held_by: &'static [(&'static str, &'static str)],
    pub evidence: Evidence,
}

/// Who may call. Dropshot knows no authentication.
#[derive(Debug)]
pub struct Security {
    /// `components.securitySchemes`, by name, those of callbacks too.
    pub schemes: Value,
    /// The requirements of every operation, as in `security`.
    pub required: Value,
    /// The extension that names the scope that an operation needs, such as `x-required-scope`. With one, every operation has it
    /// but those of the next two lists.
    pub scope: Option<&'static str>,
    /// The ids of operations that need a token, but no scope.
    pub without_scope: &'static [&'static str],
    /// The ids of operations that anyone may call. The document says `"security": []` of each.
    pub public: &'static [&'static str],
}

impl Security {
    pub(crate) fn needs_scope(&self, operation_id: &str) -> bool {
        self.scope.is_some() && !self.without_scope.contains(&operation_id) && !self.public.contains(&operation_id)
    }
}

/// The error statuses of an operation. Dropshot says `4XX` and `5XX`.
#[derive(Debug)]
pub struct Errors {
    /// Of every operation.
    pub always: &'static [&'static str],
    /// Of operations that are not public ([`Security::public`]), such as 401.
    pub with_token: &'static [&'static str],
    /// Of operations that need a scope ([`Security::scope`]), such as 403.
    pub with_scope: &'static [&'static str],
    /// Of operations with parameters or a body.
    pub with_input: &'static [&'static str],
    /// Of operations with a body.
    pub with_body: &'static [&'static str],
    /// Of operations whose path has a parameter.
    pub with_path_parameter: &'static [&'static str],
    /// Of operations of which the document says so: nothing in the shape of an operation tells. The tests have to show them.
    pub undecided: &'static [&'static str],
    /// The media types of errors: `application/json`, or `application/problem+json`, or both. All have the same schema.
    pub media_types: &'static [&'static str],
    /// Headers of errors, by status.
    pub headers: Vec<ErrorHeader>,
    /// The member of an error's body that names its kind. Each kind that is answered needs an example in the document.
    pub kind: Option<&'static str>,
    /// How the service refuses a request that is not as the document says.
    pub refusal: Refusal,
}

impl Errors {
    /// The lists of statuses, and when each holds.
    pub(crate) fn statuses(&self) -> [(&'static str, &'static [&'static str]); 7] {
        [
            ("always", self.always),
            ("with a token", self.with_token),
            ("with a scope", self.with_scope),
            ("with input", self.with_input),
            ("with a body", self.with_body),
            ("with a parameter in the path", self.with_path_parameter),
            ("where openapi.json says so", self.undecided),
        ]
    }
}

/// A header that errors of some statuses carry.
#[derive(Debug)]
pub struct ErrorHeader {
    pub statuses: &'static [&'static str],
    pub name: &'static str,
    /// As the document has it: `required` and `schema`.
    pub header: Value,
}

/// How the service refuses a request that is not as the document says.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    /// The kind of error ([`Errors::kind`]); `None` when the status says it all.
    pub kind: Option<&'static str>,
    /// The list in the error's body that names what is wrong, and the member of each item that is a JSON pointer into the request:
    /// plain, or as the fragment of a URI (RFC 9457), such as `#/name`.
    pub pointers: Option<(&'static str, &'static str)>,
    /// JSON pointers at which a value may be refused although it keeps its schema, as no schema can say all of it. `*` is any
    /// index; the whole body is always one of them.
    pub beyond_the_schema: &'static [&'static str],
    /// Parameters of which the same is true.
    pub opaque_parameters: &'static [&'static str],
}

/// A callback. Dropshot has none.
#[derive(Debug)]
pub struct Callback {
    /// The operation that has it.
    pub operation_id: &'static str,
    pub name: &'static str,
    /// Where it goes: a runtime expression, such as `{$request.body#/url}`.
    pub url: &'static str,
    pub method: &'static str,
    /// The operation, made of the types that the service sends: `parameters`, `requestBody`, `responses`, `security`, `tags`.
    pub operation: Value,
}

/// What the recorded exchanges can show, and what they cannot.
#[derive(Debug)]
pub struct Evidence {
    /// Responses that no test provokes from outside.
    pub unseen: &'static [Unseen],
    /// Paths that the service serves beside its API. Its own tests hold them.
    pub beside_the_api: &'static [&'static str],
    /// Regular expressions of what is new in each exchange beside UUIDs and times: signatures, ports. Exchanges that differ
    /// in these alone are recorded once.
    pub new_each_time: &'static [&'static str],
    /// Mutations that nothing reports, by operator and pointer, and why no user could notice.
    pub survivors: &'static [(&'static str, &'static str, &'static str)],
}

/// A response that no test provokes, with the reason.
#[derive(Debug)]
pub struct Unseen {
    pub status: &'static str,
    /// A callback is named by the id of its operation and its own name: `startSession/finished`.
    pub operation_ids: &'static [&'static str],
    pub reason: &'static str,
}

/// A service under proof: its document, what its code says, and what its tests saw.
#[derive(Debug)]
pub struct Service {
    /// The top of its git repository, where `openapi.json` stands.
    pub root: PathBuf,
    /// The file where its tests leave exchanges, one JSON object a line: below the root, or absolute.
    pub exchanges: PathBuf,
    /// The document that dropshot generates from its API trait.
    pub generated: Value,
    pub profile: Profile,
}

impl Service {
    /// The text of openapi.json.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn document(&self) -> anyhow::Result<String> {
        crate::read(&self.root.join("openapi.json"))
    }
}
