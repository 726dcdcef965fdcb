//! The tests that need more than one room, in one binary.

mod cli;
mod store;
mod support;
