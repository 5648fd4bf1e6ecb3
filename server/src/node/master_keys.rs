//! The master keys that are given to a process: in files, or by a command such as a client of a key management service.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::config::Settings;
use crate::model::{KeyKind, KeyRecord, KeyState};
use crate::secrets::master_key::{KeyId, MasterKey};
use crate::secrets::private_file;
use crate::secrets::seal::{KeysError, Vault};
use crate::store::address::StoreAddress;

/// Time limit of the command that prints master keys.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum output of the command in bytes. A key has 44 characters.
const MAX_OUTPUT_BYTES: usize = 4096;

const MAKE_ONE: &str = "make one with `head -c 32 /dev/urandom | base64`";

pub(crate) struct GivenKeys {
    keys: Vec<GivenKey>,
    /// The default file of the embedded store, if no key was given and this file does not exist.
    missing_file: Option<PathBuf>,
}

struct GivenKey {
    key: MasterKey,
    source: Source,
}

enum Source {
    File(PathBuf),
    Command(String),
}

impl Source {
    /// Returns the flag that gives the keys of this source.
    fn flag(&self) -> String {
        match self {
            Source::File(path) => format!("--master-key-file {}", path.display()),
            Source::Command(command) => format!("--master-key-command '{command}'"),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::File(path) => write!(formatter, "{}", path.display()),
            Source::Command(command) => write!(formatter, "the output of `{command}`"),
        }
    }
}

impl GivenKeys {
    /// Reads the keys that the settings name. If the settings name no key, reads the default file of the embedded store.
    ///
    /// # Errors
    /// If a file or the output of the command is not usable. If no key is given for PostgreSQL.
    pub(crate) async fn read(settings: &Settings, default_file: PathBuf) -> anyhow::Result<GivenKeys> {
        let mut given = GivenKeys { keys: Vec::new(), missing_file: None };
        for path in &settings.master_key_files {
            let key = read_file(path)?;
            let key =
                key.with_context(|| format!("the master key file {} does not exist: put the key there, or {MAKE_ONE}", path.display()))?;
            given.add(key, Source::File(path.clone()))?;
        }
        if !settings.master_key_command.is_empty() {
            for key in run_command(&settings.master_key_command).await? {
                given.add(key, Source::Command(settings.master_key_command.clone()))?;
            }
        }
        if given.keys.is_empty() {
            if !matches!(settings.store, StoreAddress::Sqlite) {
                bail!(
                    "all nodes on a PostgreSQL need the same master key: create it once with `head -c 32 /dev/urandom | base64`, keep it \
                     safe, and give each node its file with --master-key-file; the commands that create access tokens need it too"
                );
            }
            match read_file(&default_file)? {
                Some(key) => given.add(key, Source::File(default_file))?,
                None => given.missing_file = Some(default_file),
            }
        }
        Ok(given)
    }

    /// Reads the keys for a command that works on the embedded store, whatever `--store` is.
    pub(crate) async fn read_for_sqlite(settings: &Settings, default_file: PathBuf) -> anyhow::Result<GivenKeys> {
        GivenKeys::read(&Settings { store: StoreAddress::Sqlite, ..settings.clone() }, default_file).await
    }

    fn add(&mut self, key: MasterKey, source: Source) -> anyhow::Result<()> {
        if let Some(same) = self.keys.iter().find(|given| given.key.key_id() == key.key_id()) {
            ensure!(same.key == key, "two given master keys have the id {}: replace the new one with another key", key.key_id());
            return Ok(());
        }
        self.keys.push(GivenKey { key, source });
        Ok(())
    }

    /// Returns the key for a new database. Returns `None` if no key is given.
    ///
    /// # Errors
    /// If more than one key is given.
    pub(crate) fn only_key(&self) -> anyhow::Result<Option<&MasterKey>> {
        match &self.keys[..] {
            [] => Ok(None),
            [given] => Ok(Some(&given.key)),
            _ => bail!("the database is new, and a new database has one master key: give only one"),
        }
    }

    /// Returns the vault of a database with these keys.
    ///
    /// # Errors
    /// If a key that the database needs is not given.
    pub(crate) fn vault(&self, records: &[KeyRecord]) -> anyhow::Result<Vault> {
        Vault::of_store(self.keys.iter().map(|given| &given.key), records).map_err(|error| self.explain(error, records))
    }

    /// Returns the given keys that the database does not know.
    pub(crate) fn unknown(&self, records: &[KeyRecord]) -> Vec<KeyId> {
        let is_known = |id: &KeyId| records.iter().any(|record| record.kind == KeyKind::Master && record.id == id.to_string());
        self.keys.iter().map(|given| given.key.key_id()).filter(|id| !is_known(id)).collect()
    }

    /// Returns the flags that give these keys.
    pub(crate) fn flags(&self) -> String {
        let mut flags: Vec<String> = self.keys.iter().map(|given| given.source.flag()).collect();
        flags.dedup();
        flags.join(" ")
    }

    fn explain(&self, error: KeysError, records: &[KeyRecord]) -> anyhow::Error {
        match &error {
            KeysError::NoneInStore => {
                anyhow::anyhow!("the database has no master key yet: start webhooks-server on it once, and then repeat this command")
            }
            KeysError::NotGiven { id, state: KeyState::Retiring } => anyhow::anyhow!(
                "a rotation of the master key has not finished, and secrets may still be encrypted with the key {id}: give this key too, \
                 until `webhooks-server key rotate` has finished"
            ),
            KeysError::NotGiven { id, .. } => self.explain_missing(id, records),
            KeysError::OtherKey { .. } | KeysError::Mac(_) | KeysError::NoMac => {
                anyhow::Error::new(error).context("the table `keys` was changed: restore the database from a backup")
            }
        }
    }

    fn explain_missing(&self, current: &str, records: &[KeyRecord]) -> anyhow::Error {
        if let Some(file) = &self.missing_file {
            return anyhow::anyhow!(
                "secrets are encrypted with the master key {current}, and {} does not exist: put the key there, or give --master-key-file",
                file.display()
            );
        }
        let contain = |keys: &[&GivenKey]| {
            let each = keys.iter().map(|given| format!("{} contains the key {}", given.source, given.key.key_id()));
            each.collect::<Vec<_>>().join(", and ")
        };
        let is_retired = |given: &&GivenKey| {
            let id = given.key.key_id().to_string();
            records.iter().any(|record| record.is_master(KeyState::Retired) && record.id == id)
        };
        let retired: Vec<&GivenKey> = self.keys.iter().filter(is_retired).collect();
        if !retired.is_empty() {
            return anyhow::anyhow!(
                "{}, which a rotation has retired: give the current master key {current} with --master-key-file",
                contain(&retired)
            );
        }
        let given: Vec<&GivenKey> = self.keys.iter().collect();
        anyhow::anyhow!(
            "secrets are encrypted with the master key {current}, but {}: give the right key with --master-key-file",
            contain(&given)
        )
    }
}

/// Returns the master key in a file, or `None` if the file does not exist. Fails if other users can read the file.
fn read_file(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let text = private_file::read_secret(path, "master key file")?;
    text.map(|text| text.parse().with_context(|| format!("the master key file {} is not usable", path.display()))).transpose()
}

/// Runs the command and returns the keys that it prints, one per line. The command runs without a shell: it is split at
/// white space, and no character is special. So the server needs no shell, and a name or an argument with spaces needs a
/// script. Its standard error is discarded, because a program may print a key there, and the standard error of this process
/// is its log.
async fn run_command(command: &str) -> anyhow::Result<Vec<MasterKey>> {
    let shown = format!("the command of --master-key-command (`{command}`)");
    let mut words = command.split_whitespace();
    let program = words.next().with_context(|| format!("{shown} has no words: name a program"))?;
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {shown}: install it, or name its path"))?;
    let stdout = child.stdout.take().context("the command has no standard output")?;
    // The buffer never grows, so it leaves no copies of a key in freed memory.
    let mut output = Zeroizing::new(Vec::with_capacity(MAX_OUTPUT_BYTES + 1));
    let mut stdout = stdout.take(MAX_OUTPUT_BYTES as u64 + 1);
    let run = async {
        while stdout.read_buf(&mut *output).await? > 0 {
            if output.len() > MAX_OUTPUT_BYTES {
                bail!("{shown} printed more than {MAX_OUTPUT_BYTES} bytes: it must print only keys in base64");
            }
        }
        Ok(child.wait().await?)
    };
    let status = match tokio::time::timeout(COMMAND_TIMEOUT, run).await {
        Ok(ended) => ended?,
        Err(_) => bail!("{shown} has not ended after {} s: run it by hand to find the cause", COMMAND_TIMEOUT.as_secs()),
    };
    ensure!(status.success(), "{shown} ended with {status}: run it by hand, as the user of the server, to see its error");
    let text = std::str::from_utf8(&output).ok().with_context(|| format!("{shown} did not print text: it must print keys in base64"))?;
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        keys.push(line.parse().with_context(|| format!("line {} of the output of {shown} is not usable", index + 1))?);
    }
    ensure!(!keys.is_empty(), "{shown} printed nothing: it must print one or more keys in base64, one per line");
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 zero bytes, in base64.
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[tokio::test]
    async fn a_command_prints_one_key_per_line_and_runs_without_a_shell() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("keys");
        let other = MasterKey::generate();
        std::fs::write(&file, format!("{KEY}\r\n\n  {}\n", *other.expose())).expect("a writable directory");
        let keys = run_command(&format!(" cat  {} ", file.display())).await.expect("two keys");
        assert_eq!(keys, [KEY.parse().expect("a key"), other]);
        // A shell would run the second command.
        let error = run_command(&format!("cat /dev/null; cat {}", file.display())).await.expect_err("no file has the name `/dev/null;`");
        assert!(format!("{error:#}").contains("ended with exit status: 1"), "{error:#}");
    }

    #[tokio::test]
    async fn the_error_of_a_command_names_it_and_its_end_and_not_its_output() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let script = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a writable directory");
            format!("sh {}", path.display())
        };
        for (command, expected) in [
            ("/nowhere/kms get".to_owned(), "cannot start the command of --master-key-command (`/nowhere/kms get`)"),
            ("false".to_owned(), "(`false`) ended with exit status: 1: run it by hand"),
            (script("fails", "echo marked; echo marked >&2; exit 7"), "ended with exit status: 7"),
            (script("killed", "echo marked; kill -9 $$"), "ended with signal: 9"),
            ("true".to_owned(), "printed nothing"),
            (script("text", &format!("echo {KEY}; echo marked!")), "line 2 of the output of"),
            (script("much", "yes marked"), "printed more than 4096 bytes"),
            (script("binary", "printf '\\377'"), "did not print text"),
        ] {
            let error = format!("{:#}", run_command(&command).await.expect_err(&command));
            assert!(error.contains(expected) && !error.contains("marked") && !error.contains(KEY), "{command}: {error}");
        }
    }

    #[test]
    fn the_same_key_twice_counts_once() {
        let mut given = GivenKeys { keys: Vec::new(), missing_file: None };
        for source in ["one", "two"] {
            given.add(KEY.parse().expect("a key"), Source::File(source.into())).expect("the same key");
        }
        assert!(given.only_key().expect("one key").is_some());
        given.add(MasterKey::generate(), Source::Command("kms".to_owned())).expect("another key");
        assert!(given.only_key().is_err());
        assert_eq!(given.flags(), "--master-key-file one --master-key-command 'kms'");
    }
}
