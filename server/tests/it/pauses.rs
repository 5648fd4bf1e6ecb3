//! Deliveries that the operator pauses beside the running server.

use crate::harness::{Process, eventually, id_of};

/// What a command prints, if it succeeds: on standard output, and beside it.
async fn delivery(process: &Process, arguments: &[&str]) -> (String, String) {
    let output = process.delivery_command(arguments).await;
    let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    assert!(output.status.success(), "{said}");
    (printed, said)
}

async fn refused(process: &Process, arguments: &[&str]) -> String {
    let output = process.delivery_command(arguments).await;
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[tokio::test]
async fn a_pause_holds_back_what_is_published_also_over_a_restart_until_it_is_resumed() {
    let mut process = Process::start(&[]).await;
    let (mut receiver, mut other) = (process.receiver().await, process.receiver().await);
    let api = process.api();
    let id = api.register_url(&receiver.url()).await;
    api.register_url(&other.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    other.next().await;

    let (_, said) = delivery(&process, &["pause", "--webhook", &id]).await;
    assert!(said.contains(&format!("paused webhook {id}")), "{said}");
    // The command is committed, so that no publish after it begins anything.
    let held = api.publish_type("a.b").await;
    assert_eq!(other.next().await.id(), id_of(&held));
    assert_eq!(api.test(&id).await["outcome"], "accepted", "a test goes out");
    let test = receiver.next().await;
    assert_eq!(test.json()["type"], "webhook.test");

    // What is not recorded when the server is killed comes again.
    let others = async || (api.list("/deliveries?status=pending").await.len() == 1).then_some(());
    eventually("all but the paused one to be recorded", others).await;
    process.kill().await;
    process.start_again().await;
    let later = api.publish_type("a.b").await;
    assert_eq!(other.next().await.id(), id_of(&later));
    let pending = api.list(&format!("/deliveries?webhookID={id}&status=pending")).await;
    assert_eq!(pending.iter().map(|delivery| delivery["attemptCount"].clone()).collect::<Vec<_>>(), [0, 0]);
    assert!(receiver.arrived().is_empty());

    let (_, said) = delivery(&process, &["resume", "--webhook", &id]).await;
    assert!(said.contains(&format!("resumed webhook {id}")), "{said}");
    let mut ids: Vec<String> = receiver.next_of(2).await.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [id_of(&held), id_of(&later)]);
    eventually("the outcomes", async || api.list(&format!("/deliveries?webhookID={id}&status=pending")).await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn the_command_says_what_is_paused_and_what_it_cannot_do() {
    let process = Process::start(&[]).await;
    assert_eq!(delivery(&process, &["status"]).await.0, "nothing is paused\n");
    delivery(&process, &["pause", "--all"]).await;
    delivery(&process, &["pause", "--account", "acme"]).await;
    let (_, said) = delivery(&process, &["pause", "--all"]).await;
    assert!(said.contains("there is a pause of all deliveries already"), "{said}");
    let (printed, _) = delivery(&process, &["status"]).await;
    assert!(printed.lines().count() == 3 && printed.contains("  account acme\n") && printed.contains("  all deliveries\n"), "{printed}");
    let (_, said) = delivery(&process, &["resume", "--all"]).await;
    assert!(said.contains("still paused: account acme"), "{said}");
    assert!(refused(&process, &["resume", "--all"]).await.contains("there is no pause of all deliveries"));
    let missing = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";
    assert!(refused(&process, &["pause", "--webhook", missing]).await.contains("there is no webhook"));
    assert!(refused(&process, &["pause"]).await.contains("--all"));
    assert!(refused(&process, &["pause", "--all", "--account", "acme"]).await.contains("cannot be used with"));
}
