//! The drift proof on this service's document.

mod breaking;
mod coverage;
mod edits;
mod openapi;
