//! The benchmark. It measures throughput, latency, CPU time and memory of the service. In some scenarios, receivers
//! hang or servers are killed. `cargo xtask bench` builds this program for release and runs it.
//!
//! There are five kinds of processes, so that the CPU time of each kind can be measured. The [`service`] has
//! [`server`]s, which may share a [`database`]. The [`load`] sends requests, and the [`sink`] receives callbacks. The
//! [`floor`] processes run single parts of the service. The process of the benchmark starts all other processes, and
//! runs each [`scenario`] on its [`store`]s. Then it prints the [`figure`]s in a [`table`]. In every scenario, each
//! accepted notification must arrive.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;

mod against;
mod attack;
mod authority;
mod chaos;
mod comparison;
mod database;
mod figure;
mod floor;
mod load;
mod machine;
mod process;
mod rig;
mod scenario;
mod server;
mod service;
mod sink;
mod store;
mod table;

use figure::{Figure, Record, Tally};
use scenario::SCENARIOS;
use scenario::floors::{self, Floors};
use server::Peak;
use store::Store;

/// Goal for the memory of a server, in megabytes. The goal is the same with many waiting deliveries and with hanging
/// receivers.
const MEMORY_MB: f64 = 48.0;

#[derive(Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measure the service",
    override_usage = "cargo xtask bench [OPTIONS]",
    disable_help_subcommand = true
)]
struct Arguments {
    /// Run only this scenario and `floors`, which measures baseline costs; can be repeated
    #[arg(long = "scenario", value_name = "NAME", value_parser = scenario::find)]
    scenarios: Vec<&'static scenario::Scenario>,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    /// The store to measure; `both` compares the embedded store with PostgreSQL, and shows the cost of each further node
    #[arg(long, value_enum, default_value_t = Stores::Sqlite)]
    store: Stores,
    /// Number of servers on PostgreSQL; the numbers of a list are measured one after another [default: 1, and 1,2,3 with `both`]
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=9))]
    nodes: Vec<u32>,
    /// Number of runs of each measurement
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Run everything once with small sizes, to check that the benchmark works
    #[arg(long)]
    quick: bool,
    /// Also write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server program to measure [default: the program of this checkout]
    #[arg(long, value_name = "PROGRAM", default_value = "target/release/webhooks-server", hide_default_value = true)]
    server: PathBuf,
    /// Another server program to compare with. Each run measures this program first. The results are median ratios
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Folder for data and logs
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    directory: PathBuf,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Stores {
    Sqlite,
    Postgres,
    Both,
}

/// The role of a process that the benchmark starts.
#[derive(Subcommand)]
enum Role {
    #[command(hide = true)]
    Load,
    #[command(hide = true)]
    Sink {
        #[arg(long)]
        ca_file: PathBuf,
    },
    #[command(hide = true)]
    Floor,
    #[command(hide = true)]
    EmptyHandler,
    #[command(hide = true)]
    Attacker {
        #[arg(long)]
        ca_file: PathBuf,
    },
    /// Runs `cargo xtask attack`.
    #[command(hide = true)]
    Attack(attack::Arguments),
    /// Runs `cargo xtask chaos`.
    #[command(hide = true)]
    Chaos(chaos::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.role {
        Some(Role::Load) => load::serve(),
        Some(Role::Sink { ca_file }) => sink::serve(ca_file),
        Some(Role::Floor) => floor::serve(),
        Some(Role::EmptyHandler) => floor::serve_empty_handler(),
        Some(Role::Attacker { ca_file }) => attack::serve(ca_file),
        Some(Role::Attack(attack)) => paths(&arguments).and_then(|(server, directory)| attack::run(attack, &server, &directory)),
        Some(Role::Chaos(chaos)) => paths(&arguments).and_then(|(server, directory)| chaos::run(chaos, &server, &directory)),
        None if arguments.list => {
            SCENARIOS.iter().for_each(|scenario| println!("{:12} {}", scenario.name, scenario.about));
            Ok(())
        }
        None => measure(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The inputs and results of scenarios.
struct Bench {
    server: PathBuf,
    /// The folder for data and logs.
    directory: PathBuf,
    runs: u32,
    quick: bool,
    /// The store of the current scenario.
    store: Store,
    figures: Vec<Figure>,
    floors: Floors,
    /// The lost deliveries and repeated callbacks of the current scenario.
    tally: Tally,
    /// The largest peak memory of all servers in the current scenario.
    peak: Peak,
}

impl Bench {
    /// Returns `quick` if the option `--quick` is set, and `full` otherwise.
    fn size(&self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }

    fn add(&mut self, figure: Figure) {
        self.add_as(Some(self.store), figure);
    }

    /// Prints and stores a figure. `store` is `None` if the figure does not depend on a store.
    fn add_as(&mut self, store: Option<Store>, figure: Figure) {
        let figure = store.map_or(figure.clone(), |store| figure.on(store));
        print!("{}", table::table(std::slice::from_ref(&figure)).lines().skip(1).map(|line| format!("  {line}\n")).collect::<String>());
        self.figures.push(figure);
    }
}

/// # Errors
/// When a process cannot be started, a server dies, or a delivery is lost.
fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let machine = machine::describe()?;
    println!("{machine}");
    allow_files()?;
    let (server, directory) = paths(arguments)?;
    let runs = if arguments.quick { 1 } else { arguments.runs };
    let started = Instant::now();
    let (result, ratios) = match &arguments.against {
        None => (measure_server(arguments, server, &directory, runs)?, Vec::new()),
        Some(base) => {
            let base = program(base)?;
            let mut pairs = Vec::new();
            let mut last = None;
            for pair in 1..=runs {
                let measure_one = |name: &str, server: &Path| {
                    println!("pair {pair} of {runs}, {name}:");
                    measure_server(arguments, server.to_owned(), &directory, 1)
                };
                let (base, result) = (measure_one("base", &base)?, measure_one("result", &server)?);
                pairs.push((base.figures, result.figures.clone()));
                last = Some(result);
            }
            (last.context("--runs is at least 1")?, against::ratios(&pairs))
        }
    };
    println!("\n{}", table::table(if ratios.is_empty() { &result.figures } else { &ratios }));
    println!("{} callbacks arrived more than once. The benchmark took {} s.", result.repeated, started.elapsed().as_secs());
    if let Some(path) = &arguments.json {
        let records = |figures| -> Vec<Record<'_>> { Vec::from_iter(<[Figure]>::iter(figures).map(Record::from)) };
        let report = json!({
            "machine": machine,
            "quick": arguments.quick,
            "figures": records(&result.figures),
            "ratios": records(&ratios),
            "repeated": result.repeated,
            "peakMegabytes": by_store(&result.peaks),
            "failures": result.failures,
        });
        fs::write(path, format!("{report:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !result.failures.is_empty() {
        bail!("{} failures; logs are in {}:\n{}", result.failures.len(), directory.display(), result.failures.join("\n"));
    }
    Ok(())
}

/// The results of one server program.
struct Measured {
    figures: Vec<Figure>,
    /// Number of callbacks that repeat an earlier callback.
    repeated: u64,
    /// The largest peak of memory in each scenario, in megabytes.
    peaks: Vec<(Store, &'static str, f64)>,
    failures: Vec<String>,
}

/// # Errors
/// When `--nodes` asks for several servers on the embedded store.
fn measure_server(arguments: &Arguments, server: PathBuf, directory: &Path, runs: u32) -> anyhow::Result<Measured> {
    let stores = stores(arguments)?;
    let mut bench = Bench {
        server,
        directory: directory.to_owned(),
        runs,
        quick: arguments.quick,
        store: Store::Embedded,
        figures: Vec::new(),
        floors: Floors::default(),
        tally: Tally::default(),
        peak: Peak::default(),
    };
    let (mut failures, mut repeated, mut peaks) = (Vec::new(), 0, Vec::new());
    for scenario in SCENARIOS {
        // Baseline costs are always measured, because the other scenarios are compared with them.
        let wanted = arguments.scenarios.is_empty() || arguments.scenarios.iter().any(|wanted| wanted.name == scenario.name);
        if !wanted && scenario.name != floors::NAME {
            continue;
        }
        println!("{}: {}", scenario.name, scenario.about);
        for store in scenario.stores(&stores) {
            if stores != [Store::Embedded] {
                println!(" {store}:");
            }
            (bench.store, bench.floors.engine) = (store, store.engine());
            let mut problems: Vec<String> = (scenario.run)(&mut bench).err().map(|error| format!("{error:#}")).into_iter().collect();
            let tally = std::mem::take(&mut bench.tally);
            if tally.lost > 0 {
                problems.push(format!("{} deliveries of accepted notifications did not arrive", tally.lost));
            }
            problems.iter().for_each(|problem| println!("  FAILED: {problem}"));
            failures.extend(problems.into_iter().map(|problem| format!("{}, {store}: {problem}", scenario.name)));
            repeated += tally.repeated;
            let peak = bench.peak.take();
            if peak > 0 {
                peaks.push((store, scenario.name, peak as f64 / 1e6));
            }
        }
    }
    println!("all scenarios:");
    for store in &stores {
        let of_store = peaks.iter().filter(|(of, ..)| of == store);
        if let Some((_, name, peak)) = of_store.max_by(|(.., one), (.., other)| one.total_cmp(other)) {
            let figure = Figure::new("memory", format!("peak of a server, in {name}"), "MB", vec![*peak]);
            bench.add_as(Some(*store), figure.at_most(MEMORY_MB));
        }
    }
    for figure in comparison::comparisons(&bench.figures) {
        bench.add_as(figure.store, figure);
    }
    Ok(Measured { figures: bench.figures, repeated, peaks, failures })
}

/// Returns the largest peak memory for each store and scenario.
fn by_store<'a>(peaks: &[(Store, &'a str, f64)]) -> BTreeMap<String, BTreeMap<&'a str, f64>> {
    let mut stores: BTreeMap<String, BTreeMap<&str, f64>> = BTreeMap::new();
    for (store, scenario, megabytes) in peaks {
        stores.entry(store.to_string()).or_default().insert(scenario, *megabytes);
    }
    stores
}

/// # Errors
/// When `--nodes` asks for several servers on the embedded store.
fn stores(arguments: &Arguments) -> anyhow::Result<Vec<Store>> {
    let postgres = |default: &[u32]| {
        let nodes = if arguments.nodes.is_empty() { default } else { &arguments.nodes };
        nodes.iter().map(|&nodes| Store::Postgres { nodes }).collect::<Vec<_>>()
    };
    Ok(match arguments.store {
        Stores::Sqlite if arguments.nodes.iter().all(|nodes| *nodes == 1) => vec![Store::Embedded],
        Stores::Sqlite => bail!("the embedded store supports one server only: --nodes needs --store postgres or both"),
        Stores::Postgres => postgres(&[1]),
        Stores::Both => [vec![Store::Embedded], postgres(&[1, 2, 3])].concat(),
    })
}

/// Returns the path of the server program, and the folder for data and logs.
fn paths(arguments: &Arguments) -> anyhow::Result<(PathBuf, PathBuf)> {
    let server = program(&arguments.server)?;
    fs::create_dir_all(&arguments.directory).with_context(|| format!("cannot create {}", arguments.directory.display()))?;
    Ok((server, arguments.directory.canonicalize()?))
}

fn program(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| format!("cannot find the server program {}", path.display()))
}

/// Raises the limit of open files to the maximum. A thousand hanging callbacks need more open files than the usual
/// limit allows.
fn allow_files() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).context("cannot raise the limit of open files")
}
