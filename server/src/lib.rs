//! A webhook service. openapi.json is written by hand and defines the API; this crate implements it.
//!
//! # Modules
//!
//! A module imports only modules below it in this list. `config`, `metrics`, `secrets` and `clock` are outside of this order.
//! `xtask/src/lint/imports.rs` has the exact table, and `cargo xtask lint` checks it.
//!
//! 1. [`cli`]: the command line: runs the server, and has subcommands for tokens, backups, the move to PostgreSQL, and pauses.
//! 2. [`node`]: builds, starts and stops a node; the admin listener, the data directory and the log.
//! 3. [`http`]: the operations of the API: authenticates the caller, calls the store or the engine, and returns the response.
//! 4. [`delivery`]: the engine: leases due deliveries, makes attempts, and records their outcomes.
//! 5. [`store`]: the durable state: one trait, implemented on SQLite (embedded) and on PostgreSQL (shared by nodes).
//! 6. [`slots`]: decides which deliveries may be in flight, and holds the work that waits for a slot.
//! 7. [`model`]: plain values that several modules use.
//! 8. [`api`]: a separate crate: the types of openapi.json, one trait with all operations, and the problem responses.
//!
//! # Glossary
//!
//! An *account* is a customer. A *webhook* is a target URL that an account has registered. A *node* is one running server
//! process. The *receiver*, or callback server, is the customer's server behind the target URL.
//!
//! - *Notification*: one published event, with its type and its payload.
//! - *Delivery*: one notification for one webhook. It is pending, succeeded, failed or cancelled.
//! - *Attempt*: one try to make a delivery: a token request if one is needed, and one callback.
//! - *Callback*: the HTTP request that the service sends to a receiver.
//! - *Lane*: the queue of a webhook in which a delivery waits. The lane `fresh` has new deliveries. The lane `retry` has
//!   deliveries after a failed attempt, and deliveries that were made due again. All deliveries of ordered webhooks are in the
//!   lane `ordered`.
//! - *Slot*: the permission to make one attempt. [`slots`] limits the number of slots in total, per account and per webhook.
//!   Slots exist only in memory.
//! - *Lease*: the right of one node to attempt a delivery. In the store, `leased_by` is the incarnation of that node.
//! - *Epoch*: the activation counter of a webhook. A delivery has the epoch in which it was published or last made due again.
//!   When the webhook is deactivated, its pending deliveries count as cancelled. The next activation begins a new epoch.
//! - *Incarnation*: the identity of one run of a node. It is a new UUID at each start, and also when a node joins again after a
//!   takeover.
//! - *Takeover*: a node finds that another node is dead, and removes the dead node from the table `nodes`. The leases of the
//!   dead node are then void.
//! - *Tombstone*: the row of a deleted webhook, without secrets. It stays until no delivery names the webhook.
//!
//! # Invariants
//!
//! Durability:
//!
//! - A publication gets status 202 only after one transaction has committed the notification and its deliveries. So a kill
//!   loses no accepted notification.
//! - An outcome is stored before its delivery can be attempted again. If the node dies or stops before the outcome is stored,
//!   the attempt is repeated. So receivers can get a callback more than once, and deduplicate by `webhook-id`.
//! - An attempt that the service itself could not make has no outcome. The delivery is released and attempted again.
//! - The memory of a node contains only caches, and work that can be found again in the store.
//!
//! Concurrency:
//!
//! - At most one attempt of a delivery is in flight, unless the delivery's lease was lost in a takeover.
//! - A lease counts only while its incarnation is in the table `nodes`. On SQLite, a lease counts only in the process that took it.
//! - In the lane `ordered`, a webhook has at most one delivery in flight, with the same exception.
//! - An attempt holds no database transaction open.
//! - An attempt begins only while [`store::Store::holds`] is true for its lease.
//! - A success is always recorded. Any other outcome is recorded only while the delivery still has the lease of that attempt.
//! - The slots limit the attempts in flight, their payload bytes, and the attempts that have ended but are not recorded yet.
//!
//! Isolation and secrets:
//!
//! - Only [`delivery::guard`] builds HTTP clients for callbacks, token requests, handshakes and tests of a webhook.
//! - A webhook, account, host, name server or token server that hangs, fails or is overloaded does not delay any other one.
//! - In the store, the secrets of webhooks are encrypted (*sealed*), and access tokens are hashed. A store never has the master key.
//! - Secrets are in no log line, error or Debug output. Only `getSigningSecret`, `rotateSigningSecret` and the command
//!   `token create` output a secret. The first access token of an embedded store is in a file.
//! - If handshakes are required, a new webhook or a new target URL gets no notification before its receiver has agreed.
//! - Every setting and every member of a request has an effect. Anything that is not supported is refused.
//! - Code that makes decisions gets the time and random numbers as parameters.
//!
//! # Transactions
//!
//! On SQLite, each writing operation of [`store::Store`] runs in one transaction, which several operations can share. Savepoints
//! separate the operations. On PostgreSQL, most writing operations are one transaction. The operations below use several
//! transactions, so a kill can occur between them:
//!
//! - `publish_notification`: looks up the subscriptions first. Then one transaction stores several publications. If the webhooks of
//!   an account have changed since the look-up, the transaction stores nothing for this account, and the store tries again.
//! - `lease_due`: takes due work from the table `ready` in a first transaction, and leases deliveries in a second one. If the node
//!   dies between the two, the takeover finds the work again.
//! - `tidy`: removes cancelled rows that dead nodes left, cancels some deliveries, removes expired idempotency keys, wipes some
//!   stored responses, and removes old signing secrets and old `changes`. Each of these commits alone.
//! - `keep_alive`: renews the node or joins again, releases doubtful leases, takes over from dead nodes, and reads `changes`.
//! - All operations that wake other nodes: the wakeup follows after the commit. A node that misses the wakeup finds the work
//!   because it also looks for work every second.
//!
//! Some work is split into many steps, on both stores. Each step commits alone, and any step can be repeated:
//!
//! - Deactivating or deleting a webhook adds a row to `cancellations`. Steps of `tidy` cancel the pending deliveries later.
//! - `deleteNotification` removes the payload and cancels the pending deliveries. Steps then wipe the stored responses. After a
//!   kill, `tidy` continues these steps.
//! - `recoverDeliveries` makes deliveries due again in steps, and returns a cursor for the rest.
//! - `remove_old` removes old deliveries, notifications and tombstones in steps.
//!
//! # From a publish to a recorded outcome (PostgreSQL)
//!
//! 1. `http/handlers.rs`: `publish_notification` authenticates the caller, reads the body and checks the event type.
//! 2. `store/postgres/batching.rs`: the publication joins a batch. A fair queue divides batches between the accounts.
//! 3. `store/postgres/publications.rs`: finds the destinations in the subscription cache. Takes a slot for each destination
//!    that is not paused, if the limits allow. A delivery with a slot is stored as leased. For ordered and rate-limited webhooks,
//!    the slots are taken inside the transaction.
//! 4. `store/postgres/publications/insert.rs`: stores notifications, deliveries, rows of `pending` and idempotency keys.
//! 5. After the commit, the handler passes the leased deliveries to the engine and responds 202. For deliveries without a slot,
//!    [`slots`] keeps the webhook and the lane. A node that may not lease marks this work in `ready`, for the other nodes.
//! 6. `delivery/lease_loop.rs`: the lease loop later calls `lease_due` for the work in [`slots`] and in `ready`.
//!    `store/postgres/leases.rs` leases the deliveries for which it gets slots.
//! 7. `delivery/deliver.rs`: checks that the lease still counts, reads a changed webhook again, and decrypts its secrets.
//! 8. `delivery/attempt.rs`: sends the callback, through `delivery/guard.rs`, with limits of time, size and destinations.
//! 9. `delivery/retry.rs`: after a failure, gives the time of the next attempt, or none if the schedule is exhausted. Status 410
//!    ends the delivery and deactivates the webhook.
//! 10. `delivery/record.rs`: after the slot is free, calls `finish_attempt` until the store accepts the outcome or the server
//!     stops.
//! 11. `store/postgres/outcomes.rs`: a batch of outcomes is one transaction. It updates the deliveries, applies the deactivation
//!     policy, and leases the next delivery of each ordered webhook.
//!
//! On SQLite, `store/sqlite/writer.rs` gathers all commands, and one thread runs them in transactions. `store/sqlite/publications.rs` and
//! `store/sqlite/leases.rs` find the destinations, take the slots and insert the rows inside such a transaction.
//!
//! # From the death of a node to the takeover (PostgreSQL)
//!
//! 1. Every node calls `keep_alive` every 2 s (`delivery/lease_loop.rs`). Each call sets `alive_until` of the node to 10 s after the
//!    time of the database (`store/postgres/nodes.rs`).
//! 2. A live node that cannot renew begins no attempts from 9 s after its last renewal, by its own clock. At that time, no other
//!    node has taken over yet.
//! 3. After the 10 s, the next heartbeat of any other node deletes the row from `nodes`. Row locks ensure that only one node deletes
//!    it. All leases with that incarnation are now void; the rows of `pending` do not change.
//! 4. The same transaction adds the missing due times of all webhooks to `ready` (`store/postgres/ready.rs`). So other nodes also
//!    find work that was only in the memory of the dead node. A wakeup follows (`store/postgres/wakeup.rs`).
//! 5. The lease loops of the delivering nodes lease the deliveries, because leases of missing incarnations do not count
//!    (`store/postgres/leases.rs`). Attempts that were in flight on the dead node are made again.
//! 6. A statement of the dead node may still commit until the statement timeout, at most 60 s. So the node that took over
//!    fills `ready` again after 60 s.
//! 7. If the node was not dead, its next heartbeat finds no row. It joins with a new incarnation, and its earlier leases stay void.
//!
//! On SQLite there is no takeover. A lock on the data directory allows one server at a time (`node/data_dir.rs`). Each start has a
//! new incarnation, so all earlier leases are void. `join` then rebuilds `ready` (`store/sqlite/ready.rs`), and all deliveries that
//! the killed process had leased are due again.

pub mod cli;

pub mod node;

pub mod http;

pub mod delivery;

pub mod store;

pub mod slots;

pub mod model;

pub use webhooks_server_api as api;

// Outside of this order.
pub mod config;

pub mod metrics;

pub mod secrets;

pub mod clock;
