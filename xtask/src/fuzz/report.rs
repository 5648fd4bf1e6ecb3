//! Reads the log of libFuzzer, and prints the results of all targets.

use std::path::PathBuf;
use std::time::Duration;

/// What a target has done.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Statistics {
    pub(super) executions: u64,
    /// The number of instrumented places that were reached.
    pub(super) coverage: u64,
    /// The number of inputs that reached new places.
    pub(super) new_inputs: u64,
    /// The path of the input that failed.
    pub(super) artifact: Option<String>,
    /// The message of the panic.
    pub(super) panic: Option<String>,
}

impl Statistics {
    /// Reads the log of libFuzzer. Lines such as `#8 NEW cov: 12 ft: 13 corp: 2/3b` have the coverage so far.
    pub(super) fn of(log: &str) -> Statistics {
        let mut statistics = Statistics::default();
        let mut lines = log.lines().peekable();
        while let Some(line) = lines.next() {
            let number = |prefix: &str| line.strip_prefix(prefix)?.trim().parse::<u64>().ok();
            if let Some(count) = number("stat::number_of_executed_units:") {
                statistics.executions = count;
            } else if let Some(count) = number("stat::new_units_added:") {
                statistics.new_inputs = count;
            } else if let Some((_, rest)) = line.split_once(" cov: ").filter(|_| line.starts_with('#')) {
                let count = rest.split_whitespace().next().and_then(|count| count.parse().ok());
                statistics.coverage = statistics.coverage.max(count.unwrap_or_default());
            } else if let Some((_, path)) = line.split_once("Test unit written to ") {
                statistics.artifact = Some(path.trim().to_owned());
            } else if statistics.panic.is_none() && line.starts_with("thread '") && line.contains(" panicked at ") {
                statistics.panic = lines.peek().map(|message| (*message).to_owned());
            }
        }
        statistics
    }
}

/// A target that has ended.
pub(super) struct Ended {
    pub(super) target: String,
    pub(super) cpu: Duration,
    pub(super) statistics: Statistics,
    /// Why the target did not end normally.
    pub(super) failure: Option<String>,
    pub(super) log: PathBuf,
}

impl Ended {
    pub(super) fn has_finding(&self) -> bool {
        self.failure.is_some()
    }
}

/// Returns a table with a row for each target, and a paragraph for each finding.
pub(super) fn table(ended: &[Ended]) -> String {
    let mut text =
        format!("{:24}{:>12}{:>14}{:>10}{:>12}{:>8}  findings\n", "target", "executions", "per CPU s", "coverage", "new inputs", "CPU s");
    for Ended { target, cpu, statistics, failure, .. } in ended {
        let Statistics { executions, coverage, new_inputs, .. } = statistics;
        let (seconds, findings) = (cpu.as_secs_f64(), u32::from(failure.is_some()));
        let speed = *executions as f64 / seconds.max(0.01);
        text += &format!("{target:24}{executions:>12}{speed:>14.0}{coverage:>10}{new_inputs:>12}{seconds:>8.0}  {findings}\n");
    }
    for Ended { target, statistics, failure, log, .. } in ended {
        let Some(failure) = failure else { continue };
        text += &format!("\n{target}: {failure}; its log is {}\n", log.display());
        if let Some(panic) = &statistics.panic {
            text += &format!("  {panic}\n");
        }
        if let Some(path) = &statistics.artifact {
            text += &format!("  input: {path}\n  to reproduce it: cargo xtask fuzz --input {path} {target}\n");
            text += &format!("  after the correction, keep the input: cp {path} xtask/fuzz/corpus/{target}/\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "INFO: Seed: 1\n\
        #2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb\n\
        #8\tNEW    cov: 12 ft: 13 corp: 2/3b lim: 4 exec/s: 0 rss: 30Mb L: 2/2 MS: 1 ChangeByte-\n\
        #9\tREDUCE cov: 12 ft: 13 corp: 2/2b lim: 4 exec/s: 0 rss: 30Mb L: 1/1 MS: 1 EraseBytes-\n\
        \n\
        thread '<unnamed>' (7) panicked at server/src/a.rs:1:2:\n\
        the message\n\
        note: run with `RUST_BACKTRACE=1`\n\
        ==7== ERROR: libFuzzer: deadly signal\n\
        artifact_prefix='/f/'; Test unit written to /f/crash-1\n\
        stat::number_of_executed_units: 1234\n\
        stat::average_exec_per_sec:     617\n\
        stat::new_units_added:          5\n";

    fn ended(log: &str, failure: Option<&str>) -> Ended {
        let (cpu, failure) = (Duration::from_secs(2), failure.map(str::to_owned));
        Ended { target: "json".to_owned(), cpu, statistics: Statistics::of(log), failure, log: PathBuf::from("/l") }
    }

    #[test]
    fn the_log_of_libfuzzer_is_read() {
        let artifact = Some("/f/crash-1".to_owned());
        let expected = Statistics { executions: 1234, coverage: 12, new_inputs: 5, artifact, panic: Some("the message".to_owned()) };
        assert_eq!(Statistics::of(LOG), expected);
        assert_eq!(Statistics::of(""), Statistics::default());
    }

    #[test]
    fn the_table_has_the_figures_and_how_to_reproduce_a_finding() {
        let text = table(&[ended(LOG, Some("it ended with exit status: 77"))]);
        for expected in ["1234", "617", "12", "the message", "cargo xtask fuzz --input /f/crash-1 json"] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(!table(&[ended(LOG, None)]).contains("reproduce"));
    }
}
