//! What /proc says of a server and the processes that it started.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// A process as of one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) id: i32,
    parent: i32,
    state: char,
    /// Its own time, and that of its children who have ended, in ticks.
    own: u64,
    of_children: u64,
}

impl Status {
    pub(crate) fn of(id: i32) -> Option<Status> {
        Status::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// `4711 (postgres) S 4710 …`, where the name may be anything.
    fn parse(line: &str) -> Option<Status> {
        let (id, rest) = line.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        // From the third on, as proc(5) numbers them.
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let ticks = |first: usize| Some(field(first)?.parse::<u64>().ok()? + field(first + 1)?.parse::<u64>().ok()?);
        Some(Status {
            id: id.parse().ok()?,
            parent: field(4)?.parse().ok()?,
            state: field(3)?.chars().next()?,
            own: ticks(14)?,
            of_children: ticks(16)?,
        })
    }

    /// Nothing runs any more, though its parent may not have asked how it ended.
    fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Whether there is such a process that has not ended.
pub(crate) fn runs(id: i32) -> bool {
    Status::of(id).is_some_and(|status| !status.has_ended())
}

/// A server and its children, those too that have ended but that it has not asked.
pub(crate) fn family(id: i32) -> Vec<Status> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let family = ids.filter_map(Status::of).filter(|status| status.id == id || status.parent == id);
    family.collect()
}

/// To whoever of them is still there.
pub(crate) fn signal(id: i32, signal: Signal) {
    if let Some(id) = Pid::from_raw(id) {
        let _ = kill_process(id, signal);
    }
}

/// What a family has spent, its ended members too.
pub(crate) fn cpu(id: i32) -> Duration {
    let ticks = family(id).iter().map(|status| status.own + if status.id == id { status.of_children } else { 0 }).sum::<u64>();
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100)
}

/// The memory that a family has for itself alone, what several share counted once.
pub(crate) fn memory(id: i32) -> anyhow::Result<u64> {
    let mut kilobytes = 0;
    for Status { id, .. } in family(id).iter().filter(|status| !status.has_ended()) {
        // One that ends meanwhile has none.
        let Ok(text) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kilobytes += number.context("no Pss in smaps_rollup")?.parse::<u64>()?;
    }
    anyhow::ensure!(kilobytes > 0, "cannot read what memory the processes have");
    Ok(kilobytes * 1024)
}

/// What files take up on the disk.
pub(crate) fn disk(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    // Files come and go meanwhile.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { disk(&entry.path()) } else { metadata.blocks() * 512 })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn the_name_of_a_process_may_be_anything() {
        let line = "12 (a) S (b) Z 7 12 12 0 -1 4194304 1 2 3 4 10 20 300 400 20 0 1 0 99 0 0";
        let expected = Status { id: 12, parent: 7, state: 'Z', own: 30, of_children: 700 };
        assert_eq!(Status::parse(line), Some(expected));
    }
}
