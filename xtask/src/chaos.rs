//! `cargo xtask chaos`: builds the server and the benchmark, whose program has the publishers and receivers, and runs it.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::bench::build;

#[derive(clap::Args)]
pub struct Arguments {
    /// How long receivers fail and the server is killed
    #[arg(long, default_value_t = 60, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// How many seconds the server runs, on average, before it is killed
    #[arg(long, default_value_t = 1.5, value_name = "SECONDS", value_parser = seconds)]
    kill_every: f64,
    /// Use builds without optimisation, as the tests do
    #[arg(long)]
    debug: bool,
}

/// # Errors
/// When it is no number of seconds that makes sense.
fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds)).ok_or_else(|| "give a number from 0.1 to 3600".to_owned())
}

/// # Errors
/// When something does not build, or cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = &crate::repository("").canonicalize().context("the checkout is gone")?;
    let profile = if arguments.debug { "dev" } else { "release" };
    let (server, bench) = (build(root, "webhooks-server", profile)?, build(root, "webhooks-bench", profile)?);
    let mut command = Command::new(bench);
    command.arg("--directory").arg(crate::environment::directory("chaos")?).arg("--server").arg(server);
    command.args(["chaos", "--seconds", &arguments.seconds.to_string(), "--kill-every", &arguments.kill_every.to_string()]);
    let status = command.status().context("cannot start what makes the chaos")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_time_between_kills_makes_sense() {
        assert_eq!((seconds("1.5"), seconds("0.1")), (Ok(1.5), Ok(0.1)));
        for text in ["0", "-1", "NaN", "inf", "soon", "3601"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
