//! Checks that every flag is used in a test. Most flags are tested in the file of their feature. This file tests the log settings.

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory as _;
use serde_json::Value;
use tempfile::TempDir;
use webhooks_server::cli::CommandLine;

use crate::harness::{Process, id_of};

#[test]
fn every_flag_is_used_in_a_test() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut tests = String::new();
    for directory in [directory.join("nodes"), directory.join("migration"), directory.join("keys"), directory] {
        for entry in std::fs::read_dir(directory).expect("the tests") {
            let path = entry.expect("a file").path();
            if path.is_file() {
                tests += &std::fs::read_to_string(path).expect("a text");
            }
        }
    }
    let command = CommandLine::command();
    let flags = command.get_arguments().filter_map(clap::Arg::get_long).map(|name| format!("\"--{name}\""));
    let without: Vec<String> = flags.filter(|flag| !tests.contains(flag)).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Returns the log of a server from its start to its exit.
async fn log_of(wrapper: &[&str], flags: &[&str]) -> String {
    let wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    let mut process = Process::start_wrapped(|_| wrapper, flags).await;
    assert!(process.terminate().await.success());
    process.log()
}

fn json(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok().filter(|line: &Value| line["msg"].is_string() && line["level"].is_string())
}

#[tokio::test]
async fn the_log_format_is_set_by_flag_environment_or_file() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, "[log]\nformat = \"json\"\n").expect("a writable directory");
    let file = file.display().to_string();
    for (wrapper, flags, is_json) in [
        (&[][..], &[][..], false),
        (&[], &["--log-format", "json"], true),
        (&["env", "WEBHOOKS_LOG_FORMAT=json"], &[], true),
        (&[], &["--config", &file], true),
        (&["env", "WEBHOOKS_LOG_FORMAT=text"], &["--config", &file], false),
        (&["env", "WEBHOOKS_LOG_FORMAT=json"], &["--config", &file, "--log-format", "text"], false),
    ] {
        let log = log_of(wrapper, flags).await;
        assert!(log.contains("stopping"), "{log}");
        assert!(log.lines().all(|line| json(line).is_some() == is_json), "{wrapper:?} {flags:?}: {log}");
    }
}

#[tokio::test]
async fn messages_below_the_log_level_are_not_logged() {
    for (level, expected) in [("error", &[][..]), ("warn", &["WARN"]), ("info", &["INFO", "WARN"]), ("debug", &["DEBG", "INFO", "WARN"])] {
        let mut process = Process::start(&["--log-format", "json", "--log-level", level]).await;
        let mut receiver = process.receiver().await;
        let api = process.api();
        api.register_url(&receiver.url()).await;
        let published = api.publish_type("a.b").await;
        assert_eq!(receiver.next().await.id(), id_of(&published));
        api.after_attempts(&published, 1).await;
        // A server that starts while deliveries are paused logs a warning.
        assert!(process.delivery_command(&["pause", "--account", "nobody"]).await.status.success());
        assert!(process.terminate().await.success());
        process.start_again().await;
        assert!(process.terminate().await.success());
        let log = process.log();
        let levels = log.lines().map(|line| json(line).unwrap_or_else(|| panic!("not JSON: {line}"))["level"].as_str().map(str::to_owned));
        let levels: BTreeSet<String> = levels.flatten().collect();
        assert_eq!(levels, expected.iter().map(|level| (*level).to_owned()).collect(), "{level}: {log}");
    }
}
