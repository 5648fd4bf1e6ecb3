//! Tests of the public API of the client. The client calls a test service on this machine, which sends prepared responses.

mod connections;
mod examples;
mod failures;
mod mocks;
mod program;
mod retries;
mod script;
mod tokens;
