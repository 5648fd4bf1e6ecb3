//! Deliveries that are made due again, a stretch of them at once.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Reply, Server, Setup, eventually, id_of};

const START: &str = "2026-01-02T15:04:05Z";

/// A server whose time stands still and that tries everything once, and a receiver that is registered there.
async fn registered() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Publishes one notification a minute, which all fail, and answers their ids.
async fn outage(server: &Server, api: &Api, receiver: &mut Receiver, minutes: usize) -> Vec<String> {
    receiver.always(Reply::Status(500));
    let mut ids = Vec::new();
    for _ in 0..minutes {
        let notification = api.publish_type("a.b").await;
        api.after_attempts(&notification, 1).await;
        receiver.next().await;
        ids.push(id_of(&notification));
        server.advance(TimeDelta::minutes(1));
    }
    receiver.always(Reply::Status(204));
    ids
}

async fn arrived_ids(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = receiver.next_of(count).await.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

async fn refused(api: &Api, id: &str, recovery: &Value) -> (u16, String) {
    let path = format!("/webhooks/{id}/recovery");
    let answer = api.post(&path, recovery).await;
    let plain = api.of_plain_json().call(Method::POST, &path, &[], recovery.to_string()).await;
    assert_eq!(plain.problem(), answer.problem());
    answer.problem()
}

#[tokio::test]
async fn what_failed_in_the_stretch_is_counted_and_then_goes_out_again() {
    let (server, api, mut receiver, id) = registered().await;
    let failed = outage(&server, &api, &mut receiver, 4).await;
    let stretch = json!({ "since": "2026-01-02T15:05:05Z", "until": "2026-01-02T15:07:05Z" });
    let mut counted = stretch.clone();
    counted["dryRun"] = json!(true);
    assert_eq!(api.recover(&id, &counted).await, json!({ "count": 2 }));
    assert_eq!(api.list("/deliveries?status=failed").await.len(), 4, "counting changes nothing");
    assert_eq!(api.recover(&id, &stretch).await, json!({ "count": 2 }));
    assert_eq!(arrived_ids(&mut receiver, 2).await, failed[1..3]);
    eventually("the outcomes", async || (api.list("/deliveries?status=succeeded").await.len() == 2).then_some(())).await;
    assert_eq!(api.recover(&id, &stretch).await, json!({ "count": 0 }), "what has succeeded is not recovered");
    counted["dryRun"] = json!(false);
    counted["since"] = json!(START);
    assert_eq!(api.recover(&id, &counted).await, json!({ "count": 1 }), "not to count only is to recover");
    assert_eq!(arrived_ids(&mut receiver, 1).await, failed[..1]);
    let delivery = api.list(&format!("/deliveries?notificationID={}", failed[0])).await.remove(0);
    assert_eq!(api.after_attempts(&json!({ "id": failed[0] }), 2).await["attemptCount"], 2, "{delivery}");
}

#[tokio::test]
async fn what_a_deactivation_cancelled_can_be_recovered_after_activation() {
    let (server, api, mut receiver, id) = registered().await;
    let gone = outage(&server, &api, &mut receiver, 1).await;
    receiver.then([Reply::Status(410)]);
    let refused_for_good = api.publish_type("a.b").await;
    api.after_attempts(&refused_for_good, 1).await;
    receiver.next().await;
    let since = json!({ "since": START });
    assert_eq!(refused(&api, &id, &since).await, (409, "webhook_deactivated".to_owned()));
    api.activate(&id).await;
    // A first call may have been spent on marking what is cancelled.
    let mut recovered = api.recover(&id, &since).await;
    let mut count = recovered["count"].as_u64().expect("a number");
    while let Some(cursor) = recovered.get("cursor") {
        recovered = api.recover(&id, &json!({ "since": START, "cursor": cursor })).await;
        count += recovered["count"].as_u64().expect("a number");
    }
    assert_eq!(count, 2);
    assert_eq!(arrived_ids(&mut receiver, 2).await, [gone[0].clone(), id_of(&refused_for_good)]);
}

#[tokio::test]
async fn more_than_one_call_may_is_recovered_call_by_call() {
    let (mut server, api, mut receiver, id) = registered().await;
    outage(&server, &api, &mut receiver, 1).await;
    server.stop().await;
    // As if the outage had been long: the one failed delivery 10,005 times, half a second apart.
    let copied = match server.database().is_embedded() {
        true => {
            "INSERT INTO deliveries
             WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 10004)
             SELECT randomblob(16), notification_id, webhook_id, account, epoch, status, lane, sequence, attempt_count, schedule_start, due_at,
                    leased_by, created_at + 500 * n
             FROM deliveries, copies"
        }
        false => {
            "INSERT INTO deliveries
             SELECT gen_random_uuid(), notification_id, webhook_id, account, created_at + n * interval '500 milliseconds', ended_at, epoch,
                    attempt_count, schedule_start, status
             FROM deliveries, generate_series(1, 10004) AS n;
             INSERT INTO unsuccessful SELECT id, webhook_id, account, created_at, status FROM deliveries ON CONFLICT DO NOTHING"
        }
    };
    server.database().run(copied).await;
    server.start_again().await;
    let mut asked = json!({ "since": START, "dryRun": true });
    let first = api.recover(&id, &asked).await;
    assert_eq!(first["count"], 10_000);
    asked["cursor"] = first["cursor"].clone();
    assert_eq!(api.recover(&id, &asked).await, json!({ "count": 5 }));
    let asked = json!({ "since": START });
    let first = api.recover(&id, &asked).await;
    assert_eq!(first["count"], 10_000);
    let rest = api.recover(&id, &json!({ "since": START, "cursor": first["cursor"] })).await;
    assert_eq!(rest, json!({ "count": 5 }));
    assert_eq!(api.list("/deliveries?status=failed").await.len(), 0);
    receiver.next_of(100).await;
}

#[tokio::test]
async fn a_webhook_that_is_not_there_has_nothing_to_recover() {
    let (_server, api, _receiver, id) = registered().await;
    api.delete_webhook(&id).await;
    assert_eq!(refused(&api, &id, &json!({ "since": START })).await, (404, "not_found".to_owned()));
}
