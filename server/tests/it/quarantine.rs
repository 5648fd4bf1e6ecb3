//! Deliveries and handshakes that end the server process. The test kills the server when a callback arrives at a
//! certain receiver.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Process, Receiver, Reply, eventually, id_of};

/// Kills the server when a callback arrives at `killer`, and starts it again.
async fn die_at(killer: &mut Receiver, process: &mut Process) {
    killer.next().await;
    process.kill().await;
    process.start_again().await;
}

#[tokio::test]
async fn a_delivery_that_ends_the_process_is_failed_and_all_others_arrive() {
    let mut process = Process::start(&[]).await;
    let [mut killer, mut slow, mut other] = [process.receiver().await, process.receiver().await, process.receiver().await];
    let gate = Arc::new(Semaphore::new(0));
    killer.always_reply(Reply::Hang);
    slow.always_reply(Reply::OkWhenReleased(gate.clone()));
    let api = process.api();
    let mut webhooks = Vec::new();
    for (receiver, event_type) in [(&killer, "a.killer"), (&slow, "a.slow"), (&other, "a.other")] {
        webhooks.push(id_of(&api.register(&json!({ "targetURL": receiver.url(), "eventTypes": [event_type] })).await));
    }
    let crashing = api.publish_type("a.killer").await;
    // The attempt of this delivery is in flight at the first three deaths, but the delivery is not the cause.
    let innocent = api.publish_type("a.slow").await;
    let during = api.publish_type("a.other").await;
    for death in 1..=5 {
        if death <= 3 {
            slow.next().await;
        }
        die_at(&mut killer, &mut process).await;
    }
    let delivery = process.api().after_attempts(&crashing, 1).await;
    assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("failed"), &json!(1)));
    let attempt = &delivery["attempts"][0];
    assert_eq!((&attempt["outcome"], attempt.get("responseBody"), attempt.get("statusCode")), (&json!("aborted"), None, None));
    assert_eq!(killer.count(), 5);

    // The innocent delivery has become a suspect, too. It is attempted after the decision about the other suspect.
    slow.next().await;
    gate.add_permits(1);
    let api = process.api();
    for published in [&innocent, &during] {
        assert_eq!(api.after_attempts(published, 1).await["status"], "succeeded");
    }
    let after = api.publish_type("a.other").await;
    assert_eq!(api.after_attempts(&after, 1).await["status"], "succeeded");
    while other.next().await.id() != id_of(&after) {}
    let reported = "the delivery failed, because the process died";
    process.logged(reported).await;
    let log = process.log();
    let id = delivery["id"].as_str().expect("an id");
    let line = log.lines().find(|line| line.contains(reported)).expect("a line in the log");
    assert!(line.contains(id) && line.contains(&webhooks[0]) && line.contains("default") && line.contains("recoverDeliveries"), "{line}");

    killer.always_reply(Reply::Status(204));
    assert_eq!(api.recover(&webhooks[0], &json!({ "since": crashing["createdAt"] })).await, json!({ "count": 1 }));
    let recovered = api.after_attempts(&crashing, 2).await;
    assert_eq!((&recovered["status"], killer.count()), (&json!("succeeded"), 6));
}

#[tokio::test]
async fn a_suspect_keeps_nothing_of_the_response() {
    let mut process = Process::start(&["--retry-schedule", "1h"]).await;
    let mut killer = process.receiver().await;
    killer.always_reply(Reply::Hang);
    let api = process.api();
    api.register_url(&killer.url()).await;
    let notification = api.publish_type("a.b").await;
    for _ in 1..=3 {
        die_at(&mut killer, &mut process).await;
    }
    let body = "any text".to_owned();
    killer.reply_to_next([
        Reply::Full { status: 500, headers: vec![], body: body.clone() },
        Reply::Full { status: 500, headers: vec![], body },
    ]);
    let api = process.api();
    let delivery = api.after_attempts(&notification, 1).await;
    let attempt = &delivery["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["statusCode"]), (&json!("rejected"), &json!(500)));
    assert_eq!((attempt.get("responseBody"), &delivery["status"]), (None, &json!("pending")), "an outcome ends the suspicion");
    api.post(&format!("/deliveries/{}/redelivery", id_of(&delivery)), &json!({})).await.expect(202);
    let delivery = api.after_attempts(&notification, 2).await;
    assert_eq!(delivery["attempts"][1]["responseBody"], "any text");
}

#[tokio::test]
async fn a_handshake_that_ends_the_process_has_only_the_attempts_of_the_retry_schedule() {
    let mut process = Process::start(&["--require-handshake", "--retry-schedule", "1s"]).await;
    let mut killer = process.receiver().await;
    killer.always_reply(Reply::Hang);
    let webhook = process.api().register_url(&killer.url()).await;
    die_at(&mut killer, &mut process).await;
    die_at(&mut killer, &mut process).await;
    eventually("the end of the handshake", async || process.log().contains("next: none").then_some(())).await;
    assert_eq!(killer.count(), 2);
    assert_eq!(process.api().webhook(&webhook).await["deactivation"]["reason"], "unverified");
}
