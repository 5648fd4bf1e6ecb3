//! Asks each name server for a name, to find out whether it answers.

use super::*;
use crate::delivery::chain;

/// A name that is reserved for documentation (RFC 2606 §3).
const NAME: &str = "example.com.";

/// Asks each name server that the settings mean. Returns its address, and the reason if it does not answer. An answer that the
/// name does not exist is an answer.
///
/// # Errors
/// If a resolver cannot be created.
pub async fn ask_name_servers(name_servers: &[SocketAddr]) -> Result<Vec<(SocketAddr, Result<(), String>)>, NetError> {
    let files = Files { hosts: None, name_servers: name_servers.to_vec(), checked_at: Instant::now(), stamps: [None, None] };
    let (config, options) = files.configuration();
    let mut answers = Vec::new();
    for server in config.name_servers {
        let port = server.connections.first().map_or(DNS_PORT, |connection| connection.port);
        let address = SocketAddr::new(server.ip, port);
        let dns = dns(ResolverConfig::from_parts(None, Vec::new(), vec![server]), options.clone())?;
        let answer = match dns.lookup_ip(NAME).await.map_err(|error| failure(NAME, error)) {
            Ok(_) | Err(NameError::NotFound { .. }) => Ok(()),
            Err(error) => Err(chain(&error)),
        };
        answers.push((address, answer));
    }
    Ok(answers)
}
