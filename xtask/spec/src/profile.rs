//! The description of one service. The rest of this crate works for any service.

use std::path::PathBuf;

use serde_json::Value;

/// What the proof needs to know about a service and cannot read from its document.
#[derive(Debug)]
pub struct Profile {
    /// The command line that precedes the name of a command, for messages: `cargo xtask`.
    pub command: &'static str,
    /// The command that runs the service's tests, which record exchanges. For messages.
    pub test_command: &'static str,
    /// `info.license.name`, or `None` if the document has no licence.
    pub license: Option<&'static str>,
    /// The URL at which the service listens by default: the first entry of `servers`.
    pub server: String,
    pub security: Security,
    pub errors: Errors,
    /// Default values of query parameters, by parameter name. Dropshot loses them.
    pub parameter_defaults: Vec<(&'static str, Value)>,
    pub callbacks: Vec<Callback>,
    /// The check that replaces the comparison, for each rule of `openapi --rules` that applies to the service.
    pub checked_by: &'static [(&'static str, &'static str)],
    pub evidence: Evidence,
}

/// The authentication of callers, which dropshot cannot declare.
#[derive(Debug)]
pub struct Security {
    /// `components.securitySchemes`, including the schemes of callbacks.
    pub schemes: Value,
    /// The `security` requirements of every operation that is not public.
    pub required: Value,
    /// The extension with the scope that an operation needs, such as `x-required-scope`. If set, every operation must have it,
    /// except the operations in the next two lists.
    pub scope: Option<&'static str>,
    /// The ids of operations that need a token, but no scope.
    pub without_scope: &'static [&'static str],
    /// The ids of operations that need no token. In the document, each has `"security": []`.
    pub public: &'static [&'static str],
}

impl Security {
    pub(crate) fn needs_scope(&self, operation_id: &str) -> bool {
        self.scope.is_some() && !self.without_scope.contains(&operation_id) && !self.public.contains(&operation_id)
    }
}

/// The error statuses of operations. Dropshot declares only `4XX` and `5XX`.
#[derive(Debug)]
pub struct Errors {
    /// Statuses of every operation.
    pub always: &'static [&'static str],
    /// Statuses of operations that are not public ([`Security::public`]), such as 401.
    pub with_token: &'static [&'static str],
    /// Statuses of operations that need a scope ([`Security::scope`]), such as 403.
    pub with_scope: &'static [&'static str],
    /// Statuses of operations with parameters or a body.
    pub with_input: &'static [&'static str],
    /// Statuses of operations with a body.
    pub with_body: &'static [&'static str],
    /// Statuses of operations whose path has a parameter.
    pub with_path_parameter: &'static [&'static str],
    /// Statuses that an operation has if the document lists them. The comparison cannot check them, so a test must show them.
    pub if_documented: &'static [&'static str],
    /// The media types of errors: `application/json`, or `application/problem+json`, or both. All have the same schema.
    pub media_types: &'static [&'static str],
    /// Headers of errors, by status.
    pub headers: Vec<ErrorHeader>,
    /// The member of an error body that has the kind of error. The document needs an example of each kind that is returned.
    pub kind: Option<&'static str>,
    /// The response to a request that violates the document.
    pub refusal: Refusal,
}

impl Errors {
    /// Returns the lists of statuses, each with the condition on which it applies.
    pub(crate) fn statuses(&self) -> [(&'static str, &'static [&'static str]); 7] {
        [
            ("always", self.always),
            ("with a token", self.with_token),
            ("with a scope", self.with_scope),
            ("with input", self.with_input),
            ("with a body", self.with_body),
            ("with a parameter in the path", self.with_path_parameter),
            ("where openapi.json lists them", self.if_documented),
        ]
    }
}

/// A header of errors with certain statuses.
#[derive(Debug)]
pub struct ErrorHeader {
    pub statuses: &'static [&'static str],
    pub name: &'static str,
    /// The header object of the document: `required` and `schema`.
    pub header: Value,
}

/// The response to a request that violates the document.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    /// The kind of error ([`Errors::kind`]), or `None` if the status alone identifies this response.
    pub kind: Option<&'static str>,
    /// The list of problems in the error body, and the member of each item that has a JSON pointer into the request. The pointer
    /// is plain, or the fragment of a URI (RFC 9457), such as `#/name`.
    pub pointers: Option<(&'static str, &'static str)>,
    /// JSON pointers of values that the service may refuse although they match their schema. `*` stands for any index. The whole
    /// body is always included.
    pub beyond_the_schema: &'static [&'static str],
    /// Parameters that the service may refuse although they match their schema.
    pub opaque_parameters: &'static [&'static str],
}

/// A callback, which dropshot cannot declare.
#[derive(Debug)]
pub struct Callback {
    /// The operation that declares the callback.
    pub operation_id: &'static str,
    pub name: &'static str,
    /// The runtime expression of the URL, such as `{$request.body#/url}`.
    pub url: &'static str,
    pub method: &'static str,
    /// The operation, built from the types that the service sends: `parameters`, `requestBody`, `responses`, `security`, `tags`.
    pub operation: Value,
}

/// Settings for recorded exchanges and mutations.
#[derive(Debug)]
pub struct Evidence {
    /// Responses that no test can provoke.
    pub unseen: &'static [Unseen],
    /// Paths of the service that are not part of its API. Coverage ignores them.
    pub outside_the_api: &'static [&'static str],
    /// Regular expressions of text that varies between equal exchanges, such as signatures. UUIDs and times are built in.
    /// Exchanges that differ only in such text are recorded once.
    pub variable_parts: &'static [&'static str],
    /// Mutations that nothing reports: operator, JSON pointer, and the reason why no user could notice.
    pub survivors: &'static [(&'static str, &'static str, &'static str)],
}

/// A response that no test can provoke, with the reason.
#[derive(Debug)]
pub struct Unseen {
    pub status: &'static str,
    /// Ids of operations. A callback is named by the id of its operation and its own name: `startSession/finished`.
    pub operation_ids: &'static [&'static str],
    pub reason: &'static str,
}

/// A service to check.
#[derive(Debug)]
pub struct Service {
    /// The root of the git repository, which contains `openapi.json`.
    pub root: PathBuf,
    /// The file with recorded exchanges, one JSON object per line. The path is relative to `root`, or absolute.
    pub exchanges: PathBuf,
    /// The document that dropshot generates from the API trait.
    pub generated: Value,
    pub profile: Profile,
}

impl Service {
    /// Returns the text of openapi.json.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn document(&self) -> anyhow::Result<String> {
        crate::read(&self.root.join("openapi.json"))
    }
}
