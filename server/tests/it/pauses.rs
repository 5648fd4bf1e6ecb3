//! Pausing and resuming deliveries while the server is running.

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::json;

use crate::harness::{ADMIN_LISTENER, Process, Server, eventually, id_of};

/// Runs a delivery command that must succeed. Returns its standard output and standard error.
async fn run_delivery_command(process: &Process, arguments: &[&str]) -> (String, String) {
    let output = process.delivery_command(arguments).await;
    let [printed, messages] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    assert!(output.status.success(), "{messages}");
    (printed, messages)
}

async fn command_error(process: &Process, arguments: &[&str]) -> String {
    let output = process.delivery_command(arguments).await;
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[tokio::test]
async fn a_pause_survives_a_restart_and_holds_deliveries_until_it_is_resumed() {
    let mut process = Process::start(&[]).await;
    let (mut receiver, mut other) = (process.receiver().await, process.receiver().await);
    let api = process.api();
    let id = api.register_url(&receiver.url()).await;
    let of_other = api.register_url(&other.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    other.next().await;

    let (_, messages) = run_delivery_command(&process, &["pause", "--webhook", &id]).await;
    assert!(messages.contains(&format!("paused webhook {id}")), "{messages}");
    eventually("the line", async || process.log().contains("event: deliveries.paused").then_some(())).await;
    // The pause applies to every notification that is published after the command has ended.
    let held = api.publish_type("a.b").await;
    assert_eq!(other.next().await.id(), id_of(&held));
    assert_eq!(api.test(&id).await["outcome"], "accepted", "a test callback is sent");
    let test = receiver.next().await;
    assert_eq!(test.json()["type"], "webhook.test");

    // Waits until the outcome is recorded. If the process were killed earlier, the server would send this delivery
    // again.
    let recorded = async || api.list(&format!("/deliveries?webhookID={of_other}&status=pending")).await.is_empty().then_some(());
    eventually("the outcome", recorded).await;
    process.kill().await;
    process.start_again().await;
    let later = api.publish_type("a.b").await;
    assert_eq!(other.next().await.id(), id_of(&later));
    let pending = api.list(&format!("/deliveries?webhookID={id}&status=pending")).await;
    assert_eq!(pending.iter().map(|delivery| delivery["attemptCount"].clone()).collect::<Vec<_>>(), [0, 0]);
    assert!(receiver.take_arrived().is_empty());

    let (_, messages) = run_delivery_command(&process, &["resume", "--webhook", &id]).await;
    assert!(messages.contains(&format!("resumed webhook {id}")), "{messages}");
    let mut ids: Vec<String> = receiver.next_callbacks(2).await.iter().map(|callback| callback.id().to_owned()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [id_of(&held), id_of(&later)]);
    eventually("the outcomes", async || api.list(&format!("/deliveries?webhookID={id}&status=pending")).await.is_empty().then_some(()))
        .await;
    process.logged("event: deliveries.resumed").await;
    let log = process.log();
    // Both processes have seen the pause.
    let counts = ["deliveries.paused", "deliveries.resumed"].map(|event| log.matches(&format!("event: {event}")).count());
    assert_eq!(counts, [2, 1], "{log}");
}

#[tokio::test]
async fn the_readiness_shows_a_pause_of_all_deliveries_and_stays_ready() {
    let process = Process::start(&ADMIN_LISTENER).await;
    let admin_api = process.admin_api().await;
    let readiness = async || admin_api.send(Method::GET, "/readyz", &[], "").await.expect(200);
    run_delivery_command(&process, &["pause", "--account", "acme"]).await;
    assert_eq!(readiness().await, json!({ "ready": true, "reasons": [] }));
    run_delivery_command(&process, &["pause", "--all"]).await;
    let paused = async || {
        let readiness = readiness().await;
        readiness.get("pausedSince").is_some().then_some(readiness)
    };
    let paused = eventually("the pause in the readiness", paused).await;
    assert_eq!((&paused["ready"], &paused["reasons"]), (&json!(true), &json!([])));
    let since: DateTime<Utc> = paused["pausedSince"].as_str().expect("a time").parse().expect("a time");
    assert!((0..60).contains(&(Utc::now() - since).num_seconds()), "{since}");
    process.api().publish_type("a.b").await;
    run_delivery_command(&process, &["resume", "--all"]).await;
    eventually("the end of the pause in the readiness", async || readiness().await.get("pausedSince").is_none().then_some(())).await;
}

#[tokio::test]
async fn the_command_lists_pauses_and_explains_errors() {
    let process = Process::start(&[]).await;
    assert_eq!(run_delivery_command(&process, &["status"]).await.0, "nothing is paused\n");
    run_delivery_command(&process, &["pause", "--all"]).await;
    run_delivery_command(&process, &["pause", "--account", "acme"]).await;
    let (_, messages) = run_delivery_command(&process, &["pause", "--all"]).await;
    assert!(messages.contains("there is already a pause of all deliveries"), "{messages}");
    let (printed, _) = run_delivery_command(&process, &["status"]).await;
    assert!(printed.lines().count() == 3 && printed.contains("  account acme\n") && printed.contains("  all deliveries\n"), "{printed}");
    let (_, messages) = run_delivery_command(&process, &["resume", "--all"]).await;
    assert!(messages.contains("still paused: account acme"), "{messages}");
    assert!(command_error(&process, &["resume", "--all"]).await.contains("there is no pause of all deliveries"));
    let missing = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";
    assert!(command_error(&process, &["pause", "--webhook", missing]).await.contains("there is no webhook"));
    assert!(command_error(&process, &["pause"]).await.contains("--all"));
    assert!(command_error(&process, &["pause", "--all", "--account", "acme"]).await.contains("cannot be used with"));
}

#[tokio::test]
async fn a_platform_token_pauses_lists_and_resumes_deliveries() {
    let server = Server::start().await;
    let (api, platform, mut receiver) = (server.api(), server.platform().await, server.receiver().await);
    let webhook = api.register_url(&receiver.url()).await;
    let of_webhook = format!("webhook.{webhook}");
    let pause = async |id: &str| platform.post("/pauses", &json!({ "id": id })).await.expect(200);
    for (id, members) in [
        ("all", json!({})),
        ("account.default", json!({ "account": "default" })),
        (of_webhook.as_str(), json!({ "webhook": { "id": webhook } })),
    ] {
        let paused = pause(id).await;
        let mut expected = members;
        (expected["id"], expected["since"]) = (json!(id), paused["since"].clone());
        assert_eq!(paused, expected);
        assert_eq!(pause(id).await, paused, "the pause stays");
    }
    let held = api.publish_type("a.b").await;
    let page = platform.get("/pauses?limit=2").await.expect(200);
    let ids = |page: &serde_json::Value| page["data"].as_array().expect("items").iter().map(id_of).collect::<Vec<_>>();
    assert_eq!((ids(&page), &page["cursor"]), (vec!["account.default".to_owned(), "all".to_owned()], &json!("all")));
    let rest = platform.get("/pauses?cursor=all").await.expect(200);
    assert_eq!((ids(&rest), rest.get("cursor")), (vec![of_webhook.clone()], None));
    for id in ["all", "account.default"] {
        platform.delete(&format!("/pauses/{id}")).await.expect(204);
        assert_eq!(platform.delete(&format!("/pauses/{id}")).await.problem(), (404, "not_found".to_owned()));
    }
    assert_eq!(api.delivery_of(&held).await["attemptCount"], 0, "the webhook has its own pause");
    platform.delete(&format!("/pauses/{of_webhook}")).await.expect(204);
    assert_eq!(receiver.next().await.id(), id_of(&held));
    let events = platform.list("/audit-events").await;
    let shown: Vec<_> = events.iter().map(|event| (&event["action"], &event["object"])).take(6).collect();
    let (of_webhook, of_account) = (json!({ "type": "webhook", "id": webhook }), json!({ "type": "account", "id": "default" }));
    let objects = [&of_webhook, &of_account, &serde_json::Value::Null];
    let actions = [json!("resumeDeliveries"), json!("pauseDeliveries")];
    let expected: Vec<_> = actions.iter().flat_map(|action| objects.map(|object| (action, object))).collect();
    assert_eq!(shown, expected, "a pause that changes nothing has no event");
    let missing = platform.post("/pauses", &json!({ "id": "webhook.0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55" })).await;
    assert_eq!((missing.problem(), missing.pointer()), ((404, "not_found".to_owned()), Some("/id".to_owned())));
}
