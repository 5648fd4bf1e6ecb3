//! Whom the servers run as: the user who starts them, but not root, whom PostgreSQL and PgBouncer refuse.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

/// Another user, whom only root can become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Nobody else, unless this is root.
    pub(crate) fn instead_of_root() -> anyhow::Result<Option<Account>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| Account::named(&users, name));
        Ok(Some(found.context("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`")?))
    }

    /// From lines like `postgres:x:101:104:…`.
    fn named(users: &str, name: &str) -> Option<Account> {
        let rest = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = rest.split(':').skip(1).map(str::parse);
        Some(Account { user: fields.next()?.ok()?, group: fields.next()?.ok()? })
    }

    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    pub(crate) fn owns(self, path: &Path) -> anyhow::Result<()> {
        let changed = std::os::unix::fs::chown(path, Some(self.user), Some(self.group));
        changed.with_context(|| format!("cannot give {} away", path.display()))
    }

    /// Whether each directory on the way lets this user pass.
    pub(crate) fn reaches(self, directory: &Path) -> bool {
        directory.ancestors().all(|ancestor| {
            let Ok(metadata) = std::fs::metadata(ancestor) else { return false };
            let class = match () {
                () if metadata.uid() == self.user => 0o100,
                () if metadata.gid() == self.group => 0o010,
                () => 0o001,
            };
            metadata.is_dir() && metadata.mode() & class != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:an administrator:/var:/bin/bash\n";
        let found = Account::named(users, "postgres").map(|account| (account.user, account.group));
        assert_eq!(found, Some((101, 104)));
        assert!(Account::named(users, "nobody").is_none());
    }
}
