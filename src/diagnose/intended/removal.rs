//! When the old entries of a policy can go.

use std::time::Duration;

use super::intention::Intention;
use crate::diagnose::judged::{Judged, names};
use crate::facts::UnixTime;
use crate::sts::ledger::{Held, Ledger, Part};
use crate::sts::mx::MxPattern;
use crate::sts::policy::Policy;

/// What the old MX records are taken to have lived, at least: their TTL is not remembered, and a resolver gives of
/// the new ones only what is left.
const OLD_TTL_AT_LEAST: Duration = Duration::from_secs(3_600);

/// Entries of the live policy that cover no intended host and no live one.
#[derive(Clone, Debug)]
pub struct Removal<'a> {
    /// The live policy.
    pub policy: &'a Policy,
    /// The entries, in order, at least one.
    pub patterns: Vec<&'a MxPattern>,
    /// From when on nobody needs them.
    pub safe_from: UnixTime,
}

impl<'a> Removal<'a> {
    /// Finds the entries, and when they can go; `None` if there are none.
    pub(super) fn of(
        intention: &Intention,
        judged: &'a Judged<'a>,
        held: &[(&Held<'_>, Policy)],
        ledger: Option<&Ledger>,
        now: UnixTime,
    ) -> Option<Self> {
        let policy = judged.listing_policy()?;
        let is_needed = |pattern: &&MxPattern| {
            let mut hosts = intention.hosts().iter().chain(names(&judged.hosts));
            hosts.any(|host| pattern.matches(host))
        };
        let patterns: Vec<&MxPattern> = policy
            .patterns()
            .iter()
            .filter(|pattern| !is_needed(pattern))
            .collect();
        let covers = |policy: &Policy| {
            let mut hosts = intention.hosts().iter();
            hosts.all(|host| policy.matching(host).is_some())
        };
        let safe_from = old_mx_end(judged, ledger, now).max(old_policies_end(
            policy,
            held.iter().filter(|(_, policy)| !covers(policy)),
            ledger,
            now,
        ));
        (!patterns.is_empty()).then_some(Self {
            policy,
            patterns,
            safe_from,
        })
    }

    /// Returns whether the entries can go at `now`.
    #[must_use]
    pub fn is_safe(&self, now: UnixTime) -> bool {
        self.safe_from <= now
    }
}

/// Returns when the last answer with the old MX records leaves the last resolver: the first look that saw the
/// present ones came after the move. Without a memory the move may have been made just now.
fn old_mx_end(judged: &Judged<'_>, ledger: Option<&Ledger>, now: UnixTime) -> UnixTime {
    let mut changes = ledger.into_iter().flat_map(Ledger::changes);
    let moved_by = changes
        .rfind(|change| matches!(change.part, Part::Mx(_)))
        .map_or(now, |change| change.seen_at.min(now));
    let ttl = judged.survey.mx.ttl().unwrap_or_default();
    moved_by.saturating_add(ttl.max(OLD_TTL_AT_LEAST))
}

/// Returns until when a sender may hold a policy that does not list every intended host: as long as one may, the
/// old hosts are the way back.
///
/// What was published before the first look, nobody knows: it is taken to have lived as long as what was seen
/// first.
fn old_policies_end<'h>(
    live: &Policy,
    uncovering: impl Iterator<Item = &'h (&'h Held<'h>, Policy)>,
    ledger: Option<&Ledger>,
    now: UnixTime,
) -> UnixTime {
    let first = ledger.and_then(|ledger| ledger.policies().first());
    let before_the_first = match first {
        Some(first) => {
            let life = first.max_age().unwrap_or_else(|| live.max_age());
            first.first_seen.min(now).saturating_add(life.as_duration())
        }
        None => now.saturating_add(live.max_age().as_duration()),
    };
    uncovering
        .map(|(held, _)| held.possibly_until)
        .fold(before_the_first, UnixTime::max)
}
