//! The HTTP API: authentication, rate limits, the operations and their responses.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use dropshot::ApiDescription;
use uuid::{ContextV7, Uuid};

use crate::api::api_mod;
use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::delivery::Engine;
use crate::delivery::guard::Guard;
use crate::metrics::Metrics;
use crate::model::event_types::Catalogue;
use crate::sampler::Sampler;
use crate::secrets::seal::Vault;
use crate::store::Store;

pub mod access_tokens;
mod audit;
pub mod auth;
pub mod body;
pub mod client_address;
pub mod contexts;
mod convert;
pub mod dispatch;
pub mod docs;
pub mod handlers;
mod health;
mod paths;
mod probe;
pub mod rate_limit;
pub mod refused_requests;
pub mod reply;
pub mod service_status;

use access_tokens::AccessTokens;
use contexts::{Contexts, Lender};
use handlers::Handlers;
use rate_limit::Limit;
use refused_requests::RefusedRequests;
use service_status::ServiceStatus;

/// The state that the handlers share.
pub struct App {
    pub store: Arc<dyn Store>,
    pub engine: Arc<Engine>,
    pub catalogue: Catalogue,
    pub vault: Arc<Vault>,
    pub guard: Guard,
    pub tokens: Arc<AccessTokens>,
    /// The rate limit of each access token.
    pub requests: Limit<Uuid>,
    /// The rate limit of each IP address. It applies only to requests without a valid access token.
    pub failed_authentications: Limit<IpAddr>,
    /// The requests without a valid access token that have no event yet.
    pub refused_requests: Arc<RefusedRequests>,
    pub audit_log: AuditLog,
    pub status: Arc<ServiceStatus>,
    /// Whether a receiver must agree in a handshake before its webhook gets notifications.
    pub require_handshake: bool,
    /// Whether a publication with a platform token is refused if the named account has no webhook.
    pub require_known_accounts: bool,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    /// Orders the identifiers of webhooks that are registered in the same millisecond.
    pub webhook_ids: Mutex<ContextV7>,
    pub webhooks_per_account: u32,
    pub request_body_max_bytes: usize,
    pub lines: SampledLines,
    pub contexts: Contexts<App>,
}

/// Limits the repeated lines about requests.
#[derive(Default)]
pub struct SampledLines {
    /// By the code of the problem.
    failed: Sampler<&'static str>,
    /// By the reason.
    unauthenticated: Sampler<&'static str>,
}

impl Lender for App {
    fn contexts(&self) -> &Contexts<App> {
        &self.contexts
    }
}

/// Returns the routes of the API and the routes of the documentation.
///
/// # Errors
/// If two routes have the same method and path.
pub fn routes() -> anyhow::Result<ApiDescription<App>> {
    let mut api = api_mod::api_description::<Handlers>().map_err(|error| anyhow::anyhow!("the routes of the API conflict: {error}"))?;
    docs::register(&mut api).context("the routes of the documentation conflict with the API")?;
    Ok(api)
}
