//! All domains that are held in memory, in parts with a lock each.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use tokio::sync::watch;

use crate::facts::{DnsName, UnixTime};
use crate::keeper::held::Held;

/// How many parts there are: enough that look-ups on all processors seldom meet.
const PARTS: usize = 64;

/// All domains that are held in memory.
#[derive(Debug)]
pub(super) struct Shelf {
    parts: Vec<RwLock<Part>>,
    most_of_part: usize,
    /// Grows whenever something was removed from the store.
    removals: AtomicU64,
}

/// A part of them; in boxes, for a table has room for up to twice as many as it holds.
pub(super) type Part = HashMap<DnsName, Box<Slot>>;

/// One domain in memory.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) held: Held,
    /// The work that runs for it.
    pub(super) flight: Option<Flight>,
    /// Whether the store was asked for it.
    pub(super) is_loaded: bool,
    /// Whether the store could not be read when it was asked last.
    pub(super) is_unreadable: bool,
    /// Whether it holds a policy that the store could not take.
    pub(super) is_only_here: bool,
    /// When it was last asked for.
    asked_at: AskedAt,
}

/// When a domain was last asked for, in seconds since 1970, 0 for never: many who read may note it at once.
#[derive(Debug, Default)]
struct AskedAt(AtomicU64);

impl Slot {
    /// Returns when it was last asked for.
    pub(super) fn asked_at(&self) -> Option<UnixTime> {
        let AskedAt(secs) = &self.asked_at;
        let secs = secs.load(Ordering::Relaxed);
        (secs > 0).then(|| UnixTime::from_secs(secs))
    }

    /// Notes that it is asked for.
    pub(super) fn note_asked(&self, now: UnixTime) {
        let AskedAt(secs) = &self.asked_at;
        // As a rule it was asked for in this second already, and reading disturbs nobody.
        if secs.load(Ordering::Relaxed) != now.as_secs() {
            secs.store(now.as_secs(), Ordering::Relaxed);
        }
    }
}

/// Work that runs for a domain.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) began: Instant,
    /// Closed when it ends.
    pub(super) ended: watch::Receiver<()>,
}

impl Shelf {
    /// Makes a shelf for about `most` domains.
    pub(super) fn new(most: usize) -> Self {
        Self {
            parts: (0..PARTS).map(|_| RwLock::default()).collect(),
            most_of_part: most.div_ceil(PARTS).max(2),
            removals: AtomicU64::new(0),
        }
    }

    /// Locks the part that has, or would have, the domain, to change it.
    pub(super) fn part(&self, domain: &DnsName) -> RwLockWriteGuard<'_, Part> {
        write(self.part_of(domain))
    }

    /// Locks the part that has, or would have, the domain, beside others who read it.
    pub(super) fn read(&self, domain: &DnsName) -> RwLockReadGuard<'_, Part> {
        read(self.part_of(domain))
    }

    fn part_of(&self, domain: &DnsName) -> &RwLock<Part> {
        let mut hasher = DefaultHasher::new();
        domain.as_str().hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 64).unwrap_or(0);
        self.parts.get(index).unwrap_or(&self.parts[0])
    }

    /// Returns the domain's slot, made if it is not there; the least useful ones make room for it.
    pub(super) fn slot<'p>(
        &self,
        part: &'p mut Part,
        domain: &DnsName,
        now: UnixTime,
    ) -> &'p mut Slot {
        if part.len() >= self.most_of_part && !part.contains_key(domain) {
            make_room(part, now);
        }
        part.entry(domain.clone()).or_default()
    }

    /// Makes a slot for the domain, if it has none.
    pub(super) fn make(&self, domain: &DnsName, now: UnixTime) {
        let _slot = self.slot(&mut self.part(domain), domain, now);
    }

    /// Returns a slot of its own for a domain that is not there; `None` if it is, or there is no room.
    pub(super) fn free_slot<'p>(
        &self,
        part: &'p mut Part,
        domain: &DnsName,
    ) -> Option<&'p mut Slot> {
        let is_free = part.len() < self.most_of_part && !part.contains_key(domain);
        is_free.then(|| &mut **part.entry(domain.clone()).or_default())
    }

    /// Returns a number that must be the same when what is read from the store from now on comes to its place: a part
    /// that is locked then shows whether it was removed meanwhile.
    pub(super) fn removals(&self) -> u64 {
        self.removals.load(Ordering::SeqCst)
    }

    /// Says that something was removed from the store: what is being read is read again. The caller removes it from its
    /// part afterwards.
    pub(super) fn forget_what_is_read(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns how many parts there are.
    pub(super) const fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Returns those domains of a part whose policy is, or was, in the store too, and when it was fetched.
    pub(super) fn stored(&self, index: usize) -> Vec<(DnsName, UnixTime)> {
        let part = self.parts.get(index).map(read);
        let slots = part.iter().flat_map(|part| part.iter());
        slots
            .filter(|(_, slot)| !slot.is_only_here)
            .filter_map(|(domain, slot)| Some((domain.clone(), slot.held.policy()?.fetched_at)))
            .collect()
    }

    /// Returns how many domains there are.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| read(part).len()).sum()
    }

    /// Returns the names of all domains.
    pub(super) fn domains(&self) -> Vec<DnsName> {
        self.parts
            .iter()
            .flat_map(|part| read(part).keys().cloned().collect::<Vec<_>>())
            .collect()
    }
}

/// Forgets a tenth of the domains of a part: those without policy first, an enforced policy within its life last,
/// and of equals the one that was not asked for the longest. What is in the store is found there again.
fn make_room(part: &mut Part, now: UnixTime) {
    let mut ranked: Vec<_> = part
        .iter()
        .filter(|(_, slot)| slot.flight.is_none())
        .map(|(domain, slot)| ((slot.held.worth(now), slot.asked_at()), domain.clone()))
        .collect();
    ranked.sort();
    for (_, domain) in ranked.into_iter().take(part.len().div_ceil(10)) {
        part.remove(&domain);
    }
}

/// A panic of another thread leaves no half-done change.
fn read(part: &RwLock<Part>) -> RwLockReadGuard<'_, Part> {
    part.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(part: &RwLock<Part>) -> RwLockWriteGuard<'_, Part> {
    part.write().unwrap_or_else(PoisonError::into_inner)
}
