//! Communicates with the processes of the benchmark, and measures their CPU time and memory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A child process that runs this program in one of its [roles](crate::Role). Each message is a line of JSON.
pub(crate) struct Worker {
    role: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(role: &'static str, arguments: &[&str]) -> anyhow::Result<Worker> {
        let program = std::env::current_exe().context("cannot find the path of this program")?;
        let mut child = webhooks_process::command(program)
            .arg(role)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {role}"))?;
        let input = child.stdin.take().context("the process has no standard input")?;
        let output = BufReader::new(child.stdout.take().context("the process has no standard output")?);
        Ok(Worker { role, child, input, output })
    }

    /// Sends a message and waits for the response.
    pub(crate) fn call<A: DeserializeOwned>(&mut self, message: &impl Serialize) -> anyhow::Result<A> {
        self.send(message)?;
        self.receive()
    }

    pub(crate) fn send(&mut self, message: &impl Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(message)?;
        writeln!(self.input, "{line}").with_context(|| format!("{} has ended", self.role))
    }

    pub(crate) fn receive<A: DeserializeOwned>(&mut self) -> anyhow::Result<A> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} has ended without a response", self.role);
        serde_json::from_str(&line).with_context(|| format!("unexpected response of {}: {}", self.role, line.trim_end()))
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        webhooks_process::cpu_of(self.child.id())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a line to the process that started this process.
pub(crate) fn respond(line: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

pub(crate) fn memory_of(process: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).with_context(|| format!("process {process} has ended"))?;
    memory(&status).with_context(|| format!("/proc/{process}/status has no memory values: the process has ended"))
}

fn memory(status: &str) -> Option<Memory> {
    let kibibytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory { now: kibibytes("VmRSS:")? * 1024, peak: kibibytes("VmHWM:")? * 1024 })
}

/// Resets the peak memory of a process to its current memory (proc(5), `clear_refs`).
pub(crate) fn reset_peak_of(process: u32) -> anyhow::Result<()> {
    // Only root can do this for a server without core dumps.
    std::fs::write(format!("/proc/{process}/clear_refs"), "5")
        .with_context(|| format!("cannot reset the peak of process {process}: run the benchmark as root"))
}

/// CPU time of this process, in nanoseconds. [`webhooks_process::cpu_of`] counts in clock ticks, which are longer.
pub(crate) fn cpu() -> Duration {
    let computed = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // Neither value is negative: the clock counts from the start of the process.
    Duration::new(computed.tv_sec as u64, computed.tv_nsec as u32)
}

/// Returns the monotonic clock in nanoseconds. All processes of this machine share it.
pub(crate) fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // Neither value is negative: the clock counts from the start of the machine.
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_and_peak_memory_are_read() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(memory(status), Some(Memory { now: 1024 * 1024, peak: 2048 * 1024 }));
        assert_eq!(memory("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
