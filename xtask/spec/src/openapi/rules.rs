//! Lists what the comparison cannot check, mostly because dropshot cannot express it. For each rule, this module or
//! the profile names another check.
//!
//! These rules are the only exceptions. Everything else is compared, including unknown keywords.

use crate::Profile;

/// The purpose of a normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The normal form of openapi.json for the comparison with the code.
    Specification,
    /// The normal form of the generated document for the comparison with openapi.json. This document has no
    /// discriminators, so they are derived from the variants.
    Code,
    /// The normal form of one of two versions of openapi.json, for the comparison of the versions. This normal form
    /// includes the scopes, which the code cannot express.
    Compatibility,
}

/// The kind of object that a member belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Document,
    Info,
    Tag,
    PathItem,
    Operation,
    CallbackOperation,
    Parameter,
    RequestBody,
    MediaType,
    Response,
    Header,
    SecurityScheme,
    Schema,
    ParameterSchema,
}

use Kind::{
    CallbackOperation, Document, Header, Info, MediaType, Operation, Parameter, ParameterSchema, PathItem, RequestBody, Response, Schema,
    SecurityScheme, Tag,
};

struct Rule {
    name: &'static str,
    /// Members that the normal form omits, by the kind of object.
    ignored: &'static [(Kind, &'static [&'static str])],
    description: &'static str,
    /// The check that replaces the comparison. It is `None` if each profile must name the check.
    checked_by: Option<&'static str>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "prose",
        ignored: &[
            (Info, &["title", "description", "termsOfService", "contact"]),
            (Document, &["externalDocs"]),
            (Tag, &["description", "externalDocs"]),
            (PathItem, &["summary", "description"]),
            (Operation, &["description", "externalDocs"]),
            (CallbackOperation, &["summary", "description", "externalDocs"]),
            (Parameter, &["description"]),
            (RequestBody, &["description"]),
            (Response, &["description"]),
            (Header, &["description"]),
            (Schema, &["title", "description", "externalDocs"]),
            (ParameterSchema, &["title", "description", "externalDocs"]),
        ],
        description: "descriptions are only in openapi.json; the summary of an operation is compared",
        checked_by: Some("nothing: only people read it"),
    },
    Rule {
        name: "examples",
        ignored: &[
            (Parameter, &["example", "examples"]),
            (MediaType, &["example", "examples"]),
            (Header, &["example", "examples"]),
            (Schema, &["example"]),
            (ParameterSchema, &["example"]),
        ],
        description: "the code has no examples",
        checked_by: Some("this command: every body has an example, and every example is valid against its schema"),
    },
    Rule {
        name: "components",
        ignored: &[(Document, &["components"])],
        description: "each `$ref` is replaced by its target, so the names of components are not compared",
        checked_by: Some("this command: an unused component is a finding"),
    },
    Rule {
        name: "hosts",
        ignored: &[],
        description: "the first server must be the default address of the service; other servers, and everything of the licence except \
               its name, are ignored",
        checked_by: None,
    },
    Rule {
        name: "security",
        ignored: &[(SecurityScheme, &["description"])],
        description: "dropshot cannot declare authentication; every operation that is not public gets the requirements of the profile",
        checked_by: None,
    },
    Rule { name: SCOPES, ignored: &[], description: "dropshot cannot declare scopes", checked_by: None },
    Rule {
        name: "error statuses",
        ignored: &[],
        description: "dropshot declares 4XX and 5XX; they are replaced by the statuses of the profile",
        checked_by: None,
    },
    Rule {
        name: ERROR_HEADERS,
        ignored: &[],
        description: "dropshot declares no headers of errors; the profile adds them",
        checked_by: None,
    },
    Rule {
        name: ERROR_MEDIA_TYPE,
        ignored: &[],
        description: "dropshot declares errors as application/json; the media types of the profile replace it, with the same schema",
        checked_by: None,
    },
    Rule {
        name: PARAMETER_DEFAULTS,
        ignored: &[],
        description: "dropshot loses the default values of parameters; the profile adds them",
        checked_by: None,
    },
    Rule {
        name: NEVER_NULL,
        ignored: &[(ParameterSchema, &["nullable"])],
        description: "dropshot declares optional parameters as nullable, but there is no null in a query or header",
        checked_by: None,
    },
    Rule {
        name: "discriminator",
        ignored: &[],
        description: "dropshot has no discriminators; they are derived from the enums with one value in the variants",
        checked_by: None,
    },
    Rule {
        name: CALLBACKS,
        ignored: &[],
        description: "dropshot has no callbacks; the profile adds them, built from the types that the service sends",
        checked_by: None,
    },
    Rule {
        name: "extensions",
        ignored: &[],
        description: "keywords that begin with `x-` are ignored, except the one for the scope of an operation",
        checked_by: Some("nothing: only some tools read them"),
    },
];

const SCOPES: &str = "scopes";
const ERROR_HEADERS: &str = "error headers";
const ERROR_MEDIA_TYPE: &str = "error media type";
const PARAMETER_DEFAULTS: &str = "parameter defaults";
const CALLBACKS: &str = "callbacks";

/// The only rule that applies to the generated document, but not to openapi.json.
const NEVER_NULL: &str = "parameters are never null";

/// The rules for the normal form of one document.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) purpose: Purpose,
    pub(super) scope: Option<&'a str>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(profile: &'a Profile, purpose: Purpose) -> Rules<'a> {
        Rules { purpose, scope: profile.security.scope }
    }

    pub(super) fn ignores(self, kind: Kind, member: &str) -> bool {
        if member.starts_with("x-") {
            // The code cannot express the scope of an operation. Users rely on the scope, so the comparison of two
            // versions of openapi.json includes it.
            let is_scope = Some(member) == self.scope && (self.purpose == Purpose::Compatibility || kind != Operation);
            return !is_scope;
        }
        let is_active = |rule: &&Rule| rule.name != NEVER_NULL || self.purpose == Purpose::Code;
        RULES.iter().filter(is_active).flat_map(|rule| rule.ignored).any(|(of, members)| *of == kind && members.contains(&member))
    }
}

/// Whether the rule matters for a service with this profile.
fn applies(rule: &Rule, profile: &Profile) -> bool {
    match rule.name {
        SCOPES => profile.security.scope.is_some(),
        ERROR_HEADERS => !profile.errors.headers.is_empty(),
        ERROR_MEDIA_TYPE => profile.errors.media_types != ["application/json"],
        PARAMETER_DEFAULTS => !profile.parameter_defaults.is_empty(),
        CALLBACKS => !profile.callbacks.is_empty(),
        _ => true,
    }
}

/// Returns the check that replaces the comparison.
fn checked_by(rule: &Rule, profile: &Profile) -> Option<&'static str> {
    rule.checked_by.or_else(|| profile.checked_by.iter().find(|(name, _)| *name == rule.name).map(|(_, check)| *check))
}

/// Checks that `checked_by` of the profile is complete.
///
/// # Errors
/// When a rule has no check, or an entry is for a rule that does not exist or needs no check.
pub(super) fn check(profile: &Profile) -> anyhow::Result<()> {
    let used = || RULES.iter().filter(|rule| applies(rule, profile));
    let missing: Vec<String> = used().filter(|rule| checked_by(rule, profile).is_none()).map(|rule| format!("{:?}", rule.name)).collect();
    if !missing.is_empty() {
        anyhow::bail!("`checked_by` of the profile has no check for: {}", missing.join(", "));
    }
    if let Some((name, _)) = profile.checked_by.iter().find(|(name, _)| !used().any(|rule| rule.name == *name && rule.checked_by.is_none()))
    {
        anyhow::bail!("`checked_by` of the profile has an entry for {name:?}, which is not a rule that needs a check");
    }
    Ok(())
}

/// Returns the values of the profile that the rule uses.
fn profile_values(rule: &Rule, profile: &Profile) -> Vec<String> {
    let errors = &profile.errors;
    match rule.name {
        "hosts" => vec![profile.server.clone()],
        "security" => profile.security.public.iter().map(|id| format!("{id} is public")).collect(),
        SCOPES => {
            let without = profile.security.without_scope.iter().map(|id| format!("{id} needs none"));
            profile.security.scope.map(|scope| format!("in {scope}")).into_iter().chain(without).collect()
        }
        "error statuses" => {
            let statuses = errors.statuses().into_iter().filter(|(_, statuses)| !statuses.is_empty());
            statuses.map(|(when, statuses)| format!("{} {when}", statuses.join(", "))).collect()
        }
        ERROR_HEADERS => errors.headers.iter().map(|header| format!("{} with {}", header.name, header.statuses.join(", "))).collect(),
        ERROR_MEDIA_TYPE => vec![errors.media_types.join(", ")],
        PARAMETER_DEFAULTS => profile.parameter_defaults.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
        CALLBACKS => profile.callbacks.iter().map(|callback| format!("{} of {}", callback.name, callback.operation_id)).collect(),
        _ => Vec::new(),
    }
}

/// Returns the text that `--rules` prints.
pub(super) fn table(profile: &Profile) -> String {
    let mut table = String::from("What dropshot cannot express, and the check that is used instead:\n");
    for rule in RULES.iter().filter(|rule| applies(rule, profile)) {
        let mut ignored: Vec<String> = rule.ignored.iter().map(|(kind, members)| format!("{kind:?} {}", members.join(", "))).collect();
        ignored.extend(profile.security.scope.filter(|_| rule.name == SCOPES).map(|scope| format!("{Operation:?} {scope}")));
        table.push_str(&format!("\n{}\n  rule        {}\n", rule.name, rule.description));
        for (name, values) in [("values ", profile_values(rule, profile)), ("ignored", ignored)] {
            if !values.is_empty() {
                table.push_str(&format!("  {name}     {}\n", values.join("; ")));
            }
        }
        table.push_str(&format!("  checked by  {}\n", checked_by(rule, profile).unwrap_or("nothing")));
    }
    table
}
