//! Starts the limited server, and registers the webhooks of the honest customer and of the hostile customers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::attacker::Started;
use super::receivers::{MANY_ADDRESSES, RECEIVERS, SILENT_NAME, host};
use super::responses::words_headers;
use super::secret::SECRET;
use crate::chaos::setup::call;
use crate::load::Target;
use crate::rig::{EVENT, WEBHOOKS, publication};
use crate::service::Service;

pub(super) const HONEST_ACCOUNT: &str = "honest";

/// Maximum number of open files of the server.
pub(super) const FILES: u32 = 1024;

/// Maximum memory that the server can allocate, in bytes.
pub(super) const ALLOCATION_BYTES: u64 = 768_000_000;

/// The size of a large payload. It is a little smaller than the maximum size of a request body.
const LARGE_PAYLOAD_BYTES: usize = 200_000;

/// Writes a program that starts the server with limits, and returns the path of this program.
///
/// The limit of memory is RLIMIT_DATA (getrlimit(2)). It counts the private memory that a process can write, so an
/// allocation above the limit fails. RLIMIT_AS would also count address space that the allocator only reserves.
pub(super) fn limited(program: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    let program = program.to_str().context("the path of the server program is not UTF-8")?.replace('\'', r"'\''");
    let kibibytes = ALLOCATION_BYTES / 1024;
    let script = format!("#!/bin/sh\nulimit -n {FILES} && ulimit -d {kibibytes} && exec '{program}' \"$@\"\n");
    let path = directory.join("limited-server");
    fs::write(&path, script).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context("cannot make the program executable")?;
    Ok(path)
}

/// The paths of the honest customer's webhooks. The receiver of the second webhook closes each connection. So each of its
/// callbacks needs a new connection.
pub(super) const HONEST_PATHS: [&str; 2] = ["ok/1", "close/2"];

/// A customer whose webhooks have the host of the honest receiver. This host responds to its callbacks with status 404. The
/// failures must not delay callbacks to the honest customer.
const NEIGHBOUR: &str = "neighbour";
const NEIGHBOUR_WEBHOOKS: usize = 20;

/// Registers the webhooks of the honest customer.
pub(super) async fn register_honest(api: &Api, service: &mut Service, url: &str) -> anyhow::Result<()> {
    for path in HONEST_PATHS {
        register(api, service, HONEST_ACCOUNT, &json!({ "targetURL": format!("{url}/{path}") })).await?;
    }
    Ok(())
}

/// Registers webhooks with all hostile receivers. Each receiver has its own customer. A further customer uses the host of
/// the honest customer, at `honest_url`. Returns the publications to these customers.
pub(super) async fn register_hostile(api: &Api, service: &mut Service, started: &Started, honest_url: &str) -> anyhow::Result<Vec<Target>> {
    let token = service.platform_token()?;
    for number in 0..NEIGHBOUR_WEBHOOKS {
        register(api, service, NEIGHBOUR, &json!({ "targetURL": format!("{honest_url}/missing/{number}") })).await?;
    }
    let mut targets = vec![target(&token, NEIGHBOUR, false)];
    for (receiver, port) in RECEIVERS.iter().zip(&started.ports) {
        let url = format!("https://{}:{port}", host(receiver.name));
        let mut registration = json!({ "targetURL": url, "headers": [{ "name": "attack-key", "value": SECRET }] });
        if receiver.is_token_server() {
            let token_url = format!("{url}/token");
            registration["auth"] =
                json!({ "type": "client_credential", "clientID": "CLIENT", "clientSecret": SECRET, "tokenURL": token_url });
        }
        if receiver.name == "words" {
            let header = |(number, value)| json!({ "name": format!("attack-{number}"), "value": value });
            registration["headers"] = words_headers().into_iter().enumerate().map(header).collect();
        }
        for number in 0..receiver.webhooks() {
            registration["targetURL"] = json!(format!("{url}/{number}"));
            register(api, service, receiver.name, &registration).await?;
        }
        targets.push(target(&token, receiver.name, receiver.needs_large_payload()));
    }
    // Nothing accepts connections to these names, so any port will do.
    let port = started.ports.first().context("there are no receivers")?;
    for name in [MANY_ADDRESSES, SILENT_NAME] {
        let account = name.split('.').next().unwrap_or(name);
        register(api, service, account, &json!({ "targetURL": format!("https://{name}:{port}/") })).await?;
        targets.push(target(&token, account, false));
    }
    Ok(targets)
}

fn target(token: &str, account: &str, large: bool) -> Target {
    let (before, mut after) = publication(account, EVENT);
    if large {
        after = format!(r#","padding":"{}"}}}}"#, "x".repeat(LARGE_PAYLOAD_BYTES));
    }
    Target { token: token.to_owned(), before, after }
}

async fn register(api: &Api, service: &mut Service, account: &str, registration: &Value) -> anyhow::Result<()> {
    let token = service.account_token(account)?;
    let request = api.http.post(format!("{}{WEBHOOKS}", api.url)).json(registration);
    let webhook = call(request, &token).await.with_context(|| format!("cannot register a webhook of {account}"))?;
    webhook["id"].as_str().context("the webhook has no id").map(drop)
}

/// Returns the client that registers the webhooks. It trusts only the authority in `ca_file`.
#[expect(clippy::disallowed_methods, reason = "this client calls only the server under attack")]
pub(super) fn client(ca_file: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy();
    let Some(ca_file) = ca_file else { return Ok(builder.build()?) };
    let authority = fs::read(ca_file).with_context(|| format!("cannot read {}", ca_file.display()))?;
    Ok(builder.tls_certs_only([reqwest::Certificate::from_pem(&authority)?]).build()?)
}

/// The client that registers the webhooks, and the URL of the API.
pub(super) struct Api {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::SEQUENCE;

    #[test]
    fn the_path_of_the_limited_server_is_quoted() -> anyhow::Result<()> {
        let directory = std::env::temp_dir().join(format!("attack-setup-{}", std::process::id()));
        fs::create_dir_all(&directory)?;
        let path = limited(Path::new("/o'brien/server"), &directory)?;
        let script = fs::read_to_string(path)?;
        fs::remove_dir_all(&directory)?;
        assert_eq!(script, "#!/bin/sh\nulimit -n 1024 && ulimit -d 750000 && exec '/o'\\''brien/server' \"$@\"\n");
        Ok(())
    }

    #[test]
    fn a_large_publication_is_valid_json() {
        let target = target("token", "unread", true);
        let body = format!("{}7{}", target.before, target.after);
        assert!(body.contains(&format!("{SEQUENCE}7")) && body.len() > LARGE_PAYLOAD_BYTES);
        assert!(serde_json::from_str::<Value>(&body).is_ok());
    }
}
