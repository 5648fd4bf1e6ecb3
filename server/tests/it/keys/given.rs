use tempfile::TempDir;

use super::{KeyFiles, id_in, rotate, start_with_both, write_key};
use crate::harness::{Process, run_binary, write_private};

#[tokio::test]
async fn a_server_with_only_a_retired_key_is_refused_and_with_both_keys_it_warns() {
    let keys = KeyFiles::create();
    let mut process = start_with_both(&keys).await;
    rotate(&process, &keys.both()).await.expect("rotated");
    assert!(process.terminate().await.success());
    let error = process.start_error(&keys.only_old()).await;
    let (old, new) = (id_in(&keys.old), id_in(&keys.new));
    assert!(error.contains(&format!("{} contains the key {old}, which a rotation has retired", keys.old)), "{error}");
    assert!(error.contains(&format!("give the current master key {new}")), "{error}");
    assert!(!process.log().contains("a retired master key is given"));
    process.start_again_with(&keys.both()).await;
    process.logged("a retired master key is given").await;
    process.logged(&old).await;
    process.api().register_url("https://example.com").await;
}

#[tokio::test]
async fn a_new_database_needs_exactly_one_key() {
    let (keys, directory) = (KeyFiles::create(), TempDir::new().expect("a temporary directory"));
    let data_dir = directory.path().display().to_string();
    let flags = ["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir];
    let output = run_binary(&[&flags[..], &keys.both()].concat()).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("a new database has one master key: give only one"), "{error}");
}

#[tokio::test]
async fn keys_may_come_from_a_configuration_file_with_one_file_or_a_list() {
    let keys = KeyFiles::create();
    let directory = TempDir::new().expect("a temporary directory");
    let config = |text: String| {
        let path = directory.path().join("config.toml");
        std::fs::write(&path, text).expect("a writable directory");
        path.display().to_string()
    };
    let mut process = Process::start_embedded(&["--config", &config(format!("master_key_file = \"{}\"", keys.old))]).await;
    let webhook = process.api().register_url("https://example.com").await;
    let secret = process.api().signing_secret(&webhook).await;
    assert!(process.terminate().await.success());
    let both = config(format!("master_key_file = [\"{}\", \"{}\"]", keys.old, keys.new));
    process.start_again_with(&["--config", &both]).await;
    rotate(&process, &["--config", &both]).await.expect("rotated");
    assert!(process.terminate().await.success());
    process.start_again_with(&["--config", &config(format!("master_key_file = \"{}\"", keys.new))]).await;
    assert_eq!(process.api().signing_secret(&webhook).await, secret);
}

#[tokio::test]
async fn a_command_gives_the_keys_and_its_error_prevents_the_start() {
    let directory = TempDir::new().expect("a temporary directory");
    let [old, new] = ["old", "new"].map(|name| write_key(directory.path(), name));
    let command = |file: &str| format!("cat {file}");
    let mut process = Process::start_embedded(&["--master-key-command", &command(&old)]).await;
    assert!(!process.file("master-key").exists());
    let webhook = process.api().register_url("https://example.com").await;
    let secret = process.api().signing_secret(&webhook).await;
    assert!(process.terminate().await.success());
    let both = command(&format!("{old} {new}"));
    process.start_again_with(&["--master-key-command", &both]).await;
    rotate(&process, &["--master-key-command", &both]).await.expect("rotated");
    assert!(process.terminate().await.success());
    process.start_again_with(&["--master-key-command", &command(&new)]).await;
    assert_eq!(process.api().signing_secret(&webhook).await, secret);
    assert!(process.terminate().await.success());

    let script = directory.path().join("fails");
    write_private(&script, "cat \"$1\"; cat \"$1\" >&2; exit 3");
    let failing = format!("sh {} {new}", script.display());
    let error = process.start_error(&["--master-key-command", &failing]).await;
    assert!(error.contains(&format!("(`{failing}`) ended with exit status: 3: run it by hand")), "{error}");
    let key = std::fs::read_to_string(&new).expect("a key file");
    assert!(!error.contains(key.trim()) && !process.log().contains(key.trim()));
    let error = process.start_error(&["--master-key-command", &command(&old)]).await;
    assert!(
        error.contains(&format!("the output of `{}` contains the key {}, which a rotation has retired", command(&old), id_in(&old))),
        "{error}"
    );
}
