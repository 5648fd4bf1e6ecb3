//! A webhook service. openapi.json, written by hand, says what it does; this crate does it.
//!
//! # The cast
//!
//! An *account* is a customer. A *webhook* is a target URL that it registered. A *notification* is one published fact, a
//! *delivery* is one notification on its way to one webhook, and an *attempt* is one HTTP request of a delivery. What the
//! customer's server receives is the *callback*. A *token* allows its bearer some operations. A *node* is one running
//! server process.
//!
//! # The life of a notification
//!
//! 1. `publishNotification` stores the notification and one delivery for each active webhook that asks for it, in one
//!    transaction (the outbox), and answers 202 once that is on disk. Concurrent publishes share a commit.
//! 2. The same transaction leases the fresh deliveries to this node as far as [`slots::Slots`] has room, so
//!    the usual case needs no second query. What finds no room stays due in the store, while its webhook waits in the
//!    slots; a round of [`store::Store::lease_due`] takes it when it may go. So memory grows with the webhooks that wait
//!    and not with the backlog, and looking for work walks over nothing that cannot go.
//! 3. An attempt signs, authenticates, sends and reads the answer, bounded in time, bytes and destinations. A failed
//!    attempt is data (an outcome), not an error of ours.
//! 4. Its outcome is stored: 2xx, succeeded; 410, the webhook is deactivated; else the retry schedule gives the next
//!    time, or the delivery has failed. Whatever became of it, it can be made due again.
//! 5. A node that dies loses only its leases: the next start, or another node on the same PostgreSQL, goes on with what it
//!    held. Deliveries are at least once: the receiver deduplicates by `webhook-id`.
//!
//! # Invariants
//!
//! - No transaction is open while a request goes out: a verb of [`store::Store`] is one transaction and sends nothing.
//! - Only [`delivery::guard`] builds an outbound HTTP client; callbacks, token requests and tests of a webhook use it.
//! - A webhook, account, host, name server or token server that hangs, fails or is flooded delays nobody else.
//! - A secret never appears in an answer, log line, error or Debug output, and is sealed in the store. The exceptions are
//!   `getSigningSecret` and `rotateSigningSecret`, the first access token in its file, and `token create`, which prints a token once.
//! - Every field that can be set changes behaviour. What is not supported is refused.
//! - Where a handshake is required, no notification goes to a URL whose owner has not agreed.
//! - What a node has in mind beside the store is a cache that the store can tell to be stale, or is found anew without it.
//! - Time and randomness are parameters of the parts that decide.

// In the order in which they are best read; a module imports only those that stand below it, and `config`, `metrics`,
// `secrets` and `clock`. `cargo xtask lint` checks that.

// The command line, and how a node is put together.
pub mod cli;

pub mod node;

// What each operation of the API does: ask who calls, make one call, reply.
pub mod http;

// How notifications reach their callbacks.
pub mod delivery;

// What is kept.
pub mod store;

// Who may be in flight.
pub mod slots;

// Plain values, and the API itself: one trait in a crate of its own.
pub mod model;

pub use webhooks_server_api as api;

// What stands beside these.
pub mod config;

pub mod metrics;

pub mod secrets;

pub mod clock;
