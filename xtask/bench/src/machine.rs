//! Where it was measured: figures of two machines, or of one that had other work too, say nothing about each other.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// One line: cores, memory, kernel, and how busy it is with other work.
pub(crate) fn describe() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism().context("cannot count the cores")?;
    let meminfo = fs::read_to_string("/proc/meminfo").context("the benchmark needs Linux and its /proc")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the version of the kernel")?;
    let load = fs::read_to_string("/proc/loadavg").context("cannot read the load average")?;
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let gibibytes = total_kibibytes(&meminfo).context("/proc/meminfo names no total")? as f64 / 1024.0 / 1024.0;
    Ok(format!("{cores} cores, {gibibytes:.0} GiB, Linux {}, load average {load} before the start", kernel.trim()))
}

/// Fails where the disk has no room for so many bytes: better before than after an hour.
pub(crate) fn ensure_room(directory: &Path, bytes: u64) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(directory).with_context(|| format!("cannot ask for the room at {}", directory.display()))?;
    let free = disk.f_bavail * disk.f_frsize;
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let (wanted, found) = (gigabytes(bytes), gigabytes(free));
    ensure!(free >= bytes, "it needs {wanted:.1} GB of disk at {}, where {found:.1} GB are free", directory.display());
    Ok(())
}

fn total_kibibytes(meminfo: &str) -> Option<u64> {
    meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_does_not_start() {
        let here = std::env::temp_dir();
        ensure_room(&here, 1).expect("room for a byte");
        let error = ensure_room(&here, u64::MAX).expect_err("no disk is as large");
        assert!(error.to_string().starts_with("it needs 18446744073.7 GB of disk at "), "{error}");
    }

    #[test]
    fn memory_is_read_from_the_kernel() {
        assert_eq!(total_kibibytes("MemTotal:       16384000 kB\nMemFree: 1 kB\n"), Some(16_384_000));
    }
}
