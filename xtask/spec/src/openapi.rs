//! The command `openapi`: checks that openapi.json and the code agree.
//!
//! openapi.json is written by hand. Dropshot generates a second document from the API trait. `normal` converts both
//! documents to a normal form, which has only the statements about the API. `compare` compares the two normal forms.
//! Dropshot cannot express some statements. For each kind of these statements, `rules` has a rule. The rule tells what
//! is ignored, what is added to the generated document, and which other check is used.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::Service;

pub mod breaking;
mod compare;
mod examples;
mod generated;
mod lines;
pub(crate) mod node;
mod normal;
mod patterns;
mod report;
mod rules;
mod schema;
mod unused;

pub use compare::Difference;
pub use examples::BadExample;
pub use patterns::BadPattern;
use rules::{Purpose, Rules};

#[derive(clap::Args)]
pub struct Arguments {
    /// Compare nothing; print what cannot be compared, and the check that is used instead
    #[arg(long)]
    rules: bool,
    /// The output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// One line per finding
    Text,
    /// A JSON array
    Json,
}

/// Compares openapi.json with the code, and prints the findings.
///
/// # Errors
/// When openapi.json, the generated document or the profile is invalid.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // The table helps to complete the profile. So print the table even if the profile is incomplete.
    if arguments.rules {
        print!("{}", rules::table(&service.profile));
        return Ok(ExitCode::SUCCESS);
    }
    let comparison = Comparison::new(service)?;
    let text = service.document()?;
    let findings = comparison.check(&text)?;
    match arguments.format {
        Format::Text => print!("{}", findings.text(&text, service.profile.command)),
        Format::Json => println!("{:#}", findings.json(&text)),
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// The problems in openapi.json or in the code.
#[derive(Debug, Default)]
pub struct Findings {
    pub differences: Vec<Difference>,
    pub examples: Vec<BadExample>,
    pub patterns: Vec<BadPattern>,
    /// JSON pointers to unused components. The comparison does not include these components.
    pub unused: Vec<String>,
}

impl Findings {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.examples.is_empty() && self.patterns.is_empty() && self.unused.is_empty()
    }

    /// Returns one line for each finding. `command` is [`crate::Profile::command`].
    #[must_use]
    pub fn text(&self, openapi_json: &str, command: &str) -> String {
        report::text(self, openapi_json, command)
    }

    /// Returns the findings as a JSON array.
    #[must_use]
    pub fn json(&self, openapi_json: &str) -> Value {
        report::json(self, openapi_json)
    }
}

/// Compares documents with the code.
pub struct Comparison<'a> {
    service: &'a Service,
}

impl<'a> Comparison<'a> {
    /// # Errors
    /// When the profile is incomplete, or has an entry that matches nothing in the code.
    pub fn new(service: &'a Service) -> anyhow::Result<Comparison<'a>> {
        rules::check(&service.profile)?;
        generated::check(&service.generated, &service.profile)?;
        Ok(Comparison { service })
    }

    /// Compares the text of openapi.json with the code, and checks the examples, patterns and components of openapi.json.
    ///
    /// # Errors
    /// When either document is invalid.
    pub fn check(&self, openapi_json: &str) -> anyhow::Result<Findings> {
        let spec: Value = serde_json::from_str(openapi_json).context("openapi.json is not JSON")?;
        Ok(Findings {
            differences: self.differences(&spec)?,
            examples: examples(&spec).context("the examples of openapi.json")?,
            patterns: patterns::check(&spec),
            unused: unused::components(&spec),
        })
    }

    /// Returns the JSON pointers of differences between `spec` and the code, and of unused components.
    ///
    /// # Errors
    /// When either document is invalid.
    pub fn pointers(&self, spec: &Value) -> anyhow::Result<Vec<String>> {
        let differences = self.differences(spec)?.into_iter().map(|difference| difference.pointer);
        Ok(differences.chain(unused::components(spec)).collect())
    }

    /// Returns the differences between `spec` and the code.
    ///
    /// # Errors
    /// When either document is invalid.
    pub fn differences(&self, spec: &Value) -> anyhow::Result<Vec<Difference>> {
        let profile = &self.service.profile;
        let mut code = self.service.generated.clone();
        generated::complete(&mut code, profile, spec)?;
        let code = normal::normal(&code, Rules::new(profile, Purpose::Code)).context("the generated document")?;
        let spec = normal::normal(spec, Rules::new(profile, Purpose::Specification)).context("openapi.json")?;
        Ok(compare::compare(&spec, &code))
    }
}

/// Returns the examples that do not match their schema, and the request and response bodies without an example.
///
/// # Errors
/// When a schema is invalid.
pub fn examples(spec: &Value) -> anyhow::Result<Vec<BadExample>> {
    examples::check(spec)
}
