//! What somebody said to one question, in a form in which answers can be compared.

use std::collections::BTreeSet;

use crate::facts::DnsName;
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsOutcome, MxRecord, TxtRecord};

/// What somebody said to one question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said<'a, T> {
    /// The name is an alias of this one, which another zone may hold.
    Alias(&'a DnsName),
    /// These records, none if there are none.
    Records(BTreeSet<T>),
    /// No usable answer.
    Failed(&'a DnsFailure),
    /// It was not asked.
    NotAsked,
}

impl<'a, T: Ord> Said<'a, T> {
    /// Returns what an answer says.
    fn of(answer: Option<&'a DnsAnswer>, records: impl Fn(&'a DnsAnswer) -> BTreeSet<T>) -> Self {
        let Some(answer) = answer else {
            return Self::NotAsked;
        };
        match (answer.aliases.first(), &answer.outcome) {
            (Some(alias), _) => Self::Alias(&alias.target),
            (None, DnsOutcome::Failed(failure)) => Self::Failed(failure),
            (
                None,
                DnsOutcome::Records { .. }
                | DnsOutcome::NxDomain { .. }
                | DnsOutcome::NoData { .. },
            ) => Self::Records(records(answer)),
        }
    }

    /// Returns whether it is an answer.
    pub const fn is_answer(&self) -> bool {
        match self {
            Self::Alias(_) | Self::Records(_) => true,
            Self::Failed(_) | Self::NotAsked => false,
        }
    }

    /// Returns whether both are answers, and not the same.
    pub(super) fn differs_from(&self, other: &Self) -> bool {
        self.is_answer() && other.is_answer() && self != other
    }
}

impl<'a> Said<'a, MxRecord> {
    /// Returns what an answer says of MX records.
    #[must_use]
    pub fn of_mx(answer: Option<&'a DnsAnswer>) -> Self {
        Self::of(answer, |answer| answer.exchangers().cloned().collect())
    }
}

impl<'a> Said<'a, Vec<u8>> {
    /// Returns what an answer says of TXT records.
    #[must_use]
    pub fn of_texts(answer: Option<&'a DnsAnswer>) -> Self {
        Self::of(answer, |answer| {
            answer.texts().map(TxtRecord::joined).collect()
        })
    }
}
