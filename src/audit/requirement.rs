//! What a requirement is: a sentence of the RFC, a domain that shows it, and what must come of mail there.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::control::Control;
use super::site::{Site, domain_of, host_of};

/// One requirement on a sender, and the domain that shows whether it is met.
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    /// Its name: the RFC, the section, and what it is about: `8461/4.1/wildcard-two-labels`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Its number in the list of RFC 8461's requirements (`src/sts/requirements.md`).
    pub number: &'static str,
    /// The RFC's own words.
    pub sentence: &'static str,
    /// What the domain does.
    pub shows: &'static str,
    /// The label below the domain to whose postmaster mail goes; empty for the domain itself.
    pub(super) recipient: &'static str,
    /// What holds of the domain from the start.
    pub(super) first: Lay,
    /// What changes between the first messages and later ones.
    pub(super) changed: Option<Lay>,
    /// What changes at the end, when short policies have run out.
    pub(super) later: Option<Lay>,
    /// What must come of mail, and when.
    pub(super) demands: &'static [(Phase, Demand)],
    /// A control that does not meet it.
    pub failed_by: Control,
}

/// Lays out a domain, or changes what it does.
pub(super) type Lay = fn(&mut Site<'_>);

/// A requirement of which only what differs is to be said.
pub(super) const STEADY: Requirement = Requirement {
    id: "",
    level: Level::Must,
    number: "",
    sentence: "",
    shows: "",
    recipient: "",
    first: |_| {},
    changed: None,
    later: None,
    demands: &[],
    failed_by: Control::NeverEnforces,
};

impl Requirement {
    /// Returns the last part of its name, which is also the name of its domain.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.id.rsplit('/').next().unwrap_or(self.id)
    }

    /// Returns the domain that mail goes to.
    pub(super) fn next_hop(&self) -> String {
        host_of(&domain_of(self.name()), self.recipient)
    }

    /// Returns whether something is demanded in this phase.
    pub(super) fn is_judged_in(&self, phase: Phase) -> bool {
        self.demands.iter().any(|(when, _)| *when == phase)
    }
}

/// How binding a requirement is (RFC 2119).
#[derive(Clone, Copy, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// An absolute requirement.
    Must,
    /// There may be reasons to leave it, to be weighed.
    Should,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

/// The parts of an audit, in order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// What the domains do from the start.
    First,
    /// Ids, records and policy hosts have changed.
    Changed,
    /// Short policies have run out.
    Later,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::First, Self::Changed, Self::Later];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First => "at first",
            Self::Changed => "after the change",
            Self::Later => "at the end",
        })
    }
}

/// What must come of mail to a domain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Demand {
    /// A fresh message arrives once, at this host.
    Arrives(&'static str, Over),
    /// A fresh message arrives nowhere, however often it is tried.
    StaysAway,
    /// A fresh message arrives nowhere and does not come back to its author either.
    Waits,
    /// The messages that waited arrive at this host.
    WaitingArrives(&'static str),
    /// This host is never asked for a policy.
    NeverAsked(&'static str),
    /// The policy host is asked once in five minutes at most.
    AskedSparingly,
}

/// How a message travels to its host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Over {
    /// Whichever way.
    Any,
    /// Over TLS.
    Tls,
}

#[cfg(test)]
mod tests {
    use super::{Phase, Requirement, STEADY};
    use crate::audit::requirements;

    #[test]
    fn a_requirement_has_a_name_of_its_own_and_says_what_it_demands() {
        let mut names = std::collections::BTreeSet::new();
        for requirement in requirements::all() {
            let Requirement {
                id,
                sentence,
                shows,
                demands,
                number,
                ..
            } = requirement;
            assert!(
                names.insert(requirement.name()),
                "{id}: its domain is taken"
            );
            let parts: Vec<&str> = id.split('/').collect();
            assert_eq!(parts.len(), 3, "{id}");
            assert!(!sentence.is_empty() && !shows.is_empty(), "{id}");
            assert!(!demands.is_empty() && !number.is_empty(), "{id}");
            assert!(demands.is_sorted_by_key(|(phase, _)| *phase), "{id}");
            for (phase, change) in [
                (Phase::Changed, requirement.changed),
                (Phase::Later, requirement.later),
            ] {
                let is_looked_at = demands.iter().any(|(when, _)| *when >= phase);
                assert!(
                    change.is_none() || is_looked_at,
                    "{id}: {phase} is not judged"
                );
            }
        }
        assert_eq!(STEADY.name(), "");
    }
}
