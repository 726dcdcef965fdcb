//! A network that asks each thing once, so that many senders can be judged from one set of facts.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, timeout_at};

use super::network::{Authorities, Network};
use super::reach::Reach;
use super::stop::Stop;
use crate::facts::dns::{
    DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, Record, RecordType,
};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{SmtpExchange, SmtpFailureKind, SmtpRequest, TlsUse};
use crate::facts::{DnsName, UnixTime};

/// The most probes that a run remembers; beyond it the finished ones are forgotten and made again.
const MAX_PROBES: usize = 8_192;

/// What the domains of a run share: each (MX host, address) is spoken to once, whatever domains name it, each server
/// of zones is looked up once, and one that is silent is waited for no more.
#[derive(Debug)]
pub struct Probes {
    probes: OnceMap<(DnsName, IpAddr), SmtpExchange>,
    servers: OnceMap<Question, DnsAnswer>,
    /// Whether a server of zones has answered, by its address.
    answering: Mutex<HashMap<IpAddr, bool>>,
    reach: Reach,
}

impl Probes {
    /// Starts with nothing probed; what answers is noted in `reach`.
    #[must_use]
    pub fn noting_reach(reach: Reach) -> Self {
        Self {
            probes: OnceMap::new(MAX_PROBES),
            servers: OnceMap::new(MAX_PROBES),
            answering: Mutex::default(),
            reach,
        }
    }

    /// Returns whether a server of zones was silent whenever it was asked.
    fn is_silent(&self, address: IpAddr) -> bool {
        let answering = self.answering();
        answering.get(&address) == Some(&false)
    }

    /// Notes what came of a question to a server of zones; one that has answered once is not silent.
    fn note_server(&self, address: IpAddr, answer: &DnsAnswer) {
        let is_silence = matches!(&answer.outcome, DnsOutcome::Failed(failure) if failure.kind == DnsFailureKind::TimedOut);
        let mut answering = self.answering();
        if answering.len() >= MAX_PROBES {
            answering.clear();
        }
        *answering.entry(address).or_default() |= !is_silence;
    }

    fn answering(&self) -> MutexGuard<'_, HashMap<IpAddr, bool>> {
        (self.answering.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether any MX host of the run has answered.
    #[must_use]
    pub fn have_answer(&self) -> bool {
        self.reach.has_answer()
    }
}

impl Default for Probes {
    fn default() -> Self {
        Self::noting_reach(Reach::default())
    }
}

/// What was asked about one domain, over a network, with the probes that a run shares.
#[derive(Debug)]
pub struct Memo<'a, N> {
    network: &'a N,
    probes: &'a Probes,
    answers: OnceMap<Question, DnsAnswer>,
    exchanges: OnceMap<(DnsName, IpAddr), HttpExchange>,
    end: End,
    /// Why the first answer was not waited for that was not.
    cut_short: OnceLock<CutShort>,
    hosts: MxHosts,
}

/// Whether MX hosts are spoken to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MxHosts {
    /// They are probed.
    #[default]
    Probed,
    /// They are not: each is taken as sound, so that names, record and policy alone decide.
    Assumed,
}

/// When the questions about a domain end.
#[derive(Clone, Debug, Default)]
struct End {
    /// When its time is over, and how long it was.
    time: Option<(Instant, Duration)>,
    /// What ends it before.
    stop: Option<Stop>,
}

/// Why an answer was not waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CutShort {
    /// The domain's time was over.
    #[error("the {after:?} for this domain were over: raise --deadline, or lower --timeout")]
    Deadline {
        /// How long it was.
        after: Duration,
    },
    /// The run was interrupted.
    #[error("the check was interrupted")]
    Interrupted,
}

impl End {
    /// Returns why nothing is asked any more; `None` while there is time.
    fn passed(&self) -> Option<CutShort> {
        if self.stop.as_ref().is_some_and(Stop::is_stopped) {
            return Some(CutShort::Interrupted);
        }
        let (at, after) = self.time?;
        (at <= Instant::now()).then_some(CutShort::Deadline { after })
    }

    /// Waits for an answer as long as there is time.
    async fn before<T>(&self, answer: impl Future<Output = T>) -> Result<T, CutShort> {
        if let Some(why) = self.passed() {
            return Err(why);
        }
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            why = self.reached() => Err(why),
        }
    }

    async fn reached(&self) -> CutShort {
        let stopped = async {
            match &self.stop {
                Some(stop) => stop.stopped().await,
                None => pending().await,
            }
        };
        match self.time {
            None => stopped.await,
            Some((at, after)) => {
                if timeout_at(at, stopped).await.is_err() {
                    return CutShort::Deadline { after };
                }
            }
        }
        CutShort::Interrupted
    }
}

impl<'a, N: Network> Memo<'a, N> {
    /// Starts with nothing asked.
    #[must_use]
    pub fn new(network: &'a N, probes: &'a Probes) -> Self {
        Self {
            network,
            probes,
            answers: OnceMap::new(usize::MAX),
            exchanges: OnceMap::new(usize::MAX),
            end: End::default(),
            cut_short: OnceLock::new(),
            hosts: MxHosts::Probed,
        }
    }

    /// Speaks to MX hosts, or takes them as sound.
    #[must_use]
    pub fn with_hosts(mut self, hosts: MxHosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Asks nothing any more once `time` from now has passed: what is unanswered then counts as timed out,
    /// and what was answered stays. It is real time, as for every wait on the network.
    #[must_use]
    pub fn giving_up_after(mut self, time: Duration) -> Self {
        self.end.time = Instant::now().checked_add(time).map(|at| (at, time));
        self
    }

    /// Asks nothing more once `stop` is set, as if the time were over.
    #[must_use]
    pub fn ending_with(mut self, stop: Stop) -> Self {
        self.end.stop = Some(stop);
        self
    }

    /// Returns why something was left unanswered that was asked; `None` if nothing was.
    #[must_use]
    pub fn cut_short(&self) -> Option<CutShort> {
        self.cut_short.get().copied()
    }

    fn note(&self, why: CutShort) -> Box<str> {
        let first = self.cut_short.get_or_init(|| why);
        first.to_string().into()
    }

    /// Returns the same memory as a sender sees it whose resolver names one address of `host` only.
    #[must_use]
    pub fn with_only_edge(&self, host: DnsName, address: IpAddr) -> OnlyEdge<'_, 'a, N> {
        OnlyEdge {
            memo: self,
            host,
            address,
        }
    }
}

impl<N: Network> Network for Memo<'_, N> {
    fn now(&self) -> UnixTime {
        self.network.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        self.answers
            .get(question, &self.end, || self.network.lookup(question))
            .await
            .unwrap_or_else(|over| timed_out(self.note(over)))
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.exchanges
            .get(&(host.clone(), address), &self.end, || {
                self.network.get_policy(host, address)
            })
            .await
            .unwrap_or_else(|over| HttpExchange {
                address,
                certificate: None,
                outcome: Err(HttpFailure {
                    kind: HttpFailureKind::TimedOut,
                    detail: self.note(over),
                }),
            })
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        if self.hosts == MxHosts::Assumed {
            return SmtpExchange::without_connection(
                request,
                SmtpFailureKind::NotAsked,
                Box::default(),
            );
        }
        // A message is not a question: it must go out each time it is sent.
        if request.message.is_some() || request.tls != TlsUse::Verified {
            return self.network.smtp(request).await;
        }
        self.probes
            .probes
            .get(
                &(request.host.clone(), request.address),
                &self.end,
                async || {
                    let mut exchange = self.network.smtp(request).await;
                    if exchange.is_answered() {
                        self.probes.reach.note_answer();
                    }
                    // Nobody judges by it, and a run remembers thousands of probes.
                    exchange.transcript = Vec::new();
                    exchange
                },
            )
            .await
            .unwrap_or_else(|over| {
                SmtpExchange::without_connection(request, SmtpFailureKind::GivenUp, self.note(over))
            })
    }
}

impl<N: Authorities> Authorities for Memo<'_, N> {
    async fn find_server(&self, question: &Question) -> DnsAnswer {
        let mut is_ours = false;
        let look_up = || {
            is_ours = true;
            self.network.lookup(question)
        };
        let shared = (self.probes.servers)
            .get(question, &self.end, look_up)
            .await;
        match shared {
            // What failed for another domain may not fail for this one.
            Ok(answer) if matches!(answer.outcome, DnsOutcome::Failed(_)) && !is_ours => {
                self.lookup(question).await
            }
            Ok(answer) => answer,
            Err(over) => timed_out(self.note(over)),
        }
    }

    fn note_server(&self, host: &DnsName, address: IpAddr) {
        let (family, record) = match address {
            IpAddr::V4(address) => (RecordType::A, Record::A(address)),
            IpAddr::V6(address) => (RecordType::Aaaa, Record::Aaaa(address)),
        };
        let question = Question::new(host.clone(), family);
        let answer = DnsAnswer::plain(DnsOutcome::Records {
            records: vec![record],
            ttl: Duration::ZERO,
        });
        self.probes.servers.put(&question, answer);
    }

    async fn ask_server(&self, host: &DnsName, address: IpAddr, question: &Question) -> DnsAnswer {
        if self.probes.is_silent(address) {
            return timed_out("it was silent to another question of this run".into());
        }
        let asked = self
            .end
            .before(self.network.ask_server(host, address, question))
            .await;
        match asked {
            Ok(answer) => {
                self.probes.note_server(address, &answer);
                answer
            }
            Err(over) => timed_out(self.note(over)),
        }
    }
}

fn timed_out(detail: Box<str>) -> DnsAnswer {
    DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
        kind: DnsFailureKind::TimedOut,
        detail,
    }))
}

/// A [`Memo`] in which one policy host has one address.
#[derive(Debug)]
pub struct OnlyEdge<'m, 'a, N> {
    memo: &'m Memo<'a, N>,
    host: DnsName,
    address: IpAddr,
}

impl<N: Network> Network for OnlyEdge<'_, '_, N> {
    fn now(&self) -> UnixTime {
        self.memo.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let mut answer = self.memo.lookup(question).await;
        let is_family = matches!(question.record_type, RecordType::A | RecordType::Aaaa);
        if is_family && question.name == self.host {
            let has_edge = answer.addresses().any(|address| address == self.address);
            if let DnsOutcome::Records { records, .. } = &mut answer.outcome {
                records.retain(|record| record.address() == Some(self.address));
            }
            if !has_edge {
                answer.outcome = DnsOutcome::NoData { ttl: None };
            }
        }
        answer
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.memo.get_policy(host, address).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        self.memo.smtp(request).await
    }
}

/// Values made once a key, by the first caller; the others wait.
#[derive(Debug)]
struct OnceMap<K, V> {
    cells: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
    most: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> OnceMap<K, V> {
    fn new(most: usize) -> Self {
        Self {
            cells: Mutex::default(),
            most,
        }
    }

    /// Returns the value of `key`, making it if nobody has. Once `end` has passed only what is known is
    /// returned, and a value in the making is left to those who have time.
    async fn get<F: Future<Output = V>>(
        &self,
        key: &K,
        end: &End,
        make: impl FnOnce() -> F,
    ) -> Result<V, CutShort> {
        let cell = self.cell(key);
        if let Some(known) = cell.get() {
            // Many senders are judged from what is known: others are to run, and a deadline to be kept,
            // in between.
            consume_budget().await;
            return Ok(known.clone());
        }
        end.before(async { cell.get_or_init(make).await.clone() })
            .await
    }

    /// Keeps a value that came about otherwise, unless there is one, or one in the making.
    fn put(&self, key: &K, value: V) {
        // The one that is there is as good.
        let _there_is_one = self.cell(key).set(value);
    }

    fn cell(&self, key: &K) -> Arc<OnceCell<V>> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= self.most && !cells.contains_key(key) {
            cells.retain(|_, cell| !cell.initialized());
        }
        Arc::clone(cells.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{End, OnceMap};

    #[tokio::test]
    async fn a_full_memory_forgets_what_is_done() {
        let map = OnceMap::new(2);
        for (key, value, expected) in [
            ("a", 1, 1),
            ("b", 1, 1),
            ("a", 2, 1),
            ("b", 2, 1),
            // The third key drops the two before it.
            ("c", 1, 1),
            ("a", 3, 3),
            ("c", 2, 1),
            ("a", 4, 3),
            ("b", 3, 3),
        ] {
            assert_eq!(
                map.get(&key, &End::default(), async || value).await,
                Ok(expected),
                "{key} {value}"
            );
        }
    }

    #[tokio::test]
    async fn a_full_memory_keeps_what_is_still_being_asked() {
        let map = OnceMap::new(1);
        let end = End::default();
        let (first, again) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let (slow, second, _) = tokio::join!(
            map.get(&"a", &end, async || {
                first.notified().await;
                1
            }),
            async {
                // The map is full, and this one drops nothing that is not done.
                let other = map.get(&"b", &end, async || 2).await;
                again.notify_one();
                (other, map.get(&"a", &end, async || 3).await)
            },
            async {
                again.notified().await;
                first.notify_one();
            },
        );
        assert_eq!((slow, second), (Ok(1), (Ok(2), Ok(1))));
    }
}
