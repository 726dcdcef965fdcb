//! §3.1: how record ids and bodies changed together, as the ledger tells.

use super::{Ledger, SeenPolicy};
use crate::facts::UnixTime;
use crate::sts::policy::MaxAge;
use crate::sts::record::RecordId;

/// A change of the body or of the id that did not come with the other: "any time the policy changes", the id
/// has to (§3.1), and senders that compare ids fetch only then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Update<'l> {
    /// The body changed under one id. Where a new id followed, that is the right order, seen midway.
    BodyChanged {
        /// The id.
        id: &'l RecordId,
        /// The first look that saw the new body under it.
        at: UnixTime,
        /// The id that came with the new body later, and the first look that saw that.
        followed_by: Option<(&'l RecordId, UnixTime)>,
    },
    /// An id came before its body: senders that fetched between hold the old body under the new id, and have
    /// no reason to fetch again.
    IdBeforeBody {
        /// The id.
        id: &'l RecordId,
        /// The first look that saw it, with the old body.
        at: UnixTime,
        /// The first look that saw the new body under it.
        body_at: UnixTime,
    },
    /// The id changed over one body: senders fetched the same again.
    IdChanged {
        /// The id before.
        from: &'l RecordId,
        /// The id after.
        to: &'l RecordId,
        /// The first look that saw that.
        at: UnixTime,
    },
}

impl Update<'_> {
    /// Returns when it was seen: where an id came before its body, when the body came.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        match self {
            Self::BodyChanged { at, .. }
            | Self::IdBeforeBody { body_at: at, .. }
            | Self::IdChanged { at, .. } => *at,
        }
    }
}

impl Ledger {
    /// Returns the largest `max_age` that was seen, as the sender reads it that counts longest; `None` if no policy
    /// was.
    #[must_use]
    pub fn largest_max_age(&self) -> Option<MaxAge> {
        self.policies().iter().filter_map(SeenPolicy::max_age).max()
    }

    /// Returns since when a body has been served without a break, under whichever ids; `None` if it never was.
    ///
    /// A body that went and came back counts from when it came back: after a rollback it is the new one.
    #[must_use]
    pub fn served_since(&self, body: &[u8]) -> Option<UnixTime> {
        let mut since: Option<UnixTime> = None;
        for seen in self
            .policies()
            .iter()
            .rev()
            .filter(|seen| *seen.body == *body)
        {
            let is_broken =
                since.is_some_and(|since| seen.gone_by.is_some_and(|gone_by| gone_by < since));
            if is_broken {
                break;
            }
            since = Some(seen.first_seen);
        }
        since
    }

    /// Returns the changes of a body or an id that came without the other, in the order in which they were seen.
    /// Two that the same look saw first are told apart by their edges, not by time.
    #[must_use]
    pub fn updates(&self) -> Vec<Update<'_>> {
        let mut updates = Vec::new();
        for new in self.policies() {
            if let Some(old) = self.before(new, |old| old.id == new.id && old.body != new.body) {
                updates.push(match self.id_alone_before(old) {
                    Some(_) => Update::IdBeforeBody {
                        id: &new.id,
                        at: old.first_seen,
                        body_at: new.first_seen,
                    },
                    None => Update::BodyChanged {
                        id: &new.id,
                        at: new.first_seen,
                        followed_by: self.follower(new),
                    },
                });
            }
            if let Some(old) = self.id_alone_before(new)
                && !self.has_another_body_later(new)
            {
                updates.push(Update::IdChanged {
                    from: &old.id,
                    to: &new.id,
                    at: new.first_seen,
                });
            }
        }
        updates.sort_by_key(Update::at);
        updates
    }

    /// Returns the newest policy of this kind that was first seen before `new`.
    fn before(
        &self,
        new: &SeenPolicy,
        is_meant: impl Fn(&SeenPolicy) -> bool,
    ) -> Option<&SeenPolicy> {
        self.policies()
            .iter()
            .rfind(|old| old.first_seen < new.first_seen && is_meant(old))
    }

    /// Returns the policy whose body `new` came with under another id, if that was live until then and its
    /// body had not just come: an id that follows its body is in order.
    fn id_alone_before(&self, new: &SeenPolicy) -> Option<&SeenPolicy> {
        let old = self.before(new, |old| {
            let was_live = old.gone_by.is_none_or(|gone_by| gone_by >= new.first_seen);
            old.body == new.body && old.id != new.id && was_live
        })?;
        let changed = self.before(old, |older| older.id == old.id && older.body != old.body);
        changed.is_none().then_some(old)
    }

    /// Returns the id that came with the body of `new` later.
    fn follower(&self, new: &SeenPolicy) -> Option<(&RecordId, UnixTime)> {
        let follower = self.policies().iter().find(|later| {
            later.first_seen > new.first_seen && later.body == new.body && later.id != new.id
        })?;
        Some((&follower.id, follower.first_seen))
    }

    fn has_another_body_later(&self, new: &SeenPolicy) -> bool {
        self.policies().iter().any(|later| {
            later.first_seen > new.first_seen && later.id == new.id && later.body != new.body
        })
    }
}
