use std::path::PathBuf;

use super::*;
use crate::config::layers::{flatten, is_setting, refuse_unknown_variables, with_environment};

fn command() -> clap::Command {
    with_environment(CommandLine::command())
}

const EXAMPLE: &str = include_str!("../../config.example.toml");

fn load(arguments: &[&str]) -> Result<CommandLine, ConfigError> {
    CommandLine::load(["webhooks-server"].iter().chain(arguments).map(OsString::from))
}

fn with_config(text: &str, arguments: &[&str]) -> Result<CommandLine, ConfigError> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("a writable file");
    let path = file.path().display().to_string();
    load(&[&["--config", &path], arguments].concat())
}

#[test]
fn the_example_names_every_setting_with_its_default() {
    // Each setting in the example is a comment with the default. If all comments become settings, they must change nothing.
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting)
                if setting.contains(" = ") && !setting.starts_with('#') && setting.starts_with(|c: char| c.is_ascii_lowercase()) =>
            {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let table: toml::Table = uncommented.parse().expect("TOML");
    let mut flat = Vec::new();
    flatten(&table, "", &mut flat);
    let named: Vec<String> = flat.into_iter().map(|(key, _)| key).collect();
    for argument in command().get_arguments().filter(|argument| is_setting(argument) && argument.get_id() != "config") {
        assert!(named.contains(&argument.get_id().to_string()), "{} is missing", argument.get_id());
    }
    let defaults = format!("{:?}", Settings { config: None, ..load(&[]).expect("defaults").settings });
    // These settings have no default.
    let has_default = |line: &&str| !line.contains("_file = ") && !line.contains("_endpoint = ");
    let with_defaults = uncommented.lines().filter(has_default).collect::<Vec<_>>().join("\n");
    let example = with_config(&with_defaults, &[]).expect("the example is valid");
    assert_eq!(format!("{:?}", Settings { config: None, ..example.settings }), defaults);
}

#[test]
fn an_error_about_an_unexpected_url_does_not_show_the_url() {
    let url = "postgres://me:S3CR3T@h/d";
    for arguments in
        [&[url][..], &["token", url], &["token", "list", url], &["migrate", "--from=sqlite:./data", "--", url], &["backup", "a", url]]
    {
        let error = load(arguments).expect_err("an unexpected argument").to_string();
        assert!(!error.contains("S3CR3T") && error.contains("'a URL'") && error.contains("--store"), "{arguments:?}: {error}");
    }
    let error = load(&["tokens"]).expect_err("an unknown subcommand").to_string();
    assert!(error.contains("'tokens'") && error.contains("'token'"), "{error}");
}

#[test]
fn an_error_about_a_database_url_does_not_show_the_password() {
    let url = "postgres://me:secret@one:port/hooks";
    let file = format!("store = \"{url}\"");
    for mistake in [load(&["--store", url]), load(&["token", "list", "--store", url])] {
        let message = mistake.expect_err("no URL").to_string();
        assert!(message.contains("invalid value for '--store <STORE>': must be a URL such as") && !message.contains("secret"), "{message}");
    }
    let message = with_config(&file, &[]).expect_err("no URL").to_string();
    assert!(message.contains("line 1: `store`: must be a URL such as") && !message.contains("secret"), "{message}");
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let file = "data_dir = \"/from/file\"\n[delivery]\nmax_in_flight = 7\n[outbound]\nallow_networks = [\"10.0.0.0/8\", \"fd00::/8\"]";
    let settings = with_config(file, &["--data-dir", "/from/flag"]).expect("valid").settings;
    assert_eq!(settings.data_dir, PathBuf::from("/from/flag"));
    assert_eq!(settings.max_in_flight, 7);
    assert_eq!(settings.allow_networks.len(), 2);
    assert_eq!(settings.max_in_flight_per_webhook, 64);
}

#[test]
fn an_error_in_the_file_names_its_cause() {
    for (text, expected) in [
        ("colour = \"red\"", "line 1: `colour` is not a setting; `webhooks-server --help` lists the settings"),
        (
            "dev = true\n[delivery]\n\nmax_inflight = 1",
            "line 4: `delivery.max_inflight` is not a setting; did you mean `delivery.max_in_flight`?",
        ),
        ("dev = true\n[delivery]\nmax_in_flight = 0", "line 3: `delivery.max_in_flight`: 0 is not in 1.."),
        ("[delivery]\nmax_in_flight = \"many\"", "line 2: `delivery.max_in_flight`: invalid digit found in string"),
        ("\nlisten = \"here\"", "line 2: `listen`: must be an address and a port"),
        ("[log]\nlevel = \"loud\"", "line 2: `log.level`: must be one of error, "),
        ("dev = 1979-05-27", "line 1: `dev` must be a string"),
        ("config = \"x\"", "line 1: `config` is not a setting"),
        ("dev = true\ndev = ", "line 2: not valid TOML"),
    ] {
        let error = anyhow::Error::from(with_config(text, &[]).expect_err(text));
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert_eq!(format!("{error:#}"), error.to_string(), "the reason occurs once");
    }
}

#[test]
fn a_byte_order_mark_before_a_configuration_file_is_skipped() {
    assert!(with_config("\u{feff}dev = true", &[]).expect("valid").settings.dev);
}

#[test]
fn an_unknown_variable_is_refused_and_an_empty_one_is_not() {
    let refused = |name: &str, value: &str| {
        let error = refuse_unknown_variables(&command(), [(name.into(), value.into())]).err()?.to_string();
        assert!(error.contains(name) && !error.contains(value), "{error}");
        Some(error)
    };
    let error = refused("WEBHOOKS_LISTENS", "marked").expect("refused");
    assert!(error.ends_with("did you mean `WEBHOOKS_LISTEN`?"), "{error}");
    assert!(refused("WEBHOOKS_DELIVERY_COLOUR", "marked").is_some_and(|error| error.contains("lists the variables")));
    for (name, value) in [
        ("WEBHOOKS_LISTEN", "127.0.0.1:8080"),
        ("WEBHOOKS_CONFIG", "a"),
        ("WEBHOOKS_PASSWORD", "a"),
        ("WEBHOOKS_TEST_STORE", "a"),
        ("WEBHOOKS_COLOUR", ""),
        ("HOME", "/"),
        ("WEBHOOKS_PORT", "tcp://10.0.0.1:8080"),
        ("WEBHOOKS_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("WEBHOOKS_SERVICE_HOST", "10.0.0.1"),
        ("WEBHOOKS_SERVICE_PORT_HTTP", "8080"),
    ] {
        assert_eq!(refused(name, value), None, "{name}");
    }
}

#[test]
fn an_address_may_be_localhost_or_a_port_alone() {
    for (text, expected) in
        [("localhost:8080", "127.0.0.1:8080"), (":8080", "0.0.0.0:8080"), ("[::1]:0", "[::1]:0"), ("127.0.0.1:80", "127.0.0.1:80")]
    {
        let settings = load(&["--listen", text, "--admin-listen", text, "--behind-tls-proxy"]).expect("an address").settings;
        assert_eq!(settings.listen.to_string(), expected);
        assert_eq!(format!("{:?}", settings.admin_listen), format!("At({expected})"));
    }
    for text in ["", "8080", "localhost", "localhost:", ":port", ":70000", "example.com:80", "::1:80"] {
        let error = load(&["--listen", text]).expect_err(text).to_string();
        assert!(error.contains("must be an address and a port such as"), "{text}: {error}");
    }
}

#[test]
fn an_error_in_the_file_does_not_quote_a_line() {
    let error = anyhow::Error::from(with_config("dev = true\nstore = \"postgres://u:marked@h/d\" x", &[]).expect_err("no TOML"));
    let error = format!("{error:#}");
    assert!(error.contains("line 2: not valid TOML") && !error.contains("marked"), "{error}");
}

#[test]
fn listening_beyond_loopback_needs_tls_or_a_proxy() {
    for (arguments, allowed) in [
        (&["--listen", "127.0.0.1:0"][..], true),
        (&["--listen", "[::1]:0"], true),
        (&["--listen", "0.0.0.0:8080"], false),
        (&["--listen", "0.0.0.0:8080", "--behind-tls-proxy"], true),
        (&["--listen", "0.0.0.0:8080", "--tls-cert-file", "c", "--tls-key-file", "k"], true),
        (&["--listen", "0.0.0.0:8080", "--behind-tls-proxy", "--dev"], false),
        (&["--behind-tls-proxy", "--dev"], false),
        (&["--trusted-proxy", "127.0.0.1", "--dev"], false),
        (&["--trusted-proxy", "127.0.0.1,10.0.0.0/8"], true),
        (&["--trusted-proxy", "proxy.example"], false),
        (&["--tls-cert-file", "c"], false),
    ] {
        assert_eq!(load(arguments).is_ok(), allowed, "{arguments:?}");
    }
}

#[test]
fn the_short_help_fits_one_screen_and_the_long_help_has_groups() {
    let help = command().term_width(80).render_help().to_string();
    assert!(help.lines().count() <= 24 && help.lines().all(|line| line.chars().count() <= 80), "{help}");
    let help = command().render_long_help().to_string();
    for heading in ["Server:", "Store:", "Outbound requests:", "Delivery:", "Limits:", "Logs:"] {
        assert!(help.lines().any(|line| line == heading), "{heading} in {help}");
    }
    assert!(!help.contains("Other settings:") && !help.contains("Common settings"), "{help}");
}

#[test]
fn help_shows_the_default_the_variable_and_the_key_of_a_setting() {
    let help = command().render_long_help().to_string();
    // clap can break a line within the key of a setting.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in
        ["[default: 127.0.0.1:8080]", "WEBHOOKS_DELIVERY_MAX_IN_FLIGHT", "[setting: delivery.retry_schedule]", "WEBHOOKS_TLS_CERT_FILE"]
    {
        assert!(help.contains(expected), "{expected} in {help}");
    }
}
