//! `cargo xtask openapi`: the proof that openapi.json and the code say the same.
//!
//! openapi.json is written by hand; the API trait generates a document of its own. Both are brought to a normal form
//! (`normal`), in which only what they state about the API is left, and then compared. What dropshot cannot express is
//! left out, or added to what the code says, by rules that name the checks that hold it instead (`rules`).

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

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
#[cfg(test)]
mod tests;
mod unused;

pub use compare::Difference;
pub use examples::BadExample;
use rules::Reading;

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
/// When openapi.json or the trait's document cannot be read for what they are.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.rules {
        print!("{}", rules::table());
        return Ok(ExitCode::SUCCESS);
    }
    let text = crate::read(&crate::repository("openapi.json"))?;
    let findings = check(&text)?;
    match arguments.format {
        Format::Text => print!("{}", report::text(&findings, &text)),
        Format::Json => println!("{:#}", report::json(&findings, &text)),
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
}

/// Holds the text of openapi.json against the code, and against itself.
///
/// # Errors
/// When either document cannot be read for what it is.
pub fn check(openapi_json: &str) -> anyhow::Result<Findings> {
    let spec: Value = serde_json::from_str(openapi_json).context("openapi.json is not JSON")?;
    Ok(Findings {
        differences: Comparison::new()?.differences(&spec)?,
        examples: examples::check(&spec).context("the examples of openapi.json")?,
        unused: unused::components(&spec),
    })
}

/// What the code says, made once to be compared with many documents.
pub struct Comparison {
    code: Value,
    callback: Value,
}

impl Comparison {
    /// # Errors
    /// When the code's own document cannot be made.
    pub fn new() -> anyhow::Result<Comparison> {
        Ok(Comparison { code: generated::document()?, callback: generated::callback()? })
    }

    /// Where `spec` and the code disagree, and where it names what nothing refers to: JSON pointers.
    ///
    /// # Errors
    /// When `spec` cannot be read for what it is.
    pub fn pointers(&self, spec: &Value) -> anyhow::Result<Vec<String>> {
        let differences = self.differences(spec)?.into_iter().map(|difference| difference.pointer);
        Ok(differences.chain(unused::components(spec)).collect())
    }

    fn differences(&self, spec: &Value) -> anyhow::Result<Vec<Difference>> {
        let mut code = self.code.clone();
        generated::complete(&mut code, &self.callback, spec)?;
        let code = normal::normal(&code, Reading::Code).context("the generated document")?;
        let spec = normal::normal(spec, Reading::Spec).context("openapi.json")?;
        Ok(compare::compare(&spec, &code))
    }
}

/// Whether every example is what its schema says.
///
/// # Errors
/// When a schema is none that can be checked with.
pub fn examples_hold(spec: &Value) -> anyhow::Result<bool> {
    Ok(examples::check(spec)?.is_empty())
}
