use serde_json::json;
use tempfile::TempDir;

use super::{KeyFiles, id_in, outcome, rotate, sealed_otherwise, start, start_with_both, write_key};
use crate::harness::{Process, id_of, run_binary};

#[tokio::test]
async fn a_rotation_needs_the_current_key_and_exactly_one_new_key() {
    let keys = KeyFiles::create();
    let directory = TempDir::new().expect("a temporary directory");
    let other = write_key(directory.path(), "other");
    let mut process = start(&keys).await;
    assert!(process.terminate().await.success());
    process.start_again_with(&[&keys.both()[..], &["--master-key-file", &other]].concat()).await;
    let webhook = process.api().register_url("https://example.com").await;
    let refused = async |keys: &[&str], expected: &str| {
        let error = rotate(&process, keys).await.expect_err(expected);
        assert!(error.contains(expected) && error.lines().count() == 1, "{expected}: {error}");
        let in_use = process.database().count("keys WHERE kind = 'master' AND state = 'current'").await;
        assert_eq!((process.database().count("keys").await, in_use), (2, 1), "nothing is changed");
    };
    refused(&keys.only_old(), "no new master key is given").await;
    refused(&[&keys.both()[..], &["--master-key-file", &other]].concat(), "more than one new master key is given").await;
    refused(&keys.only_new(), &format!("secrets are encrypted with the master key {}", id_in(&keys.old))).await;
    rotate(&process, &keys.both()).await.expect("rotated");
    let again = rotate(&process, &keys.both()).await.expect("nothing to do");
    assert!(again.contains("nothing to do"), "{again}");
    let error = rotate(&process, &keys.only_new()).await.expect_err("no new key");
    assert!(error.contains("no new master key is given"), "{error}");
    // The next rotation needs only the current key and the new key.
    rotate(&process, &["--master-key-file", &keys.new, "--master-key-file", &other]).await.expect("rotated again");
    assert_eq!(sealed_otherwise(process.database(), &id_in(&other)).await, 0);
    process.api().signing_secret(&webhook).await;
}

#[tokio::test]
async fn a_running_server_without_the_new_key_prevents_the_rotation() {
    let keys = KeyFiles::create();
    let process = start(&keys).await;
    let error = rotate(&process, &keys.both()).await.expect_err("the server does not hold the new key");
    let new = id_in(&keys.new);
    assert!(error.contains(&format!("does not hold the new master key {new}: start it with both keys")), "{error}");
    assert!(error.contains("Nothing was changed"), "{error}");
    assert_eq!(process.database().count("keys").await, 2);
    process.api().register_url("https://example.com").await;
    assert_eq!(sealed_otherwise(process.database(), &id_in(&keys.old)).await, 0);
}

#[tokio::test]
async fn an_unfinished_rotation_must_be_finished_with_its_own_keys() {
    let keys = KeyFiles::create();
    let directory = TempDir::new().expect("a temporary directory");
    let other = write_key(directory.path(), "other");
    let mut process = Process::start_embedded(&keys.only_old()).await;
    let webhook = process.api().register_url("https://example.com").await;
    process.kill().await;
    // The rotation fails at the first webhook.
    process.database().run("CREATE TRIGGER stop BEFORE UPDATE ON webhooks BEGIN SELECT RAISE(ABORT, 'stopped'); END").await;
    let error = rotate(&process, &keys.both()).await.expect_err("a statement fails");
    let (old, new) = (id_in(&keys.old), id_in(&keys.new));
    assert!(error.contains(&format!("from the master key {old} to {new} has not finished: run the same command again")), "{error}");
    assert!(error.contains(&webhook), "{error}");
    let states = "keys WHERE state IN ('current', 'retiring') AND kind = 'master'";
    assert_eq!(process.database().count(states).await, 2);

    for keys in [keys.only_old(), keys.only_new()] {
        for error in [process.start_error(&keys).await, rotate(&process, &keys).await.expect_err("a key is missing")] {
            assert!(error.contains("secrets are encrypted with") || error.contains("give this key too"), "{error}");
        }
    }
    let error = rotate(&process, &[&keys.both()[..], &["--master-key-file", &other]].concat()).await.expect_err("a third key");
    assert!(error.contains(&format!("has not finished: finish it first, without the key {}", id_in(&other))), "{error}");
    let from = format!("sqlite:{}", process.data_dir());
    let migrate = [&["migrate", "--from", &from, "--to", "postgres://u@127.0.0.1:1/nowhere"], &keys.both()[..]].concat();
    let error = outcome(run_binary(&migrate).await).expect_err("the rotation has not finished");
    assert!(error.contains("run `webhooks-server key rotate` again to finish it"), "{error}");

    process.database().run("DROP TRIGGER stop").await;
    // A server with both keys works in the middle of a rotation.
    process.start_again_with(&keys.both()).await;
    process.api().signing_secret(&webhook).await;
    process.api().register_url("https://example.com").await;
    rotate(&process, &keys.both()).await.expect("finished");
    assert_eq!(sealed_otherwise(process.database(), &new).await, 0);
    process.api().signing_secret(&webhook).await;
}

#[tokio::test]
async fn a_damaged_webhook_is_reported_and_does_not_prevent_the_rotation() {
    let keys = KeyFiles::create();
    let mut process = start_with_both(&keys).await;
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let damaged = id_of(&process.api().register(&json!({ "targetURL": "https://example.com", "auth": auth })).await);
    let intact = process.api().register_url("https://example.com").await;
    process.database().change_webhook(&damaged, "target_url = 'https://example.org/'").await;
    let output = rotate(&process, &keys.both()).await.expect("rotated");
    assert!(output.contains(&format!("webhook {damaged} of account default: an encrypted value was changed")), "{output}");
    assert!(!output.contains(&intact), "{output}");
    assert!(process.terminate().await.success());
    process.start_again_with(&keys.only_new()).await;
    process.api().signing_secret(&intact).await;
}
