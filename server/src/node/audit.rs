//! The background task of the audit log, and its end.

use std::sync::Arc;
use std::time::Duration;

use slog::Logger;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::delivery::{StoreMonitor, chain};
use crate::http::refused_requests::RefusedRequests;
use crate::store::Store;

/// Maximum time that a stopping server waits for the last events.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// The task that stores the events of refused requests.
pub(super) struct Audit {
    refused_requests: Arc<RefusedRequests>,
    store: Arc<dyn Store>,
    audit_log: AuditLog,
    clock: Clock,
    log: Logger,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl Audit {
    pub(super) fn start(
        refused_requests: Arc<RefusedRequests>,
        store: Arc<dyn Store>,
        audit_log: AuditLog,
        clock: Clock,
        store_monitor: Arc<StoreMonitor>,
        log: &Logger,
    ) -> Audit {
        let (stopping, log) = (CancellationToken::new(), log.clone());
        let requests = refused_requests.clone();
        let task = requests.store_repeatedly(store.clone(), audit_log.clone(), clock.clone(), stopping.clone(), store_monitor);
        Audit { refused_requests, store, audit_log, clock, log, stopping, task: tokio::spawn(task) }
    }

    /// Stores the last events, and writes all lines of the audit log.
    pub(super) async fn stop(self) {
        self.stopping.cancel();
        let stored = async {
            // The task ends after a round that has begun. Its result is an error only if the task panicked.
            let _ = self.task.await;
            self.refused_requests.store(&*self.store, &self.audit_log, self.clock.now()).await
        };
        match tokio::time::timeout(STORE_TIMEOUT, stored).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, # "audit_event.not_stored", "cannot store the last events of refused requests"; "error" => chain(&error))
            }
            Err(_) => {
                slog::warn!(self.log, # "audit_event.not_stored", "timeout while storing the last events of refused requests"; "error" => "timeout")
            }
        }
        self.audit_log.flush().await;
    }
}
