//! Retention of old deliveries, and full storage.

use chrono::TimeDelta;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Reply, Setup, eventually, id_of, incompressible};

#[tokio::test]
async fn successful_deliveries_are_deleted_after_their_retention_and_failed_ones_later() {
    // `succeeded_for` and `failed_for` are longer than the retention time plus the maximum delay of the deletion.
    for (flags, succeeded_for, failed_for) in [
        (&[][..], TimeDelta::days(8), TimeDelta::days(35)),
        (&["--keep-succeeded", "2h", "--keep-failed", "3d"], TimeDelta::hours(3), TimeDelta::days(4)),
    ] {
        let server = Setup::dev().manual_clock().flags(&["--retry-schedule", "1s"]).flags(flags).start().await;
        let mut receiver = server.receiver().await;
        receiver.reply_to_next([Reply::Status(204), Reply::Status(500), Reply::Status(500)]);
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
async fn a_full_storage_refuses_new_webhooks_and_notifications() {
    // No disk has a petabyte of free space. The second server uses the embedded store, because a server cannot measure
    // PostgreSQL's disk.
    for setup in [Setup::dev().flags(&["--max-bytes", "1"]), Setup::dev().embedded().flags(&["--min-free-bytes", "1000000000000000"])] {
        let server = setup.start().await;
        let api = server.api();
        for (path, body) in
            [("/webhooks", json!({ "targetURL": "https://example.com" })), ("/notifications", json!({ "type": "a.b", "data": {} }))]
        {
            let response = api.post(path, &body).await;
            assert_eq!(response.problem(), (503, "overloaded".to_owned()));
            assert!(response.headers.contains_key("retry-after"));
            assert!(response.json()["detail"].as_str().is_some_and(|detail| detail.contains("full")), "{}", response.json());
        }
        assert!(api.list("/webhooks").await.is_empty());
    }
}

#[tokio::test]
async fn a_full_storage_still_delivers_and_accepts_more_after_old_data_is_deleted() {
    let server = Setup::dev().manual_clock().capacity(2_000_000).flags(&["--keep-succeeded", "1h"]).start().await;
    let mut receiver = server.receiver().await;
    let gate = std::sync::Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let publication = json!({ "type": "a.b", "data": { "text": incompressible(50_000) } });
    let publish = async || api.post("/notifications", &publication).await;
    let mut accepted = Vec::new();
    let refusal = loop {
        let response = publish().await;
        if response.status != 202 {
            break response;
        }
        accepted.push(id_of(&response.json()));
    };
    assert_eq!(refusal.problem(), (503, "overloaded".to_owned()));
    assert!(refusal.headers.contains_key("retry-after"));
    assert!(accepted.len() > 10, "{}", accepted.len());

    gate.add_permits(accepted.len() + 1);
    let mut received: Vec<String> = receiver.next_callbacks(accepted.len()).await.iter().map(|callback| callback.id().to_owned()).collect();
    received.sort();
    accepted.sort();
    assert_eq!(received, accepted);
    let recorded = async || (api.list("/deliveries?status=succeeded").await.len() == accepted.len()).then_some(());
    eventually("all outcomes to be recorded", recorded).await;
    assert_eq!(publish().await.status, 503, "no delivery is old enough to be deleted");

    server.advance(TimeDelta::hours(2));
    let accepted_again = async || {
        server.database().shrink().await;
        Some(publish().await).filter(|response| response.status == 202)
    };
    let taken = eventually("free space", accepted_again).await;
    assert_eq!(receiver.next().await.id(), id_of(&taken.json()));
}
