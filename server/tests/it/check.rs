//! `webhooks-server check`: what it finds, and that it changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::harness::{Authority, NameServer, Process, TokenEndpoint, eventually, write_private};

/// Runs the check with these settings. Returns the verdict of each check, the findings, and whether the command succeeded.
async fn check(process: &Process, names: &NameServer, settings: &[&str], options: &[&str]) -> (BTreeMap<String, String>, Value, bool) {
    let address = names.address();
    let common = ["--dev", "--min-free-bytes", "0", "--name-server", &address];
    let output = process.run(&[&common, settings, &["check", "--output", "json"], options].concat()).await;
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(found["ok"], output.status.success(), "{found}");
    assert!([Some(0), Some(1)].contains(&output.status.code()), "{output:?}");
    let text = |finding: &Value, member: &str| finding[member].as_str().expect("a text").to_owned();
    let findings = found["checks"].as_array().expect("a list");
    for finding in findings {
        let complete = ["object", "cause"].iter().all(|member| !text(finding, member).is_empty());
        assert!(complete && (finding["verdict"] == "ok") == finding.get("next").is_none(), "{finding}");
    }
    // If there are several findings of one check, the worst one counts.
    let rank = |verdict: &str| ["ok", "warning", "error"].iter().position(|known| *known == verdict).expect("a known verdict");
    let mut verdicts: BTreeMap<String, String> = BTreeMap::new();
    for finding in findings {
        let (name, verdict) = (text(finding, "check"), text(finding, "verdict"));
        let worst = verdicts.entry(name).or_insert_with(|| verdict.clone());
        if rank(&verdict) > rank(worst) {
            *worst = verdict;
        }
    }
    (verdicts, found.clone(), output.status.success())
}

/// Returns the content and the modification time of each file in a directory.
fn files(directory: &Path) -> BTreeMap<String, (SystemTime, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let content = |path: &Path| {
        let modified = path.metadata().and_then(|metadata| metadata.modified()).expect("a time");
        (path.display().to_string(), (modified, std::fs::read(path).expect("a file")))
    };
    entries.filter(|path| path.is_file()).map(|path| content(&path)).collect()
}

#[tokio::test]
async fn a_check_beside_a_server_or_before_a_start_finds_no_error_and_changes_nothing() {
    let names = NameServer::start().await;
    let mut process = Process::start(&[]).await;
    // Any HTTPS server will do.
    let server = TokenEndpoint::start(&Authority::of_data_dir(Path::new(&process.data_dir())), "client", "secret").await;
    let url = server.url();
    let expected =
        ["authorities", "certificate", "clock", "configuration", "egress", "file_limits", "master_keys", "name_servers", "store"];
    let (_, authority_file) = Authority::create(Path::new(&process.data_dir()));
    let [certificate, key] = Authority::of_data_dir(Path::new(&process.data_dir())).certificate_files(Path::new(&process.data_dir()));
    let authority_file = authority_file.display().to_string();
    let settings = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--ca-file", &authority_file, "--max-in-flight", "1"];
    let (verdicts, found, succeeded) = check(&process, &names, &settings, &["--egress", &url]).await;
    assert!(succeeded, "{found}");
    assert_eq!(verdicts.keys().collect::<Vec<_>>(), expected);
    process.api().register_url(&url).await;
    assert!(process.terminate().await.success());

    let before = files(Path::new(&process.data_dir()));
    let (verdicts, found, succeeded) = check(&process, &names, &[], &[]).await;
    assert!(succeeded && verdicts["store"] == "ok" && verdicts["master_keys"] == "ok", "{found}");
    assert!(files(Path::new(&process.data_dir())) == before, "a check changes no file");
    process.start_again().await;
    eventually("the next start", async || (process.api().list("/webhooks").await.len() == 1).then_some(())).await;
}

#[tokio::test]
async fn each_fault_is_an_error_with_its_object_and_the_next_step() {
    let names = NameServer::start().await;
    let mut process = Process::start_embedded(&[]).await;
    assert!(process.terminate().await.success());
    let directory = process.data_dir();
    let [certificate, key] = Authority::of_data_dir(Path::new(&directory)).expired_files(Path::new(&directory));
    let other_key = process.file("other-key").display().to_string();
    write_private(Path::new(&other_key), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let catalogue = process.file("event-types.json").display().to_string();
    std::fs::write(&catalogue, "{}").expect("a writable directory");
    // No name server and no receiver listens on these ports.
    let closed = || std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").to_string();
    let url = format!("https://{}/", closed());
    for (settings, options, faulty, cause) in [
        (&["--tls-cert-file", &certificate, "--tls-key-file", &key][..], &[][..], "certificate", "expired at 2020-01-02"),
        (&["--tls-cert-file", &key, "--tls-key-file", &key], &[], "certificate", "contains no certificate"),
        (&["--ca-file", &catalogue], &[], "authorities", "contains no certificate"),
        (&["--event-types-file", &catalogue], &[], "configuration", "must contain a JSON list"),
        (&["--master-key-file", &other_key], &[], "master_keys", "secrets are encrypted with the master key"),
        (&["--max-bytes", "1"], &[], "store", "the storage is full"),
        (&[], &["--egress", &url], "egress", "connection_refused"),
        (&[], &["--egress", "https://10.0.0.1/"], "egress", "is not publicly reachable"),
    ] {
        let (verdicts, found, succeeded) = check(&process, &names, settings, options).await;
        let errors: Vec<&String> = verdicts.iter().filter(|(_, verdict)| *verdict == "error").map(|(check, _)| check).collect();
        assert!(!succeeded && errors == [faulty] && found.to_string().contains(cause), "{settings:?}: {found}");
    }
    let address = closed();
    let unanswered = check(&process, &names, &["--name-server", &address], &[]).await;
    assert_eq!((&unanswered.0["name_servers"], unanswered.2), (&"warning".to_owned(), true), "{}", unanswered.1);

    std::fs::write(process.file("webhooks.db"), "no database").expect("a writable directory");
    let (verdicts, found, _) = check(&process, &names, &[], &[]).await;
    assert_eq!(verdicts["store"], "error", "{found}");
    let text = process.run(&["check"]).await;
    let lines = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(lines.lines().any(|line| line.starts_with("error    store ") && line.contains(" -> ")), "{lines}");
    assert_eq!((text.status.code(), json!(lines.contains("AAAA"))), (Some(1), json!(false)));
}
