//! Tests of the crate `openapi-proof` with the openapi.json of this service.

mod breaking;
mod coverage;
mod edits;
mod openapi;
