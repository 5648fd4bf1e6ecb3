//! `cargo xtask fuzz`: builds the fuzz targets of the server for libFuzzer, and runs them.
//!
//! libFuzzer needs instrumented code. The flags of this module instrument it with stable Rust. They are those of `cargo fuzz
//! --sanitizer none`, which needs one more tool and does nothing else that this command needs.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;
use signal_hook::consts::{SIGINT, SIGTERM};
use webhooks_process::Server;

mod report;

use report::{Ended, Statistics};

/// The folder of the crate that contains a program for each target, and the committed corpus.
const CRATE: &str = "xtask/fuzz";

/// Instruments all Rust code, except build scripts and macros, because `--target` is given too.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// Time limit of one input in seconds. It is longer than the time limit in the targets for attempts.
const INPUT_TIMEOUT: &str = "-timeout=120";

/// Time for a target to end after it was asked to. An input may take this long on a busy machine.
const END_TIMEOUT: Duration = Duration::from_secs(30);

/// The exit code of libFuzzer after an interruption.
const INTERRUPTED: i32 = 72;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub struct Arguments {
    /// CPU time of all targets together, in minutes. Each target gets the same time
    #[arg(long, default_value_t = 14.0, value_name = "COUNT", value_parser = minutes)]
    minutes: f64,
    /// Number of targets that run at the same time [default: the number of processors]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=64))]
    jobs: Option<u32>,
    /// Run a target only with this input, for example to reproduce a finding
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The targets to run [default: all]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

fn minutes(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|minutes| (0.1..=100_000.0).contains(minutes)).ok_or_else(|| "give a number from 0.1 to 100000".to_owned())
}

/// # Errors
/// When a target is unknown, the build fails, or a target cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let targets = chosen(&known(&root)?, &arguments.targets)?;
    if let Some(input) = &arguments.input {
        let [target] = &targets[..] else { bail!("--input needs exactly one target") };
        ensure!(input.is_file(), "{} is no file", input.display());
        let programs = build(&root, &targets)?;
        let status = Command::new(programs.join(target)).arg(INPUT_TIMEOUT).arg(input).status().context("cannot start the target")?;
        return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let fuzzer = Fuzzer {
        programs: build(&root, &targets)?,
        seeds: root.join(CRATE).join("corpus"),
        work: crate::environment::directory("fuzz")?,
        budget: Duration::from_secs_f64(arguments.minutes * 60.0 / targets.len() as f64),
        interrupted: Arc::default(),
    };
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, fuzzer.interrupted.clone()).context("cannot handle signals")?;
    }
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let ended = fuzzer.run(targets, arguments.jobs.map_or_else(processors, |jobs| jobs as usize))?;
    print!("{}", report::table(&ended));
    Ok(if ended.iter().any(Ended::has_finding) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the names of all targets.
fn known(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join(CRATE).join("src/bin");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let name = entry?.file_name().into_string().ok();
        names.extend(name.as_deref().and_then(|name| name.strip_suffix(".rs")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn chosen(known: &[String], targets: &[String]) -> anyhow::Result<Vec<String>> {
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        bail!("unknown target `{unknown}`; the targets are {}", known.join(", "));
    }
    Ok(if targets.is_empty() { known.to_vec() } else { targets.to_vec() })
}

/// Builds the programs of the targets, and returns their folder.
fn build(root: &Path, targets: &[String]) -> anyhow::Result<PathBuf> {
    let (host, folder) = (host()?, root.join("target/fuzz/build"));
    // The targets use the dependencies of the server in the same versions.
    crate::environment::copy(&root.join("Cargo.lock"), &root.join(CRATE))?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--target", &host, "--target-dir"]).arg(&folder);
    cargo.args(targets.iter().flat_map(|target| ["--bin", target]));
    let flags = format!("{} {RUSTFLAGS}", std::env::var("RUSTFLAGS").unwrap_or_default());
    let status = cargo.current_dir(root.join(CRATE)).env("RUSTFLAGS", flags).env_remove("CARGO_ENCODED_RUSTFLAGS").status();
    ensure!(status.context("cannot start cargo")?.success(), "cannot build the targets in {CRATE}");
    Ok(folder.join(host).join("release"))
}

/// Returns the name of the platform of this machine, such as `x86_64-unknown-linux-gnu`.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").stdin(Stdio::null()).output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not print the name of its host")
}

struct Fuzzer {
    programs: PathBuf,
    seeds: PathBuf,
    work: PathBuf,
    /// The CPU time of each target.
    budget: Duration,
    interrupted: Arc<AtomicBool>,
}

/// A target that runs.
struct Running {
    target: String,
    process: Server,
    log: PathBuf,
    started: Instant,
    cpu: Duration,
    asked_to_end: Option<Instant>,
}

impl Fuzzer {
    /// Runs the targets, `jobs` at a time. After an interruption, starts no further target.
    fn run(&self, targets: Vec<String>, jobs: usize) -> anyhow::Result<Vec<Ended>> {
        let mut waiting: VecDeque<String> = targets.into();
        let mut running: Vec<Running> = Vec::new();
        let mut ended = Vec::new();
        loop {
            let is_interrupted = self.interrupted.load(Ordering::Relaxed);
            while !is_interrupted
                && running.len() < jobs
                && let Some(target) = waiting.pop_front()
            {
                println!("{target} runs for {:.0} s of CPU time", self.budget.as_secs_f64());
                running.push(self.start(target)?);
            }
            if running.is_empty() {
                return Ok(ended);
            }
            std::thread::sleep(POLL_INTERVAL);
            let mut still_running = Vec::new();
            for mut one in running {
                match one.poll(self.budget, is_interrupted)? {
                    Some(status) => ended.push(one.end(status)?),
                    None => still_running.push(one),
                }
            }
            running = still_running;
        }
    }

    fn start(&self, target: String) -> anyhow::Result<Running> {
        let folder = |name: &str| {
            let folder = self.work.join(name).join(&target);
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            anyhow::Ok(folder)
        };
        let (corpus, findings, logs) = (folder("corpus")?, folder("findings")?, folder("logs")?);
        let log = logs.join("stderr");
        crate::remove(&log)?;
        let mut command = webhooks_process::command(self.programs.join(&target));
        // libFuzzer writes new inputs to the first folder.
        command.arg(corpus).arg(self.seeds.join(&target));
        command.arg(format!("-artifact_prefix={}/", findings.display()));
        command.args(["-print_final_stats=1", INPUT_TIMEOUT]).current_dir(&self.work);
        let process = Server::start(command, &log).with_context(|| format!("cannot start {target}"))?;
        Ok(Running { target, process, log, started: Instant::now(), cpu: Duration::ZERO, asked_to_end: None })
    }
}

impl Running {
    /// Returns the status if the target has ended. Asks it to end if its time is over.
    fn poll(&mut self, budget: Duration, is_interrupted: bool) -> anyhow::Result<Option<ExitStatus>> {
        if let Some(status) = self.process.ended()? {
            return Ok(Some(status));
        }
        // Systems without /proc have only the time of the clock.
        self.cpu = webhooks_process::cpu_of(self.process.id()).unwrap_or_else(|_| self.started.elapsed());
        match self.asked_to_end {
            Some(since) if since.elapsed() > END_TIMEOUT => return self.process.kill().map(Some),
            Some(_) => {}
            None if is_interrupted || self.cpu >= budget => {
                self.asked_to_end = Some(Instant::now());
                // Not SIGINT: a process that a script starts in the background ignores it. The target may have ended since the
                // check above.
                let _ = self.process.signal(Signal::TERM);
            }
            None => {}
        }
        Ok(None)
    }

    fn end(self, status: ExitStatus) -> anyhow::Result<Ended> {
        let Running { target, log, cpu, asked_to_end, .. } = self;
        let statistics = Statistics::of(&String::from_utf8_lossy(&std::fs::read(&log).context("cannot read the log of a target")?));
        let is_normal = status.success() || (asked_to_end.is_some() && status.code() == Some(INTERRUPTED));
        Ok(Ended { target, cpu, statistics, failure: (!is_normal).then(|| format!("it ended with {status}")), log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_refused_and_all_targets_are_the_default() -> anyhow::Result<()> {
        let known = known(&crate::checkout()?)?;
        assert!(known.contains(&"redaction".to_owned()), "{known:?}");
        assert_eq!(chosen(&known, &[])?, known);
        assert_eq!(chosen(&known, &["json".to_owned()])?, ["json"]);
        let error = chosen(&known, &["jsn".to_owned()]).expect_err("an unknown target").to_string();
        assert!(error.starts_with("unknown target `jsn`; the targets are attempt_http1, "), "{error}");
        Ok(())
    }

    #[test]
    fn the_minutes_are_validated() {
        assert_eq!((minutes("60"), minutes("0.5")), (Ok(60.0), Ok(0.5)));
        for text in ["0", "-1", "NaN", "inf", "1h", ""] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }

    /// Runs shell scripts instead of targets.
    fn fuzzer(work: &Path, budget: Duration, scripts: &[(&str, &str)]) -> Fuzzer {
        use std::os::unix::fs::PermissionsExt as _;
        let programs = work.join("programs");
        std::fs::create_dir_all(&programs).expect("a folder");
        for (name, script) in scripts {
            let path = programs.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("an executable script");
        }
        Fuzzer { programs, seeds: work.to_owned(), work: work.to_owned(), budget, interrupted: Arc::default() }
    }

    fn work(name: &str) -> PathBuf {
        let work = crate::repository("target/tests").join(name);
        crate::remove(&work).expect("removed");
        std::fs::create_dir_all(&work).expect("a folder");
        work
    }

    #[test]
    fn a_target_ends_after_its_cpu_time_and_a_finding_fails() -> anyhow::Result<()> {
        let work = work("fuzz-budget");
        let busy = "trap 'echo stat::number_of_executed_units: 7 >&2; exit 72' TERM\nwhile :; do :; done";
        let broken = "echo 'Test unit written to /work/crash-1' >&2; exit 77";
        let fuzzer = fuzzer(&work, Duration::from_millis(200), &[("busy", busy), ("broken", broken)]);
        let mut ended = fuzzer.run(vec!["busy".to_owned(), "broken".to_owned()], 1)?;
        ended.sort_by(|one, other| one.target.cmp(&other.target));
        let [broken, busy] = &ended[..] else { panic!("two targets") };
        assert!(broken.has_finding() && !busy.has_finding());
        assert!(busy.cpu >= fuzzer.budget, "{:?}", busy.cpu);
        assert_eq!((busy.statistics.executions, broken.statistics.artifact.as_deref()), (7, Some("/work/crash-1")));
        Ok(())
    }

    #[test]
    fn an_interruption_ends_the_running_targets_and_starts_no_other() -> anyhow::Result<()> {
        let work = work("fuzz-interruption");
        // The target interrupts the command itself, after it has begun to wait.
        let script = "trap 'exit 72' TERM\ntouch started\nwhile :; do sleep 0.05; done";
        let fuzzer = fuzzer(&work, Duration::from_secs(3600), &[("one", script), ("two", script)]);
        let started = work.join("started");
        let ended = std::thread::scope(|scope| {
            let run = scope.spawn(|| fuzzer.run(vec!["one".to_owned(), "two".to_owned()], 1));
            while !started.exists() && !run.is_finished() {
                std::thread::sleep(Duration::from_millis(10));
            }
            fuzzer.interrupted.store(true, Ordering::Relaxed);
            run.join().expect("no panic")
        })?;
        assert_eq!(ended.iter().map(|ended| ended.target.as_str()).collect::<Vec<_>>(), ["one"]);
        assert!(!ended[0].has_finding(), "{:?}", ended[0].failure);
        Ok(())
    }
}
