//! Changes of stored access tokens.

use super::*;

/// The replacement of an access token by a new one.
#[derive(Clone, Debug)]
pub struct TokenRotation {
    /// The replaced token with its new expiry and its new MAC.
    pub replaced: StoredToken,
    /// The MAC that the replaced token has had until now.
    pub previous_mac: Vec<u8>,
    pub successor: StoredToken,
}
