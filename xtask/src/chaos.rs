//! `cargo xtask chaos`: builds the server and the program `webhooks-bench`, which runs the chaos test.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;

use crate::build::build;

#[derive(clap::Args)]
pub struct Arguments {
    /// Duration of the faults in seconds
    #[arg(long, default_value_t = 60, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Average time between two kills in seconds [default: 1.5 on SQLite, 4 on PostgreSQL]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    kill_every: Option<f64>,
    /// The store of the servers
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// Number of servers on one PostgreSQL database
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    nodes: u32,
    /// Faults to inject: `nodes` kills and pauses servers, `database` kills PostgreSQL and closes its connections, `planted`
    /// kills each server that sends a certain delivery (always on SQLite; it takes about 90 s on PostgreSQL)
    #[arg(long, value_enum, value_delimiter = ',', default_value = "nodes")]
    faults: Vec<Faults>,
    /// Use debug builds, as the tests do
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
    Planted,
}

impl Arguments {
    /// Returns the arguments for `webhooks-bench`.
    fn options(&self) -> anyhow::Result<Vec<String>> {
        let on_postgres = self.store == Store::Postgres;
        let with_database = self.faults.contains(&Faults::Database);
        ensure!(
            on_postgres || (self.nodes == 1 && !with_database),
            "SQLite supports one server only: --nodes and --faults need --store postgres"
        );
        let kill_every = self.kill_every.unwrap_or(if on_postgres { 4.0 } else { 1.5 });
        let mut options = vec!["chaos".to_owned(), format!("--seconds={}", self.seconds), format!("--kill-every={kill_every}")];
        if on_postgres {
            let name = |faults: &Faults| match faults {
                Faults::Nodes => "nodes",
                Faults::Database => "database",
                Faults::Planted => "planted",
            };
            let faults: Vec<&str> = self.faults.iter().map(name).collect();
            options.extend([format!("--postgres={}", self.nodes), format!("--faults={}", faults.join(","))]);
        }
        Ok(options)
    }
}

/// # Errors
/// When `text` is not a number of seconds from 0.1 to 3600.
fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds)).ok_or_else(|| "give a number from 0.1 to 3600".to_owned())
}

/// # Errors
/// When a build fails, or the program cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = arguments.options()?;
    let root = &crate::checkout()?;
    let profile = if arguments.debug { "dev" } else { "release" };
    let (server, bench) = (build(root, "webhooks-server", profile)?, build(root, "webhooks-bench", profile)?);
    let mut command = Command::new(bench);
    command.arg("--directory").arg(crate::environment::directory("chaos")?).arg("--server").arg(server);
    let status = command.args(options).status().context("cannot start webhooks-bench")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_refuses_several_nodes_and_database_faults() {
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
    fn the_time_between_kills_is_validated() {
        assert_eq!((seconds("1.5"), seconds("0.1")), (Ok(1.5), Ok(0.1)));
        for text in ["0", "-1", "NaN", "inf", "soon", "3601"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
