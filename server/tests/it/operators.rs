//! What operators see with a platform token: the status of the service, and the counts of the accounts.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Reply, Setup, eventually};

async fn status(platform: &Api) -> Value {
    platform.get("/service-status").await.expect(200)
}

#[tokio::test]
async fn the_status_and_the_accounts_show_what_waits() {
    let server = Setup::dev().manual_clock().flags(&["--min-free-bytes", "0"]).start().await;
    let (acme, other, platform, receiver) =
        (server.api_of("acme").await, server.api_of("other").await, server.platform().await, server.receiver().await);
    assert_eq!(platform.get("/accounts").await.expect(200)["data"], json!([]), "an account has a webhook or a delivery");
    receiver.always_reply(Reply::Status(500));
    acme.register_url(&receiver.url()).await;
    let deactivated = other.register_url(&receiver.url()).await;
    other.deactivate(&deactivated).await;
    acme.after_attempts(&acme.publish_type("a.b").await, 1).await;
    let counted = async || {
        let page = platform.get("/accounts?limit=1").await.expect(200);
        (page["data"][0]["pendingDeliveryCount"] == 1 && page["cursor"] == "acme").then_some(page)
    };
    let first = eventually("the counts", counted).await;
    let counts = |account: &str, [active, deactivated, pending]: [u32; 3]| json!([{ "account": account, "activeWebhookCount": active, "deactivatedWebhookCount": deactivated, "pendingDeliveryCount": pending }]);
    assert_eq!((&first["data"], &first["countedAt"]), (&counts("acme", [1, 0, 1]), &json!(server.now())));
    let last = platform.get("/accounts?cursor=acme").await.expect(200);
    assert_eq!((&last["data"], last.get("cursor")), (&counts("other", [0, 1, 0]), None));
    let shown = status(&platform).await;
    assert_eq!((&shown["ready"], &shown["reasons"]), (&json!(true), &json!([])));
    assert_eq!((&shown["storage"]["full"], &shown["storage"]["maxBytes"]), (&json!(false), &json!(0)));
    assert!(shown["storage"]["usedBytes"].as_u64().is_some_and(|bytes| bytes > 0) && shown["storage"].get("diskFreeBytes").is_none());
    let backlog = &shown["backlog"];
    assert_eq!((&backlog["freshDeliveryCount"], &backlog["retryDeliveryCount"]), (&json!(0), &json!(1)));
    assert_eq!((&backlog["activeWebhookCount"], &backlog["deactivatedWebhookCount"]), (&json!(1), &json!(1)));
    assert!(backlog["oldestDueAt"].is_string(), "{backlog}");
}

#[tokio::test]
async fn the_status_has_the_reasons_why_the_service_is_not_ready() {
    let server = Setup::dev().manual_clock().start().await;
    let platform = server.platform().await;
    platform.post("/pauses", &json!({ "id": "all" })).await.expect(200);
    let paused = eventually("the pause", async || Some(status(&platform).await).filter(|shown| shown.get("pausedSince").is_some())).await;
    assert_eq!((&paused["ready"], &paused["pausedSince"]), (&json!(true), &json!(server.now())));
    if server.database().is_embedded() {
        assert!(paused["storage"]["diskFreeBytes"].is_u64(), "{paused}");
    }
    eventually("the count", async || Some(status(&platform).await).filter(|shown| shown.get("backlog").is_some())).await;
    server.database().run("ALTER TABLE pauses RENAME TO lost_pauses").await;
    // The counts fail too, so they become old.
    server.advance(TimeDelta::minutes(11));
    let unready = async || Some(status(&platform).await).filter(|shown| shown["ready"] == false && shown.get("backlog").is_none());
    let shown = eventually("the reason", unready).await;
    assert!(shown["reasons"][0].as_str().is_some_and(|reason| reason.starts_with("the store cannot be read: ")), "{shown}");
    assert!(shown.get("storage").is_none() && shown.get("pausedSince").is_none(), "{shown}");
}
