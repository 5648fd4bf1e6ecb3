//! The proof of a second service, which has nothing to do with webhooks: charging stations for cars. It has other error
//! bodies, no scopes, no tags and no licence, and it fails if this crate assumes anything about another service.

mod checks;
mod exchange;
mod parcel;
mod parcels;
mod profile;
mod station;
