use tempfile::TempDir;

use super::*;
use crate::harness::{Process, run_binary};

/// Returns the action, the actor and the object of an event.
fn shown(event: &Value) -> (String, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["action"]), text(&event["actor"]), text(&event["object"]["id"]))
}

/// Runs a command that must succeed.
async fn run(arguments: &[&str]) {
    let output = run_binary(arguments).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn platform_of(process: &Process) -> Api {
    process.api_with(&process.token_command(&["create", "--platform", "--scope", "audit.read"]).await)
}

#[tokio::test]
async fn commands_of_the_operator_are_recorded_with_their_user() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("audit.jsonl");
    let name = file.display().to_string();
    let flag = ["--audit-log", name.as_str()];
    let process = Process::start(&flag).await;
    let api = process.api();
    let webhook = api.register_url("https://example.com").await;
    process.token_command(&[&["create", "--account", "default", "--scope", "webhooks.read"][..], &flag[..]].concat()).await;
    let created = api.list("/audit-events?action=token.created").await[0].clone();
    let token = created["object"]["id"].as_str().expect("an identifier").to_owned();
    process.token_command(&[&["revoke", token.as_str()][..], &flag[..]].concat()).await;
    for arguments in [&["pause", "--webhook", &webhook][..], &["resume", "--webhook", &webhook], &["pause", "--account", "default"]] {
        assert!(process.delivery_command(&[arguments, &flag[..]].concat()).await.status.success());
    }
    process.delivery_command(&["pause", "--all"]).await;
    // These commands change nothing.
    process.delivery_command(&["pause", "--all"]).await;
    process.delivery_command(&["resume", "--webhook", &webhook]).await;
    let platform = platform_of(&process).await;
    let events = platform.list("/audit-events").await;
    let of_operator: Vec<&Value> = events.iter().filter(|event| event["actor"] == "operator").skip(1).take(6).collect();
    let row = |action: &str, object: &str| (action.to_owned(), "operator".to_owned(), object.to_owned());
    assert_eq!(
        of_operator.iter().map(|event| shown(event)).collect::<Vec<_>>(),
        [
            row("deliveries.paused", ""),
            row("deliveries.paused", "default"),
            row("deliveries.resumed", &webhook),
            row("deliveries.paused", &webhook),
            row("token.revoked", &token),
            row("token.created", &token),
        ]
    );
    let user = std::process::Command::new("id").arg("-un").output().expect("the command exists on Unix").stdout;
    let user = String::from_utf8(user).expect("UTF-8").trim().to_owned();
    assert!(of_operator.iter().all(|event| event["user"] == *user), "{of_operator:?}");
    let of_account = api.list("/audit-events").await;
    assert!(of_account.iter().filter(|event| event["actor"] == "operator").all(|event| event["account"] == "default"));
    assert_eq!(of_account.iter().filter(|event| event["action"] == "deliveries.paused").count(), 2, "the pause of all concerns no account");
    let appended: Vec<Value> = of_operator[1..].iter().map(|event| (*event).clone()).collect();
    wait_for_lines(&file, &appended).await;
}

#[tokio::test]
async fn a_rotated_token_and_its_successor_have_one_event_each() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("audit.jsonl");
    let name = file.display().to_string();
    let flag = ["--audit-log", name.as_str()];
    let process = Process::start(&flag).await;
    let platform = platform_of(&process).await;
    let list = async |action: &str| platform.list(&format!("/audit-events?action={action}")).await;
    process.token_command(&["create", "--account", "default", "--scope", "webhooks.read"]).await;
    let old = list("token.created").await[0]["object"]["id"].as_str().expect("an identifier").to_owned();
    process.token_command(&[&["rotate", old.as_str()][..], &flag[..]].concat()).await;
    let (rotated, created) = (list("token.rotated").await, list("token.created").await);
    assert_eq!(rotated.iter().map(shown).collect::<Vec<_>>(), [("token.rotated".to_owned(), "operator".to_owned(), old.clone())]);
    assert_ne!(created[0]["object"]["id"], old, "the event of the successor");
    assert_eq!([&rotated[0]["account"], &created[0]["account"]], ["default", "default"]);
    assert!(!process.try_token_command(&["rotate", &old]).await.status.success(), "the token was replaced already");
    assert_eq!((list("token.rotated").await, list("token.created").await), (rotated.clone(), created.clone()));
    wait_for_lines(&file, &[rotated[0].clone(), created[0].clone()]).await;
}

#[tokio::test]
async fn backups_and_restores_are_recorded() {
    let mut process = Process::start_embedded(&[]).await;
    let directory = TempDir::new().expect("a temporary directory");
    let (backup, file) = (directory.path().join("backup.db"), directory.path().join("audit.jsonl"));
    let [backup, file] = [backup.display().to_string(), file.display().to_string()];
    let data_dir = process.data_dir();
    let platform = platform_of(&process).await;
    run(&["backup", &backup, "--data-dir", &data_dir, "--audit-log", &file]).await;
    assert!(!Path::new(&file).exists(), "a command does not create the file of a server");
    std::fs::write(&file, "").expect("a writable directory");
    assert_eq!(platform.list("/audit-events").await[0]["action"], "backup.created");
    process.kill().await;
    run(&["restore", &backup, "--replace", "--data-dir", &data_dir, "--audit-log", &file]).await;
    process.start_again().await;
    let events = platform.list("/audit-events").await;
    assert_eq!(shown(&events[0]), ("backup.restored".to_owned(), "operator".to_owned(), String::new()));
    assert_eq!(events[1]["action"], "token.created", "the event of the backup is newer than the backup");
    assert_eq!(lines(Path::new(&file)), events[..1]);
}

#[tokio::test]
async fn the_lines_can_go_to_standard_error() {
    let process = Process::start(&["--audit-log", "stderr"]).await;
    let id = process.api().register_url("https://example.com").await;
    let line = async || {
        let log = process.log();
        let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.into_iter().find(|event| event["action"] == "registerWebhook")
    };
    assert_eq!(eventually("the line", line).await["object"], json!({ "type": "webhook", "id": id }));
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_prevents_the_start() {
    let directory = TempDir::new().expect("a temporary directory");
    let data_dir = directory.path().join("data").display().to_string();
    let missing = directory.path().join("missing/audit.jsonl").display().to_string();
    let output = run_binary(&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir, "--audit-log", &missing]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains(&format!("cannot open the audit log {missing}")), "{error}");
}
