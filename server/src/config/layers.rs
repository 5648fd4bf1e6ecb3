//! Reads settings from the command line, the environment, a TOML file and the defaults. An earlier source in this list has
//! precedence over a later source.
//!
//! Each setting is declared once, as a clap argument. The id of the argument is the key of the setting in the file. A value in
//! the file becomes the default of its argument. So the command line and the environment override the file, and clap checks the
//! values of all sources.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::{Arg, FromArgMatches};

use super::Settings;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An error of clap, or the output of `--help` or `--version`.
    #[error("{0}")]
    Arguments(clap::Error),
    #[error("cannot read the configuration file {path}")]
    Read {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("the configuration file {path} is not valid TOML: line {line}: {reason}")]
    Toml { path: String, line: usize, reason: String },
    #[error("the configuration file {path} has the unknown key `{key}`; the keys are {known}")]
    UnknownKey { path: String, key: String, known: String },
    #[error("the configuration file {path}: `{key}` must be a string, number, boolean or a list of these")]
    BadType { path: String, key: String },
    #[error("the configuration file {path}: {source}")]
    BadValue {
        path: String,
        #[source]
        source: clap::Error,
    },
    #[error("{0}")]
    Contradiction(&'static str),
}

impl ConfigError {
    fn toml(path: &str, text: &str, source: &toml::de::Error) -> ConfigError {
        let start = source.span().map_or(0, |span| span.start);
        let line = text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count() + 1;
        // The message alone quotes neither the line nor a key. They may contain a password.
        ConfigError::Toml { path: path.to_owned(), line, reason: source.message().to_owned() }
    }
}

/// Reads the command line, the environment and the configuration file. `command` has an argument for each setting. `settings`
/// returns the settings of the parsed command line, or `None` if it needs no settings.
///
/// # Errors
/// If an argument or the file is invalid, or if two settings contradict each other.
pub fn load<T: FromArgMatches>(
    command: clap::Command,
    arguments: impl IntoIterator<Item = OsString>,
    settings: impl Fn(&T) -> Option<&Settings>,
) -> Result<T, ConfigError> {
    load_with(command, arguments, settings, |path| std::fs::read_to_string(path))
}

/// Like [`load`]. `read` returns the text of the configuration file.
///
/// # Errors
/// In the same cases as [`load`].
pub(crate) fn load_with<T: FromArgMatches>(
    command: clap::Command,
    arguments: impl IntoIterator<Item = OsString>,
    settings: impl Fn(&T) -> Option<&Settings>,
    read: impl FnOnce(&Path) -> io::Result<String>,
) -> Result<T, ConfigError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = with_environment(command);
    let parse = |command: clap::Command| T::from_arg_matches(&command.try_get_matches_from(&arguments)?);
    // The first pass finds the path of the file. It also handles `--help` and reports invalid arguments.
    let first = parse(command.clone()).map_err(|error| ConfigError::Arguments(super::concealed::unexpected_url(error)))?;
    let Some(given) = settings(&first) else { return Ok(first) };
    let Some(path) = &given.config else {
        given.check()?;
        return Ok(first);
    };
    let shown = path.display().to_string();
    let text = read(path).map_err(|source| ConfigError::Read { path: shown.clone(), source })?;
    let table = text.parse::<toml::Table>().map_err(|source| ConfigError::toml(&shown, &text, &source))?;
    let command = with_file(command, &table, &shown)?;
    // The arguments were valid in the first pass, so the cause of an error in the second pass is in the file.
    let second = parse(command).map_err(|source| ConfigError::BadValue { path: shown, source })?;
    settings(&second).map_or(Ok(()), Settings::check)?;
    Ok(second)
}

/// Gives each setting an environment variable, and adds the key of the setting (`[setting: …]`) to the help.
pub(crate) fn with_environment(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let key = argument.get_id().to_string();
        if !is_setting(&argument) {
            return argument;
        }
        let environment = format!("WEBHOOKS_{}", key.replace('.', "_").to_uppercase());
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let setting = if key == "config" { String::new() } else { format!(" [setting: {key}]") };
        argument.help(format!("{help}{setting}")).env(environment)
    })
}

pub(crate) fn is_setting(argument: &Arg) -> bool {
    !matches!(argument.get_id().as_str(), "help" | "version" | "licenses")
}

/// Makes each value in the file the default of its argument.
fn with_file(mut command: clap::Command, table: &toml::Table, path: &str) -> Result<clap::Command, ConfigError> {
    let keys: Vec<String> =
        command.get_arguments().filter(|argument| is_setting(argument)).map(|argument| argument.get_id().to_string()).collect();
    let mut flat = Vec::new();
    flatten(table, "", &mut flat);
    for (key, value) in flat {
        if key == "config" || !keys.contains(&key) {
            let known = keys.iter().filter(|key| *key != "config").map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key, known });
        }
        let values = values(value).ok_or_else(|| ConfigError::BadType { path: path.to_owned(), key: key.clone() })?;
        command = command.mut_arg(&key, |argument| if values.is_empty() { argument } else { argument.default_values(values) });
    }
    Ok(command)
}

pub(crate) fn flatten<'a>(table: &'a toml::Table, prefix: &str, flat: &mut Vec<(String, &'a toml::Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(inner, &key, flat),
            value => flat.push((key, value)),
        }
    }
}

fn values(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(flag) => Some(vec![flag.to_string()]),
        toml::Value::Array(items) => {
            let items: Option<Vec<Vec<String>>> = items.iter().map(|item| (!item.is_array()).then(|| values(item)).flatten()).collect();
            Some(items?.into_iter().flatten().collect())
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
