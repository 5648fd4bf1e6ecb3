//! `cargo xtask setup`: installs all tools that CI needs, except Rust.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::environment;

/// The file that apt-get locks while it updates the package lists.
const LISTS_LOCK: &str = "/var/lib/apt/lists/lock";

/// Maximum time to wait for another process that installs packages.
const LOCK_TIMEOUT: Duration = Duration::from_secs(300);

/// Each program that CI needs, and its Debian package.
///
/// On a machine with systemd, `postgresql`, `pgbouncer` and `prometheus` start services on ports 5432, 6432 and 9090. These services do not disturb the
/// tests, which start their own servers on other ports. To prevent their start, this command would have to change a setting of the
/// whole machine permanently.
const PROGRAMS: [(&str, &str); 18] = [
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
    ("go", "golang-go"),
    ("php", "php-cli"),
    ("systemd-analyze", "systemd"),
    ("readelf", "binutils"),
    ("postgres", "postgresql"),
    ("pgbouncer", "pgbouncer"),
    ("/usr/sbin/nginx", "nginx"),
    ("promtool", "prometheus"),
];

/// # Errors
/// When a tool cannot be installed; the error says how to install it manually.
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

/// Installs missing Debian packages. If the installation would need a password, fails with instructions before anything is built.
fn install_packages() -> anyhow::Result<()> {
    let mut packages: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    // Debian's python3 lacks the module that creates virtual environments.
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
    let instructions = format!("install the missing packages and run this again: sudo apt-get update && sudo apt-get install --yes {list}");
    let (Some(as_root), true) = (as_root, is_installed("apt-get")) else { bail!("{instructions}") };
    println!("installing {list}");
    // apt-get itself can wait for the lock of dpkg, but not for the lock of the package lists. So this loop waits for
    // the lock of the package lists.
    let started = Instant::now();
    while let Err(message) = update_lists(as_root)? {
        if !message.contains(LISTS_LOCK) {
            bail!("apt-get update failed; {instructions}");
        }
        anyhow::ensure!(
            started.elapsed() < LOCK_TIMEOUT,
            "another process has locked {LISTS_LOCK} for too long: end it and run this again"
        );
        println!("waiting for another process to unlock {LISTS_LOCK}");
        std::thread::sleep(Duration::from_secs(2));
    }
    let script = format!(
        "export DEBIAN_FRONTEND=noninteractive; {as_root}apt-get install -o DPkg::Lock::Timeout={} --yes --quiet {list}",
        LOCK_TIMEOUT.as_secs()
    );
    if !succeeds(Command::new("sh").args(["-c", &script])) {
        bail!("apt-get install failed; {instructions}");
    }
    Ok(())
}

/// Updates the package lists. If apt-get fails, returns its error output as the inner error.
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

/// Whether the program exists as a file. Commands that are built into a shell do not count.
fn is_installed(program: &str) -> bool {
    // Debian installs `postgres` and `pgbouncer` in directories that may not be in PATH. `webhooks_postgres` knows the directories.
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
