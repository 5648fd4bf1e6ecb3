//! The limit of open files and sockets of this process. The maximum numbers of attempts, of name lookups and of
//! connections depend on this limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each constant divides the limit. The result is the maximum number of one kind of object:
///
/// - Attempts: each attempt uses one socket. The same number of slow attempts may run in addition, so attempts use at most
///   half of the limit.
/// - Name lookups: each lookup uses at most four sockets, so lookups use at most a quarter of the limit.
/// - Idle connections to receivers.
/// - Connections of clients to the API.
/// - Connections to the admin listener.
///
/// The rest is for the store.
const DESCRIPTORS_PER_ATTEMPT: u64 = 4;
const DESCRIPTORS_PER_LOOKUP: u64 = 16;
const DESCRIPTORS_PER_IDLE_CONNECTION: u64 = 16;
const DESCRIPTORS_PER_CONNECTION: u64 = 8;
const DESCRIPTORS_PER_ADMIN_CONNECTION: u64 = 64;

/// Maximum number of connections to the admin listener, even if the limit of the process allows more. Health probes and
/// collectors of metrics need only a few.
const MAX_ADMIN_CONNECTIONS: u64 = 64;

/// Maximum number of name lookups, even if the limit of the process allows more.
const MAX_LOOKUPS: u64 = 4096;

/// Maximum number of idle connections to receivers, even if the limit of the process allows more. Each uses about 30 KB.
const MAX_IDLE_CONNECTIONS: u64 = 1024;

#[derive(Clone, Copy, Debug)]
pub(super) struct Descriptors {
    limit: u64,
}

impl Descriptors {
    /// Raises the soft limit to the hard limit. Many systems have a low soft limit for programs that use select(2).
    /// This program does not use select(2).
    #[must_use]
    pub(super) fn raise() -> Descriptors {
        let limit = getrlimit(Resource::Nofile);
        // If the system does not permit the change, the soft limit stays unchanged.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        Descriptors { limit: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) }
    }

    /// Returns how many attempts may be in flight: `wanted`, or fewer if the limit of the process is too low.
    #[must_use]
    pub(super) fn attempts(self, wanted: u32) -> u32 {
        wanted.min(u32::try_from(self.limit / DESCRIPTORS_PER_ATTEMPT).unwrap_or(u32::MAX)).max(1)
    }

    /// Returns how many name lookups may run at the same time.
    #[must_use]
    pub(super) fn lookups(self) -> usize {
        (self.limit / DESCRIPTORS_PER_LOOKUP).clamp(2, MAX_LOOKUPS) as usize
    }

    /// Returns how many connections to receivers may be open between two requests.
    #[must_use]
    pub(super) fn idle_connections(self) -> usize {
        (self.limit / DESCRIPTORS_PER_IDLE_CONNECTION).clamp(1, MAX_IDLE_CONNECTIONS) as usize
    }

    /// Returns how many connections to the API may be open: `wanted`, or fewer if the limit of the process is too low.
    #[must_use]
    pub(super) fn connections(self, wanted: u32) -> usize {
        u64::from(wanted).min(self.limit / DESCRIPTORS_PER_CONNECTION).max(1) as usize
    }

    /// Returns how many connections to the admin listener may be open.
    #[must_use]
    pub(super) fn admin_connections(self) -> usize {
        (self.limit / DESCRIPTORS_PER_ADMIN_CONNECTION).clamp(2, MAX_ADMIN_CONNECTIONS) as usize
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
    fn attempts_lookups_and_connections_leave_room_for_the_rest() {
        for (limit, attempts, lookups, others) in [
            (64, 16, 4, [4, 8, 2]),
            (1024, 256, 64, [64, 128, 16]),
            (4096, 1024, 256, [256, 512, 64]),
            (1_048_576, 1024, 4096, [1024, 1024, 64]),
            (u64::MAX, 1024, 4096, [1024, 1024, 64]),
        ] {
            let descriptors = Descriptors { limit };
            assert_eq!((descriptors.attempts(1024), descriptors.lookups()), (attempts, lookups), "{limit}");
            let connections = [descriptors.idle_connections(), descriptors.connections(1024), descriptors.admin_connections()];
            assert_eq!(connections, others, "{limit}");
        }
        assert_eq!((Descriptors { limit: 1 }.attempts(5), Descriptors { limit: 1 }.connections(5)), (1, 1));
    }
}
