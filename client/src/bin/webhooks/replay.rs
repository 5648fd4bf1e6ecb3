//! The callbacks that `webhooks listen` received, and `webhooks replay`, which sends them again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use webhooks_client::Page;
use webhooks_client::callback::{Callback, SigningSecret, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign};

use crate::arguments::{Connection, Replay};
use crate::forward::Forwarder;
use crate::output::{Cell, Format, Show, pretty, print, print_json_line, print_listing, time};
use crate::reference::Reference;
use crate::secrets;

/// The file in the data directory.
const FILE: &str = "listen-received.jsonl";

/// Maximum number of callbacks that are kept from earlier runs of `listen`.
const KEPT: usize = 100;

/// The stored headers. No other header is stored, because the others may contain credentials.
const HEADERS: [&str; 4] = [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE, "content-type"];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recorded {
    received_at: DateTime<Utc>,
    notification: Uuid,
    r#type: String,
    /// The status of the response.
    responded: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Appends callbacks to the file.
pub(crate) struct Recorder(File);

impl Recorder {
    pub(crate) fn open(data_dir: &Path) -> Result<Recorder> {
        let path = data_dir.join(FILE);
        let unwritable = || format!("cannot write {}", path.display());
        let mut kept = std::fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<&str> = kept.lines().collect();
        if lines.len() > KEPT {
            kept = lines[lines.len() - KEPT..].iter().flat_map(|line| [line, "\n"]).collect();
            std::fs::write(&path, kept).with_context(unwritable)?;
        }
        // The callbacks may contain personal data.
        let file = File::options().append(true).create(true).mode(0o600).open(&path).with_context(unwritable)?;
        Ok(Recorder(file))
    }

    /// Appends a callback of this service. Ignores other requests.
    pub(crate) fn append(&mut self, received_at: DateTime<Utc>, headers: &HeaderMap, body: &[u8], responded: u16) -> io::Result<()> {
        let Ok(body) = std::str::from_utf8(body) else { return Ok(()) };
        let Ok(Callback::<serde::de::IgnoredAny> { notification, r#type, .. }) = serde_json::from_str(body) else { return Ok(()) };
        let header = |name: &str| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()));
        let headers = HEADERS.into_iter().filter_map(header).collect();
        let recorded = Recorded { received_at, notification: notification.id, r#type, responded, headers, body: body.to_owned() };
        self.0.write_all(format!("{}\n", serde_json::to_string(&recorded)?).as_bytes())
    }
}

pub(crate) async fn run(arguments: &Replay, connection: &Connection, format: Format) -> Result<ExitCode> {
    let recorded = read(&connection.data_dir.join(FILE))?;
    let Some(url) = &arguments.forward_to else {
        print_listing(&Page { data: recorded, cursor: None }, format)?;
        return Ok(ExitCode::SUCCESS);
    };
    let selected = if arguments.all { recorded } else { select(&recorded, &arguments.ids)? };
    if selected.is_empty() {
        bail!("give the id of a notification, or --all; `webhooks replay` lists what `listen` received");
    }
    let secret = arguments.secret_file.as_deref().map(signing_secret).transpose()?;
    let forwarder = Forwarder::new(url, connection)?;
    let is_old = |recorded: &Recorded| Utc::now() - recorded.received_at > TimeDelta::minutes(5);
    if secret.is_none() && selected.iter().any(is_old) {
        eprintln!("receivers refuse signatures that are older than 5 minutes: give --secret-file to sign the callbacks again");
    }
    let mut all_accepted = true;
    for callback in selected {
        let result = forwarder.send(callback.headers(secret.as_ref())?, callback.body.clone().into()).await;
        all_accepted &= result.as_ref().is_ok_and(|response| response.status.is_success());
        if format.is_json() {
            let (status, error) = match &result {
                Ok(response) => (Some(response.status.as_u16()), None),
                Err(error) => (None, Some(error)),
            };
            print_json_line(&json!({ "notification": callback.notification, "statusCode": status, "error": error }))?;
        } else {
            let text = match result {
                Ok(response) => format!("response {} after {} ms", response.status.as_u16(), response.took.as_millis()),
                Err(error) => format!("no response: {error}"),
            };
            print(&format!("{}  {}  {text}", callback.notification, callback.r#type))?;
        }
    }
    Ok(if all_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &PathBuf) -> Result<Vec<Recorded>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}, to which `webhooks listen` writes what it receives", path.display()))?;
    // The last line is incomplete if `listen` was killed.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// Returns the last callback of each notification.
fn select(recorded: &[Recorded], references: &[Reference]) -> Result<Vec<Recorded>> {
    let select = |reference: &Reference| {
        let digits = match reference {
            Reference::Whole(id) => id.simple().to_string(),
            Reference::Beginning(digits) => digits.clone(),
        };
        let matching = || recorded.iter().filter(|callback| callback.notification.simple().to_string().starts_with(&digits));
        let ids: BTreeSet<Uuid> = matching().map(|callback| callback.notification).collect();
        if ids.len() > 1 {
            let ids: Vec<String> = ids.iter().map(|id| format!("  {id}")).collect();
            bail!("`{digits}` is the beginning of several ids; give more characters:\n{}", ids.join("\n"));
        }
        matching().next_back().cloned().with_context(|| format!("`listen` received no notification whose id begins with `{digits}`"))
    };
    references.iter().map(select).collect()
}

fn signing_secret(file: &Path) -> Result<SigningSecret> {
    secrets::from_file(file)?.parse().with_context(|| format!("{} does not contain one signing secret", file.display()))
}

impl Recorded {
    /// Returns the stored headers. With a secret, they have a new time and signature.
    fn headers(&self, secret: Option<&SigningSecret>) -> Result<HeaderMap> {
        let header = |(name, value): (&String, &String)| {
            let invalid = |_| anyhow!("{FILE} contains an invalid header");
            Ok((
                HeaderName::try_from(name).map_err(|_| anyhow!("{FILE} contains an invalid header"))?,
                HeaderValue::try_from(value).map_err(invalid)?,
            ))
        };
        let mut headers: HeaderMap = self.headers.iter().map(header).collect::<Result<_>>()?;
        if let Some(secret) = secret {
            headers.extend(sign(std::slice::from_ref(secret), self.notification, SystemTime::now(), self.body.as_bytes()));
        }
        Ok(headers)
    }
}

impl Show for Recorded {
    const COLUMNS: &'static [&'static str] = &["NOTIFICATION", "RECEIVED", "RESPONSE", "TYPE"];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::Id(self.notification),
            Cell::Time(self.received_at),
            Cell::Short(self.responded.to_string()),
            self.r#type.as_str().into(),
        ]
    }

    fn record(&self) -> Vec<(&'static str, String)> {
        vec![
            ("notification", self.notification.to_string()),
            ("type", self.r#type.clone()),
            ("received", time(&self.received_at)),
            ("body", pretty(&self.body)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use webhooks_client::callback::verify_signature;

    use super::*;

    fn recorder(directory: &Path, count: u128) {
        let mut recorder = Recorder::open(directory).expect("a file");
        for number in 0..count {
            let id = Uuid::from_u128(number);
            let body = format!(
                r#"{{"type":"a.b","timestamp":"2006-01-02T15:04:05Z","data":{{ "n":1.0 }},"notification":{{"id":"{id}"}},"webhook":{{"id":"{id}"}}}}"#
            );
            let mut headers = HeaderMap::new();
            headers.insert(WEBHOOK_ID, id.to_string().parse().expect("a value"));
            headers.insert("authorization", HeaderValue::from_static("Basic c2VjcmV0"));
            recorder.append(Utc::now(), &headers, body.as_bytes(), 204).expect("a writable file");
        }
        recorder.append(Utc::now(), &HeaderMap::new(), b"{}", 204).expect("a writable file");
    }

    #[test]
    fn received_callbacks_are_kept_without_credentials_and_up_to_a_number() {
        let directory = tempfile::tempdir().expect("a directory");
        recorder(directory.path(), 130);
        recorder(directory.path(), 1);
        let path = directory.path().join(FILE);
        assert_eq!(read(&path).expect("callbacks").len(), KEPT + 1);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(!text.contains("c2VjcmV0") && text.contains(r#"{ \"n\":1.0 }"#), "{text}");
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).expect("a file"));
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_callback_is_selected_by_the_beginning_of_its_id_and_signed_again() {
        let directory = tempfile::tempdir().expect("a directory");
        recorder(directory.path(), 2);
        let recorded = read(&directory.path().join(FILE)).expect("callbacks");
        let whole = Reference::Whole(Uuid::from_u128(1));
        let selected = select(&recorded, std::slice::from_ref(&whole)).expect("a callback").remove(0);
        assert_eq!(selected.notification, Uuid::from_u128(1));
        let ambiguous = select(&recorded, &["00000000".parse().expect("a beginning")]).expect_err("two callbacks").to_string();
        assert!(ambiguous.contains("several ids"), "{ambiguous}");
        select(&recorded, &["0197".parse().expect("a beginning")]).expect_err("no callback");

        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret");
        let headers = selected.headers(Some(&secret)).expect("headers");
        verify_signature(std::slice::from_ref(&secret), &headers, selected.body.as_bytes(), SystemTime::now()).expect("a signature");
    }
}
