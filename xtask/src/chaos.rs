//! `cargo xtask chaos`: builds the server and the benchmark, whose program has the publishers and receivers, and runs it.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;

use crate::build::build;

#[derive(clap::Args)]
pub struct Arguments {
    /// How long receivers fail and servers are killed
    #[arg(long, default_value_t = 60, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// How many seconds pass, on average, until a server is killed again [default: 1.5, and 4 on PostgreSQL]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    kill_every: Option<f64>,
    /// What the servers work on
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// Servers that share a PostgreSQL; each is killed, and from time to time paused for longer than it is believed to live
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    nodes: u32,
    /// What faults happen to: `nodes`, and `database`, which kills PostgreSQL and cuts its connections
    #[arg(long, value_enum, value_delimiter = ',', default_value = "nodes")]
    faults: Vec<Faults>,
    /// Use builds without optimisation, as the tests do
    #[arg(long)]
    debug: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Faults {
    Nodes,
    Database,
}

impl Arguments {
    /// What of it the program that makes the chaos is told.
    fn options(&self) -> anyhow::Result<Vec<String>> {
        let on_postgres = self.store == Store::Postgres;
        let with_database = self.faults.contains(&Faults::Database);
        ensure!(
            on_postgres || (self.nodes == 1 && !with_database),
            "one server has SQLite for itself: --nodes and --faults are for --store postgres"
        );
        let kill_every = self.kill_every.unwrap_or(if on_postgres { 4.0 } else { 1.5 });
        let mut options = vec!["chaos".to_owned(), format!("--seconds={}", self.seconds), format!("--kill-every={kill_every}")];
        if on_postgres {
            let of = |faults: &Faults| if *faults == Faults::Nodes { "nodes" } else { "database" };
            let faults: Vec<&str> = self.faults.iter().map(of).collect();
            options.extend([format!("--postgres={}", self.nodes), format!("--faults={}", faults.join(","))]);
        }
        Ok(options)
    }
}

/// # Errors
/// When it is no number of seconds that makes sense.
fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds)).ok_or_else(|| "give a number from 0.1 to 3600".to_owned())
}

/// # Errors
/// When something does not build, or cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    let root = &crate::repository("").canonicalize().context("the checkout is gone")?;
    let profile = if arguments.debug { "dev" } else { "release" };
    let (server, bench) = (build(root, "webhooks-server", profile)?, build(root, "webhooks-bench", profile)?);
    let mut command = Command::new(bench);
    command.arg("--directory").arg(crate::environment::directory("chaos")?).arg("--server").arg(server);
    let status = command.args(options).status().context("cannot start what makes the chaos")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_cannot_have_is_refused() {
        let arguments = |store, nodes, faults: &[Faults]| Arguments {
            seconds: 20,
            kill_every: None,
            store,
            nodes,
            faults: faults.to_vec(),
            debug: true,
        };
        let (nodes, database) = (Faults::Nodes, Faults::Database);
        assert!(arguments(Store::Sqlite, 3, &[nodes]).options().is_err());
        assert!(arguments(Store::Sqlite, 1, &[database]).options().is_err());
        let options = arguments(Store::Sqlite, 1, &[nodes]).options().expect("options");
        assert_eq!(options, ["chaos", "--seconds=20", "--kill-every=1.5"]);
        let options = arguments(Store::Postgres, 3, &[nodes, database]).options().expect("options");
        assert_eq!(options, ["chaos", "--seconds=20", "--kill-every=4", "--postgres=3", "--faults=nodes,database"]);
    }

    #[test]
    fn a_time_between_kills_makes_sense() {
        assert_eq!((seconds("1.5"), seconds("0.1")), (Ok(1.5), Ok(0.1)));
        for text in ["0", "-1", "NaN", "inf", "soon", "3601"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
