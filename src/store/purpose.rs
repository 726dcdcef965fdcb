//! Whose policies a store holds.

/// Whose policies a store holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `check`'s evidence: the oldest policy that a sender may still have.
    Check,
    /// A sender's cache: the newest successful fetch.
    Serve,
}
