//! Records the exchanges of the charging stations. A real HTTP server and a real receiver of callbacks run for this
//! purpose.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use dropshot::{
    ApiDescription, Body, ConfigDropshot, HttpError, HttpServer, Path, RequestContext, ServerBuilder, ServerContext, UntypedBody, endpoint,
};
use openapi_proof::evidence::{ApiExchange, Callback, Caller, Exchange, Header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::station::{InMemory, Stations, TOKEN, station_api_mod};

type Recorded = Arc<Mutex<Vec<Exchange>>>;

#[derive(Deserialize, JsonSchema)]
struct ReportPath {
    /// The status with which the receiver responds.
    status: u16,
}

#[endpoint { method = POST, path = "/report/{status}" }]
async fn report(rqctx: RequestContext<Recorded>, path: Path<ReportPath>, body: UntypedBody) -> Result<http::Response<Body>, HttpError> {
    let status = path.into_inner().status;
    let headers = rqctx.request.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let callback = Callback {
        name: Some("finished".to_owned()),
        method: "POST".to_owned(),
        headers: headers.collect(),
        authentication: None,
        body: body.as_str()?.to_owned(),
        status: Some(status),
        response_headers: Vec::new(),
    };
    rqctx.context().lock().expect("no holder panics").push(Exchange::Callback(callback));
    Ok(http::Response::builder().status(status).body(Body::empty()).expect("a response"))
}

fn serve<C: ServerContext>(api: ApiDescription<C>, context: C) -> HttpServer<C> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    ServerBuilder::new(api, context, log).config(ConfigDropshot::default()).start().expect("a server")
}

struct Client {
    http: reqwest::Client,
    base: String,
    recorded: Recorded,
}

impl Client {
    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let url = format!("{}{path}?{query}", self.base);
        let mut request = self.http.request(method.parse().expect("a method"), url);
        let mut headers: Vec<Header> = Vec::new();
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &body {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let response_headers = response.headers().iter();
        let response_headers =
            response_headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
        let text = response.text().await.expect("a body");
        let value = serde_json::from_str(&text).unwrap_or_default();
        let exchange = ApiExchange {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            caller: token.map_or(Caller::WithoutToken, |_| Caller::Scopes(BTreeSet::new())),
            request_headers: headers,
            request_body: Some(body.map(|body| body.to_string()).unwrap_or_default()),
            status,
            response_headers,
            response_body: text,
        };
        self.recorded.lock().expect("no holder panics").push(Exchange::Api(exchange));
        (status, value)
    }
}

/// Returns exchanges that show every statement of the document.
pub(crate) async fn recorded() -> Vec<Exchange> {
    let recorded = Recorded::default();
    let mut receiver = ApiDescription::new();
    receiver.register(report).expect("an endpoint");
    let receiver = serve(receiver, recorded.clone());
    let stations = Arc::new(Stations::default());
    let service = serve(station_api_mod::api_description::<InMemory>().expect("the API is valid"), stations.clone());
    let client = Client { http: reqwest::Client::default(), base: format!("http://{}", service.local_addr()), recorded: recorded.clone() };
    let report_to = |status: u16| format!("http://{}/report/{status}", receiver.local_addr());
    let start = |limit: Option<u16>, report_to: String| Some(json!({"plate": "AB 123", "limit": limit, "reportTo": report_to}));
    let without_limit = Some(json!({"plate": "AB 123", "reportTo": report_to(204)}));
    let token = Some(TOKEN);

    let (status, first) = client.call("POST", "/stations/1/sessions", token, start(Some(30), report_to(204))).await;
    assert_eq!(status, 201, "{first}");
    let (_, second) = client.call("POST", "/stations/2/sessions", token, start(None, report_to(410))).await;
    let (_, third) = client.call("POST", "/stations/3/sessions", token, start(None, "http://127.0.0.1:1/".to_owned())).await;
    for (path, body, expected) in [
        ("/stations/1/sessions", start(None, report_to(204)), 409),
        ("/stations/0/sessions", start(None, report_to(204)), 404),
        ("/stations/4/sessions", start(Some(101), report_to(204)), 400),
    ] {
        assert_eq!(client.call("POST", path, token, body).await.0, expected, "{path}");
    }
    let stop = |session: &Value| format!("/sessions/{}", session["id"].as_str().expect("an identifier"));
    assert_eq!(client.call("DELETE", &stop(&first), token, None).await.0, 204);
    assert_eq!(client.call("DELETE", &stop(&second), token, None).await.0, 204);
    assert_eq!(client.call("DELETE", &stop(&third), token, None).await.0, 500);
    assert_eq!(client.call("DELETE", "/sessions/7", token, None).await.0, 400);
    assert_eq!(client.call("DELETE", "/sessions/00000000-0000-0000-0000-000000000000", token, None).await.0, 400);
    assert_eq!(client.call("DELETE", "/sessions/0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", token, None).await.0, 404);
    for (path, expected) in [("/sessions", 200), ("/sessions?state=finished&limit=1", 200), ("/sessions?limit=0", 400)] {
        assert_eq!(client.call("GET", path, token, None).await.0, expected, "{path}");
    }
    let (_, fourth) = client.call("POST", "/stations/9/sessions", token, without_limit).await;
    assert_eq!(client.call("GET", "/sessions?state=charging", token, None).await.1["items"][0]["id"], fourth["id"]);
    for (is_broken, token, expected) in [(false, None, 401), (true, token, 500)] {
        stations.broken.store(is_broken, Ordering::Relaxed);
        for (method, path, body) in [
            ("POST", "/stations/1/sessions", start(None, report_to(204))),
            ("GET", "/sessions", None),
            ("DELETE", "/sessions/0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55", None),
        ] {
            assert_eq!(client.call(method, path, token, body).await.0, expected, "{path}");
        }
    }
    for server in [service.close().await, receiver.close().await] {
        server.expect("the server shuts down");
    }
    std::mem::take(&mut recorded.lock().expect("no holder panics"))
}
