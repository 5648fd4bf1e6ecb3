//! Reads settings from the command line, the environment, a TOML file and the defaults. An earlier source in this list has
//! precedence over a later source.
//!
//! Each setting is declared once, as a clap argument. The id of the argument is the key of the setting in the file. A value in
//! the file becomes the default of its argument. So the command line and the environment override the file, and clap checks the
//! values of all sources.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, FromArgMatches};

use super::Settings;
use crate::api::similarity::most_similar;

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
    #[error("the configuration file {path}, line {line}: not valid TOML: {reason}")]
    Toml { path: String, line: usize, reason: String },
    #[error("the configuration file {path}, line {line}: `{key}` is not a setting; {hint}")]
    UnknownKey { path: String, line: usize, key: String, hint: String },
    #[error("the configuration file {path}, line {line}: `{key}` must be a string, number, boolean or a list of these")]
    BadType { path: String, line: usize, key: String },
    #[error("the configuration file {path}, line {line}: `{key}`: {reason}")]
    BadValue { path: String, line: usize, key: String, reason: String },
    #[error("the environment variable {variable} is not a setting; {hint}")]
    UnknownVariable { variable: String, hint: String },
    #[error("{0}")]
    Contradiction(&'static str),
}

impl ConfigError {
    fn toml(path: &str, text: &str, source: &toml::de::Error) -> ConfigError {
        let start = source.span().map_or(0, |span| span.start);
        let line = line_at(text, start);
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
    refuse_unknown_variables(&command, std::env::vars_os())?;
    let Some(path) = &given.config else {
        given.check()?;
        return Ok(first);
    };
    let shown = path.display().to_string();
    let text = read(path).map_err(|source| ConfigError::Read { path: shown.clone(), source })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table = text.parse::<toml::Table>().map_err(|source| ConfigError::toml(&shown, text, &source))?;
    let file = File { path: shown, text, values: values_of(&table) };
    let second = parse(file.apply_to(command.clone())?);
    // The arguments were valid in the first pass, so the cause of an error in the second pass is in the file.
    let second = second.map_err(|error| file.bad_value(&command, &error, |command| parse(command).err()))?;
    settings(&second).map_or(Ok(()), Settings::check)?;
    Ok(second)
}

/// Gives each setting an environment variable and a heading in the help, and adds the key of the setting (`[setting: …]`) to the help.
pub(crate) fn with_environment(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let key = argument.get_id().to_string();
        if !is_setting(&argument) {
            return argument;
        }
        let variable = variable_of(&key);
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let setting = if key == "config" { String::new() } else { format!(" [setting: {key}]") };
        // There are too many settings for the short help. The long help has them in groups.
        let argument = argument.help(format!("{help}{setting}")).hide_short_help(true).help_heading(heading(&key));
        // An empty variable counts as absent. Container platforms often cannot remove a variable.
        if std::env::var_os(&variable).is_some_and(|value| value.is_empty()) { argument } else { argument.env(variable) }
    })
}

/// Returns the heading in the help for the setting with this key.
fn heading(key: &str) -> &'static str {
    match key.split(['.', '_']).next().unwrap_or_default() {
        "admin" | "config" | "data" | "dev" | "listen" | "node" | "roles" | "tls" | "trusted" => "Server",
        "store" => "Store",
        "master" => "Master key",
        "event" | "require" => "API",
        "outbound" => "Outbound requests",
        "delivery" => "Delivery",
        "storage" => "Storage and retention",
        "limits" => "Limits",
        "log" | "traces" => "Logs",
        _ => "Other settings",
    }
}

fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

const PREFIX: &str = "WEBHOOKS_";

/// Variables that the program `webhooks` reads.
const OTHER_VARIABLES: [&str; 3] = ["WEBHOOKS_PASSWORD", "WEBHOOKS_CLIENT_SECRET", "WEBHOOKS_SIGNING_SECRET"];

/// The prefix of the variables that the tests read.
const TEST_PREFIX: &str = "WEBHOOKS_TEST_";

/// Refuses a variable that looks like a setting, because a setting with a wrong name has no effect.
pub(crate) fn refuse_unknown_variables(
    command: &clap::Command,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), ConfigError> {
    let known: Vec<String> =
        command.get_arguments().filter(|argument| is_setting(argument)).map(|argument| variable_of(argument.get_id().as_str())).collect();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let is_known = known.iter().any(|known| known == name) || OTHER_VARIABLES.contains(&name) || name.starts_with(TEST_PREFIX);
        if !is_known && !value.is_empty() && !is_of_kubernetes(name, &value) {
            return Err(ConfigError::UnknownVariable { variable: name.to_owned(), hint: hint(name, &known, "variables") });
        }
    }
    Ok(())
}

/// Whether Kubernetes has set the variable. It sets such variables for a service with the name `webhooks`, in each container
/// of the namespace.
fn is_of_kubernetes(name: &str, value: &std::ffi::OsStr) -> bool {
    let is_address = value.to_str().is_some_and(|value| value.starts_with("tcp://") || value.starts_with("udp://"));
    is_address || ["_SERVICE_HOST", "_SERVICE_PORT", "_TCP_", "_UDP_"].iter().any(|part| name.contains(part))
}

/// Returns the most similar name, or where the names are listed.
fn hint(name: &str, known: &[String], kind: &str) -> String {
    match most_similar(name, known) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("`webhooks-server --help` lists the {kind}"),
    }
}

pub(crate) fn is_setting(argument: &Arg) -> bool {
    !matches!(argument.get_id().as_str(), "help" | "version" | "licenses")
}

/// The values in a configuration file.
struct File<'a> {
    path: String,
    text: &'a str,
    values: Vec<(String, &'a toml::Value)>,
}

fn values_of(table: &toml::Table) -> Vec<(String, &toml::Value)> {
    let mut values = Vec::new();
    flatten(table, "", &mut values);
    values
}

impl File<'_> {
    /// Makes each value in the file the default of its argument.
    fn apply_to(&self, command: clap::Command) -> Result<clap::Command, ConfigError> {
        self.values.iter().try_fold(command, |command, (key, value)| self.apply_one(command, key, value))
    }

    fn apply_one(&self, command: clap::Command, key: &str, value: &toml::Value) -> Result<clap::Command, ConfigError> {
        let place = || (self.path.clone(), self.line_of(key));
        let known = || command.get_arguments().filter(|argument| is_setting(argument)).map(|argument| argument.get_id().to_string());
        if key == "config" || !known().any(|known| known == key) {
            let (known, (path, line)): (Vec<String>, _) = (known().filter(|known| known != "config").collect(), place());
            return Err(ConfigError::UnknownKey { path, line, key: key.to_owned(), hint: hint(key, &known, "settings") });
        }
        let bad_type = || {
            let (path, line) = place();
            ConfigError::BadType { path, line, key: key.to_owned() }
        };
        let values = values(value).ok_or_else(bad_type)?;
        Ok(command.mut_arg(key, |argument| if values.is_empty() { argument } else { argument.default_values(values) }))
    }

    /// Finds the value that causes an error of clap. The names of arguments in this error do not occur in the file.
    fn bad_value(&self, command: &clap::Command, error: &clap::Error, parse: impl Fn(clap::Command) -> Option<clap::Error>) -> ConfigError {
        let of_key = |(key, value): &(String, &toml::Value)| {
            let error = parse(self.apply_one(command.clone(), key, value).ok()?)?;
            Some((key.clone(), error))
        };
        let (key, reason) = match self.values.iter().find_map(of_key) {
            Some((key, error)) => (key, reason(&error)),
            None => (String::new(), reason(error)),
        };
        ConfigError::BadValue { path: self.path.clone(), line: self.line_of(&key), key, reason }
    }

    fn line_of(&self, key: &str) -> usize {
        let Ok(table) = toml::de::DeTable::parse(self.text) else { return 1 };
        let (mut table, mut start) = (Some(table.get_ref()), 0);
        for part in key.split('.') {
            let Some((name, value)) = table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == part)) else { break };
            start = name.span().start;
            table = value.get_ref().as_table();
        }
        line_at(self.text, start)
    }
}

/// Returns the number of the line with this byte.
fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// Returns the reason of an error of clap, without the name of the argument and the usage.
fn reason(error: &clap::Error) -> String {
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue)
        && !values.is_empty()
    {
        return format!("must be one of {}", values.join(", "));
    }
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once("': ").map_or(line, |(_, reason)| reason).trim_start_matches("error: ").to_owned()
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
