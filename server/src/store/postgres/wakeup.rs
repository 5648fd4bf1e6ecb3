//! Wakes idle nodes with NOTIFY. Each delivering node listens on a separate connection.
//!
//! PostgreSQL commits transactions with NOTIFY one after another, so the transaction of a publish does not use NOTIFY.
//! Each node sends its wakeups in separate statements, at most one every 20 ms. Some nodes get no wakeups, for example
//! nodes behind a pooler. So each node also looks for due deliveries every second.

use std::future::poll_fn;
use std::sync::Weak;

use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use super::*;

const CHANNEL: &str = "webhooks_due";

/// The minimum time between two wakeups that a node sends.
const MIN_INTERVAL: Duration = Duration::from_millis(20);

/// The time between two attempts to listen, and between two checks whether the [`Wakeup`] is still in use.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Wakeup {
    requested: Notify,
    received: Notify,
}

impl Wakeup {
    /// Starts the tasks that send and receive wakeups. The tasks end after the returned value is dropped.
    pub(super) fn start(options: &Options, connections: Connections) -> Arc<Wakeup> {
        let wakeup = Arc::new(Wakeup { requested: Notify::new(), received: Notify::new() });
        tokio::spawn(send_wakeups(Arc::downgrade(&wakeup), connections));
        if !options.pooled && options.delivers {
            tokio::spawn(listen(Arc::downgrade(&wakeup), options.url.clone()));
        }
        wakeup
    }

    /// Requests a wakeup of the other nodes, because there are deliveries that they may lease.
    pub(super) fn notify(&self) {
        self.requested.notify_one();
    }

    pub(super) async fn notify_now(&self, session: &Session) -> SessionResult<()> {
        session.query("SELECT pg_notify($1, '')", &[&CHANNEL]).await.map(drop)
    }

    /// Waits for a wakeup from another node.
    pub(super) async fn wait_for_wakeup(&self) {
        self.received.notified().await;
    }
}

async fn send_wakeups(wakeup: Weak<Wakeup>, connections: Connections) {
    loop {
        let Some(wakeup) = wakeup.upgrade() else { return };
        // After the timeout, this task checks whether the `Wakeup` was dropped.
        if tokio::time::timeout(CHECK_INTERVAL, wakeup.requested.notified()).await.is_err() {
            continue;
        }
        // Errors are ignored, because each node also looks for due deliveries every second.
        if let Ok(session) = connections.session().await {
            let _ = wakeup.notify_now(&session).await;
        }
        drop(wakeup);
        tokio::time::sleep(MIN_INTERVAL).await;
    }
}

async fn listen(wakeup: Weak<Wakeup>, url: url::PostgresUrl) {
    while wakeup.strong_count() > 0 {
        if let Ok(tls) = tls::connector(&url)
            && let Ok((client, mut connection)) = url.config.connect(tls).await
        {
            let sql = format!("LISTEN {CHANNEL}");
            let listen = client.batch_execute(&sql);
            tokio::pin!(listen);
            let mut listening = false;
            loop {
                tokio::select! {
                    done = &mut listen, if !listening => {
                        if done.is_err() {
                            break;
                        }
                        listening = true;
                    }
                    message = poll_fn(|context| connection.poll_message(context)) => match message {
                        Some(Ok(AsyncMessage::Notification(_))) => match wakeup.upgrade() {
                            Some(wakeup) => wakeup.received.notify_one(),
                            None => return,
                        },
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    },
                    () = tokio::time::sleep(CHECK_INTERVAL) => if wakeup.strong_count() == 0 { return },
                }
            }
        }
        // While this node had no connection, it may have missed wakeups.
        if let Some(wakeup) = wakeup.upgrade() {
            wakeup.received.notify_one();
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}
