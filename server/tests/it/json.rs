//! JSON that some parsers cannot read is refused. The client and `verify` can read everything that the service accepts.

use std::num::NonZeroU32;

use http::Method;
use serde_json::{Value, json};
use webhooks_client::callback::{Callback, SigningSecret, verify};

use crate::harness::{Server, id_of};

fn publication(data: &str) -> String {
    format!(r#"{{"type":"a.b","data":{data}}}"#)
}

#[tokio::test]
async fn json_that_some_parsers_cannot_read_is_refused_with_its_position() {
    let server = Server::start().await;
    let api = server.api();
    let levels = |count: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(count), "]".repeat(count));
    for (data, pointer) in [
        (r#"{"n":1e400}"#, "/data/n".to_owned()),
        (r#"{"n":[0,-1e400]}"#, "/data/n/1".to_owned()),
        (&format!(r#"{{"n":{}}}"#, "9".repeat(400)), "/data/n".to_owned()),
        (r#"{"s":"\ud800"}"#, "/data/s".to_owned()),
        (r#"{"s":{"a/b":"x\udc00"}}"#, "/data/s/a~1b".to_owned()),
        (r#"{"\ud800":1}"#, "/data".to_owned()),
        (&levels(63), format!("/data/a{}", "/0".repeat(62))),
        (&levels(127), format!("/data/a{}", "/0".repeat(62))),
        (&levels(10_000), format!("/data/a{}", "/0".repeat(62))),
    ] {
        let response = api.call(Method::POST, "/notifications", &[], publication(data)).await;
        assert_eq!((response.problem(), response.pointer()), ((400, "invalid_request".to_owned()), Some(pointer)), "{data}");
    }
    let registration = r#"{"targetURL":"https://example.com","description":"\ud800"}"#;
    let response = api.call(Method::POST, "/webhooks", &[], registration).await;
    assert_eq!((response.problem().0, response.pointer().as_deref()), (400, Some("/description")));
    assert_eq!(api.list("/notifications").await, Vec::<Value>::new());
}

/// Writes JSON values of each kind. The values are the same in each run.
struct Writer(u64);

impl Writer {
    fn choice<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        choices[usize::try_from(self.0 >> 33).expect("31 bits") % choices.len()]
    }

    fn string(&mut self) -> String {
        let parts = ["a", "\\ud83d\\ude00", "\\ud800", "\\udc00", "\\u0000", "é", "\\\"", "\\/", "\u{10ffff}", "\\uffff", "", "", " "];
        format!("\"{}{}{}\"", self.choice(&parts), self.choice(&parts), self.choice(&parts))
    }

    fn value(&mut self, levels: usize) -> String {
        let numbers =
            ["0", "-0", "1e308", "1e400", "-1E+309", "1e-400", "18446744073709551616", "0.10000000000000000000000000000000000001", "1.0"];
        let kind = self.choice(&["number", "string", "literal", "array", "object", "levels"]);
        match kind {
            "number" => self.choice(&numbers).to_owned(),
            "string" => self.string(),
            "array" if levels > 0 => format!("[{}, {}]", self.value(levels - 1), self.value(levels - 1)),
            "object" if levels > 0 => self.object(levels - 1),
            "levels" => {
                let count = self.choice(&["5", "61", "62", "70", "127"]).parse().expect("a number");
                format!("{}{}", "[".repeat(count), "]".repeat(count))
            }
            _ => self.choice(&["true", "false", "null"]).to_owned(),
        }
    }

    fn object(&mut self, levels: usize) -> String {
        format!("{{{} :{}, {}:{}}}", self.string(), self.value(levels), self.string(), self.value(levels))
    }
}

#[tokio::test]
async fn the_client_and_verify_read_every_accepted_payload() {
    let server = Server::start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url() })).await);
    let secret: SigningSecret = api.signing_secret(&id).await.parse().expect("a signing secret");
    let (mut writer, mut accepted, mut refused) = (Writer(1), 0, 0);
    for _ in 0..400 {
        let data = writer.object(2);
        let response = api.call(Method::POST, "/notifications", &[], publication(&data)).await;
        if response.status == 400 {
            refused += 1;
            continue;
        }
        let published = response.expect(202);
        let callback = receiver.next().await;
        let read: Callback =
            verify(std::slice::from_ref(&secret), &callback.headers, &callback.body, server.now().into()).expect("accepted");
        assert_eq!(Value::from(read.notification.id.to_string()), published["id"]);
        assert!(String::from_utf8_lossy(&callback.body).contains(&data), "the callback has the published bytes: {data}");
        accepted += 1;
    }
    assert!(accepted >= 20 && refused >= 50, "{accepted} accepted, {refused} refused");
    let (mut listed, mut cursor) = (0, None);
    loop {
        let list = api.client().list_notifications().limit(NonZeroU32::new(100).expect("not zero"));
        let list = match cursor {
            Some(cursor) => list.cursor(String::from(cursor)),
            None => list,
        };
        let page = list.send().await.expect("the client reads the page").into_inner();
        listed += page.data.len();
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, accepted);
}
