//! Tests with two example services that are not about webhooks: charging stations for cars, and parcels. They ensure that this
//! crate assumes nothing about a certain service.

mod checks;
mod exchange;
mod parcel;
mod parcels;
mod profile;
mod station;
