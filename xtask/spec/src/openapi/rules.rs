//! What dropshot cannot express, and so cannot be compared. Each rule names the check that holds it instead. There is no
//! list of exceptions: what no rule names is compared, also a keyword that nobody has used yet.

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

pub(super) struct Rule {
    name: &'static str,
    /// Members that the normal form leaves out, by the kinds of objects that they belong to.
    drops: &'static [(Kind, &'static [&'static str])],
    /// What the rule does, for what is not left out but brought to the same form, or added to what the code says.
    says: &'static str,
    covered_by: &'static str,
}

pub(super) const RULES: &[Rule] = &[
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
        covered_by: "nothing: a reader judges it",
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
        covered_by: "this verb: every body has an example, and every example is valid against its schema",
    },
    Rule {
        name: "components",
        drops: &[(Document, &["components"])],
        says: "each `$ref` is replaced by what it names, so names of components are free",
        covered_by: "this verb: a component that nothing refers to is a difference",
    },
    Rule {
        name: "hosts",
        drops: &[],
        says: "the first server is where the service listens by default; others are not the code's to say, nor is more than \
               the name of the licence",
        covered_by: "server/tests/it: every test calls the paths as they are written, at whatever host the test runs",
    },
    Rule {
        name: "security",
        drops: &[(SecurityScheme, &["description"])],
        says: "dropshot knows no authentication; the code is taken to want a bearer token for every operation",
        covered_by: "server/tests/it/auth.rs: every operation refuses a call without a token",
    },
    Rule {
        name: "scopes",
        drops: &[(Operation, &[SCOPE])],
        says: "dropshot knows no scopes",
        covered_by: "server/tests/it/auth.rs: every operation refuses a token without its scope, and takes one with it alone",
    },
    Rule {
        name: "error statuses",
        drops: &[],
        says: "dropshot says 4XX and 5XX; the code is taken to answer 401, 403, 500 and 503 everywhere, 400 where there is input, \
               413 and 415 where there is a body, 404 where the path has a parameter, and 404, 409 and 429 where openapi.json says so",
        covered_by: "server/tests/it/harness/contract.rs: an undocumented status fails; `cargo xtask coverage`: so does one never seen",
    },
    Rule {
        name: "error headers",
        drops: &[],
        says: "dropshot gives error responses no headers; the code is taken to send WWW-Authenticate with 401, and Retry-After \
               with 429 and 503",
        covered_by: "server/tests/it/harness/contract.rs: the required headers of every answer are there and valid",
    },
    Rule {
        name: "problem media type",
        drops: &[],
        says: "dropshot says application/json of an error; the code is taken to say application/problem+json with the same schema too",
        covered_by: "server/tests/it/auth.rs: a problem comes in the media type that is accepted",
    },
    Rule {
        name: "parameter defaults",
        drops: &[],
        says: "dropshot loses the default of a parameter; that of `limit` is taken from the type behind it",
        covered_by: "server/tests/it/webhooks.rs: a page has ten items unless asked otherwise",
    },
    Rule {
        name: NEVER_NULL,
        drops: &[(ParameterSchema, &["nullable"])],
        says: "dropshot calls an optional parameter nullable, but a query or header has no null",
        covered_by: "server/tests/it/bad_input.rs: a wrong query is refused",
    },
    Rule {
        name: "discriminator",
        drops: &[],
        says: "dropshot has none; the code is taken to have the one that the one-value enums of its variants make",
        covered_by: "server/tests/it/bad_input.rs: an authentication with a wrong member is refused where it is wrong",
    },
    Rule {
        name: "callback",
        drops: &[],
        says: "dropshot has no callbacks; the headers and body are compared with the types that the engine sends, the statuses \
               with what it makes of an answer; the code is taken to authenticate with Basic, Bearer or not at all",
        covered_by: "`cargo xtask coverage`: a callback came with each authentication, and was answered with each status; \
                     server/tests/it/delivery.rs: what each answer of a receiver leads to",
    },
    Rule {
        name: "extensions",
        drops: &[],
        says: "a keyword that begins with `x-` states nothing, but for x-required-scope",
        covered_by: "nothing: only tools that know it read it",
    },
];

/// The rule whose members the code cannot say, but which users were promised.
const PROMISED: &str = "scopes";

/// The rule about what the code alone says too much.
const NEVER_NULL: &str = "parameters are never null";

const SCOPE: &str = "x-required-scope";

pub(super) fn drops(reading: Reading, kind: Kind, member: &str) -> bool {
    let holds = |rule: &&Rule| match rule.name {
        PROMISED => reading != Reading::Promise,
        NEVER_NULL => reading == Reading::Code,
        _ => true,
    };
    let is_extension = member.starts_with("x-") && member != SCOPE;
    is_extension || RULES.iter().filter(holds).flat_map(|rule| rule.drops).any(|(of, members)| *of == kind && members.contains(&member))
}

/// The table that `--rules` prints.
pub(super) fn table() -> String {
    let mut table = String::from("What dropshot cannot express, and the check that holds it instead:\n");
    for rule in RULES {
        let dropped: Vec<String> = rule.drops.iter().map(|(kind, members)| format!("{kind:?} {}", members.join(", "))).collect();
        table.push_str(&format!("\n{}\n  says     {}\n", rule.name, rule.says));
        if !dropped.is_empty() {
            table.push_str(&format!("  drops    {}\n", dropped.join("; ")));
        }
        table.push_str(&format!("  held by  {}\n", rule.covered_by));
    }
    table
}
