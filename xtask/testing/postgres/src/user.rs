//! The user that runs the servers. PostgreSQL and PgBouncer refuse to run as root. If the current user is root, the
//! servers run as `postgres`, or as `nobody` if `postgres` does not exist. Otherwise the servers run as the current
//! user.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// The user that runs the servers instead of root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Returns the user that runs the servers instead of root. Returns `None` if the current user is not root.
    pub(crate) fn instead_of_root() -> anyhow::Result<Option<User>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| User::named(&users, name));
        Ok(Some(found.context("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`")?))
    }

    /// Finds a user in lines like `postgres:x:101:104:…`.
    fn named(users: &str, name: &str) -> Option<User> {
        let rest = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = rest.split(':').skip(1).map(str::parse);
        Some(User { uid: fields.next()?.ok()?, gid: fields.next()?.ok()? })
    }

    pub(crate) fn apply_to(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    pub(crate) fn take_ownership(self, path: &Path) -> anyhow::Result<()> {
        let changed = std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid));
        changed.with_context(|| format!("cannot change the owner of {}", path.display()))
    }

    /// Whether this user may enter the directory and all its ancestors.
    pub(crate) fn can_reach(self, directory: &Path) -> bool {
        directory.ancestors().all(|ancestor| {
            let Ok(metadata) = std::fs::metadata(ancestor) else { return false };
            let class = match () {
                () if metadata.uid() == self.uid => 0o100,
                () if metadata.gid() == self.gid => 0o010,
                () => 0o001,
            };
            metadata.is_dir() && metadata.mode() & class != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::User;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:an administrator:/var:/bin/bash\n";
        let found = User::named(users, "postgres").map(|user| (user.uid, user.gid));
        assert_eq!(found, Some((101, 104)));
        assert!(User::named(users, "nobody").is_none());
    }
}
