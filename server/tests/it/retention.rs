//! What is old goes, and what is new is refused while there is no room for it.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Reply, Setup, eventually, id_of};

#[tokio::test]
async fn what_succeeded_goes_after_its_time_and_what_failed_stays_longer() {
    let server = Setup::dev().manual_clock().flags(&["--retry-schedule", "1s"]).start().await;
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
    server.advance(TimeDelta::days(8));
    gone(format!("/deliveries/{}", id_of(&succeeded))).await;
    gone(format!("/notifications/{}", id_of(&accepted))).await;
    api.delivery(&id_of(&failed)).await;
    api.notification(&id_of(&refused)).await;

    server.advance(TimeDelta::days(27));
    gone(format!("/deliveries/{}", id_of(&failed))).await;
    gone(format!("/notifications/{}", id_of(&refused))).await;
}

#[tokio::test]
async fn a_full_storage_takes_nothing_new() {
    let server = Setup::dev().flags(&["--max-bytes", "1"]).start().await;
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
