//! What a keeper did, counted since its start.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a keeper did, counted since its start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Policies fetched.
    pub fetched: Counter,
    /// Fetches that failed.
    pub fetch_failed: Counter,
    /// Looks at a record.
    pub looked: Counter,
    /// Looks that had no answer.
    pub look_failed: Counter,
    /// Refreshes that failed with little of the policy's life left.
    pub alarms: Counter,
    /// Policies that could not be stored, and are held in memory alone.
    pub store_failed: Counter,
    /// Domains that the store could not be asked for.
    pub store_unreadable: Counter,
    /// Questions that were not waited for any longer.
    pub out_of_patience: Counter,
    /// Work that was not begun, because too much runs already.
    pub turned_away: Counter,
}
