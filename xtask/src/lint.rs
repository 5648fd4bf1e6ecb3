//! `cargo xtask lint`: openapi.json under two linters, of which each finds what the other misses. The rules, and why some
//! of them are off, are in xtask/lint.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};

const WORK: &str = "target/lint";

const INSTALL_NODE: &str = "install Node.js 20.19 or later, with npm: sudo apt-get install --yes nodejs npm";

/// Copied to where they work: the rules name openapi.json as it lies beside them.
const FILES: [&str; 5] =
    ["xtask/lint/package.json", "xtask/lint/package-lock.json", "xtask/lint/redocly.yaml", "xtask/lint/spectral.yaml", "openapi.json"];

/// A linter's name, and its arguments. A warning fails too.
const LINTERS: [(&str, &[&str]); 2] = [
    ("redocly", &["lint", "openapi.json", "--config", "redocly.yaml", "--format", "stylish"]),
    ("spectral", &["lint", "openapi.json", "--ruleset", "spectral.yaml", "--fail-severity", "hint"]),
];

/// # Errors
/// When the linters cannot be installed or run.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let work = root.join(WORK);
    std::fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    require_node()?;
    for file in FILES {
        let name = Path::new(file).file_name().context("a file without a name")?;
        std::fs::copy(root.join(file), work.join(name)).with_context(|| format!("cannot copy {file}"))?;
    }
    install(&work)?;
    let mut passed = true;
    for (linter, arguments) in LINTERS {
        println!("── {linter}");
        let mut command = Command::new("node");
        command.arg(Path::new("node_modules/.bin").join(linter)).args(arguments).current_dir(&work).stdin(Stdio::null());
        // Neither tells anybody that it ran.
        command.envs([("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")]);
        passed &= command.status().with_context(|| format!("cannot start {linter}"))?.success();
    }
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Lines are those of openapi.json. Change it, or switch a rule off in xtask/lint and say there why.");
    Ok(ExitCode::from(crate::DRIFT))
}

fn require_node() -> anyhow::Result<()> {
    let output = Command::new("node").arg("--version").stdin(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if !is_recent(&version) {
        let found = if version.is_empty() { "Node.js is missing" } else { &version };
        bail!("{found}: {INSTALL_NODE}");
    }
    Ok(())
}

/// `v20.19.0` and later, which @redocly/cli needs.
fn is_recent(version: &str) -> bool {
    let version = version.strip_prefix('v').and_then(|version| semver::Version::parse(version).ok());
    version.is_some_and(|version| (version.major, version.minor) >= (20, 19))
}

/// The versions of package-lock.json, with no script of theirs run.
fn install(work: &Path) -> anyhow::Result<()> {
    let (wanted, installed) = (crate::read(&work.join("package-lock.json"))?, work.join("node_modules/installed.json"));
    if std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing the linters in {WORK}");
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(work)
        .stdin(Stdio::null())
        .status();
    ensure!(npm.context(INSTALL_NODE)?.success(), "npm cannot install the linters");
    std::fs::write(&installed, wanted).context("cannot note what is installed")
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn an_old_node_is_refused() {
        for (version, recent) in
            [("v20.19.0", true), ("v22.12.0", true), ("v18.20.4", false), ("v20.18.3", false), ("", false), ("x", false)]
        {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }

    #[test]
    fn the_lock_names_no_registry() {
        let lock = crate::read(&crate::repository("xtask/lint/package-lock.json")).expect("a lock");
        assert!(!lock.contains("\"resolved\""), "make it with `npm install --package-lock-only --omit-lockfile-registry-resolved`");
    }
}
