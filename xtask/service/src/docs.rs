//! `cargo xtask docs`: writes a file with the page that the server has at `/docs`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use openapi_proof::Service;
use webhooks_server_api::docs::Page;

#[derive(clap::Args)]
pub struct Arguments {
    /// Where to write the page [default: target/docs/index.html]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// # Errors
/// If the file cannot be written.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None => service.root.join("target/docs/index.html"),
    };
    if let Some(folder) = output.parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&output, Page::new().html).with_context(|| format!("cannot write {}", output.display()))?;
    println!("wrote {}", output.display());
    Ok(ExitCode::SUCCESS)
}
