//! Secrets: encryption for the store, signing secrets, access tokens, and files with secrets.
//!
//! The memory of a secret is overwritten before it is freed (`Zeroizing`).

pub mod access_token;
pub mod context;
pub(crate) mod private_file;
pub mod seal;
pub mod signing_secret;
