//! The last changes of what is held for a domain.

use std::collections::VecDeque;
use std::fmt;

use super::standing::Standing;
use crate::facts::{Say as _, UnixTime};
use crate::sts::policy::Mode;
use crate::sts::record::RecordId;

/// How many changes are remembered of a domain.
pub const MAX_CHANGES: usize = 16;

/// The last changes of what is held for a domain, the oldest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct History(VecDeque<(UnixTime, Change)>);

/// What holds since a moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// A policy.
    Policy {
        /// Its id.
        id: RecordId,
        /// Its mode.
        mode: Mode,
        /// Its patterns, as they are written.
        mx: Box<[Box<str>]>,
    },
    /// None, and why.
    None(Box<str>),
}

impl Change {
    /// Returns what there is to remember of a standing; `None` while nothing is known.
    #[must_use]
    pub fn of(standing: &Standing) -> Option<Self> {
        match standing {
            Standing::Policy(cached) => Some(Self::Policy {
                id: cached.id.clone(),
                mode: cached.policy.mode(),
                mx: cached
                    .policy
                    .patterns()
                    .iter()
                    .map(|pattern| pattern.to_string().into())
                    .collect(),
            }),
            Standing::None(why) => Some(Self::None(why.sentence().to_string().into())),
            Standing::Pending { .. } | Standing::Unreadable => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { id, mode, mx } => {
                write!(f, "policy {id}, mode {mode}")?;
                for (index, pattern) in mx.iter().enumerate() {
                    write!(f, "{}{pattern}", if index == 0 { ", mx " } else { " " })?;
                }
                Ok(())
            }
            Self::None(why) => write!(f, "no policy: {why}"),
        }
    }
}

impl History {
    /// Notes what holds since `at`; the oldest change makes room for it.
    pub fn note(&mut self, at: UnixTime, change: Change) {
        if self.0.len() >= MAX_CHANGES {
            self.0.pop_front();
        }
        // Most domains change once in a sidecar's life.
        self.0.reserve_exact(1);
        self.0.push_back((at, change));
    }

    /// Returns the changes, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &(UnixTime, Change)> {
        self.0.iter()
    }
}
