//! A network that asks each thing once, so that many senders can be judged from one set of facts.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::network::Network;
use crate::facts::dns::{DnsAnswer, DnsOutcome, Question, RecordType};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest, TlsUse};
use crate::facts::{DnsName, UnixTime};

/// The most probes that a run remembers; beyond it the finished ones are forgotten and made again.
const MAX_PROBES: usize = 8_192;

/// The probes of a whole run: each (MX host, address) is spoken to once, whatever domains share it.
#[derive(Debug)]
pub struct Probes {
    probes: OnceMap<(DnsName, IpAddr), SmtpExchange>,
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            probes: OnceMap::new(MAX_PROBES),
        }
    }
}

/// What was asked about one domain, over a network, with the probes that a run shares.
#[derive(Debug)]
pub struct Memo<'a, N> {
    network: &'a N,
    probes: &'a Probes,
    answers: OnceMap<Question, DnsAnswer>,
    exchanges: OnceMap<(DnsName, IpAddr), HttpExchange>,
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
        }
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
            .get(question, || self.network.lookup(question))
            .await
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.exchanges
            .get(&(host.clone(), address), || {
                self.network.get_policy(host, address)
            })
            .await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        // A message is not a question: it must go out each time it is sent.
        if request.message.is_some() || request.tls != TlsUse::Verified {
            return self.network.smtp(request).await;
        }
        self.probes
            .probes
            .get(&(request.host.clone(), request.address), || {
                self.network.smtp(request)
            })
            .await
    }
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

/// Values made once a key, by whoever asks first; the others wait.
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

    async fn get<F: Future<Output = V>>(&self, key: &K, make: impl FnOnce() -> F) -> V {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            if cells.len() >= self.most && !cells.contains_key(key) {
                cells.retain(|_, cell| !cell.initialized());
            }
            Arc::clone(cells.entry(key.clone()).or_default())
        };
        cell.get_or_init(make).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::OnceMap;

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
                map.get(&key, async || value).await,
                expected,
                "{key} {value}"
            );
        }
    }

    #[tokio::test]
    async fn a_full_memory_keeps_what_is_still_being_asked() {
        let map = OnceMap::new(1);
        let (first, again) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let (slow, second, _) = tokio::join!(
            map.get(&"a", async || {
                first.notified().await;
                1
            }),
            async {
                // The map is full, and this one drops nothing that is not done.
                let other = map.get(&"b", async || 2).await;
                again.notify_one();
                (other, map.get(&"a", async || 3).await)
            },
            async {
                again.notified().await;
                first.notify_one();
            },
        );
        assert_eq!((slow, second), (1, (2, 1)));
    }
}
