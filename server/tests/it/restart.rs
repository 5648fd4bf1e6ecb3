//! The server is stopped, restarted or killed.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::{PREFIX, Process, Reply, Setup, eventually, id_of, with_timeout};

#[tokio::test]
async fn a_pending_delivery_continues_after_a_restart() {
    let mut server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let api = server.api();
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
    let notification = api.publish_type("a.b").await;
    let first = receiver.next().await;
    let before = api.after_attempts(&notification, 1).await;
    server.restart().await;
    assert_eq!(api.webhook(&id_of(&webhook)).await, webhook);
    assert_eq!(api.delivery_of(&notification).await, before);
    server.advance(TimeDelta::seconds(6));
    let second = receiver.next().await;
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert_eq!(first.header("authorization"), second.header("authorization"));
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn a_delivery_that_fell_due_during_a_stop_is_sent_at_the_start() {
    let mut server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&notification, 1).await;
    server.advance(TimeDelta::days(2));
    server.restart().await;
    assert_eq!(receiver.next().await.id(), id_of(&notification));
}

#[tokio::test]
async fn a_stopping_server_waits_for_attempts_in_flight() {
    let mut server = Setup::dev().start().await;
    let mut receiver = server.receiver().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    gate.add_permits(1);
    server.restart().await;
    let delivery = api.delivery_of(&notification).await;
    assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_attempt_that_a_stop_aborts_is_repeated() {
    let mut server = Setup::dev().flags(&["--drain-timeout-seconds", "0"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Hang]);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    server.restart().await;
    assert_eq!(receiver.next().await.id(), id_of(&notification));
    assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded");
}

#[tokio::test]
async fn a_stop_releases_the_leases_of_aborted_attempts() {
    let mut process = Process::start(&["--drain-timeout-seconds", "0"]).await;
    let mut receivers = [process.receiver().await, process.receiver().await];
    let api = process.api();
    for (receiver, ordered) in receivers.iter_mut().zip([false, true]) {
        receiver.always_reply(Reply::Hang);
        api.register(&json!({ "targetURL": receiver.url(), "ordered": ordered })).await;
    }
    for _ in 0..3 {
        api.publish_type("a.b").await;
    }
    for receiver in &mut receivers {
        receiver.next().await;
    }
    assert!(process.terminate().await.success());
    let database = process.database();
    let leased = match database.is_embedded() {
        true => "deliveries WHERE leased_by IS NOT NULL",
        false => "pending WHERE leased_by IN (SELECT incarnation FROM nodes)",
    };
    assert_eq!((database.count("deliveries WHERE status = 0 AND attempt_count = 0").await, database.count(leased).await), (6, 0));
}

#[tokio::test]
async fn stalled_clients_do_not_block_a_stop() {
    let head = format!("POST {PREFIX}/notifications HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    let half_a_body = "content-length: 1000\r\n\r\n{\"type\":";
    // The responses do not fit into the socket buffers, and the client does not read them.
    let unread_responses = "GET /docs HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50);
    for (sent, has_response) in [("POST", false), (&head, false), (half_a_body, false), (&unread_responses, true)] {
        let mut process = Process::start(&["--drain-timeout-seconds", "1"]).await;
        let begin = if sent == half_a_body { format!("{head}authorization: Bearer {}\r\n", process.api().token()) } else { String::new() };
        let mut client = TcpStream::connect(process.address()).await.expect("a listening server");
        client.write_all((begin + sent).as_bytes()).await.expect("a connection");
        if has_response {
            with_timeout("the first response", client.readable()).await.expect("a response");
        }
        // When this response arrives, the server has also read the bytes of the stalled client.
        process.api().get("/webhooks").await.expect(200);
        assert!(process.terminate().await.success(), "{sent}");
    }
}

const NOTIFICATIONS: usize = 1_000;
const PUBLISHERS: usize = 8;
const IN_FLIGHT: usize = 16;

/// Publishes `NOTIFICATIONS` notifications, or fewer if the server is killed. Returns the ids of the accepted notifications.
async fn publish_share(process: &Process) -> Vec<String> {
    let publisher = async || {
        let (api, mut accepted) = (process.api(), Vec::new());
        for _ in 0..NOTIFICATIONS / PUBLISHERS {
            let response = api.try_post("/notifications", &json!({ "type": "a.b", "data": {} })).await;
            let Some(response) = response else { break };
            accepted.push(id_of(&response.expect(202)));
        }
        accepted
    };
    futures_util::future::join_all((0..PUBLISHERS).map(|_| publisher())).await.concat()
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_repeats_only_unrecorded_attempts() {
    let in_flight = IN_FLIGHT.to_string();
    let mut process = Process::start(&["--max-in-flight-per-webhook", &in_flight]).await;
    let mut receiver = process.receiver().await;
    process.api().register_url(&receiver.url()).await;
    let mut received: HashMap<String, usize> = HashMap::new();
    let killed_after = NOTIFICATIONS / 2;
    // Kills the server after half of the callbacks. Some deliveries wait, and some are in flight. Some notifications are not
    // accepted yet.
    let half_way = async {
        let callbacks = receiver.next_callbacks(killed_after).await;
        process.kill_without_waiting().await;
        callbacks
    };
    let (accepted, callbacks) = tokio::join!(publish_share(&process), half_way);
    process.kill().await;
    for callback in callbacks {
        *received.entry(callback.id().to_owned()).or_default() += 1;
    }
    // An outcome is recorded some milliseconds after the attempt. The delivery stays leased until its outcome is recorded.
    let leased =
        if process.database().is_embedded() { "deliveries WHERE leased_by IS NOT NULL" } else { "pending WHERE leased_by IS NOT NULL" };
    let unrecorded = usize::try_from(process.database().count(leased).await).expect("a number");
    assert!(unrecorded < killed_after / 4, "{unrecorded} attempts were in flight or not recorded");
    process.start_again().await;
    let accepted: HashSet<String> = accepted.into_iter().collect();
    assert!(accepted.len() >= killed_after - IN_FLIGHT, "{}", accepted.len());
    while !accepted.iter().all(|id| received.contains_key(id)) {
        *received.entry(receiver.next().await.id().to_owned()).or_default() += 1;
    }
    let api = process.api();
    eventually("every outcome to be recorded", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    for callback in receiver.take_arrived() {
        *received.entry(callback.id().to_owned()).or_default() += 1;
    }
    let stored = api.list("/notifications").await.len();
    assert_eq!(received.len(), stored, "a notification that was stored without a response is delivered, too");
    assert!(stored <= accepted.len() + PUBLISHERS);
    let repeated = received.values().filter(|count| **count > 1).count();
    assert!(repeated <= unrecorded, "{repeated} repeated, {unrecorded} in flight or not recorded");
    assert!(received.values().all(|count| *count <= 2));
}
