//! Recovery: deliveries in a time range are made due again.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Reply, Server, Setup, eventually, id_of};

const START: &str = "2026-01-02T15:04:05Z";

/// Starts a receiver, and a server with a manual clock and without retries. Registers a webhook for the receiver.
async fn start_with_webhook() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Publishes `minutes` notifications, at intervals of one minute. All deliveries fail. Returns the ids of the
/// notifications.
async fn publish_during_outage(server: &Server, api: &Api, receiver: &mut Receiver, minutes: usize) -> Vec<String> {
    receiver.always_reply(Reply::Status(500));
    let mut ids = Vec::new();
    for _ in 0..minutes {
        let notification = api.publish_type("a.b").await;
        api.after_attempts(&notification, 1).await;
        receiver.next().await;
        ids.push(id_of(&notification));
        server.advance(TimeDelta::minutes(1));
    }
    receiver.always_reply(Reply::Status(204));
    ids
}

async fn received_ids(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = receiver.next_callbacks(count).await.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    ids
}

async fn problem_of_recovery(api: &Api, id: &str, recovery: &Value) -> (u16, String) {
    let path = format!("/webhooks/{id}/recovery");
    let response = api.post(&path, recovery).await;
    let plain = api.accepting_json_only().call(Method::POST, &path, &[], recovery.to_string()).await;
    assert_eq!(plain.problem(), response.problem());
    response.problem()
}

#[tokio::test]
async fn failed_deliveries_in_a_time_range_are_counted_and_sent_again() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let failed = publish_during_outage(&server, &api, &mut receiver, 4).await;
    let range = json!({ "since": "2026-01-02T15:05:05Z", "until": "2026-01-02T15:07:05Z" });
    let mut counted = range.clone();
    counted["dryRun"] = json!(true);
    assert_eq!(api.recover(&id, &counted).await, json!({ "count": 2 }));
    assert_eq!(api.list("/deliveries?status=failed").await.len(), 4, "counting changes nothing");
    assert_eq!(api.recover(&id, &range).await, json!({ "count": 2 }));
    assert_eq!(received_ids(&mut receiver, 2).await, failed[1..3]);
    eventually("the outcomes", async || (api.list("/deliveries?status=succeeded").await.len() == 2).then_some(())).await;
    assert_eq!(api.recover(&id, &range).await, json!({ "count": 0 }), "a successful delivery is not recovered");
    counted["dryRun"] = json!(false);
    counted["since"] = json!(START);
    assert_eq!(api.recover(&id, &counted).await, json!({ "count": 1 }), "dryRun false recovers");
    assert_eq!(received_ids(&mut receiver, 1).await, failed[..1]);
    let delivery = api.list(&format!("/deliveries?notificationID={}", failed[0])).await.remove(0);
    assert_eq!(api.after_attempts(&json!({ "id": failed[0] }), 2).await["attemptCount"], 2, "{delivery}");
}

#[tokio::test]
async fn deliveries_cancelled_by_a_deactivation_can_be_recovered_after_activation() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let failed = publish_during_outage(&server, &api, &mut receiver, 1).await;
    receiver.reply_to_next([Reply::Status(410)]);
    let rejected_with_410 = api.publish_type("a.b").await;
    api.after_attempts(&rejected_with_410, 1).await;
    receiver.next().await;
    let since = json!({ "since": START });
    assert_eq!(problem_of_recovery(&api, &id, &since).await, (409, "webhook_deactivated".to_owned()));
    api.activate(&id).await;
    // It is possible that the first call only marks deliveries as cancelled, and that later calls recover them.
    let mut recovered = api.recover(&id, &since).await;
    let mut count = recovered["count"].as_u64().expect("a number");
    while let Some(cursor) = recovered.get("cursor") {
        recovered = api.recover(&id, &json!({ "since": START, "cursor": cursor })).await;
        count += recovered["count"].as_u64().expect("a number");
    }
    assert_eq!(count, 2);
    assert_eq!(received_ids(&mut receiver, 2).await, [failed[0].clone(), id_of(&rejected_with_410)]);
}

#[tokio::test]
async fn a_large_recovery_needs_several_calls() {
    let (mut server, api, mut receiver, id) = start_with_webhook().await;
    publish_during_outage(&server, &api, &mut receiver, 1).await;
    server.stop().await;
    // Simulates a long outage: 10,004 copies of the failed delivery, at intervals of 0.5 s.
    let copied = match server.database().is_embedded() {
        true => {
            "INSERT INTO deliveries
             WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 10004)
             SELECT randomblob(16), notification_id, webhook_id, account, epoch, status, lane, sequence, attempt_count, schedule_start, due_at,
                    leased_by, created_at + 500 * n, deaths
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
    let mut request = json!({ "since": START, "dryRun": true });
    let first = api.recover(&id, &request).await;
    assert_eq!(first["count"], 10_000);
    request["cursor"] = first["cursor"].clone();
    assert_eq!(api.recover(&id, &request).await, json!({ "count": 5 }));
    let request = json!({ "since": START });
    let first = api.recover(&id, &request).await;
    assert_eq!(first["count"], 10_000);
    let rest = api.recover(&id, &json!({ "since": START, "cursor": first["cursor"] })).await;
    assert_eq!(rest, json!({ "count": 5 }));
    assert_eq!(api.list("/deliveries?status=failed").await.len(), 0);
    receiver.next_callbacks(100).await;
}

#[tokio::test]
async fn a_recovery_of_an_unknown_webhook_is_not_found() {
    let (_server, api, _receiver, id) = start_with_webhook().await;
    api.delete_webhook(&id).await;
    assert_eq!(problem_of_recovery(&api, &id, &json!({ "since": START })).await, (404, "not_found".to_owned()));
}

async fn change(api: &Api, operation: &str, selection: &Value) -> Value {
    api.post(&format!("/{operation}"), selection).await.expect(202)
}

#[tokio::test]
async fn failures_are_repeated_or_cancelled_by_their_cause() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let failed = publish_during_outage(&server, &api, &mut receiver, 2).await;
    receiver.reply_to_next([Reply::Status(404)]);
    let missing = id_of(&api.publish_type("c.d").await);
    receiver.next().await;
    eventually("the outcome", async || (api.list("/deliveries?status=failed").await.len() == 3).then_some(())).await;
    // The outcome of a status other than 2xx may get finer values, so the test uses the outcome of the first delivery.
    let outcome = api.list(&format!("/deliveries?notificationID={}", failed[0])).await[0]["lastAttempt"]["outcome"].clone();
    let until = server.now() + TimeDelta::seconds(1);
    for (selection, count) in [
        (json!({ "since": START }), 3),
        (json!({ "since": START, "until": until, "type": "a.b" }), 2),
        (json!({ "since": START, "statusCode": 404 }), 1),
        (json!({ "since": START, "outcome": outcome, "statusCode": 500 }), 2),
        (json!({ "since": START, "outcome": "accepted" }), 0),
    ] {
        let mut counted = selection.clone();
        counted["dryRun"] = json!(true);
        assert_eq!(api.recover(&id, &counted).await, json!({ "count": count }), "{selection}");
        counted["webhookID"] = json!(id);
        assert_eq!(change(&api, "redeliveries", &counted).await, json!({ "count": count }), "{selection}");
        assert_eq!(change(&api, "cancellations", &counted).await, json!({ "count": 0 }), "nothing is pending");
    }
    assert_eq!(api.recover(&id, &json!({ "since": START, "type": "c.d" })).await, json!({ "count": 1 }));
    assert_eq!(receiver.next().await.id(), missing);
    let repeated = change(&api, "redeliveries", &json!({ "since": START, "statusCode": 500, "dryRun": false })).await;
    assert_eq!(repeated, json!({ "count": 2 }), "all webhooks of the account are examined");
    assert_eq!(received_ids(&mut receiver, 2).await, failed);
    // A pause holds a delivery, so that it is pending.
    server.platform().await.post("/pauses", &json!({ "id": format!("webhook.{id}") })).await.expect(200);
    let held = api.publish_type("a.b").await;
    assert_eq!(change(&api, "cancellations", &json!({ "since": START })).await, json!({ "count": 1 }));
    assert_eq!(api.delivery_of(&held).await["status"], "cancelled");
    for operation in ["redeliveries", "cancellations"] {
        let unknown = json!({ "since": START, "webhookID": crate::auth::ID });
        for api in [api.clone(), api.accepting_json_only()] {
            let response = api.post(&format!("/{operation}"), &unknown).await;
            assert_eq!((response.problem(), response.pointer()), ((404, "not_found".to_owned()), Some("/webhookID".to_owned())));
        }
    }
    api.deactivate(&id).await;
    let of_webhook = json!({ "since": START, "webhookID": id });
    for api in [api.clone(), api.accepting_json_only()] {
        assert_eq!(api.post("/redeliveries", &of_webhook).await.problem(), (409, "webhook_deactivated".to_owned()));
    }
    assert_eq!(change(&api, "redeliveries", &json!({ "since": START })).await, json!({ "count": 0 }), "a deactivated webhook is skipped");
    let counts: Vec<Value> =
        api.list("/audit-events?action=redeliverDeliveries").await.iter().map(|event| event["count"].clone()).collect();
    assert_eq!(counts, [json!(2)], "a dry run and a skipped webhook have no event");
}

#[tokio::test]
async fn a_change_of_many_webhooks_continues_with_its_cursor() {
    let server = Server::start().await;
    let api = server.api();
    // One call examines at most 40 webhooks.
    for _ in 0..42 {
        api.register_url("https://example.com").await;
    }
    for operation in ["redeliveries", "cancellations"] {
        let first = change(&api, operation, &json!({ "since": START })).await;
        assert_eq!(first["count"], 0);
        let rest = change(&api, operation, &json!({ "since": START, "cursor": first["cursor"] })).await;
        assert_eq!(rest, json!({ "count": 0 }));
    }
}
