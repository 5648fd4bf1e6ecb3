//! `webhooks check-receiver`: sends callbacks to somebody's receiver as the service would, right ones and wrong ones, and
//! says what it does with them that it should not.
//!
//! [`cases`] says what is sent and expected, [`exchange`] sends it, [`verdict`] judges what came back, and [`report`] shows it.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use webhooks_client::callback::SigningSecret;
use webhooks_client::types::{CallbackBodyType, WebhookRegistrationTargetUrl};

use crate::api::{self, Api};
use crate::arguments::{CheckReceiver, Connection};
use crate::requests;
use crate::secrets::{self, Wanted};

mod cases;
mod exchange;
mod report;
mod verdict;

use cases::{Authorization, Webhook};
use exchange::{Exchange, Got};
use report::Report;

/// Apart from 1, for a check that could not be made, and from clap's 2, for a command line that is not one.
const RECEIVER_IS_WRONG: u8 = 3;

pub(crate) async fn run(arguments: &CheckReceiver, connection: &Connection, json: bool) -> Result<ExitCode> {
    let url = target(&arguments.target_url)?;
    let limit = Duration::from_secs(arguments.attempt_timeout_seconds);
    let exchange = Exchange::new(url.clone(), &trusted(&url, connection)?, limit)?;
    let webhook = webhook(arguments, connection).await?;

    let mut sent: Vec<(&cases::Case, Got)> = Vec::new();
    for case in cases::of(&webhook) {
        let got = exchange.send(case.compose(&webhook, SystemTime::now())).await;
        match (&got, sent.is_empty()) {
            (Got::Unreachable(reason), true) => bail!("cannot reach {url}: {reason}"),
            // Whoever says nothing to the valid callback tells nothing by saying nothing to the others.
            (Got::Late | Got::Broken(_), true) => {
                sent.push((case, got));
                break;
            }
            _ => sent.push((case, got)),
        }
    }
    let report = Report { url: url.as_str(), checks: verdict::judge_all(&sent, limit), planned: cases::of(&webhook).count() };
    report.print(json)?;
    Ok(if report.all_well() { ExitCode::SUCCESS } else { ExitCode::from(RECEIVER_IS_WRONG) })
}

/// The URL as openapi.json wants a target URL, or the same with http on this machine.
fn target(text: &str) -> Result<Url> {
    let as_https = text.strip_prefix("http://").map(|rest| format!("https://{rest}"));
    requests::read::<WebhookRegistrationTargetUrl>(as_https.as_deref().unwrap_or(text), requests::HTTPS_URL)
        .map_err(|_| anyhow!("`{text}` is not {}", requests::HTTPS_URL))?;
    let url = Url::parse(text).with_context(|| format!("`{text}` is not {}", requests::HTTPS_URL))?;
    if as_https.is_some() && !is_loopback(&url) {
        bail!("the service calls https only: give the receiver a certificate, and check {}", as_https.unwrap_or_default());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What is trusted beside the public authorities: those that were given and, for a receiver on this machine, those that
/// `webhooks-server --dev` and `webhooks listen` make in the data directory.
fn trusted(url: &Url, connection: &Connection) -> Result<Vec<u8>> {
    let mut authorities = api::authorities(connection)?;
    if is_loopback(url) {
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
        None => test_data(),
    };
    Ok(Webhook {
        id: arguments.webhook.unwrap_or_else(Uuid::now_v7),
        secret: signing_secret(arguments, connection).await?,
        strange_secret: read_secret(&format!("whsec_{}", STANDARD.encode(secrets::random()?))).context("the random secret is none")?,
        authorization: authorization(arguments)?,
        headers: headers(arguments)?,
        handshake: arguments.handshake,
        event_type: requests::read::<CallbackBodyType>(event_type, requests::EVENT_TYPE)?,
        data,
        first_notification: Uuid::now_v7(),
    })
}

/// As testWebhook has it.
fn test_data() -> Map<String, Value> {
    Map::from_iter([("message".to_owned(), json!("This is a test of your callback."))])
}

/// What is given on this very command line counts first.
async fn signing_secret(arguments: &CheckReceiver, connection: &Connection) -> Result<SigningSecret> {
    if let (None, Some(id)) = (&arguments.secret_file, arguments.webhook) {
        let api = Api::connect(connection)?;
        let answer = api.settle(api.client.get_signing_secret().id(id).send().await);
        let secret = answer.context("the API does not give the webhook's signing secret")?.secret;
        return read_secret(&secret).context("the API gave a signing secret that is not one");
    }
    let text = secrets::obtain(&Wanted {
        name: "signing secret",
        argument: None,
        file: arguments.secret_file.as_deref(),
        file_option: "--secret-file or --webhook",
        variable: "WEBHOOKS_SIGNING_SECRET",
    })?;
    let source = arguments.secret_file.as_ref().map_or("what was given".to_owned(), |file| file.display().to_string());
    read_secret(&text).with_context(|| format!("{source} is not one signing secret, as `webhooks signing-secret` prints it"))
}

fn read_secret(text: &str) -> Result<SigningSecret> {
    Ok(text.parse()?)
}

/// What the receiver wants beside the authorization, with every callback.
fn headers(arguments: &CheckReceiver) -> Result<HeaderMap> {
    let Some(file) = &arguments.header_file else { return Ok(HeaderMap::new()) };
    let mut headers = HeaderMap::new();
    for header in requests::custom_headers(file)?.0 {
        let mut value = HeaderValue::try_from(header.value.as_str()).context("a header has a value that cannot be sent")?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(header.name.as_str()).context("a header has a name that cannot be sent")?, value);
    }
    Ok(headers)
}

/// The right credentials and wrong ones of the same kind.
fn authorization(arguments: &CheckReceiver) -> Result<Option<Authorization>> {
    let wrong = secrets::random()?;
    let (right, wrong) = match (&arguments.username, &arguments.bearer_file) {
        (Some(username), _) => {
            let password = secrets::password(None, arguments.password_file.as_deref())?;
            // RFC 7617 §2, in UTF-8.
            let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
            (basic(&password), basic(&wrong))
        }
        (None, Some(file)) => (format!("Bearer {}", secrets::from_file(file)?), format!("Bearer {wrong}")),
        (None, None) => return Ok(None),
    };
    let header = |text: String| {
        let mut value = HeaderValue::try_from(text).map_err(|_| anyhow!("the bearer token has characters that no header can carry"))?;
        value.set_sensitive(true);
        Ok::<_, anyhow::Error>(value)
    };
    Ok(Some(Authorization { right: header(right)?, wrong: header(wrong)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_called_over_https_or_on_this_machine() {
        for text in ["https://example.com/notify?a=b", "http://127.0.0.1:8080/", "http://localhost/notify", "http://[::1]:1"] {
            target(text).expect(text);
        }
        for (text, expected) in [
            (
                "http://example.com/notify",
                "the service calls https only: give the receiver a certificate, and check https://example.com/notify",
            ),
            ("http://127.0.0.1.example.com", "https only"),
            ("ftp://example.com", "is not an absolute https URL"),
            ("example.com", "is not an absolute https URL"),
            ("https://user:password@example.com", "is not an absolute https URL"),
            ("https://example.com/#part", "is not an absolute https URL"),
        ] {
            let error = target(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
