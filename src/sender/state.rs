//! What a sender remembers about a domain between two messages.
//!
//! F9 and the like are numbers of requirements: `sts/requirements.md` lists them.

use super::class::SenderClass;
use crate::facts::UnixTime;
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::reading::Reading;
use crate::sts::refresh::{self, BackOff, BackOffs};

/// What a sender remembers about one policy domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PolicyState {
    /// The policy of the last successful fetch, expired or not.
    pub cached: Option<CachedPolicy>,
    /// Until when failed fetches keep it from fetching the same ids again.
    pub back_offs: BackOffs,
    /// When it last tried to refresh.
    pub refresh_tried_at: Option<UnixTime>,
}

impl PolicyState {
    /// Starts with a policy, as from a store.
    #[must_use]
    pub fn with_policy(cached: CachedPolicy) -> Self {
        Self {
            cached: Some(cached),
            back_offs: BackOffs::default(),
            refresh_tried_at: None,
        }
    }

    /// Starts with a stored policy, read the way `reading` does; what cannot be read counts as nothing stored.
    #[must_use]
    pub fn from_stored(stored: &StoredPolicy, reading: Reading) -> Self {
        stored
            .read(reading)
            .map_or_else(|_unreadable| Self::default(), Self::with_policy)
    }

    /// Applies what discovery changed.
    pub fn apply(&mut self, change: &CacheChange) {
        match change {
            CacheChange::Keep => {}
            CacheChange::Store(policy) => {
                self.cached = Some(policy.clone());
                self.back_offs.forget(&policy.id);
            }
            CacheChange::BackOff(back_off) => self.back_offs.note(back_off.clone()),
        }
    }

    /// Returns the cached policy, while it counts (A7).
    #[must_use]
    pub fn fresh(&self, now: UnixTime) -> Option<&CachedPolicy> {
        self.cached.as_ref().filter(|cached| cached.is_fresh(now))
    }

    /// Returns when the next refresh is due; `None` if the class does not refresh or nothing is cached that
    /// will still count then.
    #[must_use]
    pub fn refresh_due(&self, class: &SenderClass) -> Option<UnixTime> {
        let cached = self.cached.as_ref()?;
        let due = refresh::due(
            cached,
            class.refresh_after?,
            self.refresh_tried_at,
            &self.back_offs,
        );
        (due <= cached.expires_at()).then_some(due)
    }
}

/// What becomes of the remembered state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CacheChange {
    /// Nothing.
    Keep,
    /// A policy was fetched: it replaces what was cached, and its life begins now (P3).
    Store(CachedPolicy),
    /// A fetch failed: this id is not asked for again for five minutes (F9). What was cached stays.
    BackOff(BackOff),
}
