//! Installs the tools that a command needs. For Node.js and Python, the files in `xtask/<command>` set the versions. If a tool is
//! missing or has another version, it is installed below `target`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

const INSTALL_NODE: &str = "install Node.js 20.19 or later and npm: sudo apt-get install --yes nodejs npm";
const INSTALL_PYTHON: &str = "install Python with venv: sudo apt-get install --yes python3 python3-venv";

/// Returns the working directory of a command, `target/<command>`. If the directory is missing, creates it.
///
/// # Errors
/// When the directory cannot be created.
pub(crate) fn directory(command: &str) -> anyhow::Result<PathBuf> {
    let root = crate::checkout()?;
    let directory = root.join("target").join(command);
    std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

/// Copies the files of `xtask/<command>` to the command's working directory, and installs the packages of package-lock.json
/// there. The packages' install scripts do not run.
///
/// # Errors
/// When Node.js is missing or too old, or npm fails.
pub(crate) fn node(command: &str) -> anyhow::Result<()> {
    require_node()?;
    let (files, work) = (crate::repository("xtask").join(command), directory(command)?);
    for file in std::fs::read_dir(&files).with_context(|| format!("cannot read {}", files.display()))? {
        let file = file.with_context(|| format!("cannot read {}", files.display()))?;
        copy(&file.path(), &work)?;
    }
    let (wanted, installed) = (crate::read(&work.join("package-lock.json"))?, work.join("node_modules/installed.json"));
    if std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing Node.js packages in target/{command}/node_modules");
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
        .current_dir(&work)
        .stdin(Stdio::null())
        .status();
    ensure!(npm.context(INSTALL_NODE)?.success(), "npm cannot install the packages of xtask/{command}/package-lock.json");
    std::fs::write(&installed, wanted).context("cannot record the installed versions")
}

/// Installs the packages of `xtask/<command>/requirements.txt` in a virtual environment. Returns the `bin` folder of
/// this environment.
///
/// # Errors
/// When Python is missing, or pip fails.
pub(crate) fn python(command: &str) -> anyhow::Result<PathBuf> {
    let environment = directory(command)?.join("venv");
    let (programs, installed) = (environment.join("bin"), environment.join("requirements.txt"));
    let requirements = crate::repository("xtask").join(command).join("requirements.txt");
    let wanted = crate::read(&requirements)?;
    // The environment's `python` is a link to the Python of the system. That Python may have been removed.
    if programs.join("python").exists() && std::fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    println!("installing Python packages in target/{command}/venv");
    let created = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).status();
    ensure!(created.is_ok_and(|status| status.success()), "python3 cannot create a virtual environment: {INSTALL_PYTHON}");
    let mut pip = Command::new(programs.join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    ensure!(pip.status().context("cannot start pip")?.success(), "pip cannot install the packages of xtask/{command}/requirements.txt");
    std::fs::write(&installed, wanted).context("cannot record the installed versions")?;
    Ok(programs)
}

/// Installs a program that crates.io has, below `target/tools`. Returns the path of the program.
///
/// # Errors
/// When cargo cannot build the program.
pub(crate) fn cargo(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let folder = directory("tools")?;
    let mut install = Command::new(env!("CARGO"));
    // cargo does nothing if this version is installed.
    install.args(["install", "--locked", "--quiet", "--version", version, "--root"]).arg(&folder).arg(name);
    println!("checking that {name} {version} is installed in target/tools; the first installation takes some minutes");
    let installed = install.stdin(Stdio::null()).status().context("cannot start cargo")?;
    ensure!(installed.success(), "cargo cannot install {name} {version}");
    Ok(folder.join("bin").join(name))
}

/// # Errors
/// When the file cannot be copied.
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

/// Whether the version is `v20.19.0` or later. @redocly/cli needs this version.
fn is_recent(version: &str) -> bool {
    let version = version.strip_prefix('v').and_then(|version| semver::Version::parse(version).ok());
    version.is_some_and(|version| (version.major, version.minor) >= (20, 19))
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn an_old_version_of_node_js_is_refused() {
        for (version, recent) in
            [("v20.19.0", true), ("v22.12.0", true), ("v18.20.4", false), ("v20.18.3", false), ("", false), ("x", false)]
        {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }

    #[test]
    fn lock_files_do_not_name_a_registry() {
        for command in ["lint-spec", "languages"] {
            let lock = crate::read(&crate::repository("xtask").join(command).join("package-lock.json")).expect("a lock file");
            let remedy = "generate it with `npm install --package-lock-only --omit-lockfile-registry-resolved`";
            assert!(!lock.contains("\"resolved\""), "xtask/{command}/package-lock.json: {remedy}");
        }
    }
}
