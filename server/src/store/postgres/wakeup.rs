//! Waking nodes that have nothing to do: NOTIFY, on a connection of its own.
//!
//! PostgreSQL lets transactions that notify commit one after another, so no publish does; the bell rings beside them, at most
//! every 20 ms from each node. A node that does not hear it, as behind a pooler, looks for what is due every second.

use std::future::poll_fn;
use std::sync::Weak;

use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use super::*;

const CHANNEL: &str = "webhooks_due";

/// So long after each ring, nothing else rings.
const REST: Duration = Duration::from_millis(20);

/// How long to wait before listening again on another connection.
const RECONNECT: Duration = Duration::from_secs(1);

pub(super) struct Bell {
    wanted: Notify,
    rung: Notify,
}

impl Bell {
    /// Listens, and rings, for as long as anybody has the bell.
    pub(super) fn hang(options: &Options, connections: Connections) -> Arc<Bell> {
        let bell = Arc::new(Bell { wanted: Notify::new(), rung: Notify::new() });
        tokio::spawn(ringing(Arc::downgrade(&bell), connections));
        if !options.pooled && options.delivers {
            tokio::spawn(listening(Arc::downgrade(&bell), options.url.clone()));
        }
        bell
    }

    /// Something is due that this node does not deliver, or not alone.
    pub(super) fn ring(&self) {
        self.wanted.notify_one();
    }

    pub(super) async fn ring_now(&self, session: &Session) -> Answer<()> {
        session.query("SELECT pg_notify($1, '')", &[&CHANNEL]).await.map(drop)
    }

    /// Until somebody rings.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }
}

async fn ringing(bell: Weak<Bell>, connections: Connections) {
    loop {
        let Some(bell) = bell.upgrade() else { return };
        // From time to time it is seen whether the bell is gone.
        if tokio::time::timeout(RECONNECT, bell.wanted.notified()).await.is_err() {
            continue;
        }
        // Whoever is not woken looks by itself.
        if let Ok(session) = connections.session().await {
            let _ = bell.ring_now(&session).await;
        }
        drop(bell);
        tokio::time::sleep(REST).await;
    }
}

async fn listening(bell: Weak<Bell>, url: url::PostgresUrl) {
    while bell.strong_count() > 0 {
        if let Ok(tls) = tls::connector(&url)
            && let Ok((client, mut connection)) = url.config.connect(tls).await
        {
            let listens = client.batch_execute("LISTEN webhooks_due");
            tokio::pin!(listens);
            let mut listening = false;
            loop {
                tokio::select! {
                    done = &mut listens, if !listening => {
                        if done.is_err() {
                            break;
                        }
                        listening = true;
                    }
                    message = poll_fn(|context| connection.poll_message(context)) => match message {
                        Some(Ok(AsyncMessage::Notification(_))) => match bell.upgrade() {
                            Some(bell) => bell.rung.notify_one(),
                            None => return,
                        },
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    },
                    () = tokio::time::sleep(RECONNECT) => if bell.strong_count() == 0 { return },
                }
            }
        }
        // What was rung meanwhile was not heard.
        if let Some(bell) = bell.upgrade() {
            bell.rung.notify_one();
        }
        tokio::time::sleep(RECONNECT).await;
    }
}
