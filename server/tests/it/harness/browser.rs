//! Headless Chromium, controlled through the DevTools protocol. The browser can connect only to this machine.

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

use super::with_timeout;

const FLAGS: [&str; 13] = [
    "--headless",
    // Chromium's sandbox does not work as root or in most containers. The sandbox is not needed, because the browser
    // only loads our page.
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

pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    calls: u64,
    /// The URL of every request that the page started, including failed requests.
    pub(crate) requests: Vec<String>,
    /// Errors of the page: exceptions, and requests that the page's content security policy blocked.
    pub(crate) errors: Vec<String>,
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
            panic!("chromium does not start ({error}); install the Debian package `chromium`, which this test needs");
        });
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = with_timeout("chromium to start", async {
            let mut output = Vec::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
                output.push(line);
            }
            panic!("chromium ended at once:\n{}", output.join("\n"))
        })
        .await;
        // Discards further output. A full pipe would block the browser.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("its DevTools socket");
        let (requests, errors) = (Vec::new(), Vec::new());
        let mut browser = Browser { socket, session: None, calls: 0, requests, errors, _child: child, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true })).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Changes the width of the window, in pixels.
    pub(crate) async fn set_width(&mut self, width: u32) {
        let metrics = json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Loads a page. Opens an empty page first: otherwise a URL with only a new fragment would not load the page again.
    pub(crate) async fn open(&mut self, url: &str) {
        for url in ["about:blank", url] {
            let opened = self.call("Page.navigate", json!({ "url": url })).await;
            assert!(opened["errorText"].is_null(), "{url}: {opened}");
        }
    }

    /// Returns the value of a JavaScript expression. If the value is a promise, waits for its result.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", parameters).await;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result:#}");
        result["result"]["value"].clone()
    }

    /// Evaluates an expression repeatedly. Returns the first value that is not `false`, `null` or `undefined`.
    pub(crate) async fn wait_for(&mut self, expression: &str) -> Value {
        with_timeout(expression, async {
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

    /// Clicks the first button for which `condition` is true. `condition` is a JavaScript expression, in which `text`
    /// is the button's text.
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
        with_timeout(method, async {
            loop {
                let message = self.socket.next().await.expect("chromium runs").expect("a whole message");
                let Message::Text(text) = message else { continue };
                let mut message: Value = serde_json::from_str(&text).expect("JSON");
                if message["id"] == self.calls {
                    assert!(message["error"].is_null(), "{method}: {message}");
                    return message["result"].take();
                }
                self.record_event(&message);
            }
        })
        .await
    }

    fn record_event(&mut self, event: &Value) {
        let details = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.extend(details["request"]["url"].as_str().map(str::to_owned));
            }
            Some("Runtime.exceptionThrown") => self.errors.push(details.to_string()),
            Some("Log.entryAdded") if details["entry"]["level"] == "error" => self.errors.push(details.to_string()),
            _ => {}
        }
    }
}
