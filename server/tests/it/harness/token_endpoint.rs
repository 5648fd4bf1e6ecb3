//! A small OAuth 2.0 token endpoint for client credentials (RFC 6749 §4.4), over real HTTPS.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::json;
use tokio::net::TcpListener;

use super::Authority;
use super::receiver::{Body, ConnectionDropped, HTTP_2_AND_1, HttpServer, full};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TokenBehaviour {
    /// Issues tokens. If `expires_in` is set, the response contains it.
    Issue {
        expires_in: Option<u64>,
    },
    /// Issues tokens. This text is the value of `expires_in`.
    IssueWithExpiry(&'static str),
    /// Issues an access token with this number of characters.
    IssueLong(usize),
    /// Accepts credentials only in the body.
    RefuseBasic,
    Refuse,
    /// Refuses with this status, error and description.
    RefuseWith(u16, &'static str, &'static str),
    Hang,
    Garbage,
}

#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    pub(crate) authorization: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) form: HashMap<String, String>,
}

struct State {
    behaviour: TokenBehaviour,
    requests: Vec<TokenRequest>,
    issued: usize,
}

pub(crate) struct TokenEndpoint {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _served: HttpServer,
}

impl TokenEndpoint {
    /// As a description, this text means the JSON value null.
    pub(crate) const NULL: &str = "null";

    /// Starts an endpoint that knows only this client.
    pub(crate) async fn start(authority: &Authority, client_id: &str, client_secret: &str) -> TokenEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let state = State { behaviour: TokenBehaviour::Issue { expires_in: Some(3600) }, requests: Vec::new(), issued: 0 };
        let state = Arc::new(Mutex::new(state));
        let client = Client { id: client_id.to_owned(), secret: client_secret.to_owned() };
        let shared = (state.clone(), Arc::new(client));
        let served = HttpServer::start(listener, Some(authority.acceptor(&HTTP_2_AND_1)), move |request| {
            let (state, client) = shared.clone();
            async move { respond(request, &state, &client).await }
        });
        TokenEndpoint { address, state, _served: served }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/oauth/token", self.address)
    }

    pub(crate) fn behave(&self, behaviour: TokenBehaviour) {
        self.state.lock().expect("no holder panics").behaviour = behaviour;
    }

    pub(crate) fn requests(&self) -> Vec<TokenRequest> {
        self.state.lock().expect("no holder panics").requests.clone()
    }
}

struct Client {
    id: String,
    secret: String,
}

impl Client {
    /// Whether the `Authorization` header has the client's identifier and secret (RFC 6749 §2.3.1). Like some token
    /// servers, this one decodes only percent encoding, so `+` is not a space.
    fn is_basic(&self, authorization: &str) -> bool {
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(String::from);
        let decoded = authorization.strip_prefix("Basic ").and_then(|encoded| STANDARD.decode(encoded).ok());
        let pair = decoded.and_then(|decoded| String::from_utf8(decoded).ok());
        pair.and_then(|pair| {
            let (id, secret) = pair.split_once(':')?;
            Some(decode(id)? == self.id && decode(secret)? == self.secret)
        })
        .unwrap_or(false)
    }
}

async fn respond(request: Request<Incoming>, state: &Mutex<State>, client: &Client) -> Result<Response<Body>, ConnectionDropped> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionDropped)?.to_bytes();
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let (behaviour, token) = {
        let mut state = state.lock().expect("no holder panics");
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        state.requests.push(TokenRequest { authorization: authorization.clone(), user_agent, form: form.clone() });
        state.issued += 1;
        (state.behaviour, format!("issued-token-{}", state.issued))
    };
    let by_basic = authorization.is_some_and(|value| client.is_basic(&value)) && behaviour != TokenBehaviour::RefuseBasic;
    let by_post = form.get("client_id") == Some(&client.id) && form.get("client_secret") == Some(&client.secret);
    let grant = form.get("grant_type").is_some_and(|grant| grant == "client_credentials");
    let json = |status: u16, body: serde_json::Value| {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
        response.body(full(body.to_string())).expect("a response")
    };
    Ok(match behaviour {
        TokenBehaviour::Hang => std::future::pending().await,
        TokenBehaviour::Garbage => Response::new(full("<html>not a token</html>")),
        TokenBehaviour::Refuse => json(401, json!({ "error": "invalid_client" })),
        TokenBehaviour::RefuseWith(status, error, description) => {
            json(status, json!({ "error": error, "error_description": (description != TokenEndpoint::NULL).then_some(description) }))
        }
        _ if !grant => json(400, json!({ "error": "unsupported_grant_type" })),
        _ if !(by_basic || by_post) => json(401, json!({ "error": "invalid_client" })),
        TokenBehaviour::Issue { expires_in: Some(seconds) } => {
            json(200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds }))
        }
        TokenBehaviour::IssueWithExpiry(text) => json(200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": text })),
        TokenBehaviour::IssueLong(length) => json(200, json!({ "access_token": "t".repeat(length), "token_type": "Bearer" })),
        _ => json(200, json!({ "access_token": token, "token_type": "bearer" })),
    })
}
