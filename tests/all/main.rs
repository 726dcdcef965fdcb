//! The tests that need more than one room, in one binary.

mod store;
mod support;
