//! What survives a stop, and what survives a kill.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::{PREFIX, Process, Reply, Setup, eventually, id_of, patiently};

#[tokio::test]
async fn what_was_pending_goes_on_after_a_restart() {
    let mut server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.then([Reply::Status(500)]);
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
async fn what_fell_due_while_the_server_was_away_goes_out_at_once() {
    let mut server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.then([Reply::Status(500)]);
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
async fn a_stopping_server_waits_for_what_is_in_flight() {
    let mut server = Setup::dev().start().await;
    let mut receiver = server.receiver().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
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
async fn what_a_stop_cuts_off_is_attempted_again() {
    let mut server = Setup::dev().flags(&["--drain-timeout-seconds", "0"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.then([Reply::Hang]);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    server.restart().await;
    assert_eq!(receiver.next().await.id(), id_of(&notification));
    assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded");
}

#[tokio::test]
async fn what_a_stop_cuts_off_is_nobodys_afterwards() {
    let mut process = Process::start(&["--drain-timeout-seconds", "0"]).await;
    let mut receivers = [process.receiver().await, process.receiver().await];
    let api = process.api();
    for (receiver, ordered) in receivers.iter_mut().zip([false, true]) {
        receiver.always(Reply::Hang);
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
async fn clients_that_neither_go_on_nor_go_away_do_not_hold_up_a_stop() {
    let head = format!("POST {PREFIX}/notifications HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    let half_a_body = "content-length: 1000\r\n\r\n{\"type\":";
    // Its answers are many times what the system keeps of those that nobody reads.
    let nothing_but_requests = "GET /docs HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50);
    for (sent, has_answer) in [("POST", false), (&head, false), (half_a_body, false), (&nothing_but_requests, true)] {
        let mut process = Process::start(&["--drain-timeout-seconds", "1"]).await;
        let begin = if sent == half_a_body { format!("{head}authorization: Bearer {}\r\n", process.api().token()) } else { String::new() };
        let mut client = TcpStream::connect(process.address()).await.expect("it listens");
        client.write_all((begin + sent).as_bytes()).await.expect("it reads");
        if has_answer {
            patiently("the first answer", client.readable()).await.expect("an answer");
        }
        // What came before this has been read.
        process.api().get("/webhooks").await.expect(200);
        assert!(process.terminate().await.success(), "{sent}");
    }
}

const PUBLISHED: usize = 1_000;
const AT_ONCE: usize = 8;
const IN_FLIGHT: usize = 16;

/// Publishes until it has had its share or the server is gone; the notifications that were accepted.
async fn publish_share(process: &Process) -> Vec<String> {
    let publisher = async || {
        let (api, mut accepted) = (process.api(), Vec::new());
        for _ in 0..PUBLISHED / AT_ONCE {
            let answer = api.try_post("/notifications", &json!({ "type": "a.b", "data": {} })).await;
            let Some(answer) = answer else { break };
            accepted.push(id_of(&answer.expect(202)));
        }
        accepted
    };
    futures_util::future::join_all((0..AT_ONCE).map(|_| publisher())).await.concat()
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_repeats_only_what_was_in_flight() {
    let in_flight = IN_FLIGHT.to_string();
    let mut process = Process::start(&["--max-in-flight-per-webhook", &in_flight]).await;
    let mut receiver = process.receiver().await;
    process.api().register_url(&receiver.url()).await;
    let mut received: HashMap<String, usize> = HashMap::new();
    let killed_after = PUBLISHED / 2;
    // The server is killed in the middle of it: some are accepted and still wait, some are in flight, some come too late.
    let half_way = async {
        let callbacks = receiver.next_of(killed_after).await;
        process.kill_under_way().await;
        callbacks
    };
    let (accepted, callbacks) = tokio::join!(publish_share(&process), half_way);
    process.kill().await;
    for callback in callbacks {
        *received.entry(callback.id().to_owned()).or_default() += 1;
    }
    process.start_again().await;
    let wanted: HashSet<String> = accepted.into_iter().collect();
    assert!(wanted.len() >= killed_after - IN_FLIGHT, "{}", wanted.len());
    while !wanted.iter().all(|id| received.contains_key(id)) {
        *received.entry(receiver.next().await.id().to_owned()).or_default() += 1;
    }
    let api = process.api();
    eventually("everything to be recorded", async || api.list("/deliveries?status=pending").await.is_empty().then_some(())).await;
    for callback in receiver.arrived() {
        *received.entry(callback.id().to_owned()).or_default() += 1;
    }
    let stored = api.list("/notifications").await.len();
    assert_eq!(received.len(), stored, "what was stored without an answer arrives too, and nothing else");
    assert!(stored <= wanted.len() + AT_ONCE);
    let repeated = received.values().filter(|count| **count > 1).count();
    assert!(repeated <= IN_FLIGHT, "{repeated} were repeated");
    assert!(received.values().all(|count| *count <= 2));
}
