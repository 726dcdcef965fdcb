//! §3.2, §5.1: which policies senders may hold, and until when, as far as looks at a domain tell.
//!
//! The life of a cached policy counts from each sender's last fetch, which nobody else sees. What is seen is
//! when a policy was live: a sender may have fetched it at any moment until the first look that no longer saw
//! it.

mod look;
mod part;
#[cfg(test)]
mod tests;
mod update;

use schemars::JsonSchema;
use serde::Serialize;

pub use look::{Look, Published};
pub use part::{Change, EdgeSeen, MAX_CHANGES, MxHostSeen, MxSeen, Part, RecordSeen};
pub use update::Update;

use super::cache::StoredPolicy;
use super::policy::{MaxAge, Policy};
use super::reading::Reading;
use super::record::RecordId;
use crate::facts::UnixTime;

/// How many policies are remembered of one domain.
pub const MAX_POLICIES: usize = 64;

/// Every distinct policy that was seen of one domain, in the order in which they were first seen, and how the
/// domain was set up since the first of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    policies: Vec<SeenPolicy>,
    changes: Vec<Change>,
}

/// A policy and when it was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeenPolicy {
    /// The id of the TXT record beside it.
    pub id: RecordId,
    /// The body.
    pub body: Box<[u8]>,
    /// The first look that saw it.
    pub first_seen: UnixTime,
    /// The last look that saw it.
    pub last_seen_live: UnixTime,
    /// The first look after that one that no longer saw it; `None` while it is live.
    pub gone_by: Option<UnixTime>,
}

/// A policy that a sender may hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held<'l> {
    /// The policy, and when it was seen.
    pub seen: &'l SeenPolicy,
    /// When a sender may have fetched it last.
    pub fetched_by: UnixTime,
    /// Until when a sender holds it that fetched it when it was last seen.
    pub certainly_until: UnixTime,
    /// Until when a sender holds it that fetched it at the last moment.
    pub possibly_until: UnixTime,
    /// How sure it is that a sender holds it now.
    pub holding: Holding,
}

/// How sure it is that a sender holds a policy.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holding {
    /// One that fetched it when it was last seen does.
    Certain,
    /// Only one that fetched it later, before it was found gone.
    Possible,
}

impl Ledger {
    /// Makes a ledger of policies that were seen, as from a store; beyond [`MAX_POLICIES`] the oldest go.
    #[must_use]
    pub fn new(mut policies: Vec<SeenPolicy>) -> Self {
        policies.sort_by_key(|seen| seen.first_seen);
        let mut ledger = Self {
            policies,
            changes: Vec::new(),
        };
        ledger.bound(UnixTime::MAX);
        ledger
    }

    /// Adds changes that were seen, as from a store; of each part the oldest go beyond [`MAX_CHANGES`].
    #[must_use]
    pub fn with_changes(self, mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|change| change.seen_at);
        part::bound(&mut changes);
        Self { changes, ..self }
    }

    /// Returns what was seen, in the order in which it was first seen.
    #[must_use]
    pub fn policies(&self) -> &[SeenPolicy] {
        &self.policies
    }

    /// Returns how the domain was set up when its first policy was seen, and each change since, in the order in
    /// which they were seen.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns whether no policy was seen yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Returns this policy, if it was seen.
    #[must_use]
    pub fn find(&self, id: &RecordId, body: &[u8]) -> Option<&SeenPolicy> {
        self.policies
            .iter()
            .find(|seen| seen.id == *id && *seen.body == *body)
    }

    /// Returns the policies that a sender may hold at `now`, in the order in which they were first seen.
    pub fn held(&self, now: UnixTime) -> impl Iterator<Item = Held<'_>> {
        self.policies
            .iter()
            .filter_map(move |seen| seen.held(now))
            .filter(move |held| now <= held.possibly_until)
    }

    /// Adds a look.
    ///
    /// A time in the future counts as now wherever it is read, and is rewritten here, but only by a look that
    /// fetched a policy: the certificate of that fetch vouches for the clock.
    pub fn record(&mut self, look: &Look) {
        let now = look.at;
        let live = self.live(look);
        if look.has_fetched() {
            for seen in &mut self.policies {
                seen.first_seen = seen.first_seen.min(now);
                seen.last_seen_live = seen.last_seen_live.min(now);
                seen.gone_by = seen.gone_by.map(|gone_by| gone_by.min(now));
            }
            for change in &mut self.changes {
                change.seen_at = change.seen_at.min(now);
            }
        }
        for seen in &mut self.policies {
            if live.iter().any(|(id, body)| seen.is(id, body)) {
                seen.last_seen_live = now;
                seen.gone_by = None;
            } else if look.is_whole {
                seen.gone_by.get_or_insert(now);
            }
        }
        for (id, body) in live {
            if self.find(&id, body).is_none() {
                self.policies.push(SeenPolicy {
                    id,
                    body: body.into(),
                    first_seen: now,
                    last_seen_live: now,
                    gone_by: None,
                });
            }
        }
        self.bound(now);
        // Of a domain that never had a policy nothing is kept.
        if !self.is_empty() {
            part::note(&mut self.changes, now, &look.parts);
        }
    }

    /// Returns what a sender could fetch at the look: each body under each id that it can come with.
    ///
    /// Q: Under which id is a policy cached that is fetched while the record is missing or unusable? A: Nobody
    /// begins to hold one then; a sender that refreshes keeps the id that it had, as ours does.
    fn live<'k>(&self, look: &'k Look) -> Vec<(RecordId, &'k [u8])> {
        match &look.published {
            Published::Unknown => Vec::new(),
            Published::Policies(policies) => policies
                .iter()
                .map(|(id, body)| (id.clone(), &**body))
                .collect(),
            Published::WithoutRecord(bodies) => {
                let mut ids: Vec<&RecordId> = Vec::new();
                for held in self.held(look.at) {
                    if !ids.contains(&&held.seen.id) {
                        ids.push(&held.seen.id);
                    }
                }
                ids.iter()
                    .flat_map(|id| bodies.iter().map(|body| ((*id).clone(), &**body)))
                    .collect()
            }
        }
    }

    /// Forgets what is too much: what no sender holds any more before what one may, the oldest first.
    fn bound(&mut self, now: UnixTime) {
        while self.policies.len() > MAX_POLICIES {
            let oldest = (self.policies.iter().enumerate())
                .min_by_key(|(_, seen)| seen.held(now).map(|held| held.possibly_until))
                .map(|(place, _)| place);
            let Some(place) = oldest else { return };
            self.policies.remove(place);
        }
    }
}

impl From<StoredPolicy> for Ledger {
    /// Makes a ledger of a policy of which one fetch is known. It may have been live ever since: the next look
    /// tells.
    fn from(stored: StoredPolicy) -> Self {
        Self::new(vec![SeenPolicy {
            id: stored.id,
            body: stored.body,
            first_seen: stored.fetched_at,
            last_seen_live: stored.fetched_at,
            gone_by: None,
        }])
    }
}

impl SeenPolicy {
    /// Returns the policy as one that was fetched when it was last seen.
    #[must_use]
    pub fn as_last_seen(&self) -> StoredPolicy {
        StoredPolicy {
            id: self.id.clone(),
            body: self.body.clone(),
            fetched_at: self.last_seen_live,
        }
    }

    /// Returns the policy and the stricter of the readings in which the body is one; `None` if it is one in
    /// neither.
    #[must_use]
    pub fn read(&self) -> Option<(Reading, Policy)> {
        Reading::BOTH.into_iter().find_map(|reading| {
            let policy = super::policy::parse(&self.body, reading).ok()?;
            Some((reading, policy))
        })
    }

    /// Returns how it is held as seen from `now`, whether or not that is over; `None` for a body that is no
    /// policy.
    #[must_use]
    pub fn held(&self, now: UnixTime) -> Option<Held<'_>> {
        let life = self.max_age()?.as_duration();
        let last_seen_live = self.last_seen_live.min(now);
        // A look that was made by a clock behind the one before cannot have come before it.
        let fetched_by = self
            .gone_by
            .map_or(now, |gone_by| gone_by.max(last_seen_live).min(now));
        let certainly_until = last_seen_live.saturating_add(life);
        Some(Held {
            seen: self,
            fetched_by,
            certainly_until,
            possibly_until: fetched_by.saturating_add(life),
            holding: if now <= certainly_until {
                Holding::Certain
            } else {
                Holding::Possible
            },
        })
    }

    /// Returns the `max_age` as the sender reads it that counts longest; `None` for a body that is no policy.
    #[must_use]
    pub fn max_age(&self) -> Option<MaxAge> {
        let readings = Reading::BOTH.into_iter();
        readings
            .filter_map(|reading| Some(super::policy::parse(&self.body, reading).ok()?.max_age()))
            .max()
    }

    fn is(&self, id: &RecordId, body: &[u8]) -> bool {
        self.id == *id && *self.body == *body
    }
}

impl Held<'_> {
    /// Returns whether it was seen at this very moment.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.seen.gone_by.is_none() && self.seen.last_seen_live >= self.fetched_by
    }

    /// Returns the policy as the sender holds it that fetched it last.
    #[must_use]
    pub fn as_fetched_last(&self) -> StoredPolicy {
        StoredPolicy {
            id: self.seen.id.clone(),
            body: self.seen.body.clone(),
            fetched_at: self.fetched_by,
        }
    }
}
