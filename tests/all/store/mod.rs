//! The store against octets from anywhere.

mod foreign;
mod mutated;
mod replaced;
