//! The tools of other languages that a verb needs: in the versions that `xtask/<verb>` pins, in `target/<verb>` and nowhere
//! else, installed when they are missing or what is pinned has changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

const INSTALL_NODE: &str = "install Node.js 20.19 or later, with npm: sudo apt-get install --yes nodejs npm";
const INSTALL_PYTHON: &str = "install Python with its virtual environments: sudo apt-get install --yes python3 python3-venv";

/// Where a verb works: `target/<verb>`, which is made where it is missing.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn directory(verb: &str) -> anyhow::Result<PathBuf> {
    let root = crate::repository("").canonicalize().context("the checkout is gone")?;
    let directory = root.join("target").join(verb);
    std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory)
}

/// Copies `xtask/<verb>` to where the verb works, and puts the packages of its package-lock.json beside it, with no script of
/// theirs run.
///
/// # Errors
/// When Node.js is missing or too old, or npm cannot install them.
pub(crate) fn node(verb: &str) -> anyhow::Result<()> {
    require_node()?;
    let (files, work) = (crate::repository("xtask").join(verb), directory(verb)?);
    for file in std::fs::read_dir(&files).with_context(|| format!("cannot read {}", files.display()))? {
        let file = file.with_context(|| format!("cannot read {}", files.display()))?;
        copy(&file.path(), &work)?;
    }
    let (wanted, installed) = (crate::read(&work.join("package-lock.json"))?, work.join("node_modules/installed.json"));
    if std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing Node.js packages in target/{verb}/node_modules");
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(&work)
        .stdin(Stdio::null())
        .status();
    ensure!(npm.context(INSTALL_NODE)?.success(), "npm cannot install what xtask/{verb}/package-lock.json pins");
    std::fs::write(&installed, wanted).context("cannot note what is installed")
}

/// The programs of a virtual environment that has the packages of `xtask/<verb>/requirements.txt`.
///
/// # Errors
/// When Python is missing, or pip cannot install them.
pub(crate) fn python(verb: &str) -> anyhow::Result<PathBuf> {
    let environment = directory(verb)?.join("venv");
    let (programs, installed) = (environment.join("bin"), environment.join("requirements.txt"));
    let requirements = crate::repository("xtask").join(verb).join("requirements.txt");
    let wanted = crate::read(&requirements)?;
    // Its python is a link to the system's, which may have gone.
    if programs.join("python").exists() && std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    println!("installing Python packages in target/{verb}/venv");
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).status();
    ensure!(made.is_ok_and(|status| status.success()), "python3 cannot make a virtual environment: {INSTALL_PYTHON}");
    let mut pip = Command::new(programs.join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    ensure!(pip.status().context("cannot start pip")?.success(), "pip cannot install what xtask/{verb}/requirements.txt pins");
    std::fs::write(&installed, wanted).context("cannot note what is installed")?;
    Ok(programs)
}

/// # Errors
/// When it cannot be copied.
pub(crate) fn copy(file: &Path, directory: &Path) -> anyhow::Result<()> {
    let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?;
    std::fs::copy(file, directory.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
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
    fn no_lock_names_a_registry() {
        for verb in ["lint-spec", "languages"] {
            let lock = crate::read(&crate::repository("xtask").join(verb).join("package-lock.json")).expect("a lock");
            let remedy = "make it with `npm install --package-lock-only --omit-lockfile-registry-resolved`";
            assert!(!lock.contains("\"resolved\""), "xtask/{verb}/package-lock.json: {remedy}");
        }
    }
}
