//! How a node is put together, and how it starts and stops.

pub mod admin;
pub mod data_dir;
mod descriptors;
pub mod log;
pub mod open_store;
pub mod server;
