//! The limit of open files and sockets of this process, and how deliveries share it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit divided by these numbers gives the maximum number of attempts and of name lookups. Each attempt has a socket, and
/// as many slow attempts as other attempts may run, so attempts use half of the descriptors. Lookups use a quarter. The rest is
/// for callers of the API, for idle connections to receivers, and for the store.
const DESCRIPTORS_PER_ATTEMPT: u64 = 4;
const DESCRIPTORS_PER_LOOKUP: u64 = 16;

/// Maximum number of lookups, even if the limit allows more. More would not help.
const MAX_LOOKUPS: u64 = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    limit: u64,
}

impl Descriptors {
    /// Raises the soft limit to the hard limit. Many systems keep the soft limit low because of select(2), which
    /// this program does not use.
    #[must_use]
    pub(super) fn raise() -> Descriptors {
        let limit = getrlimit(Resource::Nofile);
        // If this is not permitted, the soft limit stays as it is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        Descriptors { limit: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) }
    }

    /// Returns how many attempts may be in flight: `wanted`, or fewer if the limit is too low.
    #[must_use]
    pub(super) fn attempts(self, wanted: u32) -> u32 {
        wanted.min(u32::try_from(self.limit / DESCRIPTORS_PER_ATTEMPT).unwrap_or(u32::MAX)).max(1)
    }

    /// Returns how many name lookups may run at once.
    #[must_use]
    pub(super) fn lookups(self) -> usize {
        (self.limit / DESCRIPTORS_PER_LOOKUP).clamp(2, MAX_LOOKUPS) as usize
    }
}

impl std::fmt::Display for Descriptors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.limit.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_and_lookups_leave_room_for_the_rest() {
        for (limit, attempts, lookups) in [(64, 16, 4), (1024, 256, 64), (4096, 1024, 256), (1_048_576, 1024, 4096), (u64::MAX, 1024, 4096)]
        {
            let descriptors = Descriptors { limit };
            assert_eq!((descriptors.attempts(1024), descriptors.lookups()), (attempts, lookups), "{limit}");
        }
        assert_eq!(Descriptors { limit: 1 }.attempts(5), 1);
    }
}
