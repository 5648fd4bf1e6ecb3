//! What dropshot cannot express, and so cannot be compared. For each rule the profile names the check that holds it instead.
//! There is no list of exceptions: what no rule names is compared, also a keyword that nobody has used yet.

use crate::Profile;

/// What a document is brought to its normal form for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// openapi.json, to be compared with what the code says.
    Spec,
    /// The generated document, which lacks the discriminators that its variants make.
    Code,
    /// openapi.json, to be compared with an older one: what only the code cannot say counts too.
    Promise,
}

/// What kind of object of the document a member belongs to.
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
    /// Members that the normal form leaves out, by the kinds of objects that they belong to.
    drops: &'static [(Kind, &'static [&'static str])],
    /// What the rule does, for what is not left out but brought to the same form, or added to what the code says.
    says: &'static str,
    /// The check that holds it for every service; `None` where the profile names one.
    held_by: Option<&'static str>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "prose",
        drops: &[
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
        says: "descriptions live only in openapi.json; the summary of an operation is compared",
        held_by: Some("nothing: a reader judges it"),
    },
    Rule {
        name: "examples",
        drops: &[
            (Parameter, &["example", "examples"]),
            (MediaType, &["example", "examples"]),
            (Header, &["example", "examples"]),
            (Schema, &["example"]),
            (ParameterSchema, &["example"]),
        ],
        says: "the code has no examples",
        held_by: Some("this command: every body has an example, and every example is valid against its schema"),
    },
    Rule {
        name: "components",
        drops: &[(Document, &["components"])],
        says: "each `$ref` is replaced by what it names, so names of components are free",
        held_by: Some("this command: a component that nothing refers to is a difference"),
    },
    Rule {
        name: "hosts",
        drops: &[],
        says: "the first server is where the service listens by default; others are not the code's to say, nor is more than \
               the name of the licence",
        held_by: None,
    },
    Rule {
        name: "security",
        drops: &[(SecurityScheme, &["description"])],
        says: "dropshot knows no authentication; the code is taken to want what the profile says, for every operation that is not public",
        held_by: None,
    },
    Rule { name: SCOPES, drops: &[], says: "dropshot knows no scopes", held_by: None },
    Rule {
        name: "error statuses",
        drops: &[],
        says: "dropshot says 4XX and 5XX; the code is taken to answer the statuses of the profile",
        held_by: None,
    },
    Rule {
        name: ERROR_HEADERS,
        drops: &[],
        says: "dropshot gives error responses no headers; the code is taken to send those of the profile",
        held_by: None,
    },
    Rule {
        name: ERROR_MEDIA_TYPE,
        drops: &[],
        says: "dropshot says application/json of an error; the code is taken to say the media types of the profile, with the same schema",
        held_by: None,
    },
    Rule {
        name: PARAMETER_DEFAULTS,
        drops: &[],
        says: "dropshot loses the default of a parameter; it is taken from the profile",
        held_by: None,
    },
    Rule {
        name: NEVER_NULL,
        drops: &[(ParameterSchema, &["nullable"])],
        says: "dropshot calls an optional parameter nullable, but a query or header has no null",
        held_by: None,
    },
    Rule {
        name: "discriminator",
        drops: &[],
        says: "dropshot has none; the code is taken to have the one that the one-value enums of its variants make",
        held_by: None,
    },
    Rule {
        name: CALLBACKS,
        drops: &[],
        says: "dropshot has no callbacks; they are compared with the operations of the profile, which are made of the types that \
               the service sends",
        held_by: None,
    },
    Rule {
        name: "extensions",
        drops: &[],
        says: "a keyword that begins with `x-` states nothing, but for the one that names an operation's scope",
        held_by: Some("nothing: only tools that know it read it"),
    },
];

const SCOPES: &str = "scopes";
const ERROR_HEADERS: &str = "error headers";
const ERROR_MEDIA_TYPE: &str = "error media type";
const PARAMETER_DEFAULTS: &str = "parameter defaults";
const CALLBACKS: &str = "callbacks";

/// The rule about what the code alone says too much.
const NEVER_NULL: &str = "parameters are never null";

/// The rules that one reading of a document follows.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) reading: Reading,
    pub(super) scope: Option<&'a str>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(profile: &'a Profile, reading: Reading) -> Rules<'a> {
        Rules { reading, scope: profile.security.scope }
    }

    pub(super) fn drops(self, kind: Kind, member: &str) -> bool {
        if member.starts_with("x-") {
            // The code cannot say a scope, but users were promised it.
            let is_promise = Some(member) == self.scope && (self.reading == Reading::Promise || kind != Operation);
            return !is_promise;
        }
        let holds = |rule: &&Rule| rule.name != NEVER_NULL || self.reading == Reading::Code;
        RULES.iter().filter(holds).flat_map(|rule| rule.drops).any(|(of, members)| *of == kind && members.contains(&member))
    }
}

/// Whether a service with this profile has anything that the rule is about.
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

fn held_by(rule: &Rule, profile: &Profile) -> Option<&'static str> {
    rule.held_by.or_else(|| profile.held_by.iter().find(|(name, _)| *name == rule.name).map(|(_, check)| *check))
}

/// # Errors
/// When the profile names no check for some rules, or a check for what is no rule here.
pub(super) fn check(profile: &Profile) -> anyhow::Result<()> {
    let used = || RULES.iter().filter(|rule| applies(rule, profile));
    let missing: Vec<String> = used().filter(|rule| held_by(rule, profile).is_none()).map(|rule| format!("{:?}", rule.name)).collect();
    if !missing.is_empty() {
        anyhow::bail!("the profile's `held_by` has no check for: {}", missing.join(", "));
    }
    if let Some((name, _)) = profile.held_by.iter().find(|(name, _)| !used().any(|rule| rule.name == *name && rule.held_by.is_none())) {
        anyhow::bail!("the profile's `held_by` names {name:?}, which is no rule that needs a check here");
    }
    Ok(())
}

/// What the profile says, of the rules that leave it to the profile.
fn specifics(rule: &Rule, profile: &Profile) -> Vec<String> {
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

/// The table that `--rules` prints.
pub(super) fn table(profile: &Profile) -> String {
    let mut table = String::from("What dropshot cannot express, and the check that holds it instead:\n");
    for rule in RULES.iter().filter(|rule| applies(rule, profile)) {
        let mut dropped: Vec<String> = rule.drops.iter().map(|(kind, members)| format!("{kind:?} {}", members.join(", "))).collect();
        dropped.extend(profile.security.scope.filter(|_| rule.name == SCOPES).map(|scope| format!("{Operation:?} {scope}")));
        table.push_str(&format!("\n{}\n  says     {}\n", rule.name, rule.says));
        for (name, values) in [("here  ", specifics(rule, profile)), ("drops ", dropped)] {
            if !values.is_empty() {
                table.push_str(&format!("  {name}   {}\n", values.join("; ")));
            }
        }
        table.push_str(&format!("  held by  {}\n", held_by(rule, profile).unwrap_or("nothing")));
    }
    table
}
