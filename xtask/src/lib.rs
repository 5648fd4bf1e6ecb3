//! The project's own commands. The exit code is 0 if a command succeeds. A check that finds a difference or violation exits with
//! [`DRIFT`]. After any other failure, the exit code is 1.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

mod api;
pub mod attack;
pub mod bench;
mod build;
pub mod chaos;
pub mod ci;
pub mod contract;
pub mod deny;
pub mod deploy;
mod environment;
pub mod fuzz;
pub mod languages;
pub mod lint;
pub mod lint_spec;
pub mod notices;
pub mod readme;
pub mod receivers;
pub mod sbom;
mod server;
pub mod setup;
pub mod spec;

/// The exit code of a check that ran, and found a difference or violation.
pub const DRIFT: u8 = 4;

/// Returns the path of a file. The argument is relative to the root of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Returns the root of the repository.
fn checkout() -> anyhow::Result<PathBuf> {
    repository("").canonicalize().context("cannot find the checkout")
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Removes a file or folder that a previous run may have left, so that this run cannot use it by mistake.
fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    /// These packages must not depend on large crates, because they have to compile fast.
    #[test]
    fn the_api_and_xtask_need_neither_a_store_nor_an_http_client() {
        for package in ["webhooks-server-api", "openapi-proof", "webhooks-spec", "xtask"] {
            let mut tree = std::process::Command::new(env!("CARGO"));
            tree.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--package", package]);
            let output = tree.current_dir(crate::repository("")).output().expect("cargo runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let crates = String::from_utf8(output.stdout).expect("UTF-8");
            assert!(crates.starts_with(package), "{crates}");
            for heavy in ["rusqlite", "tokio-postgres", "hickory-resolver", "reqwest", "webhooks-server", "webhooks-client"] {
                let found = crates.lines().any(|line| line.split(' ').next() == Some(heavy));
                assert!(!found, "{package} depends on {heavy}: `cargo tree --package {package} --invert {heavy}` shows why");
            }
            // `openapi-proof` works for any service, so it must not depend on the crates of this service.
            let service_crate = ["dropshot", "webhooks-server-api"].into_iter().find(|name| crates.contains(&format!("\n{name} ")));
            assert!(package != "openapi-proof" || service_crate.is_none(), "{package} depends on {service_crate:?}");
        }
    }
}
