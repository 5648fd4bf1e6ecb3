//! Secrets: encryption for the store, signing secrets and access tokens.

pub mod access_token;
pub mod context;
pub mod seal;
pub mod signing_secret;
