//! Tests of the public client against a scripted service on loopback.

mod failures;
mod mocks;
mod retries;
mod script;
mod tokens;
