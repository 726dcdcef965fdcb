//! What a resolver remembers: record sets under their own TTLs ([RFC 1034, Section 3.6]; [RFC 2308]).
//!
//! Pure: facts and `now` in, facts out. The live network keeps one, and so does each resolver of the model.
//! Every CNAME of a chain is kept on its own, because its TTL is its own: when an `_mta-sts` alias outlives
//! the record it points to, only the record is asked for again.
//!
//! [RFC 1034, Section 3.6]: https://www.rfc-editor.org/rfc/rfc1034#section-3.6
//! [RFC 2308]: https://www.rfc-editor.org/rfc/rfc2308

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use crate::facts::dns::{
    Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, Record, RecordType,
};
use crate::facts::{DnsName, UnixTime};

/// The most CNAMEs that are followed in a row, as Unbound and BIND do at their defaults.
pub const MAX_ALIASES: usize = 16;

/// The most record sets that a cache keeps unless set otherwise.
const DEFAULT_MAX_ENTRIES: usize = 100_000;

/// A cache of record sets and of their absence; failures are never kept.
#[derive(Clone, Debug)]
pub struct DnsCache {
    entries: HashMap<Key, Entry>,
    max_entries: usize,
}

/// What the cache knows of a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cached {
    /// All of the answer; TTLs are what is left of them.
    Hit(DnsAnswer),
    /// The answer from some name on is not known, or no longer.
    Miss {
        /// The name that has to be asked about: the end of the CNAMEs known.
        name: DnsName,
        /// The CNAMEs known, from the name in the question to `name`.
        aliases: Vec<Alias>,
        /// Whether each of those CNAMEs came in a reply with AD set; true if there is none.
        authenticated: bool,
    },
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Key {
    Alias(DnsName),
    /// NXDOMAIN holds for every type (RFC 2308, Section 5).
    Absent(DnsName),
    Rrset(DnsName, RecordType),
}

#[derive(Clone, Debug)]
struct Entry {
    data: Known,
    expires_at: UnixTime,
    authenticated: bool,
}

#[derive(Clone, Debug)]
enum Known {
    Alias(DnsName),
    NoData,
    NxDomain,
    Records(Vec<Record>),
}

impl DnsCache {
    /// Makes an empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::with_max_entries(DEFAULT_MAX_ENTRIES)
    }

    /// Makes an empty cache that keeps at most `max_entries` record sets, at least one.
    #[must_use]
    pub fn with_max_entries(max_entries: usize) -> Self {
        Self {
            entries: HashMap::new(),
            max_entries: max_entries.max(1),
        }
    }

    /// Returns the moments after `now` at which something kept runs out.
    pub fn ends(&self, now: UnixTime) -> impl Iterator<Item = UnixTime> {
        self.entries
            .values()
            .map(|entry| entry.expires_at)
            .filter(move |end| *end > now)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Answers a question from memory, as far as it reaches at `now`.
    #[must_use]
    pub fn lookup(&self, question: &Question, now: UnixTime) -> Cached {
        let mut name = question.name.clone();
        let mut aliases: Vec<Alias> = Vec::new();
        let mut authenticated = true;
        loop {
            if let Some((outcome, end_authenticated)) = self.end(&name, question.record_type, now) {
                return Cached::Hit(DnsAnswer {
                    aliases,
                    outcome,
                    authenticated: authenticated && end_authenticated,
                });
            }
            let Some((alias, alias_authenticated)) = self.alias(&name, now) else {
                return Cached::Miss {
                    name,
                    aliases,
                    authenticated,
                };
            };
            authenticated &= alias_authenticated;
            name = alias.target.clone();
            if let Err(failure) = follow(&question.name, &mut aliases, alias) {
                return Cached::Hit(DnsAnswer {
                    aliases,
                    outcome: DnsOutcome::Failed(failure),
                    authenticated: false,
                });
            }
        }
    }

    /// Keeps what an answer says from `now` on: each CNAME, and what stands at the end unless it failed.
    pub fn store(&mut self, question: &Question, answer: &DnsAnswer, now: UnixTime) {
        let authenticated = answer.authenticated;
        for alias in &answer.aliases {
            self.insert(
                Key::Alias(alias.owner.clone()),
                Known::Alias(alias.target.clone()),
                (alias.ttl, now),
                authenticated,
            );
        }
        let end = answer
            .aliases
            .last()
            .map_or(&question.name, |alias| &alias.target);
        let (key, data, ttl) = match &answer.outcome {
            DnsOutcome::Records { records, ttl } => (
                Key::Rrset(end.clone(), question.record_type),
                Known::Records(records.clone()),
                Some(*ttl),
            ),
            DnsOutcome::NoData { ttl } => (
                Key::Rrset(end.clone(), question.record_type),
                Known::NoData,
                *ttl,
            ),
            DnsOutcome::NxDomain { ttl } => (Key::Absent(end.clone()), Known::NxDomain, *ttl),
            DnsOutcome::Failed(_) => return,
        };
        // RFC 2308, Section 5: "negative responses without SOA records SHOULD NOT be cached"
        if let Some(ttl) = ttl {
            self.insert(key, data, (ttl, now), authenticated);
        }
    }

    fn end(
        &self,
        name: &DnsName,
        record_type: RecordType,
        now: UnixTime,
    ) -> Option<(DnsOutcome, bool)> {
        let live = |key| {
            self.entries
                .get(&key)
                .filter(|entry| now < entry.expires_at)
        };
        // What is known of this type comes first, then that the name does not exist; a CNAME ends nothing.
        let entry = live(Key::Rrset(name.clone(), record_type))
            .or_else(|| live(Key::Absent(name.clone())))?;
        let ttl = entry.expires_at.saturating_duration_since(now);
        let outcome = match &entry.data {
            Known::Records(records) => DnsOutcome::Records {
                records: records.clone(),
                ttl,
            },
            Known::NoData => DnsOutcome::NoData { ttl: Some(ttl) },
            Known::NxDomain => DnsOutcome::NxDomain { ttl: Some(ttl) },
            Known::Alias(_) => return None,
        };
        Some((outcome, entry.authenticated))
    }

    fn alias(&self, owner: &DnsName, now: UnixTime) -> Option<(Alias, bool)> {
        let entry = self
            .entries
            .get(&Key::Alias(owner.clone()))
            .filter(|entry| now < entry.expires_at)?;
        let Known::Alias(target) = &entry.data else {
            return None;
        };
        let alias = Alias {
            owner: owner.clone(),
            target: target.clone(),
            ttl: entry.expires_at.saturating_duration_since(now),
        };
        Some((alias, entry.authenticated))
    }

    fn insert(
        &mut self,
        key: Key,
        data: Known,
        (ttl, now): (Duration, UnixTime),
        authenticated: bool,
    ) {
        let expires_at = now.saturating_add(ttl);
        if expires_at <= now {
            self.entries.remove(&key);
            return;
        }
        if self.entries.len() >= self.max_entries && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.insert(
            key,
            Entry {
                data,
                expires_at,
                authenticated,
            },
        );
    }

    /// Drops what has ended; if that is not enough, the half that ends first.
    fn make_room(&mut self, now: UnixTime) {
        self.entries.retain(|_, entry| now < entry.expires_at);
        if self.entries.len() < self.max_entries {
            return;
        }
        let mut ends: Vec<UnixTime> = self
            .entries
            .values()
            .map(|entry| entry.expires_at)
            .collect();
        let to_drop = (ends.len() / 2).max(1);
        let (earlier, last, _) = ends.select_nth_unstable(to_drop - 1);
        let last = *last;
        // Several may end with the last one to go: no more than the half goes.
        let mut ties = to_drop - earlier.iter().filter(|end| **end < last).count();
        self.entries
            .retain(|_, entry| match entry.expires_at.cmp(&last) {
                Ordering::Less => false,
                Ordering::Equal => {
                    let stays = ties == 0;
                    ties = ties.saturating_sub(1);
                    stays
                }
                Ordering::Greater => true,
            });
    }
}

impl Default for DnsCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds a CNAME to a chain that began at `start`, unless it closes a loop or makes the chain too long.
///
/// # Errors
///
/// The failure that ends the lookup; the CNAME that closes a loop is in `aliases` then, as evidence.
pub fn follow(start: &DnsName, aliases: &mut Vec<Alias>, next: Alias) -> Result<(), DnsFailure> {
    if aliases.len() >= MAX_ALIASES {
        return Err(DnsFailure {
            kind: DnsFailureKind::ChainTooLong,
            detail: format!("the next would be {} to {}", next.owner, next.target).into(),
        });
    }
    let closes = next.target == *start || aliases.iter().any(|alias| alias.target == next.target);
    let detail = closes.then(|| format!("{} points back to {}", next.owner, next.target));
    aliases.push(next);
    match detail {
        Some(detail) => Err(DnsFailure {
            kind: DnsFailureKind::CnameLoop,
            detail: detail.into(),
        }),
        None => Ok(()),
    }
}
