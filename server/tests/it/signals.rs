//! Signals, and the renewal of the API's certificate while the server runs.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use webhooks_client::Client;

use crate::harness::{Authority, Process, Reply, eventually, spawn_binary_with, with_timeout, write_private};

/// A client that trusts one authority.
fn client(process: &Process, base: &str, authority: &[u8]) -> Client {
    let token = std::fs::read_to_string(process.file("access-token")).expect("the token");
    Client::builder(base).token(token.trim()).authorities(authority).build().expect("a client")
}

async fn is_trusted(client: &Client) -> Option<()> {
    client.list_webhooks().send().await.ok().map(drop)
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let directories = [(); 3].map(|()| tempfile::tempdir().expect("a temporary directory"));
    let [first, second, third] = directories.each_ref().map(|directory| Authority::create(directory.path()));
    let [first_pem, second_pem, third_pem] = [&first, &second, &third].map(|(_, file)| std::fs::read(file).expect("an authority"));
    let [certificate, key] = first.0.certificate_files(directories[0].path());
    let process = Process::start(&["--tls-cert-file", &certificate, "--tls-key-file", &key]).await;
    let base = process.startup_output.lines().next().and_then(|line| Some(line.split_once(" on ")?.1.to_owned())).expect("an address");
    let early = client(&process, &base, &first_pem);
    assert_eq!(is_trusted(&early).await, Some(()));

    // After SIGHUP, new connections get the new certificate. The open connection continues.
    second.0.certificate_files(directories[0].path());
    process.signal("-HUP").await;
    eventually("the new certificate", async || is_trusted(&client(&process, &base, &second_pem)).await).await;
    assert_eq!(is_trusted(&client(&process, &base, &first_pem)).await, None);
    assert_eq!(is_trusted(&early).await, Some(()));

    // The key of another certificate.
    let [other_certificate, _] = third.0.pem_for(&["localhost"]);
    write_private(certificate.as_ref(), &other_certificate);
    process.signal("-HUP").await;
    eventually("the error", async || process.log().contains("the old one stays").then_some(())).await;
    assert_eq!(is_trusted(&client(&process, &base, &second_pem)).await, Some(()));

    // Without a signal, the server finds the change by itself.
    third.0.certificate_files(directories[0].path());
    eventually("the third certificate", async || is_trusted(&client(&process, &base, &third_pem)).await).await;
}

#[tokio::test]
async fn an_expired_certificate_causes_a_warning() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (authority, _) = Authority::create(directory.path());
    let [certificate, key] = authority.expired_files(directory.path());
    let mut process = Process::start(&["--tls-cert-file", &certificate, "--tls-key-file", &key]).await;
    process.terminate().await;
    let log = process.log();
    assert!(log.contains("the TLS certificate of the API has expired") && log.contains("2020-01-02T00:00:00"), "{log}");
}

#[tokio::test]
async fn a_hangup_does_not_end_the_server() {
    let mut process = Process::start(&[]).await;
    process.signal("-HUP").await;
    eventually("the line", async || process.log().contains("there is nothing to reload").then_some(())).await;
    process.api().register_url("https://example.com").await;
    assert!(process.terminate().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once() {
    let mut process = Process::start(&["--attempt-timeout-seconds", "60", "--drain-timeout-seconds", "60"]).await;
    let mut receiver = process.receiver().await;
    receiver.reply_to_next([Reply::Hang]);
    let api = process.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    let interrupted = receiver.next().await;
    process.signal("-INT").await;
    process.logged("a second signal ends the server at once").await;
    process.logged("attempts: 1").await;
    process.signal("-INT").await;
    assert_eq!(process.wait_for_exit().await.code(), Some(1));
    process.start_again().await;
    assert_eq!(receiver.next().await.id(), interrupted.id());
    assert_eq!(process.api().after_attempts(&notification, 1).await["status"], "succeeded");
}

#[tokio::test]
async fn a_server_whose_log_nobody_reads_delivers_and_ends() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data_dir = directory.path().display().to_string();
    let arguments = ["--dev", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--log-level", "debug", "--data-dir", &data_dir];
    let mut child = spawn_binary_with(&arguments, Stdio::piped(), Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let greeting = with_timeout("the greeting", lines.next_line()).await.expect("a line").expect("a greeting");
    let base = greeting.split_once(" on ").expect("an address").1;
    let token = std::fs::read_to_string(directory.path().join("access-token")).expect("the token");
    let client = webhooks_client::connect(base, token.trim()).expect("a client");
    // Each request writes a line of more than 100 bytes. A pipe has at most 64 KiB by default.
    for _ in 0..2000 {
        client.list_webhooks().send().await.expect("a page");
    }
    let process = child.id().expect("a running process").to_string();
    assert!(webhooks_process::command("kill").args(["-TERM", &process]).status().expect("kill runs").success());
    let status = with_timeout("the server to exit", child.wait()).await.expect("a status");
    assert!(status.success(), "{status}");
}
