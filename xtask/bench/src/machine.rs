//! Describes the machine. Figures are comparable only if they are from the same machine, and if the machine does no
//! other work.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

/// Returns one line with cores, memory, kernel and load average.
pub(crate) fn describe() -> anyhow::Result<String> {
    let cores = std::thread::available_parallelism().context("cannot count the cores")?;
    let meminfo = fs::read_to_string("/proc/meminfo").context("the benchmark needs Linux and its /proc")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the version of the kernel")?;
    let load = fs::read_to_string("/proc/loadavg").context("cannot read the load average")?;
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let gibibytes = total_kibibytes(&meminfo).context("/proc/meminfo has no MemTotal")? as f64 / 1024.0 / 1024.0;
    Ok(format!("{cores} cores, {gibibytes:.0} GiB, Linux {}, load average {load} before the start", kernel.trim()))
}

/// Fails if the disk has less free space than `bytes`. Without this check, a long run could fail late.
pub(crate) fn ensure_room(directory: &Path, bytes: u64) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(directory).with_context(|| format!("cannot determine the free space at {}", directory.display()))?;
    let free = disk.f_bavail * disk.f_frsize;
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let (wanted, found) = (gigabytes(bytes), gigabytes(free));
    ensure!(free >= bytes, "{wanted:.1} GB of disk are needed at {}, but {found:.1} GB are free", directory.display());
    Ok(())
}

fn total_kibibytes(meminfo: &str) -> Option<u64> {
    meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_free_space_is_an_error() {
        let here = std::env::temp_dir();
        ensure_room(&here, 1).expect("space for a byte");
        let error = ensure_room(&here, u64::MAX).expect_err("no disk is as large");
        assert!(error.to_string().starts_with("18446744073.7 GB of disk are needed at "), "{error}");
    }

    #[test]
    fn total_memory_is_read_from_meminfo() {
        assert_eq!(total_kibibytes("MemTotal:       16384000 kB\nMemFree: 1 kB\n"), Some(16_384_000));
    }
}
