//! What holds for a policy domain at a moment.

use std::sync::Arc;

use crate::facts::UnixTime;
use crate::sender::found::NoPolicy;
use crate::sts::cache::CachedPolicy;

/// What holds for a policy domain at a moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// A policy, of any mode, within its life.
    Policy(Arc<CachedPolicy>),
    /// No policy applies, and why.
    None(Arc<NoPolicy>),
    /// Nothing is known yet: the look-up still runs, or a fetch is held back.
    Pending {
        /// When the fetch may be made, if it is held back.
        until: Option<UnixTime>,
    },
    /// What is held cannot be read: the store fails.
    Unreadable,
}

impl Standing {
    /// Returns the policy, if there is one.
    #[must_use]
    pub fn policy(&self) -> Option<&CachedPolicy> {
        match self {
            Self::Policy(policy) => Some(policy),
            Self::None(_) | Self::Pending { .. } | Self::Unreadable => None,
        }
    }
}
