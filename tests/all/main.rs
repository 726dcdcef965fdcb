//! The tests that need more than one room, in one binary.

mod cli;
mod properties;
mod store;
mod support;
