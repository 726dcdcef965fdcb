//! Servers that hear of a change late.

use serde::{Deserialize, Serialize};

/// What a server still gives of what it gave before a change: a copy in a cache, a zone that is not transferred yet.
///
/// It is counted in requests, not in time: a client that looks often sees the change soon.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lag<T> {
    /// How many requests it answers so.
    pub requests: u32,
    /// What it gave before.
    pub before: T,
}

impl<T> Lag<T> {
    /// Returns what is given to a request after so many since the change; `None` once that is what holds now.
    #[must_use]
    pub fn still(&self, answered: u32) -> Option<&T> {
        (answered < self.requests).then_some(&self.before)
    }
}
