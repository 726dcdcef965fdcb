//! What was judged of one domain, senders included, and what follows from it at once.

use super::judge::Row;
use super::judged::Judged;
use crate::facts::UnixTime;
use crate::sts::cache::{CachedPolicy, StoredPolicy};
use crate::sts::policy::{Mode, Policy};
use crate::sts::reading::Reading;

/// What was seen and judged of one domain, before it is laid out.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The facts, judged.
    pub judged: &'a Judged<'a>,
    /// The time.
    pub now: UnixTime,
    /// The senders.
    pub rows: &'a [Row],
    /// What the store held.
    pub stored: Option<&'a StoredPolicy>,
}

impl Case<'_> {
    /// Returns the stored policy, read to the letter if it can be, else as tolerant senders do, while its
    /// life lasts.
    #[must_use]
    pub fn stored_policy(&self) -> Option<CachedPolicy> {
        let stored = self.stored?;
        Reading::BOTH
            .into_iter()
            .find_map(|reading| stored.read(reading).ok())
            .filter(|cached| cached.is_fresh(self.now))
    }

    /// Returns the policy that bears on the hosts, live or else stored; `None` if it bears on none.
    #[must_use]
    pub fn active_policy(&self) -> Option<Policy> {
        self.judged
            .live_id()
            .and_then(|_| self.judged.live_policy().cloned())
            .or_else(|| self.stored_policy().map(|cached| cached.policy))
            .filter(|policy| policy.mode() != Mode::None)
    }

    /// Returns a policy with MX hosts that is live, or that senders may hold.
    #[must_use]
    pub fn policy_with_hosts(&self) -> Option<Policy> {
        let live = self
            .judged
            .live_id()
            .and_then(|_| self.judged.live_policy());
        live.cloned()
            .into_iter()
            .chain(self.stored_policy().map(|cached| cached.policy))
            .find(|policy| !policy.patterns().is_empty())
    }

    /// Returns the worst row, the one that gives the domain its verdict.
    #[must_use]
    pub fn worst_row(&self) -> Option<&Row> {
        // The first of the worst: rows that read to the letter, with an empty cache, come first.
        self.rows.iter().rev().max_by_key(|row| row.verdict)
    }
}
