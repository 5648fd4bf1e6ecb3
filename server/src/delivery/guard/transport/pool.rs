//! Keeps connections open between requests.
//!
//! An HTTP/1.1 connection serves one request at a time. Concurrent requests share an HTTP/2 connection. When several
//! requests need a connection to the same server at the same time, only one opens a connection, and the others wait
//! for it. If it is an HTTP/1.1 connection, each of the others then opens its own.
//!
//! The number of idle connections is limited in total and per key. The limit in total is lower while many connections are
//! in use, because each connection uses about 40 KB. The connection that has been idle for the longest time is closed
//! first.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::CLOSE_TIMEOUT;
use super::dial::{Connection, ConnectionKey, Dialer};
use super::error::SendError;
use super::http1::Http1;
use super::http2::{Http2, STREAM_WINDOW_BYTES};
use crate::slots::IDLE_TIMEOUT;

/// Maximum number of idle HTTP/1.1 connections with the same key. This maximum equals the default limit of attempts in
/// flight per account. If the maximum were lower, the server would often have to open new connections to a host with
/// several webhooks.
const MAX_IDLE_PER_KEY: usize = 256;

pub(super) struct Pool {
    dialer: Dialer,
    /// Maximum number of idle connections in total, while no connection is in use.
    max_idle: usize,
    /// The number of HTTP/1.1 connections in use. HTTP/2 connections are few, because requests share them.
    http1_in_use: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    servers: HashMap<Arc<ConnectionKey>, Server>,
    /// The idle connections in the order in which they became idle. The keys are tickets.
    idle: BTreeMap<u64, (Arc<ConnectionKey>, Instant)>,
    last_ticket: u64,
    /// Whether a task closes idle connections when their time has ended.
    expires: bool,
}

/// The connections with the same key.
#[derive(Default)]
struct Server {
    /// Idle connections with their tickets.
    http1: Vec<(u64, Http1)>,
    /// Connections, with their tickets while they are idle.
    http2: Vec<(Option<u64>, Arc<Http2>)>,
    dial: Option<Dial>,
}

/// A connection that is being opened. The value is `None` until the result is known.
type Dial = watch::Receiver<Option<Result<(), SendError>>>;

impl Pool {
    pub(super) fn new(dialer: Dialer, max_idle: usize) -> Arc<Pool> {
        Arc::new(Pool { dialer, max_idle, http1_in_use: AtomicUsize::new(0), state: Mutex::default() })
    }

    /// Returns a connection for one request.
    pub(super) async fn connection(self: &Arc<Self>, key: &Arc<ConnectionKey>) -> Result<InUse, SendError> {
        let mut dial = match self.find_or_dial(key) {
            Ok(connection) => return Ok(connection),
            Err(dial) => dial,
        };
        // If the task that opens the connection has failed, the result stays unknown.
        if let Ok(result) = dial.wait_for(Option::is_some).await
            && let Some(Err(error)) = &*result
        {
            return Err(error.clone());
        }
        let found = {
            let mut state = self.lock();
            let found = self.find(&mut state, key);
            self.close_surplus(&mut state);
            found
        };
        match found {
            Some(connection) => Ok(connection),
            None => self.new_connection(key).await,
        }
    }

    /// Opens a connection that only this request uses until it ends.
    pub(super) async fn new_connection(self: &Arc<Self>, key: &Arc<ConnectionKey>) -> Result<InUse, SendError> {
        // Most requests find an open connection. So the large future is not a part of the future of each request.
        let connection = self.in_use(key, Box::pin(self.dialer.dial(key)).await?);
        self.close_surplus(&mut self.lock());
        Ok(connection)
    }

    fn find_or_dial(self: &Arc<Self>, key: &Arc<ConnectionKey>) -> Result<InUse, Dial> {
        let mut state = self.lock();
        if let Some(connection) = self.find(&mut state, key) {
            return Ok(connection);
        }
        let server = state.servers.entry(key.clone()).or_default();
        // If the sender of a dial was dropped, the dial has failed.
        if let Some(dial) = server.dial.clone().filter(|dial| dial.has_changed().is_ok()) {
            return Err(dial);
        }
        let (sender, receiver) = watch::channel(None);
        server.dial = Some(receiver.clone());
        let (pool, key) = (self.clone(), key.clone());
        // The connection is opened in its own task, because the request that started it may end earlier than the others.
        tokio::spawn(async move {
            let result = pool.dialer.dial(&key).await;
            let mut state = pool.lock();
            if let Some(server) = state.servers.get_mut(&key) {
                server.dial = None;
            }
            // A request takes this connection at once, so it displaces no idle one.
            let result = result.map(|connection| pool.add(&mut state, &key, connection));
            state.remove_if_empty(&key);
            drop(state);
            sender.send_replace(Some(result));
        });
        Err(receiver)
    }

    /// Takes an open connection.
    fn find(self: &Arc<Self>, state: &mut State, key: &Arc<ConnectionKey>) -> Option<InUse> {
        let server = state.servers.get_mut(key)?;
        let expired = Instant::now().checked_sub(IDLE_TIMEOUT);
        let is_fresh = |idle: &BTreeMap<u64, (Arc<ConnectionKey>, Instant)>, ticket: &u64| {
            idle.get(ticket).is_some_and(|(_, since)| expired.is_none_or(|expired| *since > expired))
        };
        for (ticket, connection) in &mut server.http2 {
            let is_fresh = ticket.is_none_or(|ticket| is_fresh(&state.idle, &ticket));
            if is_fresh && !connection.is_old() && connection.has_free_stream() && connection.is_open() {
                if let Some(ticket) = ticket.take() {
                    state.idle.remove(&ticket);
                }
                let connection = Connection::Http2(connection.clone());
                return Some(self.in_use(key, connection));
            }
        }
        while let Some((ticket, connection)) = server.http1.pop() {
            let is_fresh = is_fresh(&state.idle, &ticket);
            state.idle.remove(&ticket);
            if is_fresh && connection.is_ready() {
                return Some(self.in_use(key, Connection::Http1(connection)));
            }
        }
        None
    }

    /// Begins a request on a connection.
    fn in_use(self: &Arc<Self>, key: &Arc<ConnectionKey>, connection: Connection) -> InUse {
        connection.meter().begin_request();
        if let Connection::Http1(_) = connection {
            self.http1_in_use.fetch_add(1, Ordering::Relaxed);
        }
        InUse { pool: self.clone(), key: key.clone(), connection: Some(connection) }
    }

    /// Keeps an idle connection for later requests. If there are too many, closes the one that has been idle for the
    /// longest time.
    fn keep(self: &Arc<Self>, state: &mut State, key: &Arc<ConnectionKey>, connection: Connection) {
        self.add(state, key, connection);
        self.close_surplus(state);
    }

    fn add(self: &Arc<Self>, state: &mut State, key: &Arc<ConnectionKey>, connection: Connection) {
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        let server = state.servers.entry(key.clone()).or_default();
        match connection {
            Connection::Http1(connection) if server.http1.len() < MAX_IDLE_PER_KEY => server.http1.push((ticket, connection)),
            Connection::Http1(_) => return,
            Connection::Http2(connection) => {
                let known = server.http2.iter().position(|(_, known)| Arc::ptr_eq(known, &connection));
                // Another request may have ended meanwhile, so the connection may already be idle.
                if let Some(idle) = known.and_then(|known| server.http2[known].0.take()) {
                    state.idle.remove(&idle);
                }
                if connection.is_old() || !connection.is_open() {
                    if let Some(known) = known {
                        server.http2.swap_remove(known);
                    }
                    return state.remove_if_empty(key);
                }
                // A request may have begun since the last one ended.
                let ticket = (connection.meter.requests() == 0).then_some(ticket);
                match known {
                    Some(known) => server.http2[known].0 = ticket,
                    None => server.http2.push((ticket, connection)),
                }
                if ticket.is_none() {
                    return;
                }
            }
        }
        state.idle.insert(ticket, (key.clone(), Instant::now()));
        if !state.expires {
            state.expires = true;
            tokio::spawn(close_expired(Arc::downgrade(self)));
        }
    }

    /// Closes idle connections until there are not too many. Each connection in use displaces an idle one, but an eighth of
    /// the maximum may stay idle: a new connection costs much more CPU time than a request on an idle one.
    fn close_surplus(&self, state: &mut State) {
        let in_use = self.http1_in_use.load(Ordering::Relaxed);
        let limit = self.max_idle.saturating_sub(in_use).max(self.max_idle / 8);
        while state.idle.len() > limit {
            state.close_oldest();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close_oldest(&mut self) {
        let Some((ticket, (key, _))) = self.idle.pop_first() else { return };
        if let Some(server) = self.servers.get_mut(&key) {
            server.http1.retain(|(of, _)| *of != ticket);
            server.http2.retain(|(of, _)| *of != Some(ticket));
        }
        self.remove_if_empty(&key);
    }

    fn remove_if_empty(&mut self, key: &Arc<ConnectionKey>) {
        let is_empty = |server: &Server| server.http1.is_empty() && server.http2.is_empty() && server.dial.is_none();
        if self.servers.get(key).is_some_and(is_empty) {
            self.servers.remove(key);
        }
    }
}

/// Closes idle connections when [`IDLE_TIMEOUT`] has ended for them, until there are no more.
async fn close_expired(pool: std::sync::Weak<Pool>) {
    loop {
        let next = {
            let Some(pool) = pool.upgrade() else { return };
            let mut state = pool.lock();
            let now = Instant::now();
            while state.idle.first_key_value().is_some_and(|(_, (_, since))| *since + IDLE_TIMEOUT <= now) {
                state.close_oldest();
            }
            match state.idle.first_key_value() {
                Some((_, (_, since))) => *since + IDLE_TIMEOUT,
                None => {
                    state.expires = false;
                    return;
                }
            }
        };
        tokio::time::sleep_until(next).await;
    }
}

/// A connection that serves a request. When it is dropped, the request ends. An HTTP/1.1 connection is then closed,
/// because the rest of its response may still arrive.
pub(super) struct InUse {
    pool: Arc<Pool>,
    key: Arc<ConnectionKey>,
    /// `None` after the connection was given back.
    connection: Option<Connection>,
}

impl InUse {
    /// Returns the connection. It is present until the request ends.
    pub(super) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Gives an HTTP/1.1 connection back after its response was read completely.
    pub(super) fn complete(mut self) {
        let Some(Connection::Http1(_)) = &self.connection else { return };
        let Some(Connection::Http1(mut connection)) = self.connection.take() else { return };
        connection.meter.end_request(0);
        self.pool.http1_in_use.fetch_sub(1, Ordering::Relaxed);
        let (pool, key) = (self.pool.clone(), self.key.clone());
        if connection.is_ready() {
            return pool.keep(&mut pool.lock(), &key, Connection::Http1(connection));
        }
        // The task of the connection may not have run since the end of the body. The receiver may also respond before it
        // has read the whole request, and then the connection is closed after a short time.
        tokio::spawn(async move {
            if let Ok(true) = tokio::time::timeout(CLOSE_TIMEOUT, connection.ready()).await {
                pool.keep(&mut pool.lock(), &key, Connection::Http1(connection));
            }
        });
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // After a request over HTTP/2 was canceled, the receiver may still send a full window.
        let late = if matches!(connection, Connection::Http2(_)) { STREAM_WINDOW_BYTES } else { 0 };
        let others = connection.meter().end_request(late);
        match connection {
            Connection::Http1(_) => drop(self.pool.http1_in_use.fetch_sub(1, Ordering::Relaxed)),
            Connection::Http2(_) if others == 0 => self.pool.keep(&mut self.pool.lock(), &self.key, connection),
            Connection::Http2(_) => {}
        }
    }
}
