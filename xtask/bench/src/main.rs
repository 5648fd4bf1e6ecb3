//! What the service does in a second, what that costs, and what becomes of it when receivers hang and the server is killed.
//! `cargo xtask bench` builds this for release and runs it.
//!
//! Five kinds of processes, so that the computing time of each is its own: the [`server`]s of the [`service`], the
//! [`database`] that several of them share, the [`load`] that asks them, the [`sink`] that receives callbacks, and the
//! [`floor`]s, the parts that the service is made of by themselves. This one starts them, has a [`scenario`] done in some
//! runs on each [`store`], and shows the [`figure`]s in a [`table`]. Every notification that was accepted must have come, in
//! every scenario.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::json;

mod against;
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

/// What the server may take, whatever waits and hangs.
const MEMORY_MB: f64 = 48.0;

#[derive(Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measure the service",
    override_usage = "cargo xtask bench [OPTIONS]",
    disable_help_subcommand = true
)]
struct Arguments {
    /// Only this scenario, and the floors; may be given more than once
    #[arg(long = "scenario", value_name = "NAME", value_parser = scenario::find)]
    scenarios: Vec<&'static scenario::Scenario>,
    /// Say what scenarios there are
    #[arg(long)]
    list: bool,
    /// What it is measured on; `both` shows the figures and what a further node costs side by side
    #[arg(long, value_enum, default_value_t = Stores::Sqlite)]
    store: Stores,
    /// Servers on PostgreSQL; several numbers are measured one after another [default: 1, and 1,2,3 with `both`]
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=9))]
    nodes: Vec<u32>,
    /// How often each measurement is made
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Everything once and small: it proves that the benchmark works, and measures little
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server to measure [default: the one of this checkout]
    #[arg(long, value_name = "PROGRAM", default_value = "target/release/webhooks-server", hide_default_value = true)]
    server: PathBuf,
    /// A server to compare with: every measurement is made with this one and then with the other, as often as --runs says,
    /// and the median ratio is shown
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// Where data and logs go
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

/// What a process of the benchmark does when this is not the one that starts the others.
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
    /// The whole of `cargo xtask chaos`.
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
        Some(Role::Chaos(chaos)) => places(&arguments).and_then(|(server, directory)| chaos::run(chaos, &server, &directory)),
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

/// What a scenario works with, and what it leaves.
struct Bench {
    server: PathBuf,
    /// Data and logs, on the disk of the checkout.
    directory: PathBuf,
    runs: u32,
    quick: bool,
    /// What the present scenario runs on.
    store: Store,
    figures: Vec<Figure>,
    floors: Floors,
    /// Of all deliveries of the present scenario.
    tally: Tally,
    /// Of all servers of the present scenario.
    peak: Peak,
}

impl Bench {
    /// How much of something: in full, or to prove that it works.
    fn size(&self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }

    fn add(&mut self, figure: Figure) {
        self.add_as(Some(self.store), figure);
    }

    /// `None` is what has nothing to do with a store.
    fn add_as(&mut self, store: Option<Store>, figure: Figure) {
        let figure = store.map_or(figure.clone(), |store| figure.on(store));
        print!("{}", table::table(std::slice::from_ref(&figure)).lines().skip(1).map(|line| format!("  {line}\n")).collect::<String>());
        self.figures.push(figure);
    }
}

/// # Errors
/// When something cannot be started, a server dies, or a notification is lost.
fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let machine = machine::describe()?;
    println!("{machine}");
    allow_files()?;
    let (server, directory) = places(arguments)?;
    let runs = if arguments.quick { 1 } else { arguments.runs };
    let begun = Instant::now();
    let (result, ratios) = match &arguments.against {
        None => (measure_server(arguments, server, &directory, runs)?, Vec::new()),
        Some(base) => {
            let base = program(base)?;
            let mut pairs = Vec::new();
            let mut last = None;
            for pair in 1..=runs {
                let one = |name: &str, server: &Path| {
                    println!("pair {pair} of {runs}, {name}:");
                    measure_server(arguments, server.to_owned(), &directory, 1)
                };
                let (base, result) = (one("base", &base)?, one("result", &server)?);
                pairs.push((base.figures, result.figures.clone()));
                last = Some(result);
            }
            (last.context("--runs is at least 1")?, against::ratios(&pairs))
        }
    };
    println!("\n{}", table::table(if ratios.is_empty() { &result.figures } else { &ratios }));
    println!("{} callbacks came more often than once. It took {} s.", result.repeated, begun.elapsed().as_secs());
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
        bail!("{} failed; logs are in {}:\n{}", result.failures.len(), directory.display(), result.failures.join("\n"));
    }
    Ok(())
}

/// What one server came to.
struct Measured {
    figures: Vec<Figure>,
    /// Callbacks that came more often than once.
    repeated: u64,
    /// The largest peak of memory in each scenario, in megabytes.
    peaks: Vec<(Store, &'static str, f64)>,
    failures: Vec<String>,
}

/// # Errors
/// When the stores do not fit the nodes.
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
        // The verdict of the others is a multiple of these.
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
            let mut wrong: Vec<String> = (scenario.run)(&mut bench).err().map(|error| format!("{error:#}")).into_iter().collect();
            let tally = std::mem::take(&mut bench.tally);
            if tally.lost > 0 {
                wrong.push(format!("{} deliveries of accepted notifications did not come", tally.lost));
            }
            wrong.iter().for_each(|what| println!("  FAILED: {what}"));
            failures.extend(wrong.into_iter().map(|what| format!("{}, {store}: {what}", scenario.name)));
            repeated += tally.repeated;
            let peak = bench.peak.take();
            if peak > 0 {
                peaks.push((store, scenario.name, peak as f64 / 1e6));
            }
        }
    }
    println!("of all scenarios:");
    for store in &stores {
        let of_store = peaks.iter().filter(|(of, ..)| of == store);
        if let Some((_, name, peak)) = of_store.max_by(|(.., one), (.., other)| one.total_cmp(other)) {
            let figure = Figure::new("memory", format!("largest peak of a server, in {name}"), "MB", vec![*peak]);
            bench.add_as(Some(*store), figure.at_most(MEMORY_MB));
        }
    }
    for figure in comparison::comparisons(&bench.figures) {
        bench.add_as(figure.store, figure);
    }
    Ok(Measured { figures: bench.figures, repeated, peaks, failures })
}

/// The largest peaks of servers, by store and by scenario.
fn by_store<'a>(peaks: &[(Store, &'a str, f64)]) -> BTreeMap<String, BTreeMap<&'a str, f64>> {
    let mut stores: BTreeMap<String, BTreeMap<&str, f64>> = BTreeMap::new();
    for (store, scenario, megabytes) in peaks {
        stores.entry(store.to_string()).or_default().insert(scenario, *megabytes);
    }
    stores
}

/// # Errors
/// When several servers would have to share an embedded store.
fn stores(arguments: &Arguments) -> anyhow::Result<Vec<Store>> {
    let postgres = |default: &[u32]| {
        let nodes = if arguments.nodes.is_empty() { default } else { &arguments.nodes };
        nodes.iter().map(|&nodes| Store::Postgres { nodes }).collect::<Vec<_>>()
    };
    Ok(match arguments.store {
        Stores::Sqlite if arguments.nodes.iter().all(|nodes| *nodes == 1) => vec![Store::Embedded],
        Stores::Sqlite => bail!("one server has the embedded store: --nodes needs --store postgres, or both"),
        Stores::Postgres => postgres(&[1]),
        Stores::Both => [vec![Store::Embedded], postgres(&[1, 2, 3])].concat(),
    })
}

/// Where the server's program is, and where data and logs go.
fn places(arguments: &Arguments) -> anyhow::Result<(PathBuf, PathBuf)> {
    let server = program(&arguments.server)?;
    fs::create_dir_all(&arguments.directory).with_context(|| format!("cannot make {}", arguments.directory.display()))?;
    Ok((server, arguments.directory.canonicalize()?))
}

fn program(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| format!("there is no server at {}", path.display()))
}

/// A thousand callbacks that hang are more open files than many systems allow a process at first.
fn allow_files() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).context("cannot raise the limit of open files")
}
