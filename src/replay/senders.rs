//! The senders of a scenario: what each remembers, and which messages wait.

use std::collections::BTreeMap;

use super::memory::{Memory, Role};
use crate::facts::{DnsName, UnixTime};
use crate::sender::MailKind;
use crate::story::state::{self, CacheUse};
use crate::story::{State, Story};

/// The senders, their memories and their queue.
#[derive(Clone, Debug)]
pub struct Senders {
    /// The senders, in written order.
    pub senders: Vec<state::Sender>,
    /// The policy domains, in written order.
    pub domains: Vec<DnsName>,
    /// What each remembers, by sender and next hop.
    memory: BTreeMap<(Box<str>, DnsName), Memory>,
    queue: Vec<Queued>,
    /// Who plays the strict ones.
    role: Role,
    /// When something happened last.
    now: UnixTime,
}

/// A message that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) sender: Box<str>,
    pub(super) domain: DnsName,
    /// When it was handed over; `None` of one that is about to be.
    pub(super) since: Option<UnixTime>,
    pub(super) kind: MailKind,
}

impl Senders {
    /// Starts with what the scenario says is cached when it begins.
    pub(super) fn new(scenario: &Story, role: Role) -> Self {
        let mut senders = Self {
            senders: Vec::new(),
            domains: Vec::new(),
            memory: BTreeMap::new(),
            queue: Vec::new(),
            role,
            now: scenario.start,
        };
        for sender in scenario
            .moments
            .first()
            .into_iter()
            .flat_map(|first| &first.state.senders)
        {
            for (domain, policy) in &sender.cached {
                senders.memory.insert(
                    (sender.name.clone(), domain.clone()),
                    Memory::new(role, &sender.class, Some(policy.clone())),
                );
            }
        }
        senders
    }

    pub(super) fn follow(&mut self, state: &State) {
        self.senders.clone_from(&state.senders);
        self.domains.clone_from(&state.domains);
    }

    /// Returns the sender of this name.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<&state::Sender> {
        self.senders.iter().find(|sender| &*sender.name == name)
    }

    /// Notes that time has passed.
    pub(super) const fn pass(&mut self, now: UnixTime) {
        self.now = now;
    }

    /// Returns what a sender remembers of a next hop; nothing if its cache is emptied each time.
    #[must_use]
    pub fn recall(&self, sender: &state::Sender, next_hop: &DnsName) -> Memory {
        let kept = match sender.cache {
            CacheUse::Emptied => None,
            CacheUse::Kept => self.memory.get(&(sender.name.clone(), next_hop.clone())),
        };
        kept.cloned()
            .unwrap_or_else(|| Memory::new(self.role, &sender.class, None))
    }

    /// Lets a sender remember this of a next hop.
    pub(super) fn remember(&mut self, sender: &str, next_hop: &DnsName, memory: Memory) {
        self.memory
            .insert((sender.into(), next_hop.clone()), memory);
    }

    /// Returns the next refresh that is due at `until` or before.
    #[must_use]
    pub fn next_refresh(&self, until: UnixTime) -> Option<(UnixTime, Box<str>, DnsName)> {
        self.memory
            .iter()
            .filter_map(|((name, next_hop), memory)| {
                let sender = self.sender(name)?;
                if sender.cache == CacheUse::Emptied {
                    return None;
                }
                let due = memory.due(&sender.class, next_hop, self.now)?;
                (due <= until).then(|| (due, name.clone(), next_hop.clone()))
            })
            .min_by_key(|(due, _, _)| *due)
    }

    /// Returns when each remembered policy or back-off ends.
    pub fn ends(&self) -> impl Iterator<Item = UnixTime> {
        self.memory.values().flat_map(Memory::ends)
    }

    pub(super) fn queue(&mut self, waiting: Queued) {
        self.queue.push(waiting);
    }

    /// Takes the messages of a sender to a domain out of the queue.
    pub(super) fn take_queued(&mut self, sender: &str, domain: &DnsName) -> Vec<Queued> {
        let (taken, rest) = self
            .queue
            .drain(..)
            .partition(|queued| &*queued.sender == sender && queued.domain == *domain);
        self.queue = rest;
        taken
    }
}
