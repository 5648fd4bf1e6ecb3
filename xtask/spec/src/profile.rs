//! The description of one service. All other modules of this crate work for any service.

use std::path::PathBuf;

use serde_json::Value;

/// Facts about a service that the checks need, and that the documents of the service do not contain.
#[derive(Debug)]
pub struct Profile {
    /// The text before the name of each command, such as `cargo xtask`. Messages contain this text.
    pub command: &'static str,
    /// The command that runs the tests of the service. These tests record exchanges. Messages contain this command.
    pub test_command: &'static str,
    /// The value of `info.license.name`, or `None` if the document has no licence.
    pub license: Option<&'static str>,
    /// The URL at which the service listens by default. The first entry of `servers` in openapi.json must have this
    /// URL.
    pub server: String,
    pub security: Security,
    pub errors: Errors,
    /// Default values of query parameters, by parameter name. The document that dropshot generates does not have these
    /// defaults.
    pub parameter_defaults: Vec<(&'static str, Value)>,
    pub callbacks: Vec<Callback>,
    /// The rules that apply to the service and have no built-in check. Each entry has the name of a rule, and the check
    /// that replaces the comparison for this rule. `openapi --rules` lists the rules.
    pub checked_by: &'static [(&'static str, &'static str)],
    pub evidence: Evidence,
}

/// The authentication of callers. Dropshot cannot declare this authentication.
#[derive(Debug)]
pub struct Security {
    /// The value of `components.securitySchemes`. It includes the schemes of callbacks.
    pub schemes: Value,
    /// The `security` requirements of every operation that is not public.
    pub required: Value,
    /// The extension with the scope that an operation needs, such as `x-required-scope`. If this member is not `None`,
    /// every operation must have the extension, except the operations in `without_scope` and `public`.
    pub scope: Option<&'static str>,
    /// The ids of operations that need a token, but no scope.
    pub without_scope: &'static [&'static str],
    /// The ids of operations that need no token. In the document, each of these operations has `"security": []`.
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
    /// Statuses that the generated document gets for an operation if openapi.json lists them for this operation. The
    /// comparison cannot check these statuses, so a test must show them.
    pub if_documented: &'static [&'static str],
    /// The media types of errors: `application/json`, or `application/problem+json`, or both. The schema is the same
    /// for both media types.
    pub media_types: &'static [&'static str],
    /// Headers of error responses with certain statuses.
    pub headers: Vec<ErrorHeader>,
    /// The name of the member that contains the kind of error in an error body. The document needs an example of each
    /// kind that the service returns.
    pub kind: Option<&'static str>,
    /// The response to a request that violates the document.
    pub refusal: Refusal,
}

impl Errors {
    /// Returns the lists of statuses. Each list has the condition under which it applies.
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

/// A header of the error responses with certain statuses.
#[derive(Debug)]
pub struct ErrorHeader {
    pub statuses: &'static [&'static str],
    pub name: &'static str,
    /// The OpenAPI header object, with the members `required` and `schema`.
    pub header: Value,
}

/// The response to a request that violates the document.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    /// The kind of error ([`Errors::kind`]), or `None` if the status alone identifies this response.
    pub kind: Option<&'static str>,
    /// Two names of members. The first member is the list of problems in the error body. The second member is in each
    /// item of the list: a JSON pointer to a value in the request. The pointer is plain, such as `/name`, or the
    /// fragment of a URI (RFC 9457), such as `#/name`.
    pub pointers: Option<(&'static str, &'static str)>,
    /// JSON pointers to request values that the service may refuse even if they match their schema. `*` stands for any
    /// index of a list. `/**` at the end stands for the value and everything inside. The service may always refuse the whole body, so the body needs no entry.
    pub beyond_the_schema: &'static [&'static str],
    /// Names of parameters whose values the service may refuse even if they match their schema.
    pub opaque_parameters: &'static [&'static str],
}

impl Refusal {
    /// Whether `beyond_the_schema` contains a pointer whose indices are replaced by `*`.
    pub(crate) fn exceeds_the_schema(&self, pointer: &str) -> bool {
        self.beyond_the_schema.iter().any(|known| match known.strip_suffix("/**") {
            Some(outer) => pointer.strip_prefix(outer).is_some_and(|inner| inner.is_empty() || inner.starts_with('/')),
            None => pointer == *known,
        })
    }
}

/// A callback. Dropshot cannot declare callbacks.
#[derive(Debug)]
pub struct Callback {
    /// The id of the operation that declares the callback.
    pub operation_id: &'static str,
    pub name: &'static str,
    /// The runtime expression of the URL, such as `{$request.body#/url}`.
    pub url: &'static str,
    pub method: &'static str,
    /// The OpenAPI operation object, with `parameters`, `requestBody`, `responses`, `security` and `tags`. Build this
    /// object from the types that the service sends.
    pub operation: Value,
}

/// Settings for recorded exchanges and mutations.
#[derive(Debug)]
pub struct Evidence {
    /// Responses that no test can cause.
    pub unseen: &'static [Unseen],
    /// Paths of the service that are not part of its API. Exchanges with these paths are not checked.
    pub outside_the_api: &'static [&'static str],
    /// Regular expressions of text that may differ between equal exchanges, such as signatures. UUIDs and times need no
    /// entry. If exchanges differ only in this text, only the first of them is recorded.
    pub variable_parts: &'static [&'static str],
    /// Mutations that no check reports. Each entry has the operator, the JSON pointer, and the reason why no user
    /// notices the change.
    pub survivors: &'static [(&'static str, &'static str, &'static str)],
}

/// A response that no test can cause, and the reason.
#[derive(Debug)]
pub struct Unseen {
    pub status: &'static str,
    /// Ids of operations and callbacks. The id of a callback consists of the operation's id and the callback's name:
    /// `startSession/finished`.
    pub operation_ids: &'static [&'static str],
    pub reason: &'static str,
}

/// A service to check.
#[derive(Debug)]
pub struct Service {
    /// The root folder of the git repository. This folder contains `openapi.json`.
    pub root: PathBuf,
    /// The path of the file with the recorded exchanges, relative to `root` or absolute. Each line of the file is a
    /// JSON object.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_can_stand_for_everything_inside_a_value() {
        let refusal = Refusal { status: 400, kind: None, pointers: None, beyond_the_schema: &["/data/**", "/a"], opaque_parameters: &[] };
        for (pointer, expected) in [("/data", true), ("/data/a/*", true), ("/database", false), ("/a", true), ("/a/b", false)] {
            assert_eq!(refusal.exceeds_the_schema(pointer), expected, "{pointer}");
        }
    }
}
