//! `cargo xtask deploy`: lints each file in server/deploy, and links the server statically. The Containerfile uses the
//! same arguments. xtask/deploy lists the disabled rules with reasons. The server's tests check the options
//! that the files pass to the server.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};

use crate::{build, environment};

const COMMAND: &str = "deploy";

const CONTAINERFILE: &str = "server/deploy/Containerfile";
const MANIFEST: &str = "server/deploy/kubernetes.yaml";
const UNIT: &str = "server/deploy/webhooks-server.service";

/// The oldest Kubernetes version that supports the manifest, and the newest Kubernetes version that kubernetes-validate
/// supports.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];

/// Maximum exposure that `systemd-analyze security` may report, from 0 to 100. The exposure of the unit is 12. The
/// sockets that the server needs cause 5 of these 12 points. If the unit allowed one more group of system calls or a
/// capability, the exposure would exceed 15.
const MAX_EXPOSURE: &str = "--threshold=15";

/// `systemd-analyze verify` requires that the program of the unit exists, but the server is not installed here.
const INSTALLED: &str = "ExecStart=/usr/local/bin/webhooks-server ";
const PLACEHOLDER: &str = "ExecStart=/bin/true ";

/// Arguments of cargo for a statically linked server. They affect only the last step of the build, so no dependency is
/// built again.
const LINK: [&str; 9] =
    ["--release", "--locked", "--package", "webhooks-server", "--bin", "webhooks-server", "--", "-C", "target-feature=+crt-static"];

/// # Errors
/// When the linters cannot be installed or run, or the server cannot be built.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let (programs, work) = (environment::python(COMMAND)?, environment::directory(COMMAND)?);
    let unit = work.join("webhooks-server.service");
    std::fs::write(&unit, startable(&crate::read(&root.join(UNIT))?)?).with_context(|| format!("cannot write {}", unit.display()))?;

    let mut checks = vec![linter(&programs.join("hadolint"), &[CONTAINERFILE])];
    // Without `--recursive-errors`, systemd-analyze exits with 0 even if it finds errors.
    let mut verify = linter(Path::new("systemd-analyze"), &["verify", "--recursive-errors=no"]);
    verify.arg(unit);
    checks.push(verify);
    checks.push(linter(Path::new("systemd-analyze"), &["security", "--no-pager", "--offline=yes", MAX_EXPOSURE, UNIT]));
    for version in KUBERNETES {
        let arguments = ["--strict", "--quiet", "--kubernetes-version", version, MANIFEST];
        checks.push(linter(&programs.join("kubernetes-validate"), &arguments));
    }
    checks.push(linter(&programs.join("checkov"), &["--config-file", "xtask/deploy/checkov.yaml", "--file", MANIFEST]));

    let mut passed = true;
    for mut check in checks {
        passed &= passes(check.current_dir(&root))?;
    }
    passed &= links_statically(&root)?;
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Correct the file, or turn the rule off in xtask/deploy and give the reason there.");
    Ok(ExitCode::from(crate::DRIFT))
}

fn linter(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a linter and prints its findings. Returns whether the linter exited with 0. Exit code 0 means that there are no
/// findings.
fn passes(check: &mut Command) -> anyhow::Result<bool> {
    let name = Path::new(check.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words: Vec<_> = check.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    println!("── {name} {}", words.join(" "));
    let output = check.output().with_context(|| format!("cannot start {name}{}", remedy(&name)))?;
    let passed = output.status.success();
    // The output is shown only after a failure, because systemd-analyze prints a line for each of eighty settings.
    if !passed {
        print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!("{name} ended with {}", output.status);
    }
    Ok(passed)
}

fn remedy(program: &str) -> &'static str {
    match program {
        "systemd-analyze" => ": install systemd 250 or later (it need not run): sudo apt-get install --yes systemd",
        "readelf" => ": sudo apt-get install --yes binutils",
        _ => "",
    }
}

fn startable(unit: &str) -> anyhow::Result<String> {
    ensure!(unit.matches(INSTALLED).count() == 1, "{UNIT} must contain `{INSTALLED}` exactly once");
    Ok(unit.replace(INSTALLED, PLACEHOLDER))
}

/// Links the server with the arguments of the Containerfile. Returns whether the server starts and needs no shared library.
fn links_statically(root: &Path) -> anyhow::Result<bool> {
    println!("── cargo rustc {}", LINK.join(" "));
    let executable = build::cargo(root, &[&["rustc"][..], &LINK].concat())?;
    let mut readelf = linter(Path::new("readelf"), &["--wide", "--program-headers", "--dynamic"]);
    let output = readelf.arg(&executable).output().with_context(|| format!("cannot start readelf{}", remedy("readelf")))?;
    ensure!(output.status.success(), "readelf ended with {}", output.status);
    let headers = String::from_utf8_lossy(&output.stdout);
    let needed = needed(&headers);
    if !needed.is_empty() {
        println!("the server is not linked statically:\n{}", needed.join("\n"));
    }
    let starts = linter(&executable, &["--version"]).status().context("cannot start the server")?.success();
    Ok(needed.is_empty() && starts)
}

/// Returns the lines of readelf that name a dynamic linker or a shared library.
fn needed(headers: &str) -> Vec<&str> {
    headers.lines().filter(|line| line.contains("INTERP") || line.contains("(NEEDED)")).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containerfile_links_with_the_same_arguments() {
        let containerfile = crate::read(&crate::repository(CONTAINERFILE)).expect("a Containerfile");
        let command = format!("RUN cargo rustc {} \\\n", LINK.join(" "));
        assert!(containerfile.contains(&command), "no `{command}`");
    }

    #[test]
    fn a_dynamic_linker_and_shared_libraries_are_found() {
        let dynamic = "  INTERP         0x0002e0 0x2e0 R   0x1\n 0x0000000000000001 (NEEDED) Shared library: [libc.so.6]\n  LOAD";
        assert_eq!(needed(dynamic).len(), 2);
        assert!(needed("  LOAD           0x000000\n  DYNAMIC        0x1889028\n").is_empty());
    }
}
