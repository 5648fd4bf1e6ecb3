//! Files that only their owner may read. The mode of these files does not depend on the umask.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::model::byte_order_mark;

const OWNER_ONLY: u32 = 0o600;

/// Maximum size of a file with a secret.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Creates a file that must not exist yet. Only the owner may read and write it.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    // The umask may have removed permissions of the owner.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(file)
}

/// Creates an empty file if it is missing. If it exists, removes the permissions of other users.
pub(crate) fn create_or_restrict(path: &Path) -> io::Result<()> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => restrict(path),
        created => created.map(drop),
    }
}

/// Opens a regular file to append to it, or creates the file. Only the owner may read and write it.
///
/// # Errors
/// If the file cannot be opened, or is not a regular file.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    // Without this flag, opening a pipe would wait for a reader.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("the flags of open(2) are an int");
    let file = OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.mode() & 0o777 != OWNER_ONLY && metadata.uid() == rustix::process::geteuid().as_raw() {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(file)
}

/// Removes the permissions of other users. Does nothing if the file is missing, or if it belongs to another user: only
/// the owner can change the mode.
///
/// This function does not open the file. If a process closes a database that it has open a second time, the process
/// loses its locks on the database (POSIX `fcntl`).
pub(crate) fn restrict(path: &Path) -> io::Result<()> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if metadata.mode() & 0o077 == 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o700))
}

/// Returns the content of a file with a secret, or `None` if the file does not exist. `what` describes the file in
/// errors.
///
/// # Errors
/// If the file cannot be read or is too large, or if other users may read or change it.
pub(crate) fn read_secret(path: &Path, what: &str) -> anyhow::Result<Option<Zeroizing<String>>> {
    let shown = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read the {what} {shown}")),
    };
    let metadata = file.metadata().with_context(|| format!("cannot read the {what} {shown}"))?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.is_file() && is_exposed(metadata.mode(), metadata.uid(), user) {
        let change_owner = if [0, user].contains(&metadata.uid()) { String::new() } else { format!("`chown {user} {shown}` and ") };
        bail!(
            "other users can read or change the {what} {shown}: run {change_owner}`chmod 600 {shown}`, or mount the secret with mode 0440, \
             and replace the secret if another user may have read it"
        );
    }
    let size = usize::try_from(metadata.len().min(MAX_SECRET_BYTES + 1)).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(size));
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).with_context(|| format!("cannot read the {what} {shown}"))?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        bail!("the {what} {shown} has more than {MAX_SECRET_BYTES} bytes: name the file that contains only the secret");
    }
    let mark = text.len() - byte_order_mark::skipped(text.as_bytes()).len();
    text.drain(..mark);
    Ok(Some(text))
}

/// Returns whether other users than this user and root may use a file. There is one exception: the group may read a
/// file of root if this process is not root. Kubernetes mounts secrets in this way. PostgreSQL's libpq has the same
/// rules.
fn is_exposed(mode: u32, owner: u32, user: u32) -> bool {
    let allowed = if owner == 0 && user != 0 { 0o740 } else { 0o700 };
    ![0, user].contains(&owner) || mode & 0o777 & !allowed != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("an existing file").mode() & 0o777
    }

    #[test]
    fn a_secret_that_other_users_can_use_is_refused_with_the_command_to_run() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("key");
        std::fs::write(&path, "marked\n").expect("a writable directory");
        for (mode, is_accepted) in [
            (0o600, true),
            (0o400, true),
            (0o700, true),
            (0o644, false),
            (0o640, false),
            (0o604, false),
            (0o620, false),
            (0o602, false),
            (0o666, false),
            (0o601, false),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("our own file");
            match read_secret(&path, "master key file") {
                Ok(text) => assert!(is_accepted && text.is_some_and(|text| *text == "marked\n"), "{mode:o}"),
                Err(error) => {
                    let error = format!("{error:#}");
                    let names = format!("the master key file {}: run `chmod 600 {}`", path.display(), path.display());
                    assert!(!is_accepted && error.contains(&names) && !error.contains("marked"), "{mode:o}: {error}");
                }
            }
        }
        assert!(read_secret(&directory.path().join("missing"), "master key file").expect("no error").is_none());
    }

    #[test]
    fn only_root_may_own_the_file_of_another_user_and_then_the_group_may_read_it() {
        for (mode, owner, user, expected) in [
            (0o440, 0, 1000, false),
            (0o640, 0, 1000, false),
            (0o440, 0, 0, true),
            (0o440, 1000, 1000, true),
            (0o460, 0, 1000, true),
            (0o444, 0, 1000, true),
            (0o400, 1000, 1000, false),
            (0o400, 0, 1000, false),
            (0o400, 1001, 1000, true),
            (0o640, 1001, 1000, true),
            (0o600, 1000, 0, true),
        ] {
            assert_eq!(is_exposed(mode, owner, user), expected, "{mode:o} of {owner} for {user}");
        }
    }

    #[test]
    fn a_secret_has_a_maximum_size() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("key");
        create_new(&path).expect("created");
        for (size, is_accepted) in [(64 * 1024, true), (64 * 1024 + 1, false), (1024 * 1024, false)] {
            std::fs::write(&path, "x".repeat(size)).expect("our own file");
            assert_eq!(read_secret(&path, "master key file").is_ok(), is_accepted, "{size}");
        }
    }

    #[test]
    fn a_file_is_private_if_it_is_new_and_if_it_existed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("file");
        std::fs::write(&path, "kept").expect("a writable directory");
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("our own file");
        create_or_restrict(&path).expect("restricted");
        assert_eq!((mode(&path), std::fs::read_to_string(&path).expect("readable").as_str()), (0o600, "kept"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("our own file");
        restrict(&path).expect("restricted");
        assert_eq!(mode(&path), 0o400);
        let (first, second) = (directory.path().join("first"), directory.path().join("second"));
        create_or_restrict(&first).expect("created");
        create_new(&second).expect("created");
        assert_eq!((mode(&first), mode(&second)), (0o600, 0o600));
        restrict(&directory.path().join("missing")).expect("nothing to do");
    }
}
