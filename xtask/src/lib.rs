//! The project's own tasks. A verb leaves with 0 when all is well, with [`DRIFT`] when two things that must agree do
//! not, and with 1 when it could not do its work.

use std::path::{Path, PathBuf};

pub mod bench;
mod build;
pub mod chaos;
pub mod ci;
pub mod contract;
pub mod deploy;
mod environment;
pub mod languages;
pub mod lint;
pub mod lint_spec;
pub mod readme;
mod server;
pub mod setup;
pub mod spec;

/// The exit code that says: nothing failed, but what was compared differs.
pub const DRIFT: u8 = 4;

/// A path that is named from the top of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    /// They compile fast because they do without these.
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
                assert!(!found, "{package} depends on {heavy}: `cargo tree --package {package} --invert {heavy}` says through what");
            }
            // It proves any service.
            let of_service =
                ["dropshot", "webhooks-server-api"].into_iter().find(|of_service| crates.contains(&format!("\n{of_service} ")));
            assert!(package != "openapi-proof" || of_service.is_none(), "{package} depends on {of_service:?}");
        }
    }
}
