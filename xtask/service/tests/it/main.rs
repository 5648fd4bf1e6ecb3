//! Tests of the drift proof with this service's document.

mod breaking;
mod coverage;
mod edits;
mod openapi;
