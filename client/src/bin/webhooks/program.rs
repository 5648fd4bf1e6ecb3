//! `webhooks completions` and `webhooks man`: files for shells and for `man`.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap_complete::Shell;

use crate::help;
use crate::output::print;

pub(crate) fn completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::complete(), "webhooks", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

/// Writes a manual page for the program and for each command.
pub(crate) fn manual(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    clap_mangen::generate_to(help::complete(), directory).with_context(|| format!("cannot write to {}", directory.display()))?;
    Ok(print(&format!("wrote the manual pages to {0}; try `man {0}/webhooks.1`", directory.display()))?)
}
