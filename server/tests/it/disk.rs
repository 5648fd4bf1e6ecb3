//! Tests that data is on disk before the server sends the response. Also tests a full disk and a failing disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{Process, Trace, eventually, id_of, strace_command};

const PUBLISHERS: usize = 8;
const NOTIFICATIONS_EACH: usize = 25;

/// The start of a response to an accepted publication.
const ACCEPTED: &str = "HTTP/1.1 202 ";

#[tokio::test]
async fn a_response_is_sent_only_after_the_data_is_on_disk() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("trace");
    let mut process = Process::start_embedded_wrapped(|_| strace_command(&file), &[]).await;
    let mut receiver = process.receiver().await;
    let registration = json!({ "targetURL": receiver.url(), "description": "described-webhook-0" });
    let webhook = id_of(&process.api().register(&registration).await);
    let publisher = async |number: usize| {
        let api = process.api();
        let mut markers = Vec::new();
        for count in 0..NOTIFICATIONS_EACH {
            let marker = format!("marker-{number}-{count}-end");
            api.publish(&json!({ "type": "a.b", "data": { "marker": marker } })).await;
            markers.push(marker);
        }
        markers
    };
    let markers = futures_util::future::join_all((0..PUBLISHERS).map(publisher)).await.concat();
    assert_eq!(receiver.next_callbacks(markers.len()).await.len(), markers.len());
    process.api().deactivate(&webhook).await;
    assert!(process.terminate().await.success());

    let trace = Trace::read(&file).await;
    for marker in &markers {
        assert_eq!(trace.check_synced_before_send(&[marker], &[ACCEPTED, marker]), Ok(()));
    }
    assert_eq!(trace.check_synced_before_send(&["described-webhook-0"], &["HTTP/1.1 200 ", "described-webhook-0"]), Ok(()));
    assert_eq!(trace.check_synced_before_send(&["described-webhook-0", "requested"], &["HTTP/1.1 200 ", "\"deactivated\""]), Ok(()));
}

/// A Python program that stores five rows. If its third argument is `early`, it sends a response before it stores each
/// row. If the argument is `late`, it sends each response after the row is stored.
const STORE_AND_RESPOND: &str = r#"
import socket, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = wal")
database.execute("PRAGMA synchronous = " + sys.argv[2])
database.execute("CREATE TABLE stored (text TEXT)")
ours, theirs = socket.socketpair()
for number in range(5):
    text = "marker-%d-end" % number
    if sys.argv[3] == "early":
        ours.sendall(b"202 " + text.encode())
    database.execute("INSERT INTO stored VALUES (?)", (text,))
    if sys.argv[3] == "late":
        ours.sendall(b"202 " + text.encode())
"#;

#[tokio::test]
async fn the_trace_shows_whether_data_was_synced_before_the_response() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    for (synchronous, responses, expected) in [
        ("FULL", "late", Ok(())),
        ("NORMAL", "late", Err("was synced")),
        ("OFF", "late", Err("was synced")),
        ("FULL", "early", Err("was written")),
    ] {
        let directory = TempDir::new().expect("a temporary directory");
        let (file, database) = (directory.path().join("trace"), directory.path().join("stored.db"));
        let mut words = strace_command(&file);
        words.extend(["python3", "-c", STORE_AND_RESPOND, &database.display().to_string(), synchronous, responses].map(str::to_owned));
        let status = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).status().await;
        assert!(status.expect("strace and python3 are installed").success());
        let trace = Trace::read(&file).await;
        for number in 0..5 {
            let marker = format!("marker-{number}-end");
            let result = trace.check_synced_before_send(&[&marker], &["202 ", &marker]);
            match expected {
                Ok(()) => assert_eq!(result, Ok(()), "{synchronous} {responses}"),
                Err(why) => assert!(result.as_ref().is_err_and(|error| error.ends_with(why)), "{synchronous} {responses}: {result:?}"),
            }
        }
    }
}

/// Returns the strace command that makes system calls on the write-ahead log (`webhooks.db-wal`) fail.
fn with_faults(data_dir: &Path, trace: PathBuf, fault: &str) -> Vec<String> {
    let log = data_dir.join("webhooks.db-wal").display().to_string();
    let (trace, fault) = (trace.display().to_string(), format!("inject={fault}"));
    ["strace", "-D", "-f", "-P", &log, "-e", &fault, "-o", &trace].map(str::to_owned).to_vec()
}

/// Publishes until the server has refused a request, and has then accepted 10 requests. Returns the ids of all accepted
/// notifications.
async fn publish_through_faults(process: &Process, max_requests: usize) -> Vec<String> {
    let api = process.api();
    let (mut accepted, mut refused, mut accepted_after_refusal) = (Vec::new(), 0, 0);
    for _ in 0..max_requests {
        let response = api.post("/notifications", &json!({ "type": "a.b", "data": {} })).await;
        if response.status == 202 {
            accepted.push(id_of(&response.json()));
            accepted_after_refusal += usize::from(refused > 0);
        } else {
            assert_eq!(response.problem(), (503, "overloaded".to_owned()));
            assert!(response.headers.contains_key("retry-after"));
            refused += 1;
        }
        if accepted_after_refusal == 10 {
            return accepted;
        }
    }
    panic!("{} accepted, {refused} refused, {accepted_after_refusal} accepted after a refusal", accepted.len());
}

async fn expect_all_delivered(process: &Process, accepted: Vec<String>) {
    let api = process.api();
    let delivered = async || {
        let deliveries: Vec<Value> = api.list("/deliveries?status=succeeded").await;
        let ids: HashSet<&str> = deliveries.iter().filter_map(|delivery| delivery["notification"]["id"].as_str()).collect();
        accepted.iter().all(|id| ids.contains(id.as_str())).then_some(())
    };
    eventually("every accepted notification to be delivered", delivered).await;
    let waiting = async || api.list("/deliveries?status=pending").await.is_empty().then_some(());
    eventually("no pending deliveries", waiting).await;
}

#[tokio::test]
async fn a_full_disk_refuses_requests_and_loses_nothing_accepted() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    for error in ["ENOSPC", "EDQUOT", "EROFS"] {
        let directory = TempDir::new().expect("a temporary directory");
        let fault = format!("pwrite64:error={error}:when=150..170");
        let process = Process::start_embedded_wrapped(|data_dir| with_faults(data_dir, directory.path().join("trace"), &fault), &[]).await;
        let receiver = process.receiver().await;
        process.api().register_url(&receiver.url()).await;
        let accepted = publish_through_faults(&process, 500).await;
        expect_all_delivered(&process, accepted).await;
        let reported = async || ["cannot", "request failed"].iter().any(|text| process.log().contains(text)).then_some(());
        eventually("a line about the fault", reported).await;
    }
}

#[tokio::test]
async fn a_failed_sync_ends_the_process_and_nothing_accepted_is_lost() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let fault = "fsync:error=EIO:when=40";
    let mut process = Process::start_embedded_wrapped(|data_dir| with_faults(data_dir, directory.path().join("trace"), fault), &[]).await;
    let receiver = process.receiver().await;
    process.api().register_url(&receiver.url()).await;
    let mut accepted = Vec::new();
    while let Some(response) = process.api().try_post("/notifications", &json!({ "type": "a.b", "data": {} })).await {
        accepted.push(id_of(&response.expect(202)));
    }
    assert_eq!(process.wait_for_exit().await.code(), Some(74));
    eventually("the reason", async || process.log().contains("the disk failed to sync").then_some(())).await;
    assert!(!accepted.is_empty());
    process.start_again().await;
    expect_all_delivered(&process, accepted).await;
}
