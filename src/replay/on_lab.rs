//! The fake Internet with a scenario's state, and the live network on top of it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::resolvers::Resolvers;
use super::stage::{Client, Port, Seen, Stage, StageError, Unannounced};
use crate::clock::Clock;
use crate::facts::dns::{Question, RecordType};
use crate::facts::{DnsName, UnixTime};
use crate::fakes::Internet;
use crate::net::routes::{Route, RouteFrom, Routes};
use crate::net::{Deadlines, HeloName, Live, LiveConfig, ResolverConfig};
use crate::story::state;
use crate::story::{Asked, State};
use crate::sts::certificate::Roots;
use crate::world::{Listen, Request, World};

/// The fake Internet, and a live network for each client.
#[derive(Debug)]
pub struct LabStage {
    world: World,
    clock: Clock,
    roots: Roots,
    clients: BTreeMap<Box<str>, Reach>,
    resolvers: Resolvers,
    /// What is served, for connections that end before they name a host.
    internet: Mutex<Arc<Internet>>,
}

/// How one sender reaches the lab.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The resolver that it asks.
    pub resolver: Box<str>,
    /// How long it waits.
    pub deadlines: state::Deadlines,
}

impl LabStage {
    /// Starts the fake Internet with a scenario's first state.
    ///
    /// # Errors
    ///
    /// When the state cannot be served, or a port cannot be had.
    pub async fn start(
        listen: Listen,
        start: UnixTime,
        state: &State,
        clients: BTreeMap<Box<str>, Reach>,
    ) -> Result<Self, StageError> {
        let world = World::start(listen, &state.internet, start)
            .await
            .map_err(failed)?;
        let ca: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(world.ca_pem().as_bytes())
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let roots = Roots::none().with(&ca).map_err(failed)?;
        Ok(Self {
            world,
            clock: Clock::manual(start),
            roots,
            clients,
            resolvers: Resolvers::default(),
            internet: Mutex::new(Arc::clone(&state.internet)),
        })
    }

    /// Returns the fake Internet.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Ends every server.
    ///
    /// # Errors
    ///
    /// When a server ended badly.
    pub async fn shutdown(self) -> Result<(), StageError> {
        self.world.shutdown().await.map_err(failed)
    }

    fn internet(&self) -> MutexGuard<'_, Arc<Internet>> {
        self.internet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the routes into the lab; the last one catches all else, since nothing that a scenario makes
    /// may leave the machine.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        let declared =
            self.world.routes().into_iter().map(|route| {
                Route::for_address(SocketAddr::new(route.address, route.port), route.to)
            });
        let elsewhere = Route {
            from: RouteFrom::Any,
            port: None,
            to: self.world.elsewhere(),
        };
        declared.chain([elsewhere]).collect()
    }

    /// The hosts that an address may have been asked for, if that is certain.
    fn edge_name(&self, address: IpAddr) -> Option<DnsName> {
        let internet = self.internet();
        let mut names = internet.https.get(&address)?.pages.keys();
        let (name, None) = (names.next()?, names.next()) else {
            return None;
        };
        name.parse().ok()
    }

    fn seen(&self, request: Request) -> Option<Seen> {
        let get = |host: Option<DnsName>, address| {
            Some(Seen::Asked(Asked::Get {
                host: host?,
                address: Some(address),
            }))
        };
        match request {
            Request::Question {
                name, record_type, ..
            } => Some(Seen::Asked(Asked::Dns(Question::new(
                name.parse().ok()?,
                record_kind(&record_type)?,
            )))),
            Request::HttpsConnect { address } => get(self.edge_name(address), address),
            Request::HttpsHandshake { address, sni } => get(sni?.parse().ok(), address),
            Request::Get { address, host, .. } => get(host.parse().ok(), address),
            Request::SmtpConnect { server, address } => Some(Seen::Asked(Asked::Smtp {
                host: server.parse().ok()?,
                address: Some(address),
            })),
            Request::SmtpReceived {
                server,
                address,
                tls,
                ..
            } => Some(Seen::Received {
                server: server.parse().ok()?,
                address,
                tls: tls.map(Into::into),
            }),
            // What SMTP says inside a connection that is already noted.
            Request::SmtpHandshake { .. } | Request::StrayConnect => None,
        }
    }
}

impl Stage for LabStage {
    type Network = Live;

    fn network(&self, client: Client<'_>) -> Live {
        let (resolver, waits) = match client {
            Client::Observer(waits) => (None, waits),
            Client::Sender(name) => match self.clients.get(name) {
                Some(known) => (Some(&*known.resolver), known.deadlines),
                None => (Some(name), state::Deadlines::default()),
            },
        };
        let address = resolver
            .and_then(|resolver| self.world.view_address(resolver))
            .unwrap_or_else(|| self.world.dns_address());
        let live = Live::new(LiveConfig {
            resolver: ResolverConfig::Addresses(vec![address]),
            routes: Routes::new(self.routes()),
            deadlines: deadlines(waits),
            helo: HeloName::Literal(IpAddr::from([192, 0, 2, 1])),
            ..LiveConfig::new(self.clock.clone(), self.roots.clone())
        })
        .expect("the one resolver is given");
        self.resolvers.share(resolver, live)
    }

    async fn apply(&self, state: &State) -> Result<(), StageError> {
        *self.internet() = Arc::clone(&state.internet);
        self.world.apply(&state.internet).await.map_err(failed)
    }

    async fn advance_to(&self, now: UnixTime) {
        self.clock.advance_to(now);
    }

    fn drain(&self) -> Vec<Seen> {
        let mut all: Vec<Seen> = Vec::new();
        let mut last_stage = None;
        for request in self.world.drain_history() {
            let stage = stage_of_fetch(&request);
            let Some(seen) = self.seen(request) else {
                continue;
            };
            // The connection, the handshake and the GET are one fetch, which may end at any of them.
            let goes_on = last_stage.is_some() && stage > last_stage && all.last() == Some(&seen);
            last_stage = stage;
            if !goes_on {
                all.push(seen);
            }
        }
        all
    }

    fn unannounced(&self) -> Vec<Unannounced> {
        let connection = |address, port| Unannounced::Connection { address, port };
        self.world
            .unannounced()
            .into_iter()
            .map(|request| match request {
                Request::Question {
                    name, record_type, ..
                } => Unannounced::Question {
                    name: name.into(),
                    record_type: record_type.into(),
                },
                Request::HttpsConnect { address }
                | Request::HttpsHandshake { address, .. }
                | Request::Get { address, .. } => connection(Some(address), Port::Https),
                Request::SmtpConnect { address, .. }
                | Request::SmtpHandshake { address, .. }
                | Request::SmtpReceived { address, .. } => connection(Some(address), Port::Smtp),
                Request::StrayConnect => connection(None, Port::Unknown),
            })
            .collect()
    }
}

/// Returns how far a request is in the fetch of a policy, if it is part of one.
const fn stage_of_fetch(request: &Request) -> Option<u8> {
    match request {
        Request::HttpsConnect { .. } => Some(0),
        Request::HttpsHandshake { .. } => Some(1),
        Request::Get { .. } => Some(2),
        Request::Question { .. }
        | Request::SmtpConnect { .. }
        | Request::SmtpHandshake { .. }
        | Request::SmtpReceived { .. }
        | Request::StrayConnect => None,
    }
}

fn failed(error: impl std::error::Error) -> StageError {
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        detail.push_str(&format!(": {error}"));
        cause = error.source();
    }
    StageError {
        stage: "lab",
        detail: detail.into(),
    }
}

/// Returns how long a sender of a story waits on the network, or its observer.
pub(super) fn deadlines(waits: state::Deadlines) -> Deadlines {
    // A dead address must leave time for the next one.
    let of_fetch = waits.fetch / 2;
    Deadlines {
        connect: waits.smtp.min(of_fetch),
        fetch_connect: of_fetch,
        dns_try: waits.dns,
        dns_lookup: waits.dns,
        fetch: waits.fetch,
        ..Deadlines::with_step(waits.smtp)
    }
}

fn record_kind(name: &str) -> Option<RecordType> {
    [
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Mx,
        RecordType::Ns,
        RecordType::Soa,
        RecordType::Tlsa,
        RecordType::Txt,
    ]
    .into_iter()
    .find(|kind| kind.to_string() == name)
}

/// Every sender's way into the lab.
#[must_use]
pub fn clients(state: &State) -> BTreeMap<Box<str>, Reach> {
    state
        .senders
        .iter()
        .map(|sender| {
            (
                sender.name.clone(),
                Reach {
                    resolver: sender.resolver.clone(),
                    deadlines: sender.deadlines,
                },
            )
        })
        .collect()
}
