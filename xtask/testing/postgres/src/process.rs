//! Reads the status and the resource usage of a server and of its child processes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// The status of a process at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) id: i32,
    parent: i32,
    state: char,
    /// CPU time of the process, in ticks.
    own_ticks: u64,
    /// CPU time of the ended children for which the process has waited, in ticks.
    child_ticks: u64,
}

impl Status {
    pub(crate) fn of(id: i32) -> Option<Status> {
        Status::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// Parses a line like `4711 (postgres) S 4710 …`. The name may contain any characters.
    fn parse(line: &str) -> Option<Status> {
        let (id, rest) = line.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        // `fields` starts with the third field of the line. `field` takes the field numbers of proc(5), which start at 1.
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let ticks = |first: usize| Some(field(first)?.parse::<u64>().ok()? + field(first + 1)?.parse::<u64>().ok()?);
        Some(Status {
            id: id.parse().ok()?,
            parent: field(4)?.parse().ok()?,
            state: field(3)?.chars().next()?,
            own_ticks: ticks(14)?,
            child_ticks: ticks(16)?,
        })
    }

    /// Whether the process has ended. A zombie has ended.
    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Whether a process is running.
pub(crate) fn is_running(id: i32) -> bool {
    Status::of(id).is_some_and(|status| !status.has_ended())
}

/// Returns the status of a server and of its children, including zombies.
pub(crate) fn server_and_children(id: i32) -> Vec<Status> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(Status::of).filter(|status| status.id == id || status.parent == id).collect()
}

/// Sends a signal to a process, if it exists.
pub(crate) fn signal(id: i32, signal: Signal) {
    if let Some(id) = Pid::from_raw(id) {
        let _ = kill_process(id, signal);
    }
}

/// Returns the CPU time of a server and of its children, including ended children.
pub(crate) fn cpu_time(id: i32) -> Duration {
    let statuses = server_and_children(id);
    let ticks = statuses.iter().map(|status| status.own_ticks + if status.id == id { status.child_ticks } else { 0 }).sum::<u64>();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100)
}

/// Returns the memory of a server and of its children, in bytes. Shared memory is counted once.
pub(crate) fn memory_bytes(id: i32) -> anyhow::Result<u64> {
    let mut kilobytes = 0;
    for Status { id, .. } in server_and_children(id).iter().filter(|status| !status.has_ended()) {
        // The file cannot be read if the process has just ended. A process that has ended uses no memory.
        let Ok(text) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes += number.context("no Pss in smaps_rollup")?.parse::<u64>()?;
    }
    anyhow::ensure!(kilobytes > 0, "cannot read the memory of the processes");
    Ok(kilobytes * 1024)
}

/// Returns the disk space of the files in a directory.
pub(crate) fn disk_bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    // Files may be created and removed during the scan, so errors are ignored.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { disk_bytes(&entry.path()) } else { metadata.blocks() * 512 })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn the_name_of_a_process_may_contain_any_characters() {
        let line = "12 (a) S (b) Z 7 12 12 0 -1 4194304 1 2 3 4 10 20 300 400 20 0 1 0 99 0 0";
        let expected = Status { id: 12, parent: 7, state: 'Z', own_ticks: 30, child_ticks: 700 };
        assert_eq!(Status::parse(line), Some(expected));
    }
}
