//! What an audit found: each requirement, and whether the sender met it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::requirement::{Level, Requirement};

/// What came of a sender.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Score {
    /// The sender.
    pub sender: Box<str>,
    /// Whether it delivered, before and after, what any sender delivers; what it was shown to enforce counts for
    /// nothing otherwise.
    pub alive: bool,
    /// The requirements, in the order of the page that lists them.
    pub requirements: Vec<Scored>,
}

/// What came of a requirement.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Scored {
    /// Its name.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Its number in the list of RFC 8461's requirements.
    pub number: &'static str,
    /// The RFC's own words.
    pub sentence: &'static str,
    /// What its domain does.
    pub shows: &'static str,
    /// Whether it was met.
    pub outcome: Outcome,
    /// What was seen instead, or why nothing was; a known divergence's reason is the last.
    pub because: Vec<Box<str>>,
}

/// Whether a requirement was met.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was.
    Enforced,
    /// It was not, and that is known of this sender.
    KnownDivergence,
    /// It was not.
    NotEnforced,
    /// Nothing shows whether it was.
    NotShown,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Enforced,
        Self::KnownDivergence,
        Self::NotEnforced,
        Self::NotShown,
    ];

    /// Returns the words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::KnownDivergence => "known divergence",
            Self::NotEnforced => "not enforced",
            Self::NotShown => "not shown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Score {
    /// Returns how many requirements of this level came to this.
    #[must_use]
    pub fn count(&self, level: Level, outcome: Outcome) -> usize {
        let of_them = |scored: &&Scored| scored.level == level && scored.outcome == outcome;
        self.requirements.iter().filter(of_them).count()
    }

    /// Excuses what is known of the sender: requirements, and why it does not meet them. Returns those that it
    /// meets all the same.
    #[must_use]
    pub fn excuse(&mut self, known: &BTreeMap<Box<str>, Box<str>>) -> Vec<&'static str> {
        let mut unneeded = Vec::new();
        for scored in &mut self.requirements {
            let Some(reason) = known.get(scored.id) else {
                continue;
            };
            match scored.outcome {
                Outcome::NotEnforced => {
                    scored.outcome = Outcome::KnownDivergence;
                    scored.because.push(reason.clone());
                }
                Outcome::Enforced => unneeded.push(scored.id),
                Outcome::KnownDivergence | Outcome::NotShown => {}
            }
        }
        unneeded
    }
}

impl Scored {
    /// Makes what came of a requirement.
    #[must_use]
    pub fn new(requirement: &Requirement, outcome: Outcome, because: Vec<Box<str>>) -> Self {
        Self {
            id: requirement.id,
            level: requirement.level,
            number: requirement.number,
            sentence: requirement.sentence,
            shows: requirement.shows,
            outcome,
            because,
        }
    }
}
