//! The sender on the model, by the sections of RFC 8461: what it does, what it asks, what it remembers.

mod addresses;
mod assumed;
mod cache;
mod certainty;
mod classes;
mod delivery;
mod discovery;
mod faults;
mod fetch;
mod memo;
mod mx;
mod reports;
mod trace;
