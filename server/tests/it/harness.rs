//! What the tests share: a server under test, in this process or as its real binary, and the servers on the other side.
//!
//! Nothing waits for a schedule: tests await a callback or a state, and move a manual clock. [`patiently`] bounds such a
//! wait only so that a test that would never end says what it waited for.

mod api;
mod authority;
mod browser;
pub(crate) mod contract;
mod database;
mod fleet;
mod hostile;
mod log;
mod process;
mod proxy;
mod receiver;
mod server;
mod token_endpoint;
mod trace;

use std::time::Duration;

pub(crate) use api::{Answer, Api, PREFIX, id_of};
pub(crate) use authority::Authority;
pub(crate) use browser::Browser;
pub(crate) use database::{Database, IMPATIENT};
pub(crate) use fleet::{Fleet, aside};
pub(crate) use hostile::{HostileReceiver, Hostility};
pub(crate) use process::{DATA_DIR, OPERATIONS, Process, binary, binary_under, under_the_modes_of_files};
pub(crate) use receiver::{Callback, Receiver, Reply};
pub(crate) use server::{Server, Setup};
pub(crate) use token_endpoint::{TokenBehaviour, TokenEndpoint};
pub(crate) use trace::{Trace, strace};

/// Letters that take up as many bytes wherever they are stored.
pub(crate) fn incompressible(bytes: usize) -> String {
    let mut state = 1_u32;
    let letters = (0..bytes).map(|_| {
        // The generator of C99, with all of its bits.
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(state >> 27) as usize])
    });
    letters.collect()
}

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `future` comes to, or a panic that names what was waited for.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Asks again until `check` finds what it looks for. For states that nothing announces, such as a recorded attempt.
pub(crate) async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    patiently(what, async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}
