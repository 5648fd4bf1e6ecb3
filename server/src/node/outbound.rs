//! The policy of outbound requests that the settings describe.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::Settings;
use crate::delivery::guard::{GuardPolicy, NewHosts};
use crate::model::byte_order_mark;
use crate::node::descriptors::Descriptors;

/// Returns the policy. `development_authority` is the certificate of the authority for `--dev`, in PEM.
///
/// # Errors
/// If a file with certificate authorities cannot be used.
pub(super) fn policy(
    settings: &Settings,
    descriptors: Descriptors,
    development_authority: Option<&str>,
    new_hosts: Option<NewHosts>,
) -> anyhow::Result<GuardPolicy> {
    let mut authorities = Vec::new();
    for path in &settings.ca_files {
        authorities.extend(read_authorities(path)?);
    }
    if let Some(pem) = development_authority {
        authorities.extend(certificates(pem.as_bytes(), "dev-ca.pem")?);
    }
    Ok(GuardPolicy {
        allow_networks: settings.allowed_networks(),
        deny_networks: settings.deny_networks.clone(),
        allowed_ports: settings.allowed_ports(),
        allow_http: settings.allow_http,
        extra_root_certificates: authorities,
        connect_timeout: Duration::from_secs(settings.connect_timeout_seconds),
        name_servers: settings.name_servers.clone(),
        use_hosts_file: settings.use_hosts_file,
        new_hosts,
        max_lookups: descriptors.lookups(),
        max_idle_connections: descriptors.idle_connections(),
    })
}

/// # Errors
/// If the file contains no usable certificate.
pub(super) fn read_authorities(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read the certificate authorities in {}", path.display()))?;
    certificates(&pem, &path.display().to_string())
}

fn certificates(pem: &[u8], name: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(byte_order_mark::skipped(pem))
        .collect::<Result<_, _>>()
        .with_context(|| format!("{name} contains no usable certificate"))?;
    anyhow::ensure!(!certificates.is_empty(), "{name} contains no certificate");
    Ok(certificates)
}
