//! Targets for the settings: the configuration file, the command line, and the address of the database.

use std::ffi::OsString;

use clap::CommandFactory as _;
use tokio_postgres::config::Host;
use url::Url;

use super::{MARK, parts};
use crate::cli::CommandLine;
use crate::config::layers::{ConfigError, flatten, load_with};
use crate::store::address::StoreAddress;
use crate::store::postgres::url::PostgresUrl;

/// The options whose values may contain a password. In a file, the key `store` is such a setting.
const SECRET_OPTIONS: [&str; 3] = ["--store=", "--from=", "--to="];

/// The parts of the input are a configuration file, and lines with one argument each.
///
/// No error shows the value of a setting that may contain a password, or the content of a file that is not TOML. The same parsers
/// read options and environment variables, so this target changes no environment variable.
pub fn configuration(data: &[u8]) {
    let [file, arguments] = parts(data);
    let (Ok(file), Ok(arguments)) = (std::str::from_utf8(file), std::str::from_utf8(arguments)) else { return };
    let lines = arguments.lines().filter(|line| !line.is_empty() && !line.contains('\0'));
    let arguments: Vec<&str> = ["webhooks-server", "--config=the file"].into_iter().chain(lines).collect();
    let loaded = load_with(
        CommandLine::command(),
        arguments.iter().map(OsString::from),
        |command_line: &CommandLine| (!command_line.licenses).then_some(&command_line.settings),
        |_| Ok(file.to_owned()),
    );
    let error = match loaded {
        Ok(command_line) => {
            command_line.settings.check().expect("loaded settings were checked");
            return;
        }
        Err(ConfigError::Arguments(error)) => error.to_string(),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    };
    // clap leaves out control characters, so an argument may show the mark without containing it.
    let shows_mark = |argument: &str| argument.replace(char::is_control, "").contains(MARK);
    let is_concealed = |argument: &&str| !shows_mark(argument) || SECRET_OPTIONS.iter().any(|option| argument.starts_with(option));
    if arguments.iter().all(is_concealed) && is_concealed_in_file(file) {
        assert!(!error.contains(MARK), "an error shows a secret: {error}");
    }
}

/// Whether only settings that may contain a password contain [`MARK`].
fn is_concealed_in_file(file: &str) -> bool {
    let Ok(table) = file.parse::<toml::Table>() else { return true };
    let mut flat = Vec::new();
    flatten(&table, "", &mut flat);
    flat.iter().all(|(key, value)| !key.contains(MARK) && (key == "store" || !value.to_string().contains(MARK)))
}

/// No error, `Display` or `Debug` output shows what is between the user and the host of a database URL. A URL with one host has the
/// parts that another parser finds.
pub fn postgres_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parsed = text.parse::<PostgresUrl>();
    let shown = match &parsed {
        Ok(url) => [url.shown(), format!("{url:?}"), StoreAddress::Postgres(Box::new(url.clone())).to_string()].join(" "),
        Err(error) => error.clone(),
    };
    if without_password(text).is_some_and(|rest| !rest.contains(MARK)) {
        assert!(!shown.contains(MARK), "a secret is shown: {shown}");
    }
    let Ok(url) = parsed else { return };
    assert!(text.starts_with("postgres://") || text.starts_with("postgresql://"), "{shown}");
    let config = url.config();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let is_plain =
        |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.');
    // PostgreSQL also allows `/` in a password, and the other parser removes some white space.
    let has_usual_credentials = text.rsplit_once('@').is_some_and(|(credentials, _)| credentials.matches('/').count() == 2);
    if !has_usual_credentials || text.contains(['?', '#']) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return;
    }
    let Ok(expected) = Url::parse(text) else { return };
    let Some(host) = expected.host_str().filter(|host| is_plain(host)) else { return };
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    assert_eq!((hosts, config.get_ports()), (vec![host.to_owned()], &[expected.port().unwrap_or(5432)][..]), "{shown}");
    assert_eq!(config.get_user().map(str::to_owned), Some(decoded(expected.username())), "{shown}");
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
    assert!(password == decoded(expected.password().unwrap_or_default()), "another password");
}

/// Returns the URL without the part between the first colon after the scheme and the last `@`. A password may contain
/// `@`, `/` and `?`, although these characters should be percent-encoded.
fn without_password(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, rest) = rest.split_once(':')?;
    let (_, host) = rest.rsplit_once('@')?;
    Some([scheme, user, host].join(" "))
}
