//! Shared test code. It starts the server under test, in this process or as the real binary. It also starts the servers
//! that this server calls.
//!
//! Tests do not wait for fixed times: they advance a manual clock, or wait for a callback or a state. If a test hangs,
//! [`with_timeout`] fails the test with the name of the awaited event.

mod api;
mod authority;
mod browser;
pub(crate) mod contract;
mod database;
mod fleet;
mod hostile;
mod log;
mod name_server;
mod nginx;
mod process;
mod proxy;
pub(crate) mod raw;
mod receiver;
mod server;
mod token_endpoint;
mod trace;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

pub(crate) use api::{Api, ApiResponse, PREFIX, id_of};
pub(crate) use authority::Authority;
pub(crate) use browser::Browser;
pub(crate) use database::{Database, SHORT_STATEMENT_TIMEOUT};
pub(crate) use fleet::{Fleet, run_blocking};
pub(crate) use hostile::{HostileBehaviour, HostileReceiver};
pub(crate) use name_server::NameServer;
pub(crate) use nginx::{Nginx, free_ports};
pub(crate) use process::{
    ADMIN_LISTENER, DATA_DIR, Process, run_binary, run_binary_wrapped, spawn_binary, spawn_binary_with, wrapper_enforcing_file_modes,
};
pub(crate) use receiver::{Callback, Receiver, Reply};
pub(crate) use server::{Server, Setup};
pub(crate) use token_endpoint::{TokenBehaviour, TokenEndpoint};
pub(crate) use trace::{Trace, strace_command};

/// Writes a file that only its owner may read. The server refuses other files with secrets.
pub(crate) fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a writable directory");
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("our own file");
}

/// Returns `bytes` pseudo-random letters and digits, which compression hardly shortens.
pub(crate) fn incompressible(bytes: usize) -> String {
    let mut state = 1_u32;
    let letters = (0..bytes).map(|_| {
        // The linear congruential generator of the C99 standard. Only its five highest bits are used.
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(state >> 27) as usize])
    });
    letters.collect()
}

/// Maximum time of one step of a test. Even on a busy machine, a step takes much less time.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Awaits `future`. Panics with `what` after [`TIMEOUT`].
pub(crate) async fn with_timeout<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(TIMEOUT, future).await {
        Ok(value) => value,
        Err(_) => panic!("timeout while waiting for {what}"),
    }
}

/// Polls `check` until it returns `Some`. Tests use this function for a state, such as a recorded attempt, of which
/// nothing notifies them.
pub(crate) async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    with_timeout(what, async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}
