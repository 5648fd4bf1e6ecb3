//! `cargo xtask languages`: checks openapi.json and the signatures with independent TypeScript and Python tools.
//!
//! Common generators make clients from openapi.json. Programs in xtask/languages call a server with these clients. Common
//! packages for Standard Webhooks verify the signatures in client/signature-vectors.json.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::environment;
use crate::server::Server;

const COMMAND: &str = "languages";

/// The Python package that openapi-python-client generates, and the file that openapi-typescript generates.
const PYTHON_CLIENT: &str = "notifications_api_client";
const TYPESCRIPT_CLIENT: &str = "openapi.ts";

/// # Errors
/// When the tools cannot be installed or run, or the server does not start.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    environment::node(COMMAND)?;
    let tools = Tools {
        programs: environment::python(COMMAND)?,
        work: environment::directory(COMMAND)?,
        operations: operations(&crate::read(&root.join("openapi.json"))?)?,
    };
    for file in ["openapi.json", "client/signature-vectors.json"] {
        environment::copy(&root.join(file), &tools.work)?;
    }
    let server = Server::start(&root, &tools.work, &[])?;
    // The Python checks run even if the TypeScript checks fail.
    let passed = [tools.typescript(&server)?, tools.python(&server)?];
    if passed == [true; 2] {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "The programs named above are copies of those in xtask/{COMMAND}. If a generator warns, change openapi.json so that the\n\
         generator understands it. If a package judges a signature differently, correct this project, or note the reason in\n\
         client/signature-vectors.json."
    );
    Ok(ExitCode::from(crate::DRIFT))
}

struct Tools {
    work: PathBuf,
    /// The `bin` folder of the virtual environment.
    programs: PathBuf,
    operations: Vec<String>,
}

impl Tools {
    /// Whether all TypeScript checks passed.
    fn typescript(&self, server: &Server) -> anyhow::Result<bool> {
        println!("── TypeScript");
        let client = self.work.join(TYPESCRIPT_CLIENT);
        crate::remove(&client)?;
        // `--no-warnings`: otherwise Node.js writes its own warnings to the stream that the generator also uses.
        let generated = generates(self.node("openapi-typescript").args(["openapi.json", "--output", TYPESCRIPT_CLIENT]))?
            && self.has_all_operations(&members(&crate::read(&client)?));
        Ok(generated
            && succeeds(&mut self.node("tsc"))?
            && succeeds(self.command("node").arg("out/signatures.js"))?
            && succeeds(with_api(server, self.command("node").arg("out/client.js")))?)
    }

    /// Whether all Python checks passed.
    fn python(&self, server: &Server) -> anyhow::Result<bool> {
        println!("── Python");
        let client = self.work.join(PYTHON_CLIENT);
        crate::remove(&client)?;
        let mut generate = self.command(self.programs.join("openapi-python-client"));
        generate.args(["generate", "--path", "openapi.json", "--config", "openapi-python-client.yaml", "--meta", "none"]);
        generate.args(["--output-path", PYTHON_CLIENT, "--fail-on-warning"]);
        let generated = generates(&mut generate)? && self.has_all_operations(&modules(&client.join("api"))?);
        let python = self.programs.join("python");
        Ok(generated
            && succeeds(self.command(&python).args(["-W", "error", "-m", "compileall", "-q", PYTHON_CLIENT]))?
            && succeeds(self.command(self.programs.join("mypy")).args([PYTHON_CLIENT, "client.py", "signatures.py"]))?
            && succeeds(self.command(&python).arg("signatures.py"))?
            && succeeds(with_api(server, self.command(&python).arg("client.py")))?)
    }

    fn node(&self, package: &str) -> Command {
        let mut command = self.command("node");
        command.arg("--no-warnings").arg(Path::new("node_modules/.bin").join(package));
        command
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work).stdin(Stdio::null());
        command
    }

    /// Whether the client has every operation. A generator may skip parts that it does not understand.
    fn has_all_operations(&self, generated: &[String]) -> bool {
        let missing = missing(&self.operations, generated);
        for operation in &missing {
            println!("the operation {operation} was not generated");
        }
        missing.is_empty()
    }
}

/// Whether a generator succeeded without a warning.
fn generates(command: &mut Command) -> anyhow::Result<bool> {
    let Output { status, stdout, stderr } = command.output().with_context(|| cannot_start(command))?;
    print!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Ok(status.success() && stderr.is_empty())
}

fn succeeds(command: &mut Command) -> anyhow::Result<bool> {
    Ok(command.status().with_context(|| cannot_start(command))?.success())
}

/// Returns an error message. The message omits the environment of the command, which may contain an access token.
fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().display())
}

fn with_api<'a>(server: &Server, command: &'a mut Command) -> &'a mut Command {
    command.env("API_BASE_URL", &server.url).env("API_ACCESS_TOKEN", &server.access_token)
}

/// Returns every `operationId` of a document.
fn operations(document: &str) -> anyhow::Result<Vec<String>> {
    let document: Value = serde_json::from_str(document).context("openapi.json is not JSON")?;
    let paths = document["paths"].as_object().context("openapi.json has no paths")?;
    let operations: Vec<String> = paths
        .values()
        .filter_map(Value::as_object)
        .flat_map(|path| path.values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect();
    ensure!(!operations.is_empty(), "openapi.json has no operation");
    Ok(operations)
}

/// Returns the members of `export interface operations`.
fn members(types: &str) -> Vec<String> {
    let operations = types.lines().skip_while(|line| !line.starts_with("export interface operations ")).skip(1);
    let operations = operations.take_while(|line| *line != "}");
    operations.filter_map(|line| Some(line.strip_prefix("    ")?.strip_suffix(": {")?.to_owned())).collect()
}

/// Returns the names of the modules in a generated Python package. Each module has one operation.
fn modules(api: &Path) -> anyhow::Result<Vec<String>> {
    let entries = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        entries.map(|entry| Ok(entry.with_context(|| format!("cannot read {}", folder.display()))?.path())).collect()
    };
    let mut modules = Vec::new();
    for folder in entries(api)?.iter().filter(|path| path.is_dir()) {
        modules.extend(entries(folder)?.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())));
    }
    Ok(modules)
}

/// Returns the operations that were not generated. Languages spell names differently: `registerWebhook`, `register_webhook`.
fn missing<'a>(operations: &'a [String], generated: &[String]) -> Vec<&'a String> {
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    operations.iter().filter(|operation| !generated.iter().any(|name| plain(name) == plain(operation))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_was_not_generated_is_found() -> anyhow::Result<()> {
        let document = r#"{"paths": {"/a": {"post": {"operationId": "registerWebhook"}, "get": {"operationId": "listWebhooks"}}}}"#;
        let types = "export interface paths {\n    getWebhook: {\n}\nexport interface operations {\n    listWebhooks: {\n        \
                     registerWebhook: {\n    };\n}\n";
        let operations = operations(document)?;
        assert_eq!(missing(&operations, &members(types)), ["registerWebhook"]);
        assert_eq!(missing(&operations, &["register_webhook".to_owned()]), ["listWebhooks"]);
        Ok(())
    }

    #[test]
    fn a_document_without_operations_is_an_error() {
        assert!(operations(r#"{"paths": {}}"#).is_err());
        assert!(operations("{}").is_err());
    }
}
