//! The tests that need more than one room, in one binary.

// Always set here; clippy knows helpers for tests by it.
#[cfg(test)]
mod net;
#[cfg(test)]
mod support;
