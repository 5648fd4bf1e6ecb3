//! The service as its callers and callbacks see it: one binary, one file per behaviour.
//!
//! Every request of every test, whoever sends it, passes through a proxy that holds the answer against openapi.json; see
//! [`harness::contract`].

mod harness;

mod auth; // access tokens, scopes, accounts, and the order of judgement
mod authentication; // basic, and tokens from a token server
mod backup; // a backup under load, and what is restored of it
mod bad_input; // what is refused, where, and that it changes nothing
mod changes; // what a change does to deliveries on their way; signatures; test callbacks
mod clock; // a clock that is set
mod connections; // what callbacks travel over: kept alive, in the version that the receiver offers
mod constraints; // what openapi.json says of requests, just inside and just outside
mod custom_headers; // headers that a customer adds to its callbacks
mod deletion; // what is left of a deleted notification
mod delivery; // what accepts a callback, and what follows when nothing does
mod deploy; // what the files in server/deploy say of the server
mod disk; // that an answer means on disk, and what follows when the disk fails
mod docs; // openapi.json and the page made from it, also in a browser
mod event_types; // the operator's catalogue: what it shows, and what it refuses
mod failing; // webhooks that accept nothing, and what is told of them
mod handshake; // a callback that must agree before its webhook gets anything
mod hostile; // receivers that mean harm
mod isolation; // no webhook delays another
mod metrics; // what a scrape says, and the dashboard and alerts that are made of it
mod migration; // a move of everything to PostgreSQL
mod nodes; // several of them on one PostgreSQL, and what may happen to each
mod operations; // health and readiness
mod pauses; // deliveries that the operator pauses
mod publish; // whom a notification reaches, what arrives, and publishing once
mod recovery; // deliveries that are made due again, a stretch of them at once
mod redelivery; // deliveries that are made due again, one by one
mod register; // what a registration answers, and its limits
mod request_bodies; // how a body is declared, how long it may be
mod request_limits; // how often a caller may come
mod restart; // what survives a stop and a kill
mod retention; // what is old, and what finds no room
mod secrets; // secrets are nowhere
mod server_start; // first start, keys, tokens, mistakes
mod settings; // that each setting changes something
mod signing_secrets; // rotation, and the overlap of two secrets
mod store_trouble; // what callers are told when the database is damaged or away
mod unpublished; // what is served beside the API
mod webhooks; // listing, reading, changing, silencing and deleting
