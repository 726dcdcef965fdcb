//! The live network: DNS, HTTPS and SMTP on real sockets.
//!
//! It judges nothing: it returns facts. Even a certificate is judged by pure code, which the verifier in
//! `tls` only calls. Only addresses, ports and trust roots tell the Internet from a lab, and those are data:
//! [`LiveConfig`]. Each wait has a deadline ([`Deadlines`]) and each reading a limit.

mod causes;
mod config;
mod dns_wire;
mod fetcher;
mod limits;
mod log;
mod resolver;
pub mod roots;
pub mod routes;
pub mod smtp;
mod tls;

use std::collections::BTreeSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::clock::Clock;
use crate::dns_cache::{Cached, DnsCache};
use crate::facts::dns::{DnsAnswer, DnsFailure, DnsFailureKind, DnsOutcome, Question};
use crate::facts::http::{HttpExchange, HttpFailure, HttpFailureKind};
use crate::facts::smtp::{SmtpExchange, SmtpFailureKind, SmtpPort, SmtpRequest};
use crate::facts::special::{Prefix, SpecialPurpose, special_purpose};
use crate::facts::{DnsName, UnixTime};
use crate::sender::{Authorities, Network, Reach};

pub use config::{
    AddressFamilies, DEFAULT_MAX_POLICY_BYTES, Deadlines, HeloName, LiveConfig, ResolverConfig,
};

use fetcher::Fetcher;
use limits::{ConnectionLimits, Sockets};
use resolver::{Chase, Resolver};
use routes::Routes;
use smtp::SmtpClient;
use tls::TlsClients;

/// The port of name servers.
const DNS_PORT: u16 = 53;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// How long a wait for a free connection has to be to stand in what is said of a failure.
const NOTABLE_WAIT: Duration = Duration::from_secs(1);

/// The live network. Clones share the DNS cache and the count of connections.
#[derive(Clone, Debug)]
pub struct Live {
    clock: Clock,
    resolver: Resolver,
    cache: Arc<Mutex<DnsCache>>,
    routes: Routes,
    families: AddressFamilies,
    allowed: Vec<Prefix>,
    fetcher: Fetcher,
    smtp: SmtpClient,
    smtp_port: SmtpPort,
    limits: ConnectionLimits,
    sockets: Sockets,
    source: Option<IpAddr>,
    queue_deadline: Duration,
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
        let sockets = Sockets::default();
        Ok(Self {
            clock: config.clock,
            resolver: Resolver {
                servers,
                try_deadline: deadlines.dns_try,
                lookup_deadline: deadlines.dns_lookup,
                queue_deadline: deadlines.queue,
                sockets: sockets.clone(),
            },
            cache: Arc::default(),
            routes: config.routes,
            families: config.families,
            allowed: config.allowed,
            fetcher: Fetcher {
                tls: tls.clone(),
                user_agent: config.user_agent,
                max_body_bytes: config.max_policy_bytes,
                connect_deadline: deadlines.connect,
                silence_deadline: deadlines.fetch_connect,
                fetch_deadline: deadlines.fetch,
                source: config.source,
            },
            smtp: SmtpClient {
                tls,
                deadlines,
                helo: config.helo,
                source: config.source,
                reach: None,
            },
            smtp_port: config.smtp_port,
            limits: ConnectionLimits::default(),
            sockets,
            source: config.source,
            queue_deadline: deadlines.queue,
        })
    }

    /// Returns the resolvers that are asked, the first first.
    #[must_use]
    pub fn resolvers(&self) -> &[SocketAddr] {
        self.resolver.servers()
    }

    /// Returns the same network with a count of connections for one domain of its own, so that a domain whose
    /// servers keep a client waiting leaves the others their share.
    #[must_use]
    pub fn for_one_domain(&self) -> Self {
        let mut network = self.clone();
        network.sockets = self.sockets.for_one_domain();
        network.resolver.sockets = network.sockets.clone();
        network
    }

    /// Notes in `reach` what connections to MX hosts come to, and waits no longer than it says for addresses that
    /// are silent while none has answered: for a run that is to tell its own closed port from a dead host.
    #[must_use]
    pub fn noting_reach(mut self, reach: Reach) -> Self {
        self.smtp.reach = Some(reach);
        self
    }

    /// Asks through the resolver cache of `other`, as two clients of one resolver do.
    #[must_use]
    pub fn sharing_dns_of(mut self, other: &Self) -> Self {
        self.cache = Arc::clone(&other.cache);
        self
    }

    /// Returns the clock that everything ages by.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the same network with a resolver cache of its own, in which nothing is known yet.
    #[must_use]
    pub fn with_new_dns_cache(&self) -> Self {
        Self {
            cache: Arc::default(),
            ..self.clone()
        }
    }

    /// Forgets what the DNS answered, as a resolver does that is started anew.
    pub fn flush_dns(&self) {
        self.cache().clear();
    }

    /// Decides where to connect to reach `host` at `target`, which may be nowhere.
    fn plan(&self, host: &DnsName, target: SocketAddr) -> Result<SocketAddr, NotTried> {
        let address = target.ip().to_canonical();
        let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
        if !self.families.allows(address) {
            return Err(NotTried::FamilyOff(family));
        }
        let routed = match self.routes.find(host, target) {
            Some(routed) => routed,
            None if self.allowed.iter().any(|prefix| prefix.contains(address)) => target,
            // A lab says by a route that it means its own loopback; a stranger's zone does not.
            None if address.is_loopback() || address.is_unspecified() => {
                return Err(NotTried::OwnAddress);
            }
            None => match special_purpose(address) {
                Some(block) => return Err(NotTried::NotGlobal(block)),
                None => target,
            },
        };
        // A socket of IPv6 would take `::ffff:192.0.2.1` too, and speak IPv4 from no source that was named.
        let routed = SocketAddr::new(routed.ip().to_canonical(), routed.port());
        match self.source {
            Some(source) if source.is_ipv4() != routed.is_ipv4() => {
                let source = if source.is_ipv4() { "IPv4" } else { "IPv6" };
                Err(NotTried::OtherSource(
                    format!("--source is {source}, the address is not").into(),
                ))
            }
            Some(_) | None => Ok(routed),
        }
    }

    /// Waits for the right to open a connection; says how long that took.
    async fn queue<T>(&self, room: impl Future<Output = T>) -> Result<(T, Duration), Duration> {
        let began = Instant::now();
        match timeout(self.queue_deadline, room).await {
            Ok(room) => Ok((room, began.elapsed())),
            Err(_elapsed) => Err(began.elapsed()),
        }
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
        let failed = |kind, detail| HttpExchange {
            address,
            certificate: None,
            outcome: Err(HttpFailure { kind, detail }),
        };
        let routed = match self.plan(host, SocketAddr::new(address, HTTPS_PORT)) {
            Ok(routed) => routed,
            Err(NotTried::FamilyOff(family)) => {
                return failed(HttpFailureKind::FamilyOff, family.into());
            }
            Err(NotTried::OtherSource(detail)) => {
                return failed(HttpFailureKind::Unreachable, detail);
            }
            Err(NotTried::NotGlobal(block)) => {
                return failed(HttpFailureKind::NotGlobal, block.to_string().into());
            }
            Err(NotTried::OwnAddress) => {
                return failed(HttpFailureKind::OwnAddress, Box::default());
            }
        };
        match self.queue(self.sockets.acquire()).await {
            Ok((_socket, _waited)) => {
                let exchange = Box::pin(self.fetcher.fetch(host, address, routed)).await;
                log::fetch(host, &exchange);
                exchange
            }
            Err(waited) => {
                let detail = format!("{waited:.0?} went by until a connection could be opened");
                failed(HttpFailureKind::ConnectTimedOut, detail.into())
            }
        }
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        let failed = |kind, detail| SmtpExchange::without_connection(request, kind, detail);
        let peer = SocketAddr::new(request.address, self.smtp_port.0);
        let routed = match self.plan(&request.host, peer) {
            Ok(routed) => routed,
            Err(NotTried::FamilyOff(family)) => {
                return failed(SmtpFailureKind::FamilyOff, family.into());
            }
            Err(NotTried::OtherSource(detail)) => {
                return failed(SmtpFailureKind::Unreachable, detail);
            }
            Err(NotTried::NotGlobal(block)) => {
                return failed(SmtpFailureKind::NotGlobal, block.to_string().into());
            }
            Err(NotTried::OwnAddress) => {
                return failed(SmtpFailureKind::OwnAddress, Box::default());
            }
        };
        // The address's place first: who waits for that keeps no connection from anybody else.
        let room = async {
            let slot = self.limits.acquire(request.address).await;
            (slot, self.sockets.acquire().await)
        };
        let for_what = format!("for a free connection to {}", request.address);
        match self.queue(room).await {
            Ok((_room, waited)) => {
                let mut exchange = Box::pin(self.smtp.run(request, routed)).await;
                if let Some(failure) = &mut exchange.failure
                    && waited >= NOTABLE_WAIT
                {
                    let detail = format!("{}; {waited:.0?} were waited {for_what}", failure.detail);
                    failure.detail = detail.trim_start_matches("; ").into();
                }
                log::session(&exchange);
                exchange
            }
            Err(waited) => {
                let detail = format!("{waited:.0?} were waited {for_what}, and none came free");
                failed(SmtpFailureKind::GivenUp, detail.into())
            }
        }
    }
}

impl Authorities for Live {
    async fn ask_server(&self, host: &DnsName, address: IpAddr, question: &Question) -> DnsAnswer {
        let detail = match self.plan(host, SocketAddr::new(address, DNS_PORT)) {
            Ok(routed) => {
                let answer = Box::pin(self.resolver.ask_server(routed, question)).await;
                log::said(host, address, question, &answer);
                return answer;
            }
            Err(NotTried::FamilyOff(family)) => format!("{family} is switched off"),
            Err(NotTried::OtherSource(detail)) => detail.into(),
            Err(NotTried::NotGlobal(block)) => format!("{address} is of {block}"),
            Err(NotTried::OwnAddress) => format!("{address} is this host's own"),
        };
        DnsAnswer::plain(DnsOutcome::Failed(DnsFailure {
            kind: DnsFailureKind::Unreachable,
            detail: detail.into(),
        }))
    }
}

/// Why an address is not connected to.
enum NotTried {
    /// An option leaves out its family, `IPv4` or `IPv6`.
    FamilyOff(&'static str),
    /// The address to connect from is of the other family.
    OtherSource(Box<str>),
    /// It is of this block, which is not for the Internet at large.
    NotGlobal(&'static SpecialPurpose),
    /// It leads back to the host that asks, so it is nobody's address for others.
    OwnAddress,
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
