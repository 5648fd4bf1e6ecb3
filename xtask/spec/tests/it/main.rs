//! Tests with two example services that have nothing to do with webhooks: charging stations for cars, and parcels. The
//! tests ensure that this crate works for different services.

mod checks;
mod exchange;
mod parcel;
mod parcels;
mod profile;
mod station;
