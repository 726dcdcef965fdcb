//! The live network: DNS, HTTPS and SMTP on real sockets.
//!
//! It judges nothing: it returns facts. Even a certificate is judged by pure code, which the verifier in
//! `tls` only calls. Only addresses, ports and trust roots tell the Internet from a lab, and those are data:
//! [`LiveConfig`]. Each wait has a deadline ([`Deadlines`]) and each reading a limit.

mod causes;
mod config;
mod fetcher;
mod limits;
mod log;
mod resolver;
pub mod roots;
pub mod routes;
pub mod smtp;
mod tls;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::yield_now;

use crate::clock::Clock;
use crate::dns_cache::{Cached, DnsCache};
use crate::facts::dns::{DnsAnswer, Question};
use crate::facts::http::{FAMILY_OFF, HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpRequest, SmtpStep};
use crate::facts::{DnsName, UnixTime};
use crate::sender::Network;

pub use config::{
    AddressFamilies, DEFAULT_MAX_POLICY_BYTES, Deadlines, HeloName, LiveConfig, ResolverConfig,
};

use fetcher::Fetcher;
use limits::ConnectionLimits;
use resolver::{Chase, Resolver};
use routes::Routes;
use smtp::SmtpClient;
use tls::TlsClients;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// The port of SMTP between hosts.
const SMTP_PORT: u16 = 25;

/// The live network. Clones share the DNS cache and the count of connections.
#[derive(Clone, Debug)]
pub struct Live {
    clock: Clock,
    resolver: Resolver,
    cache: Arc<Mutex<DnsCache>>,
    routes: Routes,
    families: AddressFamilies,
    fetcher: Fetcher,
    smtp: SmtpClient,
    limits: ConnectionLimits,
}

impl Live {
    /// Makes the network that `config` describes. No socket is opened yet.
    ///
    /// # Errors
    ///
    /// When the system's resolvers are wanted and cannot be found out, or no resolver is given.
    pub fn new(config: LiveConfig) -> Result<Self, LiveError> {
        let servers = match config.resolver {
            ResolverConfig::Addresses(servers) => servers,
            ResolverConfig::System => system_resolvers()?,
        };
        if servers.is_empty() {
            return Err(LiveError::NoResolver);
        }
        let deadlines = config.deadlines;
        let tls = TlsClients::new(config.clock.clone(), config.roots);
        Ok(Self {
            clock: config.clock,
            resolver: Resolver::new(servers, deadlines.dns_try, deadlines.dns_lookup),
            cache: Arc::default(),
            routes: config.routes,
            families: config.families,
            fetcher: Fetcher {
                tls: tls.clone(),
                user_agent: config.user_agent,
                max_body_bytes: config.max_policy_bytes,
                connect_deadline: deadlines.connect,
                fetch_deadline: deadlines.fetch,
                source: config.source,
            },
            smtp: SmtpClient {
                tls,
                deadlines,
                helo: config.helo,
                source: config.source,
            },
            limits: ConnectionLimits::default(),
        })
    }

    /// Returns the resolvers that are asked, the first first.
    #[must_use]
    pub fn resolvers(&self) -> &[SocketAddr] {
        self.resolver.servers()
    }

    /// Asks through the resolver cache of `other`, as two clients of one resolver do.
    #[must_use]
    pub fn sharing_dns_of(mut self, other: &Self) -> Self {
        self.cache = Arc::clone(&other.cache);
        self
    }

    /// Forgets what the DNS answered, as a resolver does that is started anew.
    pub fn flush_dns(&self) {
        self.cache().clear();
    }

    /// Says why an address is not connected to, if it is not.
    fn excluded(&self, address: IpAddr) -> Option<Box<str>> {
        (!self.families.allows(address)).then(|| {
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            format!("{family} {FAMILY_OFF}").into()
        })
    }

    fn cache(&self) -> MutexGuard<'_, DnsCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network for Live {
    fn now(&self) -> UnixTime {
        self.clock.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        let known = self.cache().lookup(question, self.clock.now());
        let chase = match known {
            Cached::Hit(answer) => {
                log::answer(question, &answer, true);
                return answer;
            }
            Cached::Miss {
                name,
                aliases,
                authenticated,
            } => Chase {
                name,
                aliases,
                authenticated,
            },
        };
        // An answer may be there before the first poll is over. What is asked is settled in that poll and what
        // is learnt is kept in a later one, so that questions joined in one task do not see each other's.
        yield_now().await;
        let answer = Box::pin(self.resolver.resolve(question, chase)).await;
        log::answer(question, &answer, false);
        self.cache().store(question, &answer, self.clock.now());
        answer
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        if let Some(detail) = self.excluded(address) {
            return HttpExchange {
                address,
                certificate: None,
                outcome: Err(HttpFailure {
                    kind: HttpFailureKind::Unreachable,
                    detail,
                }),
            };
        }
        let routed = self
            .routes
            .resolve(host, SocketAddr::new(address, HTTPS_PORT));
        let exchange = Box::pin(self.fetcher.fetch(host, address, routed)).await;
        log::fetch(host, &exchange);
        exchange
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        if let Some(detail) = self.excluded(request.address) {
            let mut exchange = SmtpExchange::new(request.host.clone(), request.address);
            exchange.failure = Some(SmtpFailure {
                kind: SmtpFailureKind::Unreachable,
                during: SmtpStep::Connect,
                detail,
            });
            return exchange;
        }
        let target = SocketAddr::new(request.address, SMTP_PORT);
        let routed = self.routes.resolve(&request.host, target);
        let _slot = self.limits.acquire(request.address).await;
        let exchange = Box::pin(self.smtp.run(request, routed)).await;
        log::session(&exchange);
        exchange
    }
}

/// Reads the system's `/etc/resolv.conf`.
fn system_resolvers() -> Result<Vec<SocketAddr>, LiveError> {
    let (config, _options) =
        hickory_resolver::system_conf::read_system_conf().map_err(|error| {
            LiveError::SystemResolvers {
                detail: causes::describe(&error),
            }
        })?;
    let mut seen = BTreeSet::new();
    Ok(config
        .name_servers()
        .iter()
        .flat_map(|server| {
            let ip = server.ip;
            server
                .connections
                .iter()
                .map(move |connection| SocketAddr::new(ip, connection.port))
        })
        .filter(|server| seen.insert(*server))
        .collect())
}

/// Why there is no network.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LiveError {
    /// A list of resolvers that is empty.
    #[error("no DNS resolver is given: name one with --resolver ADDR:PORT")]
    NoResolver,
    /// The system's resolvers cannot be found out.
    #[error(
        "the system's DNS resolvers cannot be read from /etc/resolv.conf ({detail}): name one with \
         --resolver ADDR:PORT"
    )]
    SystemResolvers {
        /// The cause chain.
        detail: Box<str>,
    },
}
