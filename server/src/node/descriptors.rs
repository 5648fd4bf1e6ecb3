//! How many files and sockets this process may have open, and what of it deliveries may take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each attempt has a socket, and there may be as many slow ones as others: half of the descriptors go to them. A quarter
/// goes to looking up names, and the rest to callers, to connections that are kept for the next callback, and to the store.
const ATTEMPTS: u64 = 4;
const LOOKUPS: u64 = 16;

/// More than this serves nobody, even where there is no limit.
const MOST_LOOKUPS: u64 = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    limit: u64,
}

impl Descriptors {
    /// Raises the soft limit as far as it goes. It is low on many systems for programs that use select(2), which this does not.
    #[must_use]
    pub(super) fn raise() -> Descriptors {
        let limit = getrlimit(Resource::Nofile);
        // Where even that is forbidden, the soft limit holds.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        Descriptors { limit: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) }
    }

    /// How many of `wanted` attempts may be in flight.
    #[must_use]
    pub(super) fn attempts(self, wanted: u32) -> u32 {
        wanted.min(u32::try_from(self.limit / ATTEMPTS).unwrap_or(u32::MAX)).max(1)
    }

    /// How many lookups may be under way.
    #[must_use]
    pub(super) fn lookups(self) -> usize {
        (self.limit / LOOKUPS).clamp(2, MOST_LOOKUPS) as usize
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
