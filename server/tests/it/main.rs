//! The service as its callers and callbacks see it: one binary, one file per behaviour.
//!
//! Every request of every test, whoever sends it, passes through a proxy that holds the answer against openapi.json; see
//! [`harness::contract`].

mod harness;

mod auth; // access tokens, scopes, accounts, and the order of judgement
mod authentication; // basic, and tokens from a token server
mod bad_input; // what is refused, where, and that it changes nothing
mod changes; // what a change does to deliveries on their way; signatures; test callbacks
mod constraints; // what openapi.json says of requests, just inside and just outside
mod delivery; // what accepts a callback, and what follows when nothing does
mod docs; // openapi.json and the page made from it, also in a browser
mod isolation; // no webhook delays another
mod publish; // whom a notification reaches, what arrives, and publishing once
mod register; // what a registration answers, and its limits
mod request_bodies; // how a body is declared, how long it may be
mod request_limits; // how often a caller may come
mod restart; // what survives a stop and a kill
mod secrets; // secrets are nowhere
mod server_start; // first start, keys, tokens, mistakes
mod store_trouble; // what callers are told when the database is damaged or away
mod webhooks; // listing, reading, changing, silencing and deleting
