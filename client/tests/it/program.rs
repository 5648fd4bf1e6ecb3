//! What the program `webhooks` sends and prints: payloads, and the beginnings of identifiers.

use serde_json::json;
use tokio::process::Command;

use crate::script::{ID, Service, Step, respond, webhook};

/// JSON that a conversion through a JSON value changes.
const DATA: &str = r#"{"m":123456789012345678901234567890,"z":1.0, "a":"\u00e9","a":2}"#;

#[tokio::test]
async fn trigger_publishes_the_example_of_the_catalogue_byte_for_byte() {
    let other = r#"{"name":"a.c","description":"x"}"#;
    let types = format!(r#"{{"data":[{other},{{"name":"a.b","description":"x","example":{DATA}}}]}}"#);
    let types = Step::Respond { status: 200, headers: vec![("content-type", "application/json".to_owned())], body: types };
    let notification = json!({ "id": ID, "type": "a.b", "data": {}, "createdAt": "2006-01-02T15:04:05Z", "deliveryCount": 1 });
    for (event_type, error) in [
        ("a.b", None),
        ("a.c", Some("the catalogue has no example of a.c: give --data")),
        ("a.d", Some("the catalogue of the service does not have a.d: give --data, or one of a.b")),
    ] {
        let api = Service::start([types.clone(), respond(202, &notification)]).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
        command.args(["trigger", event_type, "--url", &api.base_url()]).env_clear().env("API_ACCESS_TOKEN", "token");
        let output = command.output().await.expect("the program runs");
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        match error {
            Some(error) => assert!(!output.status.success() && printed.contains(error), "{printed}"),
            None => {
                assert!(output.status.success(), "{printed}");
                let sent = String::from_utf8(api.take_requests().remove(1).body.to_vec()).expect("UTF-8");
                assert!(sent.contains(&format!(r#""data":{DATA}"#)) && sent.contains(r#""type":"a.b""#), "{sent}");
            }
        }
    }
}

#[tokio::test]
async fn the_beginning_of_an_id_is_enough_if_it_is_unique() {
    let page = |ids: &[&str]| {
        let webhook = |id: &&str| {
            json!({
                "id": id, "createdAt": "2026-01-02T15:04:05Z", "updatedAt": "2026-01-02T15:04:05Z", "targetURL": "https://example.com",
                "auth": { "type": "noauth" }, "status": "active",
            })
        };
        respond(200, &json!({ "data": ids.iter().map(webhook).collect::<Vec<_>>() }))
    };
    let other = ID.replace("3d55", "3d56");
    for (ids, beginning, code, expected) in [
        (&[ID][..], "0197a5a0-3c7e", 0, ID),
        (&[ID, &other], "0197A5A0", 1, "`0197a5a0` is the beginning of several ids; give more characters:\n"),
        (&[ID], "0198", 1, "no webhook has an id that begins with `0198`"),
        (&[], "xyz", 2, "at least 4 characters of its beginning"),
    ] {
        let api = Service::start([page(ids), webhook()]).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
        command.args(["get", beginning, "--url", &api.base_url()]).env_clear().env("API_ACCESS_TOKEN", "token");
        let output = command.output().await.expect("the program runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{text}");
        // clap breaks long lines.
        assert!(text.contains(expected) || text.split_whitespace().collect::<Vec<_>>().join(" ").contains(expected), "{text}");
        let targets: Vec<String> = api.take_requests().into_iter().map(|request| request.target).collect();
        match code {
            0 => assert_eq!(targets[1], format!("/api/notifications/v1/webhooks/{ID}")),
            1 => assert_eq!(targets, ["/api/notifications/v1/webhooks?limit=200"]),
            _ => assert!(targets.is_empty()),
        }
    }
}

#[tokio::test]
async fn a_published_payload_is_sent_and_printed_byte_for_byte() {
    let body = format!(r#"{{"id":"{ID}","type":"a.b","data":{DATA},"createdAt":"2006-01-02T15:04:05Z","deliveryCount":1}}"#);
    let notification = Step::Respond { status: 202, headers: vec![("content-type", "application/json".to_owned())], body };
    for (options, indented) in [(&["--json"][..], false), (&["--output", "jsonl"], false), (&[], true)] {
        let api = Service::start([notification.clone()]).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
        command.args(["publish", "a.b", DATA, "--url", &api.base_url()]).args(options).env_clear().env("API_ACCESS_TOKEN", "token");
        let output = command.output().await.expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let sent = String::from_utf8(api.take_requests().remove(0).body.to_vec()).expect("UTF-8");
        assert!(sent.contains(&format!(r#""data":{DATA}"#)), "{sent}");
        // For people, only spaces and line ends between tokens change.
        let compact = |text: &str| text.replace([' ', '\n'], "");
        if indented {
            assert!(compact(&text).contains(&compact(DATA)), "{text}");
        } else {
            assert!(text.contains(DATA) && text.lines().count() == 1, "{text}");
        }
    }
}
