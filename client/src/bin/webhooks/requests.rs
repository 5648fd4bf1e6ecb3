//! Builds request bodies from the arguments.

use std::fmt::Display;
use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail};
use webhooks_client::Payload;
use webhooks_client::builder::GetStatistics;
use webhooks_client::types::{
    AuthInput, CustomHeaderInput, CustomHeaderInputs, GetStatisticsAccount, NotificationPublication, NotificationPublicationWebhook,
    WebhookRegistration, WebhookUpdate,
};

use crate::api::Api;
use crate::arguments::{Auth, AuthKind, Publish, Register, Stats, Update};
use crate::lookup;
use crate::reference::Reference;
use crate::secrets::{self, SecretSource};

// These constants complete the error message "`TEXT` is not …".
pub(crate) const CURSOR: &str = "a cursor of an earlier page";

pub(crate) const ACCOUNT: &str = "an account: 1 to 63 lower-case letters, digits, `-` or `_`";

pub(crate) const ACTION: &str = "an operation such as `updateWebhook`, or a name such as `token.created`";

pub(crate) const EVENT_TYPE: &str = "a dotted lower-case name such as `catalog.purchase.closed`";
const PUBLISHED_EVENT_TYPE: &str =
    "a dotted lower-case name such as `catalog.purchase.closed` (names that begin with `webhook.` are reserved)";
const EVENT_TYPES: &str = "a dotted lower-case name such as `catalog.purchase.closed`, one that ends in `.*`, or `*`";
pub(crate) const HTTPS_URL: &str = "an absolute https URL such as `https://example.com/notify`";

pub(crate) fn registration(register: &Register) -> Result<WebhookRegistration> {
    Ok(WebhookRegistration {
        target_url: parse(&register.target_url, HTTPS_URL)?,
        auth: auth(&register.auth)?,
        headers: register.header_file.as_deref().map(custom_headers).transpose()?,
        event_types: event_types(&register.options.event_types)?,
        description: register.options.description.as_deref().map(|text| parse(text, "a description of 1 to 512 characters")).transpose()?,
        // For a new webhook, the value 0 means that there is no limit.
        max_per_second: register.options.max_per_second.and_then(NonZeroU32::new),
        ordered: register.options.ordered,
    })
}

pub(crate) fn update(update: &Update) -> Result<WebhookUpdate> {
    let body = WebhookUpdate {
        target_url: update.target_url.as_deref().map(|text| parse(text, HTTPS_URL)).transpose()?,
        auth: auth(&update.auth)?,
        headers: match &update.header_file {
            Some(file) => Some(custom_headers(file)?),
            None => update.no_headers.then(|| CustomHeaderInputs(Vec::new())),
        },
        event_types: event_types(&update.options.event_types)?,
        description: update.options.description.as_deref().map(|text| parse(text, "a description of up to 512 characters")).transpose()?,
        max_per_second: update.options.max_per_second.map(i32::try_from).transpose()?,
        ordered: update.options.ordered,
    };
    if serde_json::to_value(&body)?.as_object().is_some_and(serde_json::Map::is_empty) {
        bail!("nothing to change: give at least one option, such as --target-url (see `webhooks update --help`)");
    }
    Ok(body)
}

pub(crate) async fn publication(api: &Api, publish: &Publish) -> Result<NotificationPublication> {
    let data = payload(&publish.data)?;
    addressed(api, &publish.event_type, data, publish.account.as_deref(), publish.webhook.as_ref()).await
}

/// Returns a notification for an account or a webhook.
pub(crate) async fn addressed(
    api: &Api,
    event_type: &str,
    data: Payload,
    account: Option<&str>,
    webhook: Option<&Reference>,
) -> Result<NotificationPublication> {
    Ok(NotificationPublication {
        type_: parse(event_type, PUBLISHED_EVENT_TYPE)?,
        data,
        account: account.map(|text| parse(text, "an account")).transpose()?,
        webhook: lookup::optional_webhook(api, webhook).await?.map(|id| NotificationPublicationWebhook { id }),
    })
}

pub(crate) fn event_types<T: FromStr<Err: Display>>(texts: &[String]) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(text, EVENT_TYPES)).collect()
}

/// Reads headers from a file or standard input. Header values are often secrets, so no argument contains a value. An error
/// shows the number of the invalid line, but not the text of the line.
pub(crate) fn custom_headers(file: &Path) -> Result<CustomHeaderInputs> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let header = |(index, line): (usize, &str)| {
        let expected = "`Name: value` with a name of at most 64 characters and a value of 1 to 1024 visible ASCII characters";
        let parsed = line
            .split_once(':')
            .and_then(|(name, value)| Some(CustomHeaderInput { name: name.trim().parse().ok()?, value: value.trim().parse().ok()? }));
        parsed.with_context(|| format!("line {} of the headers is not {expected}", index + 1))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    Ok(CustomHeaderInputs(lines.map(header).collect::<Result<_>>()?))
}

/// Parses a text. The error describes a valid text in words. The errors of the generated types only show a regular expression.
pub(crate) async fn statistics<'a>(api: &'a Api, stats: &Stats) -> Result<GetStatistics<'a>> {
    let mut request = api.client.get_statistics().interval(stats.interval);
    if let Some(account) = &stats.account {
        request = request.account(parse::<GetStatisticsAccount>(account, ACCOUNT)?);
    }
    if let Some(webhook) = lookup::optional_webhook(api, stats.webhook.as_ref()).await? {
        request = request.webhook_id(webhook);
    }
    if let Some(since) = stats.since {
        request = request.since(since);
    }
    if let Some(until) = stats.until {
        request = request.until(until);
    }
    Ok(request)
}

pub(crate) fn parse<T: FromStr<Err: Display>>(text: &str, expected: &str) -> Result<T> {
    text.parse().map_err(|_| anyhow!("`{text}` is not {expected}"))
}

pub(crate) fn payload(argument: &str) -> Result<Payload> {
    let (text, source) = match argument.strip_prefix('@') {
        Some(file) => (std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?, file),
        None if argument == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            (text, "standard input")
        }
        None => (argument.to_owned(), "DATA"),
    };
    text.parse().with_context(|| format!("{source} is not a JSON object such as '{{\"purchase\":{{\"id\":\"p-1\"}}}}'"))
}

/// Derives the kind of authentication from the given options.
fn auth(auth: &Auth) -> Result<Option<AuthInput>> {
    let kind = match (auth.kind, &auth.username, &auth.client_id) {
        (None, None, None) => return Ok(None),
        (None | Some(AuthKind::Basic), Some(_), None) => AuthKind::Basic,
        (None | Some(AuthKind::ClientCredential), None, Some(_)) => AuthKind::ClientCredential,
        (Some(AuthKind::Noauth), None, None) => AuthKind::Noauth,
        (Some(AuthKind::Basic), None, _) => bail!("--auth basic needs --username"),
        (Some(AuthKind::ClientCredential), _, None) => bail!("--auth client-credential needs --client-id and --token-url"),
        _ => bail!("use --username only with --auth basic, and --client-id only with --auth client-credential"),
    };
    Ok(Some(match kind {
        AuthKind::Basic => basic(auth)?,
        AuthKind::ClientCredential => client_credential(auth)?,
        AuthKind::Noauth => AuthInput::Noauth,
    }))
}

fn basic(auth: &Auth) -> Result<AuthInput> {
    let username = auth.username.as_deref().unwrap_or_default();
    let password = secrets::password(auth.insecure_password_argument.as_deref(), auth.password_file.as_deref())?;
    Ok(AuthInput::Basic {
        username: parse(username, "a user name of 1 to 255 characters without a colon or control characters")?,
        password: password.parse().map_err(|_| anyhow!("the password must have 1 to 1024 characters and no control characters"))?,
    })
}

fn client_credential(auth: &Auth) -> Result<AuthInput> {
    let client_secret = secrets::obtain(&SecretSource {
        name: "client secret",
        argument: auth.insecure_client_secret_argument.as_deref(),
        file: auth.client_secret_file.as_deref(),
        file_option: "--client-secret-file",
        variable: "WEBHOOKS_CLIENT_SECRET",
    })?;
    Ok(AuthInput::ClientCredential {
        client_id: parse(auth.client_id.as_deref().unwrap_or_default(), "a client id of printable ASCII characters")?,
        client_secret: client_secret.parse().map_err(|_| anyhow!("the client secret must have 1 to 1024 printable ASCII characters"))?,
        token_url: parse(auth.token_url.as_deref().unwrap_or_default(), HTTPS_URL)?,
        scope: auth.scope.as_deref().map(|text| parse(text, "a scope: printable words separated by single spaces")).transpose()?,
        audience: auth.audience.as_deref().map(|text| parse(text, "an audience: printable ASCII characters without spaces")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::Value;

    use super::*;
    use crate::arguments::{Command, CommandLine};

    fn register(options: &[&str]) -> Result<Value> {
        let words = ["webhooks", "register", "https://example.com"].iter().chain(options);
        let Some(Command::Register(register)) = CommandLine::try_parse_from(words)?.command else { panic!("not a registration") };
        Ok(serde_json::to_value(registration(&register)?)?)
    }

    #[test]
    fn the_kind_of_authentication_is_derived_from_the_options() {
        let basic = ["--username", "USERNAME", "--insecure-password-argument", "PASSWORD"];
        let client = ["--client-id", "ID", "--insecure-client-secret-argument", "SECRET", "--token-url", "https://example.com/token"];
        for (options, expected) in [
            (&[][..], Value::Null),
            (&["--auth", "noauth"], serde_json::json!({ "type": "noauth" })),
            (&basic, serde_json::json!({ "type": "basic", "username": "USERNAME", "password": "PASSWORD" })),
            (
                &client,
                serde_json::json!({ "type": "client_credential", "clientID": "ID", "clientSecret": "SECRET", "tokenURL": "https://example.com/token" }),
            ),
        ] {
            assert_eq!(register(options).expect("a registration")["auth"], expected);
        }
    }

    #[test]
    fn contradictory_options_are_refused() {
        for options in [
            &["--auth", "basic"][..],
            &["--auth", "client-credential"],
            &["--auth", "noauth", "--username", "a", "--insecure-password-argument", "b"],
            &["--auth", "client-credential", "--username", "a", "--insecure-password-argument", "b"],
            &["--username", "a", "--client-id", "b", "--token-url", "https://example.com"],
            &["--password-file", "x"],
            &["--client-id", "b"],
        ] {
            assert!(register(options).is_err(), "{options:?}");
        }
    }

    #[test]
    fn an_invalid_value_is_explained_without_showing_a_secret() {
        let error =
            register(&["--username", "a", "--insecure-password-argument", "sec\nret"]).expect_err("a line end is not allowed").to_string();
        assert!(error.contains("no control characters") && !error.contains("ret\n"), "{error}");
        let error = register(&["--event-type", "Catalog"]).expect_err("a capital letter is not allowed").to_string();
        assert!(error.contains("`Catalog` is not a dotted lower-case name"), "{error}");
    }

    #[test]
    fn headers_come_from_a_file_and_an_invalid_line_is_named_but_not_shown() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let path = file.path().to_str().expect("a name").to_owned();
        std::fs::write(&path, "X-API-Key: abc: d\r\n\nX-Team:  shop \n").expect("a writable file");
        let expected = serde_json::json!([{ "name": "X-API-Key", "value": "abc: d" }, { "name": "X-Team", "value": "shop" }]);
        assert_eq!(register(&["--header-file", &path]).expect("a registration")["headers"], expected);
        for text in ["X-API-Key secret", "X-API-Key:", "X API Key: secret", "X-API-Key: sécret"] {
            std::fs::write(&path, format!("A: b\n{text}\n")).expect("a writable file");
            let error = register(&["--header-file", &path]).expect_err(text).to_string();
            assert!(error.starts_with("line 2 of the headers is not `Name: value`") && !error.contains("cret"), "{error}");
        }
    }

    #[test]
    fn an_update_can_remove_the_headers() {
        let words = ["webhooks", "update", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", "--no-headers"];
        let Some(Command::Update(arguments)) = CommandLine::try_parse_from(words).expect("a command line").command else {
            panic!("no update")
        };
        let body = serde_json::to_value(update(&arguments).expect("an update")).expect("JSON");
        assert_eq!(body, serde_json::json!({ "headers": [] }));
    }

    #[test]
    fn data_must_be_a_json_object() {
        assert_eq!(payload(r#"{"a":1}"#).expect("an object").as_str(), r#"{"a":1}"#);
        for text in ["", "[]", "1", "{", "{} {}", "@/nowhere/at/all"] {
            assert!(payload(text).is_err(), "{text}");
        }
    }
}
