//! The program `webhooks` sends and prints the bytes of a payload unchanged.

use tokio::process::Command;

use crate::script::{ID, Service, Step};

/// JSON that a conversion through a JSON value changes.
const DATA: &str = r#"{"m":123456789012345678901234567890,"z":1.0, "a":"\u00e9","a":2}"#;

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
