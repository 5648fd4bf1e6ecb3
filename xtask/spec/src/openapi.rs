//! The command `openapi`: the proof that openapi.json and the code say the same.
//!
//! openapi.json is written by hand; the API trait generates a document of its own. Both are brought to a normal form
//! (`normal`), in which only what they state about the API is left, and then compared. What dropshot cannot express is
//! left out, or added to what the code says, by rules that name the checks that hold it instead (`rules`).

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
mod report;
mod rules;
mod schema;
mod unused;

pub use compare::Difference;
pub use examples::BadExample;
use rules::{Reading, Rules};

#[derive(clap::Args)]
pub struct Arguments {
    /// Compare nothing; print what cannot be compared, and the checks that hold it instead
    #[arg(long)]
    rules: bool,
    /// What the findings are printed for
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Lines for people
    Text,
    /// One JSON array, for machines
    Json,
}

/// # Errors
/// When openapi.json or the generated document cannot be read for what they are.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // The table says what the profile has to name, so it is printed before the profile is checked.
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

/// What is wrong with openapi.json, or with the code.
#[derive(Debug, Default)]
pub struct Findings {
    pub differences: Vec<Difference>,
    pub examples: Vec<BadExample>,
    /// JSON pointers to components that nothing refers to, and that nothing is compared with for that reason.
    pub unused: Vec<String>,
}

impl Findings {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.examples.is_empty() && self.unused.is_empty()
    }

    /// One line for each finding, for people. `command` is how the commands are called.
    #[must_use]
    pub fn text(&self, openapi_json: &str, command: &str) -> String {
        report::text(self, openapi_json, command)
    }

    /// One JSON array, for machines.
    #[must_use]
    pub fn json(&self, openapi_json: &str) -> Value {
        report::json(self, openapi_json)
    }
}

/// What the code says, to be compared with one or many documents.
pub struct Comparison<'a> {
    service: &'a Service,
}

impl<'a> Comparison<'a> {
    /// # Errors
    /// When the profile is not complete, or is about what the code does not have.
    pub fn new(service: &'a Service) -> anyhow::Result<Comparison<'a>> {
        rules::check(&service.profile)?;
        generated::check(&service.generated, &service.profile)?;
        Ok(Comparison { service })
    }

    /// Holds the text of openapi.json against the code, and against itself.
    ///
    /// # Errors
    /// When either document cannot be read for what it is.
    pub fn check(&self, openapi_json: &str) -> anyhow::Result<Findings> {
        let spec: Value = serde_json::from_str(openapi_json).context("openapi.json is not JSON")?;
        Ok(Findings {
            differences: self.differences(&spec)?,
            examples: examples(&spec).context("the examples of openapi.json")?,
            unused: unused::components(&spec),
        })
    }

    /// Where `spec` and the code disagree, and where it names what nothing refers to: JSON pointers.
    ///
    /// # Errors
    /// When `spec` cannot be read for what it is.
    pub fn pointers(&self, spec: &Value) -> anyhow::Result<Vec<String>> {
        let differences = self.differences(spec)?.into_iter().map(|difference| difference.pointer);
        Ok(differences.chain(unused::components(spec)).collect())
    }

    /// Where `spec` and the code disagree.
    ///
    /// # Errors
    /// As [`Comparison::pointers`].
    pub fn differences(&self, spec: &Value) -> anyhow::Result<Vec<Difference>> {
        let profile = &self.service.profile;
        let mut code = self.service.generated.clone();
        generated::complete(&mut code, profile, spec)?;
        let code = normal::normal(&code, Rules::new(profile, Reading::Code)).context("the generated document")?;
        let spec = normal::normal(spec, Rules::new(profile, Reading::Spec)).context("openapi.json")?;
        Ok(compare::compare(&spec, &code))
    }
}

/// Every example that is not what its schema says, and every body without one.
///
/// # Errors
/// When a schema is none that can be checked with.
pub fn examples(spec: &Value) -> anyhow::Result<Vec<BadExample>> {
    examples::check(spec)
}
