//! `webhooks-server check`: prints one line for each check.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde_json::json;
use url::Url;

use crate::clock::Clock;
use crate::config::Settings;
use crate::node::check::{self, Finding, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for each check
    Text,
    /// One JSON object
    Json,
}

/// # Errors
/// If a check has found an error.
pub(super) async fn run(settings: &Settings, egress: Option<&Url>, format: Format) -> anyhow::Result<()> {
    let findings = check::run(settings, egress, Clock::system().now()).await;
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Error).count();
    let printed = match format {
        Format::Text => findings.iter().map(line).collect(),
        Format::Json => format!("{}\n", json!({ "ok": failed == 0, "checks": findings })),
    };
    std::io::stdout().write_all(printed.as_bytes()).context("cannot print the findings")?;
    if failed > 0 {
        bail!("{failed} of {} checks found an error", findings.len());
    }
    Ok(())
}

fn line(finding: &Finding) -> String {
    let Finding { verdict, check, object, cause, next } = finding;
    let next = next.as_ref().map(|next| format!(" -> {next}")).unwrap_or_default();
    format!("{:7}  {check:13}  {object}: {cause}{next}\n", verdict.as_str())
}
