//! The store against octets from anywhere.

mod mutated;
mod replaced;
