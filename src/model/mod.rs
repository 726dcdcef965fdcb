//! The network in memory: a scenario's servers as data, a clock that stands still, no sockets.
//!
//! A [`Model`] holds the servers and one DNS cache a resolver; [`Model::through`] gives the
//! [`Network`] as one resolver's users see it. A month of migration takes milliseconds here, and a
//! copy of the model answers "what if a message came now" without leaving a trace in the original.

mod session;
#[cfg(test)]
pub(crate) mod stage;
pub mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::clock::Clock;
use crate::dns_cache::{Cached, DnsCache, follow};
use crate::facts::certificate::PeerCertificate;
use crate::facts::dns::{Alias, DnsAnswer, DnsOutcome, Question};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{
    MessageExchange, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpRequest, SmtpStep,
};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;

use session::Session;
use state::{Edge, ModelState, Name, Names};

/// The servers, the resolvers' caches and what reached the servers.
#[derive(Debug)]
pub struct Model {
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    state: ModelState,
    /// By the resolver's name; the one without a name is nobody's whose resolver has one.
    caches: BTreeMap<Option<Box<str>>, DnsCache>,
    requests: Vec<ModelRequest>,
    unannounced: Vec<Stray>,
    /// Who wrote to whom, by the receiver's address.
    met: BTreeSet<(IpAddr, Option<Box<str>>, Box<str>)>,
}

impl Inner {
    fn cache(&mut self, resolver: Option<&str>) -> &mut DnsCache {
        self.caches.entry(resolver.map(Into::into)).or_default()
    }
}

/// Something that reached one of the model's servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ModelRequest {
    /// A question that no cache answered.
    Dns(Question),
    /// A GET.
    Get {
        /// The policy host asked for.
        host: DnsName,
        /// The edge.
        address: IpAddr,
    },
    /// An SMTP connection.
    Connect {
        /// The MX host.
        host: DnsName,
        /// Its address.
        address: IpAddr,
    },
    /// A message that was taken.
    Received {
        /// The MX host.
        host: DnsName,
        /// Its address.
        address: IpAddr,
        /// The TLS version; `None` in clear text.
        tls: Option<Box<str>>,
    },
}

/// A request for what the state does not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stray {
    /// A connection for a policy to an address without an edge.
    Https(IpAddr),
    /// A question about a name without an entry.
    Question(Question),
    /// A connection for mail to an address without a receiver.
    Smtp(IpAddr),
}

impl Model {
    /// Makes a model whose servers hold nothing yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            inner: Mutex::default(),
        }
    }

    /// Copies servers and caches as they are now, under another clock.
    #[must_use]
    pub fn copy_with(&self, clock: Clock) -> Self {
        Self {
            clock,
            inner: Mutex::new(self.lock().clone()),
        }
    }

    /// Replaces what the servers hold; the resolvers keep what they have cached.
    pub fn apply(&self, state: ModelState) {
        self.lock().state = state;
    }

    /// Returns the network as the users of one resolver see it; the name makes the resolver.
    #[must_use]
    pub fn through(self: &Arc<Self>, resolver: &str) -> ModelNetwork {
        ModelNetwork {
            model: Arc::clone(self),
            resolver: Some(resolver.into()),
        }
    }

    /// Returns the network as seen through a resolver that is like the rest, and apart from every named one.
    #[must_use]
    pub fn through_its_own(self: &Arc<Self>) -> ModelNetwork {
        ModelNetwork {
            model: Arc::clone(self),
            resolver: None,
        }
    }

    /// Takes what reached the servers since the last call, in order.
    #[must_use]
    pub fn drain_requests(&self) -> Vec<ModelRequest> {
        std::mem::take(&mut self.lock().requests)
    }

    /// Returns the requests for what the state does not have, since the start, in order.
    #[must_use]
    pub fn unannounced(&self) -> Vec<Stray> {
        self.lock().unannounced.clone()
    }

    /// Returns the moments at which an answer in a resolver's cache runs out, after `now`.
    #[must_use]
    pub fn cache_ends(&self, now: UnixTime) -> Vec<UnixTime> {
        self.lock()
            .caches
            .values()
            .flat_map(|cache| cache.ends(now))
            .collect()
    }

    /// Returns from when to when each certificate of the servers is valid.
    #[must_use]
    pub fn certificates(&self) -> Vec<(UnixTime, UnixTime)> {
        let inner = self.lock();
        let of_edges = inner.state.edges.values().map(|edge| &edge.certificate);
        let of_receivers = inner.state.receivers.values();
        of_edges
            .chain(of_receivers.map(|receiver| &receiver.certificate))
            .map(|certificate| (certificate.not_before, certificate.not_after))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every update is a whole assignment, so a panic elsewhere leaves nothing half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The model as the users of one resolver see it.
#[derive(Clone, Debug)]
pub struct ModelNetwork {
    model: Arc<Model>,
    resolver: Option<Box<str>>,
}

impl Network for ModelNetwork {
    fn now(&self) -> UnixTime {
        self.model.clock.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let now = self.now();
        let cached = self
            .model
            .lock()
            .cache(self.resolver.as_deref())
            .lookup(question, now);
        let (name, aliases) = match cached {
            Cached::Hit(answer) => return answer,
            Cached::Miss { name, aliases, .. } => (name, aliases),
        };
        // What is asked is settled in the first poll, as on the live network, and answered in a later one.
        yield_now().await;
        let mut inner = self.model.lock();
        let inner = &mut *inner;
        let asked = Question::new(name, question.record_type);
        let names = self
            .resolver
            .as_ref()
            .and_then(|resolver| inner.state.views.get(resolver))
            .unwrap_or(&inner.state.names);
        if !names.contains_key(&asked.name) {
            inner.unannounced.push(Stray::Question(asked.clone()));
        }
        let answer = resolve(names, question, &asked.name, aliases);
        inner.requests.push(ModelRequest::Dns(asked));
        inner
            .cache(self.resolver.as_deref())
            .store(question, &answer, now);
        answer
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        let now = self.now();
        let mut inner = self.model.lock();
        let exchange = match inner.state.edges.get(&address) {
            Some(edge) => show_edge(edge, host, address, now),
            None => {
                inner.unannounced.push(Stray::Https(address));
                return HttpExchange {
                    address,
                    certificate: None,
                    outcome: Err(failure(HttpFailureKind::Refused)),
                };
            }
        };
        let is_seen = exchange
            .outcome
            .as_ref()
            .err()
            .is_none_or(|failure| !failure.kind.is_before_connection());
        if is_seen {
            inner.requests.push(ModelRequest::Get {
                host: host.clone(),
                address,
            });
        }
        exchange
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        let now = self.now();
        let mut inner = self.model.lock();
        let Some(mut receiver) = inner.state.receivers.get(&request.address).cloned() else {
            inner.unannounced.push(Stray::Smtp(request.address));
            return refused(request);
        };
        let parties = request.message.as_ref().map(|message| {
            let from = message.mail_from.clone();
            (request.address, from, message.rcpt_to.clone())
        });
        if let Some(first_answer) = receiver.greylist.take()
            && parties
                .as_ref()
                .is_some_and(|parties| !inner.met.contains(parties))
        {
            receiver.rcpt = first_answer;
        }
        let exchange = Session::run(&receiver, request, now);
        if exchange
            .delivery
            .as_ref()
            .is_some_and(|delivery| delivery.rcpt.is_some())
        {
            inner.met.extend(parties);
        }
        if exchange
            .failure
            .as_ref()
            .is_none_or(|failure| failure.during != SmtpStep::Connect)
        {
            inner.requests.push(ModelRequest::Connect {
                host: receiver.host.clone(),
                address: request.address,
            });
        }
        if exchange
            .delivery
            .as_ref()
            .is_some_and(MessageExchange::is_delivered)
        {
            inner.requests.push(ModelRequest::Received {
                host: receiver.host.clone(),
                address: request.address,
                tls: exchange
                    .tls
                    .as_ref()
                    .and_then(|tls| tls.outcome.as_ref().ok())
                    .map(|session| session.version.clone()),
            });
        }
        exchange
    }
}

const fn is_refused(certificate: &PeerCertificate) -> bool {
    !certificate.faults.is_empty()
}

/// What one edge answers to a GET.
fn show_edge(edge: &Edge, host: &DnsName, address: IpAddr, now: UnixTime) -> HttpExchange {
    if let Some(kind) = edge.fault {
        return HttpExchange {
            address,
            certificate: None,
            outcome: Err(failure(kind)),
        };
    }
    let certificate = edge.certificate.present(host, now);
    let outcome = match (edge.late_fault, edge.responses.get(host)) {
        _ if is_refused(&certificate) => Err(failure(HttpFailureKind::CertificateRefused)),
        (Some(kind), _) => Err(failure(kind)),
        (None, Some(response)) => Ok(response.clone()),
        (None, None) => Err(failure(HttpFailureKind::Reset)),
    };
    HttpExchange {
        address,
        certificate: Some(certificate),
        outcome,
    }
}

fn failure(kind: HttpFailureKind) -> HttpFailure {
    HttpFailure {
        kind,
        detail: Box::default(),
    }
}

/// What a recursive resolver answers that knows the CNAMEs from the name in the question to `from`.
fn resolve(names: &Names, question: &Question, from: &DnsName, known: Vec<Alias>) -> DnsAnswer {
    let mut aliases = known;
    let mut owner = from;
    let outcome = loop {
        match names.get(owner) {
            // A question about a name that nobody declared is answered, and fails the run.
            None => break DnsOutcome::NxDomain { ttl: None },
            Some(Name::Failed(outcome)) => break outcome.clone(),
            Some(Name::Types {
                outcomes,
                otherwise,
            }) => {
                break outcomes
                    .get(&question.record_type)
                    .unwrap_or(otherwise)
                    .clone();
            }
            Some(Name::Alias(alias)) => {
                if let Err(failure) = follow(&question.name, &mut aliases, alias.clone()) {
                    break DnsOutcome::Failed(failure);
                }
                owner = &alias.target;
            }
        }
    };
    DnsAnswer {
        aliases,
        outcome,
        authenticated: false,
    }
}

fn refused(request: &SmtpRequest) -> SmtpExchange {
    let mut exchange = SmtpExchange::new(request.host.clone(), request.address);
    exchange.failure = Some(SmtpFailure {
        kind: SmtpFailureKind::Refused,
        during: SmtpStep::Connect,
        detail: Box::default(),
    });
    exchange
}
