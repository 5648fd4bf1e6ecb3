//! Requests to the API. Requests that must succeed use the generated client. All other requests are built by hand.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;
use webhooks_client::types::{self, Problem};
use webhooks_client::{Client as Generated, Error, ResponseValue, RetryPolicy};

use super::eventually;

pub(crate) const PREFIX: &str = "/api/notifications/v1";

/// An API client with or without an access token.
#[derive(Clone)]
pub(crate) struct Api {
    base: String,
    token: Option<String>,
    accept: &'static str,
    http: Client<HttpConnector, Full<Bytes>>,
    generated: Generated,
}

#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl ApiResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON: {error}: {self:?}"))
    }

    /// Returns the body. Panics unless the status is `status`.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Returns the status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["status"], self.status, "{body}");
        (self.status, body["code"].as_str().unwrap_or_else(|| panic!("no code in {body}")).to_owned())
    }

    /// Returns the pointer to the first error in the request body.
    pub(crate) fn pointer(&self) -> Option<String> {
        self.json()["errors"][0]["pointer"].as_str().map(str::to_owned)
    }
}

impl Api {
    pub(super) fn new(base: &str, token: Option<&str>) -> Api {
        let http = Client::builder(TokioExecutor::new()).build_http();
        // The client does not retry, so that a test gets every response.
        let builder = Generated::builder(base).retry(RetryPolicy::never());
        let builder = token.into_iter().fold(builder, |builder, token| builder.token(token));
        let generated = builder.build().expect("a client");
        let accept = "application/json, application/problem+json";
        Api { base: base.to_owned(), token: token.map(str::to_owned), accept, http, generated }
    }

    /// The address to which the client sends its requests.
    pub(crate) fn address(&self) -> SocketAddr {
        self.base.trim_start_matches("http://").parse().expect("an address")
    }

    pub(crate) fn accept(&self) -> &'static str {
        self.accept
    }

    /// Returns a copy of the client that accepts only `application/json`.
    pub(crate) fn accepting_json_only(&self) -> Api {
        Api { accept: "application/json", ..self.clone() }
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().expect("a token")
    }

    /// Sends a request with exactly these headers. In contrast, [`Api::call`] adds the token and the content type.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> ApiResponse {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header name");
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let response = self.http.request(request).await.unwrap_or_else(|error| panic!("no response from {}{path}: {error:?}", self.base));
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the response's body").to_bytes();
        ApiResponse { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a request under [`PREFIX`] with the token and this body.
    pub(crate) async fn call(&self, method: Method, path: &str, extra_headers: &[(&str, &str)], body: impl Into<Bytes>) -> ApiResponse {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![(header::ACCEPT.as_str(), self.accept)];
        let body = body.into();
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        headers.extend(authorization.as_ref().map(|value| ("authorization", value.as_str())));
        headers.extend(extra_headers);
        self.send(method, &format!("{PREFIX}{path}"), &headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> ApiResponse {
        self.call(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> ApiResponse {
        self.call(Method::POST, path, &[], body.to_string()).await
    }

    /// Like [`Api::post`], but returns `None` if the server does not respond.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Option<ApiResponse> {
        let authorization = format!("Bearer {}", self.token.as_deref().unwrap_or_default());
        let request = Request::post(format!("{}{PREFIX}{path}", self.base)).header(header::AUTHORIZATION, authorization);
        self.try_send(request.body(Full::new(body.to_string().into())).expect("a request")).await
    }

    /// Sends a request with an idempotency key, which most operations ignore. Returns `None` if the server does not respond.
    pub(crate) async fn try_call(&self, method: Method, path: &str, key: &str, body: &Value) -> Option<ApiResponse> {
        let request = Request::builder().method(method).uri(format!("{}{PREFIX}{path}", self.base));
        let request = request.header(header::ACCEPT, self.accept).header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token())).header("idempotency-key", key);
        self.try_send(request.body(Full::new(body.to_string().into())).expect("a request")).await
    }

    /// Publishes with an idempotency key. Returns `None` if the server does not respond.
    pub(crate) async fn try_publish(&self, publication: &Value, key: &str) -> Option<ApiResponse> {
        self.try_call(Method::POST, "/notifications", key, publication).await
    }

    /// Returns the status of `/readyz`, or `None` if the server does not respond. The client must be one for the admin listener.
    pub(crate) async fn readiness(&self) -> Option<u16> {
        let request = Request::get(format!("{}/readyz", self.base)).body(Full::default()).expect("a request");
        Some(self.try_send(request).await?.status)
    }

    async fn try_send(&self, request: Request<Full<Bytes>>) -> Option<ApiResponse> {
        let (parts, body) = self.http.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(ApiResponse { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> ApiResponse {
        self.call(Method::PATCH, path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> ApiResponse {
        self.call(Method::DELETE, path, &[], "").await
    }

    /// Returns the generated client, for requests that have no method in [`Api`].
    pub(crate) fn client(&self) -> &Generated {
        &self.generated
    }

    pub(crate) async fn register(&self, registration: &Value) -> Value {
        into_json(self.generated.register_webhook().body(from_json::<types::WebhookRegistration>(registration)).send().await)
    }

    /// Registers a webhook whose callbacks have no authentication, and returns its id.
    pub(crate) async fn register_url(&self, url: &str) -> String {
        id_of(&self.register(&json!({ "targetURL": url })).await)
    }

    /// Returns a webhook without its health, because the health changes with each attempt.
    pub(crate) async fn webhook(&self, id: &str) -> Value {
        let mut webhook = into_json(self.generated.get_webhook().id(uuid(id)).send().await);
        webhook.as_object_mut().expect("an object").remove("health").expect("getWebhook returns the health");
        webhook
    }

    pub(crate) async fn health(&self, id: &str) -> Value {
        into_json(self.generated.get_webhook().id(uuid(id)).send().await)["health"].take()
    }

    pub(crate) async fn update(&self, id: &str, update: &Value) -> Value {
        into_json(self.generated.update_webhook().id(uuid(id)).body(from_json::<types::WebhookUpdate>(update)).send().await)
    }

    pub(crate) async fn deactivate(&self, id: &str) -> Value {
        let body = from_json::<types::WebhookDeactivation>(&json!({ "status": "deactivated" }));
        into_json(self.generated.deactivate_webhook().id(uuid(id)).body(body).send().await)
    }

    pub(crate) async fn activate(&self, id: &str) -> Value {
        let body = from_json::<types::WebhookActivation>(&json!({ "status": "active" }));
        into_json(self.generated.activate_webhook().id(uuid(id)).body(body).send().await)
    }

    pub(crate) async fn delete_webhook(&self, id: &str) {
        into_json(self.generated.delete_webhook().id(uuid(id)).send().await);
    }

    pub(crate) async fn signing_secret(&self, id: &str) -> String {
        into_json(self.generated.get_signing_secret().id(uuid(id)).send().await)["secret"].as_str().expect("a string").to_owned()
    }

    pub(crate) async fn rotate_signing_secret(&self, id: &str, rotation: &Value) -> Value {
        let body = from_json::<types::SigningSecretRotation>(rotation);
        into_json(self.generated.rotate_signing_secret().id(uuid(id)).body(body).send().await)
    }

    pub(crate) async fn test(&self, id: &str) -> Value {
        into_json(self.generated.test_webhook().id(uuid(id)).send().await)
    }

    /// Sends a test callback with the catalogue's example of an event type, and returns the attempt.
    pub(crate) async fn test_with(&self, id: &str, event_type: &str) -> Value {
        let event_type: types::TestWebhookType = event_type.parse().expect("a type");
        into_json(self.generated.test_webhook().id(uuid(id)).type_(event_type).send().await)
    }

    pub(crate) async fn publish(&self, publication: &Value) -> Value {
        into_json(self.generated.publish_notification().body(from_json::<types::NotificationPublication>(publication)).send().await)
    }

    pub(crate) async fn notification(&self, id: &str) -> Value {
        into_json(self.generated.get_notification().id(uuid(id)).send().await)
    }

    pub(crate) async fn delivery(&self, id: &str) -> Value {
        into_json(self.generated.get_delivery().id(uuid(id)).send().await)
    }

    pub(crate) async fn delete_notification(&self, id: &str) {
        into_json(self.generated.delete_notification().id(uuid(id)).send().await);
    }

    pub(crate) async fn redeliver(&self, id: &str) -> Value {
        into_json(self.generated.redeliver().id(uuid(id)).send().await)
    }

    pub(crate) async fn recover(&self, webhook: &str, recovery: &Value) -> Value {
        into_json(self.generated.recover_deliveries().id(uuid(webhook)).body(from_json::<types::DeliveryRecovery>(recovery)).send().await)
    }

    /// Publishes a notification with empty data to the token's account.
    pub(crate) async fn publish_type(&self, event_type: &str) -> Value {
        self.publish(&json!({ "type": event_type, "data": {} })).await
    }

    /// Returns every item of a list, from all its pages.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let glue = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{glue}limit=200{cursor}")).await.expect(200);
            items.extend(page["data"].as_array().expect("an array").iter().cloned());
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Returns the only delivery of a notification, with its attempts.
    pub(crate) async fn delivery_of(&self, notification: &Value) -> Value {
        let page = into_json(self.generated.list_deliveries().notification_id(uuid(&id_of(notification))).send().await);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(1), "{page}");
        self.delivery(&id_of(&page["data"][0])).await
    }

    /// Waits until `count` attempts of a notification's only delivery are recorded, and returns the delivery.
    pub(crate) async fn after_attempts(&self, notification: &Value, count: u64) -> Value {
        eventually(&format!("attempt {count}"), async || {
            let delivery = self.delivery_of(notification).await;
            (delivery["attemptCount"].as_u64() >= Some(count)).then_some(delivery)
        })
        .await
    }
}

pub(crate) fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id in {object}")).to_owned()
}

fn uuid(id: &str) -> Uuid {
    id.parse().expect("an identifier")
}

fn from_json<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("the generated client does not accept {value}: {error}"))
}

fn into_json<T: Serialize>(sent: Result<ResponseValue<T>, Error<Problem>>) -> Value {
    match sent {
        Ok(response) => serde_json::to_value(response.into_inner()).expect("a response is JSON"),
        Err(error) => panic!("request failed: {error}"),
    }
}
