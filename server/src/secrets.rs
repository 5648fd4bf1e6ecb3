//! Secrets: how they are sealed in the store, and access tokens.

pub mod access_token;
pub mod context;
pub mod seal;
pub mod signing_secret;
