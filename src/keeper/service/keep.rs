//! The keeper: who asks is answered from what is held, and what is due is begun.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};

use super::counters::Counters;
use super::gate::Gate;
use super::hosts::{self, Exchangers, HostShelf, Hosts};
use super::job::{Job, Jobs};
use super::shelf::{Flight, Shelf};
use crate::clock::Clock;
use crate::facts::{DnsName, UnixTime};
use crate::keeper::held::Held;
use crate::keeper::settings::Settings;
use crate::keeper::standing::Standing;
use crate::sender::candidates::{Families, HostAddresses, find_addresses};
use crate::sender::{Network, SenderClass};
use crate::store;
use crate::tlsrpt::result_type::ResultType;

/// How much work for domains runs or waits at once; an answer beyond it is that nothing is known yet.
const MAX_FLIGHTS: usize = 20_000;

/// How many addresses of an MX host are looked through for one of our own.
const MAX_ADDRESSES: usize = 32;

/// Where policies survive a restart.
#[derive(Clone, Debug)]
pub enum Persistence {
    /// Nowhere: they are gone with the process.
    Memory,
    /// In a store of `serve`.
    Store(store::Handle),
}

/// What a long-running sender holds per policy domain.
#[derive(Debug)]
pub struct Keeper<N> {
    pub(super) network: N,
    pub(super) clock: Clock,
    pub(super) persistence: Persistence,
    pub(super) settings: Settings,
    pub(super) class: &'static SenderClass,
    pub(super) gate: Gate,
    pub(super) shelf: Shelf,
    pub(super) hosts: HostShelf,
    pub(super) counters: Counters,
    /// About how many domains are held, in memory and in the store.
    pub(super) most: usize,
    flights: AtomicUsize,
    jobs: mpsc::UnboundedSender<Job>,
}

/// What is held for a domain, for somebody who looks at it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inspected {
    /// What is held.
    pub held: Held,
    /// What holds now; `None` if nothing is known.
    pub standing: Option<Standing>,
    /// When something is due although nobody asks.
    pub due: Option<UnixTime>,
    /// Whether work runs for it.
    pub is_at_work: bool,
}

impl<N: Network> Keeper<N> {
    /// Makes a keeper for about `most` domains, in memory and in the store, and the jobs that somebody must run for it.
    #[must_use]
    pub fn new(
        (network, clock): (N, Clock),
        persistence: Persistence,
        settings: Settings,
        most: usize,
    ) -> (Self, Jobs) {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let keeper = Self {
            network,
            clock,
            persistence,
            settings,
            class: SenderClass::strict(),
            gate: Gate::default(),
            shelf: Shelf::new(most),
            hosts: HostShelf::default(),
            counters: Counters::default(),
            most,
            flights: AtomicUsize::new(0),
            jobs,
        };
        (keeper, Jobs(waiting))
    }

    /// Returns what holds for `domain`; waits for it if nothing is known, and not longer than the settings say
    /// from the start of the domain's look-up on.
    pub async fn ask(&self, domain: &DnsName) -> Standing {
        loop {
            let (began, mut ended) = match self.ask_now(domain) {
                Ok(standing) => return standing,
                Err(waited_for) => waited_for,
            };
            let deadline = began + self.settings.patience;
            let ends = ended.changed();
            // An error says that the flight has ended.
            let in_time = tokio::time::timeout_at(deadline.into(), ends).await;
            if in_time.is_err() {
                self.counters.out_of_patience.add();
                return Standing::Pending { until: None };
            }
        }
    }

    /// Returns what holds, or what is to be waited for and since when it runs.
    ///
    /// # Errors
    ///
    /// When nothing is known yet.
    pub(in crate::keeper) fn ask_now(
        &self,
        domain: &DnsName,
    ) -> Result<Standing, (Instant, watch::Receiver<()>)> {
        let now = self.clock.now();
        if let Some(slot) = self.shelf.read(domain).get(domain) {
            slot.note_asked(now);
            let asked = slot.held.ask(domain, now, &self.settings);
            if let (Some(standing), None) = (asked.standing, asked.work) {
                return Ok(standing);
            }
        }
        let mut part = self.shelf.part(domain);
        let slot = self.shelf.slot(&mut part, domain, now);
        slot.note_asked(now);
        let asked = slot.held.ask(domain, now, &self.settings);
        let is_unread = !slot.is_loaded && asked.standing.is_none();
        if (asked.work.is_some() || is_unread) && slot.flight.is_none() {
            slot.flight = self.begin(|ends| Job::Domain(domain.clone(), ends));
        }
        match (asked.standing, &slot.flight) {
            (Some(standing), _) => Ok(standing),
            (None, _) if slot.is_unreadable => {
                // The flight that began now may fare better; who asks next will see.
                slot.is_unreadable = false;
                Ok(Standing::Unreadable)
            }
            (None, Some(flight)) if flight.began.elapsed() < self.settings.patience => {
                Err((flight.began, flight.ended.clone()))
            }
            (None, Some(_) | None) => Ok(Standing::Pending { until: None }),
        }
    }

    /// Returns the MX hosts of `domain`, and those that [`Keeper::note_host`] named; waits for them at most
    /// `patience` if none are known, and is content with old ones.
    pub async fn exchangers(&self, domain: &DnsName, patience: Duration) -> Exchangers {
        self.wait_for_hosts(domain, patience, Hosts::known).await
    }

    /// Returns the same as [`Keeper::exchangers`], but nothing as long as only those are known that
    /// [`Keeper::note_host`] named.
    pub async fn all_exchangers(&self, domain: &DnsName, patience: Duration) -> Exchangers {
        self.wait_for_hosts(domain, patience, Hosts::known_whole)
            .await
    }

    /// Begins a look-up if one is due; waits for what is `known` of the hosts, at most `patience` from its beginning.
    async fn wait_for_hosts(
        &self,
        domain: &DnsName,
        patience: Duration,
        known: fn(&Hosts, UnixTime) -> Exchangers,
    ) -> Exchangers {
        loop {
            let now = self.clock.now();
            let (began, mut ended) = {
                let mut shelf = self.hosts.lock();
                hosts::make_room(&mut shelf, domain);
                let hosts = shelf.entry(domain.clone()).or_default();
                if hosts.is_look_due(now) && hosts.flight.is_none() {
                    hosts.flight = self.begin(|ends| Job::Hosts(domain.clone(), ends));
                }
                match (known(hosts, now), &hosts.flight) {
                    (Exchangers::Unknown, Some(flight)) if flight.began.elapsed() < patience => {
                        (flight.began, flight.ended.clone())
                    }
                    (known, _) => return known,
                }
            };
            let deadline = began + patience;
            if tokio::time::timeout_at(deadline.into(), ended.changed())
                .await
                .is_err()
            {
                return Exchangers::Unknown;
            }
        }
    }

    /// Returns what a report names of the last fetch of a domain's policy, if it failed.
    #[must_use]
    pub fn failure(&self, domain: &DnsName) -> Option<ResultType> {
        self.shelf.read(domain).get(domain)?.held.failure()
    }

    /// Returns whether an MX host of `domain` has one of these addresses; `None` if that is not known within
    /// `patience` of each step.
    pub async fn leads_to(
        &self,
        domain: &DnsName,
        addresses: &[IpAddr],
        patience: Duration,
    ) -> Option<bool> {
        // Those that a mail server names come one by one: without the records they are no set.
        let hosts = match self.all_exchangers(domain, patience).await {
            Exchangers::Hosts(hosts) => hosts,
            Exchangers::ItSelf => vec![domain.clone()],
            Exchangers::Unknown => return None,
        };
        let looks = hosts
            .iter()
            .map(|host| find_addresses(&self.network, host, MAX_ADDRESSES, Families::Both));
        let found = tokio::time::timeout(patience, join_all(looks)).await.ok()?;
        let is_own = |found: &HostAddresses| {
            found
                .addresses
                .iter()
                .any(|address| addresses.contains(&address.to_canonical()))
        };
        if found.iter().any(is_own) {
            return Some(true);
        }
        found
            .iter()
            .all(|found| found.failure.is_none())
            .then_some(false)
    }

    /// Returns whether the MX records of another name were found at `domain`, by way of a CNAME.
    #[must_use]
    pub fn is_reached_by_alias(&self, domain: &DnsName) -> bool {
        self.hosts
            .lock()
            .get(domain)
            .is_some_and(|hosts| hosts.is_reached_by_alias)
    }

    /// Remembers for some minutes that `host` stands in the MX set of `domain`, as a mail server sees it.
    pub fn note_host(&self, domain: &DnsName, host: &DnsName) {
        self.hosts.name(domain, host, self.clock.now());
    }

    /// Begins work; `None` if too much runs already.
    fn begin(&self, job: impl FnOnce(watch::Sender<()>) -> Job) -> Option<Flight> {
        let (ends, ended) = watch::channel(());
        self.send(job(ends)).then(|| Flight {
            began: Instant::now(),
            ended,
        })
    }

    /// Gives work to the runner; returns whether it is taken.
    fn send(&self, job: Job) -> bool {
        let is_taken = self.flights.fetch_add(1, Ordering::Relaxed) < MAX_FLIGHTS
            && self.jobs.send(job).is_ok();
        if !is_taken {
            self.landed();
            self.counters.turned_away.add();
        }
        is_taken
    }

    /// Notes that a piece of work has ended.
    pub(super) fn landed(&self) {
        self.flights.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns what is held for `domain`; `None` if it is not in memory. Nothing is begun.
    #[must_use]
    pub fn inspect(&self, domain: &DnsName) -> Option<Inspected> {
        let now = self.clock.now();
        let part = self.shelf.read(domain);
        let slot = part.get(domain)?;
        Some(Inspected {
            standing: slot.held.standing(now),
            due: slot.held.due(domain, now, &self.settings),
            held: slot.held.clone(),
            is_at_work: slot.flight.is_some(),
        })
    }

    /// Returns the names of all domains in memory, in no order.
    #[must_use]
    pub fn domains(&self) -> Vec<DnsName> {
        self.shelf.domains()
    }

    /// Returns how many domains are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelf.len()
    }

    /// Returns whether nothing is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets `domain`, in memory and in the store; returns whether the store held a policy of it. Work that
    /// runs for it does not bring back what it knew before.
    ///
    /// # Errors
    ///
    /// When the store cannot be written; what is in memory stays then.
    pub async fn forget(&self, domain: &DnsName) -> Result<bool, store::StoreError> {
        let was_stored = match &self.persistence {
            Persistence::Memory => false,
            Persistence::Store(store) => {
                let domain = domain.clone();
                store.call(move |store| store.remove(&domain)).await?
            }
        };
        self.shelf.forget_what_is_read();
        let mut part = self.shelf.part(domain);
        let had = part
            .remove(domain)
            .is_some_and(|slot| slot.held.policy().is_some());
        Ok(was_stored || had)
    }

    /// Returns the time, by the clock that policies age by.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Returns what was done since the start.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns how many pieces of work run or wait.
    #[must_use]
    pub fn at_work(&self) -> usize {
        self.flights.load(Ordering::Relaxed)
    }
}
