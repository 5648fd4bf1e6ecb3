//! `webhooks check-receiver`: sends valid and invalid callbacks to a receiver, and reports the receiver's mistakes.
//!
//! [`cases`] defines the callbacks and the expected responses. [`exchange`] sends a callback. [`verdict`] judges the outcome.
//! [`report`] prints the result.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use uuid::Uuid;
use webhooks_client::callback::SigningSecret;
use webhooks_client::types::{CallbackBodyType, WebhookRegistrationTargetUrl};

use crate::api::{self, Api};
use crate::arguments::{CheckReceiver, Connection};
use crate::output::Format;
use crate::reference::Reference;
use crate::secrets::{self, SecretSource};
use crate::{lookup, requests};

mod cases;
pub(crate) mod exchange;
mod report;
mod verdict;

use cases::{Authorization, Webhook};
use exchange::{Exchange, Outcome};
use report::Report;

/// The exit status if the receiver makes a mistake. Status 1 means that the receiver cannot be checked. clap exits with status
/// 2 if an argument is invalid.
const MISTAKE_FOUND: u8 = 3;

/// The data of the callbacks that testWebhook sends.
const TEST_DATA: &str = r#"{"message":"This is a test of your callback."}"#;

pub(crate) async fn run(arguments: &CheckReceiver, connection: &Connection, format: Format) -> Result<ExitCode> {
    let url = parse_target(&arguments.target_url)?;
    let limit = Duration::from_secs(arguments.attempt_timeout_seconds);
    let exchange = Exchange::new(url.clone(), &trusted_authorities(&url, connection)?, limit)?;
    let webhook = webhook(arguments, connection).await?;

    let mut sent: Vec<(&cases::Case, Outcome)> = Vec::new();
    for case in cases::for_webhook(&webhook) {
        let outcome = exchange.send(case.compose(&webhook, SystemTime::now())).await;
        match (&outcome, sent.is_empty()) {
            (Outcome::Unreachable(reason), true) => bail!("cannot reach {url}: {reason}"),
            // If the valid callback gets no response, the other checks cannot show a mistake.
            (Outcome::TimedOut | Outcome::Broken(_), true) => {
                sent.push((case, outcome));
                break;
            }
            _ => sent.push((case, outcome)),
        }
    }
    let report = Report { url: url.as_str(), checks: verdict::judge_all(&sent, limit), planned: cases::for_webhook(&webhook).count() };
    report.print(format)?;
    Ok(if report.all_ok() { ExitCode::SUCCESS } else { ExitCode::from(MISTAKE_FOUND) })
}

/// Parses the URL of the receiver. openapi.json must allow the URL as a target URL. For a receiver on this machine,
/// http is also valid.
fn parse_target(text: &str) -> Result<Url> {
    let as_https = text.strip_prefix("http://").map(|rest| format!("https://{rest}"));
    requests::parse::<WebhookRegistrationTargetUrl>(as_https.as_deref().unwrap_or(text), requests::HTTPS_URL)
        .map_err(|_| anyhow!("`{text}` is not {}", requests::HTTPS_URL))?;
    let url = Url::parse(text).with_context(|| format!("`{text}` is not {}", requests::HTTPS_URL))?;
    if as_https.is_some() && !webhooks_client::is_loopback(&url) {
        bail!("the service calls only https URLs: give the receiver a certificate, and check {}", as_https.unwrap_or_default());
    }
    Ok(url)
}

/// Returns the certificate authorities from `--ca-file`, which are trusted in addition to the public certificate authorities.
/// For a receiver on this machine, adds the authorities that `webhooks-server --dev` and `webhooks listen` create in the data
/// directory.
pub(crate) fn trusted_authorities(url: &Url, connection: &Connection) -> Result<Vec<u8>> {
    let mut authorities = api::authorities(connection)?;
    if webhooks_client::is_loopback(url) {
        for name in ["dev-ca.pem", "listen-ca.pem"] {
            let file = connection.data_dir.join(name);
            if file.exists() {
                authorities.push(b'\n');
                authorities.extend(std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
            }
        }
    }
    Ok(authorities)
}

async fn webhook(arguments: &CheckReceiver, connection: &Connection) -> Result<Webhook> {
    let event_type = arguments.event_type.as_deref().unwrap_or(cases::TEST_TYPE);
    let data = match &arguments.data {
        Some(data) => requests::payload(data)?,
        None => TEST_DATA.parse()?,
    };
    let id = match &arguments.webhook {
        Some(Reference::Whole(id)) => *id,
        Some(beginning) => lookup::webhook(&Api::connect(connection)?, beginning).await?,
        None => Uuid::now_v7(),
    };
    Ok(Webhook {
        id,
        secret: signing_secret(arguments, connection, id).await?,
        unknown_secret: parse_secret(&format!("whsec_{}", STANDARD.encode(secrets::random()?))).context("the random secret is invalid")?,
        authorization: authorization(arguments)?,
        headers: headers(arguments)?,
        handshake: arguments.handshake,
        event_type: requests::parse::<CallbackBodyType>(event_type, requests::EVENT_TYPE)?,
        data,
        first_notification: Uuid::now_v7(),
    })
}

/// Returns the signing secret. Options have precedence over the environment variable.
async fn signing_secret(arguments: &CheckReceiver, connection: &Connection, id: Uuid) -> Result<SigningSecret> {
    if arguments.secret_file.is_none() && arguments.webhook.is_some() {
        let api = Api::connect(connection)?;
        let signing = api.settle(api.client.get_signing_secret().id(id).send().await);
        let secret = signing.context("cannot get the signing secret of the webhook")?.secret;
        return parse_secret(&secret).context("the API returned an invalid signing secret");
    }
    let text = secrets::obtain(&SecretSource {
        name: "signing secret",
        argument: None,
        file: arguments.secret_file.as_deref(),
        file_option: "--secret-file or --webhook",
        variable: "WEBHOOKS_SIGNING_SECRET",
    })?;
    let source = arguments.secret_file.as_ref().map_or("the given text".to_owned(), |file| file.display().to_string());
    parse_secret(&text).with_context(|| format!("{source} is not a single signing secret as `webhooks signing-secret` prints it"))
}

fn parse_secret(text: &str) -> Result<SigningSecret> {
    Ok(text.parse()?)
}

/// Returns the custom headers, which each callback has.
fn headers(arguments: &CheckReceiver) -> Result<HeaderMap> {
    let Some(file) = &arguments.header_file else { return Ok(HeaderMap::new()) };
    let mut headers = HeaderMap::new();
    for header in requests::custom_headers(file)?.0 {
        let mut value = HeaderValue::try_from(header.value.as_str()).context("a header has an invalid value")?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(header.name.as_str()).context("a header has an invalid name")?, value);
    }
    Ok(headers)
}

/// Returns the correct credentials, and wrong credentials of the same kind.
fn authorization(arguments: &CheckReceiver) -> Result<Option<Authorization>> {
    let wrong = secrets::random()?;
    let (correct, wrong) = match (&arguments.username, &arguments.bearer_file) {
        (Some(username), _) => {
            let password = secrets::password(None, arguments.password_file.as_deref())?;
            // RFC 7617 §2 defines this format. The texts are UTF-8.
            let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
            (basic(&password), basic(&wrong))
        }
        (None, Some(file)) => (format!("Bearer {}", secrets::from_file(file)?), format!("Bearer {wrong}")),
        (None, None) => return Ok(None),
    };
    let header = |text: String| {
        let mut value = HeaderValue::try_from(text).map_err(|_| anyhow!("the bearer token has characters that a header cannot have"))?;
        value.set_sensitive(true);
        Ok::<_, anyhow::Error>(value)
    };
    Ok(Some(Authorization { correct: header(correct)?, wrong: header(wrong)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_needs_https_unless_it_is_on_this_machine() {
        for text in ["https://example.com/notify?a=b", "http://127.0.0.1:8080/", "http://localhost/notify", "http://[::1]:1"] {
            parse_target(text).expect(text);
        }
        for (text, expected) in [
            (
                "http://example.com/notify",
                "the service calls only https URLs: give the receiver a certificate, and check https://example.com/notify",
            ),
            ("http://127.0.0.1.example.com", "only https URLs"),
            ("ftp://example.com", "is not an absolute https URL"),
            ("example.com", "is not an absolute https URL"),
            ("https://user:password@example.com", "is not an absolute https URL"),
            ("https://example.com/#part", "is not an absolute https URL"),
        ] {
            let error = parse_target(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
