//! The MX hosts of domains whose policy has wildcards: Postfix takes names, not patterns.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::shelf::Flight;
use crate::facts::dns::{DnsAnswer, DnsOutcome, Exchange};
use crate::facts::{DnsName, UnixTime};

/// How many domains' MX hosts are remembered; beyond it all are forgotten and looked up again.
const MAX_DOMAINS: usize = 20_000;

/// How many hosts of one domain are remembered: as many as `check` tries, twice.
const MAX_HOSTS: usize = 64;

/// How long a host is remembered that a mail server's own answer named.
const NAMED_FOR: Duration = Duration::from_secs(300);

/// The least and the longest time that an answer is believed.
const BELIEVED: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3_600));

/// The MX hosts of domains.
#[derive(Debug, Default)]
pub(super) struct HostShelf(Mutex<HashMap<DnsName, Hosts>>);

/// The MX hosts of one domain.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    seen: Option<Seen>,
    /// Hosts that a mail server's own answers named, until when they are remembered.
    named: Vec<(DnsName, UnixTime)>,
    /// Whether another name is an alias of it.
    pub(super) is_reached_by_alias: bool,
    /// The look-up that runs.
    pub(super) flight: Option<Flight>,
}

#[derive(Clone, Debug)]
struct Seen {
    exchangers: Exchangers,
    believed_until: UnixTime,
}

/// Which hosts take mail for a domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Exchangers {
    /// Those of its MX records, in the order of their names.
    Hosts(Vec<DnsName>),
    /// The domain itself, for want of an MX record.
    ItSelf,
    /// It is not known.
    Unknown,
}

impl HostShelf {
    /// Locks all of it; a panic of another thread leaves no half-done change.
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<DnsName, Hosts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers for some minutes that `host` stands in the MX set of `domain`.
    pub(super) fn name(&self, domain: &DnsName, host: &DnsName, now: UnixTime) {
        let mut shelf = self.lock();
        make_room(&mut shelf, domain);
        let named = &mut shelf.entry(domain.clone()).or_default().named;
        named.retain(|(name, until)| name != host && now < *until);
        if named.len() < MAX_HOSTS {
            named.push((host.clone(), now.saturating_add(NAMED_FOR)));
        }
    }

    /// Takes over what a look-up of the MX records found.
    pub(super) fn finish(&self, domain: &DnsName, answer: &DnsAnswer, now: UnixTime) {
        let mut shelf = self.lock();
        if let Some(hosts) = shelf.get_mut(domain) {
            hosts.flight = None;
            hosts.note(answer, now);
        }
        if let Some(end) = answer.end_of_aliases() {
            make_room(&mut shelf, end);
            shelf.entry(end.clone()).or_default().is_reached_by_alias = true;
        }
    }
}

/// Forgets all if there is no room for `domain`: each is looked up again when it is asked for.
pub(super) fn make_room(shelf: &mut HashMap<DnsName, Hosts>, domain: &DnsName) {
    if shelf.len() >= MAX_DOMAINS && !shelf.contains_key(domain) {
        shelf.retain(|_, hosts| hosts.flight.is_some());
    }
}

impl Hosts {
    /// Returns whether the records are to be looked up.
    pub(super) fn is_look_due(&self, now: UnixTime) -> bool {
        self.seen
            .as_ref()
            .is_none_or(|seen| now >= seen.believed_until)
    }

    fn note(&mut self, answer: &DnsAnswer, now: UnixTime) {
        let exchangers = match &answer.outcome {
            // What was known stays, and is looked up again a little later.
            DnsOutcome::Failed(_) => self
                .seen
                .take()
                .map_or(Exchangers::Unknown, |seen| seen.exchangers),
            DnsOutcome::NxDomain { .. } | DnsOutcome::NoData { .. } => Exchangers::ItSelf,
            DnsOutcome::Records { .. } => {
                let hosts = answer.exchangers().filter_map(|mx| match &mx.exchange {
                    Exchange::Host(host) => Some(host.clone()),
                    Exchange::NotAHostName(_) | Exchange::Root => None,
                });
                Exchangers::Hosts(hosts.take(MAX_HOSTS).collect())
            }
        };
        let (least, most) = BELIEVED;
        let believed_for = answer.ttl().unwrap_or(least).clamp(least, most);
        self.seen = Some(Seen {
            exchangers,
            believed_until: now.saturating_add(believed_for),
        });
    }

    /// Returns the same as [`Hosts::known`], but nothing as long as the records are not known.
    pub(super) fn known_whole(&self, now: UnixTime) -> Exchangers {
        match self.seen.as_ref().map(|seen| &seen.exchangers) {
            Some(Exchangers::Hosts(_) | Exchangers::ItSelf) => self.known(now),
            Some(Exchangers::Unknown) | None => Exchangers::Unknown,
        }
    }

    /// Returns what is known: the records' hosts and those that were named.
    pub(super) fn known(&self, now: UnixTime) -> Exchangers {
        let named = self
            .named
            .iter()
            .filter(|(_, until)| now < *until)
            .map(|(host, _)| host.clone());
        let mut hosts: Vec<DnsName> = named.collect();
        match self.seen.as_ref().map(|seen| &seen.exchangers) {
            Some(Exchangers::ItSelf) if hosts.is_empty() => return Exchangers::ItSelf,
            Some(Exchangers::Hosts(seen)) => hosts.extend(seen.iter().cloned()),
            Some(Exchangers::Unknown) | None if hosts.is_empty() => return Exchangers::Unknown,
            Some(Exchangers::ItSelf | Exchangers::Unknown) | None => {}
        }
        hosts.sort();
        hosts.dedup();
        Exchangers::Hosts(hosts)
    }
}
