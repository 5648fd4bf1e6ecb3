//! Setup, start and stop of a node.

pub mod admin;
mod audit;
pub mod check;
pub mod data_dir;
mod descriptors;
mod listener;
pub mod log;
pub(crate) mod master_keys;
pub mod open_store;
mod otlp;
mod outbound;
pub mod server;
mod watch;
