//! What was judged of one domain, senders included, and what follows from it at once.

use super::document::CutShortReport;
use super::intended::Intended;
use super::judged::Judged;
use super::outcome::SenderOutcome;
use super::wait::WaitReport;
use crate::facts::UnixTime;
use crate::facts::special::Prefix;
use crate::sts::ledger::{Held, Ledger};
use crate::sts::policy::{Mode, Policy};

/// What was seen and judged of one domain, before it is laid out.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The facts, judged.
    pub judged: &'a Judged<'a>,
    /// The time.
    pub now: UnixTime,
    /// The senders.
    pub rows: &'a [SenderOutcome<'a>],
    /// The policies that senders may hold of those seen before, in the order in which they were first seen.
    pub held: &'a [Held<'a>],
    /// What was seen of the domain, this check included; `None` if nothing is remembered.
    pub ledger: Option<&'a Ledger>,
    /// Special-purpose addresses that were connected to all the same.
    pub allowed: &'a [Prefix],
    /// Why not all was asked; `None` if it was.
    pub cut_short: Option<CutShortReport>,
    /// What comes of what is intended; `None` if nobody says.
    pub intended: Option<&'a Intended<'a>>,
    /// How long was waited for that; `None` if nobody waits.
    pub waited: Option<&'a WaitReport>,
}

impl<'a> Case<'a> {
    /// Returns the policy that a sender may have fetched last, of those seen before.
    #[must_use]
    pub fn latest_held(&self) -> Option<&'a Held<'a>> {
        self.held.iter().max_by_key(|held| held.fetched_by)
    }

    /// Returns the policy that bears on the hosts, live or else stored; `None` if it bears on none.
    #[must_use]
    pub fn active_policy(&self) -> Option<Policy> {
        self.judged
            .live_id()
            .and_then(|_| self.judged.live_policy().cloned())
            .or_else(|| self.latest_held()?.seen.read().map(|(_, policy)| policy))
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
            .chain(
                self.held
                    .iter()
                    .filter_map(|held| Some(held.seen.read()?.1)),
            )
            .find(|policy| !policy.patterns().is_empty())
    }

    /// Returns the worst row, the one that gives the domain its verdict.
    #[must_use]
    pub fn worst_row(&self) -> Option<&SenderOutcome<'a>> {
        // The first of the worst: rows that read to the letter, with an empty cache, come first.
        self.rows.iter().rev().max_by_key(|row| row.verdict)
    }
}
