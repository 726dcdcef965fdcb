//! Whose policies a store holds.

/// Whose policies a store holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// `check`'s ledger: every policy that was seen, and when.
    Check,
    /// A sender's cache: the newest successful fetch.
    Serve,
}
