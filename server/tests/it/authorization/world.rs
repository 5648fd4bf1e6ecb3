//! Two accounts with objects of every kind, and tokens of every kind.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};
use webhooks_server_api::Scope;

use super::document::{Names, Object, Operation};
use crate::harness::{Api, Receiver, Server, Setup, id_of};

/// The event types of the catalogue. The examples of the bodies in openapi.json use the first one. There are two, so that
/// the first page of the catalogue can have a cursor.
const EVENT_TYPES: [&str; 2] = ["catalog.purchase.closed", "catalog.purchase.opened"];

/// An account with objects of every kind.
pub(super) struct Owner {
    pub(super) account: &'static str,
    /// A client with every scope.
    pub(super) api: Api,
    platform: Api,
    /// The most recent object of each kind.
    pub(super) objects: BTreeMap<Object, String>,
    /// Texts that no response to another account may contain.
    pub(super) private: Vec<String>,
}

impl Owner {
    /// Creates two objects of each kind, so that the first page of each list can have a cursor.
    async fn create(server: &Server, receiver: &Receiver, account: &'static str) -> Owner {
        let (api, platform) = (server.api_of(account).await, server.platform().await);
        let mut owner = Owner { account, api, platform, objects: BTreeMap::new(), private: vec![marker(account)] };
        for _ in 0..2 {
            let auth = json!({ "type": "basic", "username": marker(account), "password": "p" });
            owner.create_objects(receiver, &auth).await;
        }
        owner
    }

    /// Creates an object of each kind. All texts that the API returns contain the marker of the account.
    pub(super) async fn create_objects(&mut self, receiver: &Receiver, auth: &Value) {
        let marker = marker(self.account);
        let headers = json!([{ "name": format!("X-Test-{marker}"), "value": "v" }]);
        let headers = if auth["type"] == "noauth" { json!([]) } else { headers };
        let registration =
            json!({ "targetURL": format!("{}/{marker}", receiver.url()), "auth": auth, "headers": headers, "description": marker });
        let webhook = id_of(&self.api.register(&registration).await);
        let publication = json!({ "type": EVENT_TYPES[0], "data": { "text": marker }, "webhook": { "id": webhook } });
        let notification = self.api.publish(&publication).await;
        // Later, nothing changes the delivery, because its only attempt has succeeded.
        let delivery = id_of(&self.api.after_attempts(&notification, 1).await);
        self.private.push(self.api.signing_secret(&webhook).await);
        // No later callback is sent to this webhook.
        let pause = id_of(&self.platform.post("/pauses", &json!({ "id": format!("webhook.{webhook}") })).await.expect(200));
        let of_notification = [(Object::Notification, id_of(&notification)), (Object::Delivery, delivery)];
        self.objects = [(Object::Webhook, webhook), (Object::Pause, pause)].into_iter().chain(of_notification).collect();
        self.private.extend(self.objects.values().cloned());
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names { account: None, objects: &self.objects }
    }

    /// Returns the responses of every reading operation that the account may call, with two exceptions. The audit log changes,
    /// because one of these operations reads the signing secret, which adds an event. Statistics change with the time. The
    /// responses show every other object of the account.
    pub(super) async fn state(&self, operations: &[Operation]) -> Vec<(String, Value)> {
        let mut state = Vec::new();
        let reads = |operation: &&Operation| {
            let changes_itself = ["getStatistics", "listAuditEvents"].contains(&operation.id.as_str());
            operation.method == http::Method::GET && !changes_itself && !operation.is_for_platform
        };
        for operation in operations.iter().filter(reads) {
            let request = operation.request(&self.names(), &[]);
            let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let response = self.api.call(operation.method.clone(), &request.path, &headers, request.body).await;
            state.push((operation.id.clone(), response.expect(200)));
        }
        state
    }
}

fn marker(account: &str) -> String {
    format!("marker-of-{account}")
}

/// The texts of access tokens.
pub(super) struct Tokens {
    /// Each scope, and a token of the account `ours` with only this scope.
    pub(super) only: Vec<(Scope, String)>,
    /// Each scope, and a token of the account `ours` with all other scopes.
    pub(super) without: Vec<(Scope, String)>,
    /// Each scope, and a platform token with only this scope.
    pub(super) platform: Vec<(Scope, String)>,
    pub(super) expired: String,
    pub(super) revoked: String,
    /// A token that the server has never stored.
    pub(super) unknown: String,
}

impl Tokens {
    async fn create(server: &Server, account: &str) -> Tokens {
        let (mut only, mut without, mut platform) = (Vec::new(), Vec::new(), Vec::new());
        for scope in Scope::ALL {
            let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
            only.push((scope, server.token(Some(account), &[scope], None).await));
            without.push((scope, server.token(Some(account), &others, None).await));
            platform.push((scope, server.token(None, &[scope], None).await));
        }
        let expired = server.token(Some(account), &Scope::ALL, Some(server.now() - TimeDelta::seconds(1))).await;
        let revoked = server.token(Some(account), &Scope::ALL, None).await;
        server.revoke_token(&revoked).await;
        let unknown = server.unknown_token().await;
        Tokens { only, without, platform, expired, revoked, unknown }
    }
}

pub(super) struct World {
    pub(super) ours: Owner,
    pub(super) theirs: Owner,
    pub(super) tokens: Tokens,
    pub(super) receiver: Receiver,
    _server: Server,
}

impl World {
    pub(super) async fn start() -> World {
        let catalogue = EVENT_TYPES.map(|name| json!({ "name": name, "description": "An event type of the matrix" }));
        // The examples in openapi.json have URLs with names. Nothing listens on this port, so no name is found.
        let setup = Setup::dev().event_types(&json!(catalogue)).flags(&["--name-server", "127.0.0.1:9"]);
        let server = setup.start().await;
        let receiver = server.receiver().await;
        let ours = Owner::create(&server, &receiver, "ours").await;
        let theirs = Owner::create(&server, &receiver, "theirs").await;
        let tokens = Tokens::create(&server, ours.account).await;
        World { ours, theirs, tokens, receiver, _server: server }
    }

    /// Returns the states of both accounts, and the pauses.
    pub(super) async fn states(&self, operations: &[Operation]) -> [Vec<(String, Value)>; 3] {
        let pauses = vec![("listPauses".to_owned(), json!(self.ours.platform.list("/pauses").await))];
        [self.ours.state(operations).await, self.theirs.state(operations).await, pauses]
    }
}
