//! `cargo xtask contract`: schemathesis generates valid and invalid requests from openapi.json. It checks every response against
//! openapi.json, without exceptions. Some rules for valid requests cannot be expressed in a schema: xtask/contract/hooks.py
//! corrects requests that break these rules.

mod deployment;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde_json::Value;

use deployment::Deployment;

use crate::environment;
use crate::server::Server;

/// The name of this command. Its working directory is target/contract, to which the server's own tests also write.
const COMMAND: &str = "contract";

/// The account of the access token that a server creates at its first start.
const FIRST_ACCOUNT: &str = "default";

#[derive(clap::Args)]
pub struct Arguments {
    /// Maximum number of requests for each operation in each phase
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_examples: u32,

    /// Test your own deployment at this URL, for example `https://api.example.com`
    #[arg(long, value_name = "URL", requires = "token_file", requires = "consent")]
    url: Option<url::Url>,

    /// File with the access token for `--url`
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,

    /// Send all kinds of requests for this account; the token must belong to the account
    ///
    /// The run registers, changes, deactivates and deletes webhooks, including webhooks that existed before. It publishes
    /// notifications, and can redeliver or delete existing notifications. Use a separate account. At the end, the run deletes the
    /// webhooks that it created. First the run checks that the token belongs to this account. For this check, it publishes to
    /// a webhook that does not exist, and the service refuses the publication.
    #[arg(long, value_name = "ACCOUNT", requires = "url", group = "consent")]
    destroys_data_of: Option<String>,

    /// Send only GET requests, and do not read signing secrets, because the report would show them
    #[arg(long, requires = "url", group = "consent")]
    read_only: bool,
}

/// # Errors
/// When schemathesis cannot be installed, the server does not start, or the token does not belong to the account.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let work = environment::directory(COMMAND)?;
    let deployment = arguments.url.as_ref().zip(arguments.token_file.as_ref());
    let deployment = deployment.map(|(url, token_file)| Deployment::at(url, &crate::read(token_file)?)).transpose()?;
    if let Some((deployment, account)) = deployment.as_ref().zip(arguments.destroys_data_of.as_ref()) {
        deployment.require_account(account)?;
    }
    let schemathesis =
        Schemathesis { executable: environment::python(COMMAND)?.join("schemathesis"), root, work, max_examples: arguments.max_examples };
    let passed = match (&deployment, &arguments.destroys_data_of) {
        (None, _) => {
            let server = Server::start(&schemathesis.root, &schemathesis.work, &[])?;
            schemathesis.run(&server.url, &server.access_token, Some(FIRST_ACCOUNT))?
        }
        (Some(deployment), None) => schemathesis.run(deployment.url(), deployment.token(), None)?,
        (Some(deployment), Some(account)) => {
            let before = deployment.webhooks()?;
            let passed = schemathesis.run(deployment.url(), deployment.token(), Some(account));
            println!("removed {} webhooks that the run created", deployment.remove_created_since(&before)?);
            passed?
        }
    };
    println!("report: target/{COMMAND}/junit.xml");
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "Each failure above is a difference between the service and openapi.json: correct the one that is wrong. A warning\n\
         says what could not be tested. It fails the run too."
    );
    Ok(ExitCode::from(crate::DRIFT))
}

struct Schemathesis {
    executable: PathBuf,
    root: PathBuf,
    work: PathBuf,
    max_examples: u32,
}

impl Schemathesis {
    /// Returns whether all tests passed. If `account` is `None`, sends only GET requests.
    fn run(&self, url: &str, token: &str, account: Option<&str>) -> anyhow::Result<bool> {
        let folder = self.root.join("xtask/contract");
        let mut command = Command::new(&self.executable);
        command.arg("--config-file").arg(folder.join("schemathesis.toml")).arg("run").arg(self.root.join("openapi.json"));
        command.args(["--url", url, "--checks", "all", "--continue-on-failure", "--seed", "1", "--generation-deterministic"]);
        command.args(["--max-examples", &self.max_examples.to_string()]);
        // A deployment may limit the request rate of a token.
        command.args(["--rate-limit", "auto"]);
        command.args(["--report", "junit", "--report-junit-path"]).arg(self.work.join("junit.xml"));
        for operation in for_platform(&self.root)? {
            command.args(["--exclude-operation-id", &operation]);
        }
        if account.is_none() {
            command.args(["--include-method", "GET", "--exclude-operation-id", "getSigningSecret"]);
            // schemathesis must not warn about missing data, because this run cannot create data.
            command.args(["--warnings", "missing_auth"]);
        }
        command.env("SCHEMATHESIS_HOOKS", folder.join("hooks.py"));
        command.env("API_ACCESS_TOKEN", token).env("CONTRACT_ACCOUNT", account.unwrap_or_default());
        // schemathesis writes a cache in its working directory.
        let status = command.current_dir(&self.work).status().context("cannot start schemathesis")?;
        match status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("schemathesis could not run: {status}"),
        }
    }
}

/// Returns the operations that only platform tokens may call. The token of a run belongs to an account, so the server's own
/// tests check these operations.
fn for_platform(root: &Path) -> anyhow::Result<Vec<String>> {
    let document: Value = serde_json::from_str(&crate::read(&root.join("openapi.json"))?).context("openapi.json is not JSON")?;
    let paths = document["paths"].as_object().context("openapi.json has no paths")?;
    let operations = paths.values().filter_map(Value::as_object).flat_map(|methods| methods.values());
    let of_platform = operations.filter(|operation| operation["x-required-token"] == "platform");
    Ok(of_platform.filter_map(|operation| operation["operationId"].as_str()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: super::Arguments,
    }

    #[test]
    fn a_deployment_is_tested_only_with_explicit_consent() {
        let accepts = |line: &str| CommandLine::try_parse_from(line.split(' ')).is_ok();
        assert!(accepts("contract"));
        assert!(accepts("contract --url https://api.example.com --token-file t --read-only"));
        assert!(accepts("contract --url https://api.example.com --token-file t --destroys-data-of acme"));
        for refused in [
            "contract --url https://api.example.com",
            "contract --url https://api.example.com --token-file t",
            "contract --url https://api.example.com --read-only",
            "contract --url https://api.example.com --token-file t --read-only --destroys-data-of acme",
            "contract --token-file t",
            "contract --read-only",
            "contract --destroys-data-of acme",
        ] {
            assert!(!accepts(refused), "{refused}");
        }
    }

    #[test]
    fn no_argument_is_needed_to_test_a_new_server() {
        let arguments = CommandLine::try_parse_from(["contract"]).expect("accepted").arguments;
        assert_eq!((arguments.max_examples, arguments.read_only), (25, false));
    }
}
