//! Master keys: where a server gets them, and their rotation while servers run.

use std::path::Path;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;
use webhooks_server::secrets::master_key::MasterKey;

use crate::harness::{Database, Process, eventually, id_of, run_binary, write_private};

mod given; // keys from files and from a command
mod load; // a rotation under load, with kills
mod nodes; // a rotation with several nodes: nodes without the new key, slow nodes, writes in flight
mod refused; // rotations that cannot begin, and damaged rows

/// Files with two master keys.
struct KeyFiles {
    _directory: TempDir,
    old: String,
    new: String,
}

impl KeyFiles {
    fn create() -> KeyFiles {
        let directory = TempDir::new().expect("a temporary directory");
        let [old, new] = ["old", "new"].map(|name| write_key(directory.path(), name));
        KeyFiles { _directory: directory, old, new }
    }

    /// The flags that give the old key.
    fn only_old(&self) -> [&str; 2] {
        ["--master-key-file", &self.old]
    }

    fn only_new(&self) -> [&str; 2] {
        ["--master-key-file", &self.new]
    }

    fn both(&self) -> [&str; 4] {
        ["--master-key-file", &self.old, "--master-key-file", &self.new]
    }
}

/// Writes a new master key, and returns the path of the file.
fn write_key(directory: &Path, name: &str) -> String {
    let path = directory.join(name);
    write_private(&path, &format!("{}\n", *MasterKey::generate().expose()));
    path.display().to_string()
}

/// Returns the id of the key in a file.
fn id_in(file: &str) -> String {
    let text = std::fs::read_to_string(file).expect("a key file");
    text.parse::<MasterKey>().expect("a key").key_id().to_string()
}

/// Starts a server with the old key, which becomes the key of its new database.
async fn start(keys: &KeyFiles) -> Process {
    Process::start(&keys.only_old()).await
}

/// Starts a server with both keys. The old key is the current one of its database.
async fn start_with_both(keys: &KeyFiles) -> Process {
    let mut process = start(keys).await;
    assert!(process.terminate().await.success());
    process.start_again_with(&keys.both()).await;
    process
}

async fn rotate(process: &Process, keys: &[&str]) -> Result<String, String> {
    outcome(process.run(&[&["key", "rotate"], keys].concat()).await)
}

/// Returns the standard error of a command: `Ok` if it succeeded, `Err` if it failed.
fn outcome(output: Output) -> Result<String, String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(text) } else { Err(text) }
}

/// Returns the number of sealed values that are not sealed with this key.
async fn sealed_otherwise(database: &Database, key_id: &str) -> u64 {
    let mut count = 0;
    for column in ["auth_secret", "headers", "signing_secret", "previous_secret"] {
        let key = database.key_of(column);
        // A tombstone has an empty signing secret.
        count += database.count(&format!("webhooks WHERE length({column}) > 0 AND {key} <> '{key_id}'")).await;
    }
    count + database.count(&format!("keys WHERE kind <> 'master' AND {} <> '{key_id}'", database.key_of("sealed"))).await
}

#[tokio::test]
async fn the_list_of_keys_shows_ids_and_states_and_no_key() {
    let keys = KeyFiles::create();
    let process = start_with_both(&keys).await;
    rotate(&process, &keys.both()).await.expect("rotated");
    let output = process.run(&["key", "list"]).await;
    let list = String::from_utf8(output.stdout).expect("UTF-8");
    let line = |id: &str| list.lines().find(|line| line.starts_with(id)).unwrap_or_default().to_owned();
    assert!(line(&id_in(&keys.old)).contains("master  retired") && line(&id_in(&keys.new)).contains("master  current"), "{list}");
    assert!(list.contains("mac     current") && list.lines().count() == 4, "{list}");
    for file in [&keys.old, &keys.new] {
        let key = std::fs::read_to_string(file).expect("a key file");
        assert!(!list.contains(key.trim()), "{list}");
    }
}

#[tokio::test]
async fn the_start_and_the_end_of_a_rotation_have_one_event_each() {
    let keys = KeyFiles::create();
    let process = start_with_both(&keys).await;
    let create = ["token", "create", "--platform", "--scope", "audit.read"];
    let created = process.run(&[&create[..], &keys.both()].concat()).await;
    let platform = process.api_with(String::from_utf8(created.stdout).expect("UTF-8").trim_end());
    rotate(&process, &keys.only_new()).await.expect_err("the old key is missing");
    for _ in 0..2 {
        // The second command finds that there is nothing to do.
        rotate(&process, &keys.both()).await.expect("rotated");
        for action in ["key.rotation_started", "key.rotated"] {
            let events = platform.list(&format!("/audit-events?action={action}")).await;
            assert_eq!(events.len(), 1, "{events:?}");
            assert_eq!(events[0]["object"], json!({ "type": "key", "id": id_in(&keys.new) }));
            assert_eq!((&events[0]["actor"], events[0].get("account")), (&json!("operator"), None));
        }
    }
}

#[tokio::test]
async fn a_backup_from_before_a_rotation_names_the_old_key_and_needs_it() {
    let keys = KeyFiles::create();
    let mut process = Process::start_embedded(&keys.only_old()).await;
    let webhook = process.api().register_url("https://example.com").await;
    let secret = process.api().signing_secret(&webhook).await;
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("backup.db").display().to_string();
    let output = outcome(process.run(&["backup", &file]).await).expect("a backup");
    assert!(output.contains(&format!("keep a copy of the key {} elsewhere", id_in(&keys.old))), "{output}");
    assert!(process.terminate().await.success());
    process.start_again_with(&keys.both()).await;
    rotate(&process, &keys.both()).await.expect("rotated");

    let elsewhere = TempDir::new().expect("a temporary directory");
    let data_dir = elsewhere.path().join(crate::harness::DATA_DIR).display().to_string();
    let restore = async |keys: &[&str]| outcome(run_binary(&[&["restore", &file, "--data-dir", &data_dir], keys].concat()).await);
    let refused = restore(&keys.only_new()).await.expect_err("the key is missing");
    let expected = format!("secrets are encrypted with the master key {}", id_in(&keys.old));
    assert!(refused.contains(&expected) && refused.contains(&id_in(&keys.new)), "{refused}");
    restore(&keys.only_old()).await.expect("restored");
    std::fs::copy(process.file("access-token"), elsewhere.path().join(crate::harness::DATA_DIR).join("access-token")).expect("a copy");
    let restored = Process::start_on(elsewhere, &keys.only_old()).await;
    assert_eq!(restored.api().signing_secret(&webhook).await, secret);
    let later = outcome(process.run(&["backup", "--replace", &file]).await).expect("a backup");
    assert!(later.contains(&id_in(&keys.new)) && !later.contains(&id_in(&keys.old)), "{later}");
}

#[tokio::test]
async fn a_rotation_without_a_server_needs_no_restart_of_a_killed_server() {
    let keys = KeyFiles::create();
    let mut process = Process::start_embedded(&keys.only_old()).await;
    let webhook = id_of(&process.api().webhook(&process.api().register_url("https://example.com").await).await);
    let secret = process.api().signing_secret(&webhook).await;
    // The killed server has left its row in `nodes`. It did not hold the new key.
    process.kill().await;
    rotate(&process, &keys.both()).await.expect("rotated");
    assert_eq!(sealed_otherwise(process.database(), &id_in(&keys.new)).await, 0);
    process.start_again_with(&keys.only_new()).await;
    assert_eq!(process.api().signing_secret(&webhook).await, secret);
}

/// The server hears of the rotation with its heartbeat. It gets no request that stores a secret.
#[tokio::test]
async fn after_a_rotation_a_running_server_refuses_values_that_are_sealed_with_the_old_key() {
    let keys = KeyFiles::create();
    let process = start_with_both(&keys).await;
    let webhook = process.api().register_url("https://example.com").await;
    process.database().run("CREATE TABLE copied AS SELECT id, signing_secret FROM webhooks").await;
    rotate(&process, &keys.both()).await.expect("rotated");
    let path = format!("/webhooks/{webhook}/signing-secret");
    process.api().get(&path).await.expect(200);
    process.database().change_webhook(&webhook, "signing_secret = (SELECT copied.signing_secret FROM copied)").await;
    eventually("a refusal", async || (process.api().get(&path).await.status == 500).then_some(())).await;
    let refused =
        format!("a value was encrypted with master key {}, but this server uses master key {}", id_in(&keys.old), id_in(&keys.new));
    process.logged(&refused).await;
}
