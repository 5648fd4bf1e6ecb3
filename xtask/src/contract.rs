//! `cargo xtask contract`: schemathesis makes requests from openapi.json, valid ones and wrong ones, and holds every answer
//! against it. No failure is tolerated, and no answer is allowed that openapi.json does not have: what no schema can
//! say of a request, xtask/contract/hooks.py keeps out of the requests instead.

mod deployment;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use deployment::Deployment;

use crate::environment;
use crate::server::Server;

/// Works beside what the server's own tests write in target/contract.
const VERB: &str = "contract";

/// The account of a server's first access token.
const FIRST_ACCOUNT: &str = "default";

#[derive(clap::Args)]
pub struct Arguments {
    /// How many requests to make of each operation in each phase, at most
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_examples: u32,

    /// Run against this deployment of yours instead, as `https://api.example.com`
    #[arg(long, value_name = "URL", requires = "token_file", requires = "consent")]
    url: Option<url::Url>,

    /// Where the access token for `--url` is
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,

    /// Make every kind of request as this account, which must be the token's
    ///
    /// The run registers, changes, deactivates and deletes webhooks, those that are already there among them, publishes
    /// notifications to them, and may redeliver or delete those: use an account made for that. At the end it deletes the webhooks that it made. Whose the
    /// token is it finds out by publishing to a webhook that does not exist, which is refused and leaves no trace.
    #[arg(long, value_name = "ACCOUNT", requires = "url", group = "consent")]
    destroys_data_of: Option<String>,

    /// Only read: make GET requests alone, and none for signing secrets, which a report would show
    #[arg(long, requires = "url", group = "consent")]
    read_only: bool,
}

/// # Errors
/// When schemathesis cannot be set up, the server does not start, or the deployment is not to be tested so.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let work = environment::directory(VERB)?;
    let deployment = arguments.url.as_ref().zip(arguments.token_file.as_ref());
    let deployment = deployment.map(|(url, token_file)| Deployment::at(url, &crate::read(token_file)?)).transpose()?;
    if let Some((deployment, account)) = deployment.as_ref().zip(arguments.destroys_data_of.as_ref()) {
        deployment.require_account(account)?;
    }
    let schemathesis =
        Schemathesis { executable: environment::python(VERB)?.join("schemathesis"), root, work, max_examples: arguments.max_examples };
    let passed = match (&deployment, &arguments.destroys_data_of) {
        (None, _) => {
            let server = Server::start(&schemathesis.root, &schemathesis.work)?;
            schemathesis.run(&server.url, &server.access_token, Some(FIRST_ACCOUNT))?
        }
        (Some(deployment), None) => schemathesis.run(deployment.url(), deployment.token(), None)?,
        (Some(deployment), Some(account)) => {
            let before = deployment.webhooks()?;
            let passed = schemathesis.run(deployment.url(), deployment.token(), Some(account));
            println!("removed {} webhooks that the run made", deployment.remove_made_since(&before)?);
            passed?
        }
    };
    println!("report: target/{VERB}/junit.xml");
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "Where a failure is shown above, the service and openapi.json disagree: change the one that is wrong. A warning there\n\
         says what could not be tested, and fails the run too."
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
    /// Whether nothing failed. Without an `account`, only what reads is asked.
    fn run(&self, url: &str, token: &str, account: Option<&str>) -> anyhow::Result<bool> {
        let ours = self.root.join("xtask/contract");
        let mut command = Command::new(&self.executable);
        command.arg("--config-file").arg(ours.join("schemathesis.toml")).arg("run").arg(self.root.join("openapi.json"));
        command.args(["--url", url, "--checks", "all", "--continue-on-failure", "--seed", "1", "--generation-deterministic"]);
        command.args(["--max-examples", &self.max_examples.to_string()]);
        // A deployment may limit what a token sends.
        command.args(["--rate-limit", "auto"]);
        command.args(["--report", "junit", "--report-junit-path"]).arg(self.work.join("junit.xml"));
        if account.is_none() {
            command.args(["--include-method", "GET", "--exclude-operation-id", "getSigningSecret"]);
            // Whether there is something to read is not for this run to change.
            command.args(["--warnings", "missing_auth"]);
        }
        command.env("SCHEMATHESIS_HOOKS", ours.join("hooks.py"));
        command.env("API_ACCESS_TOKEN", token).env("CONTRACT_ACCOUNT", account.unwrap_or_default());
        // It keeps a cache where it runs.
        let status = command.current_dir(&self.work).status().context("cannot start schemathesis")?;
        match status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("schemathesis could not run: {status}"),
        }
    }
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
    fn a_deployment_is_tested_only_as_its_owner_agrees() {
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
    fn no_argument_is_needed_for_a_server_of_its_own() {
        let arguments = CommandLine::try_parse_from(["contract"]).expect("accepted").arguments;
        assert_eq!((arguments.max_examples, arguments.read_only), (25, false));
    }
}
