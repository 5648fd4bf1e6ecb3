//! Secrets: encryption for the store, signing secrets, access tokens, and files with secrets.
//!
//! Most copies of a secret are in `Zeroizing`, which overwrites the memory before it is freed.

pub mod access_token;
pub mod context;
pub mod master_key;
pub(crate) mod private_file;
pub mod seal;
pub mod sealing_key;
pub mod signing_secret;
