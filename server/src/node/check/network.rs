//! The name servers, and the way to the receivers.

use std::time::Duration;

use url::Url;

use super::Finding;
use crate::config::Settings;
use crate::delivery::egress;
use crate::delivery::guard::{Guard, ask_name_servers};
use crate::node::data_dir::DataDir;
use crate::node::descriptors::Descriptors;
use crate::node::outbound;

/// Variables with a proxy, which many programs use for outgoing requests.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

pub(super) async fn check(settings: &Settings, data_dir: &DataDir, egress: Option<&Url>) -> Vec<Finding> {
    let mut findings = name_servers(settings).await;
    findings.push(proxy());
    if let Some(url) = egress {
        findings.push(send(settings, data_dir, url).await);
    }
    findings
}

async fn name_servers(settings: &Settings) -> Vec<Finding> {
    let object = if settings.name_servers.is_empty() { "/etc/resolv.conf" } else { "outbound.name_servers" };
    let responses = match ask_name_servers(&settings.name_servers).await {
        Ok(responses) if !responses.is_empty() => responses,
        Ok(_) => return vec![Finding::error("name_servers", object, "it names no server", "name one with --name-server")],
        Err(error) => return vec![Finding::failed("name_servers", object, &error.into())],
    };
    let one_responds = responses.iter().any(|(_, response)| response.is_ok());
    let judge = |(address, response): (std::net::SocketAddr, Result<(), String>)| {
        let object = format!("{address} ({object})");
        match response {
            Ok(()) => Finding::ok("name_servers", object, "it responds"),
            Err(error) if one_responds => Finding::warning("name_servers", object, error, "correct the server, or remove it from the list"),
            Err(error) => Finding::error("name_servers", object, error, "start the server, or name another with --name-server"),
        }
    };
    responses.into_iter().map(judge).collect()
}

fn proxy() -> Finding {
    let set = PROXY_VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    match set {
        Some(name) => Finding::warning(
            "egress",
            name,
            "a proxy is set, and the server does not use it: it connects directly, because it checks each address",
            "let this machine connect directly to the ports of the callbacks; check this with --egress URL",
        ),
        None => Finding::ok("egress", "proxy", "no proxy is set; the server connects directly"),
    }
}

async fn send(settings: &Settings, data_dir: &DataDir, url: &Url) -> Finding {
    let authority = if settings.dev { data_dir.existing_development_authority() } else { None };
    let guard = outbound::policy(settings, Descriptors::raise(), authority.as_deref(), None)
        .and_then(|policy| Guard::new(policy).map_err(anyhow::Error::new));
    let guard = match guard {
        Ok(guard) => guard,
        Err(error) => return Finding::failed("egress", url, &error),
    };
    match egress::probe(&guard, url, Duration::from_secs(settings.attempt_timeout_seconds)).await {
        Ok(status) => Finding::ok("egress", url, format!("a response with the status {status} arrived")),
        Err(error) => Finding::error("egress", url, error, "check the firewall of this machine, its routes and its name servers"),
    }
}
