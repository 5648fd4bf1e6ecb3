//! Headless Chromium, told what to do by the DevTools protocol. Any host but this machine is nowhere to it.

use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::patiently;

const FLAGS: [&str; 13] = [
    "--headless",
    // Its sandbox refuses to run as root, and in most containers; it sees no page but ours.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
    "about:blank",
];

/// One browser with one page.
pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    calls: u64,
    /// The URL of every request that the page began, also in vain.
    pub(crate) requests: Vec<String>,
    /// What the page complained of: exceptions, and what its policy refused.
    pub(crate) complaints: Vec<String>,
    _child: Child,
    _profile: TempDir,
}

impl Browser {
    pub(crate) async fn start() -> Browser {
        let profile = TempDir::new().expect("a temporary directory");
        let mut command = Command::new("chromium");
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("chromium does not start ({error}); this test needs it: install the Debian package `chromium`");
        });
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = patiently("chromium to start", async {
            let mut said = Vec::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
                said.push(line);
            }
            panic!("chromium ended at once:\n{}", said.join("\n"))
        })
        .await;
        // Nobody reads on, but a full pipe would hold it up.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("its DevTools socket");
        let (requests, complaints) = (Vec::new(), Vec::new());
        let mut browser = Browser { socket, session: None, calls: 0, requests, complaints, _child: child, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true })).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Opens a page anew, even if only the fragment differs.
    pub(crate) async fn open(&mut self, url: &str) {
        for url in ["about:blank", url] {
            let opened = self.call("Page.navigate", json!({ "url": url })).await;
            assert!(opened["errorText"].is_null(), "{url}: {opened}");
        }
    }

    /// The value of an expression of JavaScript, or what its promise comes to.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer:#}");
        answer["result"]["value"].clone()
    }

    /// Evaluates until the value is neither false, null nor absent. For what a page shows in its own time.
    pub(crate) async fn wait_for(&mut self, expression: &str) -> Value {
        patiently(expression, async {
            loop {
                let value = self.evaluate(expression).await;
                if !matches!(value, Value::Null | Value::Bool(false)) {
                    return value;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    }

    pub(crate) async fn wait_for_text(&mut self, text: &str) {
        self.wait_for(&format!("document.body?.innerText.includes({})", json!(text))).await;
    }

    /// Clicks the first button that `condition`, an expression on its `text`, holds for.
    pub(crate) async fn click(&mut self, condition: &str) {
        let buttons = "[...document.querySelectorAll('button')]";
        let find = format!("{buttons}.find(button => {{ const text = button.innerText; return {condition} }})");
        self.wait_for(&format!("(button => button && (button.click(), true))({find})")).await;
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            call["sessionId"] = session.as_str().into();
        }
        self.socket.send(Message::text(call.to_string())).await.expect("chromium listens");
        patiently(method, async {
            loop {
                let message = self.socket.next().await.expect("chromium runs").expect("a whole message");
                let Message::Text(text) = message else { continue };
                let mut message: Value = serde_json::from_str(&text).expect("JSON");
                if message["id"] == self.calls {
                    assert!(message["error"].is_null(), "{method}: {message}");
                    return message["result"].take();
                }
                self.note(&message);
            }
        })
        .await
    }

    fn note(&mut self, event: &Value) {
        let details = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.extend(details["request"]["url"].as_str().map(str::to_owned));
            }
            Some("Runtime.exceptionThrown") => self.complaints.push(details.to_string()),
            Some("Log.entryAdded") if details["entry"]["level"] == "error" => self.complaints.push(details.to_string()),
            _ => {}
        }
    }
}
