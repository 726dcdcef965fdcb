//! Whom a receiver that greylists has met.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Who wrote to whom, by the receiver's address; it lasts as long as its world.
#[derive(Debug, Default)]
pub(in crate::world) struct Greylist(Mutex<BTreeSet<(IpAddr, String, String)>>);

impl Greylist {
    /// Returns whether `from` named `to` to this receiver before, and remembers that it did.
    pub(super) fn has_met(&self, receiver: IpAddr, from: &str, to: &str) -> bool {
        // A set is whole whenever the lock is free: a panic elsewhere does not spoil it.
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !met.insert((receiver, from.to_owned(), to.to_owned()))
    }
}
