//! That an answer means on disk, and what follows when the disk is full or fails.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{Process, Trace, eventually, id_of, strace};

const AT_ONCE: usize = 8;
const EACH: usize = 25;

/// How an accepted answer begins.
const ACCEPTED: &str = "HTTP/1.1 202 ";

#[tokio::test]
async fn an_answer_means_that_it_is_on_disk() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("trace");
    let mut process = Process::start_embedded_under(|_| strace(&file), &[]).await;
    let mut receiver = process.receiver().await;
    let registration = json!({ "targetURL": receiver.url(), "description": "described-webhook-0" });
    let webhook = id_of(&process.api().register(&registration).await);
    let publisher = async |number: usize| {
        let api = process.api();
        let mut markers = Vec::new();
        for count in 0..EACH {
            let marker = format!("marker-{number}-{count}-end");
            api.publish(&json!({ "type": "a.b", "data": { "marker": marker } })).await;
            markers.push(marker);
        }
        markers
    };
    let markers = futures_util::future::join_all((0..AT_ONCE).map(publisher)).await.concat();
    assert_eq!(receiver.next_of(markers.len()).await.len(), markers.len());
    process.api().deactivate(&webhook).await;
    assert!(process.terminate().await.success());

    let trace = Trace::of(&file).await;
    for marker in &markers {
        assert_eq!(trace.judge(&[marker], &[ACCEPTED, marker]), Ok(()));
    }
    assert_eq!(trace.judge(&["described-webhook-0"], &["HTTP/1.1 200 ", "described-webhook-0"]), Ok(()));
    assert_eq!(trace.judge(&["described-webhook-0", "requested"], &["HTTP/1.1 200 ", "\"deactivated\""]), Ok(()));
}

/// Answers each of some rows that it stores one after the other, as the server would.
const STORE_AND_ANSWER: &str = r#"
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
async fn the_trace_tells_what_is_on_disk_from_what_is_not() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    for (synchronous, answers, expected) in [
        ("FULL", "late", Ok(())),
        ("NORMAL", "late", Err("was synced")),
        ("OFF", "late", Err("was synced")),
        ("FULL", "early", Err("was written")),
    ] {
        let directory = TempDir::new().expect("a temporary directory");
        let (file, database) = (directory.path().join("trace"), directory.path().join("stored.db"));
        let mut words = strace(&file);
        words.extend(["python3", "-c", STORE_AND_ANSWER, &database.display().to_string(), synchronous, answers].map(str::to_owned));
        let status = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).status().await;
        assert!(status.expect("strace and python3 are installed").success());
        let trace = Trace::of(&file).await;
        for number in 0..5 {
            let marker = format!("marker-{number}-end");
            let judged = trace.judge(&[&marker], &["202 ", &marker]);
            match expected {
                Ok(()) => assert_eq!(judged, Ok(()), "{synchronous} {answers}"),
                Err(why) => assert!(judged.as_ref().is_err_and(|error| error.ends_with(why)), "{synchronous} {answers}: {judged:?}"),
            }
        }
    }
}

/// The words that start a server of whose calls on its log (`webhooks.db-wal`) some fail.
fn failing(data_dir: &Path, trace: PathBuf, fault: &str) -> Vec<String> {
    let log = data_dir.join("webhooks.db-wal").display().to_string();
    let (trace, fault) = (trace.display().to_string(), format!("inject={fault}"));
    ["strace", "-D", "-f", "-P", &log, "-e", &fault, "-o", &trace].map(str::to_owned).to_vec()
}

/// Publishes until so many were accepted and, in between, some refused; the accepted ones.
async fn publish_through_trouble(process: &Process, most: usize) -> Vec<String> {
    let api = process.api();
    let (mut accepted, mut refused, mut since) = (Vec::new(), 0, 0);
    for _ in 0..most {
        let answer = api.post("/notifications", &json!({ "type": "a.b", "data": {} })).await;
        if answer.status == 202 {
            accepted.push(id_of(&answer.json()));
            since += usize::from(refused > 0);
        } else {
            assert_eq!(answer.problem(), (503, "overloaded".to_owned()));
            assert!(answer.headers.contains_key("retry-after"));
            refused += 1;
        }
        if since == 10 {
            return accepted;
        }
    }
    panic!("{} were accepted, {refused} refused, and then {since} accepted", accepted.len());
}

/// Everything that was accepted is stored and delivered.
async fn audit(process: &Process, accepted: Vec<String>) {
    let api = process.api();
    let delivered = async || {
        let deliveries: Vec<Value> = api.list("/deliveries?status=succeeded").await;
        let ids: HashSet<&str> = deliveries.iter().filter_map(|delivery| delivery["notification"]["id"].as_str()).collect();
        accepted.iter().all(|id| ids.contains(id.as_str())).then_some(())
    };
    eventually("everything accepted to be delivered", delivered).await;
    let waiting = async || api.list("/deliveries?status=pending").await.is_empty().then_some(());
    eventually("nothing to wait", waiting).await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_what_was_accepted_goes_on_when_there_is_room() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    for error in ["ENOSPC", "EDQUOT", "EROFS"] {
        let directory = TempDir::new().expect("a temporary directory");
        let fault = format!("pwrite64:error={error}:when=150..170");
        let process = Process::start_embedded_under(|data_dir| failing(data_dir, directory.path().join("trace"), &fault), &[]).await;
        let receiver = process.receiver().await;
        process.api().register_url(&receiver.url()).await;
        let accepted = publish_through_trouble(&process, 500).await;
        audit(&process, accepted).await;
        assert!(process.log().contains("cannot") || process.log().contains("request failed"), "{}", process.log());
    }
}

#[tokio::test]
async fn a_failed_sync_ends_the_process_and_nothing_accepted_is_lost() {
    if webhooks_postgres::skip_without(&["strace", "python3"]) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let fault = "fsync:error=EIO:when=40";
    let mut process = Process::start_embedded_under(|data_dir| failing(data_dir, directory.path().join("trace"), fault), &[]).await;
    let receiver = process.receiver().await;
    process.api().register_url(&receiver.url()).await;
    let mut accepted = Vec::new();
    while let Some(answer) = process.api().try_post("/notifications", &json!({ "type": "a.b", "data": {} })).await {
        accepted.push(id_of(&answer.expect(202)));
    }
    assert_eq!(process.end().await.code(), Some(74));
    eventually("the reason", async || process.log().contains("the disk failed to sync").then_some(())).await;
    assert!(!accepted.is_empty());
    process.start_again().await;
    audit(&process, accepted).await;
}
