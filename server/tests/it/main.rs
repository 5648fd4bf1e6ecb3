//! Integration tests of the service, through its API and its callbacks. There is one binary, and one file for each behaviour.
//!
//! The tests send API requests through a proxy that validates each response against openapi.json. See [`harness::contract`].

#![expect(clippy::disallowed_methods, reason = "the lint protects the server; the tests call only servers of their own")]

mod harness;

mod attacks; // known attacks on products of this kind
mod attempt_facts; // what an attempt shows of its request, response and connection
mod audit; // the audit log: its events, its file, and what accounts see of it
mod auth; // access tokens, scopes, accounts, and the order in which a request is checked
mod authentication; // authentication of callbacks: basic, and with tokens from a token server
mod authorization; // every operation, with every kind of caller and with names of another account
mod backup; // backup under load, and restore
mod bad_input;
mod broken_receivers; // the mistakes of receivers, and what each failure says // refused requests, which change nothing
mod changes; // how changes of a webhook affect pending deliveries; signatures; test callbacks
mod check; // what `webhooks-server check` finds
mod clock; // system clock changes
mod connections; // the connections of callbacks: their reuse, HTTP version and time limits
mod constraints; // values at and beyond the bounds of every constraint in openapi.json
mod custom_headers; // custom headers of a webhook
mod deletion; // deleted notifications
mod delivery; // which responses count as success, and what happens after a failure
mod deploy; // the files in server/deploy match the server
mod disk; // data is on disk before the response; full and failing disks
mod docs; // openapi.json and the documentation page, also in a browser
mod event_types; // the operator's catalogue of event types
mod failing; // webhooks that never succeed: deactivation and its events
mod handshake; // the handshake that a receiver confirms before its webhook gets deliveries
mod health; // the health of webhooks
mod hostile; // hostile receivers
mod inbound; // connections of clients: limits, time limits, floods
mod isolation; // no webhook delays another webhook
mod json; // JSON that some parsers cannot read
mod keys; // master keys and their rotation
mod metrics; // metrics, the dashboard and the alerts
mod migration; // migration to PostgreSQL
mod nodes; // several nodes on one PostgreSQL
mod operations; // health and readiness
mod operators; // the status of the service and the accounts, for operators
mod pauses; // pausing and resuming deliveries
mod publish; // publishing: recipients, payload, idempotency
mod quarantine; // deliveries and handshakes that end the process
mod recovery; // recovery: deliveries in a time range are made due again
mod redelivery; // redelivery: one delivery is made due again
mod register; // registration and its limits
mod request_bodies; // media type and size of request bodies
mod request_limits; // rate limits for callers
mod restart; // stop, restart and kill
mod retention; // retention and full storage
mod retry_after; // receivers that ask for a pause
mod secrets; // secrets never appear in files, logs or responses
mod server_start; // first start, keys, tokens, configuration mistakes
mod settings; // every flag is used in a test; the log settings
mod signals; // signals, and the renewal of the certificate
mod signing_secrets; // rotation of signing secrets
mod statistics; // counts of attempts and deliveries, and percentiles
mod store_faults; // responses when the database is damaged or locked
mod tampering; // changed rows of the database send no secret to another place
mod third_parties; // protection of servers whose owners do not want callbacks
mod tokens; // access tokens: authentic rows, expiry, last use, rotation
mod traces; // OpenTelemetry traces
mod unpublished; // routes that are not in openapi.json
mod waiting; // why a pending delivery waits
mod webhooks; // listing, reading, updating, deactivating and deleting webhooks
