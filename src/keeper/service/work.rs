//! The work of a keeper: run as it comes, and as it falls due.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::gate::Gated;
use super::job::{Job, Jobs};
use super::keep::{Keeper, Persistence};
use crate::facts::dns::{Question, RecordType};
use crate::facts::{DnsName, UnixTime};
use crate::keeper::failing::FetchNews;
use crate::keeper::held::{Done, Held, Work};
use crate::keeper::history::Change;
use crate::sender::found::{Discovery, RecordSeen};
use crate::sender::{Families, Limits, Network, Sender, Trace};
use crate::store::{Entry, Page, StoreError};
use crate::sts::cache::CachedPolicy;
use crate::sts::policy::Mode;
use crate::sts::reading::Reading;

/// How many refreshes run at once that nobody asked for: they are not urgent, and what was fetched together is
/// not fetched together for ever.
const MAX_REFRESHES: usize = 16;

/// How many rows are read at once when the store is gone through.
const PAGE: usize = 1_000;

/// What the store had of a domain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Loaded {
    /// It was asked before.
    Before,
    /// It could not be asked.
    Failed,
    /// It was asked now.
    Now,
}

/// How a task ended: what falls due when.
enum Ended {
    Asked(DnsName, Option<UnixTime>),
    Hosts,
    Refreshed(DnsName, Option<UnixTime>),
    /// What the store holds was gone through.
    Filled(Vec<(UnixTime, DnsName)>),
}

impl<N: Network + Send + 'static> Keeper<N> {
    /// Runs its work until `shutdown`; what runs then is dropped, and nothing of it was answered yet.
    ///
    /// # Panics
    ///
    /// When a piece of work does.
    pub async fn run(self: Arc<Self>, mut jobs: Jobs, shutdown: impl Future<Output = ()>) {
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        let mut due: BTreeSet<(UnixTime, DnsName)> = BTreeSet::new();
        let mut refreshes: usize = 0;
        let (fills, keeps) = (Arc::clone(&self), Arc::clone(&self));
        // Before anything is read: what is changed from now on is noticed.
        let seen = self.version();
        tasks.spawn(async move {
            let found = fills.fill().await;
            // Not before: it goes through the whole store, and the first who ask would wait for that.
            fills.tidy().await;
            Ended::Filled(found)
        });
        let mut house = JoinSet::new();
        house.spawn(async move { keeps.keep_house(seen).await });
        tokio::pin!(shutdown);
        loop {
            while refreshes < MAX_REFRESHES
                && due.first().is_some_and(|(at, _)| *at <= self.clock.now())
                && let Some((_, domain)) = due.pop_first()
            {
                refreshes += 1;
                let keeper = Arc::clone(&self);
                tasks.spawn(async move {
                    let next = keeper.refresh(&domain).await;
                    Ended::Refreshed(domain, next)
                });
            }
            let next = due.first().map(|(at, _)| *at);
            let is_time = async {
                match next.filter(|_| refreshes < MAX_REFRESHES) {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                Some(ended) = tasks.join_next() => {
                    let ended = ended.unwrap_or_else(|error| {
                        std::panic::resume_unwind(error.into_panic())
                    });
                    match ended {
                        Ended::Asked(domain, next) => due.extend(next.map(|at| (at, domain))),
                        Ended::Refreshed(domain, next) => {
                            refreshes -= 1;
                            due.extend(next.map(|at| (at, domain)));
                        }
                        Ended::Filled(found) => due.extend(found),
                        Ended::Hosts => {}
                    }
                }
                Some(job) = jobs.0.recv() => {
                    let keeper = Arc::clone(&self);
                    tasks.spawn(async move { keeper.work_off(job).await });
                }
                Some(ended) = house.join_next() => ended.unwrap_or_else(|error| {
                    std::panic::resume_unwind(error.into_panic())
                }),
                () = is_time => {}
            }
        }
    }
}

impl<N: Network> Keeper<N> {
    async fn work_off(&self, job: Job) -> Ended {
        let ended = match job {
            Job::Domain(domain, ends) => {
                let next = self.work_for(&domain).await;
                // The slot says first that nothing runs, then those who wait are woken.
                drop(ends);
                Ended::Asked(domain, next)
            }
            Job::Hosts(domain, ends) => {
                let question = Question::new(domain.clone(), RecordType::Mx);
                let network = self.gated(&domain);
                let answer = network.lookup(&question).await;
                self.hosts.finish(&domain, &answer, self.clock.now());
                drop(ends);
                Ended::Hosts
            }
        };
        self.landed();
        ended
    }

    /// Does what is due for a domain that somebody asked for; returns when the next thing is due.
    async fn work_for(&self, domain: &DnsName) -> Option<UnixTime> {
        let loaded = self.load(domain).await;
        let now = self.clock.now();
        let work = {
            let mut part = self.shelf.part(domain);
            let slot = part.get_mut(domain)?;
            let asked = slot.held.ask(domain, now, &self.settings);
            let work = match loaded {
                Loaded::Failed => None,
                // Who waits gets it at once; the next question begins the look behind it.
                Loaded::Now if asked.standing.is_some() => None,
                Loaded::Now | Loaded::Before => asked.work,
            };
            let Some(work) = work else {
                slot.flight = None;
                return slot.held.due(domain, now, &self.settings);
            };
            work
        };
        let next = self.perform(domain, work).await;
        if let Some(slot) = self.shelf.part(domain).get_mut(domain) {
            slot.flight = None;
        }
        next
    }

    /// Does what is due for a domain though nobody asks; returns when the next thing is.
    async fn refresh(&self, domain: &DnsName) -> Option<UnixTime> {
        let now = self.clock.now();
        // It may have made room for others since, and is there again from now on.
        self.shelf.make(domain, now);
        self.load(domain).await;
        let work = {
            let part = self.shelf.part(domain);
            let slot = part.get(domain)?;
            let due = slot.held.due(domain, now, &self.settings)?;
            if due > now {
                return Some(due);
            }
            if slot.flight.is_some() {
                // What runs says when the next thing is due.
                return None;
            }
            match slot.held.fresh(now) {
                Some(_) => Work::Refresh,
                None => Work::Look,
            }
        };
        self.perform(domain, work).await
    }

    /// Does one piece of work for a domain, with the sender's own steps, and keeps what it found.
    async fn perform(&self, domain: &DnsName, work: Work) -> Option<UnixTime> {
        let held = self.shelf.read(domain).get(domain)?.held.clone();
        let network = self.gated(domain);
        let sender = Sender {
            network: &network,
            class: self.class,
            limits: Limits::default(),
            families: Families::Both,
        };
        let found = work
            .run(&sender, domain, &held, &mut Trace::default())
            .await;
        let now = self.clock.now();
        // On a copy: what was fetched is stored before anybody sees it.
        let (mut held, asked_at) = {
            let part = self.shelf.read(domain);
            let slot = part.get(domain)?;
            (slot.held.clone(), slot.asked_at())
        };
        let done = held.finish(work, &found, now, &self.settings);
        let is_stored = match (&done.fetched, &found.fetch_error) {
            (Some(policy), _) => Some(self.keep(domain, policy, asked_at).await),
            (None, Some(_)) => {
                self.note_use(domain, asked_at).await;
                None
            }
            (None, None) => None,
        };
        self.tell(domain, &held, &found, &done);
        let next = held.due(domain, now, &self.settings);
        // A domain that was forgotten meanwhile stays forgotten.
        if let Some(slot) = self.shelf.part(domain).get_mut(domain) {
            slot.held = held;
            if let Some(is_stored) = is_stored {
                slot.is_only_here = !is_stored;
            }
        }
        next
    }

    fn gated(&self, domain: &DnsName) -> Gated<'_, N> {
        Gated::new(&self.network, &self.gate, domain, self.settings.work_within)
    }

    /// Writes a policy to the store; returns whether it is there. If that fails it holds all the same: it was
    /// fetched, and to be without it would open the door that it shuts.
    async fn keep(
        &self,
        domain: &DnsName,
        policy: &CachedPolicy,
        asked_at: Option<UnixTime>,
    ) -> bool {
        let Persistence::Store(store) = &self.persistence else {
            return true;
        };
        let (name, stored) = (domain.clone(), policy.stored());
        let put = store
            .call(move |store| store.put_used(&name, &stored, asked_at))
            .await;
        if let Err(error) = &put {
            self.counters.store_failed.add();
            tracing::error!(
                %domain,
                "the policy holds, but will not survive a restart: it cannot be stored: {error}"
            );
        }
        put.is_ok()
    }

    /// Reads a domain from the store, once.
    async fn load(&self, domain: &DnsName) -> Loaded {
        let is_loaded = self
            .shelf
            .part(domain)
            .get(domain)
            .is_none_or(|slot| slot.is_loaded);
        if is_loaded {
            return Loaded::Before;
        }
        let (found, mut part) = loop {
            let removals = self.shelf.removals();
            let found = self.recall(domain).await;
            let part = self.shelf.part(domain);
            if self.shelf.removals() == removals {
                break (found, part);
            }
        };
        let Some(slot) = part.get_mut(domain) else {
            return Loaded::Before;
        };
        slot.is_loaded = found.is_ok();
        slot.is_unreadable = found.is_err();
        match found {
            Ok(Some(policy)) => {
                slot.held = Held::with_policy(Arc::new(policy));
                Loaded::Now
            }
            Ok(None) => Loaded::Now,
            Err(_) => Loaded::Failed,
        }
    }

    async fn recall(&self, domain: &DnsName) -> Result<Option<CachedPolicy>, StoreError> {
        let Persistence::Store(store) = &self.persistence else {
            return Ok(None);
        };
        let name = domain.clone();
        let recalled = store.call(move |store| store.recall(&name)).await;
        match recalled {
            Ok(recalled) => {
                for error in &recalled.unreadable {
                    tracing::error!(%domain, "a row of the store cannot be read and counts as absent: {error}");
                }
                let stored = recalled.ledger.policies().last().cloned();
                Ok(stored.and_then(|seen| {
                    // What was written had been read.
                    seen.as_last_seen().read(Reading::Letter).ok()
                }))
            }
            Err(error) => {
                self.counters.store_unreadable.add();
                tracing::error!(%domain, "the store cannot be read: {error}");
                Err(error)
            }
        }
    }

    /// Goes through the store, so that what it holds is refreshed though nobody asks; takes into memory what
    /// there is room for.
    async fn fill(&self) -> Vec<(UnixTime, DnsName)> {
        let Persistence::Store(store) = &self.persistence else {
            return Vec::new();
        };
        let mut due = Vec::new();
        let mut after = 0;
        loop {
            let removals = self.shelf.removals();
            let page = store.call(move |store| store.page(after, PAGE)).await;
            match page {
                Ok(Page { last: None, .. }) => return due,
                Ok(Page {
                    entries,
                    last: Some(last),
                }) => {
                    let is_read = entries
                        .into_iter()
                        .all(|entry| self.take_in(entry, removals, &mut due));
                    if is_read {
                        after = last;
                    }
                }
                Err(error) => {
                    self.counters.store_unreadable.add();
                    tracing::error!(
                        "the store cannot be gone through, so not all it holds is refreshed: {error}"
                    );
                    return due;
                }
            }
        }
    }

    /// Takes a policy of the store in, which was read when there were so many removals, and notes when it is to be
    /// refreshed; returns whether there was no removal since, after which it is to be read again.
    fn take_in(
        &self,
        Entry { domain, policy }: Entry,
        removals: u64,
        due: &mut Vec<(UnixTime, DnsName)>,
    ) -> bool {
        let now = self.clock.now();
        let Ok(policy) = policy.as_last_seen().read(Reading::Letter) else {
            return true;
        };
        let held = Held::with_policy(Arc::new(policy));
        due.extend(
            held.due(&domain, now, &self.settings)
                .map(|at| (at, domain.clone())),
        );
        let mut part = self.shelf.part(&domain);
        if self.shelf.removals() != removals {
            return false;
        }
        if let Some(slot) = self.shelf.free_slot(&mut part, &domain) {
            slot.held = held;
            slot.is_loaded = true;
        }
        true
    }

    /// Counts what came of a piece of work, and logs what is news: one line a changed answer, with the reason.
    fn tell(&self, domain: &DnsName, held: &Held, found: &Discovery, done: &Done) {
        let counters = &self.counters;
        counters.looked.add();
        if matches!(found.record, Some(RecordSeen::Unknown(_))) {
            counters.look_failed.add();
        }
        if done.fetched.is_some() {
            counters.fetched.add();
        }
        if found.fetch_error.is_some() {
            counters.fetch_failed.add();
        }
        if done.is_alarming {
            counters.alarms.add();
        }
        match (&done.news, held.policy()) {
            // Most domains have no policy, and that they never had one is no news.
            (Some(news @ Change::None(_)), None) => tracing::debug!(%domain, "{news}"),
            (Some(news @ Change::None(_)), Some(ended)) if ended.policy.mode() == Mode::Enforce => {
                tracing::warn!(%domain, "{news}");
            }
            (Some(news), _) => tracing::info!(%domain, "{news}"),
            (None, _) => {}
        }
        let Some(expires) = held.policy().map(|policy| policy.expires_at()) else {
            return;
        };
        match (done.fetch_news, &found.fetch_error) {
            (Some(FetchNews::Fail), Some(error)) if done.is_alarming => {
                tracing::error!(%domain, "the policy runs out at {expires} and cannot be fetched again: {error}");
            }
            (Some(FetchNews::Fail), Some(error)) => {
                tracing::warn!(%domain, "the policy holds until {expires}, and cannot be fetched again: {error}");
            }
            (Some(FetchNews::WorkAgain), _) => {
                tracing::info!(%domain, "the policy could be fetched again, and holds until {expires}");
            }
            (Some(FetchNews::Fail) | None, _) => {}
        }
    }
}
