//! The client from outside, against a service on loopback that answers from a script.

mod failures;
mod mocks;
mod retries;
mod script;
mod tokens;
