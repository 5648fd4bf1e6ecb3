//! `cargo xtask deploy`: each file of server/deploy under the linter of its kind, and the server linked as its image wants it.
//! Which rules are off, and why, is in xtask/deploy. What the files say of the server itself is held by the server's tests.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};

use crate::{build, environment};

const VERB: &str = "deploy";

const CONTAINERFILE: &str = "server/deploy/Containerfile";
const MANIFEST: &str = "server/deploy/kubernetes.yaml";
const UNIT: &str = "server/deploy/webhooks-server.service";

/// The oldest Kubernetes that has all that the manifest uses, and the newest whose schemas kubernetes-validate has.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];

/// How much of the machine `systemd-analyze security` may find exposed, from 0 to 100. Sockets alone, which the server is
/// for, are 5. The unit has 12; 15 are passed when it gives up a family of system calls or a capability.
const MOST_EXPOSURE: &str = "--threshold=15";

/// `verify` looks whether what it starts is there, and the server is not installed where it is built.
const INSTALLED: &str = "ExecStart=/usr/local/bin/webhooks-server ";
const ANYTHING: &str = "ExecStart=/bin/true ";

/// What cargo is told so that nothing is left for a dynamic linker. It is all in the last step, so no dependency is built anew.
const LINK: [&str; 8] = ["--locked", "--package", "webhooks-server", "--bin", "webhooks-server", "--", "-C", "target-feature=+crt-static"];

/// # Errors
/// When the linters cannot be installed or run, or the server cannot be built.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let (programs, work) = (environment::python(VERB)?, environment::directory(VERB)?);
    let unit = work.join("webhooks-server.service");
    std::fs::write(&unit, startable(&crate::read(&root.join(UNIT))?)?).with_context(|| format!("cannot write {}", unit.display()))?;

    let mut checks = vec![linter(&programs.join("hadolint"), &[CONTAINERFILE])];
    // Without the first argument it leaves with 0 whatever it finds.
    let mut verify = linter(Path::new("systemd-analyze"), &["verify", "--recursive-errors=no"]);
    verify.arg(unit);
    checks.push(verify);
    checks.push(linter(Path::new("systemd-analyze"), &["security", "--no-pager", "--offline=yes", MOST_EXPOSURE, UNIT]));
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
    println!("Change the file, or switch a rule off in xtask/deploy and say there why.");
    Ok(ExitCode::from(crate::DRIFT))
}

fn linter(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a linter, and shows what it finds. Each leaves with something else than 0 when that is anything.
fn passes(check: &mut Command) -> anyhow::Result<bool> {
    let name = Path::new(check.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words: Vec<_> = check.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    println!("── {name} {}", words.join(" "));
    let output = check.output().with_context(|| format!("cannot start {name}{}", remedy(&name)))?;
    let passed = output.status.success();
    // systemd-analyze has a line for each of eighty settings, which matter to whoever has to find one.
    if !passed {
        print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!("{name} ended with {}", output.status);
    }
    Ok(passed)
}

fn remedy(program: &str) -> &'static str {
    match program {
        "systemd-analyze" => ": install systemd 250 or later, which need not run: sudo apt-get install --yes systemd",
        "readelf" => ": sudo apt-get install --yes binutils",
        _ => "",
    }
}

fn startable(unit: &str) -> anyhow::Result<String> {
    ensure!(unit.matches(INSTALLED).count() == 1, "{UNIT} does not have `{INSTALLED}` once");
    Ok(unit.replace(INSTALLED, ANYTHING))
}

/// Whether the server, linked as in the Containerfile, asks for no other file to be loaded with it, and starts.
fn links_statically(root: &Path) -> anyhow::Result<bool> {
    println!("── cargo rustc {}", LINK.join(" "));
    let executable = build::cargo(root, &[&["rustc"][..], &LINK].concat())?;
    let mut readelf = linter(Path::new("readelf"), &["--wide", "--program-headers", "--dynamic"]);
    let output = readelf.arg(&executable).output().with_context(|| format!("cannot start readelf{}", remedy("readelf")))?;
    ensure!(output.status.success(), "readelf ended with {}", output.status);
    let headers = String::from_utf8_lossy(&output.stdout);
    let needed = needed(&headers);
    if !needed.is_empty() {
        println!("the server needs more than itself:\n{}", needed.join("\n"));
    }
    let starts = linter(&executable, &["--version"]).status().context("cannot start the server")?.success();
    Ok(needed.is_empty() && starts)
}

/// What readelf says of a dynamic linker and of libraries.
fn needed(headers: &str) -> Vec<&str> {
    headers.lines().filter(|line| line.contains("INTERP") || line.contains("(NEEDED)")).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_linked_as_it_is_here() {
        let containerfile = crate::read(&crate::repository(CONTAINERFILE)).expect("a Containerfile");
        let command = format!("RUN cargo rustc --release {} \\\n", LINK.join(" "));
        assert!(containerfile.contains(&command), "no `{command}`");
    }

    #[test]
    fn what_a_server_needs_beside_itself_is_found() {
        let of_a_dynamic_one = "  INTERP         0x0002e0 0x2e0 R   0x1\n 0x0000000000000001 (NEEDED) Shared library: [libc.so.6]\n  LOAD";
        assert_eq!(needed(of_a_dynamic_one).len(), 2);
        assert!(needed("  LOAD           0x000000\n  DYNAMIC        0x1889028\n").is_empty());
    }
}
