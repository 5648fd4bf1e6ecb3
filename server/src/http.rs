//! The HTTP side of the API: who calls and how often, what an operation does, and how its reply is rendered.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context as _;
use dropshot::ApiDescription;
use uuid::Uuid;

use crate::api::api_mod;
use crate::clock::Clock;
use crate::delivery::Engine;
use crate::delivery::guard::Guard;
use crate::metrics::Metrics;
use crate::model::event_types::Catalogue;
use crate::secrets::seal::Vault;
use crate::store::Store;

pub mod auth;
pub mod body;
mod convert;
pub mod docs;
pub mod handlers;
pub mod rate_limit;
pub mod reply;

use auth::TokenCache;
use handlers::Handlers;
use rate_limit::Limit;

/// What the handlers work with.
pub struct App {
    pub store: Arc<dyn Store>,
    pub engine: Arc<Engine>,
    pub catalogue: Catalogue,
    pub vault: Arc<Vault>,
    pub guard: Guard,
    pub tokens: TokenCache,
    /// Of each access token.
    pub requests: Limit<Uuid>,
    /// From each address.
    pub failed_authentications: Limit<IpAddr>,
    pub behind_proxy: bool,
    /// Of a webhook's callback, before the webhook gets anything.
    pub require_handshake: bool,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub webhooks_per_account: u32,
    pub request_body_max_bytes: usize,
}

/// Everything that the server's address answers: the API, and its documentation.
///
/// # Errors
/// When two routes are the same.
pub fn routes() -> anyhow::Result<ApiDescription<App>> {
    let mut api = api_mod::api_description::<Handlers>().map_err(|error| anyhow::anyhow!("the API does not fit together: {error}"))?;
    docs::register(&mut api).context("the documentation does not fit beside the API")?;
    Ok(api)
}
