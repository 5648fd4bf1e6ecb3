//! What is old goes, and what is new is refused while there is no room for it.

use chrono::TimeDelta;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Reply, Setup, eventually, id_of, incompressible};

#[tokio::test]
async fn what_succeeded_goes_after_its_time_and_what_failed_stays_longer() {
    // The times that are kept, and a little more than what may pass until it is all gone.
    for (flags, succeeded_for, failed_for) in [
        (&[][..], TimeDelta::days(8), TimeDelta::days(35)),
        (&["--keep-succeeded", "2h", "--keep-failed", "3d"], TimeDelta::hours(3), TimeDelta::days(4)),
    ] {
        let server = Setup::dev().manual_clock().flags(&["--retry-schedule", "1s"]).flags(flags).start().await;
        let mut receiver = server.receiver().await;
        receiver.then([Reply::Status(204), Reply::Status(500), Reply::Status(500)]);
        let api = server.api();
        api.register_url(&receiver.url()).await;
        let accepted = api.publish_type("a.b").await;
        receiver.next().await;
        let succeeded = api.after_attempts(&accepted, 1).await;
        let refused = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&refused, 1).await;
        server.advance(TimeDelta::seconds(2));
        receiver.next().await;
        let failed = api.after_attempts(&refused, 2).await;
        assert_eq!((&succeeded["status"], &failed["status"]), (&json!("succeeded"), &json!("failed")));

        let gone = async |path: String| eventually(&path, async || (api.get(&path).await.status == 404).then_some(())).await;
        server.advance(succeeded_for);
        gone(format!("/deliveries/{}", id_of(&succeeded))).await;
        gone(format!("/notifications/{}", id_of(&accepted))).await;
        api.delivery(&id_of(&failed)).await;
        api.notification(&id_of(&refused)).await;

        server.advance(failed_for - succeeded_for);
        gone(format!("/deliveries/{}", id_of(&failed))).await;
        gone(format!("/notifications/{}", id_of(&refused))).await;
    }
}

#[tokio::test]
async fn a_full_storage_takes_nothing_new() {
    // A petabyte is free nowhere. Of PostgreSQL's disk a server sees nothing.
    for setup in [Setup::dev().flags(&["--max-bytes", "1"]), Setup::dev().embedded().flags(&["--min-free-bytes", "1000000000000000"])] {
        let server = setup.start().await;
        let api = server.api();
        for (path, body) in
            [("/webhooks", json!({ "targetURL": "https://example.com" })), ("/notifications", json!({ "type": "a.b", "data": {} }))]
        {
            let answer = api.post(path, &body).await;
            assert_eq!(answer.problem(), (503, "overloaded".to_owned()));
            assert!(answer.headers.contains_key("retry-after"));
            assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("full")), "{}", answer.json());
        }
        assert!(api.list("/webhooks").await.is_empty());
    }
}

#[tokio::test]
async fn a_full_storage_delivers_what_it_took_and_takes_more_once_that_is_old() {
    let server = Setup::dev().manual_clock().room(2_000_000).flags(&["--keep-succeeded", "1h"]).start().await;
    let mut receiver = server.receiver().await;
    let gate = std::sync::Arc::new(Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let publication = json!({ "type": "a.b", "data": { "text": incompressible(50_000) } });
    let publish = async || api.post("/notifications", &publication).await;
    let mut accepted = Vec::new();
    let refusal = loop {
        let answer = publish().await;
        if answer.status != 202 {
            break answer;
        }
        accepted.push(id_of(&answer.json()));
    };
    assert_eq!(refusal.problem(), (503, "overloaded".to_owned()));
    assert!(refusal.headers.contains_key("retry-after"));
    assert!(accepted.len() > 10, "{}", accepted.len());

    gate.add_permits(accepted.len() + 1);
    let mut received: Vec<String> = receiver.next_of(accepted.len()).await.iter().map(|callback| callback.id().to_owned()).collect();
    received.sort();
    accepted.sort();
    assert_eq!(received, accepted);
    let recorded = async || (api.list("/deliveries?status=succeeded").await.len() == accepted.len()).then_some(());
    eventually("all of them to be recorded", recorded).await;
    assert_eq!(publish().await.status, 503, "none of them is old");

    server.advance(TimeDelta::hours(2));
    let room = async || {
        server.database().shrink().await;
        Some(publish().await).filter(|answer| answer.status == 202)
    };
    let taken = eventually("room", room).await;
    assert_eq!(receiver.next().await.id(), id_of(&taken.json()));
}
