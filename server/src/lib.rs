//! A webhook service. openapi.json is written by hand and defines the API. This crate implements this API.
//!
//! # Modules
//!
//! A module imports only modules below it in this list. The modules `config`, `audit_log`, `metrics`, `secrets`, `sampler`, `spans` and
//! `clock` are not part of this order. `xtask/src/lint/imports.rs` has the exact table. `cargo xtask lint` checks the imports against
//! this table.
//!
//! 1. [`cli`]: the command line. It runs the server, and has subcommands for tokens, backups, the migration to
//!    PostgreSQL, pauses, and keys.
//! 2. [`node`]: builds, starts and stops a node. It also contains the listener, which limits the connections of clients,
//!    the admin endpoints, the data directory and the log.
//! 3. [`http`]: finds the operation of a request, and contains the operations of the API. Each operation authenticates the
//!    caller, calls the store or the engine, and returns the response.
//! 4. [`delivery`]: the engine. It leases due deliveries, makes attempts, and records their outcomes.
//! 5. [`store`]: the durable state. One trait has two implementations: SQLite (embedded) and PostgreSQL (shared by
//!    nodes).
//! 6. [`slots`]: decides which deliveries may be in flight. It remembers which webhooks have deliveries that wait for a
//!    slot.
//! 7. [`model`]: plain values that several modules use.
//! 8. [`api`]: a separate crate with the types of openapi.json, one trait with all operations, and the error responses.
//!
//! # Glossary
//!
//! An *account* is a customer. A *webhook* is a target URL that an account has registered. A *node* is one running server
//! process. The *receiver*, or callback server, is the customer's server behind the target URL.
//!
//! - *Notification*: one published event, with its type and its payload.
//! - *Delivery*: one notification for one webhook. A delivery is pending, succeeded, failed or cancelled.
//! - *Attempt*: one try to make a delivery. An attempt sends a callback. If the callback needs a new token, the attempt
//!   requests the token first. If the receiver refuses the token, the attempt gets a new token and sends the callback
//!   once more.
//! - *Callback*: the HTTP request that the service sends to a receiver.
//! - *Lane*: a queue of a webhook. Each pending delivery is in one lane. The lane `fresh` has new deliveries. The lane
//!   `retry` has deliveries after a failed attempt, and deliveries that a redelivery or a recovery made due again. All
//!   pending deliveries of ordered webhooks are in the lane `ordered`.
//! - *Suspect*: a delivery during whose attempts a process died at least three times, without an outcome in between. It
//!   keeps its lane, but it is leased alone.
//! - *Slot*: the permission to make one attempt. [`slots`] limits the number of slots in total, per account, per webhook and
//!   per host. Slots exist only in memory.
//! - *Lease*: the right of one node to attempt a delivery. In the store, `leased_by` is the incarnation of that node.
//! - *Epoch*: the activation counter of a webhook. A delivery stores the epoch at its publication, or at its most
//!   recent redelivery or recovery. When the webhook is deactivated, its pending deliveries count as cancelled. The
//!   next activation begins a new epoch.
//! - *Incarnation*: the identity of one run of a node. It is a new UUID at each start, and also when a node joins again after a
//!   takeover.
//! - *Takeover*: a node finds that another node is dead, and removes the dead node from the table `nodes`. The leases of the
//!   dead node are then void.
//! - *Tombstone*: the row of a deleted webhook, without secrets. It stays until no delivery refers to the webhook.
//!
//! # Invariants
//!
//! Durability:
//!
//! - A publication gets status 202 only after one transaction has committed the notification and its deliveries. So no
//!   accepted notification is lost if the process is killed.
//! - A running node stores the outcome of an attempt before it attempts the delivery again. If the node dies or stops
//!   before the outcome is stored, the attempt is repeated. So a receiver can get a callback more than once. The
//!   receiver must deduplicate by `webhook-id`.
//! - If the service could not make an attempt because the service lacks a resource, the attempt has no outcome. The
//!   delivery is released and attempted again.
//! - The store contains all notifications and deliveries. So none is lost if the content of a node's memory is lost.
//!
//! Concurrency:
//!
//! - A delivery has at most one attempt in flight. There is one exception: after a takeover, an attempt of the earlier
//!   lease may still be in flight.
//! - A lease is valid only while its incarnation is in the table `nodes`. On SQLite, a lease is valid only in the
//!   process that leased the delivery.
//! - In the lane `ordered`, a webhook has at most one delivery in flight. The exception after a takeover also applies
//!   here.
//! - No database transaction is open while a callback is sent.
//! - An attempt begins only while [`store::Store::holds`] is true for its lease.
//! - At most one suspect is in flight: on PostgreSQL on all nodes together, on SQLite in the process. The exception after a
//!   takeover also applies here.
//! - A success is always recorded. Any other outcome is recorded only if the delivery still has the lease of that
//!   attempt.
//! - The slots limit the attempts in flight, their payload bytes, and the attempts that have ended but are not recorded yet.
//!
//! Isolation and secrets:
//!
//! - Only [`delivery::guard`] opens connections for callbacks, token requests, handshakes and tests of a webhook.
//! - A webhook, account, host, name server or token server that hangs or fails does not delay other deliveries.
//! - In the store, the secrets of webhooks are encrypted (*sealed*), and access tokens are hashed. The database never
//!   contains the master key. Credentials can be decrypted only for the account, the webhook, the authentication type and
//!   the origins for which they were sealed. If a row was changed, nothing is sent to its webhook, and its deliveries wait.
//! - After a rotation of the master key has finished, no value in the store is sealed with the old key, and no node
//!   decrypts with it. `store/keys.rs` describes the rotation.
//! - No log line, error or Debug output contains a secret. Only `getSigningSecret`, `rotateSigningSecret` and the
//!   commands `token create` and `token rotate` output a secret. The first access token of an embedded store is written
//!   to a file.
//! - Every change of configuration, and every output of a signing secret, has an event in the audit log. The event of a
//!   change is stored in the transaction of the change. A secret is returned only after its event is stored.
//! - The row of an access token has a MAC (`secrets/access_token.rs`). Nothing is allowed because of a row before its MAC
//!   was checked.
//! - A request with a valid access token is never refused because of other requests without one. Only texts that this
//!   service has issued as access tokens are looked up in the store.
//! - If handshakes are required, a new webhook, a new target URL or a new token URL gets no notification before its
//!   receiver and its token server have agreed.
//! - A host that has not accepted callbacks gets few attempts at a time, over all webhooks and accounts of a node.
//! - The service refuses every setting and every request member that it does not support.
//! - The code of retry schedules, rate limits and slots gets the current time and random numbers as parameters.
//!
//! # Transactions
//!
//! On SQLite, one transaction can contain several writing operations of [`store::Store`]. A savepoint separates each
//! operation from the others. On PostgreSQL, most writing operations run in one transaction. The operations in this
//! list use several transactions, and the process can be killed between two of them:
//!
//! - `publish_notification`: looks up the subscriptions first. Then one transaction stores several publications. If the
//!   webhooks of an account have changed since the look-up, the transaction stores no publication of this account. In
//!   this case, the store tries to store these publications again.
//! - `lease_due`: a first transaction removes due work from the table `ready`. A second transaction leases deliveries.
//!   If the node dies between the two transactions, the takeover adds the work to `ready` again.
//! - `tidy`: cancels some deliveries. It removes rows of cancelled deliveries if their node died during an attempt. It
//!   removes expired idempotency keys, and erases some stored responses. It removes old signing secrets and old
//!   `changes`. Each of these steps commits alone.
//! - `keep_alive`: renews the row of the node in `nodes`, or joins again. It releases leases that a statement with an
//!   unknown result may have made. It takes over from dead nodes, and reads `changes` and `keys`.
//! - Operations that wake other nodes: each operation sends the wakeup after its commit. If a node misses the wakeup,
//!   it still finds the work, because it looks for work every second.
//!
//! Some work is split into many steps, on both stores. Each step commits alone, and it is safe to repeat a step:
//!
//! - Deactivating or deleting a webhook adds a row to `cancellations`. Steps of `tidy` cancel the pending deliveries later.
//! - `deleteNotification` removes the payload and cancels the pending deliveries. Further steps erase the stored
//!   responses. If the process is killed, `tidy` completes these steps later.
//! - `recoverDeliveries`, `redeliverDeliveries` and `cancelDeliveries` change deliveries in steps, and return a cursor for
//!   the rest.
//! - `remove_old` removes old deliveries, notifications, tombstones, events of the audit log and registrants in steps.
//! - The command `key rotate` seals one webhook after another again. If it is killed, the next run continues.
//!
//! # From a publish to a recorded outcome (PostgreSQL)
//!
//! 1. `http/handlers.rs`: `http/dispatch.rs` calls `publish_notification`, which authenticates the caller, reads the body
//!    and checks the event type.
//! 2. `store/postgres/batching.rs`: the publication waits for the next batch. A fair queue divides each batch between
//!    the accounts.
//! 3. `store/postgres/publications.rs`: finds the destinations in the subscription cache. If the limits allow, it takes
//!    a slot for each destination that is not paused. A delivery with a slot is stored as leased. For webhooks
//!    that are ordered or rate-limited, the slots are taken inside the transaction.
//! 4. `store/postgres/publications/insert.rs`: stores notifications, deliveries, rows of `pending` and idempotency keys.
//! 5. After the commit, the handler passes the leased deliveries to the engine and responds 202. For deliveries without
//!    a slot, [`slots`] keeps the webhook and the lane. A node that does not lease deliveries adds the webhook and the
//!    lane to `ready`, for the other nodes.
//! 6. `delivery/lease_loop.rs`: the lease loop later calls `lease_due` for the work in [`slots`] and in `ready`.
//!    `store/postgres/leases.rs` leases the deliveries for which it gets slots.
//! 7. `delivery/deliver.rs`: checks that the lease is still valid, and reads the webhook again if the webhook was
//!    changed. Then it decrypts the secrets of the webhook.
//! 8. `delivery/attempt.rs`: sends the callback, and limits the time and the response size. `delivery/guard.rs` checks
//!    the destination address. `delivery/guard/transport.rs` connects to it, or uses an open connection.
//! 9. `delivery/retry.rs`: after a failure, returns the time of the next attempt, or `None` if the schedule is
//!    exhausted. Status 410 ends the delivery and deactivates the webhook.
//! 10. `delivery/record.rs`: after the slot is free, calls `finish_attempt` until the store accepts the outcome or the server
//!     stops.
//! 11. `store/postgres/outcomes.rs`: one transaction records a batch of outcomes. It updates the deliveries, applies
//!     the deactivation policy, and leases the next delivery of each ordered webhook.
//!
//! On SQLite, `store/sqlite/writer.rs` gathers all commands, and one thread runs them in transactions.
//! `store/sqlite/publications.rs` and `store/sqlite/leases.rs` find the destinations, take the slots and insert the
//! rows inside these transactions.
//!
//! # From the death of a node to the takeover (PostgreSQL)
//!
//! 1. Every node calls `keep_alive` every 2 s (`delivery/lease_loop.rs`). Each call sets `alive_until` of the node to 10 s after the
//!    time of the database (`store/postgres/nodes.rs`).
//! 2. If a live node cannot renew, it begins no attempts later than 9 s after its last renewal. The node measures these
//!    9 s with its own clock. No other node takes over before these 9 s end.
//! 3. After the 10 s, the next heartbeat of any other node deletes the row from `nodes`. Row locks ensure that only one
//!    node deletes this row. All leases of the deleted incarnation are now void; the rows of `pending` do not change.
//! 4. The same transaction adds to `ready` all due times of webhooks that `ready` does not contain yet
//!    (`store/postgres/ready.rs`). So other nodes also find work that was only in the memory of the dead node. A wakeup
//!    follows (`store/postgres/wakeup.rs`).
//! 5. A lease is void if its incarnation is not in `nodes` (`store/postgres/leases.rs`). So the lease loops of the
//!    delivering nodes lease these deliveries again. Attempts that were in flight on the dead node are made again.
//!    The transaction that leases a delivery again counts one death of it (`store/postgres/deaths.rs`). The deletion
//!    in step 3 has recorded the dead incarnation, so a node that stops in order is not counted. After three deaths,
//!    `delivery/suspects.rs` attempts the delivery alone. After five deaths, the delivery fails.
//! 6. A statement of the dead node may still commit until its statement timeout, which is at most 60 s. So the node
//!    that took over adds missing due times to `ready` again after 60 s.
//! 7. If the node was not dead, its next heartbeat finds no row. It joins with a new incarnation, and its earlier leases stay void.
//!
//! On SQLite there is no takeover. A lock on the data directory allows one server at a time (`node/data_dir.rs`). Each
//! start has a new incarnation, so all earlier leases are void. `join` then rebuilds `ready` (`store/sqlite/ready.rs`).
//! All deliveries that the previous process had leased are due again. If the previous process died, leasing them again
//! counts one death of each (`store/sqlite/leases.rs`).

pub mod cli;

pub mod node;

pub mod http;

pub mod delivery;

pub mod store;

pub mod slots;

pub mod model;

pub use webhooks_server_api as api;

// Not part of the order in the list above.
pub mod config;

pub mod audit_log;

pub mod sampler;

pub mod spans;

pub mod metrics;

pub mod secrets;

pub mod clock;

// Not part of the server.
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz_targets;
