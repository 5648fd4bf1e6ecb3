//! Errors of the store, as callers are told of them.

use crate::api::problem::ApiError;
use crate::store::Error;

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::Full => ApiError::storage_full(error),
            Error::Overloaded | Error::Unavailable(_) => ApiError::overloaded(error),
            Error::Failed(_) => ApiError::internal(error),
        }
    }
}
