//! Reads passwords and other secrets from a file, the environment or a prompt. Also generates secrets.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The possible sources of a secret: the argument, the file, the environment variable, and last a prompt. The first source that
/// exists is used.
pub(crate) struct SecretSource<'a> {
    /// The name of the secret in the prompt and in errors.
    pub(crate) name: &'a str,
    pub(crate) argument: Option<&'a str>,
    pub(crate) file: Option<&'a Path>,
    pub(crate) file_option: &'a str,
    pub(crate) variable: &'a str,
}

pub(crate) fn obtain(source: &SecretSource<'_>) -> Result<String> {
    if let Some(secret) = source.argument {
        return Ok(secret.to_owned());
    }
    if let Some(file) = source.file {
        return from_file(file);
    }
    if let Ok(secret) = std::env::var(source.variable) {
        return Ok(secret);
    }
    if !std::io::stdin().is_terminal() {
        bail!("the {} is missing: give {} or set {} (there is no terminal for a prompt)", source.name, source.file_option, source.variable);
    }
    rpassword::prompt_password(format!("{}: ", source.name)).with_context(|| format!("cannot read the {}", source.name))
}

/// Returns the password for HTTP Basic authentication.
pub(crate) fn password(argument: Option<&str>, file: Option<&Path>) -> Result<String> {
    obtain(&SecretSource { name: "password", argument, file, file_option: "--password-file", variable: "WEBHOOKS_PASSWORD" })
}

/// Returns the text of a file without line ends after the text, and without a byte order mark. Editors and `echo` add them.
pub(crate) fn from_file(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let secret = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("{} is empty", file.display());
    }
    Ok(secret.to_owned())
}

/// Generates a secret from 24 random bytes. The secret has 32 characters.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes).map_err(|_| anyhow!("the system returned no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
