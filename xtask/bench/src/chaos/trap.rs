//! The receiver of the planted abort. Its callbacks wait until the server is killed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// The path of the receiver that kills the server.
pub(super) const PATH: &str = "/planted";

/// The receiver of the planted delivery.
pub(super) struct Trap {
    disarmed: AtomicBool,
    accepted: AtomicUsize,
    hits: mpsc::Sender<()>,
}

impl Trap {
    /// Returns the trap, and the channel that gets a message for each callback.
    pub(super) fn new() -> (Trap, mpsc::Receiver<()>) {
        let (hits, received) = mpsc::channel();
        (Trap { disarmed: AtomicBool::new(false), accepted: AtomicUsize::new(0), hits }, received)
    }

    /// Waits for the kill of the server. If the trap is disarmed, returns at once, and the callback is accepted.
    pub(super) async fn receive(&self) {
        if self.disarmed.load(Ordering::Relaxed) {
            self.accepted.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // The test no longer reads the channel when it has ended.
        let _ = self.hits.send(());
        std::future::pending().await
    }

    pub(super) fn disarm(&self) {
        self.disarmed.store(true, Ordering::Relaxed);
    }

    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}
