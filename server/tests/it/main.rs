//! Integration tests of the service, through its API and its callbacks. One binary, one file per behaviour.
//!
//! Every API request of every test passes through a proxy that validates the response against openapi.json. See [`harness::contract`].

mod harness;

mod auth; // access tokens, scopes, accounts, and the order of the checks
mod authentication; // basic authentication, and tokens from a token server
mod backup; // backup under load, and restore
mod bad_input; // which requests are refused, and that a refused request changes nothing
mod changes; // how changes of a webhook affect pending deliveries; signatures; test callbacks
mod clock; // system clock changes
mod connections; // connections of callbacks: reuse, and the HTTP version
mod constraints; // values just inside and just outside every constraint in openapi.json
mod custom_headers; // headers that a customer adds to its callbacks
mod deletion; // deleted notifications
mod delivery; // which responses count as success, and what happens after a failure
mod deploy; // the files in server/deploy match the server
mod disk; // a response means that the data is on disk; disk failures
mod docs; // openapi.json and the documentation page, also in a browser
mod event_types; // the operator's catalogue of event types
mod failing; // webhooks that never succeed: deactivation and its events
mod handshake; // the handshake that a receiver confirms before its webhook gets deliveries
mod hostile; // hostile receivers
mod isolation; // no webhook delays another
mod metrics; // metrics, the dashboard and the alerts
mod migration; // migration to PostgreSQL
mod nodes; // several nodes on one PostgreSQL
mod operations; // health and readiness
mod pauses; // pausing and resuming deliveries
mod publish; // publishing: recipients, payload, idempotency
mod recovery; // recovery: deliveries in a time range are made due again
mod redelivery; // redelivery: one delivery is made due again
mod register; // registration and its limits
mod request_bodies; // media type and size of request bodies
mod request_limits; // rate limits for callers
mod restart; // stop, restart and kill
mod retention; // retention and full storage
mod secrets; // secrets never appear in files, logs or responses
mod server_start; // first start, keys, tokens, configuration mistakes
mod settings; // every setting has a test; logging
mod signing_secrets; // rotation of signing secrets
mod store_faults; // responses when the database is damaged or locked
mod unpublished; // routes that are not in openapi.json
mod webhooks; // listing, reading, updating, deactivating and deleting webhooks
