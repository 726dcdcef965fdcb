//! The network in memory: a scenario's servers as data, a clock that stands still, no sockets.
//!
//! A [`Model`] holds the servers and one DNS cache a resolver; [`Model::through`] gives the
//! [`Network`] as one resolver's users see it. A month of migration takes milliseconds here, and a
//! copy of the model answers "what if a message came now" without leaving a trace in the original.

pub mod certificate;
mod hosted;
pub mod script;
pub mod servers;
mod session;
#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::clock::Clock;
use crate::dns_cache::{Cached, DnsCache, follow};
use crate::facts::dns::{
    Alias, DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question, RecordType,
};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{MessageExchange, SmtpExchange, SmtpFailureKind, SmtpRequest, SmtpStep};
use crate::facts::{DnsName, UnixTime};
use crate::sender::{Authorities, Network};

pub use hosted::Hosted;
use servers::{Said, Servers};
use session::Session;

/// The servers, the resolvers' caches and what reached the servers.
#[derive(Debug)]
pub struct Model<S = Hosted> {
    clock: Clock,
    inner: Mutex<Inner<S>>,
}

#[derive(Clone, Debug, Default)]
struct Inner<S> {
    servers: S,
    /// By the resolver's name; the one without a name is nobody's whose resolver has one.
    caches: BTreeMap<Option<Box<str>>, DnsCache>,
    requests: Vec<ModelRequest>,
    unannounced: Vec<Stray>,
    /// Who wrote to whom, by the receiver's address.
    met: BTreeSet<(IpAddr, Option<Box<str>>, Box<str>)>,
}

impl<S> Inner<S> {
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
    /// A question to an address without a name server.
    Dns(IpAddr),
    /// A connection for a policy to an address without an edge.
    Https(IpAddr),
    /// A question about a name without an entry.
    Question(Question),
    /// A connection for mail to an address without a receiver.
    Smtp(IpAddr),
}

impl<S: Servers> Model<S> {
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
    pub fn apply(&self, servers: S) {
        self.lock().servers = servers;
    }

    /// Returns the network as the users of one resolver see it; the name makes the resolver.
    #[must_use]
    pub fn through(self: &Arc<Self>, resolver: &str) -> ModelNetwork<S> {
        ModelNetwork {
            model: Arc::clone(self),
            resolver: Some(resolver.into()),
        }
    }

    /// Returns the network as seen through a resolver that is like the rest, and apart from every named one.
    #[must_use]
    pub fn through_its_own(self: &Arc<Self>) -> ModelNetwork<S> {
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
        self.lock().servers.lives()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        // Every update is a whole assignment, so a panic elsewhere leaves nothing half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The model as the users of one resolver see it.
#[derive(Clone, Debug)]
pub struct ModelNetwork<S = Hosted> {
    model: Arc<Model<S>>,
    resolver: Option<Box<str>>,
}

impl<S: Servers> Network for ModelNetwork<S> {
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
        let say = |asked: &Question| inner.servers.say(self.resolver.as_deref(), asked);
        let first = say(&asked);
        // Where a zone begins is no scenario's affair.
        if first.is_none() && question.record_type != RecordType::Ns {
            inner.unannounced.push(Stray::Question(asked.clone()));
        }
        let answer = resolve(first, say, question, aliases);
        inner.requests.push(ModelRequest::Dns(asked));
        inner
            .cache(self.resolver.as_deref())
            .store(question, &answer, now);
        answer
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        let now = self.now();
        let mut inner = self.model.lock();
        let Some(exchange) = inner.servers.get(host, address, now) else {
            inner.unannounced.push(Stray::Https(address));
            return HttpExchange {
                address,
                certificate: None,
                outcome: Err(HttpFailure {
                    kind: HttpFailureKind::Refused,
                    detail: Box::default(),
                }),
            };
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
        let Some(mut receiver) = inner.servers.receive(&request.host, request.address) else {
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

impl<S: Servers> Authorities for ModelNetwork<S> {
    async fn ask_server(&self, _host: &DnsName, address: IpAddr, question: &Question) -> DnsAnswer {
        yield_now().await;
        let mut inner = self.model.lock();
        let Some(said) = inner.servers.say_at(address, question) else {
            inner.unannounced.push(Stray::Dns(address));
            return DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
                kind: DnsFailureKind::Unreachable,
                detail: Box::default(),
            }));
        };
        inner.requests.push(ModelRequest::Dns(question.clone()));
        match said {
            Said::Outcome(outcome) => DnsAnswer::plain(outcome),
            Said::Alias(alias) => DnsAnswer {
                aliases: vec![alias],
                ..DnsAnswer::plain(DnsOutcome::NoData { ttl: None })
            },
        }
    }
}

/// What a recursive resolver answers that knows the CNAMEs from the name in the question to the one about
/// which `said` was said.
fn resolve(
    mut said: Option<Said>,
    say: impl Fn(&Question) -> Option<Said>,
    question: &Question,
    mut aliases: Vec<Alias>,
) -> DnsAnswer {
    let outcome = loop {
        match said {
            // A question about a name that nobody declared is answered, and fails the run.
            None => break DnsOutcome::NxDomain { ttl: None },
            Some(Said::Outcome(outcome)) => break outcome,
            Some(Said::Alias(alias)) => {
                let target = alias.target.clone();
                if let Err(failure) = follow(&question.name, &mut aliases, alias) {
                    break DnsOutcome::Failed(failure);
                }
                said = say(&Question::new(target, question.record_type));
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
    SmtpExchange::without_connection(request, SmtpFailureKind::Refused, Box::default())
}
