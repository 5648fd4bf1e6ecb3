//! `cargo xtask setup`: installs what CI needs beside Rust.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::environment;

/// The lock that apt-get takes for the lists of packages.
const LISTS_LOCK: &str = "/var/lib/apt/lists/lock";

/// How long to wait for another process that installs packages.
const LOCK_TIMEOUT: Duration = Duration::from_secs(300);

/// A program that the steps need beside Rust, and the Debian package that has it.
///
/// On a machine with systemd two of the packages start services, on ports 5432 and 6432. The tests start their own servers on
/// other ports, so these are left alone: what would keep them from starting is a setting of the whole machine, which would
/// also hold for whoever wants them later.
const PROGRAMS: [(&str, &str); 14] = [
    ("cc", "build-essential"),
    ("curl", "curl"),
    ("bash", "bash"),
    ("git", "git"),
    ("kill", "procps"),
    ("strace", "strace"),
    ("chromium", "chromium"),
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("systemd-analyze", "systemd"),
    ("readelf", "binutils"),
    ("postgres", "postgresql"),
    ("pgbouncer", "pgbouncer"),
];

/// # Errors
/// When something cannot be installed; the error says how to install it by hand.
pub fn run() -> anyhow::Result<ExitCode> {
    install_packages()?;
    for command in ["lint-spec", "languages"] {
        environment::node(command)?;
    }
    for command in ["contract", "deploy", "languages"] {
        environment::python(command)?;
    }
    println!("everything that `cargo xtask ci` needs is installed");
    Ok(ExitCode::SUCCESS)
}

/// Installs missing Debian packages where that needs no password, and otherwise says how before anything is built.
fn install_packages() -> anyhow::Result<()> {
    let mut packages: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    // Debian's python3 leaves out what makes virtual environments.
    if !succeeds(Command::new("python3").args(["-c", "import ensurepip"]).stderr(Stdio::null())) {
        packages.push("python3-venv");
    }
    if packages.is_empty() {
        return Ok(());
    }
    packages.dedup();
    let list = packages.join(" ");
    let as_root = if succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
        Some("")
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        Some("sudo -n ")
    } else {
        None
    };
    let by_hand = format!("install what is missing and run this again: sudo apt-get update && sudo apt-get install --yes {list}");
    let (Some(as_root), true) = (as_root, is_installed("apt-get")) else { bail!("{by_hand}") };
    println!("installing {list}");
    // Without the lists nothing is found. apt waits for the lock of dpkg, but not for that of the lists.
    let started = Instant::now();
    while let Err(message) = update_lists(as_root)? {
        if !message.contains(LISTS_LOCK) {
            bail!("apt-get update failed; {by_hand}");
        }
        anyhow::ensure!(started.elapsed() < LOCK_TIMEOUT, "another process holds {LISTS_LOCK} for too long: end it and run this again");
        println!("waiting for the process that holds {LISTS_LOCK}");
        std::thread::sleep(Duration::from_secs(2));
    }
    let script = format!(
        "export DEBIAN_FRONTEND=noninteractive; {as_root}apt-get install -o DPkg::Lock::Timeout={} --yes --quiet {list}",
        LOCK_TIMEOUT.as_secs()
    );
    if !succeeds(Command::new("sh").args(["-c", &script])) {
        bail!("apt-get failed; {by_hand}");
    }
    Ok(())
}

/// Updates the lists of packages; what apt-get complains of, when it fails.
fn update_lists(as_root: &str) -> anyhow::Result<Result<(), String>> {
    let output = Command::new("sh")
        .args(["-c", &format!("LC_ALL=C {as_root}apt-get update --quiet")])
        .stdin(Stdio::null())
        .stdout(Stdio::inherit())
        .stderr(Stdio::piped())
        .output()
        .context("cannot start sh")?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    eprint!("{message}");
    Ok(if output.status.success() { Ok(()) } else { Err(message) })
}

/// As a program of its own: what a shell has built in does not count.
fn is_installed(program: &str) -> bool {
    // Debian has these in directories that are not on everybody's PATH. The tests know where to look.
    match program {
        "postgres" => return webhooks_postgres::Binaries::find().is_ok(),
        "pgbouncer" => return webhooks_postgres::find_pgbouncer().is_ok(),
        _ => {}
    }
    let started = Command::new(program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    !started.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}
