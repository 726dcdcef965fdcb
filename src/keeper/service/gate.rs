//! How many policies are fetched at once, from one address and in all: a stranger chooses both.
//!
//! Vendors serve thousands of domains from a few addresses, so that a fetch from one is not limited in number, only
//! in how many run at once; but failed ones are, or we would knock at somebody's door for everybody who says that
//! their policy is there. Who waits, waits fairly by registrable domain: one that has many names waits behind its
//! own.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot};

use crate::facts::dns::{DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;

/// The limits of a gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GateLimits {
    /// Fetches at once from one address.
    pub per_address: usize,
    /// Fetches at once in all.
    pub in_all: usize,
    /// Failed fetches from one address within `failed_within`; more wait.
    pub failed: usize,
    /// See `failed`.
    pub failed_within: Duration,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            per_address: 32,
            in_all: 512,
            failed: 60,
            failed_within: Duration::from_secs(60),
        }
    }
}

/// Lets fetches through.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: GateLimits,
    in_all: Semaphore,
    doors: Mutex<HashMap<IpAddr, Door>>,
}

/// What goes on at one address.
#[derive(Debug, Default)]
struct Door {
    running: usize,
    /// When the last failed fetches ended, the oldest first.
    failed: VecDeque<Instant>,
    /// Who waits, by registrable domain; the first one's turn is next.
    waiting: VecDeque<(Box<str>, VecDeque<oneshot::Sender<Pass>>)>,
}

/// The right to fetch from an address, given back when it is dropped.
#[derive(Debug)]
struct Pass {
    gate: Arc<Inner>,
    address: IpAddr,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(GateLimits::default())
    }
}

impl Gate {
    /// Makes a gate with these limits.
    #[must_use]
    pub fn new(limits: GateLimits) -> Self {
        Self(Arc::new(Inner {
            limits,
            in_all: Semaphore::new(limits.in_all),
            doors: Mutex::default(),
        }))
    }

    /// Waits for the turn of `share`, a registrable domain, at `address`.
    async fn pass(&self, address: IpAddr, share: &str) -> Pass {
        let mut turn = self.0.queue(address, share);
        loop {
            match self.0.let_in(address) {
                // Too many have failed there: the next one may go when the oldest is forgotten.
                Some(at) => {
                    if let Ok(pass) = tokio::time::timeout_at(at.into(), &mut turn).await {
                        return pass.unwrap_or_else(|_| self.0.pass(address));
                    }
                }
                None => return (&mut turn).await.unwrap_or_else(|_| self.0.pass(address)),
            }
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self, address: IpAddr, share: &str) -> oneshot::Receiver<Pass> {
        let (give, turn) = oneshot::channel();
        let mut doors = self.lock();
        let waiting = &mut doors.entry(address).or_default().waiting;
        match waiting.iter_mut().find(|(name, _)| **name == *share) {
            Some((_, queue)) => queue.push_back(give),
            None => waiting.push_back((share.into(), VecDeque::from([give]))),
        }
        turn
    }

    /// Lets in whose turn it is; returns when the next one may go, if only failures are in the way.
    fn let_in(self: &Arc<Self>, address: IpAddr) -> Option<Instant> {
        // Given back when the doors are no longer locked.
        let mut unwanted = Vec::new();
        let mut doors = self.lock();
        let door = doors.get_mut(&address)?;
        door.forget(Instant::now(), self.limits.failed_within);
        let mut next_at = None;
        while door.running < self.limits.per_address {
            // Each that runs may fail as well.
            if let Some(oldest) = door.failed.front()
                && door.failed.len() + door.running >= self.limits.failed
            {
                next_at = Some(*oldest + self.limits.failed_within);
                break;
            }
            let Some(turn) = door.next() else { break };
            door.running += 1;
            unwanted.extend(turn.send(self.pass(address)).err());
        }
        drop(doors);
        drop(unwanted);
        next_at
    }

    fn pass(self: &Arc<Self>, address: IpAddr) -> Pass {
        Pass {
            gate: Arc::clone(self),
            address,
        }
    }

    fn note_failure(&self, address: IpAddr) {
        if let Some(door) = self.lock().get_mut(&address) {
            door.failed.push_back(Instant::now());
        }
    }
}

impl Door {
    fn forget(&mut self, now: Instant, within: Duration) {
        while self
            .failed
            .front()
            .is_some_and(|failed| now.duration_since(*failed) >= within)
        {
            self.failed.pop_front();
        }
    }

    /// Takes who is next: the first of the share whose turn it is, which then waits for all other shares.
    fn next(&mut self) -> Option<oneshot::Sender<Pass>> {
        let (share, mut queue) = self.waiting.pop_front()?;
        let turn = queue.pop_front();
        if !queue.is_empty() {
            self.waiting.push_back((share, queue));
        }
        turn
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        {
            let mut doors = self.gate.lock();
            if let Some(door) = doors.get_mut(&self.address) {
                door.running = door.running.saturating_sub(1);
                door.forget(Instant::now(), self.gate.limits.failed_within);
                if door.running == 0 && door.failed.is_empty() && door.waiting.is_empty() {
                    doors.remove(&self.address);
                }
            }
        }
        self.gate.let_in(self.address);
    }
}

/// A network for one piece of work: its fetches go through a gate, and all it does ends in time.
///
/// Each step has a deadline of its own, but a stranger chooses how many there are: a policy host with many addresses
/// that swallow every packet would keep the work busy for minutes. To wait at the gate takes no time away.
#[derive(Debug)]
pub(super) struct Gated<'a, N> {
    network: &'a N,
    gate: &'a Gate,
    /// The registrable domain that waits.
    share: Box<str>,
    /// How long the steps may take that are still to come.
    left: Mutex<Duration>,
}

impl<'a, N> Gated<'a, N> {
    /// Makes a network whose steps take no longer than `within` in all.
    pub(super) fn new(network: &'a N, gate: &'a Gate, domain: &DnsName, within: Duration) -> Self {
        Self {
            network,
            gate,
            share: domain.registrable().into(),
            left: Mutex::new(within),
        }
    }

    /// Takes a step; `None` if no time is left for it.
    async fn step<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        let left = *self.left();
        if left.is_zero() {
            return None;
        }
        let began = Instant::now();
        let taken = tokio::time::timeout(left, step).await.ok();
        let mut left = self.left();
        *left = left.saturating_sub(began.elapsed());
        taken
    }

    fn left(&self) -> MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a step for which no time was left.
const NO_TIME: &str = "the look-up as a whole took too long";

impl<N: Network> Network for Gated<'_, N> {
    fn now(&self) -> UnixTime {
        self.network.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let answer = self.step(self.network.lookup(question)).await;
        answer.unwrap_or_else(|| {
            DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
                kind: DnsFailureKind::TimedOut,
                detail: NO_TIME.into(),
            }))
        })
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        let pass = self.gate.pass(address, &self.share).await;
        // Never closed.
        let _in_all = self.gate.0.in_all.acquire().await.ok();
        let exchange = self.step(self.network.get_policy(host, address)).await;
        let exchange = exchange.unwrap_or_else(|| HttpExchange {
            address,
            certificate: None,
            outcome: Err(HttpFailure {
                kind: HttpFailureKind::TimedOut,
                detail: NO_TIME.into(),
            }),
        });
        let is_served = matches!(&exchange.outcome, Ok(response) if response.status == 200);
        if !is_served {
            self.gate.0.note_failure(address);
        }
        drop(pass);
        exchange
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        self.network.smtp(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::{Gate, GateLimits, Gated};
    use crate::facts::dns::{DnsAnswer, DnsOutcome, Question, RecordType};
    use crate::facts::http::{HttpExchange, HttpFailureKind};
    use crate::facts::smtp::{SmtpExchange, SmtpRequest};
    use crate::facts::{DnsName, UnixTime};
    use crate::sender::Network;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn gate(per_address: usize, failed: usize, failed_within: Duration) -> Gate {
        Gate::new(GateLimits {
            per_address,
            failed,
            failed_within,
            ..GateLimits::default()
        })
    }

    #[tokio::test]
    async fn a_domain_with_many_names_waits_behind_its_own() {
        let gate = gate(1, 100, Duration::from_secs(60));
        let first = gate.pass(ADDRESS, "many.test").await;
        let mut second = pin!(gate.pass(ADDRESS, "many.test"));
        let mut third = pin!(gate.pass(ADDRESS, "many.test"));
        let mut other = pin!(gate.pass(ADDRESS, "other.test"));
        for waiting in [&mut second, &mut third, &mut other] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        // Another address is another door.
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        drop(gate.pass(elsewhere, "many.test").await);
        drop(first);
        let pass = second.await;
        assert!(other.as_mut().now_or_never().is_none());
        drop(pass);
        let pass = other.await;
        assert!(third.as_mut().now_or_never().is_none());
        drop(pass);
        drop(third.await);
        assert!(gate.0.lock().is_empty());
    }

    #[tokio::test]
    async fn who_no_longer_waits_is_passed_over() {
        let gate = gate(1, 100, Duration::from_secs(60));
        let first = gate.pass(ADDRESS, "a.test").await;
        {
            let mut gone = pin!(gate.pass(ADDRESS, "b.test"));
            assert!(gone.as_mut().now_or_never().is_none());
        }
        let mut third = pin!(gate.pass(ADDRESS, "c.test"));
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        drop(third.await);
    }

    #[tokio::test]
    async fn after_many_failures_the_next_waits_until_one_is_forgotten() {
        let within = Duration::from_millis(50);
        let gate = gate(8, 2, within);
        for _ in 0..2 {
            let pass = gate.pass(ADDRESS, "a.test").await;
            gate.0.note_failure(ADDRESS);
            drop(pass);
        }
        let mut third = pin!(gate.pass(ADDRESS, "b.test"));
        assert!(third.as_mut().now_or_never().is_none());
        let began = std::time::Instant::now();
        drop(third.await);
        assert!(began.elapsed() <= within * 20);
    }

    /// A network that swallows everything.
    #[derive(Debug)]
    struct Silent;

    impl Network for Silent {
        fn now(&self) -> UnixTime {
            UnixTime::from_secs(0)
        }

        async fn lookup(&self, _: &Question) -> DnsAnswer {
            std::future::pending().await
        }

        async fn get_policy(&self, _: &DnsName, _: IpAddr) -> HttpExchange {
            std::future::pending().await
        }

        async fn smtp(&self, _: &SmtpRequest) -> SmtpExchange {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn however_many_steps_there_are_they_end_in_time_together() {
        let within = Duration::from_millis(50);
        let gate = gate(1, 10_000, Duration::from_secs(60));
        let domain: DnsName = "corp.test".parse().unwrap();
        let network = Gated::new(&Silent, &gate, &domain, within);
        let began = std::time::Instant::now();
        for _ in 0..1_000 {
            let exchange = network.get_policy(&domain, ADDRESS).await;
            let kind = exchange.outcome.map_err(|failure| failure.kind);
            assert_eq!(kind, Err(HttpFailureKind::TimedOut));
        }
        let question = Question::new(domain.clone(), RecordType::Txt);
        let answer = network.lookup(&question).await;
        assert!(matches!(answer.outcome, DnsOutcome::Failed(_)));
        assert!(began.elapsed() < within * 100);
    }
}
