//! Where passwords and other secrets come from: a file, the environment, a prompt, or chance.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A secret that a command needs, and the places that may hold it, in the order of their rank.
pub(crate) struct Wanted<'a> {
    /// What the prompt calls it.
    pub(crate) name: &'a str,
    pub(crate) argument: Option<&'a str>,
    pub(crate) file: Option<&'a Path>,
    pub(crate) file_option: &'a str,
    pub(crate) variable: &'a str,
}

pub(crate) fn obtain(wanted: &Wanted<'_>) -> Result<String> {
    if let Some(secret) = wanted.argument {
        return Ok(secret.to_owned());
    }
    if let Some(file) = wanted.file {
        return from_file(file);
    }
    if let Ok(secret) = std::env::var(wanted.variable) {
        return Ok(secret);
    }
    if !std::io::stdin().is_terminal() {
        bail!("the {} is missing: give {} or set {} (there is no terminal to ask on)", wanted.name, wanted.file_option, wanted.variable);
    }
    rpassword::prompt_password(format!("{}: ", wanted.name)).with_context(|| format!("cannot read the {}", wanted.name))
}

/// The password of HTTP Basic authentication.
pub(crate) fn password(argument: Option<&str>, file: Option<&Path>) -> Result<String> {
    obtain(&Wanted { name: "password", argument, file, file_option: "--password-file", variable: "WEBHOOKS_PASSWORD" })
}

/// The file's text without the line end that editors and `echo` add.
pub(crate) fn from_file(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("{} is empty", file.display());
    }
    Ok(secret.to_owned())
}

/// A new one that nobody can guess: 32 characters with 24 random bytes.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
